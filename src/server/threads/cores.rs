//! How long nobody used the cores that this process may use: `/proc/stat` (proc(5) of Linux), the affinity of a thread, which is
//! narrower than the machine in a `cpuset`, and what the quotas of its control groups leave it (version 2; those of version 1 are
//! not read, and a server in them takes for its own what nobody uses).

use super::readings::{Id, numbers};
use std::collections::BTreeMap;
use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Reads what was left of the cores since it read last. Affinity and quotas may change meanwhile: they are asked for each time.
pub(super) struct Cores {
    stat: File,
    text: Vec<u8>,
    /// Its affinity is that of all.
    thread: Id,
    idle: BTreeMap<usize, u64>,
    quotas: Vec<Quota>,
}

impl Cores {
    /// `None` where the system does not tell.
    pub(super) fn open(thread: Id) -> Option<Self> {
        let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
        let quotas = Quota::all(&groups, Path::new("/sys/fs/cgroup"));
        let mut cores =
            Self { stat: File::open("/proc/stat").ok()?, text: vec![], thread, idle: BTreeMap::new(), quotas };
        cores.idle(1.0)?;
        Some(cores)
    }

    /// Cores that could have been ours, taken together, in the seconds since this was asked last; `None` if the system has stopped
    /// telling.
    pub(super) fn idle(&mut self, seconds: f64) -> Option<f64> {
        let length = self.read()?;
        let now = by_core(std::str::from_utf8(&self.text[..length]).ok()?);
        let before = std::mem::replace(&mut self.idle, now);
        let mut since = self.idle.clone();
        for (core, ticks) in &mut since {
            *ticks = before.get(core).map_or(0, |before| ticks.saturating_sub(*before));
        }
        leave_those_of(self.thread, &mut since);
        let ticks_per_second = rustix::param::clock_ticks_per_second().max(1);
        let idle = since.values().sum::<u64>() as f64 / ticks_per_second as f64 / seconds;
        Some(self.quotas.iter_mut().filter_map(|quota| quota.left(seconds)).fold(idle, f64::min))
    }

    /// Reads the lines of the cores, which come first, and answers how much was read.
    fn read(&mut self) -> Option<usize> {
        let mut length = 0;
        loop {
            if length == self.text.len() {
                self.text.resize(length + 4096, 0);
            }
            let count = self.stat.read_at(&mut self.text[length..], length as u64).ok()?;
            length += count;
            if count == 0 || self.text[..length].windows(5).any(|bytes| bytes == b"\nintr") {
                return Some(length);
            }
        }
    }
}

/// The ticks in which each core could have been ours: with nothing to do, waiting for a disk, or with work that gives way to other
/// work.
fn by_core(text: &str) -> BTreeMap<usize, u64> {
    let core = |line: &str| {
        let (core, ticks) = line.strip_prefix("cpu")?.split_once(' ')?;
        let mut ticks = ticks.split_ascii_whitespace().map_while(|word| word.parse::<u64>().ok());
        let (_user, nice, _system, idle, waiting) =
            (ticks.next()?, ticks.next()?, ticks.next()?, ticks.next()?, ticks.next()?);
        Some((core.parse().ok()?, nice + idle + waiting)) // Not that of all together, which has no number.
    };
    text.lines().filter_map(core).collect()
}

/// Drops the cores that a thread may not use; none where the system does not tell.
#[cfg(target_os = "linux")]
fn leave_those_of(thread: Id, cores: &mut BTreeMap<usize, u64>) {
    use rustix::thread::{CpuSet, Pid, sched_getaffinity};
    let thread = thread.and_then(|id| Pid::from_raw(id.try_into().ok()?));
    if let Ok(own) = sched_getaffinity(thread) {
        cores.retain(|core, _| *core < CpuSet::MAX_CPU && own.is_set(*core));
    }
}

#[cfg(not(target_os = "linux"))]
fn leave_those_of(_thread: Id, _cores: &mut BTreeMap<usize, u64>) {}

/// What a control group may use of the cores.
struct Quota {
    max: File,
    stat: File,
    /// What it has used so far, in microseconds.
    used: u64,
}

impl Quota {
    /// Those of the group and of all around it, in a file of lines `ID:CONTROLLERS:PATH`; version 2 names no controllers.
    fn all(groups: &str, root: &Path) -> Vec<Self> {
        let own = groups.lines().find_map(|line| line.strip_prefix("0::/"));
        let around = own.into_iter().flat_map(|own| Path::new(own).ancestors());
        around.filter_map(|group| Self::open(&root.join(group))).collect()
    }

    fn open(group: &Path) -> Option<Self> {
        let (max, stat) = (File::open(group.join("cpu.max")).ok()?, File::open(group.join("cpu.stat")).ok()?);
        let mut quota = Self { max, stat, used: 0 };
        quota.left(1.0);
        Some(quota)
    }

    /// Cores that it could have used beside what it used in the seconds since this was asked last; `None` if it has no quota.
    fn left(&mut self, seconds: f64) -> Option<f64> {
        let [used] = numbers(&self.stat, "usage_usec ")?;
        let since = used.saturating_sub(std::mem::replace(&mut self.used, used));
        let [granted, period] = numbers(&self.max, "")?; // "max" is no number.
        Some((granted as f64 / period.max(1) as f64 - since as f64 / 1e6 / seconds).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_core_has_the_ticks_in_which_it_could_have_been_ours() {
        let text = "cpu  9 9 9 9 9 9\ncpu0 1 20 3 400 5000 6 7\ncpu12 0 0 0 7 0 0 0\nintr 5 0 0\nctxt 77\n";

        assert_eq!(by_core(text), BTreeMap::from([(0, 5420), (12, 7)]));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn cores_that_the_threads_may_not_use_are_not_idle_for_them() {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let all = sched_getaffinity(None).unwrap();
        let last = (0..CpuSet::MAX_CPU).rfind(|core| all.is_set(*core)).unwrap();
        let mut cores: BTreeMap<_, _> = (0..CpuSet::MAX_CPU + 1).map(|core| (core, 100)).collect();

        std::thread::scope(|scope| {
            let pinned = scope.spawn(|| {
                let mut own = CpuSet::new();
                own.set(last);
                sched_setaffinity(None, &own).unwrap();
                leave_those_of(super::super::readings::own_id(), &mut cores);
            });
            pinned.join().unwrap();
        });

        assert_eq!(cores, BTreeMap::from([(last, 100)]));
    }

    /// A folder like that of control groups, in which `a` may use two cores, `a/b` one and a half, and `a/b/c` all.
    fn groups() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("a/b/c")).unwrap();
        for (group, max) in [("a", "200000 100000"), ("a/b", "75000 50000"), ("a/b/c", "max 100000")] {
            std::fs::write(root.path().join(group).join("cpu.max"), format!("{max}\n")).unwrap();
            use_cores(root.path(), group, 5_000_000);
        }
        root
    }

    fn use_cores(root: &Path, group: &str, usage: u64) {
        std::fs::write(root.join(group).join("cpu.stat"), format!("usage_usec {usage}\nuser_usec 1\n")).unwrap();
    }

    #[test]
    fn a_quota_leaves_what_its_group_has_not_used_of_it() {
        let root = groups();
        let mut quotas = Quota::all("3:cpu:/\n0::/a/b/c\n", root.path());
        use_cores(root.path(), "a", 5_200_000);
        use_cores(root.path(), "a/b", 5_100_000);

        let left: Vec<_> = quotas.iter_mut().map(|quota| quota.left(0.1)).collect();

        assert_eq!(left, [None, Some(0.5), Some(0.0)]);
        assert_eq!(quotas[1].left(0.1), Some(1.5));
    }
}
