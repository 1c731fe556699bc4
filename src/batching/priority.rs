//! Who goes first among those that wait for one model: whoever has the higher priority, and in the end everybody.
//!
//! Among the requests of one caller one ranks by when it came, and every step of priority counts as having come [`STEP`] earlier.
//! So the order of two requests never changes while they wait, and one that has waited long enough goes before any that comes
//! later. Among callers a step is worth as much of the model's compute time, see [`headstart`].

use std::time::{Duration, Instant};

/// What a step of priority is worth.
const STEP: Duration = Duration::from_millis(20);
/// The highest priority, as the lowest is its negative; what is beyond them counts as they do.
const HIGHEST: i32 = 8;

/// The place of a request among the others of its caller; the lowest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    due: Instant,
    /// First come, first served among equals.
    count: u64,
    /// Whose it is.
    pub(super) caller: u64,
}

/// The rank of the `count`-th request, which is of this caller.
pub(super) fn rank(arrived: Instant, priority: i32, count: u64, caller: u64) -> Rank {
    let below_highest = HIGHEST - priority.clamp(-HIGHEST, HIGHEST);
    Rank { due: arrived + STEP * below_highest.unsigned_abs(), count, caller }
}

/// By how many nanoseconds of its caller's share a request goes earlier when so many callers wait. Each of them is given a part
/// of the compute time: a step of it is [`STEP`] of all of it, however many they are.
pub(super) fn headstart(priority: i32, callers: usize) -> i64 {
    let steps = i64::from(priority.clamp(-HIGHEST, HIGHEST));
    steps * STEP.as_nanos() as i64 / callers.max(1) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(arrived: Instant, priority: i32, count: u64) -> Rank {
        rank(arrived, priority, count, 0)
    }

    #[test]
    fn the_higher_priority_goes_first_and_among_equals_who_came_first() {
        let now = Instant::now();

        assert!(own(now, 1, 2) < own(now, 0, 1));
        assert!(own(now, 0, 1) < own(now, 0, 2));
        assert!(own(now, i32::MAX, 2) < own(now, i32::MIN, 1));
    }

    #[test]
    fn who_has_waited_long_enough_goes_before_the_highest_priority() {
        let now = Instant::now();
        let longest = STEP * (2 * HIGHEST as u32 + 1);

        assert!(own(now, i32::MIN, 1) < own(now + longest, i32::MAX, 2));
    }

    #[test]
    fn a_step_of_priority_is_worth_the_same_compute_time_however_many_callers_wait() {
        assert_eq!(headstart(1, 1), 20_000_000);
        assert_eq!([1, 5, 100].map(|callers| headstart(-2, callers) * callers as i64), [-40_000_000; 3]);
        assert_eq!(headstart(i32::MAX, 1), headstart(HIGHEST, 1));
    }
}
