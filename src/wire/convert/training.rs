//! Jobs and what happens to them.

use super::error::failure;
use super::models::{metrics, number};
use super::parameters::spec_steps;
use super::table::table_from;
use crate::data::Name;
use crate::error::{Error, Result};
use crate::model::Spec;
use crate::training::{Event, Job, JobSpec, Rows, State};
use crate::wire::training::{self, JobEvent, JobState, TrainRequest};
use thrift::OrderedFloat;

/// What is asked of a job.
///
/// # Errors
/// [`Error::Name`] for the model; [`Error::InvalidArgument`] if there are no rows or both kinds, or a step is not complete.
pub fn job_spec(request: TrainRequest, idempotency_key: Option<String>) -> Result<JobSpec> {
    let model = Name::parse("model", &request.model.unwrap_or_default())?;
    let rows = match (request.table, request.dataset) {
        (Some(table), None) => Rows::Inline(table_from(table)?),
        (None, Some(dataset)) => Rows::Dataset(dataset),
        _ => return Err(Error::invalid("the request has neither rows nor a data set, or both; send table or dataset")),
    };
    let pipeline = Spec {
        steps: spec_steps(request.steps.unwrap_or_default())?,
        target: request.target,
        features: request.features,
        seed: request.seed.unwrap_or_default().cast_unsigned(),
    };
    Ok(JobSpec { model, pipeline, rows, idempotency_key })
}

/// A job as it is now.
pub fn job(job: &Job) -> training::Job {
    let (state, state_name) = state(job.state);
    training::Job {
        id: Some(job.id.clone()),
        state: Some(state),
        state_name: Some(state_name.into()),
        model: Some(job.model.to_string()),
        version: job.version.filter(|_| job.state == State::Succeeded).map(number),
        created_ms: Some(job.created_ms),
        started_ms: job.started_ms,
        finished_ms: job.finished_ms,
        progress: Some(OrderedFloat(job.progress)),
        metrics: Some(metrics(&job.metrics)),
        error: job.failure.as_ref().map(|it| failure(it, &job.id)),
        sequence: Some(number(job.sequence)),
    }
}

/// Something that happened to a job.
pub fn job_event(event: &Event) -> JobEvent {
    let (state, state_name) = state(event.state);
    JobEvent {
        sequence: Some(number(event.sequence)),
        time_ms: Some(event.time_ms),
        state: Some(state),
        state_name: Some(state_name.into()),
        message: Some(event.message.clone()),
        progress: Some(OrderedFloat(event.progress)),
    }
}

fn state(state: State) -> (i32, &'static str) {
    let (number, name) = match state {
        State::Queued => (JobState::QUEUED, "QUEUED"),
        State::Running => (JobState::RUNNING, "RUNNING"),
        State::Succeeded => (JobState::SUCCEEDED, "SUCCEEDED"),
        State::Failed => (JobState::FAILED, "FAILED"),
        State::Cancelled => (JobState::CANCELLED, "CANCELLED"),
    };
    (number.into(), name)
}
