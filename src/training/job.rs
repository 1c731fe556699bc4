//! What a job is, and what can happen to it.

use super::search::Sought;
use crate::data::{Name, Table};
use crate::error::{Code, Error};
use crate::model::Spec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for a thread.
    Queued,
    /// It fits or publishes.
    Running,
    /// Its version is published.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl State {
    /// Nothing more will happen.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The rows that a job is asked to train on.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Sent along.
    Inline(Table),
    /// A stored data set: a name, for its newest version, or `name@version`.
    Dataset(String),
}

/// What is asked of a job.
#[derive(Clone, Debug)]
pub struct JobSpec {
    /// The model to publish a version of.
    pub model: Name,
    /// The pipeline.
    pub pipeline: Spec,
    /// What to train on.
    pub rows: Rows,
    /// A repeated key is answered with the job of the first.
    pub idempotency_key: Option<String>,
}

/// Why a job failed, in a form that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of the error.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let message = match error.code() {
            Code::Internal => "the server could not train this; its log has the reason under the id of the job".into(),
            _ => error.to_string(),
        };
        Self { code: error.code(), message, hint: error.hint() }
    }
}

/// A job as it is now; what is kept of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// `j1`, `j2`, … in the order of acceptance.
    pub id: String,
    /// The model that it trains.
    pub model: Name,
    /// The pipeline.
    pub pipeline: Spec,
    /// `name@version` of the data set that it trains on; `None` if the rows were sent along.
    pub dataset: Option<String>,
    /// Where it is in its life.
    pub state: State,
    /// From 0 to 1.
    pub progress: f64,
    /// The version that it published.
    pub version: Option<u64>,
    /// The metrics of that version.
    pub metrics: BTreeMap<String, f64>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Milliseconds since 1970.
    pub started_ms: Option<i64>,
    /// Milliseconds since 1970.
    pub finished_ms: Option<i64>,
    /// Number of the latest event.
    pub sequence: u64,
    /// SHA-256 of its idempotency key.
    pub key_sha256: Option<String>,
    /// How often a run of it has begun and not come to an end: a job that brings the server down must not do so for ever.
    #[serde(default)]
    pub attempts: u32,
    /// The number of the last state of its fits that a start of the server has found.
    #[serde(default)]
    pub last_state: u64,
    /// What it searches; `None` of one that trains what it was told to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Arc<Sought>>,
}

impl Job {
    /// A job that waits.
    pub(super) fn new(number: u64, spec: JobSpec, now_ms: i64) -> Self {
        Self {
            id: format!("j{number}"),
            model: spec.model,
            pipeline: spec.pipeline,
            dataset: None,
            state: State::Queued,
            progress: 0.0,
            version: None,
            metrics: BTreeMap::new(),
            failure: None,
            created_ms: now_ms,
            started_ms: None,
            finished_ms: None,
            sequence: 0,
            key_sha256: None,
            attempts: 0,
            last_state: 0,
            search: None,
        }
    }

    /// The number in its id.
    pub(super) fn number(&self) -> u64 {
        number_of(&self.id).unwrap_or_default()
    }

    /// Where its rows are kept, if they were sent along.
    pub(super) fn rows_path(&self) -> String {
        format!("{}/rows.parquet", self.folder())
    }

    /// What is kept of it in `storage`.
    pub(super) fn folder(&self) -> String {
        format!("jobs/{}", self.id)
    }

    /// What happened last to a job that has ended, as far as the job itself tells: it is what a restart leaves of its events.
    pub(super) fn end(&self) -> Option<Event> {
        let message = match self.state {
            State::Queued | State::Running => return None,
            State::Succeeded => match self.version {
                Some(version) => format!("published {}@{version}", self.model),
                None => "measured all candidates; nothing was to be published".into(),
            },
            State::Failed => self.failure.as_ref().map(|failure| failure.message.clone()).unwrap_or_default(),
            State::Cancelled => Error::Cancelled { what: "the job" }.to_string(),
        };
        let time_ms = self.finished_ms.unwrap_or(self.created_ms);
        Some(Event { sequence: self.sequence, time_ms, state: self.state, message, progress: self.progress })
    }
}

/// The number in a job's id.
pub(super) fn number_of(id: &str) -> Option<u64> {
    let number = id.strip_prefix('j')?.parse().ok()?;
    (format!("j{number}") == id).then_some(number) // One id for each job: j01 and j+1 are none.
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// 1, 2, 3, … within the job.
    pub sequence: u64,
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// The state after it.
    pub state: State,
    /// For people.
    pub message: String,
    /// From 0 to 1.
    pub progress: f64,
}
