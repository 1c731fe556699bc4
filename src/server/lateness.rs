//! How long what has come waits in its socket until its thread looks at it.
//!
//! Nobody sees bytes arrive before they are read. But they wait until sockets are looked at, and then behind all other tasks that
//! are ready; so a task that does nothing else is timed while it does the same, as long as that takes long.

use super::turn::let_all_go;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// What is shorter is no wait: callers count in milliseconds.
const SHORT: Duration = Duration::from_micros(500);
/// How often it is looked whether waits have become long, while there is anything to read.
const EVERY: Duration = Duration::from_millis(1);

/// What all connections of a server know of their threads' waits.
#[derive(Debug)]
pub(super) struct Lateness {
    started: Instant,
    /// When it is looked again whether waits are long, in nanoseconds from `started`; [`WATCHED`] while they are timed.
    next: AtomicU64,
    /// When the one began that is timed, in the same way.
    began: AtomicU64,
    /// What the one before was, if that was long.
    took: AtomicU64,
}

/// Waits are timed, one after the other.
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

    /// Times waits until one is short.
    async fn watch(self: Arc<Self>) {
        loop {
            self.began.store(self.nanos(Instant::now()), Ordering::Relaxed);
            let [until_looked, queue] = let_all_go().await;
            let wait = until_looked / 2 + queue; // Bytes come at any time before they are looked for.
            if wait < SHORT {
                break;
            }
            self.took.store(nanos(wait), Ordering::Relaxed);
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

    /// Waits until rounds are timed, and no longer.
    async fn until_watched(lateness: &Arc<Lateness>) {
        lateness.at(Instant::now());
        assert_eq!(lateness.next.load(Ordering::Relaxed), WATCHED);
        let_all_go().await;
    }

    #[tokio::test]
    async fn what_is_read_by_a_thread_with_nothing_else_to_do_has_not_waited() {
        let lateness = Arc::<Lateness>::default();
        lateness.took.store(nanos(SHORT) - 1, Ordering::Relaxed);
        lateness.next.store(WATCHED, Ordering::Relaxed);
        let began = lateness.started;

        assert_eq!(lateness.at(began + SHORT / 2), Duration::ZERO, "while a round is timed");
        assert_eq!(lateness.at(began + SHORT), SHORT);
    }

    #[tokio::test]
    async fn rounds_are_timed_until_one_is_short_and_again_after_a_while() {
        let lateness = Arc::<Lateness>::default();
        until_watched(&lateness).await;
        while lateness.next.load(Ordering::Relaxed) == WATCHED {
            tokio::task::yield_now().await;
        }

        let next = lateness.started + Duration::from_nanos(lateness.next.load(Ordering::Relaxed));
        assert_eq!(lateness.took.load(Ordering::Relaxed), 0);
        assert_eq!(lateness.at(next - EVERY / 2), Duration::ZERO);
        assert_ne!(lateness.next.load(Ordering::Relaxed), WATCHED, "it is not yet looked again");
        lateness.at(next);
        assert_eq!(lateness.next.load(Ordering::Relaxed), WATCHED);
    }

    #[tokio::test]
    async fn what_is_read_by_a_busy_thread_has_waited_as_long_as_others_have_their_turns() {
        let lateness = Arc::<Lateness>::default();
        for _ in 0..2 {
            tokio::spawn(async {
                loop {
                    work(LONG);
                    tokio::task::yield_now().await; // As connections do: sockets are looked at after each round.
                }
            });
        }
        until_watched(&lateness).await;
        while lateness.took.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }

        // The least of many: the machine may take longer for some.
        let mut least = Duration::MAX;
        for _ in 0..30 {
            tokio::task::yield_now().await;
            least = least.min(lateness.at(Instant::now()));
        }

        // Turns of both in the queue, and half of them until bytes are looked for.
        assert!((LONG..4 * LONG).contains(&least), "{least:?}");
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
