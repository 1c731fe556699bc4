//! Fits that are cut off and go on: the bytes are those of a fit that nobody touched.

use super::*;
use crate::error::Error;
use crate::model::{Checkpoints, Kept, Progress, StateStore};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Keeps every state that it is offered, and lets the fit be cut off once it has kept so many.
#[derive(Default)]
pub(in crate::model) struct Store {
    pub(in crate::model) last: RefCell<BTreeMap<String, Kept>>,
    pub(in crate::model) n_kept: Cell<usize>,
}

impl StateStore for Store {
    fn last(&self, fit: &str) -> Result<Option<Kept>> {
        Ok(self.last.borrow().get(fit).cloned())
    }

    fn is_due(&self) -> bool {
        true
    }

    fn keep(&self, fit: &str, kept: Kept) {
        self.last.borrow_mut().insert(fit.to_owned(), kept);
        self.n_kept.set(self.n_kept.get() + 1);
    }

    fn give_up(&self, fit: &str) {
        panic!("the state of {fit} is small");
    }
}

/// A run of a job, which hears nothing more once so many states are kept.
pub(in crate::model) struct Run<'a> {
    store: &'a Store,
    checkpoints: Checkpoints<'a>,
    until: usize,
    said: RefCell<Vec<String>>,
}

impl<'a> Run<'a> {
    pub(in crate::model) fn until(store: &'a Store, until: usize) -> Self {
        Self { store, checkpoints: Checkpoints::new(store), until, said: RefCell::default() }
    }

    pub(in crate::model) fn said(&self, what: &str) -> usize {
        self.said.borrow().iter().filter(|it| it.contains(what)).count()
    }
}

impl Progress for Run<'_> {
    fn report(&self, message: &str, _: f64) -> Result<()> {
        self.said.borrow_mut().push(message.to_owned());
        match self.store.n_kept.get() < self.until {
            true => Ok(()),
            false => Err(Error::Cancelled { what: "the fit" }),
        }
    }

    fn checkpoints(&self) -> Option<&Checkpoints<'_>> {
        Some(&self.checkpoints)
    }
}

/// One of each algorithm that goes on, with few iterations.
fn resumable() -> Vec<(&'static str, Spec)> {
    let (whole, number) = (Value::Integer, Value::Number);
    let text = |it: &str| Value::Text(it.into());
    let mlp = |solver: &str| {
        let sizes = Value::Integers(vec![5]);
        vec![("hidden_layer_sizes", sizes), ("max_iter", whole(6)), ("solver", text(solver))]
    };
    let adaptive = [("learning_rate", text("adaptive")), ("n_iter_no_change", whole(1)), ("tol", number(0.5))];
    let stopping = [("early_stopping", Value::Flag(true)), ("batch_size", whole(40))];
    let starts = [("n_clusters", whole(4)), ("n_init", whole(3)), ("init", text("random"))];
    let tsne = [("max_iter", whole(260)), ("perplexity", number(4.0))];
    let cases: Vec<(&str, Vec<(&str, Value)>)> = vec![
        ("mlp_regressor", mlp("adam")),
        ("mlp_regressor", mlp("lbfgs")),
        ("mlp_classifier", [mlp("sgd"), adaptive.to_vec()].concat()),
        ("mlp_classifier", [mlp("adam"), stopping.to_vec()].concat()),
        ("logistic_regression", vec![("max_iter", whole(30))]),
        ("poisson_regressor", vec![]),
        ("k_means", vec![("n_clusters", whole(3)), ("n_init", whole(2))]),
        ("k_means", starts.to_vec()),
        ("mini_batch_k_means", vec![("batch_size", whole(20)), ("max_iter", whole(3))]),
        ("gaussian_mixture", vec![("n_components", whole(3)), ("n_init", whole(2)), ("max_iter", whole(8))]),
        ("gaussian_mixture", vec![("n_components", whole(2)), ("covariance_type", text("tied"))]),
        ("random_forest_regressor", vec![("n_estimators", whole(4))]),
        ("random_forest_classifier", vec![("n_estimators", whole(4))]),
        ("ada_boost_classifier", vec![("n_estimators", whole(5))]),
        ("ada_boost_regressor", vec![("n_estimators", whole(5))]),
        ("tsne", tsne.to_vec()),
        ("ftrl_classifier", vec![("max_iter", whole(5))]),
        ("fast_ica", vec![("max_iter", whole(6)), ("tol", number(1e-12))]),
    ];
    let spec = |(name, given): (&'static str, Vec<(&str, Value)>)| {
        let algorithm = crate::model::find(name).unwrap();
        let target = match algorithm.kind() {
            crate::model::Kind::Regressor => Some("amount".to_owned()),
            crate::model::Kind::Classifier => Some("class".to_owned()),
            _ => None,
        };
        let features = Some(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]);
        let steps = vec![step("standard_scaler", &[]), step(name, &given)];
        (
            name,
            Spec { steps, target, targets: vec![], features, seed: 7, validation_fraction: None, sample_weight: None },
        )
    };
    cases.into_iter().map(spec).collect()
}

/// Rows of three columns that say something of a number and of a class.
fn rows() -> Table {
    let column = |step: usize| (0..90).map(|row| ((row * step + row * row / 7) % 23) as f64 / 3.0).collect::<Vec<_>>();
    let (a, b, c) = (column(5), column(11), column(17));
    let amount = a.iter().zip(&b).map(|(a, b)| 1.0 + a + (b * 2.0).sin().abs()).collect();
    let class = a.iter().zip(&c).map(|(a, c)| (a > c) as i64 + i64::from(*c > 5.0)).collect();
    let numbers = [("a", a.clone()), ("b", b), ("c", c), ("amount", amount)];
    let numbers = numbers.into_iter().map(|(name, values)| Column::float(name, values));
    Table::new(numbers.chain([Column::integer("class", class)]).collect()).unwrap()
}

/// All that a fit says, to the bit.
fn bits(fitted: &Fitted) -> (Vec<u8>, Vec<(String, u64)>) {
    let metrics = fitted.metrics.iter().map(|(name, value)| (name.clone(), value.to_bits())).collect();
    (fitted.pipeline.to_bytes(), metrics)
}

#[test]
fn a_fit_that_is_cut_off_after_each_iteration_learns_the_bits_of_one_that_is_not() {
    let table = rows();
    for (name, spec) in resumable() {
        let untouched = fit(&spec, &table, &quiet).unwrap();
        let all = Store::default();
        assert_eq!(bits(&fit(&spec, &table, &Run::until(&all, usize::MAX)).unwrap()), bits(&untouched), "{name}");

        let (store, mut n_runs) = (Store::default(), 0);
        let resumed = loop {
            n_runs += 1;
            let run = Run::until(&store, store.n_kept.get() + 1);
            match fit(&spec, &table, &run) {
                Ok(fitted) => break fitted,
                Err(error) => assert_eq!(error.code(), crate::error::Code::Cancelled, "{name}: {error}"),
            }
            assert!(run.said("resumed from checkpoint") > 0 || n_runs == 1, "{name} began again: {:?}", run.said);
        };

        assert_eq!(bits(&resumed), bits(&untouched), "{name}");
        // No iteration was made twice, but for those that end by looking at what they found.
        let n_kept = all.n_kept.get();
        assert!(n_kept >= 4 && store.n_kept.get() == n_kept, "{name}: {} of {n_kept}", store.n_kept.get());
    }
}

#[test]
fn a_fit_that_is_cut_off_once_anywhere_learns_the_same_bits() {
    let table = rows();
    for (name, spec) in resumable().into_iter().filter(|(name, _)| *name != "tsne") {
        let all = Store::default();
        let untouched = bits(&fit(&spec, &table, &Run::until(&all, usize::MAX)).unwrap());
        for instant in (1..=all.n_kept.get()).step_by(1 + all.n_kept.get() / 12) {
            let store = Store::default();
            let _ = fit(&spec, &table, &Run::until(&store, instant));

            let resumed = fit(&spec, &table, &Run::until(&store, usize::MAX)).unwrap();

            assert_eq!(bits(&resumed), untouched, "{name} after {instant} states");
        }
    }
}

#[test]
fn a_fit_that_has_come_to_the_place_of_another_does_not_go_on_from_its_state() {
    let (table, spec) = (rows(), resumable().remove(6).1);
    let mut other = spec.clone();
    other.steps[1].parameters.insert("tol".into(), Value::Number(0.0));
    let store = Store::default();
    fit(&spec, &table, &Run::until(&store, 2)).unwrap_err();

    for (spec, table, resumed) in [(&other, &table, 0), (&spec, &table.slice(0, 89), 0), (&spec, &table, 1)] {
        let run = Run::until(&store, usize::MAX);
        assert_eq!(bits(&fit(spec, table, &run).unwrap()), bits(&fit(spec, table, &quiet).unwrap()));
        assert_eq!(run.said("resumed from checkpoint"), resumed);
    }
}

#[test]
fn a_state_that_cannot_be_read_is_not_used_and_that_is_said() {
    let (table, (_, spec)) = (rows(), resumable().remove(0));
    let store = Store::default();
    let untouched = bits(&fit(&spec, &table, &Run::until(&store, usize::MAX)).unwrap());
    store.last.borrow_mut().values_mut().for_each(|kept| kept.state.truncate(kept.state.len() - 1));

    let run = Run::until(&store, usize::MAX);
    let again = fit(&spec, &table, &run).unwrap();

    assert_eq!(bits(&again), untouched);
    assert_eq!(run.said("its checkpoint could not be read (the state of a fit is damaged: it ends too early)"), 2);
}

#[test]
fn fits_within_a_fit_that_keeps_its_state_keep_none_and_those_of_a_calibration_do() {
    let table = rows();
    let steps = vec![step("logistic_regression", &[("max_iter", Value::Integer(20))]), step("platt_calibration", &[])];
    let features = Some(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]);
    let target = Some("class".to_owned());
    let spec =
        Spec { steps, target, targets: vec![], features, seed: 7, validation_fraction: Some(0.0), sample_weight: None };
    let mixture = Spec { validation_fraction: Some(0.0), ..resumable()[9].1.clone() };

    let names = [spec, mixture].map(|spec| {
        let store = Store::default();
        fit(&spec, &table, &Run::until(&store, usize::MAX)).unwrap();
        let names = store.last.into_inner().into_keys();
        names.map(|name| name.rsplit_once('.').unwrap().0.to_owned()).collect::<Vec<String>>()
    });

    let folds: Vec<String> = (0..6).map(|fit| format!("{fit}.logistic_regression")).collect();
    assert_eq!(names, [folds, vec!["0.gaussian_mixture".to_owned()]]);
}

#[test]
fn a_state_of_tsne_from_before_it_had_methods_is_none_of_the_default_method() {
    let table = rows();
    let (_, default) = resumable().into_iter().find(|(name, _)| *name == "tsne").unwrap();
    let mut exact = default.clone();
    exact.steps[1].parameters.insert("method".into(), Value::Text("exact".into()));

    let names = [exact, default].map(|spec| {
        let store = Store::default();
        fit(&spec, &table, &Run::until(&store, 1)).unwrap_err();
        let names = store.last.into_inner().into_keys();
        names.map(|name| name.rsplit_once('.').unwrap().0.to_owned()).collect::<Vec<String>>()
    });

    assert_eq!(names, [vec!["0.tsne".to_owned()], vec!["0.tsne_barnes_hut".to_owned()]]);
}
