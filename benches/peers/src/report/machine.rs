//! Where and when a run was made.

use std::fs;
use std::process::Command;
use std::thread;

/// Processor, cores, kernel and day.
pub(super) fn description() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let system = rustix::system::uname();
    format!(
        "{}, {cores} cores that servers and load generator share, {} {}, {}",
        processor().unwrap_or_else(|| "an unknown processor".to_owned()),
        system.sysname().to_string_lossy(),
        system.release().to_string_lossy(),
        today()
    )
}

fn processor() -> Option<String> {
    let processors = fs::read_to_string("/proc/cpuinfo").ok()?;
    let name = processors.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(name.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}

fn today() -> String {
    let date = Command::new("date").args(["-u", "+%F"]).output();
    date.map_or_else(|_| "no date".to_owned(), |date| String::from_utf8_lossy(&date.stdout).trim().to_owned())
}
