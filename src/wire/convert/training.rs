//! Jobs and what happens to them.

use super::error::{failure, failure_from};
use super::models::{metrics, metrics_from, number, number_from};
use super::parameters::{spec_steps, wire_steps};
use super::table::{table_from, table_to};
use crate::data::Name;
use crate::error::{Error, Result};
use crate::model::Spec;
use crate::training::{Event, Job, JobSpec, Rows, State};
use crate::wire::answers::{JobStatus, Watched};
use crate::wire::training::{self, JobEvent, JobState, TrainRequest, WatchJobResponse};
use crate::wire::types::Table;
use thrift::OrderedFloat;

/// Rows that were sent along, or are stored.
///
/// # Errors
/// [`Error::InvalidArgument`] if there are none or both kinds.
pub(super) fn rows_from(table: Option<Table>, dataset: Option<String>) -> Result<Rows> {
    match (table, dataset) {
        (Some(table), None) => Ok(Rows::Inline(table_from(table)?)),
        (None, Some(dataset)) => Ok(Rows::Dataset(dataset)),
        _ => Err(Error::invalid("the request has neither rows nor a data set, or both; send table or dataset")),
    }
}

/// What is asked of a job.
///
/// # Errors
/// [`Error::Name`] for the model; [`Error::InvalidArgument`] if there are no rows or both kinds, or a step is not complete.
pub fn job_spec(request: TrainRequest, idempotency_key: Option<String>) -> Result<JobSpec> {
    let model = Name::parse("model", request.model.unwrap_or_default())?;
    let rows = rows_from(request.table, request.dataset)?;
    let pipeline = Spec {
        steps: spec_steps(request.steps.unwrap_or_default())?,
        target: request.target,
        targets: request.targets.unwrap_or_default(),
        features: request.features,
        seed: request.seed.unwrap_or_default().cast_unsigned(),
        validation_fraction: request.validation_fraction.map(OrderedFloat::into_inner),
        sample_weight: request.sample_weight,
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

/// What is asked of a job, as a client sends it; the caller fills in the context.
pub fn train_request(spec: &JobSpec) -> TrainRequest {
    let (table, dataset) = match &spec.rows {
        Rows::Inline(table) => (Some(table_to(table)), None),
        Rows::Dataset(dataset) => (None, Some(dataset.clone())),
    };
    TrainRequest {
        context: None,
        model: Some(spec.model.to_string()),
        steps: Some(wire_steps(&spec.pipeline.steps)),
        table,
        dataset,
        target: spec.pipeline.target.clone(),
        features: spec.pipeline.features.clone(),
        seed: Some(spec.pipeline.seed.cast_signed()),
        validation_fraction: spec.pipeline.validation_fraction.map(OrderedFloat),
        sample_weight: spec.pipeline.sample_weight.clone(),
        targets: (!spec.pipeline.targets.is_empty()).then(|| spec.pipeline.targets.clone()),
    }
}

/// A job as a client received it.
///
/// # Errors
/// [`Error::InvalidArgument`] if there is none, or it is in a state that is not known here.
pub fn job_from(job: Option<training::Job>) -> Result<JobStatus> {
    let job = job.ok_or_else(|| Error::invalid("there is no job in it"))?;
    Ok(JobStatus {
        id: job.id.unwrap_or_default(),
        state: state_from(job.state, job.state_name)?,
        model: job.model.unwrap_or_default(),
        version: job.version.map(|it| number_from(Some(it))),
        created_ms: job.created_ms.unwrap_or_default(),
        started_ms: job.started_ms,
        finished_ms: job.finished_ms,
        progress: job.progress.unwrap_or_default().into_inner(),
        metrics: metrics_from(job.metrics),
        error: job.error.map(failure_from),
        sequence: number_from(job.sequence),
    })
}

/// What happened to a job, as a client received it.
///
/// # Errors
/// As [`job_from`].
pub fn watched_from(answer: WatchJobResponse) -> Result<Watched> {
    let events = answer.events.unwrap_or_default().into_iter().map(event_from).collect::<Result<_>>()?;
    Ok(Watched { events, job: job_from(answer.job)? })
}

fn event_from(event: JobEvent) -> Result<Event> {
    Ok(Event {
        sequence: number_from(event.sequence),
        time_ms: event.time_ms.unwrap_or_default(),
        state: state_from(event.state, event.state_name)?,
        message: event.message.unwrap_or_default(),
        progress: event.progress.unwrap_or_default().into_inner(),
    })
}

fn state_from(number: Option<i32>, name: Option<String>) -> Result<State> {
    [State::Queued, State::Running, State::Succeeded, State::Failed, State::Cancelled]
        .into_iter()
        .find(|known| Some(state(*known).0) == number)
        .ok_or_else(|| Error::invalid(format!("the state {:?} is not known here", name.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Table};
    use crate::model::{StepSpec, Value};

    #[test]
    fn what_is_asked_of_a_job_survives_the_wire() {
        let table = Table::new(vec![Column::integer("x", vec![1, 2]), Column::float("y", vec![0.5, 1.5])]).unwrap();
        let parameters = [("C".to_owned(), Value::Number(0.5))].into();
        let pipeline = Spec {
            steps: vec![StepSpec { algorithm: "logistic_regression".into(), parameters, columns: None }],
            target: Some("y".into()),
            targets: vec!["y".into(), "z".into()],
            features: Some(vec!["x".into()]),
            seed: u64::MAX,
            validation_fraction: Some(0.25),
            sample_weight: Some("w".into()),
        };
        let model = Name::parse("model", "wine").unwrap();
        let sent = JobSpec { model, pipeline, rows: Rows::Inline(table.clone()), idempotency_key: None };

        let received = job_spec(train_request(&sent), None).unwrap();

        assert_eq!((received.model, received.pipeline), (sent.model, sent.pipeline));
        assert!(matches!(received.rows, Rows::Inline(it) if it == table));
    }

    #[test]
    fn a_state_of_a_newer_server_is_refused_by_name() {
        let job = training::Job { state: Some(9), state_name: Some("PAUSED".into()), ..crate::wire::empty() };

        assert!(job_from(Some(job)).unwrap_err().to_string().contains("PAUSED"));
    }
}
