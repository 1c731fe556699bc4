//! What batching keeps beside a model, so that a request finds it without a lookup: cost, and how much of it waits.

use super::cost::{Estimate, Runs};
use crate::error::{Error, Result};
use crate::model::LoadedModel;
use crate::telemetry::{EngineMetrics, ModelMetrics};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::Duration;

/// Beside a model, as long as that is loaded.
pub(super) struct Lane {
    runs: Mutex<Runs>,
    estimate: SharedEstimate,
    waiting_rows: AtomicUsize,
    metrics: Arc<ModelMetrics>,
}

impl Lane {
    /// That of this model.
    ///
    /// # Errors
    /// [`Error::Internal`] if something else is kept there.
    pub(super) fn of<'a>(model: &'a LoadedModel, metrics: &EngineMetrics) -> Result<&'a Self> {
        let lane = model.beside(|| Self::new(metrics.model(model.name.as_str(), model.version)));
        lane.ok_or_else(|| Error::internal("something other than its lane is kept beside a model"))
    }

    fn new(metrics: Arc<ModelMetrics>) -> Self {
        let (runs, waiting_rows) = (Mutex::default(), AtomicUsize::new(0));
        Self { runs, estimate: SharedEstimate::default(), waiting_rows, metrics }
    }

    /// What a run costs; `None` before the first one.
    pub(super) fn estimate(&self) -> Option<Estimate> {
        self.estimate.load()
    }

    /// Takes a run into account. Nobody waits for it: of two runs that end at the same time, one is enough.
    pub(super) fn learn(&self, rows: usize, took: Duration) {
        let mut runs = match self.runs.try_lock() {
            Ok(runs) => runs,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        runs.learn(rows, took);
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
