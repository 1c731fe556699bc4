//! What batching keeps beside a model, so that a request finds it without a lookup: its cost and the bounds of its batches,
//! and how much of it waits.

use super::cost::Estimate;
use super::learned::Learned;
use super::policy::{Terms, batch_rows};
use super::slowness::Slowness;
use super::target::{Size, Step, Tuning};
use super::worker::Key;
use super::{ModelLimits, Options};
use crate::error::{Error, Result};
use crate::model::LoadedModel;
use crate::telemetry::{EngineMetrics, ModelMetrics};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Beside a model, as long as that is loaded.
pub(super) struct Lane {
    key: Arc<Key>,
    learned: Learned,
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
        let row_bytes = model.pipeline.schema().row_bytes() + model.pipeline.answer_bytes();
        let rows = batch_rows(row_bytes, limits).min(max_batch_rows.unwrap_or(usize::MAX));
        let size = Size { rows, delay: max_delay.unwrap_or(limits.max_delay) };
        let metrics = metrics.model(model.name.as_str(), model.version);
        metrics.max_batch_rows.set(i64::try_from(rows).unwrap_or(i64::MAX));
        Self {
            key: Arc::new(Key { model: model.name.clone(), version: model.version }),
            learned: Learned::default(),
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
        self.learned.estimate()
    }

    /// Whether to learn from a run of so many rows.
    pub(super) fn wants(&self, rows: usize) -> bool {
        self.learned.wants(rows)
    }

    /// Takes a run into account.
    pub(super) fn learn(&self, rows: usize, took: Duration) {
        if let Some(estimate) = self.learned.learn(rows, took) {
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
