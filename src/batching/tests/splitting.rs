//! Large requests: computed by several threads, answered whole.

use super::scripted::{Stage, matrix, poison, rows};
use super::*;

#[tokio::test]
async fn a_large_request_is_computed_by_all_idle_threads_at_once_and_answered_whole() {
    let mut stage = Stage::closed();
    let (pool, batcher) = batcher(2, 8, Limits { max_batch_rows: 1000, ..Limits::default() });
    let (model, large) = (stage.model("a", 1), matrix(rows(0, 1000, 0)));
    lane(&model).learn(1000, Duration::from_micros(1000));
    while pool.idle() < 2 {
        std::thread::yield_now();
    }
    let mut asked = Box::pin(batcher.submit(work(model, &large, later())));
    assert!((&mut asked).now_or_never().is_none());
    stage.wait_for_a_batch();
    stage.wait_for_a_batch(); // The first one has not ended.

    stage.open();

    assert_eq!(asked.await.unwrap(), expected(1000, 0));
    assert!(stage.batches().iter().all(|batch| batch.nrows() < 1000), "it was computed in one piece");
}

#[tokio::test]
async fn the_parts_of_a_request_answer_bit_for_bit_what_it_would_get_in_one() {
    let mut stage = Stage::closed();
    stage.open();
    let (_, batcher) = batcher(3, 8, LIMITS);
    let model = stage.model("a", 1);

    for n_rows in [0, 1, 7, 8, 9, 16, 17, 1001] {
        let answer = batcher.submit(work(Arc::clone(&model), &matrix(rows(0, n_rows, 0)), later())).await.unwrap();
        assert_eq!(bits(&answer), bits(&expected(n_rows, 0)), "{n_rows} rows");
    }
}

#[tokio::test]
async fn a_request_that_panics_in_one_part_is_an_error_as_a_whole_and_the_rest_of_it_is_not_computed() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let (model, large) = (stage.model("a", 1), matrix(poison(0, 800, 0)));
    let mut asked = Box::pin(batcher.submit(work(Arc::clone(&model), &large, later())));
    assert!((&mut asked).now_or_never().is_none());
    stage.wait_for_a_batch();
    stage.open();

    assert_eq!(asked.await.unwrap_err().code(), Code::Internal);

    assert_eq!(batcher.submit(work(model, &matrix(rows(0, 1, 7)), later())).await.unwrap(), expected(1, 7));
    until_quiet(&batcher);
    assert!(stage.tags().len() < 800, "{} rows were computed", stage.tags().len());
}

#[tokio::test(start_paused = true)]
async fn a_request_of_which_a_part_was_computed_is_too_late_and_not_merely_expired() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let (model, large) = (stage.model("a", 1), matrix(rows(0, 800, 0)));
    let mut asked = Box::pin(batcher.submit(work(model, &large, later())));
    assert!((&mut asked).now_or_never().is_none());
    stage.wait_for_a_batch();

    let late = asked.await;

    assert!(matches!(late, Err(Error::TooLate)), "{late:?}");
    stage.open();
    until_quiet(&batcher);
    assert_eq!(stage.tags().len(), 8);
}
