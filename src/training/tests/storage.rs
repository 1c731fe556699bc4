//! Jobs whose end cannot be stored.

use super::server::parts;
use super::*;
use crate::coordination::testing::breakable;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Jobs over a journal that breaks when it is told to.
async fn open_breakable(folder: &Path) -> (Jobs, Arc<AtomicBool>) {
    let (journal, broken) = breakable();
    let parts = Parts { coordination: Arc::new(journal), ..parts(folder, Limits::default()).await };
    (Jobs::open(parts).await.unwrap(), broken)
}

#[tokio::test]
async fn a_job_whose_end_cannot_be_stored_ends_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (jobs, broken) = open_breakable(folder.path()).await;
    let server = Server::run(jobs);
    let stall = server.stall();
    server.jobs.submit(spec()).await.unwrap();
    server.started("j1").await;

    broken.store(true, Ordering::SeqCst);
    drop(stall);

    let ended = server.ended("j1").await;
    assert_eq!((ended.state, ended.failure.unwrap().code), (State::Failed, Code::Internal));
    assert_eq!(server.jobs.in_flight(), 0);
    assert!(folder.path().join("jobs/j1/rows.parquet").exists(), "the next start needs its rows");
    server.stop().await;
}

#[tokio::test]
async fn a_cancellation_that_cannot_be_stored_says_so_and_the_job_does_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let (jobs, broken) = open_breakable(folder.path()).await;
    jobs.submit(spec()).await.unwrap();
    broken.store(true, Ordering::SeqCst);

    let answer = jobs.cancel("j1").await;

    assert!(matches!(answer, Err(Error::Storage { .. })), "{answer:?}");
    assert_eq!((jobs.get("j1").unwrap().state, jobs.in_flight()), (State::Cancelled, 0));
}

#[tokio::test]
async fn a_job_whose_rows_cannot_be_deleted_ends_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = server::open(folder.path(), Limits::default()).await;
    jobs.submit(spec()).await.unwrap();
    let rows = folder.path().join("jobs/j1");
    std::fs::remove_dir_all(&rows).unwrap();
    std::fs::write(&rows, "a file where a folder is expected").unwrap();

    let cancelled = jobs.cancel("j1").await.unwrap();

    assert_eq!(cancelled.state, State::Cancelled);
}
