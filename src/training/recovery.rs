//! What a start finds: jobs that were cut off go on, and rows that nobody needs go.

use super::job::{Failure, Job, State, now_ms};
use super::jobs::Parts;
use super::table::JobTable;
use super::{checkpoints, journal};
use crate::data::{Reference, Selector};
use crate::error::{Code, Result};
use crate::storage::Storage;
use log::info;
use std::collections::{BTreeMap, BTreeSet};

/// More events than one run of a job has: each of 1,000 starts of k_means is one. The journal knows only the first of those that were shown before a crash, and a
/// watcher must find the next one above all of them.
const EVENTS_OF_A_RUN: u64 = 10_000;

/// Runs of a job that may be cut off before it is taken for their cause.
const MAX_ATTEMPTS: u32 = 5;

pub(super) async fn recover(parts: &Parts) -> Result<JobTable> {
    let mut table = JobTable::default();
    for job in journal::all(&parts.coordination).await? {
        let job = if job.state == State::Running { resume(parts, job).await? } else { job };
        table.add(job);
    }
    sweep(&parts.storage, &table).await?;
    Ok(table)
}

/// What a job that was cut off is now.
async fn resume(parts: &Parts, job: Job) -> Result<Job> {
    let job = Job { sequence: job.sequence + EVENTS_OF_A_RUN, ..job };
    // A run that has kept a state was not in vain: the next one goes on from there.
    let last_state = checkpoints::newest(&parts.storage, &job.folder()).await?.into_values().max().unwrap_or_default();
    let attempts = if last_state > job.last_state { 0 } else { job.attempts };
    let job = Job { attempts, last_state, ..job };
    let ended = Job { finished_ms: Some(now_ms()), ..job.clone() };
    let job = match published(parts, &job) {
        Some(metrics) => Job { state: State::Succeeded, progress: 1.0, metrics, ..ended },
        None if journal::is_to_cancel(&parts.coordination, &job.id).await? => Job { state: State::Cancelled, ..ended },
        None if job.attempts >= MAX_ATTEMPTS => Job { state: State::Failed, failure: Some(gave_up()), ..ended },
        None => Job { state: State::Queued, progress: 0.0, version: None, started_ms: None, ..job },
    };
    info!(job = job.id, state:? = job.state; "Resumed job.");
    journal::update(&parts.coordination, &job).await?;
    Ok(job)
}

fn gave_up() -> Failure {
    Failure {
        code: Code::Internal,
        message: format!("the server ended {MAX_ATTEMPTS} times while it trained this; it is not tried again"),
        hint: Some("train on fewer rows or columns, or give the server more memory".into()),
    }
}

/// The metrics of the version that a job published before it was cut off.
fn published(parts: &Parts, job: &Job) -> Option<BTreeMap<String, f64>> {
    let reference = Reference { name: job.model.clone(), selector: Selector::Version(job.version?) };
    let found = parts.registry.describe(&reference).ok().filter(|it| it.manifest.job_id == job.id)?;
    Some(found.manifest.metrics.clone())
}

/// Deletes rows whose job was never accepted, or has ended.
async fn sweep(storage: &Storage, table: &JobTable) -> Result<()> {
    let files = storage.list("jobs").await?;
    let ids: BTreeSet<&str> = files.iter().filter_map(|(path, _)| path.split('/').nth(1)).collect();
    for id in ids {
        let needed = table.get(id).is_ok_and(|job| !job.state.has_ended());
        if !needed {
            storage.delete_folder(&format!("jobs/{id}")).await?;
        }
    }
    Ok(())
}
