//! What the system tells of threads and cores: `/proc/self/task/ID/schedstat` and `/proc/stat` (proc(5) of Linux); and how many
//! calls there were.

use super::policy::Window;
use crate::telemetry::BusyCounter;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// A thread as the system names it; `None` where it does not.
pub(super) type Id = Option<u32>;

/// The thread that asks.
pub(super) fn own_id() -> Id {
    #[cfg(target_os = "linux")]
    return rustix::thread::gettid().as_raw_nonzero().get().try_into().ok();
    #[cfg(not(target_os = "linux"))]
    return None;
}

/// Reads what was done since it read last.
pub(super) struct Readings {
    threads: Vec<File>,
    machine: File,
    calls: BusyCounter,
    last: (Instant, Sums),
}

/// Since threads and machine began.
#[derive(Clone, Copy)]
struct Sums {
    worked: Duration,
    waited: Duration,
    idle: Duration,
    calls: u64,
}

impl Readings {
    /// `None` where the system does not tell.
    pub(super) fn open(threads: &[Id], calls: BusyCounter) -> Option<Self> {
        let open = |id: &Id| File::open(format!("/proc/self/task/{}/schedstat", (*id)?)).ok();
        let threads: Vec<File> = threads.iter().map(open).collect::<Option<_>>()?;
        let machine = File::open("/proc/stat").ok()?;
        let now = sums(&threads, &machine, &calls)?;
        Some(Self { threads, machine, calls, last: (Instant::now(), now) })
    }

    /// What was done since the window before; `None` if the system has stopped telling.
    pub(super) fn window(&mut self) -> Option<Window> {
        let (now, sums) = (Instant::now(), sums(&self.threads, &self.machine, &self.calls)?);
        let (then, before) = std::mem::replace(&mut self.last, (now, sums));
        let length = now.duration_since(then).as_secs_f64().max(f64::EPSILON);
        let part = |now: Duration, before: Duration| now.saturating_sub(before).as_secs_f64() / length;
        Some(Window {
            worked: part(sums.worked, before.worked),
            waited: part(sums.waited, before.waited),
            idle: part(sums.idle, before.idle),
            calls: (sums.calls - before.calls) as f64 / length,
        })
    }
}

fn sums(threads: &[File], machine: &File, calls: &BusyCounter) -> Option<Sums> {
    let mut sums = Sums { worked: Duration::ZERO, waited: Duration::ZERO, idle: idle(machine)?, calls: calls.get() };
    for thread in threads {
        let [worked, waited] = numbers(thread, "")?;
        sums.worked += Duration::from_nanos(worked);
        sums.waited += Duration::from_nanos(waited);
    }
    Some(sums)
}

/// The time that the cores of the machine could have been ours, taken together: with nothing to do, waiting for a disk, or with
/// work that gives way to other work.
fn idle(machine: &File) -> Option<Duration> {
    let [_user, nice, _system, idle, waiting] = numbers(machine, "cpu ")?;
    let ticks_per_second = rustix::param::clock_ticks_per_second().max(1);
    Some(Duration::from_secs_f64((nice + idle + waiting) as f64 / ticks_per_second as f64))
}

/// The first numbers of a file, behind what it begins with.
fn numbers<const N: usize>(file: &File, prefix: &str) -> Option<[u64; N]> {
    let mut bytes = [0; 256];
    let count = file.read_at(&mut bytes, 0).ok()?;
    let text = std::str::from_utf8(&bytes[..count]).ok()?;
    let mut numbers = text.strip_prefix(prefix)?.split_ascii_whitespace().map(str::parse);
    let mut found = [0; N];
    for number in &mut found {
        *number = numbers.next()?.ok()?;
    }
    Some(found)
}
