//! Rows that wait or are computed, counted.

use crate::error::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows that are counted until this is dropped.
#[derive(Debug)]
pub(super) struct RowsInFlight {
    total: Arc<AtomicUsize>,
    own: usize,
}

impl RowsInFlight {
    /// Counts `own` rows more, if `admit` lets them beside those that are counted.
    pub(super) fn enter(total: &Arc<AtomicUsize>, own: usize, admit: impl Fn(usize) -> Result<()>) -> Result<Self> {
        let mut now = total.load(Ordering::SeqCst);
        loop {
            admit(now)?;
            match total.compare_exchange_weak(now, now + own, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return Ok(Self { total: Arc::clone(total), own }),
                Err(changed) => now = changed,
            }
        }
    }
}

impl Drop for RowsInFlight {
    fn drop(&mut self) {
        self.total.fetch_sub(self.own, Ordering::SeqCst);
    }
}
