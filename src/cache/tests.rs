//! What a caller may rely on, whoever else asks for the same rows.

use super::*;
use crate::data::{Column, Features, Table};
use crate::error::{Code, Error, Result};
use crate::model::{LoadedModel, Model, Pipeline, Predictions};
use futures_util::FutureExt;
use futures_util::future::join_all;
use ndarray::{Array2, ArrayD, ArrayView2, arr0, array};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Answers its number times the sum of the row.
#[derive(Debug)]
struct Times(f64);

impl Model for Times {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        Predictions::Values(features.rows().into_iter().map(|row| self.0 * row.sum()).collect())
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        vec![("number", arr0(self.0).into_dyn())]
    }
}

fn model(name: &str, version: u64, number: f64) -> LoadedModel {
    LoadedModel::new(Name::parse("model", name).unwrap(), version, Pipeline::around(Times(number), 2))
}

fn rows(tag: usize) -> Features {
    Features::Matrix(array![[tag as f64, 0.5], [1.0, 2.0]])
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

/// One cache of model "a", and how often it had to compute.
struct Rig {
    caches: Caches,
    telemetry: Telemetry,
    computed: AtomicUsize,
}

impl Rig {
    fn new(max_bytes: usize) -> Self {
        let telemetry = Telemetry::default();
        let caches = Caches::new([(Name::parse("model", "a").unwrap(), max_bytes)], &telemetry);
        Self { caches, telemetry, computed: AtomicUsize::new(0) }
    }

    fn cache(&self) -> &AnswerCache {
        self.caches.of(&Name::parse("model", "a").unwrap()).unwrap()
    }

    fn compute(&self, model: &LoadedModel, features: Features) -> Result<Predictions> {
        self.computed.fetch_add(1, Ordering::SeqCst);
        Ok(model.pipeline.predict(model.matrix(features)?))
    }

    async fn ask(&self, model: &LoadedModel, features: Features) -> Result<Arc<Predictions>> {
        let compute = async |features| self.compute(model, features);
        self.cache().answer(model, model.matrix(features)?, later(), compute).await
    }

    /// Asks, and computes when it is told to.
    async fn ask_and_wait(
        &self,
        model: &LoadedModel,
        deadline: Instant,
        told: oneshot::Receiver<Result<()>>,
    ) -> Result<Arc<Predictions>> {
        let compute = async |features| {
            told.await.unwrap_or(Err(Error::Cancelled { what: "the test" }))?;
            self.compute(model, features)
        };
        self.cache().answer(model, model.matrix(rows(1))?, deadline, compute).await
    }

    fn computed(&self) -> usize {
        self.computed.load(Ordering::SeqCst)
    }

    fn counts(&self, line: &str) -> bool {
        self.telemetry.text().lines().any(|it| it == format!("modelwire_cache_{line}"))
    }
}

#[tokio::test]
async fn the_same_rows_are_computed_once_and_counted() {
    let (rig, model) = (Rig::new(1 << 20), model("a", 1, 3.0));

    let first = rig.ask(&model, rows(7)).await.unwrap();
    let again = rig.ask(&model, rows(7)).await.unwrap();
    let other = rig.ask(&model, rows(8)).await.unwrap();

    assert_eq!((&*first, &*other), (&Predictions::Values(array![22.5, 9.0]), &Predictions::Values(array![25.5, 9.0])));
    assert_eq!((again, rig.computed()), (first, 2));
    for line in
        ["hits_total{model=\"a\"} 1", "misses_total{model=\"a\"} 2", "hit_ratio{model=\"a\"} 0.3333333333333333"]
    {
        assert!(rig.counts(line), "{line} in {}", rig.telemetry.text());
    }
}

#[tokio::test]
async fn a_table_and_a_matrix_of_the_same_rows_share_an_answer() {
    let (rig, model) = (Rig::new(1 << 20), model("a", 1, 3.0));
    let table = Table::new(vec![Column::float("x1", vec![0.5, 2.0]), Column::integer("x0", vec![7, 1])]).unwrap();
    let column_major = Features::Matrix(array![[7.0, 1.0], [0.5, 2.0]].reversed_axes());

    let by_position = rig.ask(&model, rows(7)).await.unwrap();
    let by_name = rig.ask(&model, Features::Table(table)).await.unwrap();
    let by_columns = rig.ask(&model, column_major).await.unwrap();

    assert!(by_position == by_name && by_position == by_columns);
    assert_eq!(rig.computed(), 1);
}

#[tokio::test]
async fn zero_and_minus_zero_and_rows_of_the_same_numbers_in_another_order_are_different_rows() {
    let (rig, model) = (Rig::new(1 << 20), model("a", 1, 3.0));
    let rows = [
        array![[0.0, 1.0]],
        array![[-0.0, 1.0]],
        array![[1.0, 0.0]],
        array![[0.0, 1.0], [0.0, 1.0]],
        Array2::zeros((0, 2)),
    ];

    for features in rows.iter().chain(&rows) {
        rig.ask(&model, Features::Matrix(features.clone())).await.unwrap();
    }

    assert_eq!(rig.computed(), rows.len());
}

#[tokio::test]
async fn another_model_under_the_same_name_and_version_gets_its_own_answer() {
    let rig = Rig::new(1 << 20);
    let (deleted, republished) = (model("a", 1, 3.0), model("a", 1, 5.0));

    rig.ask(&deleted, rows(7)).await.unwrap();
    let fresh = rig.ask(&republished, rows(7)).await.unwrap();

    assert_eq!((&*fresh, rig.computed()), (&Predictions::Values(array![37.5, 15.0]), 2));
}

#[tokio::test]
async fn the_same_bytes_under_another_version_are_the_same_model() {
    let rig = Rig::new(1 << 20);

    for version in [1, 2] {
        rig.ask(&model("a", version, 3.0), rows(7)).await.unwrap();
    }

    assert_eq!(rig.computed(), 1);
}

#[test]
fn a_model_that_the_settings_do_not_name_has_no_cache() {
    let rig = Rig::new(1 << 20);

    assert!(rig.caches.of(&Name::parse("model", "b").unwrap()).is_none());
    assert!(Caches::default().of(&Name::parse("model", "a").unwrap()).is_none());
}

#[tokio::test]
async fn ten_who_ask_for_the_same_at_once_cost_one_computation() {
    let (rig, model) = (Rig::new(1 << 20), model("a", 1, 3.0));
    let (tell, told) = oneshot::channel();
    let mut leader = Box::pin(rig.ask_and_wait(&model, later(), told));
    assert!((&mut leader).now_or_never().is_none());
    let mut followers: Vec<_> = (0..9).map(|_| Box::pin(rig.ask(&model, rows(1)))).collect();
    assert!(followers.iter_mut().all(|it| it.now_or_never().is_none()));

    tell.send(Ok(())).unwrap();
    let answer = leader.await.unwrap();

    assert!(join_all(followers).await.into_iter().all(|it| it.unwrap() == answer));
    assert_eq!(rig.computed(), 1);
}

#[tokio::test]
async fn who_fails_or_leaves_while_others_wait_is_followed_by_the_next_and_nobody_else_fails() {
    for leaves in [false, true] {
        let (rig, model) = (Rig::new(1 << 20), model("a", 1, 3.0));
        let (tell, told) = oneshot::channel();
        let mut leader = Box::pin(rig.ask_and_wait(&model, later(), told));
        assert!((&mut leader).now_or_never().is_none());
        let mut followers: Vec<_> = (0..9).map(|_| Box::pin(rig.ask(&model, rows(1)))).collect();
        assert!(followers.iter_mut().all(|it| it.now_or_never().is_none()));
        drop(followers.remove(0)); // It was the next; who leaves while waiting is in nobody's way.

        if leaves {
            drop(leader);
        } else {
            tell.send(Err(Error::internal("on purpose"))).unwrap();
            assert_eq!(leader.await.unwrap_err().code(), Code::Internal);
        }

        assert!(join_all(followers).await.iter().all(Result::is_ok), "leaves: {leaves}");
        assert_eq!(rig.computed(), 1);
    }
}

#[tokio::test]
async fn errors_are_not_kept() {
    let (rig, model) = (Rig::new(1 << 20), model("a", 1, 3.0));
    let failing = async |_: Features| Err(Error::internal("on purpose"));

    for _ in 0..3 {
        let failed = rig.cache().answer(&model, model.matrix(rows(1)).unwrap(), later(), failing).await;
        assert_eq!(failed.unwrap_err().code(), Code::Internal);
    }

    assert!(rig.ask(&model, rows(1)).await.is_ok());
    let refused = rig.ask(&model, Features::Matrix(array![[f64::NAN, 1.0]])).await.unwrap_err();
    assert!(refused.to_string().contains("is NaN"), "{refused}");
    assert_eq!(rig.computed(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_waits_no_longer_than_its_own_deadline() {
    let (rig, model) = (Rig::new(1 << 20), model("a", 1, 3.0));
    let (tell, told) = oneshot::channel();
    let mut leader = Box::pin(rig.ask_and_wait(&model, later() + Duration::from_secs(600), told));
    assert!((&mut leader).now_or_never().is_none());

    let late = rig.ask(&model, rows(1)).await;

    assert!(matches!(late, Err(Error::DeadlineExceeded)), "{late:?}");
    tell.send(Ok(())).unwrap();
    assert!(leader.await.is_ok());
}

#[tokio::test]
async fn what_is_held_stays_below_the_bound_and_what_can_never_fit_is_computed_without_a_trace() {
    let (rig, model) = (Rig::new(16 << 10), model("a", 1, 3.0));

    for tag in 0..1000 {
        rig.ask(&model, rows(tag)).await.unwrap();
        assert!(rig.cache().held_bytes() <= 16 << 10, "after {tag}");
    }
    let held = rig.cache().held_bytes();
    for _ in 0..2 {
        rig.ask(&model, Features::Matrix(Array2::zeros((1000, 2)))).await.unwrap();
    }

    assert_eq!((rig.computed(), rig.cache().held_bytes()), (1002, held));
    assert!(held > 8 << 10 && rig.counts(&format!("bytes{{model=\"a\"}} {held}")), "{held}");
    assert!(!rig.counts("evictions_total{model=\"a\"} 0"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Versions come, go and come back with other content; every answer is that of the version that was asked.
    #[test]
    fn no_order_of_calls_brings_a_stale_or_foreign_answer(
        calls in prop::collection::vec((0u64..3, 0usize..4, 0usize..6), 1..80), max_bytes in 4096usize..8192,
    ) {
        let rig = Rig::new(max_bytes);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for (version, content, tag) in calls {
            let model = model("a", version, content as f64);

            let answer = runtime.block_on(rig.ask(&model, rows(tag))).unwrap();

            let expected = model.pipeline.predict(model.matrix(rows(tag)).unwrap());
            prop_assert_eq!(&*answer, &expected);
        }
    }
}
