//! From single requests to batches: whatever has queued up for a model becomes one batch.
//!
//! There is no timer. While one batch of a model runs, the next one grows, so that load makes batches and an idle server
//! adds no delay. Models take turns: a model with more work goes to the back of the pool's queue after each batch.
//! What belongs into a batch is decided by the pure functions of `policy`; [`Batcher`] does what they say.

mod batch;
mod batcher;
mod cost;
mod lane;
mod policy;

#[cfg(test)]
mod tests;

pub use batcher::{Batcher, Work};

/// Bounds of the queue and of a batch; the `batching` section of the settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows that are computed together.
    pub max_batch_rows: usize,
    /// Rows that wait or are computed at once, over all models.
    pub max_queue_rows: usize,
    /// Bytes of the answers that are computed together, and of the answer to one request: some models answer a row with
    /// thousands of numbers.
    pub max_answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_batch_rows: 8192, max_queue_rows: 1 << 20, max_answer_bytes: 16_384_000 }
    }
}
