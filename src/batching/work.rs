//! What a batcher is asked for, and what it can do of it at once.

use crate::data::Features;
use crate::model::{LoadedModel, Predictions};
use ndarray::Array2;
use std::borrow::Borrow;
use std::sync::Arc;
use std::time::Instant;

/// Rows to predict. A model may be lent: it is counted then only if the rows have to wait.
#[derive(Debug)]
pub struct Work<M = Arc<LoadedModel>> {
    /// What answers.
    pub model: M,
    /// The rows, as the caller sent them.
    pub features: Features,
    /// After this the caller waits no more.
    pub deadline: Instant,
    /// Higher goes first among those that wait for the same model; 0 is usual.
    pub priority: i32,
    /// Who asks: callers of one model have equal shares of its turns while they wait, however much each has sent.
    pub caller: u64,
}

impl Work<&Arc<LoadedModel>> {
    /// The same, to be kept.
    #[must_use]
    pub fn kept(self) -> Work {
        let Self { model, features, deadline, priority, caller } = self;
        Work { model: Arc::clone(model), features, deadline, priority, caller }
    }
}

impl<M: Borrow<Arc<LoadedModel>>> Work<M> {
    /// What its rows take in memory when the model takes them.
    pub fn row_bytes(&self) -> usize {
        self.model.borrow().pipeline.schema().row_bytes().saturating_mul(self.features.n_rows())
    }
}

/// What [`Batcher::at_once`](super::Batcher::at_once) could do.
#[derive(Debug)]
pub enum AtOnce {
    /// All of it.
    Answered(Predictions),
    /// It would take longer.
    Prepared(Prepared),
}

/// Rows that wait for their turn.
#[derive(Debug)]
pub struct Prepared {
    pub(super) model: Arc<LoadedModel>,
    pub(super) features: Array2<f64>,
    pub(super) arrived: Instant,
    pub(super) deadline: Instant,
    pub(super) priority: i32,
    pub(super) caller: u64,
}
