//! All jobs of a server: accepted, found, watched, cancelled.

use super::Limits;
use super::job::{Event, Job, JobSpec, Rows, State, number_of};
use super::journal::{self, Accepted};
use crate::coordination::{Coordination, uninterrupted};
use crate::data::{Page, Reference, Selector};
use crate::datasets::{self, Datasets};
use crate::error::{Error, Result, quotable};
use crate::failpoint;
use crate::pool::Pool;
use crate::registry::Registry;
use crate::storage::Storage;
use log::{info, warn};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// Events of a job that are kept; older ones leave a gap in the sequence.
const MAX_EVENTS: usize = 256;

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
    table: Mutex<Table>,
    /// Somebody waits in the queue, or the server stops.
    pub(super) wake: Notify,
    pub(super) stopping: AtomicBool,
}

#[derive(Default)]
struct Table {
    /// By number, oldest first.
    entries: BTreeMap<u64, Entry>,
    queue: VecDeque<u64>,
}

struct Entry {
    job: Job,
    events: VecDeque<Event>,
    changed: watch::Sender<u64>,
    cancel: Arc<AtomicBool>,
}

impl Entry {
    fn new(job: Job) -> Self {
        Self { events: VecDeque::new(), changed: watch::Sender::new(job.sequence), cancel: Arc::default(), job }
    }

    /// Shows the job as it is now, with an event that says so.
    fn show(&mut self, job: Job, message: &str) {
        let sequence = self.job.sequence + 1;
        self.job = Job { sequence, ..job };
        let Job { state, progress, .. } = self.job;
        self.events.push_back(Event { sequence, time_ms: now_ms(), state, message: message.to_owned(), progress });
        if self.events.len() > MAX_EVENTS {
            self.events.pop_front();
        }
        self.changed.send_replace(sequence);
    }
}

impl Jobs {
    /// Finds the jobs that are kept. One that was cut off is found to have succeeded, if its version was published, and is
    /// queued again if not.
    ///
    /// # Errors
    /// [`Error::Storage`] or [`Error::Damaged`] if the state cannot be read.
    pub async fn open(parts: Parts) -> Result<Self> {
        let pool = Pool::start("train", parts.limits.threads, parts.limits.threads)
            .map_err(|cause| Error::storage("starting the training threads", cause))?;
        let mut table = Table::default();
        for job in journal::all(&parts.coordination).await? {
            let job = if job.state.has_ended() { job } else { resume(&parts, job).await? };
            if job.state == State::Queued {
                table.queue.push_back(job.number());
            }
            table.entries.insert(job.number(), Entry::new(job));
        }
        sweep(&parts.storage, &table).await?;
        let (wake, stopping) = (Notify::new(), AtomicBool::new(false));
        wake.notify_one();
        Ok(Self { shared: Arc::new(Shared { parts, pool, table: Mutex::new(table), wake, stopping }) })
    }

    /// Accepts a job. What it needs is stored when this returns.
    ///
    /// # Errors
    /// What [`Spec::check`](crate::model::Spec::check) says, [`Error::DatasetNotFound`], [`Error::TooMany`].
    pub async fn submit(&self, spec: JobSpec) -> Result<Job> {
        let shared = Arc::clone(&self.shared);
        uninterrupted(async move { shared.submit(spec).await }).await
    }

    /// A job as it is now.
    ///
    /// # Errors
    /// [`Error::JobNotFound`].
    pub fn get(&self, id: &str) -> Result<Job> {
        self.shared.entry(id, |entry| entry.job.clone())
    }

    /// The jobs that are older than `after`, newest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `limit` is not from 1 to 1000, [`Error::JobNotFound`] if `after` is no job's id.
    pub fn list(&self, after: Option<&str>, limit: usize) -> Result<Page<Job>> {
        let before = match after {
            Some(id) => number_of(id).ok_or_else(|| not_found(id))?,
            None => u64::MAX,
        };
        let table = self.shared.table();
        let jobs = table.entries.range(..before).rev().map(|(_, entry)| (entry.job.id.as_str(), entry.job.clone()));
        Page::first(jobs, limit)
    }

    /// Jobs that wait or run.
    pub fn in_flight(&self) -> usize {
        self.shared.table().entries.values().filter(|entry| !entry.job.state.has_ended()).count()
    }

    /// What happened to a job after a sequence number; waits for something to happen, at most `wait`.
    ///
    /// # Errors
    /// [`Error::JobNotFound`].
    pub async fn watch(&self, id: &str, after: u64, wait: Duration) -> Result<(Vec<Event>, Job)> {
        let until = Instant::now() + wait;
        loop {
            let (events, job, mut changed) = self.shared.entry(id, |entry| {
                let events: Vec<Event> = entry.events.iter().filter(|event| event.sequence > after).cloned().collect();
                (events, entry.job.clone(), entry.changed.subscribe())
            })?;
            if !events.is_empty() || job.state.has_ended() {
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
    /// [`Error::JobNotFound`].
    pub async fn cancel(&self, id: &str) -> Result<Job> {
        let cancelled = self.shared.entry(id, |entry| {
            entry.cancel.store(true, Ordering::SeqCst);
            entry.job.number()
        })?;
        let waited = {
            let mut table = self.shared.table();
            let before = table.queue.len();
            table.queue.retain(|number| *number != cancelled);
            table.queue.len() < before
        };
        if waited {
            let shared = Arc::clone(&self.shared);
            uninterrupted(async move { shared.end(cancelled, Err(Error::Cancelled { what: "the job" })).await })
                .await?;
        }
        self.get(id)
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry<T>(&self, id: &str, look: impl FnOnce(&mut Entry) -> T) -> Result<T> {
        let number = number_of(id).ok_or_else(|| not_found(id))?;
        self.table().entries.get_mut(&number).map(look).ok_or_else(|| not_found(id))
    }

    async fn submit(&self, spec: JobSpec) -> Result<Job> {
        let Parts { coordination, storage, limits, .. } = &self.parts;
        let waiting = self.table().queue.len();
        if waiting >= limits.max_queued_jobs {
            return Err(Error::TooMany { what: "jobs", count: waiting, limit: limits.max_queued_jobs });
        }
        let (dataset, inline) = self.rows(&spec).await?;
        let job = Job::new(journal::next_number(coordination).await?, &spec, dataset, now_ms());
        if let Some(key) = &job.key_sha256
            && let Some(first) = journal::repeated(coordination, key).await?
        {
            return self.entry(&first, |entry| entry.job.clone());
        }
        if let Some(rows) = inline {
            storage.create(&job.rows_path(), rows).await?;
        }
        failpoint::reach(super::run::STORED);
        match journal::accept(coordination, &job).await? {
            Accepted::New => {}
            Accepted::Repeated(first) => {
                storage.delete_folder(&job.folder()).await?;
                return self.entry(&first, |entry| entry.job.clone());
            }
        }
        failpoint::reach(super::run::ACCEPTED);
        info!(job = job.id, model:% = job.model; "Accepted job.");
        let mut table = self.table();
        table.queue.push_back(job.number());
        table.entries.insert(job.number(), Entry::new(job.clone()));
        drop(table);
        self.wake.notify_one();
        Ok(job)
    }

    /// Checks the pipeline against the rows: `name@version` of a data set, or the encoded rows that were sent along.
    async fn rows(&self, spec: &JobSpec) -> Result<(Option<String>, Option<bytes::Bytes>)> {
        match &spec.rows {
            Rows::Dataset(reference) => {
                let reference = Reference::parse("data set", reference)?;
                let (dataset, _) = self.parts.datasets.describe(&reference)?;
                spec.pipeline.check(&dataset.columns)?;
                let version = Reference { selector: Selector::Version(dataset.version), ..reference };
                Ok((Some(version.to_string()), None))
            }
            Rows::Inline(table) => {
                spec.pipeline.check(&table.schema())?;
                Ok((None, Some(datasets::encode(table)?)))
            }
        }
    }

    /// The next job that waits, marked as running; `None` if there is none.
    pub(super) fn next(&self) -> Option<(Job, Arc<AtomicBool>)> {
        let mut table = self.table();
        let number = table.queue.pop_front()?;
        let entry = table.entries.get_mut(&number)?;
        let job = Job { state: State::Running, started_ms: Some(now_ms()), ..entry.job.clone() };
        entry.show(job.clone(), "started");
        Some((job, Arc::clone(&entry.cancel)))
    }

    /// Shows how far a running job is.
    pub(super) fn progress(&self, number: u64, message: &str, progress: f64) {
        if let Some(entry) = self.table().entries.get_mut(&number) {
            let job = Job { progress, ..entry.job.clone() };
            entry.show(job, message);
        }
    }

    /// Ends a job: what is shown is stored before.
    pub(super) async fn end(&self, number: u64, outcome: Result<(u64, BTreeMap<String, f64>)>) -> Result<()> {
        let Some(mut job) = self.table().entries.get(&number).map(|entry| entry.job.clone()) else { return Ok(()) };
        job.finished_ms = Some(now_ms());
        let message = match outcome {
            Ok((version, metrics)) => {
                let message = format!("published {}@{version}", job.model);
                (job.state, job.progress, job.version, job.metrics) = (State::Succeeded, 1.0, Some(version), metrics);
                message
            }
            Err(error @ Error::Cancelled { .. }) => {
                job.state = State::Cancelled;
                error.to_string()
            }
            Err(error) => {
                job.state = State::Failed;
                job.failure = Some((&error).into());
                warn!(job = job.id, error:%; "Job failed.");
                error.to_string()
            }
        };
        journal::update(&self.parts.coordination, &job).await?;
        failpoint::reach(super::run::RECORDED);
        self.parts.storage.delete_folder(&job.folder()).await?;
        if let Some(entry) = self.table().entries.get_mut(&number) {
            let sequence = entry.job.sequence;
            entry.show(Job { sequence, ..job }, &message);
        }
        self.forget_oldest().await
    }

    async fn forget_oldest(&self) -> Result<()> {
        let forgotten: Vec<Job> = {
            let mut table = self.table();
            let ended: Vec<u64> =
                table.entries.iter().filter(|(_, entry)| entry.job.state.has_ended()).map(|it| *it.0).collect();
            let excess = ended.len().saturating_sub(self.parts.limits.max_ended_jobs);
            ended[..excess].iter().filter_map(|number| table.entries.remove(number)).map(|entry| entry.job).collect()
        };
        for job in forgotten {
            journal::forget(&self.parts.coordination, &job).await?;
        }
        Ok(())
    }
}

/// What a job that was cut off is now.
async fn resume(parts: &Parts, job: Job) -> Result<Job> {
    let published = match job.version {
        Some(version) => {
            let reference = Reference { name: job.model.clone(), selector: Selector::Version(version) };
            parts.registry.describe(&reference).ok().filter(|it| it.manifest.job_id == job.id)
        }
        None => None,
    };
    let job = match published {
        Some(it) => Job {
            state: State::Succeeded,
            progress: 1.0,
            metrics: it.manifest.metrics.clone(),
            finished_ms: Some(now_ms()),
            ..job
        },
        None => Job { state: State::Queued, progress: 0.0, version: None, started_ms: None, ..job },
    };
    info!(job = job.id, state:? = job.state; "Resumed job.");
    journal::update(&parts.coordination, &job).await?;
    Ok(job)
}

/// Deletes rows whose job was never accepted, or has ended.
async fn sweep(storage: &Storage, table: &Table) -> Result<()> {
    let folders =
        storage.list("jobs").await?.into_iter().filter_map(|(path, _)| path.split('/').nth(1).map(str::to_owned));
    for id in folders.collect::<std::collections::BTreeSet<_>>() {
        let waits =
            number_of(&id).and_then(|number| table.entries.get(&number)).is_some_and(|it| !it.job.state.has_ended());
        if !waits {
            storage.delete_folder(&format!("jobs/{id}")).await?;
        }
    }
    Ok(())
}

fn not_found(id: &str) -> Error {
    Error::JobNotFound { id: quotable(id) }
}

pub(super) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
