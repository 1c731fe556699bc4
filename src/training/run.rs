//! Running jobs: rows in, model out, version published.

use super::checkpoints::States;
use super::end::Published;
use super::job::{Job, State, now_ms};
use super::jobs::{Jobs, Parts, Shared};
use super::journal;
use super::search::{search_rows, without_version};
use crate::data::{Reference, Table};
use crate::datasets;
use crate::error::{Error, Result};
use crate::failpoint;
use crate::model::search::Searched;
use crate::model::{Bounds, Checkpoints, Fitted, Progress, Spec, fit_on};
use crate::registry::Publication;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;
use log::error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;

pub(super) const STORED: &str = "job:stored";
pub(super) const ACCEPTED: &str = "job:accepted";
const STARTED: &str = "job:started";
const FITTED: &str = "job:fitted";
const RESERVED: &str = "job:reserved";
const PUBLISHED: &str = "job:published";
pub(super) const RECORDED: &str = "job:recorded";

/// The steps after which a test can end the process, in their order; publishing has its own between the last three.
pub const STEPS: [&str; 7] = [STORED, ACCEPTED, STARTED, FITTED, RESERVED, PUBLISHED, RECORDED];

impl Jobs {
    /// Runs jobs until [`Jobs::stop`]; its future ends when those that run have been left.
    pub async fn run(&self) {
        join_all((0..self.shared.parts.limits.threads).map(|_| self.shared.work())).await;
    }

    /// Starts no more jobs and leaves those that run at their next step; the next start of the server runs them again. Who
    /// watches a job is answered.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.table().wake_watchers();
        self.shared.wake.notify_waiters();
        self.shared.wake.notify_one();
    }
}

/// The rows of a job as they were read.
pub(super) enum Read {
    Table(Table),
    Encoded(Bytes),
}

/// The progress of a job, and where its fits keep their states.
struct Steps<'a, F> {
    report: F,
    checkpoints: Checkpoints<'a>,
    bounds: Bounds,
}

impl<F: Fn(&str, f64) -> Result<()>> Progress for Steps<'_, F> {
    fn report(&self, message: &str, fraction: f64) -> Result<()> {
        (self.report)(message, fraction)
    }

    fn checkpoints(&self) -> Option<&Checkpoints<'_>> {
        Some(&self.checkpoints)
    }

    fn bounds(&self) -> Bounds {
        self.bounds
    }
}

impl Read {
    pub(super) fn table(self) -> Result<Table> {
        match self {
            Self::Table(table) => Ok(table),
            Self::Encoded(bytes) => datasets::decode(bytes),
        }
    }
}

/// What a fit gives, and the SHA-256 of its rows.
pub(super) type Learned = (Fitted, String);

/// What a training thread gives.
pub(super) struct Fit {
    /// Of a search.
    pub(super) searched: Option<Searched>,
    /// What is to be published; nothing where a search was not to.
    pub(super) learned: Result<Option<Learned>>,
}

impl Shared {
    async fn work(self: &Arc<Self>) {
        while !self.stopping.load(Ordering::SeqCst) {
            let next = self.table().pop();
            let Some((job, cancel)) = next else {
                self.wake.notified().await;
                continue;
            };
            self.wake.notify_one(); // There may be more in the queue, and more who work.
            let id = job.id.clone();
            let trained = AssertUnwindSafe(self.train(job, cancel)).catch_unwind().await;
            let outcome = trained.unwrap_or_else(|_| Err(Error::internal("training panicked")));
            if self.is_left(&outcome) {
                self.leave(&id).await;
                break;
            }
            if let Err(error) = self.end(&id, outcome).await {
                error!(job = id, error:%; "The end of a job could not be stored.");
            }
        }
        self.wake.notify_one();
    }

    /// The server stops before the job is done: it has not ended, and the journal still has it as running. What was
    /// cancelled has ended, or the next start would run it.
    fn is_left(&self, outcome: &Result<Published>) -> bool {
        let ended = matches!(outcome, Ok(_) | Err(Error::Cancelled { .. }));
        !ended && self.stopping.load(Ordering::SeqCst)
    }

    /// A run that is left on purpose is not held against its job.
    async fn leave(&self, id: &str) {
        let Ok(job) = self.table().get(id).cloned() else { return };
        let job = Job { attempts: job.attempts.saturating_sub(1), ..job };
        if let Err(error) = journal::update(&self.parts.coordination, &job).await {
            error!(job = id, error:%; "That a job was left could not be stored.");
        }
    }

    async fn train(self: &Arc<Self>, job: Job, cancel: Arc<AtomicBool>) -> Result<Published> {
        let mut job = self.start(job).await?;
        failpoint::reach(STARTED);
        let rows = self.read(&job).await?;
        let Fit { searched, learned } = self.fit(job.clone(), rows, cancel).await?;
        self.keep(&job.id, searched.as_ref()).await?;
        let Some((fitted, data_sha256)) = learned? else { return Ok(without_version(searched.as_ref())) };
        failpoint::reach(FITTED);
        let version = self.parts.registry.reserve_version(&job.model).await?;
        job.version = Some(version);
        journal::update(&self.parts.coordination, &job).await?;
        failpoint::reach(RESERVED);
        let publication = Publication {
            name: job.model,
            version,
            pipeline: fitted.pipeline,
            metrics: fitted.metrics,
            n_samples: fitted.n_samples as u64,
            seed: job.pipeline.seed.cast_signed(),
            job_id: job.id,
            dataset: job.dataset,
            data_sha256,
            golden_rows: fitted.first_rows,
            created_ms: now_ms(),
        };
        let manifest = self.parts.registry.publish(publication).await?;
        failpoint::reach(PUBLISHED);
        Ok(Published { version: Some(version), metrics: manifest.metrics.clone() })
    }

    /// Takes down and shows that a job runs.
    async fn start(&self, job: Job) -> Result<Job> {
        let now_ms = now_ms();
        let (sequence, attempts) = (job.sequence + 1, job.attempts + 1);
        let job = Job { state: State::Running, started_ms: Some(now_ms), sequence, attempts, ..job };
        journal::update(&self.parts.coordination, &job).await?;
        self.table().show(job.clone(), "started", now_ms);
        Ok(job)
    }

    async fn read(&self, job: &Job) -> Result<Read> {
        match &job.dataset {
            Some(reference) => {
                let reference = Reference::parse("data set", reference)?;
                let (dataset, _) = self.parts.datasets.describe(&reference)?;
                self.parts.limits.job.check_rows(dataset.n_rows, dataset.columns.len())?;
                Ok(Read::Table(self.parts.datasets.read(&reference).await?.1))
            }
            None => self.parts.storage.read(&job.rows_path()).await.map(Read::Encoded),
        }
    }

    /// Fits on a training thread. Dropping the future does not stop the thread; the next step of the fit does.
    async fn fit(self: &Arc<Self>, job: Job, rows: Read, cancel: Arc<AtomicBool>) -> Result<Fit> {
        let (sender, learned) = oneshot::channel();
        let Parts { storage, limits, .. } = &self.parts;
        let states = States::open(storage, &job.folder(), limits.checkpoint_every).await?;
        let shared = Arc::clone(self);
        let compute = move || {
            let report = |message: &str, fraction: f64| shared.step(&job, &cancel, message, fraction);
            let steps = Steps { report, checkpoints: Checkpoints::new(&states), bounds: shared.parts.limits.job };
            let learned = learn(&job, rows, shared.parts.limits.threads_per_job, &steps);
            drop((shared, states)); // Before the answer: who has it may be the last to hold the data folder.
            let _ = sender.send(learned);
        };
        self.pool.submit(compute).map_err(|_| Error::internal("the training threads are taken"))?;
        learned.await.map_err(|_| Error::internal("a fit panicked"))?
    }

    /// Shows the next step of a fit, or stops it.
    fn step(&self, job: &Job, cancel: &AtomicBool, message: &str, fraction: f64) -> Result<()> {
        if cancel.load(Ordering::SeqCst) {
            return Err(Error::Cancelled { what: "the job" });
        }
        if self.stopping.load(Ordering::SeqCst) {
            return Err(Error::Unavailable { what: "the server stops".into() });
        }
        self.table().progress(&job.id, message, fraction, now_ms());
        Ok(())
    }
}

fn learn(job: &Job, rows: Read, threads: usize, progress: &dyn Progress) -> Result<Fit> {
    if let Some(sought) = &job.search {
        return search_rows(job, sought, rows, threads, progress);
    }
    let learned = fit_rows(&job.pipeline, &rows.table()?, threads, progress)?;
    Ok(Fit { searched: None, learned: Ok(Some(learned)) })
}

/// Fits a pipeline on all rows.
pub(super) fn fit_rows(pipeline: &Spec, table: &Table, threads: usize, progress: &dyn Progress) -> Result<Learned> {
    let fitted = fit_on(threads, pipeline, table, progress)?;
    progress.report("publishing", 1.0)?;
    Ok((fitted, datasets::rows_sha256(table)))
}
