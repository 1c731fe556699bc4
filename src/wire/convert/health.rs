//! Who is there, what can it do, how is it.

use super::models::{load_state_from, name_from, number_from};
use super::parameters::{spec_parameter, wire_parameter};
use crate::batching;
use crate::error::{Error, Result};
use crate::model::{About, Algorithm, ParameterSpec};
use crate::registry::{LoadState, VersionStatus};
use crate::wire::answers::{self, Greeting, ServerDescription, ServerLimits, ServerStatus};
use crate::wire::health::{
    AlgorithmDescription, DescribeResponse, HelloResponse, Limits, MethodDescription, ModelStatus,
    ParameterDescription, StatusResponse,
};
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
        role: Some(method.role.name().into()),
        idempotent: Some(method.idempotent),
    }
}

/// An algorithm with its hyper-parameters.
pub fn algorithm(algorithm: &dyn Algorithm) -> AlgorithmDescription {
    let About { name, kind, summary, .. } = *algorithm.about();
    AlgorithmDescription {
        name: Some(name.into()),
        kind: Some(kind.name().into()),
        summary: Some(summary.into()),
        parameters: Some(algorithm.parameters().iter().map(parameter).collect()),
        transductive: Some(algorithm.is_transductive()),
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

/// What `hello` answered.
pub fn greeting_from(answer: HelloResponse) -> Greeting {
    Greeting {
        greeting: answer.greeting.unwrap_or_default(),
        server: answer.server.unwrap_or_default(),
        version: answer.version.unwrap_or_default(),
        uptime_ms: number_from(answer.uptime_ms),
        time_ms: answer.time_ms.unwrap_or_default(),
        time: answer.time.unwrap_or_default(),
    }
}

/// What `status` answered.
///
/// # Errors
/// [`Error::Name`] if a model has a name that is none.
pub fn status_from(answer: StatusResponse) -> Result<ServerStatus> {
    Ok(ServerStatus {
        live: answer.live.unwrap_or_default(),
        ready: answer.ready.unwrap_or_default(),
        reason: answer.reason,
        models: answer.models.unwrap_or_default().into_iter().map(version_status_from).collect::<Result<_>>()?,
        rows_in_flight: number_from(answer.rows_in_flight),
        jobs_in_flight: number_from(answer.jobs_in_flight),
    })
}

/// A server that does not say how a version is says whether it is ready.
fn version_status_from(status: ModelStatus) -> Result<VersionStatus> {
    let ready = status.ready.unwrap_or_default();
    let state = load_state_from(status.state).unwrap_or(if ready { LoadState::Loaded } else { LoadState::Damaged });
    let (name, version) = (name_from("model", status.name)?, number_from(status.version));
    Ok(VersionStatus { name, version, state, reason: status.reason })
}

/// What `describe` answered.
///
/// # Errors
/// [`Error::InvalidArgument`] if there are no limits, or a hyper-parameter has no default.
pub fn description_from(answer: DescribeResponse) -> Result<ServerDescription> {
    let limits = answer.limits.ok_or_else(|| Error::invalid("the description has no limits"))?;
    let algorithms = answer.algorithms.unwrap_or_default().into_iter();
    Ok(ServerDescription {
        version: answer.version.unwrap_or_default(),
        idl_hash: answer.idl_hash.unwrap_or_default(),
        limits: limits_from(&limits),
        methods: answer.methods.unwrap_or_default().into_iter().map(method_from).collect(),
        algorithms: algorithms.map(algorithm_from).collect::<Result<_>>()?,
    })
}

fn limits_from(limits: &Limits) -> ServerLimits {
    ServerLimits {
        max_frame_bytes: number_from(limits.max_frame_bytes),
        max_elements: number_from(limits.max_elements),
        max_depth: number_from(limits.max_depth.map(i64::from)),
        max_calls_in_flight: number_from(limits.max_calls_in_flight.map(i64::from)),
        max_batch_rows: number_from(limits.max_batch_rows),
        max_queue_rows: number_from(limits.max_queue_rows),
        max_deadline_ms: number_from(limits.max_deadline_ms),
    }
}

fn method_from(method: MethodDescription) -> answers::MethodDescription {
    answers::MethodDescription {
        name: method.name.unwrap_or_default(),
        service: method.service_name.unwrap_or_default(),
        role: method.role.unwrap_or_default(),
        idempotent: method.idempotent.unwrap_or_default(),
    }
}

fn algorithm_from(algorithm: AlgorithmDescription) -> Result<answers::AlgorithmDescription> {
    let name = algorithm.name.unwrap_or_default();
    let parameters = algorithm.parameters.unwrap_or_default().into_iter();
    Ok(answers::AlgorithmDescription {
        parameters: parameters.map(|it| parameter_from(&name, it)).collect::<Result<_>>()?,
        name,
        kind: algorithm.kind.unwrap_or_default(),
        summary: algorithm.summary.unwrap_or_default(),
        transductive: algorithm.transductive.unwrap_or_default(),
    })
}

fn parameter_from(algorithm: &str, parameter: ParameterDescription) -> Result<answers::ParameterDescription> {
    let name = parameter.name.unwrap_or_default();
    let default = parameter.default_value.unwrap_or_else(crate::wire::empty);
    Ok(answers::ParameterDescription {
        default: spec_parameter(algorithm, default)?.1,
        name,
        type_name: parameter.type_name.unwrap_or_default(),
        range: parameter.range.unwrap_or_default(),
        meaning: parameter.meaning.unwrap_or_default(),
    })
}
