//! How long it takes to hand a job to a thread that sleeps, measured as it happens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Taken for true until the first job has been handed over.
const AT_FIRST: Duration = Duration::from_micros(5);
/// One in so many parts of the estimate is the latest hop.
const PARTS: u64 = 8;
/// A hop that takes this many times the estimate was held up by something else, and counts as this much.
const UNUSUAL: u64 = 4;

/// An average that forgets.
pub(super) struct Hop(AtomicU64);

impl Default for Hop {
    fn default() -> Self {
        Self(AtomicU64::new(nanos(AT_FIRST)))
    }
}

impl Hop {
    pub(super) fn estimate(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// Takes a hop into account. Of two threads at the same time one may be lost; the next one makes up for it.
    pub(super) fn learn(&self, took: Duration) {
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(after(before, nanos(took)), Ordering::Relaxed);
    }
}

fn after(before: u64, took: u64) -> u64 {
    let took = took.min(before.saturating_mul(UNUSUAL)).max(1);
    (before - before / PARTS + took / PARTS).max(PARTS)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_all(hops: impl IntoIterator<Item = u64>) -> Duration {
        let hop = Hop::default();
        hops.into_iter().for_each(|took| hop.learn(Duration::from_nanos(took)));
        hop.estimate()
    }

    #[test]
    fn the_estimate_follows_the_hops() {
        assert_eq!(after_all([]), AT_FIRST);
        assert!(after_all([20_000; 50]) > Duration::from_nanos(19_000));
        assert!(after_all([1_000; 50]) < Duration::from_nanos(1_100));
    }

    #[test]
    fn one_hop_that_was_held_up_does_not_make_all_work_run_where_it_stands() {
        assert!(after_all([5_000, 5_000, 50_000_000]) < Duration::from_nanos(8_000));
    }

    #[test]
    fn an_estimate_never_becomes_so_small_that_it_cannot_grow() {
        let low = after_all([0; 1000]);

        assert!(low > Duration::ZERO);
        assert!(after_all([0; 1000].into_iter().chain([40_000; 100])) > Duration::from_nanos(30_000), "{low:?}");
    }
}
