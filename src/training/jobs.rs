//! All jobs of a server: accepted, found, watched, cancelled.

use super::job::{Event, Job, JobSpec};
use super::table::{JobTable, Seen};
use super::{Limits, accept, recovery};
use crate::coordination::{Coordination, uninterrupted};
use crate::data::{Name, Page};
use crate::datasets::Datasets;
use crate::error::{Error, Result};
use crate::pool::Pool;
use crate::registry::Registry;
use crate::storage::Storage;
use crate::telemetry::PoolMetrics;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore};

/// What training works with.
pub struct Parts {
    /// Where rows that were sent along are kept.
    pub storage: Arc<Storage>,
    /// Where jobs are kept.
    pub coordination: Arc<Coordination>,
    /// Where versions are published.
    pub registry: Registry,
    /// Where stored rows come from.
    pub datasets: Datasets,
    /// Bounds.
    pub limits: Limits,
}

/// The jobs of a server. Cloning shares them.
#[derive(Clone)]
pub struct Jobs {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) parts: Parts,
    pub(super) pool: Pool,
    table: Mutex<JobTable>,
    /// Places for those who check what is to be accepted.
    pub(super) checks: Arc<Semaphore>,
    /// Held by whoever accepts or forgets a job, from the last look to the table that shows it, so that jobs are counted
    /// right and an idempotency key always finds its job.
    pub(super) changes: tokio::sync::Mutex<()>,
    /// Somebody waits in the queue, or the server stops.
    pub(super) wake: Notify,
    pub(super) stopping: AtomicBool,
}

impl Jobs {
    /// Finds the jobs that are kept. One that was cut off is found to have succeeded, if its version was published, and is
    /// queued again if not.
    ///
    /// # Errors
    /// [`Error::Storage`] or [`Error::Damaged`] if the state cannot be read.
    pub async fn open(parts: Parts) -> Result<Self> {
        let pool = Pool::start("train", parts.limits.threads, parts.limits.threads, PoolMetrics::default())
            .map_err(|cause| Error::storage("starting the training threads", cause))?;
        let table = Mutex::new(recovery::recover(&parts).await?);
        let (changes, wake, stopping) = (tokio::sync::Mutex::default(), Notify::new(), AtomicBool::new(false));
        wake.notify_one();
        let checks = Arc::new(Semaphore::new(accept::CHECKED_AT_ONCE));
        Ok(Self { shared: Arc::new(Shared { parts, pool, table, checks, changes, wake, stopping }) })
    }

    /// Accepts a job. What it needs is stored when this returns. A repeated idempotency key is answered with the job of
    /// the first, as long as that is remembered.
    ///
    /// # Errors
    /// What [`Spec::check`](crate::model::Spec::check) says, [`Error::DatasetNotFound`], [`Error::TooMany`].
    pub async fn submit(&self, spec: JobSpec) -> Result<Job> {
        self.shared.submit(spec, None).await
    }

    /// A job as it is now.
    ///
    /// # Errors
    /// [`Error::JobNotFound`].
    pub fn get(&self, id: &str) -> Result<Job> {
        self.shared.table().get(id).cloned()
    }

    /// The jobs that are older than `after` and whose model is `shown`, newest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `limit` is not from 1 to 1000, [`Error::JobNotFound`] if `after` is no job's id.
    pub fn list(&self, after: Option<&str>, limit: usize, shown: impl Fn(&Name) -> bool) -> Result<Page<Job>> {
        self.shared.table().list(after, limit, shown)
    }

    /// Jobs that wait or run.
    pub fn in_flight(&self) -> usize {
        self.shared.table().in_flight()
    }

    /// What happened to a job after a sequence number; waits for something to happen, at most `wait`, or until the server
    /// stops.
    ///
    /// # Errors
    /// [`Error::JobNotFound`].
    pub async fn watch(&self, id: &str, after: u64, wait: Duration) -> Result<(Vec<Event>, Job)> {
        let until = Instant::now() + wait;
        loop {
            let Seen { events, job, mut changed } = self.shared.table().events(id, after)?;
            if !events.is_empty() || job.state.has_ended() || self.shared.stopping.load(Ordering::SeqCst) {
                return Ok((events, job));
            }
            if tokio::time::timeout_at(until.into(), changed.changed()).await.is_err() {
                return Ok((events, job));
            }
        }
    }

    /// Cancels a job: at once if it waits, before its next step if it runs. One that has ended is answered as it is.
    ///
    /// # Errors
    /// [`Error::JobNotFound`]; [`Error::Storage`] if that could not be stored: the next start would run the job.
    pub async fn cancel(&self, id: &str) -> Result<Job> {
        let (shared, own_id) = (Arc::clone(&self.shared), id.to_owned());
        uninterrupted(async move { shared.cancel(&own_id).await }).await?;
        self.get(id)
    }
}

impl Shared {
    pub(super) fn table(&self) -> MutexGuard<'_, JobTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
