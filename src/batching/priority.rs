//! Who goes first among those that wait for one model: whoever has the higher priority, and in the end everybody.
//!
//! A request ranks by when it came, and every step of priority counts as having come [`STEP`] earlier. So the order of two
//! requests never changes while they wait, and one that has waited long enough goes before any that comes later.

use std::time::{Duration, Instant};

/// What a step of priority is worth.
const STEP: Duration = Duration::from_millis(20);
/// The highest priority, as the lowest is its negative; what is beyond them counts as they do.
const HIGHEST: i32 = 8;

/// The place of a request among the others; the lowest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    due: Instant,
    /// First come, first served among equals.
    count: u64,
}

/// The rank of the `count`-th request.
pub(super) fn rank(arrived: Instant, priority: i32, count: u64) -> Rank {
    let below_highest = HIGHEST - priority.clamp(-HIGHEST, HIGHEST);
    Rank { due: arrived + STEP * below_highest.unsigned_abs(), count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_priority_goes_first_and_among_equals_who_came_first() {
        let now = Instant::now();

        assert!(rank(now, 1, 2) < rank(now, 0, 1));
        assert!(rank(now, 0, 1) < rank(now, 0, 2));
        assert!(rank(now, i32::MAX, 2) < rank(now, i32::MIN, 1));
    }

    #[test]
    fn who_has_waited_long_enough_goes_before_the_highest_priority() {
        let now = Instant::now();
        let longest = STEP * (2 * HIGHEST as u32 + 1);

        assert!(rank(now, i32::MIN, 1) < rank(now + longest, i32::MAX, 2));
    }
}
