//! Searches whole, on the data sets of `tests/fixtures`; numbers are those of `tests/fixtures/make_search_oracles.py`.

mod folds;
mod kept;
mod refusals;
mod several_targets;

use super::halving::Halving;
use super::*;
use crate::data::{Column, Table};
use crate::error::{Code, Error, Result};
use crate::model::tests::oracles::{assert_close, numbers, oracle};
use crate::model::tests::{quiet, table};
use crate::model::{Asked, Examination, Spec, StepSpec, Value, fit, metrics::Answers};
use folds::{positions, size};
use serde_json::Value as Json;
use std::cell::RefCell;

fn pipeline(steps: &[&str], target: &str) -> Spec {
    let step = |name: &&str| StepSpec { algorithm: (*name).into(), ..StepSpec::default() };
    Spec { steps: steps.iter().map(step).collect(), target: Some(target.into()), seed: 7, ..Spec::default() }
}

fn numbers_of(step: usize, name: &str, values: &[f64]) -> Dimension {
    let choices = Choices::Values(values.iter().map(|it| Value::Number(*it)).collect());
    Dimension { step, name: name.into(), choices }
}

fn integers_of(step: usize, name: &str, values: &[i64]) -> Dimension {
    let choices = Choices::Values(values.iter().map(|it| Value::Integer(*it)).collect());
    Dimension { step, name: name.into(), choices }
}

fn grid(parameters: Vec<Dimension>, kind: FoldKind, n_splits: usize) -> SearchSpec {
    let cross_validation = CrossValidation { kind: Some(kind), n_splits: Some(n_splits), ..CrossValidation::default() };
    SearchSpec { parameters, cross_validation, ..SearchSpec::default() }
}

fn ridge() -> (Spec, SearchSpec) {
    let alphas = numbers_of(1, "alpha", &[0.01, 1.0, 100.0, 10_000.0]);
    (pipeline(&["standard_scaler", "ridge"], "progression"), grid(vec![alphas], FoldKind::Plain, 5))
}

fn searched(pipeline: &Spec, spec: &SearchSpec, table: &Table) -> Searched {
    search(1, pipeline, spec, table, &quiet).unwrap()
}

fn refusal(pipeline: &Spec, spec: &SearchSpec, table: &Table) -> String {
    search(1, pipeline, spec, table, &quiet).unwrap_err().to_string()
}

/// The diabetes data with a column of groups that says nothing of the target.
fn grouped() -> Table {
    let groups = Column::integer("patient", (0..442).map(|row| row * row % 23).collect());
    Table::new(table("diabetes").columns().iter().cloned().chain([groups]).collect()).unwrap()
}

#[track_caller]
fn assert_table(case: &str, found: &Searched, tolerance: f64) {
    assert_found(case, &oracle("search", case), found, tolerance);
}

#[track_caller]
fn assert_found(case: &str, expected: &Json, found: &Searched, tolerance: f64) {
    let mut candidates = found.candidates.clone();
    candidates.sort_by_key(|it| it.number);
    let of = |value: fn(&Candidate) -> f64| candidates.iter().map(value).collect::<Vec<_>>();
    let pairs = [
        ("mean_test_score", of(|it| it.mean_test_score.unwrap())),
        ("std_test_score", of(|it| it.std_test_score.unwrap())),
        ("rank_test_score", of(|it| it.rank as f64)),
        ("split0_test_score", of(|it| it.split_test_scores[0])),
    ];
    for (name, ours) in pairs {
        assert_close(&format!("{case}: {name}"), ours, numbers(&expected[name]), tolerance);
    }
    for (candidate, parameters) in candidates.iter().zip(expected["parameters"].as_array().unwrap()) {
        let Choice { name, value, .. } = &candidate.parameters[0];
        assert_eq!(serde_json::to_value(value).unwrap(), parameters[name], "{case}");
    }
    assert_eq!(found.candidates[0].number, 1 + expected["best"].as_u64().unwrap() as usize, "{case}");
}

#[test]
fn tables_are_those_of_scikit_learn() {
    let (diabetes, iris) = (table("diabetes"), table("iris"));
    let (ridge, by_row) = ridge();
    assert_table("ridge", &searched(&ridge, &by_row, &diabetes), 1e-9);

    let mut by_group = grid(by_row.parameters.clone(), FoldKind::Group, 4);
    by_group.cross_validation.group = Some("patient".into());
    assert_table("ridge_by_group", &searched(&ridge, &by_group, &grouped()), 1e-9);

    let by_time = grid(by_row.parameters, FoldKind::TimeSeries, 4);
    let by_time = SearchSpec { scoring: Some("neg_mean_absolute_error".into()), ..by_time };
    assert_table("ridge_by_time", &searched(&ridge, &by_time, &diabetes), 1e-9);

    let neighbours = pipeline(&["standard_scaler", "k_neighbors_classifier"], "species");
    let numbers = grid(vec![integers_of(1, "n_neighbors", &[1, 5, 30])], FoldKind::Stratified, 5);
    assert_table("k_neighbors", &searched(&neighbours, &numbers, &iris), 1e-12);

    let logistic = pipeline(&["standard_scaler", "logistic_regression"], "species");
    let strengths = grid(vec![numbers_of(1, "C", &[0.01, 1.0])], FoldKind::Stratified, 5);
    let strengths = SearchSpec { scoring: Some("neg_log_loss".into()), ..strengths };
    assert_table("logistic", &searched(&logistic, &strengths, &iris), 1e-4);
}

#[test]
fn a_search_of_a_tree_is_that_of_scikit_learn() {
    let tree = pipeline(&["standard_scaler", "decision_tree_regressor"], "progression");
    let depths = grid(vec![integers_of(1, "max_depth", &[1, 2])], FoldKind::Plain, 3);

    assert_table("tree", &searched(&tree, &depths, &table("diabetes")), 1e-9);
}

#[test]
fn a_halving_takes_as_many_rows_and_candidates_as_that_of_scikit_learn() {
    for case in oracle("search", "halving").as_array().unwrap() {
        let (n_candidates, n_rows) = (size(case, "n_candidates").unwrap(), size(case, "n_rows").unwrap());
        let halving = Halving { n_candidates, n_rows, n_splits: 5, n_classes: 1, factor: None, min_resources: None };

        assert_eq!(halving.rows().unwrap(), positions(&case["n_resources"]));
    }
    let (ridge, search) = ridge();
    let alphas: Vec<f64> = (1..=20).map(f64::from).collect();
    let parameters = vec![numbers_of(1, "alpha", &alphas)];
    let halving = SearchSpec { parameters, strategy: Strategy::Halving, ..search };

    let found = searched(&ridge, &halving, &table("diabetes"));

    let count = |iteration: usize| found.candidates.iter().filter(|it| it.iteration == iteration).count();
    assert_eq!([0, 1, 2, 3].map(count), [20, 7, 3, 0]);
    assert!(found.candidates[..3].iter().all(|it| it.iteration == 2 && it.n_resources == 441));
    assert!(found.candidates.iter().all(|it| it.split_test_scores.len() == 5));
}

/// What is measured without a search: fitted on the training rows alone, asked for the others.
fn by_hand(spec: &Spec, training: &Table, test: &Table) -> f64 {
    let fitted = fit(&Spec { validation_fraction: Some(0.0), ..spec.clone() }, training, &quiet).unwrap();
    let asked = Asked { table: test, target: None, sample_weight: None };
    let examination = Examination::new(&fitted.pipeline, &asked).unwrap();
    let mut answers = Answers::default();
    answers.add(&fitted.pipeline.predict(examination.part(0..test.n_rows())), examination.weights());
    examination.judge(&fitted.pipeline, &answers, &|| Ok(())).unwrap().metrics["r2"]
}

/// The last rows are far from the others: a scaler that had seen them would leave the others close together, and neighbours would
/// be others.
#[test]
fn a_transformer_learns_from_the_training_rows_of_each_fold_only() {
    let n = 40;
    let x: Vec<f64> =
        (0..n).map(|row| if row < 32 { f64::from(row * 7 % 11) } else { 500.0 + f64::from(row) }).collect();
    let z: Vec<f64> = (0..n).map(|row| f64::from(row * 5 % 13)).collect();
    let y = x.iter().zip(&z).map(|(x, z)| x.min(20.0) * 3.0 + z).collect();
    let all = Table::new(vec![Column::float("x", x), Column::float("z", z), Column::float("y", y)]).unwrap();
    let spec = pipeline(&["standard_scaler", "k_neighbors_regressor"], "y");
    let numbers = grid(vec![integers_of(1, "n_neighbors", &[2])], FoldKind::Plain, 5);

    let found = searched(&spec, &numbers, &all);

    let last = by_hand(found.best.as_ref().unwrap(), &all.slice(0, 32), &all.slice(32, 8));
    assert_eq!(found.candidates[0].split_test_scores[4].to_bits(), last.to_bits());
    let scale = fit(
        &Spec { steps: spec.steps[..1].to_vec(), target: None, features: Some(vec!["x".into(), "z".into()]), ..spec },
        &all,
        &quiet,
    );
    let scale = scale.unwrap().pipeline;
    let crate::model::Predictions::Columns(leaked) = scale.predict(scale.schema().select(&all).unwrap()) else {
        unreachable!()
    };
    let column = |at: usize, name: &str| Column::float(name, leaked.column(at).to_vec());
    let leaked = Table::new(vec![column(0, "x"), column(1, "z"), all.column("y").unwrap().clone()]).unwrap();
    let neighbours = pipeline(&["k_neighbors_regressor"], "y");
    let leaking = searched(&neighbours, &grid(vec![integers_of(0, "n_neighbors", &[2])], FoldKind::Plain, 5), &leaked);
    assert!((leaking.candidates[0].split_test_scores[4] - last).abs() > 1e-3, "a leak would not show here");
}

#[test]
fn a_candidate_that_fails_is_last_in_the_table_with_its_error_and_the_best_of_the_others_wins() {
    let spec = pipeline(&["pca", "k_neighbors_classifier"], "species");
    let parameters = vec![integers_of(0, "n_components", &[2]), integers_of(1, "n_neighbors", &[3, 500, 5])];

    let found = searched(&spec, &grid(parameters, FoldKind::Stratified, 5), &table("iris"));

    let last = &found.candidates[2];
    let error = last.error.as_deref().unwrap();
    assert_eq!((last.number, last.rank, last.mean_test_score), (2, 3, None));
    assert!(error.starts_with("fold 1 of 5: ") && error.contains("500"), "{error}");
    assert!(found.candidates[..2].iter().all(|it| it.error.is_none() && it.split_test_scores.len() == 5));
    assert_eq!(found.best.unwrap().steps[1].parameters["n_neighbors"], found.candidates[0].parameters[1].value);
}

#[test]
fn where_all_candidates_fail_the_table_says_why_and_there_is_no_best_one() {
    let spec = pipeline(&["k_neighbors_classifier"], "species");
    let numbers = grid(vec![integers_of(0, "n_neighbors", &[400, 500])], FoldKind::Stratified, 5);

    let found = searched(&spec, &numbers, &table("iris"));

    assert_eq!(found.best, None);
    assert_eq!(found.candidates.iter().map(|it| it.rank).collect::<Vec<_>>(), [1, 1]);
}

/// The rows of the iris data are sorted by their species: each third is of one that the others lack.
#[test]
fn rows_of_a_class_that_was_not_learned_are_answered_wrongly_and_no_candidate_fails() {
    let spec = pipeline(&["k_neighbors_classifier"], "species");
    let numbers = grid(vec![integers_of(0, "n_neighbors", &[3])], FoldKind::Plain, 3);

    let found = searched(&spec, &numbers, &table("iris"));

    assert_eq!(found.candidates[0].split_test_scores, [0.0; 3]);
    let halves = grid(vec![integers_of(0, "n_neighbors", &[3])], FoldKind::Plain, 2);
    let two = table("iris").slice(0, 100);
    let error = searched(&spec, &halves, &two).candidates[0].error.clone().unwrap();
    assert!(error.starts_with("fold 1 of 2: ") && error.contains("of 1 class and two are needed"), "{error}");
}

/// All but what time was taken.
fn timeless(found: Searched) -> Searched {
    let candidates = found.candidates.into_iter().map(|it| Candidate { mean_fit_seconds: 0.0, ..it }).collect();
    Searched { candidates, ..found }
}

#[test]
fn a_row_of_weight_0_is_in_no_fold_and_other_weights_count_in_scores() {
    let (ridge, spec) = ridge();
    let weighted = |weight: fn(i64) -> i64| {
        let weights = Column::integer("w", (0..442).map(weight).collect());
        let columns = table("diabetes").columns().iter().cloned().chain([weights]).collect();
        let ridge = Spec { sample_weight: Some("w".into()), ..ridge.clone() };
        timeless(searched(&ridge, &spec, &Table::new(columns).unwrap())).candidates
    };

    let without = timeless(searched(&ridge, &spec, &table("diabetes").slice(0, 400))).candidates;

    assert_eq!(weighted(|row| i64::from(row < 400)), without);
    assert_ne!(weighted(|row| if row < 400 { 1 + row % 2 } else { 0 }), without);
}

#[test]
fn a_row_of_weight_0_needs_no_group() {
    let (ridge, mut spec) = ridge();
    spec.cross_validation.kind = Some(FoldKind::Group);
    spec.cross_validation.group = Some("patient".into());
    let table = |weight: i64| {
        let groups: Vec<Option<i64>> = (0..442).map(|row| (row > 0).then_some(row * row % 23)).collect();
        let groups = Column { name: "patient".into(), values: crate::data::Values::Integer(groups.into()) };
        let weights = Column::integer("w", (0..442).map(|row| if row == 0 { weight } else { 1 }).collect());
        Table::new(table("diabetes").columns().iter().cloned().chain([groups, weights]).collect()).unwrap()
    };
    let ridge = Spec { sample_weight: Some("w".into()), ..ridge };

    assert!(searched(&ridge, &spec, &table(0)).best.is_some());
    assert!(refusal(&ridge, &spec, &table(1)).contains("row 0 is missing"));
}

#[test]
fn any_number_of_threads_finds_the_same_to_the_bit() {
    let (ridge, search_spec) = ridge();
    let alphas = Dimension { step: 1, name: "alpha".into(), choices: Choices::LogUniform(1e-3, 1e3) };
    let strategy = Strategy::Halving;
    let cross_validation = CrossValidation { shuffle: true, ..search_spec.cross_validation.clone() };
    let n_candidates = Some(9);
    let spec = SearchSpec { parameters: vec![alphas], strategy, n_candidates, cross_validation, ..search_spec };
    let found = |threads| timeless(search(threads, &ridge, &spec, &table("diabetes"), &quiet).unwrap());

    let alone = found(1);

    assert_eq!(found(3), alone);
    assert_eq!(found(100), alone);
    let other = Spec { seed: 8, ..ridge };
    assert_ne!(timeless(searched(&other, &spec, &table("diabetes"))), alone);
}

#[test]
fn progress_tells_of_each_candidate_and_its_error_ends_the_search() {
    let (ridge, spec) = ridge();
    let told = RefCell::new(Vec::new());
    let listen = |message: &str, fraction: f64| -> Result<()> {
        told.borrow_mut().push((message.to_owned(), fraction));
        Ok(())
    };

    search(2, &ridge, &spec, &table("diabetes"), &listen).unwrap();
    let stopped = search(2, &ridge, &spec, &table("diabetes"), &|message: &str, _: f64| {
        if message.starts_with("candidate 1") { Err(Error::Cancelled { what: "the job" }) } else { Ok(()) }
    });

    let told = told.into_inner();
    assert!(told.iter().any(|(message, _)| message == "candidate 2 of 4: mean r2 0.482194"), "{told:?}");
    assert!(told.is_sorted_by_key(|(_, fraction)| *fraction));
    assert_eq!(stopped.unwrap_err().code(), Code::Cancelled);
}

#[test]
fn a_group_is_no_feature_unless_it_is_named_as_one() {
    let (ridge, mut spec) = ridge();
    spec.cross_validation = CrossValidation { group: Some("patient".into()), ..CrossValidation::default() };

    let best = searched(&ridge, &spec, &grouped()).best.unwrap();

    let features = best.features.unwrap();
    assert_eq!((features.len(), features.contains(&"patient".to_owned())), (10, false));
}
