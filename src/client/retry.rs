//! Whether a call is tried again, and when.

use crate::wire::convert;
use crate::wire::runtime::{CallError, ChannelFault};
use crate::wire::types::ServiceError;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Tries that each call adds to the budget.
const TRIES_PER_CALL: f64 = 0.2;
/// Tries that each second adds.
const TRIES_PER_SECOND: f64 = 10.0;
/// Tries that are kept for later.
const MOST_TRIES: f64 = 100.0;

/// A try that brought no answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) fault: CallError<ServiceError>,
    /// The method may be called twice.
    pub(super) idempotent: bool,
}

impl Failed {
    /// It failed before anything was called, so that whatever it is may be.
    pub(super) fn before(fault: ChannelFault) -> Self {
        Self { fault: CallError::Channel(fault), idempotent: true }
    }

    /// How long the server asks to wait before it is tried again; `None` if it is not.
    fn may_retry(&self) -> Option<Duration> {
        match &self.fault {
            CallError::Channel(ChannelFault::NotSent(_)) => Some(Duration::ZERO),
            CallError::Channel(ChannelFault::Lost(_)) if self.idempotent => Some(Duration::ZERO),
            CallError::Declared(error) => convert::may_retry(error).map(Duration::from_millis),
            _ => None,
        }
    }
}

/// How long to wait before the next try, or `None` if there is to be none.
///
/// Only what was not run is tried again, or may be run twice: a call that never left whole, one that the server says it did
/// not run because of a state that passes, and one whose connection was lost if its method is idempotent. `tries` counts
/// from 1; `left` is the time until the deadline; `draw` is from 0 to 1.
pub(super) fn pause(failed: &Failed, tries: u32, left: Duration, draw: f64) -> Option<Duration> {
    let wanted = failed.may_retry()?;
    let ceiling = (SHORTEST_PAUSE * 10_u32.saturating_pow(tries)).min(LONGEST_PAUSE);
    let drawn = SHORTEST_PAUSE + (ceiling - SHORTEST_PAUSE).mul_f64(draw);
    let pause = drawn.max(wanted);
    (pause < left).then_some(pause)
}

/// How often a client may try again, all its calls together, so that a server in trouble is not called the more for it: a
/// fifth of the calls, and ten times a second, as Finagle has it.
#[derive(Debug)]
pub(super) struct Budget(Mutex<Tries>);

#[derive(Debug)]
struct Tries {
    left: f64,
    at: Instant,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Self {
        Self(Mutex::new(Tries { left: TRIES_PER_SECOND, at: now }))
    }

    /// Counts a call.
    pub(super) fn earn(&self, now: Instant) {
        let mut tries = self.at(now);
        tries.left = (tries.left + TRIES_PER_CALL).min(MOST_TRIES);
    }

    /// Takes a try, if there is one.
    pub(super) fn spend(&self, now: Instant) -> bool {
        let mut tries = self.at(now);
        let enough = tries.left >= 1.0;
        if enough {
            tries.left -= 1.0;
        }
        enough
    }

    fn at(&self, now: Instant) -> MutexGuard<'_, Tries> {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = now.saturating_duration_since(tries.at).as_secs_f64();
        tries.left = (tries.left + seconds * TRIES_PER_SECOND).min(MOST_TRIES);
        tries.at = tries.at.max(now);
        tries
    }
}

/// A number from 0 to 1, another one each time, so that clients that were refused together do not come back together.
pub(super) fn draw() -> f64 {
    let random = RandomState::new().hash_one(0) >> 11;
    random as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    const LONG: Duration = Duration::from_secs(30);

    fn failed(fault: CallError<ServiceError>) -> Failed {
        Failed { fault, idempotent: false }
    }

    fn overloaded() -> Failed {
        let error = Error::TooMany { what: "jobs", count: 1, limit: 1 };
        failed(CallError::Declared(convert::service_error(&error, "r1")))
    }

    fn lost(idempotent: bool) -> Failed {
        Failed { fault: CallError::Channel(ChannelFault::Lost(String::new())), idempotent }
    }

    #[test]
    fn only_what_was_not_run_or_may_be_run_twice_is_tried_again() {
        let not_sent = failed(CallError::Channel(ChannelFault::NotSent(String::new())));
        let too_late = failed(CallError::Declared(convert::service_error(&Error::TooLate, "r1")));
        let wrong = failed(CallError::Declared(convert::service_error(&Error::invalid("x"), "r1")));
        let unreadable = failed(CallError::Reply("x".into()));
        let timed_out = Failed { fault: CallError::Channel(ChannelFault::TimedOut), idempotent: true };
        let retried = |failed: &Failed| pause(failed, 1, LONG, 0.5).is_some();

        for failed in [not_sent, overloaded(), lost(true)] {
            assert!(retried(&failed), "{failed:?}");
        }
        for failed in [too_late, wrong, unreadable, timed_out, lost(false)] {
            assert!(!retried(&failed), "{failed:?}");
        }
    }

    #[test]
    fn pauses_grow_up_to_a_second() {
        let longest = |tries| pause(&overloaded(), tries, LONG, 1.0);

        assert_eq!(longest(1), Some(Duration::from_millis(100)));
        assert_eq!(longest(2), Some(Duration::from_secs(1)));
        assert_eq!(longest(3), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_pause_is_as_long_as_the_server_asks_and_never_past_the_deadline() {
        assert_eq!(pause(&overloaded(), 1, LONG, 0.0), Some(Duration::from_millis(50)));
        assert_eq!(pause(&overloaded(), 1, Duration::from_millis(50), 0.0), None);
    }

    #[test]
    fn a_server_that_refuses_everything_gets_ten_tries_a_second_and_a_fifth_more_than_the_calls() {
        let start = Instant::now();
        let budget = Budget::new(start);
        let tried_again = |calls: u32, now| {
            (0..calls)
                .filter(|_| {
                    budget.earn(now);
                    budget.spend(now)
                })
                .count()
        };

        let first = tried_again(1000, start);
        let later = tried_again(1000, start + Duration::from_secs(1));
        let after_a_rest = tried_again(1000, start + Duration::from_secs(1000));

        assert_eq!([first, later, after_a_rest].map(|tries| tries / 10), [20, 21, 29]);
    }

    #[test]
    fn draws_lie_between_zero_and_one() {
        assert!((0..1000).map(|_| draw()).all(|it| (0.0..1.0).contains(&it)));
    }
}
