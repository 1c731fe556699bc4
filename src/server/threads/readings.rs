//! What the system tells of threads (`/proc/self/task/ID/schedstat`, proc(5) of Linux) and of cores; and how many calls there were.

use super::cores::Cores;
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
    cores: Cores,
    calls: BusyCounter,
    last: (Instant, Sums),
}

/// Since threads began.
#[derive(Clone, Copy)]
struct Sums {
    worked: Duration,
    waited: Duration,
    calls: u64,
}

impl Readings {
    /// `None` where the system does not tell.
    pub(super) fn open(ids: &[Id], calls: BusyCounter) -> Option<Self> {
        let open = |id: &Id| File::open(format!("/proc/self/task/{}/schedstat", (*id)?)).ok();
        let threads: Vec<File> = ids.iter().map(open).collect::<Option<_>>()?;
        let cores = Cores::open(ids.first().copied().flatten())?;
        let now = sums(&threads, &calls)?;
        Some(Self { threads, cores, calls, last: (Instant::now(), now) })
    }

    /// What was done until now belongs into no window.
    pub(super) fn begin_anew(&mut self) {
        self.window();
    }

    /// What was done since the window before; `None` if the system has stopped telling.
    pub(super) fn window(&mut self) -> Option<Window> {
        let (now, sums) = (Instant::now(), sums(&self.threads, &self.calls)?);
        let (then, before) = std::mem::replace(&mut self.last, (now, sums));
        let length = now.duration_since(then).as_secs_f64().max(f64::EPSILON);
        let part = |now: Duration, before: Duration| now.saturating_sub(before).as_secs_f64() / length;
        Some(Window {
            worked: part(sums.worked, before.worked),
            waited: part(sums.waited, before.waited),
            idle: self.cores.idle(length)?,
            calls: (sums.calls - before.calls) as f64 / length,
        })
    }
}

fn sums(threads: &[File], calls: &BusyCounter) -> Option<Sums> {
    let mut sums = Sums { worked: Duration::ZERO, waited: Duration::ZERO, calls: calls.get() };
    for thread in threads {
        let [worked, waited] = numbers(thread, "")?;
        sums.worked += Duration::from_nanos(worked);
        sums.waited += Duration::from_nanos(waited);
    }
    Some(sums)
}

/// The first numbers of a file, behind what it begins with.
pub(super) fn numbers<const N: usize>(file: &File, prefix: &str) -> Option<[u64; N]> {
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
