use super::*;
use crate::data::Column;
use crate::error::Code;
use crate::model::tests::{fixture, quiet, table};
use crate::model::{Pipeline, Spec, StepSpec, Value, fit};
use ndarray::array;
use serde_json::Value as Json;
use std::collections::BTreeMap;

fn oracle(name: &str) -> Vec<Json> {
    let text = std::fs::read_to_string(fixture("oracles/platt_calibration.json")).unwrap();
    serde_json::from_str::<Json>(&text).unwrap()[name].as_array().unwrap().clone()
}

fn numbers(json: &Json) -> Vec<f64> {
    match json {
        Json::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

#[track_caller]
fn assert_close(what: &str, ours: impl IntoIterator<Item = f64>, theirs: &[f64], tolerance: f64) {
    let ours: Vec<f64> = ours.into_iter().collect();
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (one, other) in ours.iter().zip(theirs) {
        assert!((one - other).abs() <= tolerance * other.abs().max(1.0), "{what}: {one} and {other}");
    }
}

#[test]
fn a_sigmoid_is_that_of_scikit_learn() {
    for (number, case) in oracle("sigmoids").iter().enumerate() {
        let (scores, own, weights) = (numbers(&case["scores"]), numbers(&case["own"]), numbers(&case["weights"]));
        let rows = scores.iter().zip(&own).zip(&weights);
        let rows = rows.map(|((score, own), weight)| Scored { score: *score, is_own: *own > 0.0, weight: *weight });

        let found = sigmoid::fitted(&rows.collect::<Vec<_>>());

        assert_close(&format!("sigmoid {number}"), found, &numbers(&case["sigmoid"]), 1e-8);
    }
}

fn steps(base: &str, given: &Json, cv: i64) -> Vec<StepSpec> {
    let base = StepSpec {
        algorithm: base.into(),
        parameters: serde_json::from_value(given.clone()).unwrap(),
        ..StepSpec::default()
    };
    let cv = [("cv".to_owned(), Value::Integer(cv))];
    let own = StepSpec { algorithm: NAME.into(), parameters: cv.into(), ..StepSpec::default() };
    vec![base, own]
}

fn fitted(steps: Vec<StepSpec>, target: &str, rows: &crate::data::Table) -> crate::error::Result<Pipeline> {
    let spec = Spec { steps, target: Some(target.into()), seed: 7, validation_fraction: Some(0.0), ..Spec::default() };
    fit(&spec, rows, &quiet).map(|fitted| fitted.pipeline)
}

#[test]
fn calibrated_classifiers_are_those_of_scikit_learn() {
    for case in oracle("cases") {
        let (base, name) = (case["base"].as_str().unwrap(), case["table"].as_str().unwrap());
        let (what, tolerance) = (format!("{base} of {name}"), case["tolerance"].as_f64().unwrap());
        let rows = table(name);

        let cv = case["cv"].as_i64().unwrap();
        let pipeline = fitted(steps(base, &case["parameters"], cv), case["target"].as_str().unwrap(), &rows).unwrap();

        let arrays: BTreeMap<_, _> = pipeline.last.arrays().pop().unwrap().into_iter().collect();
        assert_close(&what, arrays["a"].iter().copied(), &numbers(&case["a"]), tolerance);
        assert_close(&what, arrays["b"].iter().copied(), &numbers(&case["b"]), tolerance);
        let features = pipeline.schema().select(&rows).unwrap();
        let Predictions::Classes { probabilities, .. } = pipeline.predict(features) else { unreachable!() };
        let some = probabilities.rows().into_iter().step_by(7).flat_map(|row| row.to_vec());
        assert_close(&what, some, &numbers(&case["probabilities"]), tolerance);
    }
}

#[test]
fn equal_scores_mean_what_classes_come_as_often_as() {
    let row = |is_own| Scored { score: 3.0, is_own, weight: 1.0 };
    let rows: Vec<Scored> = (0..40).map(|number| row(number < 10)).collect();

    let [a, b] = sigmoid::fitted(&rows);

    let targets = 10.0 * (11.0 / 12.0) + 30.0 * (1.0 / 32.0);
    assert!((sigmoid(-(3.0 * a + b)) - targets / 40.0).abs() < 1e-6);
}

#[test]
fn a_weight_is_a_number_of_scores() {
    let scores: Vec<Scored> = (0..30)
        .map(|row| Scored {
            score: f64::from(row) / 7.0 - 2.0,
            is_own: row * row % 5 < row / 9,
            weight: f64::from(1 + row % 3),
        })
        .collect();
    let repeated: Vec<Scored> =
        scores.iter().flat_map(|it| vec![Scored { weight: 1.0, ..*it }; it.weight as usize]).collect();

    let (weighted, repeated) = (sigmoid::fitted(&scores), sigmoid::fitted(&repeated));

    assert!(weighted.iter().zip(repeated).all(|(one, other)| (one - other).abs() < 1e-9), "{weighted:?} {repeated:?}");
}

#[test]
fn a_class_of_fewer_rows_than_parts_is_refused() {
    let rows = crate::data::Table::new(vec![
        Column::float("x", (0..20).map(f64::from).collect()),
        Column::integer("y", (0..20).map(|row| i64::from(row % 7 == 3)).collect()),
    ]);

    let refused = fitted(steps("gaussian_nb", &serde_json::json!({}), 4), "y", &rows.unwrap()).unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.to_string().contains("parameter cv is 4 and a class has 3 rows"), "{refused}");
}

#[test]
fn a_calibration_stands_behind_a_classifier_and_nowhere_else() {
    let of = |names: &[&str]| {
        let step = |name: &&str| StepSpec { algorithm: (*name).into(), ..StepSpec::default() };
        fitted(names.iter().map(step).collect(), "species", &table("iris")).unwrap_err().to_string()
    };

    let message = "calibrates the classifier before it, and there is";
    assert!(of(&["platt_calibration"]).contains(&format!("step 1 of 1, platt_calibration, {message} none")));
    assert!(of(&["standard_scaler", "platt_calibration"]).contains(&format!("{message} a transformer")));
    assert!(of(&["ridge", "platt_calibration"]).contains(&format!("{message} a regressor")));
    assert!(of(&["platt_calibration", "gaussian_nb"]).contains("step 1 of 2, platt_calibration, is a calibrator"));
    let twice = of(&["gaussian_nb", "platt_calibration", "platt_calibration"]);
    assert!(twice.contains(&format!("{message} a calibrator")), "{twice}");
}

#[test]
fn a_stored_calibration_is_told_from_a_damaged_one() {
    let inputs = Inputs { n_features: 2, n_targets: 1, classes: Some(Arc::new(Labels::Integer(vec![1, 2, 3]))) };
    let parameters = Parameters::check(NAME, &PlattCalibration.parameters(), &BTreeMap::new()).unwrap();
    let load = |a: Array1<f64>, least: f64| {
        let mut arrays = Arrays::default();
        let own = [("a", a.into_dyn()), ("b", array![0.0, 0.0, 0.0].into_dyn()), ("least", arr0(least).into_dyn())];
        own.into_iter().for_each(|(name, values)| arrays.insert(name, values).unwrap());
        PlattCalibration.load(&parameters, &mut arrays, &inputs)
    };

    assert!(load(array![-1.0, -1.0, -1.0], 0.1).is_ok());
    assert!(load(array![-1.0], 0.1).is_err());
    assert!(load(array![-1.0, -1.0, -1.0], 0.5).is_err());
}
