//! What is refused before a row is read, and in which words.

use super::*;
use crate::data::{ColumnSchema, ColumnType, Values};
use crate::error::Code;

fn columns() -> Vec<ColumnSchema> {
    use ColumnType::{Boolean, Float, Integer, Text};
    let columns = [("age", Float), ("visits", Integer), ("member", Boolean), ("town", Text), ("price", Float)];
    columns.map(|(name, column_type)| ColumnSchema { name: name.into(), column_type }).to_vec()
}

fn regression() -> Spec {
    let features = Some(vec!["age".into(), "visits".into(), "member".into()]);
    Spec { features, ..spec(&[step("standard_scaler", &[]), step("linear_regression", &[])], "price") }
}

#[track_caller]
fn assert_refused(spec: &Spec, words: &[&str]) {
    let refused = spec.check(&columns()).unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    for word in words {
        assert!(refused.to_string().contains(word), "{word:?} is not in {:?}", refused.to_string());
    }
}

#[test]
fn a_good_specification_is_taken() {
    regression().check(&columns()).unwrap();
}

#[test]
fn an_unknown_algorithm_is_refused_with_the_known_ones() {
    let mut spec = regression();
    spec.steps[1].algorithm = "random_forest".into();

    assert_refused(&spec, &["\"random_forest\"", "lars, lasso, linear_regression"]);
}

#[test]
fn a_parameter_is_refused_with_its_algorithm() {
    let mut spec = regression();
    spec.steps[0].parameters.insert("with_mean".into(), Value::Integer(3));

    assert_refused(&spec, &["standard_scaler parameter with_mean is 3", "true or false"]);
}

#[test]
fn steps_are_transformers_and_then_one_estimator_or_none() {
    let with = |steps: &[&str]| Spec { steps: steps.iter().map(|it| step(it, &[])).collect(), ..regression() };

    assert_refused(&with(&[]), &["0 steps"]);
    Spec { target: None, ..with(&["standard_scaler"; 2]) }.check(&columns()).unwrap();
    assert_refused(&with(&["linear_regression", "linear_regression"]), &["step 1 of 2", "is a regressor"]);
    assert_refused(&with(&["standard_scaler"; 33]), &["33 steps"]);
}

#[test]
fn a_target_is_needed_allowed_and_suitable_by_kind() {
    let with = |algorithm: &str, target: Option<&str>| Spec {
        steps: vec![step(algorithm, &[])],
        target: target.map(str::to_owned),
        ..regression()
    };

    assert_refused(&with("linear_regression", None), &["a regressor needs a target"]);
    assert_refused(&with("linear_regression", Some("prize")), &["target \"prize\"", "there are age, visits"]);
    assert_refused(&with("linear_regression", Some("town")), &["\"town\" is text", "use a classifier"]);
    assert_refused(&with("logistic_regression", Some("price")), &["\"price\" is float", "use a regressor"]);
    assert_refused(&with("k_means", Some("price")), &["a clusterer learns without a target", "\"price\""]);
    let advice = "leave it out, or end with an estimator";
    assert_refused(
        &with("standard_scaler", Some("price")),
        &["a transformer learns without a target", "\"price\"", advice],
    );
}

#[test]
fn an_algorithm_of_one_column_is_given_one() {
    let with = |features: &[&str]| Spec {
        features: Some(features.iter().map(|&name| name.to_owned()).collect()),
        ..spec(&[step("standard_scaler", &[]), step("isotonic_regression", &[])], "price")
    };

    with(&["age"]).check(&columns()).unwrap();
    assert_refused(
        &with(&["age", "visits"]),
        &["isotonic_regression takes one column, got 2; choose it with features"],
    );
}

#[test]
fn features_are_numbers_named_once() {
    let with = |features: &[&str]| Spec {
        features: Some(features.iter().map(|&name| name.to_owned()).collect()),
        ..regression()
    };

    assert_refused(&with(&[]), &["no feature"]);
    assert_refused(&with(&["age", "hight"]), &["feature \"hight\" is not a column"]);
    assert_refused(&with(&["age", "age"]), &["\"age\" is named twice"]);
    assert_refused(&with(&["age", "price"]), &["\"price\" is target and feature"]);
    assert_refused(&with(&["age", "town"]), &["\"town\" is text"]);
    assert_refused(&Spec { features: None, ..regression() }, &["\"town\" is text"]);
}

#[test]
fn columns_of_a_step_are_features_named_once_and_only_a_transformer_has_them() {
    let with = |at: usize, names: &[&str]| {
        let mut spec = regression();
        spec.steps[at].columns = Some(names.iter().map(|&name| name.to_owned()).collect());
        spec
    };

    with(0, &["visits"]).check(&columns()).unwrap();
    assert_refused(&with(0, &[]), &["empty list of columns"]);
    assert_refused(
        &with(0, &["price"]),
        &["\"price\" of step standard_scaler is not there", "there are age, visits, member"],
    );
    assert_refused(&with(0, &["age", "age"]), &["\"age\" twice"]);
    assert_refused(&with(1, &["age"]), &["linear_regression is an estimator"]);
}

#[test]
fn a_fit_without_rows_or_with_missing_values_is_refused() {
    let table = |age: Vec<Option<f64>>, price: Vec<f64>| {
        Table::new(vec![
            Column { name: "age".into(), values: Values::Float(age.into()) },
            Column::float("price", price),
        ])
    };
    let spec = Spec { features: Some(vec!["age".into()]), ..regression() };
    let refusal = |table: Result<Table>| fit(&spec, &table.unwrap(), &quiet).unwrap_err().to_string();

    assert!(refusal(table(vec![], vec![])).contains("no rows"));
    assert!(refusal(table(vec![Some(1.0), None], vec![1.0, 2.0])).contains("\"age\" row 1 is missing"));
    assert!(refusal(table(vec![Some(1.0), Some(2.0)], vec![1.0, f64::INFINITY])).contains("\"price\" row 1 is inf"));
}

#[test]
fn a_share_of_the_rows_is_held_out_or_none() {
    let with = |share: f64| Spec { validation_fraction: Some(share), ..regression() };

    [0.0, 0.1, 0.99].iter().for_each(|share| with(*share).check(&columns()).unwrap());
    for (share, shown) in [(1.0, "is 1;"), (-0.1, "is -0.1;"), (f64::NAN, "is NaN;")] {
        assert_refused(&with(share), &["validation_fraction", shown, "from 0"]);
    }
}

#[test]
fn a_specification_survives_json() {
    let json = serde_json::to_string(&regression()).unwrap();

    assert_eq!(serde_json::from_str::<Spec>(&json).unwrap(), regression());
}

#[test]
fn a_specification_from_before_rows_were_held_out_is_read() {
    let mut json = serde_json::to_value(Spec { validation_fraction: None, ..regression() }).unwrap();

    json.as_object_mut().unwrap().remove("validation_fraction").unwrap();

    assert_eq!(serde_json::from_value::<Spec>(json).unwrap().validation_fraction, None);
}

#[test]
fn a_column_whose_squares_overflow_is_refused_by_name_in_every_step_that_cannot_take_it() {
    let huge = Table::new(vec![
        Column::float("small", vec![1.0, 2.0, 4.0]),
        Column::float("huge", vec![1e300, -1e300, 1e299]),
        Column::float("y", vec![1.0, 2.0, 3.0]),
    ])
    .unwrap();
    let some = StepSpec { columns: Some(vec!["huge".into()]), ..step("standard_scaler", &[]) };
    let pipelines =
        [vec![step("ridge", &[])], vec![step("poisson_regressor", &[])], vec![some, step("linear_regression", &[])]];
    for steps in pipelines {
        let message = fit(&spec(&steps, "y"), &huge, &quiet).unwrap_err().to_string();

        assert!(message.contains("column \"huge\" has values"), "{message}");
    }
    let scaled = [step("max_abs_scaler", &[]), step("ridge", &[])];
    assert!(fit(&spec(&scaled, "y"), &huge, &quiet).is_ok());
}

#[test]
fn where_sums_overflow_the_largest_number_is_named_be_it_of_a_column_or_of_the_target() {
    let refused = |algorithm: &str, x: f64, y: f64| {
        let table = Table::new(vec![
            Column::float("small", vec![1.0, 2.0, 4.0]),
            Column::float("x", vec![x, -x, 1.0]),
            Column::float("y", vec![y, -y, 2.0]),
        ]);
        fit(&spec(&[step(algorithm, &[])], "y"), &table.unwrap(), &quiet).unwrap_err().to_string()
    };

    for algorithm in ["linear_regression", "ridge", "lasso", "mlp_regressor"] {
        let message = refused(algorithm, 3.0, 1.5e308);
        assert!(
            message.contains("target \"y\" reaches 1.5e308: divide it") && !message.contains("column"),
            "{message}"
        );
    }
    let message = refused("mlp_regressor", 1.5e308, 3.0);
    assert!(message.contains("column \"x\" reaches 1.5e308: scale the columns"), "{message}");
}
