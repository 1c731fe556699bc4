//! What a caller may rely on, whoever else asks at the same time.

mod admission;
mod beside;
mod bounds;
mod callers;
mod cost;
mod laws;
mod open_loop;
mod policy;
mod queue;
mod scripted;
mod shuttled;
mod splitting;
mod storm;
mod target;
mod waiting;

use super::lane::Lane;
use super::*;
use crate::data::Features;
use crate::error::{Code, Error};
use crate::model::{LoadedModel, Model, Predictions};
use crate::pool::Pool;
use crate::telemetry::Telemetry;
use futures_util::FutureExt;
use futures_util::future::join_all;
use ndarray::{Array2, ArrayD, ArrayView2};
use scripted::{Stage, answers, load, matrix, poison, rows, too_large};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LIMITS: Limits = Limits {
    max_batch_rows: 8,
    max_batch_bytes: 1 << 20,
    max_delay: Duration::ZERO,
    max_queue_rows: 10_000,
    max_answer_bytes: 1 << 20,
    target_p99: None,
};

/// Bounds that a test of arithmetic reaches with small numbers.
const TIGHT: Limits = Limits {
    max_batch_rows: 10,
    max_batch_bytes: 800,
    max_delay: Duration::ZERO,
    max_queue_rows: 100,
    max_answer_bytes: 800,
    target_p99: None,
};

fn batcher(threads: usize, capacity: usize, limits: Limits) -> (Arc<Pool>, Batcher) {
    let engine = Telemetry::default().engine;
    let pool = Arc::new(Pool::start("test", threads, capacity, engine.pool.clone()).unwrap());
    (Arc::clone(&pool), Batcher::new(pool, Options { limits, models: BTreeMap::new() }, engine))
}

fn work(model: Arc<LoadedModel>, features: &Features, deadline: Instant) -> Work {
    Work { model, features: features.clone(), deadline, priority: 0, caller: 0 }
}

/// Waits until nothing is computed any more, also of those who left.
fn until_quiet(batcher: &Batcher) {
    while batcher.rows_in_flight() > 0 {
        std::thread::yield_now();
    }
}

/// What is kept beside a model.
fn lane(model: &LoadedModel) -> &Lane {
    Lane::of(model, &Options::default(), &Telemetry::default().engine).unwrap()
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
        features.iter().map(|features| Box::pin(batcher.submit(work(Arc::clone(&model), features, later())))).collect();
    assert!((&mut asked[0]).now_or_never().is_none());
    stage.wait_for_a_batch();
    assert!(asked.iter_mut().skip(1).all(|asked| asked.now_or_never().is_none()));
    assert_eq!(batcher.rows_in_flight(), 6);

    stage.open();
    let answered: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();

    assert_eq!(stage.batches().iter().map(Array2::nrows).collect::<Vec<_>>(), [1, 5]);
    assert_eq!(answered, [expected(1, 0), expected(3, 0), expected(2, 0)]);
}

#[tokio::test]
async fn a_row_whose_answer_is_no_number_is_told_by_its_place_and_costs_nobody_else_an_answer() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, Limits { max_batch_rows: 4, ..LIMITS });
    let model = stage.model("a", 1);
    let features = [rows(0, 1, 0), rows(0, 2, 10), too_large(2, 20), too_large(7, 30)].map(matrix);
    let mut asked: Vec<_> =
        features.iter().map(|features| Box::pin(batcher.submit(work(Arc::clone(&model), features, later())))).collect();
    assert!((&mut asked[0]).now_or_never().is_none());
    stage.wait_for_a_batch(); // The next two are a batch, the last one is two.

    assert!(asked.iter_mut().skip(1).all(|asked| asked.now_or_never().is_none()));
    stage.open();
    let answered = join_all(asked).await;

    assert_eq!(answered[..2].iter().flatten().collect::<Vec<_>>(), [&expected(1, 0), &expected(2, 10)]);
    for (answer, row) in answered[2..].iter().zip([1, 6]) {
        let refused = answer.as_ref().unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.to_string().contains(&format!("model \"a@1\" to row {row} is not finite")), "{refused}");
    }
    let alone = batcher.submit(work(model, &matrix(too_large(1, 0)), later())).await.unwrap_err();
    assert!(alone.to_string().contains("to row 0 is not finite"), "{alone}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_is_told_at_its_deadline_and_whether_its_rows_were_computed() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let model = stage.model("a", 1);
    let (first, second, last) = (matrix(rows(0, 1, 1)), matrix(rows(0, 1, 2)), matrix(rows(0, 1, 3)));
    let mut running = Box::pin(batcher.submit(work(Arc::clone(&model), &first, later())));
    assert!((&mut running).now_or_never().is_none());
    stage.wait_for_a_batch();

    let queued = batcher.submit(work(Arc::clone(&model), &second, later())).await;
    let running = running.await;

    assert!(matches!(queued, Err(Error::DeadlineExceeded)), "{queued:?}");
    assert!(matches!(running, Err(Error::TooLate)), "{running:?}");
    tokio::time::resume(); // Or the clock would run ahead of the compute thread.
    stage.open();
    batcher.submit(work(model, &last, later() + Duration::from_secs(600))).await.unwrap();
    assert_eq!(stage.tags(), [1, 3]);
}

#[tokio::test]
async fn one_of_four_in_a_running_batch_leaves_and_the_other_three_are_answered() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let (model, block) = (stage.model("a", 1), matrix(rows(0, 8, 0)));
    let own = [0, 1, 2, 3].map(|number| matrix(rows(0, 2, 10 * number)));
    let mut first = Box::pin(batcher.submit(work(Arc::clone(&model), &block, later())));
    assert!((&mut first).now_or_never().is_none());
    stage.wait_for_a_batch();
    let mut four: Vec<_> =
        own.iter().map(|own| Box::pin(batcher.submit(work(Arc::clone(&model), own, later())))).collect();
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
        let poisonous = batcher.submit(work(Arc::clone(&a), &matrix(poison(0, 3, 0)), later())).await;
        assert_eq!(poisonous.unwrap_err().code(), Code::Internal);
    }

    for model in [a, b] {
        assert_eq!(batcher.submit(work(model, &matrix(rows(0, 2, 5)), later())).await.unwrap(), expected(2, 5));
    }
    assert_eq!((batcher.rows_in_flight(), pool.panics()), (0, 0));
}

#[tokio::test]
async fn work_that_is_known_to_be_short_is_done_when_it_is_first_looked_at() {
    let mut stage = Stage::closed();
    stage.open();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let (model, one) = (stage.model("a", 1), matrix(rows(0, 1, 7)));
    lane(&model).learn(1, Duration::from_nanos(100));

    let answer = batcher.submit(work(model, &one, later())).now_or_never().expect("nothing is waited for");

    assert_eq!(answer.unwrap(), expected(1, 7));
}

#[tokio::test]
async fn a_model_that_was_never_measured_runs_on_the_pool_and_is_measured_there() {
    let mut stage = Stage::closed();
    stage.open();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let (model, one) = (stage.model("a", 1), matrix(rows(0, 1, 7)));
    let asked = batcher.submit(work(Arc::clone(&model), &one, later()));

    assert_eq!(asked.await.unwrap(), expected(1, 7));

    assert!(lane(&model).estimate().is_some());
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
    let mut stalled = Box::pin(batcher.submit(work(stalling, &one, later())));
    assert!((&mut stalled).now_or_never().is_none());
    stage.wait_for_a_batch();
    let mut two = [0, 1].map(|_| Box::pin(batcher.submit(work(Arc::clone(&short), &one, later()))));
    assert!(two.iter_mut().all(|it| it.now_or_never().is_none()));

    stage.open();

    assert!(join_all(two).await.iter().all(Result::is_ok));
    assert!(batcher.submit(work(short, &one, later())).await.is_ok());
}
