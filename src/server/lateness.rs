//! How long what has come waits in its socket until its thread looks at it.
//!
//! Nobody sees bytes arrive before they are read. But whatever waits for its turn waits as long as all other tasks take for
//! theirs; so a task that does nothing else is timed from turn to turn, as long as its rounds are long.

use super::turn::round;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Rounds that are shorter are no wait: callers count in milliseconds.
const SHORT: Duration = Duration::from_micros(500);
/// How often it is looked whether rounds have become long, while there is anything to read.
const EVERY: Duration = Duration::from_millis(1);

/// What all connections of a server know of their threads' rounds.
#[derive(Debug)]
pub(super) struct Lateness {
    started: Instant,
    /// When it is looked again whether rounds are long, in nanoseconds from `started`; [`WATCHED`] while they are timed.
    next: AtomicU64,
    /// When the round began that is timed, in the same way.
    began: AtomicU64,
    /// What the round before it took, if that was long.
    took: AtomicU64,
}

/// Rounds are timed, one after the other.
const WATCHED: u64 = u64::MAX;

impl Default for Lateness {
    fn default() -> Self {
        Self { started: Instant::now(), next: AtomicU64::new(0), began: AtomicU64::new(0), took: AtomicU64::new(0) }
    }
}

impl Lateness {
    /// How long bytes that are read `now` may have waited; nothing, if that is not worth a word.
    pub(super) fn at(self: &Arc<Self>, now: Instant) -> Duration {
        let (now, next) = (self.nanos(now), self.next.load(Ordering::Relaxed));
        if next == WATCHED {
            let since = now.saturating_sub(self.began.load(Ordering::Relaxed));
            let wait = Duration::from_nanos(since.max(self.took.load(Ordering::Relaxed)));
            return if wait < SHORT { Duration::ZERO } else { wait };
        }
        if now >= next && self.next.compare_exchange(next, WATCHED, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.began.store(now, Ordering::Relaxed);
            tokio::spawn(Arc::clone(self).watch());
        }
        Duration::ZERO
    }

    /// Times rounds until one is short.
    async fn watch(self: Arc<Self>) {
        loop {
            self.began.store(self.nanos(Instant::now()), Ordering::Relaxed);
            let took = round().await;
            if took < SHORT {
                break;
            }
            self.took.store(nanos(took), Ordering::Relaxed);
        }
        self.took.store(0, Ordering::Relaxed);
        self.next.store(self.nanos(Instant::now() + EVERY), Ordering::Relaxed);
    }

    fn nanos(&self, at: Instant) -> u64 {
        nanos(at.saturating_duration_since(self.started))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(WATCHED - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_millis(2);

    /// Keeps the thread for as long.
    fn work(time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            std::hint::spin_loop();
        }
    }

    #[tokio::test]
    async fn what_is_read_by_a_thread_with_nothing_else_to_do_has_not_waited() {
        let lateness = Arc::<Lateness>::default();

        let first = lateness.at(Instant::now());
        while lateness.next.load(Ordering::Relaxed) == WATCHED {
            tokio::task::yield_now().await;
        }

        assert_eq!([first, lateness.at(Instant::now())], [Duration::ZERO; 2]);
    }

    #[tokio::test]
    async fn what_is_read_by_a_busy_thread_may_have_waited_as_long_as_others_have_their_turns() {
        let lateness = Arc::<Lateness>::default();
        for _ in 0..2 {
            tokio::spawn(async {
                loop {
                    work(LONG);
                    crate::server::turn::let_queue_go().await;
                }
            });
        }

        lateness.at(Instant::now());
        round().await;
        round().await;

        let wait = lateness.at(Instant::now());
        assert!(wait >= 2 * LONG, "{wait:?}");
    }

    #[tokio::test]
    async fn a_round_that_lasts_is_a_wait_before_it_ends() {
        let lateness = Arc::<Lateness>::default();
        lateness.at(Instant::now());

        work(LONG);

        let wait = lateness.at(Instant::now());
        assert!(wait >= LONG, "{wait:?}");
    }
}
