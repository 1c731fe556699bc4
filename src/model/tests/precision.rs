//! What f32 changes, and what it does not.

use super::*;
use crate::error::Code;
use crate::model::Predictions;
use ndarray::Array2;
use sha2::{Digest, Sha256};

/// The same estimator in both precisions, with rows that it takes: a regressor, two and three classes, clusters.
fn both() -> Vec<([Pipeline; 2], Array2<f64>)> {
    let cases = [
        ("linear_regression", "quality", table("wine")),
        ("logistic_regression", "species", table("iris").slice(50, 100)),
        ("logistic_regression", "species", table("iris")),
        ("k_means", "", Table::new(table("iris").columns()[..4].to_vec()).unwrap()),
    ];
    let fitted = cases.map(|(algorithm, target, table)| {
        let pipelines = ["f64", "f32"].map(|precision| {
            let last = step(algorithm, &[("precision", Value::Text(precision.into()))]);
            fitted(&spec(&[step("standard_scaler", &[]), last], target), &table).pipeline
        });
        let rows = matrix(&pipelines[0], &table);
        (pipelines, rows)
    });
    fitted.into()
}

fn numbers(pipeline: &Pipeline, rows: &Array2<f64>) -> Vec<f64> {
    bits(pipeline, rows.view()).concat().into_iter().map(f64::from_bits).collect()
}

#[test]
fn f32_answers_what_f64_answers_to_a_millionth_of_the_largest_number() {
    for ([wide, narrow], rows) in both() {
        let (wide, narrow) = (numbers(&wide, &rows), numbers(&narrow, &rows));

        let largest = wide.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let furthest = wide.iter().zip(&narrow).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
        assert!(furthest > 0.0 && furthest <= 1e-6 * largest, "{furthest} of {largest}");
    }
}

#[test]
fn what_f32_learned_is_stored_as_it_is_computed_with() {
    for ([_, narrow], rows) in both() {
        let bytes = narrow.to_bytes();

        let read = Pipeline::from_bytes(&bytes).unwrap();

        let learned = narrow.last.arrays();
        assert!(learned.iter().flat_map(|(_, values)| values).all(|value| f64::from(*value as f32) == *value));
        assert_eq!(read.to_bytes(), bytes);
        assert_eq!(read.predict(rows.view()), narrow.predict(rows.view()));
        assert_eq!(read.steps()[1].parameters["precision"], Value::Text("f32".into()));
    }
}

/// As it was written before there was a choice.
fn without_precision(pipeline: &Pipeline) -> Vec<u8> {
    let bytes = pipeline.to_bytes();
    let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let head = std::str::from_utf8(&bytes[16..16 + length]).unwrap();
    let old = head.replacen(",\"precision\":\"f64\"", "", 1);
    assert_ne!(old, head);
    let mut content = [&bytes[..12], &(old.len() as u32).to_le_bytes(), old.as_bytes()].concat();
    content.resize(content.len().next_multiple_of(64), 0);
    content.extend_from_slice(&bytes[(16 + length).next_multiple_of(64)..bytes.len() - 32]);
    let digest = Sha256::digest(&content);
    [content, digest.to_vec()].concat()
}

#[test]
fn a_model_that_was_stored_before_there_was_a_choice_predicts_in_f64_and_keeps_its_bytes() {
    for ([wide, _], rows) in both() {
        let old = without_precision(&wide);

        let read = Pipeline::from_bytes(&old).unwrap();

        assert_eq!(read.predict(rows.view()), wide.predict(rows.view()));
        assert_eq!(read.to_bytes(), old);
    }
}

#[test]
fn what_f32_cannot_hold_is_refused_when_it_was_learned_and_rounded_where_it_is_asked() {
    let tiny = Column::float("x", vec![1e-50, 2e-50, 3e-50]);
    let rows = Table::new(vec![tiny, Column::float("y", vec![1.0, 2.0, 3.0])]).unwrap();
    let parameters = [("precision", Value::Text("f32".into()))];
    let steep = spec(&[step("linear_regression", &parameters)], "y");
    let flat = Table::new(vec![Column::float("x", vec![1.0, 2.0]), Column::float("y", vec![0.0, 1e-3])]).unwrap();

    let refused = fit(&steep, &rows, &quiet).unwrap_err();
    let answer = fitted(&steep, &flat).pipeline.predict(ndarray::array![[1e300]]);

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.to_string().contains("beyond the range of f32"), "{refused}");
    let Predictions::Values(values) = answer else { unreachable!() };
    assert!((values[0] / 3.4e35 - 1.0).abs() < 1e-2, "{values}");
}
