//! What came of a load.

use crate::exchange::Verdict;
use hdrhistogram::Histogram;
use std::time::Duration;

/// A longer time counts as this one: a minute.
const LONGEST_NS: u64 = 60_000_000_000;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Measured {
    pub time: Duration,
    pub right: u64,
    pub refused: u64,
    pub expired: u64,
    /// Other answers, and none.
    pub wrong: u64,
    /// Nanoseconds to answers that are right.
    pub latency: Histogram<u64>,
    /// Nanoseconds to refusals.
    pub refusal: Histogram<u64>,
    /// Nanoseconds by which the generator itself was late, in an open loop.
    pub lag: Histogram<u64>,
    /// Processor time of the server.
    pub server_cpu: Duration,
}

impl Measured {
    pub(super) fn new() -> Self {
        let histogram = || Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("bounds and digits that it has");
        Self {
            time: Duration::ZERO,
            right: 0,
            refused: 0,
            expired: 0,
            wrong: 0,
            latency: histogram(),
            refusal: histogram(),
            lag: histogram(),
            server_cpu: Duration::ZERO,
        }
    }

    /// Right answers a second.
    pub fn per_second(&self) -> f64 {
        self.right as f64 / self.time.as_secs_f64()
    }

    /// Microseconds of the server's processor time for each answer of whatever kind.
    pub fn cpu_us(&self) -> f64 {
        let answers = self.right + self.refused + self.expired + self.wrong;
        self.server_cpu.as_secs_f64() * 1e6 / answers.max(1) as f64
    }

    pub(super) fn count(&mut self, verdict: Verdict, taken: Duration) {
        let ns = u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX);
        match verdict {
            Verdict::Right => {
                self.right += 1;
                self.latency.saturating_record(ns);
            }
            Verdict::Refused => {
                self.refused += 1;
                self.refusal.saturating_record(ns);
            }
            Verdict::Expired => self.expired += 1,
            Verdict::Wrong => self.wrong += 1,
        }
    }
}

/// Microseconds at a quantile, for example 0.99.
pub fn quantile_us(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1e3
}
