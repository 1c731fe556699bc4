//! Who waits for whom while jobs are accepted.

use super::server::open;
use super::*;
use crate::model::search::{Choices, Dimension, SearchSpec};
use crate::model::{StepSpec, Value};
use tokio::time::timeout;

/// A search of the line for the alpha of a ridge.
fn search(alphas: &[f64], key: Option<&str>) -> SearchJob {
    let mut job = JobSpec { idempotency_key: key.map(str::to_owned), ..spec() };
    job.pipeline.steps = vec![StepSpec { algorithm: "ridge".into(), ..StepSpec::default() }];
    let choices = Choices::Values(alphas.iter().map(|it| Value::Number(*it)).collect());
    let parameters = vec![Dimension { step: 0, name: "alpha".into(), choices }];
    SearchJob { job, search: SearchSpec { parameters, ..SearchSpec::default() }, publish: Publish::Nothing }
}

#[tokio::test]
async fn what_does_not_suit_its_rows_is_refused_without_waiting_for_what_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = open(folder.path(), Limits::default()).await;
    let _accepting = jobs.shared.changes.lock().await;
    let mut no_target = spec();
    no_target.pipeline.target = None;

    let trained = timeout(PATIENCE, jobs.submit(no_target)).await.expect("it does not wait");
    let searched = timeout(PATIENCE, jobs.search(search(&[1.0, -1.0], None))).await.expect("it does not wait");

    assert_eq!((code_of(trained), code_of(searched)), (Code::InvalidArgument, Code::InvalidArgument));
}

#[tokio::test]
async fn who_leaves_before_his_job_is_checked_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = open(folder.path(), Limits::default()).await;
    let places = jobs.shared.checks.acquire_many(2).await.unwrap();

    assert!(jobs.submit(spec()).now_or_never().is_none());
    drop(places);

    assert_eq!(jobs.submit(spec()).await.unwrap().id, "j1");
    assert_eq!(std::fs::read_dir(folder.path().join("jobs")).unwrap().count(), 1);
}

#[tokio::test]
async fn one_key_of_many_searches_at_once_is_one_job_and_leaves_the_rows_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = open(folder.path(), Limits { max_queued_jobs: 1, ..Limits::default() }).await;

    let answers = join_all((0..10).map(|_| jobs.search(search(&[1.0, 2.0], Some("once"))))).await;

    assert!(answers.into_iter().all(|job| job.unwrap().id == "j1"));
    assert_eq!(code_of(jobs.search(search(&[3.0], Some("once"))).await), Code::InvalidArgument);
    assert_eq!(code_of(jobs.search(search(&[3.0], None)).await), Code::Overloaded);
    assert_eq!(std::fs::read_dir(folder.path().join("jobs")).unwrap().count(), 1);
}
