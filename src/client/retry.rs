//! Whether a call is tried again, and when.

use crate::wire::convert;
use crate::wire::runtime::{CallError, ChannelFault};
use crate::wire::types::ServiceError;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const MAX_TRIES: u32 = 3;
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait before the next try, or `None` if there is to be none.
///
/// Only what was not run is tried again: a call that never left whole, or one that the server says it did not run because
/// of a state that passes. `tries` counts from 1; `left` is the time until the deadline; `draw` is from 0 to 1.
pub(super) fn pause(fault: &CallError<ServiceError>, tries: u32, left: Duration, draw: f64) -> Option<Duration> {
    let wanted_ms = match fault {
        CallError::Channel(ChannelFault::NotSent(_)) => 0,
        CallError::Declared(error) => convert::may_retry(error)?,
        _ => return None,
    };
    let ceiling = (SHORTEST_PAUSE * 10_u32.saturating_pow(tries)).min(LONGEST_PAUSE);
    let drawn = SHORTEST_PAUSE + (ceiling - SHORTEST_PAUSE).mul_f64(draw);
    let pause = drawn.max(Duration::from_millis(wanted_ms));
    (tries < MAX_TRIES && pause < left).then_some(pause)
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

    fn overloaded() -> CallError<ServiceError> {
        let error = Error::TooMany { what: "jobs", count: 1, limit: 1 };
        CallError::Declared(convert::service_error(&error, "r1"))
    }

    #[test]
    fn only_what_was_not_run_is_tried_again() {
        let not_sent = CallError::Channel(ChannelFault::NotSent(String::new()));
        let too_late = CallError::Declared(convert::service_error(&Error::TooLate, "r1"));
        let wrong = CallError::Declared(convert::service_error(&Error::invalid("x"), "r1"));
        let lost = CallError::Channel(ChannelFault::Lost(String::new()));
        let retried = |fault: &CallError<ServiceError>| pause(fault, 1, LONG, 0.5).is_some();

        assert!(retried(&not_sent) && retried(&overloaded()));
        for fault in [too_late, wrong, lost, CallError::Channel(ChannelFault::TimedOut), CallError::Reply("x".into())] {
            assert!(!retried(&fault), "{fault:?}");
        }
    }

    #[test]
    fn pauses_grow_and_end_after_the_third_try() {
        let longest = |tries| pause(&overloaded(), tries, LONG, 1.0);

        assert_eq!(longest(1), Some(Duration::from_millis(100)));
        assert_eq!(longest(2), Some(Duration::from_secs(1)));
        assert_eq!(longest(3), None);
    }

    #[test]
    fn a_pause_is_as_long_as_the_server_asks_and_never_past_the_deadline() {
        assert_eq!(pause(&overloaded(), 1, LONG, 0.0), Some(Duration::from_millis(50)));
        assert_eq!(pause(&overloaded(), 1, Duration::from_millis(50), 0.0), None);
    }

    #[test]
    fn draws_lie_between_zero_and_one() {
        assert!((0..1000).map(|_| draw()).all(|it| (0.0..1.0).contains(&it)));
    }
}
