//! Metrics of rows that a model has not seen.

use super::*;
use crate::data::Values;
use crate::error::{Code, Error};
use crate::model::fit_on;
use crate::model::validation::{Split, VALIDATION_FRACTION};
use std::cell::RefCell;

/// Of a classifier, by rows that it has seen.
const SEEN: [&str; 5] =
    ["training_accuracy", "training_balanced_accuracy", "training_f1_macro", "training_log_loss", "training_roc_auc"];

/// With the share of rows that is held out where nothing is said.
fn measured(steps: &[StepSpec], target: &str) -> Spec {
    Spec { validation_fraction: None, ..spec(steps, target) }
}

/// Some rows of a table.
fn rows_of(table: &Table, rows: &[usize]) -> Table {
    let columns = table.columns().iter().map(|column| match &column.values {
        Values::Float(array) => Column::float(&column.name, rows.iter().map(|row| array.value(*row)).collect()),
        Values::Integer(array) => Column::integer(&column.name, rows.iter().map(|row| array.value(*row)).collect()),
        Values::Text(array) => {
            Column::text(&column.name, &rows.iter().map(|row| array.value(*row)).collect::<Vec<_>>())
        }
        Values::Boolean(_) => unreachable!("no table of the fixtures has them"),
    });
    Table::new(columns.collect()).unwrap()
}

/// Targets that have nothing to do with the features.
fn noise() -> Table {
    let mixed = |row: u64, factor: u64| (row.wrapping_mul(factor).rotate_left(17) % 10_007) as f64;
    let column = |name: &str, factor| Column::float(name, (0..400).map(|row| mixed(row + 1, factor)).collect());
    Table::new(vec![column("x", 0x9E37_79B9_7F4A_7C15), column("y", 0xD1B5_4A32_D192_ED03)]).unwrap()
}

#[test]
fn a_model_that_has_its_rows_by_heart_is_found_out() {
    let nearest = step("k_neighbors_regressor", &[("n_neighbors", Value::Integer(1))]);

    let metrics = fitted(&measured(&[nearest], "y"), &noise()).metrics;

    assert_eq!(metrics["training_r2"], 1.0);
    assert!(metrics["r2"] < 0.0, "{metrics:?}");
}

/// The scaler, too, is that of the rows that were learned from: neighbours depend on it.
#[test]
fn they_are_those_of_a_pipeline_of_the_other_rows() {
    let cases = [("iris", "species", "k_neighbors_classifier"), ("wine", "quality", "k_neighbors_regressor")];
    for (name, target, algorithm) in cases {
        let (table, steps) = (table(name), [step("standard_scaler", &[]), step(algorithm, &[])]);
        let all = fitted(&spec(&steps, target), &table);
        let targets = Targets::read(all.pipeline.kind(), table.column(target).unwrap()).unwrap();
        let Split { training, held_out } = Split::of(&targets, VALIDATION_FRACTION, 7).unwrap();
        let second = fitted(&spec(&steps, target), &rows_of(&table, &training)).pipeline;
        let (rows, own) = (matrix(&second, &rows_of(&table, &held_out)), targets.select(&held_out));
        let weights = vec![1.0; held_out.len()];
        let held_out = Rows::new(&rows, own.view(), &weights);
        let expected = crate::model::metrics::of(|rows| second.predict(rows), held_out, |_| Ok(())).unwrap();

        let found = fitted(&measured(&steps, target), &table);

        assert_eq!(found.pipeline.to_bytes(), all.pipeline.to_bytes(), "{name}");
        assert_eq!(found.metrics, expected.into_iter().chain(all.metrics).collect(), "{name}");
    }
}

#[test]
fn what_is_learned_does_not_depend_on_the_share_that_is_held_out() {
    let forest = step("random_forest_classifier", &[("n_estimators", Value::Integer(3))]);
    let of = |share| {
        fitted(&Spec { validation_fraction: share, ..spec(std::slice::from_ref(&forest), "species") }, &table("iris"))
    };

    let (none, some, half) = (of(Some(0.0)), of(None), of(Some(0.5)));

    assert_eq!(some.pipeline.to_bytes(), none.pipeline.to_bytes());
    assert_eq!(half.pipeline.to_bytes(), none.pipeline.to_bytes());
    assert_eq!(none.metrics.keys().collect::<Vec<_>>(), SEEN);
    assert_eq!(some.metrics.len(), 2 * SEEN.len());
    assert_ne!(some.metrics["log_loss"], half.metrics["log_loss"]);
}

#[test]
fn any_number_of_threads_measures_the_same() {
    let spec = measured(&[step("standard_scaler", &[]), step("logistic_regression", &[])], "species");
    let of = |threads| fit_on(threads, &spec, &table("iris"), &quiet).unwrap().metrics;

    assert_eq!(of(1), of(4));
}

#[test]
fn a_second_model_that_too_few_rows_are_left_for_is_told_and_left_out() {
    let most = step("k_neighbors_classifier", &[("n_neighbors", Value::Integer(140))]);
    let told = RefCell::new(vec![]);
    let telling = |message: &str, _| {
        told.borrow_mut().push(message.to_owned());
        Ok(())
    };

    let fitted = fit(&measured(&[most], "species"), &table("iris"), &telling).unwrap();

    assert_eq!(fitted.metrics.keys().collect::<Vec<_>>(), SEEN);
    let last = told.into_inner().pop().unwrap();
    assert!(last.starts_with("not measured on held-out rows: ") && last.contains("140"), "{last}");
}

#[test]
fn a_fit_tells_that_it_fits_twice_and_how_to_leave_that_out_and_is_cancelled_meanwhile() {
    let spec = measured(&[step("standard_scaler", &[]), step("logistic_regression", &[])], "species");
    let told = RefCell::new(vec![]);
    let cancelling = |message: &str, share: f64| {
        told.borrow_mut().push((message.to_owned(), share));
        if message == "fitting logistic_regression, to be measured" {
            return Err(Error::Cancelled { what: "the job" });
        }
        Ok(())
    };

    let refused = fit(&spec, &table("iris"), &cancelling).unwrap_err();

    assert_eq!(refused.code(), Code::Cancelled);
    let told = told.into_inner();
    assert!(told.is_sorted_by(|one, next| one.1 <= next.1), "{told:?}");
    let again = ("measuring a model of 120 rows on 30 others; validation_fraction 0 leaves this out".to_owned(), 0.5);
    assert!(told.contains(&again), "{told:?}");
}

#[test]
fn a_mixture_is_measured_on_rows_that_a_second_one_has_not_seen() {
    let flowers = Table::new(table("iris").columns()[..4].to_vec()).unwrap();
    let steps = [step("standard_scaler", &[]), step("gaussian_mixture", &[("n_components", Value::Integer(12))])];
    let Split { training, held_out } = Split::of_rows(150, VALIDATION_FRACTION, 7).unwrap();
    let second = fitted(&spec(&steps, ""), &rows_of(&flowers, &training)).pipeline;
    let rows = matrix(&second, &rows_of(&flowers, &held_out));
    let scaled = second.transformers[0].transform(rows);
    let densities = second.last.model().unwrap().log_densities(scaled.view()).unwrap();

    let metrics = fitted(&measured(&steps, ""), &flowers).metrics;

    assert_eq!(metrics.keys().collect::<Vec<_>>(), ["log_likelihood", "training_log_likelihood"]);
    assert_eq!(metrics["log_likelihood"], densities.iter().sum::<f64>() / 30.0);
    assert!(metrics["log_likelihood"] < metrics["training_log_likelihood"], "{metrics:?}");
}

#[test]
fn a_cluster_has_no_target_to_miss() {
    let flowers = Table::new(table("iris").columns()[..4].to_vec()).unwrap();

    let metrics = fitted(&measured(&[step("k_means", &[])], ""), &flowers).metrics;

    assert_eq!(metrics.keys().collect::<Vec<_>>(), ["inertia"]);
}
