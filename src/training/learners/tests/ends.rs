//! What is waited for when the server stops.

use super::*;
use futures_util::FutureExt;

#[tokio::test]
async fn what_has_begun_is_waited_for_though_nobody_asks_for_it_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    learners.partial_fit(first()).await.unwrap();
    assert!(learners.delete(&name()).now_or_never().is_none());
    assert_eq!(learners.get(&name()).unwrap().batches, 1);

    learners.stop();
    learners.ended().await;

    assert_eq!(learners.get(&name()).unwrap_err().code(), Code::NotFound);
    assert!(!folder.path().join("learners/net").exists());
}

#[tokio::test]
async fn a_version_that_is_being_published_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    let late = learners.partial_fit_by(published(first()), Some(std::time::Instant::now())).await.unwrap();
    assert_eq!((late.version, versions(&learners)), (None, vec![]));

    learners.stop();
    learners.ended().await;

    assert_eq!(versions(&learners), [1]);
    assert_eq!(learners.get(&name()).unwrap().last_version, Some(1));
}

#[tokio::test]
async fn calls_that_wait_when_the_server_stops_are_told_so_and_learn_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    learners.partial_fit(first()).await.unwrap();
    let mut calls = std::pin::pin!(join_all((2..5).map(|batch| learners.partial_fit(next(batch)))));
    assert!(calls.as_mut().now_or_never().is_none());

    learners.stop();
    let (answers, ()) = tokio::join!(calls, learners.ended());

    for answer in answers {
        assert_eq!(answer.unwrap_err().to_string(), "the server stops");
    }
    assert_eq!(learners.get(&name()).unwrap().batches, 1);
}

#[tokio::test]
async fn where_nothing_is_learned_there_is_nothing_to_wait_for() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    learners.partial_fit(first()).await.unwrap();

    learners.ended().await;
    let next = learners.partial_fit(next(2)).await.unwrap();

    assert_eq!(next.batch, 2);
}
