//! Training as a server has it, on a folder of its own.

use super::super::*;
use crate::coordination::Coordination;
use crate::data::{Column, Name, Table};
use crate::datasets::Datasets;
use crate::error::{Code, Result};
use crate::model::{Spec, StepSpec};
use crate::registry::{self, Registry};
use crate::storage::Storage;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Far longer than anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn parts(folder: &Path, limits: Limits) -> Parts {
    let storage = Arc::new(Storage::open(folder).unwrap());
    let coordination = Arc::new(Coordination::open(&folder.join("state.redb")).unwrap());
    let parts = registry::Parts {
        storage: Arc::clone(&storage),
        coordination: Arc::clone(&coordination),
        options: registry::Options::default(),
        telemetry: Arc::default(),
    };
    let registry = Registry::open(parts).await.unwrap();
    let bounds = crate::datasets::Limits::default();
    let datasets = Datasets::open(Arc::clone(&storage), Arc::clone(&coordination), bounds, 0).await.unwrap();
    Parts { storage, coordination, registry, datasets, limits }
}

/// Jobs that nobody runs yet.
pub(super) async fn open(folder: &Path, limits: Limits) -> Jobs {
    Jobs::open(parts(folder, limits).await).await.unwrap()
}

pub(super) fn limits(max_ended_jobs: usize) -> Limits {
    Limits { max_ended_jobs, ..Limits::default() }
}

/// Jobs and who runs them.
pub(super) struct Server {
    pub(super) jobs: Jobs,
    running: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(folder: &Path, limits: Limits) -> Self {
        Self::run(open(folder, limits).await)
    }

    pub(super) fn run(jobs: Jobs) -> Self {
        let running = jobs.clone();
        Self { jobs, running: tokio::spawn(async move { running.run().await }) }
    }

    /// Stops, once the end of the last job is over.
    pub(super) async fn stop(self) {
        self.jobs.stop();
        self.running.await.unwrap();
    }

    /// Keeps the training thread busy, so that a job which runs comes to its first step when this is dropped.
    pub(super) fn stall(&self) -> mpsc::Sender<()> {
        let ((stall, until), (begun, has_begun)) = (mpsc::channel(), mpsc::channel());
        let busy = move || {
            begun.send(()).unwrap();
            let _ = until.recv();
        };
        self.jobs.shared.pool.submit(busy).unwrap();
        has_begun.recv().unwrap();
        stall
    }

    /// Waits for a job to run.
    pub(super) async fn started(&self, id: &str) {
        let (events, _) = self.jobs.watch(id, 0, PATIENCE).await.unwrap();
        assert_eq!(events[0].message, "started");
    }

    /// The job, once it has ended.
    pub(super) async fn ended(&self, id: &str) -> Job {
        collect(&self.jobs, id).await;
        self.jobs.get(id).unwrap()
    }

    /// The versions that were published.
    pub(super) fn versions(&self) -> Vec<u64> {
        let models = self.jobs.shared.parts.registry.statuses();
        models.into_iter().map(|status| status.version).collect()
    }
}

/// The events of a job to its end, as a watcher collects them.
pub(super) async fn collect(jobs: &Jobs, id: &str) -> Vec<Event> {
    let mut collected: Vec<Event> = Vec::new();
    loop {
        let after = collected.last().map_or(0, |event| event.sequence);
        let (events, job) = jobs.watch(id, after, PATIENCE).await.unwrap();
        assert!(!events.is_empty() || job.state.has_ended(), "nothing happened to {id} in {PATIENCE:?}: {job:?}");
        collected.extend(events);
        if job.state.has_ended() {
            return collected;
        }
    }
}

/// Rows of y = 2 x, the last x as given.
pub(super) fn line(last: f64) -> Table {
    let x = vec![0.0, 1.0, 2.0, last];
    Table::new(vec![Column::float("y", vec![0.0, 2.0, 4.0, 6.0]), Column::float("x", x)]).unwrap()
}

/// A model of the line.
pub(super) fn spec() -> JobSpec {
    let step = |algorithm: &str| StepSpec { algorithm: algorithm.into(), ..StepSpec::default() };
    let steps = vec![step("standard_scaler"), step("linear_regression")];
    let pipeline = Spec { steps, target: Some("y".into()), ..Spec::default() };
    let model = Name::parse("model", "line").unwrap();
    JobSpec { model, pipeline, rows: Rows::Inline(line(3.0)), idempotency_key: None }
}

pub(super) fn key(key: &str) -> JobSpec {
    JobSpec { idempotency_key: Some(key.into()), ..spec() }
}

/// A job that nobody asked for.
pub(in crate::training) fn job(number: u64, state: State) -> Job {
    Job { state, ..Job::new(number, spec(), 0) }
}

pub(super) fn code_of<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}
