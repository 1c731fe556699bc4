//! Work on whole models, off the way of calls: on a thread of its own, which gives way to those that answer.

use crate::error::{Error, Result};
use tokio::sync::oneshot;

/// Runs work on a new thread of low priority. A thread is a trifle beside reading, building or freeing a model.
///
/// Dropping the future does not stop the work.
///
/// # Errors
/// Those of the work; [`Error::Internal`] if it panics; [`Error::Storage`] if the system gives no thread.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (sender, done) = oneshot::channel();
    let run = move || {
        give_way();
        let _ = sender.send(work()); // Nobody waits for it any more.
    };
    let started = std::thread::Builder::new().name("models".into()).spawn(run);
    started.map_err(|cause| Error::storage("starting a thread for a model", cause))?;
    done.await.map_err(|_| Error::internal("work on a model panicked"))?
}

/// Lowers the priority of this thread; on systems other than Linux that would be the priority of the whole process.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(cause) = rustix::process::nice(10) {
        log::debug!(cause:%; "Models are loaded at the priority of calls.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_work_alone() {
        let panicked: Result<()> = aside(|| panic!("on purpose")).await;

        assert_eq!(panicked.unwrap_err().code(), crate::error::Code::Internal);
    }

    #[tokio::test]
    async fn the_work_does_not_run_where_it_is_awaited() {
        let here = std::thread::current().id();

        assert_ne!(aside(|| Ok(std::thread::current().id())).await.unwrap(), here);
    }
}
