//! The same trees as scikit-learn's where they are unique, and forests that do as well (`tests/fixtures/make_oracles.py`).

use super::*;
use crate::data::Values;
use crate::model::{Kind, Model, Parameters, Predictions, UnfittedStep, find, metrics};
use ndarray::Axis;
use serde_json::Value as Json;

fn oracle(algorithm: &str, case: &str) -> Json {
    let text = std::fs::read_to_string(fixture(&format!("oracles/{algorithm}.json"))).unwrap();
    serde_json::from_str::<Json>(&text).unwrap()[case].clone()
}

/// The columns of these names, in their order.
fn columns(table: &Table, names: &Json) -> Array2<f64> {
    let columns =
        names.as_array().unwrap().iter().map(|name| match &table.column(name.as_str().unwrap()).unwrap().values {
            Values::Float(array) => array.values().to_vec(),
            Values::Integer(array) => array.values().iter().map(|value| *value as f64).collect(),
            _ => unreachable!("features are numbers"),
        });
    let columns: Vec<Vec<f64>> = columns.collect();
    Array2::from_shape_fn((table.n_rows(), columns.len()), |(row, column)| columns[column][row])
}

fn fitted_model(
    algorithm: &str,
    parameters: &Json,
    features: &Array2<f64>,
    targets: &Targets,
    seed: u64,
) -> Box<dyn Model> {
    let algorithm = find(algorithm).unwrap();
    let parameters = serde_json::from_value(parameters.clone()).unwrap();
    let parameters = Parameters::check(algorithm.name(), &algorithm.parameters(), &parameters).unwrap();
    let UnfittedStep::Estimator(estimator) = algorithm.unfitted(&parameters) else { unreachable!() };
    trained(features, targets, |training| estimator.fit(&Training { seed, ..*training })).unwrap()
}

/// A row of each leaf for which all of scikit-learn's random choices between equally good splits come to the same answer.
#[track_caller]
fn assert_same_tree(algorithm: &str, kind: Kind, case: &str, name: &str, target: &str) {
    let (oracle, table) = (oracle(algorithm, case), table(name));
    let (features, targets) =
        (columns(&table, &oracle["columns"]), Targets::read(kind, table.column(target).unwrap()).unwrap());

    let model = fitted_model(algorithm, &oracle["parameters"], &features, &targets, 7);

    let answers = match model.predict(features.view()) {
        Predictions::Values(values) => values.insert_axis(Axis(1)),
        Predictions::Classes { probabilities, .. } => probabilities,
        Predictions::Clusters { .. } | Predictions::Mixture { .. } | Predictions::Columns(_) => unreachable!(),
    };
    let (rows, expected) = (oracle["rows"].as_array().unwrap(), oracle["answers"].as_array().unwrap());
    for (row, expected) in rows.iter().zip(expected) {
        let row = row.as_u64().unwrap() as usize;
        for (answer, expected) in answers.row(row).iter().zip(expected.as_array().unwrap()) {
            let expected = expected.as_f64().unwrap();
            assert!((answer - expected).abs() <= 1e-12 * expected.abs().max(1.0), "row {row}: {answer} and {expected}");
        }
    }
}

#[test]
fn a_tree_of_iris_is_that_of_scikit_learn() {
    assert_same_tree("decision_tree_classifier", Kind::Classifier, "iris", "iris", "species");
}

#[test]
fn a_tree_of_wine_is_that_of_scikit_learn_by_gini_and_by_entropy() {
    assert_same_tree("decision_tree_classifier", Kind::Classifier, "wine_gini", "wine", "quality");
    assert_same_tree("decision_tree_classifier", Kind::Classifier, "wine_entropy", "wine", "quality");
}

#[test]
fn a_tree_of_diabetes_is_that_of_scikit_learn() {
    assert_same_tree("decision_tree_regressor", Kind::Regressor, "diabetes", "diabetes", "progression");
    assert_same_tree("decision_tree_regressor", Kind::Regressor, "diabetes_deep", "diabetes", "progression");
}

/// The mean over several seeds of a metric on every third row, with forests of the others.
#[track_caller]
fn assert_as_good(algorithm: &str, kind: Kind, (name, target): (&str, &str), metric: &str, tolerance: f64) {
    let (oracle, table) = (oracle(algorithm, name), table(name));
    let features = columns(&table, &oracle["columns"]);
    let targets = Targets::read(kind, table.column(target).unwrap()).unwrap();
    let part = |keep: fn(usize) -> bool| {
        let rows: Vec<usize> = (0..features.nrows()).filter(|row| keep(*row)).collect();
        (features.select(Axis(0), &rows), targets.select(&rows))
    };
    let (training, held_out) = (part(|row| row % 3 != 0), part(|row| row % 3 == 0));
    let of_seed = |seed: u64| {
        let model = fitted_model(algorithm, &oracle["parameters"], &training.0, &training.1, seed);
        let weights = vec![1.0; held_out.0.nrows()];
        let rows = Rows::new(&held_out.0, held_out.1.view(), &weights);
        metrics::of(|rows| model.predict(rows), rows, |_| Ok(())).unwrap()[metric]
    };

    let ours = (0..5).map(of_seed).sum::<f64>() / 5.0;

    let theirs = oracle[metric].as_f64().unwrap();
    assert!((ours - theirs).abs() <= tolerance, "{metric} {ours}, and {theirs} by scikit-learn");
}

#[test]
fn trees_that_vote_are_those_of_scikit_learn() {
    ["ada_boost_classifier", "ada_boost_regressor"].iter().for_each(|it| super::oracles::assert_cases(it));
}

#[test]
fn forests_are_as_good_as_those_of_scikit_learn() {
    assert_as_good("random_forest_classifier", Kind::Classifier, ("iris", "species"), "accuracy", 0.02);
    assert_as_good("random_forest_classifier", Kind::Classifier, ("wine", "quality"), "accuracy", 0.015);
    assert_as_good("random_forest_regressor", Kind::Regressor, ("diabetes", "progression"), "r2", 0.02);
}
