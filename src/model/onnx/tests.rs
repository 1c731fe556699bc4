use super::*;
use crate::data::Name;
use crate::error::Code;
use crate::model::tests::{fitted, spec, step, table};
use crate::model::{StepSpec, Value};

fn loaded(steps: &[StepSpec], target: &str, data: &str) -> LoadedModel {
    LoadedModel::new(Name::parse("model", "wine").unwrap(), 3, fitted(&spec(steps, target), &table(data)).pipeline)
}

#[test]
fn the_same_model_gives_the_same_bytes_also_after_it_was_stored() {
    let steps =
        [step("standard_scaler", &[]), step("random_forest_classifier", &[("n_estimators", Value::Integer(5))])];
    let model = loaded(&steps, "species", "iris");

    let stored = Pipeline::from_bytes(&model.pipeline.to_bytes()).unwrap();

    let again = LoadedModel::new(model.name.clone(), 3, stored);
    assert_eq!(again.to_onnx().unwrap(), model.to_onnx().unwrap());
}

#[test]
fn a_step_that_cannot_be_written_is_named_with_those_that_can() {
    let behind_a_transformer = [step("standard_scaler", &[]), step("gaussian_nb", &[])];
    let calibrated = [step("logistic_regression", &[]), step("platt_calibration", &[])];
    for (steps, named) in [(behind_a_transformer, "gaussian_nb"), (calibrated, "platt_calibration")] {
        let refused = loaded(&steps, "species", "iris").to_onnx().unwrap_err();

        assert_eq!(refused.code(), Code::FailedPrecondition);
        let message = refused.to_string();
        assert!(message.starts_with(&format!("step {named} of model \"wine@3\" cannot be written")), "{message}");
        assert!(message.contains("logistic_regression, ") && message.contains("standard_scaler, "), "{message}");
    }
}
