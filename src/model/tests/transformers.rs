//! Models that end with a transformer.

use super::*;
use crate::error::{Code, Error};
use crate::model::{Kind, Predictions};
use ndarray::array;

/// Three columns of which the first two are what `columns` of a step choose.
fn rows() -> Table {
    Table::new(vec![
        Column::float("a", vec![1.0, 2.0, 3.0, 6.0, 9.0]),
        Column::integer("b", vec![4, 0, 1, 7, 3]),
        Column::float("c", vec![5.0, 4.0, 2.0, 1.0, 8.0]),
    ])
    .unwrap()
}

fn of(algorithm: &str, parameters: &[(&str, Value)], columns: &[&str]) -> StepSpec {
    let columns = (!columns.is_empty()).then(|| columns.iter().map(|&name| name.to_owned()).collect());
    StepSpec { columns, ..step(algorithm, parameters) }
}

fn outputs(pipeline: &Pipeline) -> Vec<&str> {
    pipeline.schema().outputs.as_ref().unwrap().iter().map(String::as_str).collect()
}

fn transformed(pipeline: &Pipeline) -> Array2<f64> {
    let Predictions::Columns(columns) = pipeline.predict(matrix(pipeline, &rows())) else { unreachable!() };
    columns
}

#[test]
fn a_model_that_ends_with_a_transformer_answers_its_columns_and_names_them() {
    let pipeline = fitted(&spec(&[of("standard_scaler", &[], &["c", "a"])], ""), &rows()).pipeline;

    assert_eq!((pipeline.kind(), pipeline.answer_bytes()), (Kind::Transformer, 24));
    assert_eq!(outputs(&pipeline), ["a", "b", "c"]);
    let columns = transformed(&pipeline);
    assert_eq!(columns.column(1), array![4.0, 0.0, 1.0, 7.0, 3.0]);
    assert!((columns[(0, 0)] + 3.2 / 8.56f64.sqrt()).abs() < 1e-15, "{columns}");
}

#[test]
fn it_has_no_metrics_of_targets_and_holds_out_no_rows() {
    let measured = Spec { validation_fraction: None, ..spec(&[step("standard_scaler", &[])], "") };

    let fitted = fitted(&measured, &table("diabetes"));

    assert!(fitted.metrics.is_empty(), "{:?}", fitted.metrics);
    assert_eq!(fitted.n_samples, 442);
}

#[test]
fn steps_after_each_other_work_on_what_the_one_before_puts_out() {
    let twice = [step("standard_scaler", &[]), of("standard_scaler", &[("with_std", Value::Flag(false))], &["b"])];

    let pipeline = fitted(&spec(&twice, ""), &rows()).pipeline;

    let once = fitted(&spec(&twice[..1], ""), &rows()).pipeline;
    assert!((transformed(&pipeline) - transformed(&once)).iter().all(|it| it.abs() < 1e-15));
    let stored = Pipeline::from_bytes(&pipeline.to_bytes()).unwrap();
    assert_eq!(transformed(&stored), transformed(&pipeline));
}

#[test]
fn stored_names_that_are_not_those_of_the_last_step_are_refused() {
    let mut pipeline = fitted(&spec(&[step("standard_scaler", &[])], ""), &rows()).pipeline;
    for names in [None, Some(vec!["a".to_owned(), "b".into()]), Some(vec!["a".into(), "c".into(), "b".into()])] {
        pipeline.schema.outputs = names;

        let refused = Pipeline::from_bytes(&pipeline.to_bytes()).unwrap_err();

        assert!(matches!(&refused, Error::Damaged { why, .. } if why.contains("columns that it answers")), "{refused}");
        assert_eq!(refused.code(), Code::Internal);
    }
}

fn pca(n_components: i64, columns: &[&str]) -> StepSpec {
    of("pca", &[("n_components", Value::Integer(n_components))], columns)
}

#[test]
fn a_step_that_makes_other_columns_puts_them_behind_those_that_it_does_not_take() {
    let wide = fitted(&spec(&[pca(1, &["c", "a"])], ""), &rows()).pipeline;

    let alone = Spec { features: Some(vec!["c".into(), "a".into()]), ..spec(&[pca(1, &[])], "") };
    let alone = fitted(&alone, &rows()).pipeline;
    assert_eq!((outputs(&wide), outputs(&alone)), (vec!["b", "pca0"], vec!["pca0"]));
    let columns = transformed(&wide);
    assert_eq!(columns.column(0), array![4.0, 0.0, 1.0, 7.0, 3.0]);
    assert_eq!(columns.column(1), transformed(&alone).column(0));
    assert!(columns.is_standard_layout());
}

#[test]
fn columns_of_a_later_step_are_those_that_are_there_at_that_step() {
    let scale = |columns: &[&str]| of("standard_scaler", &[], columns);
    let steps = [pca(1, &["a", "b"]), pca(1, &["c"]), scale(&["pca1", "pca0"])];

    let pipeline = fitted(&spec(&steps, ""), &rows()).pipeline;

    assert_eq!(outputs(&pipeline), ["pca0", "pca1"]);
    let deviations = transformed(&pipeline).std_axis(ndarray::Axis(0), 0.0);
    assert!(deviations.iter().all(|it| (it - 1.0).abs() < 1e-12), "{deviations}");
    let stored = Pipeline::from_bytes(&pipeline.to_bytes()).unwrap();
    assert_eq!(transformed(&stored), transformed(&pipeline));
}

#[test]
fn columns_that_are_gone_are_refused_before_rows_are_read_if_it_can_be_told_and_else_at_the_fit() {
    let after = |first: StepSpec| spec(&[first, of("standard_scaler", &[], &["a"])], "");
    let share = of("pca", &[("n_components", Value::Number(0.5))], &["a", "b"]);

    let early = after(pca(1, &["a", "b"])).check(&rows().schema()).unwrap_err().to_string();
    after(share.clone()).check(&rows().schema()).unwrap();
    let late = fit(&after(share), &rows(), &quiet).unwrap_err().to_string();

    for message in [early, late] {
        let expected = "column \"a\" of step standard_scaler is not there; at that step there are c, pca0";
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn more_components_than_columns_are_refused_before_rows_are_read() {
    let refused = |columns: &[&str]| spec(&[pca(3, columns)], "").check(&rows().schema());

    refused(&[]).unwrap();
    let message = refused(&["a", "c"]).unwrap_err().to_string();
    assert!(message.contains("n_components is 3 and it works on 2 columns"), "{message}");
}

#[test]
fn an_estimator_learns_from_the_columns_that_reach_it() {
    let steps = |count| [pca(count, &[]), step("linear_regression", &[])];
    let plain = fitted(&spec(&[step("linear_regression", &[])], "progression"), &table("diabetes"));

    let all = fitted(&spec(&steps(10), "progression"), &table("diabetes"));
    let few = fitted(&spec(&steps(3), "progression"), &table("diabetes"));

    assert!((all.metrics["training_r2"] - plain.metrics["training_r2"]).abs() < 1e-12);
    assert_eq!((array(&few.pipeline, "coefficients").len(), few.pipeline.schema().outputs.as_ref()), (3, None));
    let one = spec(&[pca(1, &[]), step("isotonic_regression", &[])], "c");
    assert_eq!(fitted(&one, &rows()).pipeline.kind(), Kind::Regressor, "one column reaches it");
}

#[test]
fn the_metric_of_principal_components_is_the_share_that_they_explain() {
    let measured = fitted(&spec(&[step("standard_scaler", &[]), pca(2, &[])], ""), &rows()).metrics;

    assert_eq!(measured.keys().collect::<Vec<_>>(), ["explained_variance_ratio"]);
    assert!((0.7..1.0).contains(&measured["explained_variance_ratio"]), "{measured:?}");
}

#[test]
fn no_step_is_fitted_on_what_is_beyond_the_range_of_floats() {
    let large = Table::new((0..9).map(|at| Column::float(format!("x{at}"), vec![1.7e308, -1.7e308, 0.0])).collect());
    let project = of("gaussian_random_projection", &[("n_components", Value::Integer(5))], &[]);
    let groups = step("k_means", &[("n_clusters", Value::Integer(2))]);

    let refused = fit(&spec(&[project, groups], ""), &large.unwrap(), &quiet).unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    let expected = "what gaussian_random_projection makes of the rows is beyond the range of floats";
    assert!(refused.to_string().contains(expected), "{refused}");
}
