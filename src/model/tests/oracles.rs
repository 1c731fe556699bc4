//! The same answers as scikit-learn (`tests/fixtures/make_oracles.py`) and as linfa called in process.

use super::*;
use crate::model::Predictions;
use linfa::traits::{Fit, Predict};
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array1, Array2};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use serde_json::Value as Json;

pub(in crate::model) fn oracle(algorithm: &str, case: &str) -> Json {
    let text = std::fs::read_to_string(fixture(&format!("oracles/{algorithm}.json"))).unwrap();
    serde_json::from_str::<Json>(&text).unwrap()[case].clone()
}

/// All numbers of a JSON value, row by row.
pub(in crate::model) fn numbers(json: &Json) -> Vec<f64> {
    match json {
        Json::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

/// Equal within `tolerance`, relative to the larger of the number and 1.
#[track_caller]
pub(in crate::model) fn assert_close(
    what: &str,
    ours: impl IntoIterator<Item = f64>,
    theirs: impl IntoIterator<Item = f64>,
    tolerance: f64,
) {
    let (ours, theirs): (Vec<f64>, Vec<f64>) = (ours.into_iter().collect(), theirs.into_iter().collect());
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (one, other) in ours.iter().zip(&theirs) {
        assert!((one - other).abs() <= tolerance * other.abs().max(1.0), "{what}: {one} and {other}");
    }
}

fn values(predictions: Predictions) -> Array1<f64> {
    let Predictions::Values(values) = predictions else { unreachable!() };
    values
}

fn probabilities(predictions: Predictions) -> Array2<f64> {
    let Predictions::Classes { probabilities, .. } = predictions else { unreachable!() };
    probabilities
}

/// A hyper-parameter as an oracle has it.
pub(super) fn parameter(json: &Json) -> Value {
    serde_json::from_value(json.clone()).unwrap()
}

/// What a model answers, a row of numbers for each row.
pub(super) fn answers(predictions: Predictions) -> Array2<f64> {
    match predictions {
        Predictions::Values(values) => values.insert_axis(ndarray::Axis(1)),
        Predictions::Classes { probabilities, .. } | Predictions::Mixture { probabilities, .. } => probabilities,
        Predictions::Clusters { distances, .. } => distances,
        Predictions::Columns(columns) => columns,
    }
}

/// Answers and learned arrays of each case of `oracles/<algorithm>.json`.
pub(super) fn assert_cases(algorithm: &str) {
    for case in oracle(algorithm, "cases").as_array().unwrap() {
        let (name, target) = (case["table"].as_str().unwrap(), case["target"].as_str().unwrap());
        let what = format!("{algorithm} of {name}, {}", case["parameters"]);
        let given = case["parameters"].as_object().unwrap();
        let given: Vec<_> = given.iter().map(|(name, value)| (name.as_str(), parameter(value))).collect();
        let (all, tolerance) = (table(name), case["tolerance"].as_f64().unwrap());
        let part = case.get("rows").map(|rows| [0, 1].map(|at| rows[at].as_u64().unwrap() as usize));
        let rows = part.map_or_else(|| all.clone(), |[first, length]| all.slice(first, length));

        let features = case.get("features").map(|names| serde_json::from_value(names.clone()).unwrap());
        let scaled = case.get("scaled").is_some().then(|| step("standard_scaler", &[]));
        let steps: Vec<StepSpec> = scaled.into_iter().chain([step(algorithm, &given)]).collect();
        let spec = Spec { features, ..spec(&steps, target) };
        let pipeline = fitted(&spec, &rows).pipeline;

        for (array_name, expected) in case["arrays"].as_object().unwrap() {
            assert_close(&format!("{what}: {array_name}"), array(&pipeline, array_name), numbers(expected), tolerance);
        }
        let answers = answers(pipeline.predict(matrix(&pipeline, &rows).view()));
        let every_seventh = answers.rows().into_iter().step_by(7).flat_map(|row| row.to_vec());
        assert_close(&what, every_seventh, numbers(&case["answers"]), tolerance);
    }
}

#[test]
fn linear_regressions_of_other_kinds_agree_with_scikit_learn() {
    ["ridge", "lasso", "elastic_net", "lars", "pls_regression"].iter().for_each(|it| assert_cases(it));
}

#[test]
fn stochastic_gradient_descent_agrees_with_scikit_learn() {
    ["sgd_regressor", "sgd_classifier"].iter().for_each(|it| assert_cases(it));
}

#[test]
fn least_angle_regression_ends_at_least_squares() {
    let [lars, linear] = ["lars", "linear_regression"].map(|algorithm| {
        let pipeline = fitted(&spec(&[step(algorithm, &[])], "progression"), &table("diabetes")).pipeline;
        array(&pipeline, "coefficients")
    });

    assert_close("coefficients", lars, linear, 1e-9);
}

#[test]
fn isotonic_regression_agrees_with_scikit_learn() {
    assert_cases("isotonic_regression");
}

#[test]
fn naive_bayes_agrees_with_scikit_learn() {
    ["gaussian_nb", "multinomial_nb", "bernoulli_nb"].iter().for_each(|it| assert_cases(it));
}

#[test]
fn the_scaler_agrees_with_scikit_learn() {
    let (oracle, wine) = (oracle("standard_scaler", "wine"), table("wine"));

    let pipeline =
        fitted(&spec(&[step("standard_scaler", &[]), step("linear_regression", &[])], "quality"), &wine).pipeline;

    assert_close("mean", array(&pipeline, "mean"), numbers(&oracle["mean"]), 1e-13);
    assert_close("scale", array(&pipeline, "scale"), numbers(&oracle["scale"]), 1e-13);
}

#[track_caller]
fn assert_least_squares(case: &str, table: &Table, parameters: &[(&str, Value)]) {
    let oracle = oracle("linear_regression", case);

    let Fitted { pipeline, metrics, .. } =
        fitted(&spec(&[step("linear_regression", parameters)], "progression"), table);

    let rows = matrix(&pipeline, table);
    let predictions = values(pipeline.predict(rows.view()));
    assert_close("coefficients", array(&pipeline, "coefficients"), numbers(&oracle["coefficients"]), 1e-9);
    assert_close("intercept", array(&pipeline, "intercept"), numbers(&oracle["intercept"]), 1e-9);
    assert_close("predictions", predictions.into_iter().take(10), numbers(&oracle["predictions"]), 1e-9);
    assert_close("r2", [metrics["training_r2"]], numbers(&oracle["r2"]), 1e-9);
    assert_close("rmse", [metrics["training_rmse"]], numbers(&oracle["rmse"]), 1e-9);
}

#[test]
fn linear_regression_agrees_with_scikit_learn() {
    assert_least_squares("diabetes", &table("diabetes"), &[]);
}

#[test]
fn linear_regression_without_intercept_agrees_with_scikit_learn() {
    assert_least_squares("diabetes_without_intercept", &table("diabetes"), &[("fit_intercept", Value::Flag(false))]);
}

#[test]
fn collinear_columns_get_the_coefficients_that_scikit_learn_gives_them() {
    let diabetes = table("diabetes");
    let (x, mut columns) =
        (fitted(&spec(&[step("linear_regression", &[])], "progression"), &diabetes), diabetes.columns().to_vec());
    let x = matrix(&x.pipeline, &diabetes);
    let combined = x.rows().into_iter().map(|row| row[2] + 0.5 * row[3]).collect();
    columns.insert(10, Column::float("bmi_plus_half_bp", combined));

    assert_least_squares("diabetes_with_bmi_plus_half_bp", &Table::new(columns).unwrap(), &[]);
}

#[test]
fn fewer_rows_than_columns_get_the_coefficients_that_scikit_learn_gives_them() {
    assert_least_squares("diabetes_first_5_rows", &table("diabetes").slice(0, 5), &[]);
}

#[track_caller]
fn assert_logistic(case: &str, table: &Table) {
    let oracle = oracle("logistic_regression", case);
    let parameters = [
        ("C", Value::Number(oracle["C"].as_f64().unwrap())),
        ("tol", Value::Number(1e-9)),
        ("max_iter", Value::Integer(10_000)),
    ];
    let spec = spec(&[step("standard_scaler", &[]), step("logistic_regression", &parameters)], "species");

    let Fitted { pipeline, metrics, .. } = fitted(&spec, table);

    let probabilities = probabilities(pipeline.predict(matrix(&pipeline, table).view()));
    let every_tenth = probabilities.rows().into_iter().step_by(10).flat_map(|row| row.to_vec());
    assert_eq!(serde_json::to_value(&pipeline.schema().classes).unwrap()["text"], oracle["classes"]);
    assert_close("coefficients", array(&pipeline, "coefficients"), numbers(&oracle["coefficients"]), 1e-6);
    assert_close("intercepts", array(&pipeline, "intercepts"), numbers(&oracle["intercepts"]), 1e-6);
    assert_close("probabilities", every_tenth, numbers(&oracle["probabilities"]), 1e-6);
    assert_close("accuracy", [metrics["training_accuracy"]], numbers(&oracle["accuracy"]), 1e-12);
    assert_close("log_loss", [metrics["training_log_loss"]], numbers(&oracle["log_loss"]), 1e-6);
}

#[test]
fn three_classes_agree_with_scikit_learn() {
    assert_logistic("iris", &table("iris"));
}

#[test]
fn two_classes_agree_with_scikit_learn_whichever_is_more_frequent() {
    assert_logistic("iris_50_to_129", &table("iris").slice(50, 80));
    assert_logistic("iris_80_to_149", &table("iris").slice(80, 70));
}

#[test]
fn k_means_agrees_with_scikit_learn() {
    let oracle = oracle("k_means", "iris");
    let parameters = [("n_clusters", Value::Integer(3)), ("tol", Value::Number(1e-12))];
    let flowers = Table::new(table("iris").columns()[..4].to_vec()).unwrap();

    let Fitted { pipeline, metrics, .. } = fitted(&spec(&[step("k_means", &parameters)], ""), &flowers);

    assert_close("centres", array(&pipeline, "centres"), numbers(&oracle["centres"]), 1e-9);
    assert_close("inertia", [metrics["inertia"]], numbers(&oracle["inertia"]), 1e-9);
}

#[test]
fn mini_batches_come_near_the_inertia_of_all_rows() {
    let (best, flowers) = (numbers(&oracle("k_means", "iris")["inertia"])[0], table("iris").columns()[..4].to_vec());
    let flowers = Table::new(flowers).unwrap();
    for seed in 1..=5 {
        let [n_clusters, n_init, batch_size] =
            [("n_clusters", 3), ("n_init", 5), ("batch_size", 64)].map(|(name, it)| (name, Value::Integer(it)));
        let steps = [step("mini_batch_k_means", &[n_clusters, n_init, batch_size])];

        let inertia = fitted(&Spec { seed, ..spec(&steps, "") }, &flowers).metrics["inertia"];

        assert!((best * 0.999_999..best * 1.05).contains(&inertia), "{inertia} and {best}");
    }
}

#[test]
fn linear_regression_is_that_of_linfa() {
    let diabetes = table("diabetes");
    let pipeline = fitted(&spec(&[step("linear_regression", &[])], "progression"), &diabetes).pipeline;
    let rows = matrix(&pipeline, &diabetes);
    let crate::data::Values::Integer(targets) = &diabetes.column("progression").unwrap().values else { unreachable!() };
    let targets: Array1<f64> = targets.values().iter().map(|value| *value as f64).collect();

    let linfa = linfa_linear::LinearRegression::new().fit(&DatasetBase::new(rows.view(), targets)).unwrap();

    assert_close("coefficients", array(&pipeline, "coefficients"), linfa.params().clone(), 1e-9);
    assert_close("predictions", values(pipeline.predict(rows.view())), linfa.predict(&rows), 1e-9);
}

#[test]
fn logistic_regression_finds_the_minimum_that_linfa_finds() {
    let flowers = table("iris");
    let parameters = [("tol", Value::Number(1e-10)), ("max_iter", Value::Integer(10_000))]; // Of the mean; linfa's is of the sum.
    let pipeline = fitted(&spec(&[step("logistic_regression", &parameters)], "species"), &flowers).pipeline;
    let rows = matrix(&pipeline, &flowers);
    let species: Array1<usize> = (0..150).map(|row| row / 50).collect();

    let unfitted = linfa_logistic::MultiLogisticRegression::default().gradient_tolerance(1e-8).max_iterations(10_000);
    let linfa = unfitted.fit(&DatasetBase::new(rows.view(), species)).unwrap();

    assert_close("coefficients", array(&pipeline, "coefficients"), linfa.params().clone(), 1e-7);
    let ours = probabilities(pipeline.predict(rows.view()));
    assert_close("probabilities", ours, linfa.predict_probabilities(&rows), 1e-7);
}

#[test]
fn k_means_finds_no_worse_centres_than_linfa() {
    let flowers = Table::new(table("iris").columns()[..4].to_vec()).unwrap();
    for (n_clusters, seed) in [(2, 1), (3, 2), (4, 3), (6, 4), (9, 5)] {
        let parameters = [("n_clusters", Value::Integer(n_clusters)), ("tol", Value::Number(0.0))];
        let ours = fitted(&Spec { seed, ..spec(&[step("k_means", &parameters)], "") }, &flowers);
        let rows = matrix(&ours.pipeline, &flowers);

        let chance = Xoshiro256Plus::seed_from_u64(seed);
        let linfa = linfa_clustering::KMeans::params_with_rng(n_clusters as usize, chance).n_runs(10).tolerance(1e-9);
        let linfa = linfa.check().unwrap().fit(&DatasetBase::from(rows.view())).unwrap();

        let theirs = linfa.inertia() * rows.nrows() as f64;
        assert!(ours.metrics["inertia"] <= theirs * 1.01, "{n_clusters}: {} and {theirs}", ours.metrics["inertia"]);
    }
}
