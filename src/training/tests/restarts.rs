//! What a restart finds.

use super::super::journal;
use super::server::open;
use super::*;

#[tokio::test]
async fn a_job_that_waited_and_one_that_ran_are_run_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    let stall = server.stall();
    for id in ["j1", "j2"] {
        assert_eq!(server.jobs.submit(key(id)).await.unwrap().id, id);
    }
    server.started("j1").await;
    server.jobs.stop();
    drop(stall);
    server.stop().await;

    let jobs = open(folder.path(), Limits::default()).await;

    for id in ["j1", "j2"] {
        assert_eq!(jobs.get(id).unwrap().state, State::Queued);
        assert_eq!(jobs.submit(key(id)).await.unwrap().id, id);
    }
    let server = Server::run(jobs);
    assert_eq!((server.ended("j1").await.version, server.ended("j2").await.version), (Some(1), Some(2)));
    server.stop().await;
}

#[tokio::test]
async fn events_after_a_restart_come_after_all_that_a_watcher_has_seen() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    server.jobs.submit(spec()).await.unwrap();
    let seen = server.ended("j1").await;
    // As if the power had gone when all was shown and only the start was stored.
    let cut_off = Job { state: State::Running, sequence: 1, version: None, ..seen.clone() };
    journal::update(&server.jobs.shared.parts.coordination, &cut_off).await.unwrap();
    let rows = crate::datasets::encode(&server::line(3.0)).unwrap();
    server.jobs.shared.parts.storage.create(&cut_off.rows_path(), rows).await.unwrap();
    server.stop().await;

    let server = Server::start(folder.path(), Limits::default()).await;

    let (events, _) = server.jobs.watch("j1", seen.sequence, PATIENCE).await.unwrap();
    assert_eq!(events[0].message, "started");
    assert!(server.ended("j1").await.sequence > seen.sequence);
    server.stop().await;
}

#[tokio::test]
async fn the_last_event_of_a_job_that_has_ended_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    let nan = Rows::Inline(server::line(f64::NAN));
    for spec in [spec(), JobSpec { rows: nan, ..spec() }] {
        server.jobs.submit(spec).await.unwrap();
    }
    let mut ends = vec![];
    for id in ["j1", "j2"] {
        ends.push((collect(&server.jobs, id).await.pop().unwrap(), server.jobs.get(id).unwrap()));
    }
    let stall = server.stall();
    server.jobs.submit(spec()).await.unwrap();
    server.jobs.cancel("j3").await.unwrap();
    drop(stall);
    ends.push((collect(&server.jobs, "j3").await.pop().unwrap(), server.jobs.get("j3").unwrap()));
    server.stop().await;

    let jobs = open(folder.path(), Limits::default()).await;

    for (end, job) in ends {
        assert_eq!(jobs.get(&job.id).unwrap(), job);
        assert_eq!(jobs.watch(&job.id, 0, PATIENCE).await.unwrap(), (vec![end.clone()], job.clone()));
        assert_eq!(jobs.watch(&job.id, end.sequence, PATIENCE).await.unwrap(), (vec![], job));
    }
}

#[tokio::test]
async fn a_job_that_had_published_is_found_to_have_succeeded() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    server.jobs.submit(spec()).await.unwrap();
    let ended = server.ended("j1").await;
    let cut_off = Job { state: State::Running, metrics: Default::default(), ..ended.clone() };
    journal::update(&server.jobs.shared.parts.coordination, &cut_off).await.unwrap();
    server.stop().await;

    let server = Server::start(folder.path(), Limits::default()).await;

    let found = server.jobs.get("j1").unwrap();
    assert_eq!((found.state, found.version, &found.metrics), (State::Succeeded, Some(1), &ended.metrics));
    assert_eq!(server.versions(), [1]);
    server.stop().await;
}

#[tokio::test]
async fn a_job_that_was_cancelled_when_the_server_stopped_is_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    let stall = server.stall();
    server.jobs.submit(spec()).await.unwrap();
    server.started("j1").await;
    server.jobs.cancel("j1").await.unwrap();
    server.jobs.stop();
    drop(stall);
    server.stop().await;

    let jobs = open(folder.path(), Limits::default()).await;

    assert_eq!((jobs.get("j1").unwrap().state, jobs.in_flight()), (State::Cancelled, 0));
}

#[tokio::test]
async fn rows_whose_job_was_never_accepted_are_swept_and_those_of_a_waiting_one_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = open(folder.path(), Limits::default()).await;
    jobs.submit(spec()).await.unwrap();
    let rows = |id: &str| folder.path().join("jobs").join(id).join("rows.parquet");
    for orphan in ["j7", "other"] {
        std::fs::create_dir_all(rows(orphan).parent().unwrap()).unwrap();
        std::fs::copy(rows("j1"), rows(orphan)).unwrap();
    }
    drop(jobs);

    let _jobs = open(folder.path(), Limits::default()).await;

    assert_eq!(["j1", "j7", "other"].map(|id| rows(id).exists()), [true, false, false]);
}

/// Stores a job as a power cut would leave it: running, with its rows.
async fn cut_off(server: &Server, job: Job) {
    let parts = &server.jobs.shared.parts;
    journal::update(&parts.coordination, &Job { state: State::Running, version: None, ..job.clone() }).await.unwrap();
    let rows = crate::datasets::encode(&server::line(3.0)).unwrap();
    parts.storage.create(&job.rows_path(), rows).await.unwrap();
}

#[tokio::test]
async fn a_cancel_that_was_acknowledged_holds_through_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    server.jobs.submit(spec()).await.unwrap();
    let job = server.ended("j1").await;
    cut_off(&server, job).await;
    journal::cancel(&server.jobs.shared.parts.coordination, "j1").await.unwrap();
    server.stop().await;

    let jobs = open(folder.path(), Limits::default()).await;

    assert_eq!((jobs.get("j1").unwrap().state, jobs.in_flight()), (State::Cancelled, 0));
}

#[tokio::test]
async fn a_job_that_brings_the_server_down_again_and_again_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    server.jobs.submit(spec()).await.unwrap();
    let job = server.ended("j1").await;
    cut_off(&server, Job { attempts: 5, ..job }).await;
    server.stop().await;

    let jobs = open(folder.path(), Limits::default()).await;

    let job = jobs.get("j1").unwrap();
    assert_eq!(job.state, State::Failed);
    assert!(job.failure.unwrap().message.contains("ended 5 times"));
}

#[tokio::test]
async fn a_run_that_has_kept_a_state_is_not_held_against_its_job_but_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Limits::default()).await;
    server.jobs.submit(spec()).await.unwrap();
    let job = server.ended("j1").await;
    cut_off(&server, Job { attempts: 5, ..job }).await;
    let storage = &server.jobs.shared.parts.storage;
    storage.create("jobs/j1/checkpoints/0.k_means/3", "a state".into()).await.unwrap();
    server.stop().await;

    let jobs = open(folder.path(), Limits::default()).await;
    let found = jobs.get("j1").unwrap();
    let again = Job { state: State::Running, attempts: 5, ..found.clone() };
    journal::update(&jobs.shared.parts.coordination, &again).await.unwrap();
    drop(jobs);
    let jobs = open(folder.path(), Limits::default()).await;

    assert_eq!((found.state, found.attempts, found.last_state), (State::Queued, 0, 3));
    assert_eq!(jobs.get("j1").unwrap().state, State::Failed);
}

#[tokio::test]
async fn a_run_that_is_left_on_purpose_is_not_held_against_its_job() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..7 {
        let server = Server::start(folder.path(), Limits::default()).await;
        let stall = server.stall();
        server.jobs.submit(key("once")).await.unwrap();
        server.started("j1").await;
        server.jobs.stop();
        drop(stall);
        server.stop().await;
    }

    let jobs = open(folder.path(), Limits::default()).await;

    assert_eq!(jobs.get("j1").unwrap().state, State::Queued);
}
