//! What the runs of a model have told, between threads that hardly ever wait for each other.

use super::cost::{Estimate, Runs, is_telling};
use super::draw::draw;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

/// See above.
#[derive(Default)]
pub(super) struct Learned {
    runs: Mutex<Runs>,
    /// How many were learned from.
    known: AtomicU32,
    estimate: SharedEstimate,
}

impl Learned {
    /// What a run costs; `None` before the first one.
    pub(super) fn estimate(&self) -> Option<Estimate> {
        self.estimate.load()
    }

    /// Whether to learn from a run of so many rows: drawn, where there are many of them.
    pub(super) fn wants(&self, rows: usize) -> bool {
        is_telling(rows, self.known.load(Ordering::Relaxed), draw())
    }

    /// Takes a run into account, and answers what runs are thought to cost then. Nobody waits for it: of two runs that end at
    /// the same time, one is enough.
    pub(super) fn learn(&self, rows: usize, took: Duration) -> Option<Estimate> {
        let mut runs = match self.runs.try_lock() {
            Ok(runs) => runs,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        runs.learn(rows, took);
        self.known.store(self.known.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed); // Under the lock.
        runs.estimate().inspect(|estimate| self.estimate.store(*estimate))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_models_that_are_asked_in_turn_are_both_learned_from() {
        let (one, other) = (Learned::default(), Learned::default());
        let learned = |of: &Learned| of.wants(1) && of.learn(1, Duration::from_micros(1)).is_some();

        let counts = (0..8000).fold([0, 0], |[a, b], _| [a + u32::from(learned(&one)), b + u32::from(learned(&other))]);

        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
