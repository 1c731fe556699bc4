//! What a caller may rely on, whoever else asks at the same time.

mod bounds;
mod laws;
mod scripted;

use super::*;
use crate::data::Features;
use crate::error::{Code, Error};
use crate::model::{Model, Predictions};
use crate::pool::Pool;
use futures_util::FutureExt;
use futures_util::future::join_all;
use ndarray::{Array2, ArrayD, ArrayView2};
use scripted::{Stage, answers, load, matrix, poison, rows};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LIMITS: Limits = Limits { max_batch_rows: 8, max_queue_rows: 10_000, max_answer_bytes: 1 << 20 };

fn batcher(threads: usize, capacity: usize, limits: Limits) -> (Arc<Pool>, Batcher) {
    let pool = Arc::new(Pool::start("test", threads, capacity).unwrap());
    (Arc::clone(&pool), Batcher::new(pool, limits))
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

fn bits(predictions: &Predictions) -> Vec<u64> {
    let Predictions::Values(values) = predictions else { panic!("{predictions:?}") };
    values.iter().map(|value| value.to_bits()).collect()
}

/// The answer to `n_rows` rows of model 0.
fn expected(n_rows: usize, first_tag: usize) -> Predictions {
    Predictions::Values(answers(rows(0, n_rows, first_tag).view()))
}

#[tokio::test]
async fn whatever_queues_up_while_a_batch_runs_is_the_next_batch() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let (model, features) = (stage.model("a", 1), [1, 3, 2].map(|n_rows| matrix(rows(0, n_rows, 0))));
    let mut asked: Vec<_> =
        features.iter().map(|features| Box::pin(batcher.submit(Arc::clone(&model), features, later()))).collect();
    assert!((&mut asked[0]).now_or_never().is_none());
    stage.wait_for_a_batch();
    assert!(asked.iter_mut().skip(1).all(|asked| asked.now_or_never().is_none()));
    assert_eq!(batcher.rows_in_flight(), 6);

    stage.open();
    let answered: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();

    assert_eq!(stage.batches().iter().map(Array2::nrows).collect::<Vec<_>>(), [1, 5]);
    assert_eq!(answered, [expected(1, 0), expected(3, 0), expected(2, 0)]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_is_told_at_its_deadline_and_whether_its_rows_were_computed() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let model = stage.model("a", 1);
    let (first, second, last) = (matrix(rows(0, 1, 1)), matrix(rows(0, 1, 2)), matrix(rows(0, 1, 3)));
    let mut running = Box::pin(batcher.submit(Arc::clone(&model), &first, later()));
    assert!((&mut running).now_or_never().is_none());
    stage.wait_for_a_batch();

    let queued = batcher.submit(Arc::clone(&model), &second, later()).await;
    let running = running.await;

    assert!(matches!(queued, Err(Error::DeadlineExceeded)), "{queued:?}");
    assert!(matches!(running, Err(Error::TooLate)), "{running:?}");
    tokio::time::resume(); // Or the clock would run ahead of the compute thread.
    stage.open();
    batcher.submit(model, &last, later() + Duration::from_secs(600)).await.unwrap();
    assert_eq!(stage.tags(), [1, 3]);
}

#[tokio::test]
async fn one_of_four_in_a_running_batch_leaves_and_the_other_three_are_answered() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let (model, block) = (stage.model("a", 1), matrix(rows(0, 8, 0)));
    let own = [0, 1, 2, 3].map(|number| matrix(rows(0, 2, 10 * number)));
    let mut first = Box::pin(batcher.submit(Arc::clone(&model), &block, later()));
    assert!((&mut first).now_or_never().is_none());
    stage.wait_for_a_batch();
    let mut four: Vec<_> = own.iter().map(|own| Box::pin(batcher.submit(Arc::clone(&model), own, later()))).collect();
    assert!(four.iter_mut().all(|it| it.now_or_never().is_none()));

    drop(four.remove(1));
    stage.open();

    let answers: Vec<_> = join_all(four).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [expected(2, 0), expected(2, 20), expected(2, 30)]);
}

#[tokio::test]
async fn a_panic_in_every_batch_leaves_the_model_and_its_neighbours_answering() {
    let mut stage = Stage::closed();
    stage.open();
    let (pool, batcher) = batcher(2, 8, LIMITS);
    let (a, b) = (stage.model("a", 1), stage.model("b", 1));

    for _ in 0..20 {
        let poisonous = batcher.submit(Arc::clone(&a), &matrix(poison(0, 3, 0)), later()).await;
        assert_eq!(poisonous.unwrap_err().code(), Code::Internal);
    }

    for model in [a, b] {
        assert_eq!(batcher.submit(model, &matrix(rows(0, 2, 5)), later()).await.unwrap(), expected(2, 5));
    }
    assert_eq!((batcher.rows_in_flight(), pool.panics()), (0, 0));
}

/// It answers distances for its first row only.
#[derive(Debug)]
struct Short;

impl Model for Short {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        Predictions::Clusters { clusters: vec![0; features.nrows()], distances: Array2::zeros((1, 2)) }
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        vec![]
    }
}

#[tokio::test]
async fn a_batch_that_cannot_be_shared_out_does_not_stop_its_model() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let (stalling, short, one) = (stage.model("a", 1), load("short", 1, Short), matrix(rows(0, 1, 0)));
    let mut stalled = Box::pin(batcher.submit(stalling, &one, later()));
    assert!((&mut stalled).now_or_never().is_none());
    stage.wait_for_a_batch();
    let mut two = [0, 1].map(|_| Box::pin(batcher.submit(Arc::clone(&short), &one, later())));
    assert!(two.iter_mut().all(|it| it.now_or_never().is_none()));

    stage.open();

    assert!(join_all(two).await.iter().all(Result::is_ok));
    assert!(batcher.submit(short, &one, later()).await.is_ok());
}
