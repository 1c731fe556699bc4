//! The end of a job: stored, shown, and after enough others forgotten.

use super::job::{Failure, Job, State, now_ms};
use super::jobs::Shared;
use super::{journal, run};
use crate::error::{Error, Result};
use crate::failpoint;
use log::{info, warn};
use std::collections::BTreeMap;

/// What a job that succeeds leaves.
pub(super) struct Published {
    /// `None` of a search that was not to publish.
    pub(super) version: Option<u64>,
    pub(super) metrics: BTreeMap<String, f64>,
}

impl Shared {
    /// Ends a job. What is shown is stored before; where it cannot be stored it is shown all the same, because a job that
    /// nobody works on must not look as if it ran.
    ///
    /// # Errors
    /// [`Error::Storage`] if the end could not be stored: the next start of the server runs the job again, or finds the
    /// version that it published.
    pub(super) async fn end(&self, id: &str, outcome: Result<Published>) -> Result<()> {
        let Ok(job) = self.table().get(id).cloned() else { return Ok(()) };
        report(&job, &outcome);
        let job = ended(job, outcome, now_ms());
        let stored = self.store_end(&job).await;
        self.table().show_end(job);
        self.forget_oldest().await;
        stored
    }

    /// Ends a job that waits; takes down that one which runs shall end at its next step.
    pub(super) async fn cancel(&self, id: &str) -> Result<()> {
        let waited = self.table().cancel(id)?;
        if waited.is_some() {
            return self.end(id, Err(Error::Cancelled { what: "the job" })).await;
        }
        let job = self.table().get(id)?.clone();
        if !job.state.has_ended() {
            journal::cancel(&self.parts.coordination, id).await?;
            self.table().progress(id, "cancelling", job.progress, now_ms());
        }
        Ok(())
    }

    async fn store_end(&self, job: &Job) -> Result<()> {
        journal::update(&self.parts.coordination, job).await?;
        failpoint::reach(run::RECORDED);
        if let Err(error) = self.parts.storage.delete_folder(&job.folder()).await {
            warn!(job = job.id, error:%; "Left rows of an ended job behind; the next start deletes them.");
        }
        Ok(())
    }

    async fn forget_oldest(&self) {
        let _changing = self.changes.lock().await;
        let excess = self.table().excess(self.parts.limits.max_ended_jobs);
        for job in excess {
            match journal::forget(&self.parts.coordination, &job).await {
                Ok(()) => self.table().remove(&job),
                Err(error) => warn!(job = job.id, error:%; "An old job could not be forgotten."),
            }
        }
    }
}

fn report(job: &Job, outcome: &Result<Published>) {
    match outcome {
        Ok(Published { version, .. }) => {
            info!(job = job.id, model:% = job.model, version:? = version; "Job succeeded.")
        }
        Err(Error::Cancelled { .. }) => info!(job = job.id; "Job cancelled."),
        Err(error) => warn!(job = job.id, error:%; "Job failed."),
    }
}

/// The job after its last event.
fn ended(job: Job, outcome: Result<Published>, now_ms: i64) -> Job {
    let job = Job { sequence: job.sequence + 1, finished_ms: Some(now_ms), ..job };
    match outcome {
        Ok(Published { version, metrics }) => Job { state: State::Succeeded, progress: 1.0, version, metrics, ..job },
        Err(Error::Cancelled { .. }) => Job { state: State::Cancelled, ..job },
        Err(error) => Job { state: State::Failed, failure: Some(Failure::from(&error)), ..job },
    }
}
