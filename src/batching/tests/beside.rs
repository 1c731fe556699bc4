//! One model and a pool: a caller with a row beside one that has far more than is its share. Everybody is answered.

use super::scripted::{Stage, matrix, rows};
use super::*;
use std::pin::Pin;

/// A row is thought to take 12 µs; batches have 64 rows, and the queue takes 4,000.
fn slow(stage: &Stage, limits: Limits) -> (Batcher, Arc<LoadedModel>) {
    let (_, batcher) = batcher(2, 8, Limits { max_batch_rows: 64, max_queue_rows: 4_000, ..limits });
    let model = stage.model("slow", 1);
    lane(&model).learn(64, Duration::from_micros(64 * 12));
    (batcher, model)
}

fn of(caller: u64, model: &Arc<LoadedModel>, features: &Features, deadline: Instant) -> Work {
    Work { caller, ..work(Arc::clone(model), features, deadline) }
}

/// A request that was taken in, and is not answered at once.
fn waiting<A>(asked: impl Future<Output = A>) -> Pin<Box<impl Future<Output = A>>> {
    let mut asked = Box::pin(asked);
    assert!((&mut asked).now_or_never().is_none(), "it is refused, or answered while no batch is");
    asked
}

#[tokio::test]
async fn a_row_goes_before_what_waits_of_a_full_frame_of_another_caller() {
    let mut stage = Stage::closed();
    let (batcher, model) = slow(&stage, LIMITS);
    let (frame, one) = (matrix(rows(0, 4_000, 0)), matrix(rows(0, 1, 90_000)));
    let large = waiting(batcher.submit(of(1, &model, &frame, later())));
    stage.wait_for_a_batch();
    stage.wait_for_a_batch();

    let small = waiting(batcher.submit(of(2, &model, &one, later())));
    stage.open();

    assert_eq!(small.await.unwrap(), expected(1, 90_000));
    assert_eq!(large.await.unwrap(), expected(4_000, 0));
    let at = stage.tags().iter().position(|tag| *tag == 90_000).unwrap();
    assert!(at <= 3 * 64, "{at} rows went before it");
}

#[tokio::test]
async fn who_asks_for_a_row_is_taken_in_and_answered_beside_a_caller_that_keeps_the_queue_full() {
    let mut stage = Stage::closed();
    let (batcher, model) = slow(&stage, LIMITS);
    let (large, one) = (matrix(rows(0, 100, 0)), matrix(rows(0, 1, 7)));
    let fill = || {
        let ask = || Box::pin(batcher.submit(of(1, &model, &large, later())));
        let asked = std::iter::repeat_with(ask).take(100).filter_map(|mut asked| {
            let at_once = (&mut asked).now_or_never();
            let refused = at_once.as_ref().and_then(|answer| answer.as_ref().err());
            assert!(refused.is_none_or(|refused| refused.code() == Code::Overloaded), "{refused:?}");
            at_once.is_none().then_some(asked)
        });
        asked.collect::<Vec<_>>()
    };
    let mut waiting = fill();
    assert!((10..40).contains(&waiting.len()), "{} requests of 100 rows", waiting.len());
    stage.open();

    for _ in 0..20 {
        waiting.extend(fill());
        let answer = batcher.submit(of(2, &model, &one, later())).await;
        assert_eq!(answer.unwrap(), expected(1, 7));
    }

    assert!(join_all(waiting).await.into_iter().all(|answer| answer.unwrap() == expected(100, 0)));
}

#[tokio::test]
async fn one_request_that_fills_the_whole_queue_leaves_room_for_those_with_few_rows() {
    let mut stage = Stage::closed();
    let (batcher, model) = slow(&stage, LIMITS);
    let (all, few) = (matrix(rows(0, 4_000, 0)), matrix(rows(0, 10, 0)));
    let large = waiting(batcher.submit(of(0, &model, &all, later())));
    let again = batcher.submit(of(0, &model, &few, later())).now_or_never().expect("at once").unwrap_err();

    let small: Vec<_> = (1..=10).map(|caller| waiting(batcher.submit(of(caller, &model, &few, later())))).collect();

    assert!(again.to_string().contains("4000 rows are in flight, 4000 of them of this caller"), "{again}");
    stage.open();
    assert!(join_all(small).await.into_iter().all(|answer| answer.unwrap() == expected(10, 0)));
    assert_eq!(large.await.unwrap(), expected(4_000, 0));
}
