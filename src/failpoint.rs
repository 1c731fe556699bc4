//! Steps at which a test can end the process as abruptly as a power cut would.
//!
//! Without the cargo feature `failpoints` nothing of this is compiled in.

/// Ends the process with SIGKILL if the environment variable `MODELWIRE_FAILPOINT` names this step.
#[inline]
pub fn reach(step: &'static str) {
    #[cfg(feature = "failpoints")]
    if std::env::var("MODELWIRE_FAILPOINT").is_ok_and(|wanted| wanted == step) {
        kill();
    }
    #[cfg(not(feature = "failpoints"))]
    let _ = step;
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
