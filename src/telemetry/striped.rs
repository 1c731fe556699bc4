//! A counter that every thread counts at once, for every call.

use crossbeam::utils::CachePadded;
use prometheus_client::metrics::counter::{Atomic, Counter};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Each takes a cache line.
const STRIPES: usize = 16;
/// The stripe of all threads that came when each of the others had one: more than the machines have that this is written for.
const SHARED: usize = STRIPES - 1;

thread_local! {
    /// The stripe of this thread.
    static STRIPE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed).min(SHARED)
    };
}

/// A counter of something that happens for every call: two processors that add to one number wait for each other longer than
/// a small call takes to decode.
pub type BusyCounter = Counter<u64, Striped>;

/// A number that is the sum of its stripes, one for each thread.
#[derive(Debug, Default)]
pub struct Striped([CachePadded<AtomicU64>; STRIPES]);

impl Atomic<u64> for Striped {
    fn inc(&self) -> u64 {
        self.inc_by(1)
    }

    /// Answers what this thread's stripe was.
    fn inc_by(&self, more: u64) -> u64 {
        let own = STRIPE.try_with(|stripe| *stripe).unwrap_or(SHARED);
        let stripe = &self.0[own];
        if own == SHARED {
            return stripe.fetch_add(more, Ordering::Relaxed);
        }
        let before = stripe.load(Ordering::Relaxed); // Nobody else writes it.
        stripe.store(before.wrapping_add(more), Ordering::Relaxed);
        before
    }

    fn get(&self) -> u64 {
        self.0.iter().map(|stripe| stripe.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::scope;

    #[test]
    fn what_any_thread_counts_is_in_the_sum() {
        let counter = BusyCounter::default();

        scope(|threads| {
            for _ in 0..2 * STRIPES {
                threads.spawn(|| (0..100).for_each(|_| _ = counter.inc()));
            }
        });

        assert_eq!(counter.get(), 2 * STRIPES as u64 * 100);
    }
}
