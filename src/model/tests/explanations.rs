//! What each column adds comes to what is answered.

use super::*;
use crate::data::Values;
use crate::error::Code;
use crate::model::{ALGORITHMS, Explanation, Kind, Predictions, Scale};
use ndarray::{Array1, Axis};

fn explained(spec: &Spec, table: &Table) -> Result<(Explanation, Predictions)> {
    let pipeline = fitted(spec, table).pipeline;
    let rows = matrix(&pipeline, table).slice_axis(Axis(0), (..40).into()).to_owned();
    let explanation = pipeline.explain(rows.clone(), &|| Ok(()))?;
    if explanation.scale == Scale::Decision {
        let decisions = pipeline.last.model().unwrap().decisions(pipeline.transformed(rows).view());
        return Ok((explanation, Predictions::Columns(decisions.unwrap())));
    }
    Ok((explanation, pipeline.predict(rows)))
}

/// What the sums of an explanation say is answered.
fn answers(explanation: &Explanation) -> Array2<f64> {
    let mut sums = explanation.sums();
    match explanation.scale {
        Scale::Value | Scale::Probability | Scale::Decision => {}
        Scale::LogValue => sums.mapv_inplace(f64::exp),
        Scale::Score => {
            sums.mapv_inplace(f64::exp);
            let totals: Array1<f64> = sums.sum_axis(Axis(1));
            sums /= &totals.insert_axis(Axis(1));
        }
    }
    sums
}

/// What each regressor and classifier can learn.
fn learning(algorithm: &str, kind: Kind, takes_one_column: bool) -> (Spec, Table) {
    let (target, table) = match kind {
        Kind::Classifier => ("species", table("iris")),
        _ => ("progression", table("diabetes")),
    };
    let features = takes_one_column.then(|| vec!["bmi".to_owned()]);
    (Spec { features, ..spec(&scaled_if_it_must(algorithm), target) }, table)
}

#[test]
fn what_columns_add_comes_to_what_each_algorithm_answers_or_the_algorithm_says_that_it_cannot() {
    let mut explains = vec![];
    for algorithm in ALGORITHMS.iter().filter(|it| matches!(it.kind(), Kind::Regressor | Kind::Classifier)) {
        let (spec, table) = learning(algorithm.name(), algorithm.kind(), algorithm.takes_one_column());

        match explained(&spec, &table) {
            Err(error) => {
                assert_eq!(error.code(), Code::FailedPrecondition);
                assert!(error.to_string().starts_with(&format!("{} does not answer", algorithm.name())), "{error}");
            }
            Ok((explanation, predictions)) => {
                let expected = match predictions {
                    Predictions::Values(values) => values.insert_axis(Axis(1)),
                    Predictions::Classes { probabilities, .. } => probabilities,
                    Predictions::Columns(decisions) => decisions,
                    other => panic!("{other:?}"),
                };
                let sums = answers(&explanation);
                let close = sums.iter().zip(&expected).all(|(sum, it)| (sum - it).abs() <= 1e-9 * it.abs().max(1.0));
                assert!(close && sums.dim() == expected.dim(), "{}: {sums} and {expected}", algorithm.name());
                explains.push(algorithm.name());
            }
        }
    }
    for name in ["linear_regression", "logistic_regression", "poisson_regressor", "random_forest_classifier"] {
        assert!(explains.contains(&name), "{explains:?}");
    }
    assert!(!explains.contains(&"svr") && !explains.contains(&"mlp_regressor"), "{explains:?}");
}

/// What answers no sum is not in the table of docs/serving.md, and all that does is.
#[test]
fn the_page_on_serving_names_what_can_be_explained_with_its_scale() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/serving.md")).unwrap();
    let section = page.split("## What each column adds").nth(1).unwrap();
    for algorithm in ALGORITHMS.iter().filter(|it| matches!(it.kind(), Kind::Regressor | Kind::Classifier)) {
        let name = format!("`{}`", algorithm.name());
        let row = section.lines().find(|line| line.starts_with('|') && line.contains(&name));
        let (spec, table) = learning(algorithm.name(), algorithm.kind(), algorithm.takes_one_column());

        let scale = explained(&spec, &table).ok().map(|(explanation, _)| explanation.scale.name());

        assert_eq!(scale.is_some(), row.is_some(), "{name} of {scale:?} in docs/serving.md");
        let told = row.zip(scale).is_none_or(|(row, scale)| row.contains(&format!("`{scale}`")));
        assert!(told, "docs/serving.md has not the scale of {name}, {scale:?}");
    }
}

/// Behind a scaler the mean row is one of zeros.
#[test]
fn behind_a_scaler_a_linear_model_is_compared_with_the_mean_row() {
    let table = table("diabetes");
    let (explanation, _) =
        explained(&spec(&[step("standard_scaler", &[]), step("ridge", &[])], "progression"), &table).unwrap();

    let Values::Integer(targets) = &table.columns().last().unwrap().values else { panic!("progression is integer") };
    let mean = targets.values().iter().map(|it| *it as f64).sum::<f64>() / targets.values().len() as f64;

    assert!((explanation.base_values[0] - mean).abs() < 1e-9, "{} and {mean}", explanation.base_values);
}

#[test]
fn a_row_that_overflows_is_named() {
    let pipeline = fitted(&spec(&[step("linear_regression", &[])], "progression"), &table("diabetes")).pipeline;
    let mut rows = Array2::zeros((3, pipeline.schema().features.len()));
    rows.row_mut(2).fill(f64::MAX);

    let error = pipeline.explain(rows, &|| Ok(())).unwrap_err();

    assert!(error.to_string().starts_with("row 2 has values that are too large"), "{error}");
}

#[test]
fn explaining_trees_stops_when_it_is_told_to() {
    let pipeline = fitted(&spec(&[step("decision_tree_regressor", &[])], "progression"), &table("diabetes")).pipeline;
    let rows = matrix(&pipeline, &table("diabetes"));

    let stopped = pipeline.explain(rows, &|| Err(crate::error::Error::Cancelled { what: "the call" }));

    assert_eq!(stopped.unwrap_err().code(), Code::Cancelled);
}
