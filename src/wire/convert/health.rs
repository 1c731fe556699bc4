//! What `describe` answers.

use super::parameters::wire_parameter;
use crate::batching;
use crate::model::{Algorithm, ParameterSpec};
use crate::wire::health::{AlgorithmDescription, Limits, MethodDescription, ParameterDescription};
use crate::wire::runtime::Method;
use std::time::Duration;

/// The limits that a client needs to know.
pub fn limits(wire: &crate::wire::Limits, batching: &batching::Limits, in_flight: usize, deadline: Duration) -> Limits {
    Limits {
        max_frame_bytes: Some(whole(wire.max_frame_bytes)),
        max_elements: Some(whole(wire.max_elements)),
        max_depth: Some(i32::try_from(wire.max_depth).unwrap_or(i32::MAX)),
        max_calls_in_flight: Some(i32::try_from(in_flight).unwrap_or(i32::MAX)),
        max_batch_rows: Some(whole(batching.max_batch_rows)),
        max_queue_rows: Some(whole(batching.max_queue_rows)),
        max_deadline_ms: Some(i64::try_from(deadline.as_millis()).unwrap_or(i64::MAX)),
    }
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A method of the IDL.
pub fn method(method: &Method) -> MethodDescription {
    MethodDescription {
        name: Some(method.name.into()),
        service_name: Some(method.service.into()),
        role: method.role.map(Into::into),
        idempotent: Some(method.idempotent),
    }
}

/// An algorithm with its hyper-parameters.
pub fn algorithm(algorithm: &dyn Algorithm) -> AlgorithmDescription {
    AlgorithmDescription {
        name: Some(algorithm.name().into()),
        kind: Some(algorithm.kind().name().into()),
        summary: Some(algorithm.summary().into()),
        parameters: Some(algorithm.parameters().iter().map(parameter).collect()),
    }
}

fn parameter(spec: &ParameterSpec) -> ParameterDescription {
    ParameterDescription {
        name: Some(spec.name.into()),
        type_name: Some(spec.default.type_name().into()),
        default_value: Some(wire_parameter(spec.name, &spec.default)),
        range: Some(spec.range.to_string()),
        meaning: Some(spec.meaning.into()),
    }
}
