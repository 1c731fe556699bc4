//! What a caller is told when there is more work than may wait.

use super::scripted::{Stage, matrix, rows};
use super::*;

#[tokio::test]
async fn a_queue_ten_times_over_its_capacity_says_overloaded_and_nothing_else() {
    let mut stage = Stage::closed();
    let (pool, batcher) = batcher(2, 8, Limits { max_batch_rows: 4, max_queue_rows: 10, ..Limits::default() });
    let (model, one) = (stage.model("a", 1), matrix(rows(0, 1, 0)));
    let mut waiting = Vec::new();
    let mut refused = Vec::new();
    for _ in 0..100 {
        let mut asked = Box::pin(batcher.submit(work(Arc::clone(&model), &one, later())));
        match (&mut asked).now_or_never() {
            Some(result) => refused.push(result.unwrap_err()),
            None => waiting.push(asked),
        }
    }

    stage.open();
    let answered = join_all(waiting).await;

    assert_eq!((answered.len(), refused.len()), (10, 90));
    assert!(answered.iter().all(Result::is_ok));
    assert!(refused.iter().all(|error| (error.code(), error.executed()) == (Code::Overloaded, Some(false))));
    assert_eq!((stage.tags().len(), batcher.rows_in_flight(), pool.panics()), (10, 0, 0));
}

#[tokio::test]
async fn requests_without_rows_have_a_bound_too() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, Limits { max_batch_rows: 4, max_queue_rows: 1, ..Limits::default() });
    let (model, none) = (stage.model("a", 1), matrix(rows(0, 0, 0)));
    let mut first = Box::pin(batcher.submit(work(Arc::clone(&model), &none, later())));
    assert!((&mut first).now_or_never().is_none());

    let second = batcher.submit(work(model, &none, later())).await;

    assert_eq!(second.unwrap_err().code(), Code::Overloaded);
    stage.open();
    assert_eq!(first.await.unwrap(), expected(0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_of_callers_on_many_threads_loses_nobody() {
    let mut stage = Stage::closed();
    stage.open();
    let (pool, batcher) = batcher(2, 2, Limits { max_batch_rows: 8, max_queue_rows: 40, ..Limits::default() });
    let models = Arc::new([("a", 1), ("a", 2), ("b", 1), ("c", 1)].map(|(name, version)| stage.model(name, version)));
    let callers = (0..16).map(|number| {
        let (batcher, models) = (batcher.clone(), Arc::clone(&models));
        tokio::spawn(async move {
            for round in 0..200 {
                let (tag, n_rows) = (number * 1000 + round, round % 6);
                let model = Arc::clone(&models[(number + round) % models.len()]);
                match batcher.submit(work(model, &matrix(rows(0, n_rows, tag)), later())).await {
                    Ok(answer) => assert_eq!(answer, expected(n_rows, tag)),
                    Err(error) => assert_eq!(error.code(), Code::Overloaded, "{error}"),
                }
            }
        })
    });

    join_all(callers.collect::<Vec<_>>()).await.into_iter().for_each(Result::unwrap);

    assert_eq!((batcher.rows_in_flight(), pool.panics()), (0, 0));
}

#[tokio::test]
async fn a_full_pool_is_overloaded_and_the_model_answers_when_there_is_room_again() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 1, LIMITS);
    let [a, b, c] = ["a", "b", "c"].map(|name| stage.model(name, 1));
    let one = matrix(rows(0, 1, 0));
    let mut running = Box::pin(batcher.submit(work(Arc::clone(&a), &one, later())));
    assert!((&mut running).now_or_never().is_none());
    stage.wait_for_a_batch();
    let mut next_of_a = Box::pin(batcher.submit(work(a, &one, later())));
    let mut queued = Box::pin(batcher.submit(work(b, &one, later())));
    assert!((&mut next_of_a).now_or_never().is_none());
    assert!((&mut queued).now_or_never().is_none());

    let refused = batcher.submit(work(Arc::clone(&c), &one, later())).await;

    assert_eq!(refused.unwrap_err().code(), Code::Overloaded);
    stage.open();
    for answer in [running.await, next_of_a.await, queued.await, batcher.submit(work(c, &one, later())).await] {
        assert_eq!(answer.unwrap(), expected(1, 0));
    }
    assert_eq!(batcher.rows_in_flight(), 0);
}
