//! How much longer waits are than they are thought to be: compute threads do not always have a processor to themselves, and do
//! more than compute.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The share of a new batch in the mean.
const SHARE: f64 = 1.0 / 16.0;
/// A wait that is this many times as long as thought was held up by something else, and counts as this much.
const UNUSUAL: f64 = 4.0;
/// What is added to either side, so that short waits, which are longer by a wake-up, say little.
const GRAIN: Duration = Duration::from_millis(1);

/// In this time half of what was too slow is forgotten, if nobody waits: else nobody would be let in who could show better.
const HALF_LIFE: Duration = Duration::from_secs(1);

/// An average that forgets, and is never below 1: a queue that is shorter than it could be loses nothing.
pub(super) struct Slowness {
    average: AtomicU64,
    since: Instant,
    /// Milliseconds from then to when a wait was last learned from.
    learned_ms: AtomicU64,
}

impl Default for Slowness {
    fn default() -> Self {
        let average = AtomicU64::new(1.0_f64.to_bits());
        Self { average, since: Instant::now(), learned_ms: AtomicU64::new(0) }
    }
}

impl Slowness {
    /// What waits are to be multiplied by.
    pub(super) fn estimate(&self, now: Instant) -> f64 {
        let average = f64::from_bits(self.average.load(Ordering::Relaxed));
        let learned = Duration::from_millis(self.learned_ms.load(Ordering::Relaxed));
        let idle = now.saturating_duration_since(self.since).saturating_sub(learned);
        1.0 + (average - 1.0) * (-idle.div_duration_f64(HALF_LIFE)).exp2()
    }

    /// Takes into account how long those of a batch were thought to wait, and did. Of two threads at the same time one may be
    /// lost; the next one makes up for it.
    pub(super) fn learn(&self, waits: impl Iterator<Item = (Duration, Duration)>, now: Instant) {
        let (mut count, mut foreseen, mut real) = (0, Duration::ZERO, Duration::ZERO);
        for wait in waits {
            (count, foreseen, real) = (count + 1, foreseen + wait.0, real + wait.1);
        }
        if count > 0 {
            let after = after(self.estimate(now), foreseen / count, real / count);
            self.average.store(after.to_bits(), Ordering::Relaxed);
            let learned = now.saturating_duration_since(self.since).as_millis();
            self.learned_ms.store(u64::try_from(learned).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }
}

fn after(before: f64, foreseen: Duration, real: Duration) -> f64 {
    let ratio = (real + GRAIN).div_duration_f64(foreseen + GRAIN);
    (before + SHARE * (ratio.min(UNUSUAL) - before)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn after_all(waits: impl IntoIterator<Item = (u32, u32)>) -> f64 {
        let slowness = Slowness::default();
        let now = slowness.since;
        waits.into_iter().for_each(|(foreseen, real)| slowness.learn([(foreseen * MS, real * MS)].into_iter(), now));
        slowness.estimate(now)
    }

    #[test]
    fn waits_that_are_twice_as_long_as_thought_are_soon_thought_twice_as_long() {
        let twice = after_all([(9, 19); 50]);

        assert!((1.9..2.0).contains(&twice), "{twice}");
        assert!(after_all([(9, 19); 50].into_iter().chain([(9, 9); 50])) < 1.1);
    }

    #[test]
    fn waits_are_never_thought_shorter_than_the_work_before_them_nor_without_end() {
        assert_eq!(after_all([(100, 0); 50]), 1.0);
        assert!(after_all([(0, 60_000); 500]) <= UNUSUAL);
    }

    #[test]
    fn one_wait_that_was_held_up_changes_little() {
        assert!(after_all([(10, 10), (10, 10_000)]) < 1.2);
    }

    #[test]
    fn a_thread_that_wakes_up_late_is_not_taken_for_a_slow_queue() {
        let short = Slowness::default();

        let now = short.since;

        (0..100).for_each(|_| short.learn([(MS / 50, MS / 10)].into_iter(), now));

        assert!(short.estimate(now) < 1.1, "{}", short.estimate(now));
    }

    #[test]
    fn a_model_that_nobody_could_wait_for_is_thought_less_slow_after_a_while() {
        let slowness = Slowness::default();
        let now = slowness.since + 500 * MS;
        (0..500).for_each(|_| slowness.learn([(MS, 60_000 * MS)].into_iter(), now));
        assert!(slowness.estimate(now) > 3.9);

        assert!(slowness.estimate(now + HALF_LIFE) < 2.6 && slowness.estimate(now + 10 * HALF_LIFE) < 1.01);
    }
}
