//! Steps at which a test can end the process as abruptly as a power cut would, or let it panic.
//!
//! Without the cargo feature `failpoints` nothing of this is compiled in.

/// Ends the process with SIGKILL if the environment variable `MODELWIRE_FAILPOINT` names this step.
#[inline]
pub fn reach(step: &'static str) {
    #[cfg(feature = "failpoints")]
    if is_wanted(step) {
        kill();
    }
    #[cfg(not(feature = "failpoints"))]
    let _ = step;
}

/// Panics where `here` holds, if the environment variable `MODELWIRE_FAILPOINT` names this step.
#[inline]
pub fn panic_where(step: &'static str, here: impl FnOnce() -> bool) {
    #[cfg(feature = "failpoints")]
    #[allow(clippy::panic)] // It is what the test has asked for.
    if is_wanted(step) && here() {
        panic!("{step}, on purpose");
    }
    #[cfg(not(feature = "failpoints"))]
    let _ = (step, here);
}

#[cfg(feature = "failpoints")]
fn is_wanted(step: &str) -> bool {
    std::env::var("MODELWIRE_FAILPOINT").is_ok_and(|wanted| wanted == step)
}

/// By the `kill` command, because a signal without it takes `unsafe`.
#[cfg(feature = "failpoints")]
fn kill() -> ! {
    let id = std::process::id().to_string();
    // Where there is no such command the process hangs here, and the test sees that it did not end.
    let _ = std::process::Command::new("kill").args(["-9", &id]).status();
    loop {
        std::thread::park();
    }
}

/// How tests of this crate let a part of themselves die.
#[cfg(test)]
#[cfg(feature = "failpoints")]
pub(crate) mod testing {
    use std::os::unix::process::ExitStatusExt;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    const FOLDER: &str = "MODELWIRE_TEST_FOLDER";

    /// Runs an ignored test of this binary in a process of its own and asserts that it dies at the step.
    pub(crate) fn die_at(step: &str, test: &str, folder: &Path) {
        let binary = std::env::current_exe().unwrap();
        let mut command = Command::new(binary);
        command.args(["--exact", test, "--ignored"]).env("MODELWIRE_FAILPOINT", step).env(FOLDER, folder);

        let output = command.output().unwrap();

        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.signal(), Some(9), "{test} did not die at {step}: {said}");
    }

    /// The data folder of a test that [`die_at`] runs; `None` where somebody runs all ignored tests.
    pub(crate) fn folder() -> Option<PathBuf> {
        std::env::var_os(FOLDER).map(PathBuf::from)
    }
}
