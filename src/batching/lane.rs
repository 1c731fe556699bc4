//! What batching keeps beside a model, so that a request finds it without a lookup: its cost and the bounds of its batches,
//! and how much of it waits.

use super::cost::{Estimate, Runs, is_telling};
use super::policy::{Terms, batch_rows};
use super::slowness::Slowness;
use super::target::{Size, Step, Tuning};
use super::worker::Key;
use super::{ModelLimits, Options};
use crate::error::{Error, Result};
use crate::model::LoadedModel;
use crate::telemetry::{EngineMetrics, ModelMetrics};
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// Beside a model, as long as that is loaded.
pub(super) struct Lane {
    key: Arc<Key>,
    runs: Mutex<Runs>,
    /// How many were learned from.
    known: AtomicU32,
    estimate: SharedEstimate,
    /// How much longer its callers wait than they are thought to.
    pub(super) slowness: Slowness,
    waiting_rows: AtomicUsize,
    weight: f64,
    size: Size,
    /// The latency that its callers are promised, and what tunes its batches towards that.
    target: Option<(Duration, Mutex<Tuning>)>,
    metrics: Arc<ModelMetrics>,
}

impl Lane {
    /// That of this model.
    ///
    /// # Errors
    /// [`Error::Internal`] if something else is kept there.
    pub(super) fn of<'a>(model: &'a LoadedModel, options: &Options, metrics: &EngineMetrics) -> Result<&'a Self> {
        let lane = model.beside(|| Self::new(model, options, metrics));
        lane.ok_or_else(|| Error::internal("something other than its lane is kept beside a model"))
    }

    fn new(model: &LoadedModel, Options { limits, models }: &Options, metrics: &EngineMetrics) -> Self {
        let own = models.get(model.name.as_str()).copied().unwrap_or_default();
        let ModelLimits { weight, max_batch_rows, max_delay, target_p99 } = own;
        let row_bytes = size_of::<f64>() * model.pipeline.schema().features.len() + model.pipeline.answer_bytes();
        let rows = batch_rows(row_bytes, limits).min(max_batch_rows.unwrap_or(usize::MAX));
        let size = Size { rows, delay: max_delay.unwrap_or(limits.max_delay) };
        let metrics = metrics.model(model.name.as_str(), model.version);
        metrics.max_batch_rows.set(i64::try_from(rows).unwrap_or(i64::MAX));
        Self {
            key: Arc::new(Key { model: model.name.clone(), version: model.version }),
            runs: Mutex::default(),
            known: AtomicU32::new(0),
            estimate: SharedEstimate::default(),
            slowness: Slowness::default(),
            waiting_rows: AtomicUsize::new(0),
            weight: weight.unwrap_or(1.0),
            size,
            target: target_p99.or(limits.target_p99).map(|target| (target, Mutex::new(Tuning::new(target, size)))),
            metrics,
        }
    }

    /// What may share its batches.
    pub(super) fn key(&self) -> &Arc<Key> {
        &self.key
    }

    /// What holds for its batches at present.
    pub(super) fn terms(&self) -> Terms {
        let tuned =
            self.target.as_ref().map(|(_, tuning)| tuning.lock().unwrap_or_else(PoisonError::into_inner).size());
        let Size { rows, delay } = tuned.unwrap_or(self.size);
        Terms { weight: self.weight, estimate: self.estimate(), max_rows: rows, max_delay: delay }
    }

    /// Rows that a batch has at the most, whatever is tuned.
    pub(super) fn max_rows(&self) -> usize {
        self.size.rows
    }

    /// The latency that its callers are promised.
    pub(super) fn promised(&self) -> Option<Duration> {
        self.target.as_ref().map(|(target, _)| *target)
    }

    /// Tunes its batches by how long those took that came at these times and are answered now.
    pub(super) fn observe(&self, arrivals: impl Iterator<Item = Instant>, now: Instant) {
        let Some((_, tuning)) = &self.target else { return };
        let mut tuning = tuning.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = |rows| self.estimate().map_or(Duration::ZERO, |estimate| estimate.of(rows));
        for arrived in arrivals {
            match tuning.observe(now.saturating_duration_since(arrived), cost) {
                Some(Step::Shrink) => _ = self.metrics.batches_shrunk.inc(),
                Some(Step::Grow) => _ = self.metrics.batches_grown.inc(),
                Some(Step::Hold) | None => {}
            }
        }
        self.metrics.max_batch_rows.set(i64::try_from(tuning.size().rows).unwrap_or(i64::MAX));
    }

    /// What a run costs; `None` before the first one.
    pub(super) fn estimate(&self) -> Option<Estimate> {
        self.estimate.load()
    }

    /// Takes a run into account, if it tells something. Nobody waits for it: of two runs that end at the same time, one is
    /// enough.
    pub(super) fn learn(&self, rows: usize, took: Duration) {
        thread_local! {
            /// Runs that ended on this thread: threads that counted together would wait for each other.
            static TURN: Cell<u32> = const { Cell::new(0) };
        }
        let turn = TURN.replace(TURN.get().wrapping_add(1));
        if is_telling(rows, self.known.load(Ordering::Relaxed), turn) {
            self.learn_now(rows, took);
        }
    }

    fn learn_now(&self, rows: usize, took: Duration) {
        let mut runs = match self.runs.try_lock() {
            Ok(runs) => runs,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        runs.learn(rows, took);
        self.known.fetch_add(1, Ordering::Relaxed);
        if let Some(estimate) = runs.estimate() {
            self.estimate.store(estimate);
            self.metrics.fixed_seconds.set(estimate.fixed * 1e-9);
            self.metrics.row_seconds.set(estimate.per_row * 1e-9);
        }
    }

    /// Rows that wait for this model.
    pub(super) fn waiting_rows(&self) -> usize {
        self.waiting_rows.load(Ordering::Relaxed)
    }

    /// Says how many rows wait now.
    pub(super) fn set_waiting_rows(&self, rows: usize) {
        self.waiting_rows.store(rows, Ordering::Relaxed);
    }
}

/// An estimate that is read without a lock. Its halves may be of two runs that followed each other, which differ by little.
struct SharedEstimate {
    fixed: AtomicU64,
    per_row: AtomicU64,
}

impl Default for SharedEstimate {
    fn default() -> Self {
        let unknown = || AtomicU64::new(f64::NAN.to_bits());
        Self { fixed: unknown(), per_row: unknown() }
    }
}

impl SharedEstimate {
    fn load(&self) -> Option<Estimate> {
        let read = |half: &AtomicU64| f64::from_bits(half.load(Ordering::Relaxed));
        let estimate = Estimate { fixed: read(&self.fixed), per_row: read(&self.per_row) };
        (!estimate.fixed.is_nan() && !estimate.per_row.is_nan()).then_some(estimate)
    }

    fn store(&self, estimate: Estimate) {
        self.fixed.store(estimate.fixed.to_bits(), Ordering::Relaxed);
        self.per_row.store(estimate.per_row.to_bits(), Ordering::Relaxed);
    }
}
