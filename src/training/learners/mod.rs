//! Models that learn batch by batch while they are asked: each batch is durable before it is answered, and some become versions.
//!
//! A learner is its last snapshot in `storage` and the log of the batches since, each a file that an entry in `coordination`
//! makes count. One call after the other learns; what it has learned replaces what was before only once its batch is stored, so
//! that a call which fails changes nothing. After a restart the log is learned again, which gives the same bytes.

mod asked;
mod record;

mod queue;

mod accept;
mod publish;
mod replay;

mod journal;
mod parked;
mod table;

#[cfg(test)]
mod tests;

pub use accept::STEPS;
pub use asked::Batch;
pub use record::{Learned, LearnerStatus, Policy};

use crate::coordination::Coordination;
use crate::data::Name;
use crate::error::{Error, Result};
use crate::model::Learner;
use crate::pool::Pool;
use crate::registry::Registry;
use crate::storage::Storage;
use crate::telemetry::PoolMetrics;
use accept::Answers;
use parked::Parked;
use queue::{Call, Work};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use table::{DELETE, LEARN, LearnerTable, Missing};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// What learners work with.
pub struct Parts {
    /// Where batches and snapshots are kept.
    pub storage: Arc<Storage>,
    /// Where it is kept which of them count.
    pub coordination: Arc<Coordination>,
    /// Where versions are published.
    pub registry: Registry,
    /// Bounds.
    pub limits: Limits,
}

/// Bounds of learners; part of the `training` section of the settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Batches that are learned at once, of as many learners.
    pub threads: usize,
    /// Threads that a batch is summed with; what is learned does not depend on them.
    pub threads_per_batch: usize,
    /// Learners there may be.
    pub max_learners: usize,
    /// Calls of a learner that wait for those before them, or are worked on.
    pub max_waiting: usize,
    /// Batches since the last snapshot, at most 1,000: so many are learned again after a restart.
    pub max_log_batches: u64,
    /// Bytes that these batches take.
    pub max_log_bytes: u64,
    /// Memory in bytes that learners take between their batches; those that were idle longest are read again when they are needed.
    pub max_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            threads: 1,
            threads_per_batch: 1,
            max_learners: 100,
            max_waiting: 32,
            max_log_batches: 100,
            max_log_bytes: 32 * 1024 * 1024,
            max_bytes: 256 * 1024 * 1024,
        }
    }
}

/// The learners of a server. Cloning shares them.
#[derive(Clone)]
pub struct Learners {
    shared: Arc<Shared>,
}

struct Shared {
    parts: Parts,
    pool: Pool,
    table: LearnerTable,
    parked: Parked,
    /// A task for each learner whose calls are being worked off.
    at_work: Mutex<JoinSet<()>>,
    stopping: AtomicBool,
}

impl Learners {
    /// Finds the learners that are kept, and publishes the version that a crash came in between.
    ///
    /// # Errors
    /// [`Error::Storage`] or [`Error::Damaged`] if the state cannot be read.
    pub async fn open(parts: Parts) -> Result<Self> {
        let Limits { threads, max_learners, max_waiting, max_bytes, .. } = parts.limits;
        let pool = Pool::start("learn", threads, max_learners.max(1), PoolMetrics::default())
            .map_err(|cause| Error::storage("starting the threads of learners", cause))?;
        let table = LearnerTable::new(max_learners, max_waiting);
        journal::all(&parts.coordination).await?.into_iter().for_each(|kept| table.add(kept));
        let (parked, at_work, stopping) = (Parked::new(max_bytes), Mutex::default(), AtomicBool::new(false));
        let shared = Arc::new(Shared { parts, pool, table, parked, at_work, stopping });
        shared.recover().await?;
        Ok(Self { shared })
    }

    /// Learns from a batch, after those that were asked for before it; the first one of a model makes the learner. What was
    /// learned is durable when this returns. Dropping the future leaves the batch out, unless it was being stored.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the rows, or what is stated of the learner, do not suit; [`Error::LearnerNotFound`] if there
    /// is none and no steps are stated; [`Error::FailedPrecondition`] if another batch is expected;
    /// [`Error::TooMany`]. Nothing was learned after any of them.
    pub async fn partial_fit(&self, batch: Batch) -> Result<Learned> {
        self.partial_fit_by(batch, None).await
    }

    /// The same with an answer by then if the batch is stored by then: a version that is to be published is so beside it, and the
    /// answer says so.
    ///
    /// # Errors
    /// As [`Learners::partial_fit`].
    pub async fn partial_fit_by(&self, batch: Batch, answer_by: Option<Instant>) -> Result<Learned> {
        let missing = if batch.steps.is_some() { Missing::IsMade } else { Missing::IsRefused(LEARN) };
        let place = self.shared.table.enter(&batch.model, missing)?;
        let left = Arc::<AtomicBool>::default();
        let _leaving = Leaving(Arc::clone(&left));
        let (answers, heard) = Answers::channel();
        self.shared.submit(Call { place, work: Work::Learn { batch: Box::new(batch), left, answers } });
        heard.learned(answer_by).await
    }

    /// How a learner is.
    ///
    /// # Errors
    /// [`Error::LearnerNotFound`].
    pub fn get(&self, model: &Name) -> Result<LearnerStatus> {
        self.shared.table.get(model)
    }

    /// Deletes a learner, with all that it needs to go on. The versions that it published stay.
    ///
    /// # Errors
    /// [`Error::LearnerNotFound`]; [`Error::Storage`] if that could not be stored.
    pub async fn delete(&self, model: &Name) -> Result<()> {
        let place = self.shared.table.enter(model, Missing::IsRefused(DELETE))?;
        let (answer, deleted) = oneshot::channel();
        self.shared.submit(Call { place, work: Work::Delete { answer } });
        deleted.await.map_err(|_| Error::internal("deleting a learner ended early"))?
    }

    /// Leaves what is being learned; who waits is told so.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
    }

    /// Waits until nothing is being learned, stored, published or deleted any more. After [`Learners::stop`] that is soon.
    pub async fn ended(&self) {
        self.shared.worked_off().await;
    }
}

impl Shared {
    /// Does something that takes long on a thread of learners.
    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let (sender, done) = oneshot::channel();
        let work = move || {
            let _ = sender.send(work());
        };
        self.pool.submit(work).map_err(|_| Error::internal("the threads of learners are taken"))?;
        done.await.map_err(|_| Error::internal("learning panicked"))?
    }

    /// What a batch asks now and then.
    fn go_on(&self, left: &AtomicBool) -> Result<()> {
        if left.load(Ordering::SeqCst) {
            return Err(Error::Cancelled { what: "the batch" });
        }
        if self.stopping.load(Ordering::SeqCst) {
            return Err(Error::Unavailable { what: "the server stops".into() });
        }
        Ok(())
    }
}

/// What a learner has learned, once it is in memory.
type Current = Option<Arc<Learner>>;

/// Tells that the caller has gone.
struct Leaving(Arc<AtomicBool>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The folder of a learner.
fn folder(model: &Name) -> String {
    format!("learners/{model}")
}
