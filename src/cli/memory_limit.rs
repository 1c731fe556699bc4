//! How much memory this process may have: the machine's, or what its control group leaves it.

use std::fs::read_to_string;
use std::path::Path;

/// The most that messages get, however large the machine is.
const MOST: usize = 1 << 30;

/// What messages and replies may hold by default, in bytes: a quarter of the memory, at most 1 GiB.
pub(super) fn for_messages() -> usize {
    memory().map_or(MOST, |limit| (limit / 4).min(MOST))
}

/// What models may take by default, in bytes: half of the memory. The rest is for messages, training and what loading takes
/// for a moment.
pub(super) fn for_models() -> u64 {
    memory().map_or(u64::MAX, |limit| limit as u64 / 2)
}

/// What the jobs that train at once may hold together by default, in bytes: half of the memory. A job that would hold more fails
/// before the system ends the server.
pub(super) fn for_jobs() -> u64 {
    memory().map_or(u64::MAX, |limit| limit as u64 / 2)
}

/// The memory that this process may have, in bytes.
fn memory() -> Option<usize> {
    let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = groups.lines().filter_map(|line| group_limit(line, Path::new("/sys/fs/cgroup")));
    limits.chain(physical()).min()
}

/// The memory of the machine in bytes.
fn physical() -> Option<usize> {
    let text = read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The least limit on the way from a group to its root. A line is `ID:CONTROLLERS:PATH`; version 2 names no controllers.
fn group_limit(line: &str, root: &Path) -> Option<usize> {
    let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
    let (root, file) = match controllers {
        "" => (root.to_owned(), "memory.max"),
        "memory" => (root.join("memory"), "memory.limit_in_bytes"),
        _ => return None,
    };
    let groups = Path::new(path.trim_start_matches('/')).ancestors();
    let limits = groups.filter_map(|group| read_to_string(root.join(group).join(file)).ok()?.trim().parse().ok());
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_limit_between_a_group_and_its_root_counts_in_both_versions() {
        let root = tempfile::tempdir().unwrap();
        for (group, file, limit) in [
            ("a/b", "memory.max", "max"),
            ("a", "memory.max", "536870912"),
            ("memory/c", "memory.limit_in_bytes", "268435456"),
            ("memory", "memory.limit_in_bytes", "9223372036854771712"),
        ] {
            std::fs::create_dir_all(root.path().join(group)).unwrap();
            std::fs::write(root.path().join(group).join(file), format!("{limit}\n")).unwrap();
        }

        let limits = ["0::/a/b", "4:memory:/c", "1:cpu:/c", "nonsense"].map(|line| group_limit(line, root.path()));

        assert_eq!(limits, [Some(536_870_912), Some(268_435_456), None, None]);
    }

    #[test]
    fn messages_get_a_quarter_and_never_more_than_a_gibibyte() {
        assert!((1..=MOST).contains(&for_messages()));
    }
}
