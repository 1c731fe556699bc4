//! One model and a pool: a caller with a row beside one that has far more than is its share. Everybody is answered.

use super::scripted::{Stage, matrix, rows};
use super::*;

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

#[tokio::test]
async fn a_row_goes_before_what_waits_of_a_full_frame_of_another_caller() {
    let mut stage = Stage::closed();
    let (batcher, model) = slow(&stage, LIMITS);
    let (frame, one) = (matrix(rows(0, 4_000, 0)), matrix(rows(0, 1, 90_000)));
    let mut large = Box::pin(batcher.submit(of(1, &model, &frame, later())));
    assert!((&mut large).now_or_never().is_none());
    stage.wait_for_a_batch();
    stage.wait_for_a_batch();

    let mut small = Box::pin(batcher.submit(of(2, &model, &one, later())));
    assert!((&mut small).now_or_never().is_none(), "it waits for a thread");
    stage.open();

    assert_eq!(small.await.unwrap(), expected(1, 90_000));
    assert_eq!(large.await.unwrap(), expected(4_000, 0));
    let at = stage.tags().iter().position(|tag| *tag == 90_000).unwrap();
    assert!(at <= 3 * 64, "{at} rows went before it");
}
