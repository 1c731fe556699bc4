//! A control group of Linux that bounds the memory of one server.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A group; it is removed when this is dropped, which has to be after its processes have ended.
pub struct MemoryGroup(PathBuf);

impl MemoryGroup {
    /// A group of its own for a server if MODELWIRE_TEST_MEMORY_GROUP names the group to make it in, in which all have
    /// MODELWIRE_TEST_MEMORY_BYTES.
    pub fn wanted() -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let parent = PathBuf::from(std::env::var_os("MODELWIRE_TEST_MEMORY_GROUP")?);
        let bytes = std::env::var("MODELWIRE_TEST_MEMORY_BYTES").expect("a group has a limit");
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let group = Self(parent.join(format!("server-{}-{count}", std::process::id())));
        std::fs::create_dir(&group.0).expect("a group can be made in the one that was named");
        let limits = ["memory.max", "memory.limit_in_bytes"].map(|name| group.0.join(name));
        let limit = limits.iter().find(|file| file.exists()).expect("it is a group of the memory controller");
        std::fs::write(limit, bytes).expect("the limit can be set");
        Some(group)
    }

    /// A command that enters the group and becomes `program`.
    pub fn command(&self, program: &OsStr) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", r#"echo $$ > "$0" && exec "$@""#]).arg(self.0.join("cgroup.procs")).arg(program);
        command
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}
