//! Rows that wait or are computed, counted: in all, and of each caller.

use crate::error::Result;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many there are.
#[derive(Debug, Default)]
pub(super) struct InFlight(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    of: HashMap<u64, usize>,
}

/// Rows in flight, as a caller finds them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    /// Of all callers.
    pub(super) total: usize,
    /// Of this one.
    pub(super) own: usize,
}

/// Rows that are counted until this is dropped.
#[derive(Debug)]
pub(super) struct RowsInFlight {
    all: Arc<InFlight>,
    caller: u64,
    rows: usize,
}

impl InFlight {
    /// Of all callers.
    pub(super) fn total(&self) -> usize {
        self.lock().total
    }

    /// Counts `rows` of a caller more, if `admit` lets them beside those that are counted.
    pub(super) fn enter(
        self: &Arc<Self>,
        caller: u64,
        rows: usize,
        admit: impl FnOnce(Held) -> Result<()>,
    ) -> Result<RowsInFlight> {
        let mut counts = self.lock();
        let held = Held { total: counts.total, own: counts.of.get(&caller).copied().unwrap_or_default() };
        admit(held)?;
        counts.total += rows;
        counts.of.insert(caller, held.own + rows);
        Ok(RowsInFlight { all: Arc::clone(self), caller, rows })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RowsInFlight {
    fn drop(&mut self) {
        let mut counts = self.all.lock();
        counts.total -= self.rows;
        if let Some(own) = counts.of.get_mut(&self.caller) {
            *own -= self.rows;
            if *own == 0 {
                counts.of.remove(&self.caller);
            }
        }
    }
}
