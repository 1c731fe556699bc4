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
