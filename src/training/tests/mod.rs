//! Jobs from acceptance to end, with everything below them as it is.

mod acceptance;
mod restarts;
mod server;
mod storage;

use super::*;
use crate::error::{Code, Error, Result};
use futures_util::FutureExt;
use futures_util::future::join_all;
use server::{PATIENCE, Server, code_of, collect, key, limits, line, spec};
use std::time::Duration;

pub(super) use server::job;

#[tokio::test]
async fn a_job_publishes_a_version_and_leaves_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;

    let accepted = server.jobs.submit(spec()).await.unwrap();
    let ended = server.ended(&accepted.id).await;

    assert_eq!((accepted.id.as_str(), accepted.state, accepted.sequence), ("j1", State::Queued, 0));
    assert_eq!((ended.state, ended.version, ended.progress), (State::Succeeded, Some(1), 1.0));
    assert_eq!(ended.metrics["training_r2"], 1.0);
    assert!(ended.created_ms <= ended.started_ms.unwrap() && ended.started_ms <= ended.finished_ms);
    assert_eq!(server.versions(), [1]);
    assert!(!folder.path().join("jobs/j1").exists());
    server.stop().await;
}

#[tokio::test]
async fn a_job_that_fails_says_why_and_the_next_one_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    let nan = Rows::Inline(line(f64::NAN));

    let bad = server.jobs.submit(JobSpec { rows: nan, ..spec() }).await.unwrap();
    let good = server.jobs.submit(spec()).await.unwrap();

    let (bad, good) = (server.ended(&bad.id).await, server.ended(&good.id).await);
    let failure = bad.failure.unwrap();
    assert_eq!((bad.state, failure.code, good.state), (State::Failed, Code::InvalidArgument, State::Succeeded));
    assert!(failure.message.contains("\"x\"") && failure.message.contains("NaN"), "{}", failure.message);
    assert_eq!(server.versions(), [1]);
    server.stop().await;
}

#[tokio::test]
async fn a_fault_of_ours_is_for_the_log_and_not_for_a_watcher() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = server::open(folder.path(), Limits::default()).await;
    jobs.submit(spec()).await.unwrap();
    std::fs::write(folder.path().join("jobs/j1/rows.parquet"), "not Parquet").unwrap();
    let server = Server::run(jobs);

    let ended = server.ended("j1").await;

    let (events, failure) = (collect(&server.jobs, "j1").await, ended.failure.unwrap());
    assert_eq!(failure.code, Code::Internal);
    assert_eq!(events.last().unwrap().message, failure.message);
    assert!(failure.message.contains("its log has the reason"), "{}", failure.message);
    server.stop().await;
}

#[tokio::test]
async fn a_job_that_waits_is_cancelled_at_once_and_never_runs() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = server::open(folder.path(), Limits::default()).await;
    jobs.submit(spec()).await.unwrap();

    let cancelled = jobs.cancel("j1").await.unwrap();

    assert_eq!((cancelled.state, cancelled.started_ms), (State::Cancelled, None));
    assert!(!folder.path().join("jobs/j1").exists());
    let server = Server::run(jobs);
    let next = server.jobs.submit(spec()).await.unwrap();
    assert_eq!(server.ended(&next.id).await.version, Some(1));
    assert_eq!(server.jobs.cancel("j1").await.unwrap(), cancelled);
    server.stop().await;
}

#[tokio::test]
async fn a_job_that_runs_is_cancelled_before_its_next_step_and_publishes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    let stall = server.stall();
    server.jobs.submit(spec()).await.unwrap();
    server.started("j1").await;

    let told = server.jobs.cancel("j1").await.unwrap();
    drop(stall);

    let ended = server.ended("j1").await;
    assert_eq!((told.state, ended.state, ended.failure), (State::Running, State::Cancelled, None));
    assert_eq!(server.versions(), [0; 0]);
    server.stop().await;
}

#[tokio::test]
async fn a_watcher_who_waits_gets_every_event_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    let stall = server.stall();
    server.jobs.submit(spec()).await.unwrap();
    let jobs = server.jobs.clone();
    let watcher = tokio::spawn(async move { collect(&jobs, "j1").await });
    server.started("j1").await;

    drop(stall);

    let watched = watcher.await.unwrap();
    let messages: Vec<&str> = watched.iter().map(|event| event.message.as_str()).collect();
    let fitting = ["started", "fitting standard_scaler", "fitting linear_regression"];
    let ending = ["measuring the model on its training rows", "publishing", "published line@1"];
    assert_eq!(messages, [fitting, ending].concat());
    assert_eq!(watched.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert!(watched.is_sorted_by_key(|event| event.progress));
    assert_eq!(server.jobs.watch("j1", 0, PATIENCE).await.unwrap(), (watched, server.jobs.get("j1").unwrap()));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_watcher_waits_no_longer_than_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = server::open(folder.path(), Limits::default()).await;
    let waiting = jobs.submit(spec()).await.unwrap();

    let seen = jobs.watch("j1", 0, Duration::from_secs(30)).await.unwrap();

    assert_eq!(seen, (vec![], waiting));
}

#[tokio::test]
async fn of_many_jobs_at_once_exactly_as_many_wait_as_may() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = server::open(folder.path(), Limits { max_queued_jobs: 3, ..Limits::default() }).await;

    let first = jobs.submit(key("k")).await.unwrap();
    let answers = join_all((0..10).map(|_| jobs.submit(spec()))).await;

    let refused: Vec<Error> = answers.into_iter().filter_map(Result::err).collect();
    assert_eq!((refused.len(), jobs.in_flight()), (8, 3));
    assert!(refused.iter().all(|error| (error.code(), error.executed()) == (Code::Overloaded, Some(false))));
    assert_eq!(jobs.submit(key("k")).await.unwrap(), first);
}

#[tokio::test]
async fn one_key_at_once_from_many_is_one_job() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = server::open(folder.path(), Limits::default()).await;

    let answers = join_all((0..10).map(|_| jobs.submit(key("k")))).await;

    assert!(answers.into_iter().all(|job| job.unwrap().id == "j1"));
    assert_eq!(jobs.list(None, 10, |_| true).unwrap().entries.len(), 1);
    assert_eq!(jobs.submit(key("other")).await.unwrap().id, "j2");
}

#[tokio::test]
async fn ended_jobs_beyond_the_limit_are_forgotten_with_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), limits(1)).await;
    for id in ["j1", "j2"] {
        server.jobs.submit(key(id)).await.unwrap();
        server.ended(id).await;
    }
    let jobs = server.jobs.clone();
    server.stop().await;

    assert_eq!(code_of(jobs.get("j1")), Code::NotFound);
    assert_eq!(jobs.submit(key("j2")).await.unwrap().id, "j2");
    assert_eq!(jobs.submit(key("j1")).await.unwrap().id, "j3");
}

#[tokio::test]
async fn jobs_that_cannot_be_run_are_not_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = server::open(folder.path(), Limits::default()).await;
    let mut no_target = spec();
    no_target.pipeline.target = None;

    let no_rows = jobs.submit(JobSpec { rows: Rows::Inline(line(3.0).slice(0, 0)), ..spec() }).await.unwrap_err();
    let dataset = jobs.submit(JobSpec { rows: Rows::Dataset("rows@7".into()), ..spec() }).await;

    assert!(no_rows.to_string().contains("no rows to learn from"), "{no_rows}");
    assert_eq!(code_of(dataset), Code::NotFound);
    assert_eq!(code_of(jobs.submit(no_target).await), Code::InvalidArgument);
    assert_eq!(jobs.list(None, 10, |_| true).unwrap().entries, []);
    assert!(!folder.path().join("jobs").exists());
}

#[tokio::test]
async fn an_idempotency_key_is_good_for_one_request_only() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = server::open(folder.path(), Limits::default()).await;
    jobs.submit(key("once")).await.unwrap();
    let other = crate::data::Name::parse("model", "other").unwrap();

    let refused = jobs.submit(JobSpec { model: other, ..key("once") }).await.unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.to_string().contains("job j1"), "{refused}");
}
