//! The same metrics as sklearn.metrics (`tests/fixtures/make_metric_oracles.py`).

use super::oracles::{assert_close, numbers, oracle};
use super::*;
use crate::data::Labels;
use crate::model::Predictions;
use crate::model::metrics::{Answers, Classified, Metrics, adjusted_rand, davies_bouldin, regression, silhouette};
use serde_json::Value as Json;
use std::sync::Arc;

fn positions(json: &Json) -> Vec<usize> {
    serde_json::from_value(json.clone()).unwrap()
}

/// All that are expected, and no others.
#[track_caller]
fn assert_metrics(what: &str, ours: &Metrics, expected: &Json) {
    let expected = expected.as_object().unwrap();
    assert_eq!(ours.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{what}");
    expected
        .iter()
        .for_each(|(name, value)| assert_close(&format!("{what}: {name}"), [ours[name]], numbers(value), 1e-12));
}

#[test]
fn metrics_of_numbers_are_those_of_scikit_learn() {
    for (at, case) in oracle("metrics", "regression").as_array().unwrap().iter().enumerate() {
        let [answers, truth, weights] = ["answers", "truth", "weights"].map(|name| numbers(&case[name]));

        assert_metrics(&format!("case {at}"), &regression(&answers, &truth, &weights), &case["metrics"]);
    }
}

/// A model whose classes are 0, 1, 2, …, as many as there are probabilities for a row; the row with the largest one is answered.
fn answered(probabilities: &Json, weights: &[f64]) -> (Answers, usize) {
    let n_classes = probabilities[0].as_array().unwrap().len();
    let probabilities = Array2::from_shape_vec((weights.len(), n_classes), numbers(probabilities)).unwrap();
    let first_largest = |row: ndarray::ArrayView1<'_, f64>| {
        (0..n_classes).fold(0, |best, class| if row[class] > row[best] { class } else { best })
    };
    let labels = probabilities.rows().into_iter().map(first_largest).collect();
    let classes = Arc::new(Labels::Integer((0..n_classes as i64).collect()));
    let mut answers = Answers::default();
    answers.add(&Predictions::Classes { labels, probabilities, classes }, weights);
    (answers, n_classes)
}

#[test]
fn metrics_of_classes_are_those_of_scikit_learn() {
    for (at, case) in oracle("metrics", "classification").as_array().unwrap().iter().enumerate() {
        let (what, truth, weights) = (format!("case {at}"), positions(&case["truth"]), numbers(&case["weights"]));
        let (answers, n_classes) = answered(&case["probabilities"], &weights);
        let n_labels = n_classes.max(1 + truth.iter().max().unwrap());
        let (labels, known) = (Labels::Integer((0..n_labels as i64).collect()), (0..n_classes).collect::<Vec<_>>());
        let classified =
            Classified { truth: &truth, labels: &labels, known: &known, answers: &answers, weights: &weights };

        let report = classified.report();
        let metrics = classified.metrics(&report, &|| Ok(())).unwrap();

        assert_metrics(&what, &metrics, &case["metrics"]);
        assert_eq!(serde_json::to_value(&report.labels).unwrap()["integer"], case["labels"], "{what}");
        let absent = |it: Option<f64>| it.map_or(Json::Null, Json::from);
        for (name, ours) in [
            ("precision", report.classes.iter().map(|it| absent(it.precision)).collect::<Vec<_>>()),
            ("recall", report.classes.iter().map(|it| absent(it.recall)).collect()),
            ("f1", report.classes.iter().map(|it| it.f1.into()).collect()),
            ("support", report.classes.iter().map(|it| it.support.into()).collect()),
        ] {
            let there = |all: &[Json]| all.iter().map(Json::is_null).collect::<Vec<_>>();
            let theirs = case[name].as_array().unwrap();
            assert_eq!(there(&ours), there(theirs), "{what}: {name}");
            let numbers = |all: &[Json]| all.iter().filter_map(Json::as_f64).collect::<Vec<_>>();
            assert_close(&format!("{what}: {name}"), numbers(&ours), numbers(theirs), 1e-12);
        }
        assert_close(&format!("{what}: confusion"), report.confusion, numbers(&case["confusion"]), 1e-12);
    }
}

#[test]
fn metrics_of_clusters_are_those_of_scikit_learn() {
    let flowers = table("iris");
    let rows = matrix(&fitted(&spec(&[step("gaussian_nb", &[])], "species"), &flowers).pipeline, &flowers);
    for case in oracle("metrics", "clusters").as_array().unwrap() {
        let (clusters, truth) = (positions(&case["clusters"]), positions(&case["truth"]));

        let ours = [
            ("silhouette", silhouette(rows.view(), &clusters, &|| Ok(())).unwrap().unwrap()),
            ("davies_bouldin", davies_bouldin(rows.view(), &clusters, &|| Ok(())).unwrap().unwrap()),
            ("adjusted_rand", adjusted_rand(&truth, &clusters)),
        ];

        ours.iter().for_each(|(name, value)| assert_close(name, [*value], numbers(&case[*name]), 1e-12));
    }
}
