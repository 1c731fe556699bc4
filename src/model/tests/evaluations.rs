//! What a model is worth on rows that a caller brings.

use super::oracles::assert_close;
use super::*;
use crate::data::{ColumnType, Values};
use crate::error::Error;
use crate::model::metrics::{Answers, CHUNK};
use crate::model::{Asked, Evaluation, Examination};

/// Answers chunk by chunk, held against the truth.
fn evaluate(pipeline: &Pipeline, asked: &Asked<'_>) -> Result<Evaluation> {
    let examination = Examination::new(pipeline, asked)?;
    let mut answers = Answers::default();
    for from in (0..examination.n_rows()).step_by(CHUNK) {
        let rows = from..examination.n_rows().min(from + CHUNK);
        answers.add(&pipeline.predict(examination.part(rows.clone())), &examination.weights()[rows]);
    }
    examination.judge(pipeline, &answers, &|| Ok(()))
}

fn on<'a>(table: &'a Table) -> Asked<'a> {
    Asked { table, target: None, sample_weight: None }
}

fn with(table: &Table, column: Column) -> Table {
    Table::new(table.columns().iter().cloned().chain([column]).collect()).unwrap()
}

#[test]
fn rows_that_a_model_was_fitted_on_have_its_training_metrics() {
    let cases = [("iris", "species", "logistic_regression"), ("diabetes", "progression", "ridge")];
    for (name, target, algorithm) in cases {
        let (table, steps) = (table(name), [step("standard_scaler", &[]), step(algorithm, &[])]);
        let Fitted { pipeline, metrics, n_samples, .. } = fitted(&spec(&steps, target), &table);

        let found = evaluate(&pipeline, &on(&table)).unwrap();

        assert_eq!(found.n_samples, n_samples);
        for (name, value) in metrics {
            assert_close(&name, [found.metrics[name.strip_prefix("training_").unwrap()]], [value], 1e-12);
        }
    }
}

#[test]
fn a_mixture_is_evaluated_by_the_densities_of_rows() {
    let flowers = Table::new(table("iris").columns()[..4].to_vec()).unwrap();
    let steps = [step("standard_scaler", &[]), step("gaussian_mixture", &[])];
    let Fitted { pipeline, metrics, .. } = fitted(&spec(&steps, ""), &flowers);

    let found = evaluate(&pipeline, &on(&flowers)).unwrap();

    assert_close("log_likelihood", [found.metrics["log_likelihood"]], [metrics["training_log_likelihood"]], 1e-12);
}

#[test]
fn rows_of_weight_two_are_two_and_columns_that_the_model_does_not_take_are_passed_over() {
    let flowers = table("iris");
    let pipeline = fitted(&spec(&[step("gaussian_nb", &[])], "species"), &flowers).pipeline;
    let weights: Vec<f64> = (0..150).map(|row| (row % 3) as f64).collect();
    let twice: Vec<usize> = (0..150).flat_map(|row| vec![row; row % 3]).collect();
    let column = |column: &Column| match &column.values {
        Values::Float(array) => Column::float(&column.name, twice.iter().map(|row| array.value(*row)).collect()),
        Values::Text(array) => {
            Column::text(&column.name, &twice.iter().map(|row| array.value(*row)).collect::<Vec<_>>())
        }
        _ => unreachable!("iris has numbers and names"),
    };
    let repeated = Table::new(flowers.columns().iter().map(column).collect()).unwrap();
    let weighted = with(&with(&flowers, Column::float("w", weights)), Column::text("note", &vec!["x"; 150]));

    let by_weight = evaluate(&pipeline, &Asked { sample_weight: Some("w"), ..on(&weighted) }).unwrap();

    let by_row = evaluate(&pipeline, &on(&repeated)).unwrap();
    assert_eq!((by_weight.n_samples, by_row.n_samples), (100, 150));
    assert_eq!(by_weight.metrics.len(), 12);
    by_weight.metrics.iter().for_each(|(name, value)| assert_close(name, [*value], [by_row.metrics[name]], 1e-12));
    assert_eq!(by_weight.classes, by_row.classes);
}

#[test]
fn clusters_are_judged_as_they_reach_the_last_step_and_against_a_truth() {
    let flowers = table("iris");
    let columns = Table::new(flowers.columns()[..4].to_vec()).unwrap();
    let three = step("k_means", &[("n_clusters", Value::Integer(3))]);
    let Fitted { pipeline, metrics, .. } = fitted(&spec(&[step("standard_scaler", &[]), three], ""), &columns);

    let alone = evaluate(&pipeline, &on(&flowers)).unwrap();
    let held_against = evaluate(&pipeline, &Asked { target: Some("species"), ..on(&flowers) }).unwrap();

    assert_close("inertia", [alone.metrics["inertia"]], [metrics["inertia"]], 1e-12);
    assert_eq!(alone.metrics.keys().collect::<Vec<_>>(), ["davies_bouldin", "inertia", "silhouette"]);
    assert_eq!(alone.silhouette_samples, Some(150));
    // scikit-learn's of these groups, which its k-means finds too, from some first centres.
    assert_close("inertia", [alone.metrics["inertia"]], [139.8254], 1e-6);
    assert_close("silhouette", [alone.metrics["silhouette"]], [0.459_377_920_744_966_25], 1e-12);
    assert_close("adjusted_rand", [held_against.metrics["adjusted_rand"]], [0.610_072_850_528_560_8], 1e-12);
}

#[test]
fn a_class_that_the_model_does_not_know_is_never_met() {
    let flowers = table("iris");
    let pipeline = fitted(&spec(&[step("gaussian_nb", &[])], "species"), &flowers.slice(0, 100)).pipeline;

    let found = evaluate(&pipeline, &on(&flowers)).unwrap();

    let report = found.classes.unwrap();
    assert_eq!(
        (report.classes[2].recall, report.classes[2].precision, report.classes[2].support),
        (Some(0.0), None, 50.0)
    );
    assert_close("accuracy", [found.metrics["accuracy"]], [100.0 / 150.0], 1e-12);
    assert!(!found.metrics.contains_key("log_loss") && !found.metrics.contains_key("roc_auc"), "{:?}", found.metrics);
}

#[test]
fn what_does_not_suit_is_refused_with_column_row_and_advice() {
    let flowers = table("iris");
    let classifier = fitted(&spec(&[step("gaussian_nb", &[])], "species"), &flowers).pipeline;
    let columns = Table::new(flowers.columns()[..4].to_vec()).unwrap();
    let clusterer = fitted(&spec(&[step("k_means", &[])], ""), &columns).pipeline;
    let detector = fitted(&spec(&[step("one_class_svm", &[])], ""), &columns).pipeline;
    let regressor = fitted(&spec(&[step("ridge", &[])], "petal_width"), &columns).pipeline;
    let refusal = |pipeline: &Pipeline, asked: Asked<'_>| evaluate(pipeline, &asked).unwrap_err().to_string();
    let weighted = with(&flowers, Column::float("w", vec![0.0; 150]));
    let missing = Column { name: "late".into(), values: Values::Text(vec![Some("setosa"), None].into()) };
    let missing = with(&flowers.slice(0, 2), missing);

    let of = |target| Asked { target: Some(target), ..on(&flowers) };
    let cases = [
        (refusal(&classifier, on(&columns)), "target \"species\" is not a column; there are sepal_length"),
        (
            refusal(&classifier, of("petal_width")),
            "target \"petal_width\" is float and the classes of the model are text",
        ),
        (refusal(&regressor, of("species")), "target \"species\" is text and the model answers numbers"),
        (refusal(&clusterer, of("petal_width")), "target \"petal_width\" is float and groups are named by"),
        (refusal(&detector, of("species")), "an outlier_detector is evaluated without a target"),
        (refusal(&classifier, Asked { target: Some("late"), ..on(&missing) }), "target \"late\" row 1 is missing"),
        (refusal(&classifier, Asked { sample_weight: Some("w"), ..on(&weighted) }), "\"w\" is 0 in all 150 rows"),
        (refusal(&clusterer, Asked { sample_weight: Some("w"), ..on(&weighted) }), "leave sample_weight \"w\" out"),
        (refusal(&classifier, on(&flowers.slice(0, 0))), "no rows to evaluate on"),
        (
            refusal(&classifier, on(&Table::new(flowers.columns()[1..].to_vec()).unwrap())),
            "\"sepal_length\" (float) is missing",
        ),
    ];

    for (message, expected) in cases {
        assert!(message.contains(expected), "{message}");
    }
    assert_eq!(flowers.column("species").unwrap().values.column_type(), ColumnType::Text);
}

#[test]
fn a_judgement_that_nobody_waits_for_ends() {
    let flowers = table("iris");
    let pipeline = fitted(&spec(&[step("gaussian_nb", &[])], "species"), &flowers).pipeline;
    let examination = Examination::new(&pipeline, &on(&flowers)).unwrap();
    let mut answers = Answers::default();
    answers.add(&pipeline.predict(examination.part(0..150)), examination.weights());

    let stopped = examination.judge(&pipeline, &answers, &|| Err(Error::Cancelled { what: "the call" }));

    assert_eq!(stopped.unwrap_err().code(), crate::error::Code::Cancelled);
}
