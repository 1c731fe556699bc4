//! What an answer depends on.

use crate::model::{LoadedModel, Predictions};
use ndarray::Array2;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What an entry takes beside its rows and its answer: the tables of the cache, and what surrounds an allocation.
const ENTRY_BYTES: usize = 256;

/// A model and all rows, in full.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// SHA-256 of the model's stored bytes.
    model: [u8; 32],
    /// As the model takes them.
    rows: Arc<Array2<f64>>,
}

impl Key {
    /// Of rows that the model's schema has judged.
    pub(super) fn new(model: &LoadedModel, rows: Array2<f64>) -> Self {
        Self { model: model.pipeline.sha256(), rows: Arc::new(rows) }
    }

    pub(super) fn rows(&self) -> &Array2<f64> {
        &self.rows
    }

    /// What an entry takes in memory with this answer.
    pub(super) fn bytes_with(&self, answer: &Predictions) -> usize {
        entry_bytes(&self.rows, answer.size_bytes())
    }

    fn bits(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().map(|value| value.to_bits())
    }
}

/// What an entry takes in memory.
pub(super) fn entry_bytes(rows: &Array2<f64>, answer_bytes: usize) -> usize {
    ENTRY_BYTES + size_of_val(rows.as_slice().unwrap_or_default()) + answer_bytes
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.model == other.model && self.rows.dim() == other.rows.dim() && self.bits().eq(other.bits())
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.model);
        state.write_usize(self.rows.nrows());
        self.bits().for_each(|bits| state.write_u64(bits));
    }
}
