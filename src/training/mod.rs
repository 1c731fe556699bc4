//! Training as jobs: accepted at once, run one after the other, published as a version, watched while they run.
//!
//! An accepted job outlives the server: its specification is in `coordination` and its rows are in `storage` before it is
//! acknowledged, so that a restart runs it again, or finds the version that it had published. A fit that was long at it goes on
//! from the last state that it kept.

mod job;
mod jobs;

mod accept;
mod checkpoints;
mod end;
mod recovery;
mod run;
mod search;

mod journal;
mod table;

pub mod learners;

#[cfg(test)]
mod tests;

pub use checkpoints::CHECKPOINT_STEPS;
pub use job::{Event, Failure, Job, JobSpec, Rows, State};
pub use jobs::{Jobs, Parts};
pub use learners::{Batch, Learned, LearnerStatus, Learners};
pub use run::STEPS;
pub use search::{Publish, SearchJob, Sought};

use crate::model::Bounds;
use std::time::Duration;

/// Bounds of training; the `training` section of the settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Jobs that train at once.
    pub threads: usize,
    /// Threads that a job sums over its rows with; what it learns does not depend on them.
    pub threads_per_job: usize,
    /// Jobs that wait.
    pub max_queued_jobs: usize,
    /// Jobs that have ended and are remembered; older ones are forgotten.
    pub max_ended_jobs: usize,
    /// How often a fit keeps its state at most, so that it can go on after a restart; `None`: never.
    pub checkpoint_every: Option<Duration>,
    /// What the fits of a job may take.
    pub job: Bounds,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            threads: 1,
            threads_per_job: 1,
            max_queued_jobs: 100,
            max_ended_jobs: 1000,
            checkpoint_every: Some(Duration::from_secs(5)),
            job: Bounds::default(),
        }
    }
}
