//! Work that is too long for the threads that serve connections.

use crate::error::{Error, Result};
use std::panic::resume_unwind;
use tokio::task::spawn_blocking;

/// From so many bytes on, work that touches each of them takes longer than the hop to another thread and back.
pub const ASIDE_BYTES: usize = 256 * 1024;

/// Runs work that touches so many bytes: here if they are few, else beside the threads that serve connections, every one of
/// which it would hold up. A panic of it goes on here.
///
/// # Errors
/// [`Error::Unavailable`] if the server stops first.
pub async fn aside<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    if bytes < ASIDE_BYTES {
        return Ok(work());
    }
    spawn_blocking(work).await.map_err(|failed| match failed.try_into_panic() {
        Ok(panic) => resume_unwind(panic), // The guard around every call makes it an error of this call.
        Err(_) => Error::Unavailable { what: "the server is about to stop".into() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[tokio::test]
    async fn only_work_on_many_bytes_leaves_its_thread() {
        let here = thread::current().id();

        let small = aside(ASIDE_BYTES - 1, || thread::current().id()).await.unwrap();
        let large = aside(ASIDE_BYTES, || thread::current().id()).await.unwrap();

        assert_eq!(small, here);
        assert_ne!(large, here);
    }

    #[tokio::test]
    #[should_panic(expected = "on purpose")]
    async fn a_panic_comes_back_to_the_caller() {
        let _ = aside(ASIDE_BYTES, || panic!("on purpose")).await.map(|(): ()| ());
    }
}
