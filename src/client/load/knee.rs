//! The knee of the curve: the highest rate at which a server keeps up.

use super::report::Report;
use serde::Serialize;
use std::time::Duration;

/// A rate is sustained only if so many of the calls that were due are answered.
const SHARE: f64 = 0.95;
/// Each rate is so many times the one before, until one is not sustained.
const STEP: f64 = 2.0;
/// The search is over when the lowest rate that is not sustained is so many times the highest that is, or less.
const RESOLUTION: f64 = 1.1;
/// Rates outside are not tried.
const RATES: std::ops::RangeInclusive<f64> = 0.5..=1e8;

/// Whether a server kept up with a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// 95 % of the calls or more were answered without an error, and 99 % of these within the bound.
    Sustained,
    /// Fewer than 95 % of the calls that were due were answered without an error.
    FellBehind,
    /// More than 1 % of the answers took longer than the bound.
    TooSlow,
}

/// Judges a run of an open loop.
pub fn judge(report: &Report, max_p99: Duration) -> Judgement {
    let p99 = report.answered_ms.map_or(0.0, |latency| latency.p99);
    match report {
        report if report.answered_share() < SHARE => Judgement::FellBehind,
        _ if p99 > max_p99.as_secs_f64() * 1e3 => Judgement::TooSlow,
        _ => Judgement::Sustained,
    }
}

/// Looks for the highest rate that is sustained: doubles it until one is not (or halves it until one is), then halves the
/// ratio between the two rates next to the knee. A rate that is not sustained is tried once more, to tell a limit of the
/// server from a hiccup of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    first: f64,
    sustained: Option<f64>,
    failed: Option<f64>,
    /// It has not been sustained once.
    doubted: Option<f64>,
}

impl Search {
    /// Begins at so many calls a second.
    pub fn new(first: f64) -> Self {
        Self { first, sustained: None, failed: None, doubted: None }
    }

    /// The rate to try next; `None` if the search is over.
    pub fn next_rate(&self) -> Option<f64> {
        if self.doubted.is_some() {
            return self.doubted;
        }
        let rate = match (self.sustained, self.failed) {
            (None, None) => self.first,
            (Some(sustained), None) => sustained * STEP,
            (None, Some(failed)) => failed / STEP,
            (Some(sustained), Some(failed)) if failed / sustained > RESOLUTION => (sustained * failed).sqrt(),
            _ => return None,
        };
        RATES.contains(&rate).then_some(rate)
    }

    /// Takes note of how the rate that was to be tried went.
    pub fn learn(&mut self, rate: f64, judgement: Judgement) {
        let is_second = self.doubted.take().is_some();
        match judgement {
            Judgement::Sustained => self.sustained = Some(rate),
            Judgement::FellBehind | Judgement::TooSlow if is_second => self.failed = Some(rate),
            Judgement::FellBehind | Judgement::TooSlow => self.doubted = Some(rate),
        }
    }

    /// The highest rate that was sustained so far, and below every one that was not.
    pub fn knee(&self) -> Option<f64> {
        self.sustained
    }
}

#[cfg(test)]
mod tests {
    use super::super::meter::{Meter, Window};
    use super::super::schedule::Pace;
    use super::*;
    use crate::error::Error;
    use proptest::prelude::*;
    use tokio::time::Instant;

    /// Tries rates on a server that keeps up with those below `capacity`.
    fn search(first: f64, capacity: f64) -> (Search, usize) {
        let (mut search, mut steps) = (Search::new(first), 0);
        while let Some(rate) = search.next_rate() {
            search.learn(rate, if rate < capacity { Judgement::Sustained } else { Judgement::TooSlow });
            steps += 1;
        }
        (search, steps)
    }

    proptest! {
        #[test]
        fn the_knee_is_at_most_a_tenth_below_what_the_server_can_do(first in 1.0..1e6_f64, capacity in 2.0..1e7_f64) {
            let (search, steps) = search(first, capacity);

            let knee = search.knee().unwrap();
            prop_assert!(knee < capacity && knee * RESOLUTION * 1.0001 >= capacity, "{knee} of {capacity}");
            prop_assert!(steps <= 40, "{steps} steps");
        }
    }

    #[test]
    fn a_server_that_keeps_up_with_nothing_has_no_knee_and_one_that_keeps_up_with_all_is_not_called_for_ever() {
        assert_eq!(search(100.0, 0.0).0.knee(), None);
        assert!(search(100.0, f64::INFINITY).0.knee() > Some(1e7));
    }

    #[test]
    fn a_rate_that_is_not_sustained_is_tried_once_more() {
        let mut search = Search::new(100.0);

        search.learn(100.0, Judgement::TooSlow);
        assert_eq!(search.next_rate(), Some(100.0));
        search.learn(100.0, Judgement::Sustained);
        assert_eq!((search.next_rate(), search.knee()), (Some(200.0), Some(100.0)));
        search.learn(200.0, Judgement::FellBehind);
        search.learn(200.0, Judgement::TooSlow);
        assert_eq!(search.next_rate().map(f64::round), Some(141.0));
    }

    #[test]
    fn a_rate_is_sustained_with_95_percent_answered_and_p99_within_the_bound() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let judged = |slow: u32, failed: u32| {
            let pace = Pace::Open { calls_per_second: 100.0 };
            let meter = Meter::new(Window { pace, start, end: after(1000), deadline: Duration::from_secs(1) });
            meter.count(|it| {
                (0..100 - slow - failed).for_each(|_| it.ended(start, after(1), Ok(())));
                (0..slow).for_each(|_| it.ended(start, after(50), Ok(())));
                (0..failed).for_each(|_| it.ended(start, after(1), Err(&Error::Full)));
            });
            judge(&meter.report(after(1000)), Duration::from_millis(20))
        };

        assert_eq!([judged(0, 0), judged(1, 0), judged(0, 5)], [Judgement::Sustained; 3]);
        assert_eq!(judged(2, 0), Judgement::TooSlow);
        assert_eq!(judged(0, 6), Judgement::FellBehind);
    }
}
