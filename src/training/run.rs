//! Running jobs: rows in, model out, version published.

use super::job::Job;
use super::jobs::{Jobs, Shared, now_ms};
use super::journal;
use crate::data::{Reference, Table};
use crate::datasets;
use crate::error::{Error, Result};
use crate::failpoint;
use crate::model::{Fitted, fit};
use crate::registry::Publication;
use futures_util::future::join_all;
use log::{error, info};
use std::collections::BTreeMap;
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

    /// Starts no more jobs and leaves those that run at their next step; the next start of the server runs them again.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.wake.notify_waiters();
        self.shared.wake.notify_one();
    }
}

impl Shared {
    async fn work(self: &Arc<Self>) {
        while !self.stopping.load(Ordering::SeqCst) {
            let Some((job, cancel)) = self.next() else {
                self.wake.notified().await;
                continue;
            };
            self.wake.notify_one(); // There may be more in the queue, and more who work.
            let number = job.number();
            let outcome = self.train(job, cancel).await;
            if outcome.is_err() && self.stopping.load(Ordering::SeqCst) {
                break; // It was left, not lost: the journal still has it as running.
            }
            if let Err(error) = self.end(number, outcome).await {
                error!(job = format!("j{number}"), error:%; "The end of a job could not be stored.");
            }
        }
        self.wake.notify_one();
    }

    async fn train(self: &Arc<Self>, mut job: Job, cancel: Arc<AtomicBool>) -> Result<(u64, BTreeMap<String, f64>)> {
        let coordination = &self.parts.coordination;
        journal::update(coordination, &job).await?;
        failpoint::reach(STARTED);
        let table = self.table_of(&job).await?;
        let data_sha256 = datasets::rows_sha256(&table);
        let fitted = self.fit(job.clone(), table, cancel).await?;
        failpoint::reach(FITTED);
        let version = self.parts.registry.reserve_version(&job.model).await?;
        job.version = Some(version);
        journal::update(coordination, &job).await?;
        failpoint::reach(RESERVED);
        let publication = Publication {
            name: job.model.clone(),
            version,
            pipeline: fitted.pipeline,
            metrics: fitted.metrics.clone(),
            n_samples: fitted.n_samples as u64,
            seed: job.pipeline.seed.cast_signed(),
            job_id: job.id.clone(),
            dataset: job.dataset.clone(),
            data_sha256,
            created_ms: now_ms(),
        };
        self.parts.registry.publish(publication).await?;
        failpoint::reach(PUBLISHED);
        info!(job = job.id, model:% = job.model, version; "Published model version.");
        Ok((version, fitted.metrics))
    }

    async fn table_of(&self, job: &Job) -> Result<Table> {
        match &job.dataset {
            Some(reference) => Ok(self.parts.datasets.read(&Reference::parse("data set", reference)?).await?.1),
            None => datasets::decode(self.parts.storage.read(&job.rows_path()).await?),
        }
    }

    /// Fits on a training thread. Dropping the future does not stop the thread; the next step of the fit does.
    async fn fit(self: &Arc<Self>, job: Job, table: Table, cancel: Arc<AtomicBool>) -> Result<Fitted> {
        let (sender, fitted) = oneshot::channel();
        let shared = Arc::clone(self);
        let compute = move || {
            let progress = |message: &str, fraction: f64| {
                if cancel.load(Ordering::SeqCst) {
                    return Err(Error::Cancelled { what: "the job" });
                }
                if shared.stopping.load(Ordering::SeqCst) {
                    return Err(Error::Unavailable { what: "the server stops".into() });
                }
                shared.progress(job.number(), message, fraction);
                Ok(())
            };
            let result =
                fit(&job.pipeline, &table, &progress).and_then(|fitted| progress("publishing", 1.0).map(|()| fitted));
            let _ = sender.send(result);
        };
        self.pool.submit(compute).map_err(|_| Error::internal("the training threads are taken"))?;
        fitted.await.map_err(|_| Error::internal("a fit panicked"))?
    }
}
