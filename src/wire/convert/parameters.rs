//! Steps of a pipeline and their hyper-parameters.

use super::tensor::{checked, vector_to, whole_numbers_to};
use crate::data::ElementType;
use crate::error::{Error, Result, quotable};
use crate::model::{StepSpec, Value};
use crate::wire::types::{Parameter, Step, Tensor};
use ndarray::ArrayView1;
use std::collections::BTreeMap;
use thrift::OrderedFloat;

/// Steps as they came.
///
/// # Errors
/// [`Error::InvalidArgument`] for a step without an algorithm, or a parameter that has no value, more than one, or stands
/// there twice.
pub fn spec_steps(steps: Vec<Step>) -> Result<Vec<StepSpec>> {
    steps.into_iter().enumerate().map(|(position, step)| spec_step(position, step)).collect()
}

fn spec_step(position: usize, step: Step) -> Result<StepSpec> {
    let algorithm = step
        .algorithm
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Error::invalid(format!("step {} names no algorithm; \"describe\" lists them", position + 1)))?;
    let mut parameters = BTreeMap::new();
    for parameter in step.parameters.unwrap_or_default() {
        let (name, value) = spec_parameter(&algorithm, parameter)?;
        if let Some(first) = parameters.insert(name.clone(), value) {
            let message = format!(
                "parameter {:?} of {} is there twice; it is {first} already",
                quotable(&name),
                quotable(&algorithm)
            );
            return Err(Error::invalid(message));
        }
    }
    Ok(StepSpec { algorithm, parameters, columns: step.columns })
}

pub(super) fn spec_parameter(algorithm: &str, parameter: Parameter) -> Result<(String, Value)> {
    let Parameter { name, integer, number, flag, text, tensor } = parameter;
    let name = name.unwrap_or_default();
    let what = format!("parameter {:?} of {}", quotable(&name), quotable(algorithm));
    let list = tensor.map(|tensor| list(&what, tensor)).transpose()?;
    let values = [
        integer.map(Value::Integer),
        number.map(|number| Value::Number(number.into_inner())),
        flag.map(Value::Flag),
        text.map(Value::Text),
        list,
    ];
    let mut values = values.into_iter().flatten();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok((name, value)),
        (None, _) => Err(Error::invalid(format!("{what} has no value; set one of {FIELDS}"))),
        _ => Err(Error::invalid(format!("{what} has more than one value; set one of {FIELDS}"))),
    }
}

const FIELDS: &str = "integer, number, flag, text, tensor";

/// Whole numbers, or others.
fn list(what: &str, tensor: Tensor) -> Result<Value> {
    let checked = checked(what, tensor)?;
    let one_dimension = checked.lengths().is_some_and(|[_]: [usize; 1]| true);
    let is_real = matches!(checked.element, ElementType::F32 | ElementType::F64);
    let reals = || is_real.then(|| Value::Numbers(checked.to_f64()));
    let values = checked.to_i64().map(Value::Integers).or_else(reals);
    values.filter(|_| one_dimension).ok_or_else(|| {
        Error::invalid(format!(
            "{what} is a tensor of {:?} with shape {:?}; a parameter takes I64, I32, F64 or F32 of one dimension",
            checked.element, checked.shape
        ))
    })
}

/// Steps as they travel.
pub fn wire_steps(steps: &[StepSpec]) -> Vec<Step> {
    let wire_step = |step: &StepSpec| Step {
        algorithm: Some(step.algorithm.clone()),
        parameters: Some(step.parameters.iter().map(|(name, value)| wire_parameter(name, value)).collect()),
        columns: step.columns.clone(),
    };
    steps.iter().map(wire_step).collect()
}

/// One hyper-parameter as it travels.
pub(super) fn wire_parameter(name: &str, value: &Value) -> Parameter {
    let named = Parameter { name: Some(name.to_owned()), ..crate::wire::empty() };
    match value {
        Value::Integer(value) => Parameter { integer: Some(*value), ..named },
        Value::Number(value) => Parameter { number: Some(OrderedFloat(*value)), ..named },
        Value::Flag(value) => Parameter { flag: Some(*value), ..named },
        Value::Text(value) => Parameter { text: Some(value.clone()), ..named },
        Value::Integers(values) => Parameter { tensor: Some(whole_numbers_to(values)), ..named },
        Value::Numbers(values) => Parameter { tensor: Some(vector_to(ArrayView1::from(values))), ..named },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::types::DType;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::Integer),
            (-1e300..1e300f64).prop_map(Value::Number),
            any::<bool>().prop_map(Value::Flag),
            ".*".prop_map(Value::Text),
            proptest::collection::vec(any::<i64>(), 0..5).prop_map(Value::Integers),
            proptest::collection::vec(-1e300..1e300f64, 0..5).prop_map(Value::Numbers),
        ]
    }

    proptest! {
        #[test]
        fn steps_survive_the_wire(parameters in proptest::collection::btree_map("[a-z]{1,8}", value(), 0..4)) {
            let steps = vec![StepSpec { algorithm: "a".into(), parameters, columns: Some(vec!["x".into()]) }];

            prop_assert_eq!(spec_steps(wire_steps(&steps)).unwrap(), steps);
        }
    }

    #[test]
    fn a_tensor_that_is_no_list_of_numbers_is_refused() {
        let with = |dtype, shape: &[i64], n_bytes: usize| {
            let tensor =
                Tensor { dtype: Some(dtype), shape: Some(shape.to_vec()), data: Some(vec![0; n_bytes].into()) };
            let parameter = Parameter { name: Some("sizes".into()), tensor: Some(tensor), ..crate::wire::empty() };
            spec_parameter("net", parameter).map(|(_, value)| value)
        };

        assert_eq!(with(DType::I32, &[2], 8).unwrap(), Value::Integers(vec![0, 0]));
        assert_eq!(with(DType::F32, &[2], 8).unwrap(), Value::Numbers(vec![0.0, 0.0]));
        for (dtype, shape, n_bytes) in [
            (DType::BOOL, &[2][..], 2),
            (DType::F64, &[1, 2], 16),
            (DType::I64, &[1, 2], 16),
            (DType::I64, &[], 8),
            (DType::I64, &[3], 16),
        ] {
            let message = with(dtype, shape, n_bytes).unwrap_err().to_string();

            assert!(message.contains("parameter \"sizes\" of net"), "{message}");
        }
    }

    #[test]
    fn a_parameter_with_two_values_is_refused_by_name() {
        let parameter =
            Parameter { name: Some("C".into()), integer: Some(1), flag: Some(true), ..crate::wire::empty() };

        let message = spec_parameter("logistic_regression", parameter).unwrap_err().to_string();

        assert!(message.contains("\"C\" of logistic_regression has more than one value"), "{message}");
    }
}
