//! When calls are due.

use std::time::Duration;
use tokio::time::Instant;

/// How calls follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Each place makes its next call when it has the reply to the last one (a closed loop): the rate is what the server
    /// can do, and a server that stalls is called less.
    Closed,
    /// So many calls a second, whatever the server does (an open loop). A call that cannot be sent when it is due waits,
    /// and its latency counts from when it was due, so that no stall of server or client is left out: G. Tene, "How NOT
    /// to Measure Latency" (2013), calls that coordinated omission.
    Open {
        /// Of all connections together; above 0.
        calls_per_second: f64,
    },
}

/// The calls of one connection.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    start: Instant,
    /// No call is due from here on.
    end: Instant,
    /// Calls a second; none in a closed loop.
    rate: Option<f64>,
    /// Calls that were due and taken.
    taken: u64,
}

impl Schedule {
    /// That of connection `index` of `connections`, whose calls lie evenly between those of the others.
    pub(super) fn new(pace: Pace, (index, connections): (usize, usize), (start, end): (Instant, Instant)) -> Self {
        let (rate, offset) = match pace {
            Pace::Closed => (None, Duration::ZERO),
            Pace::Open { calls_per_second } => {
                (Some(calls_per_second / connections as f64), seconds(index as f64 / calls_per_second))
            }
        };
        Self { start: start + offset, end, rate, taken: 0 }
    }

    /// When the next call is due; `None` if none is any more.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        Some(self.due(self.taken, now)).filter(|due| *due < self.end)
    }

    /// Takes the next call if it is due.
    pub(super) fn take(&mut self, now: Instant) -> Option<Instant> {
        let due = self.next(now).filter(|due| *due <= now)?;
        self.taken += 1;
        Some(due)
    }

    /// Calls that are due in an open loop before `now`, and were not taken.
    pub(super) fn untaken(&self, since: Instant, now: Instant) -> u64 {
        let Some(rate) = self.rate else { return 0 };
        let number = |at: Instant| (at.saturating_duration_since(self.start).as_secs_f64() * rate).ceil() as u64;
        number(now.min(self.end)).saturating_sub(self.taken.max(number(since)))
    }

    fn due(&self, call: u64, now: Instant) -> Instant {
        self.rate.map_or(now.max(self.start), |rate| self.start + seconds(call as f64 / rate))
    }
}

/// A time of seconds, at most a year.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.min(31_536_000.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn open(calls_per_second: f64, place: (usize, usize), start: Instant) -> Schedule {
        Schedule::new(Pace::Open { calls_per_second }, place, (start, start + SECOND))
    }

    #[test]
    fn calls_of_all_connections_lie_evenly_over_the_time() {
        let start = Instant::now();
        let mut due: Vec<f64> = (0..4)
            .flat_map(|index| {
                let mut schedule = open(20.0, (index, 4), start);
                std::iter::from_fn(move || schedule.take(start + SECOND)).collect::<Vec<_>>()
            })
            .map(|due| (due - start).as_secs_f64())
            .collect();
        due.sort_by(f64::total_cmp);

        assert_eq!(due.len(), 20);
        assert!(due.iter().enumerate().all(|(call, at)| (at - call as f64 / 20.0).abs() < 1e-8), "{due:?}");
    }

    #[test]
    fn a_call_that_is_taken_late_keeps_the_time_at_which_it_was_due() {
        let start = Instant::now();
        let mut schedule = open(10.0, (0, 1), start);
        let late = start + SECOND / 2;

        let taken: Vec<_> = std::iter::from_fn(|| schedule.take(late)).map(|due| due - start).collect();

        assert_eq!(taken, [0, 100, 200, 300, 400, 500].map(Duration::from_millis));
        assert_eq!(schedule.next(late), Some(start + Duration::from_millis(600)));
        assert_eq!(schedule.untaken(start, start + SECOND), 4);
        assert_eq!(schedule.untaken(start + Duration::from_millis(800), start + 5 * SECOND), 2);
    }

    #[test]
    fn a_closed_loop_is_always_due_until_it_ends() {
        let start = Instant::now();
        let mut schedule = Schedule::new(Pace::Closed, (0, 1), (start, start + SECOND));
        let soon = start + SECOND / 2;

        assert_eq!((schedule.take(soon), schedule.take(soon)), (Some(soon), Some(soon)));
        assert_eq!(schedule.take(start + SECOND), None);
        assert_eq!(schedule.untaken(start, start + SECOND), 0);
    }

    proptest! {
        #[test]
        fn every_call_is_taken_or_counted_as_untaken(rate in 1.0..5000.0_f64, ms in 0_u64..1000, index in 0_usize..3) {
            let start = Instant::now();
            let mut schedule = open(rate, (index, 3), start);
            let (now, all) = (start + Duration::from_millis(ms), schedule.untaken(start, start + SECOND));

            let taken = std::iter::from_fn(|| schedule.take(now)).count() as u64;

            prop_assert_eq!(taken + schedule.untaken(start, start + SECOND), all);
            let rest = std::iter::from_fn(|| schedule.take(start + SECOND)).count() as u64;
            prop_assert!((taken + rest).abs_diff(all) <= 1, "{taken} + {rest}, not {all}"); // The last one on the edge.
        }
    }
}
