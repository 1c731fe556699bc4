//! What stands in the queue for a request, and in a batch for some of its rows.

use std::time::{Duration, Instant};

/// A request that waits.
#[derive(Debug)]
pub(super) struct Entry<T> {
    /// Whatever stands for it.
    pub(super) item: T,
    /// Its rows, one at least.
    pub(super) rows: usize,
    /// Rows that were taken into batches before.
    pub(super) taken: usize,
    pub(super) arrived: Instant,
    pub(super) deadline: Instant,
    pub(super) priority: i32,
    /// Whose it is.
    pub(super) caller: u64,
    /// How long it was thought to wait.
    pub(super) foreseen: Duration,
}

/// Rows of a request that are in a batch.
#[derive(Debug, PartialEq)]
pub(super) struct Part<T> {
    pub(super) item: T,
    pub(super) from: usize,
    pub(super) rows: usize,
    pub(super) arrived: Instant,
    pub(super) foreseen: Duration,
}

impl<T: Clone> Entry<T> {
    /// Its next rows.
    pub(super) fn part(&self, rows: usize) -> Part<T> {
        let Self { taken, arrived, foreseen, .. } = *self;
        Part { item: self.item.clone(), from: taken, rows, arrived, foreseen }
    }
}

impl<T> Entry<T> {
    /// Rows that wait.
    pub(super) fn left(&self) -> usize {
        self.rows - self.taken
    }
}
