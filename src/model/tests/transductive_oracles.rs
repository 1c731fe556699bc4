//! What scikit-learn makes of the same training rows (`tests/fixtures/make_transductive_oracles.py`).

use super::*;
use crate::model::{TrainingResult, Transduced};
use serde_json::Value as Json;

pub(super) fn cases(algorithm: &str) -> Vec<Json> {
    let text = std::fs::read_to_string(fixture(&format!("oracles/{algorithm}.json"))).unwrap();
    let oracle: Json = serde_json::from_str(&text).unwrap();
    oracle["cases"].as_array().unwrap().clone()
}

/// What comes of a case, of scaled columns if it says so.
pub(super) fn fitted_case(algorithm: &str, case: &Json) -> Transduced {
    let given = case["parameters"].as_object().unwrap();
    let given: Vec<(&str, Value)> =
        given.iter().map(|(name, value)| (name.as_str(), serde_json::from_value(value.clone()).unwrap())).collect();
    let scaled = case.get("scaled").is_some().then(|| step("standard_scaler", &[]));
    let steps: Vec<StepSpec> = scaled.into_iter().chain([step(algorithm, &given)]).collect();
    let all = table(case["table"].as_str().unwrap());
    let features = all.columns()[..all.columns().len() - 1].to_vec();
    let Fitted { pipeline, metrics, .. } = fitted(&spec(&steps, ""), &Table::new(features).unwrap());
    Transduced { result: pipeline.training_result().unwrap().clone(), metrics }
}

#[track_caller]
fn assert_labels(algorithm: &str) {
    for case in cases(algorithm) {
        let what = format!("{algorithm} of {}, {}", case["table"], case["parameters"]);
        let expected: Vec<i64> = serde_json::from_value(case["labels"].clone()).unwrap();

        let Transduced { result, metrics } = fitted_case(algorithm, &case);

        let TrainingResult::Labels(labels) = result else { panic!("{what} has no labels") };
        let different = labels.iter().zip(&expected).filter(|(ours, theirs)| ours != theirs).count();
        assert_eq!((labels.len(), different), (expected.len(), 0), "{what}");
        assert_eq!(metrics["n_clusters"], (expected.iter().max().unwrap() + 1) as f64, "{what}");
        let noise = expected.iter().filter(|label| **label < 0).count() as f64 / expected.len() as f64;
        assert_eq!(metrics["noise"], noise, "{what}");
    }
}

#[test]
fn dbscan_labels_rows_as_scikit_learn_does() {
    assert_labels("dbscan");
}

#[test]
fn merged_clusters_are_those_of_scikit_learn_and_have_its_numbers() {
    assert_labels("agglomerative_clustering");
}

#[test]
fn optics_labels_rows_as_scikit_learn_does() {
    assert_labels("optics");
}
