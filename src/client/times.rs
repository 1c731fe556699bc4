//! Times of calls, gathered so that their number costs nothing.

use serde::Serialize;
use std::time::Duration;

/// Each bucket ends 1 % above the one before.
const GROWTH: f64 = 1.01;
/// The last bucket begins above a day, the longest time of a call.
const BUCKETS: usize = 3_230;

/// How long calls took: a histogram of buckets that grow by 1 %. Its size does not grow with their number.
#[derive(Clone, Debug)]
pub struct Times {
    count: u64,
    total: Duration,
    min: Duration,
    max: Duration,
    /// Calls by time; see [`bucket`].
    counts: Vec<u64>,
}

/// Times of calls in milliseconds. Quantiles are up to 1 % above the exact ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// The shortest.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// Half of the calls took no longer.
    pub p50: f64,
    /// 90 % of the calls took no longer.
    pub p90: f64,
    /// 99 % of the calls took no longer.
    pub p99: f64,
    /// 99.9 % of the calls took no longer.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Default for Times {
    fn default() -> Self {
        Self { count: 0, total: Duration::ZERO, min: Duration::MAX, max: Duration::ZERO, counts: vec![0; BUCKETS] }
    }
}

impl Times {
    /// Counts a call that took so long.
    pub fn record(&mut self, time: Duration) {
        self.count += 1;
        self.total += time;
        self.min = self.min.min(time);
        self.max = self.max.max(time);
        if let Some(count) = self.counts.get_mut(bucket(time)) {
            *count += 1;
        }
    }

    /// Calls that were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How long they took; `None` if there are none.
    pub fn latency(&self) -> Option<Latency> {
        (self.count > 0).then(|| Latency {
            min: milliseconds(self.min),
            mean: milliseconds(self.total) / self.count as f64,
            p50: milliseconds(self.quantile(0.5)),
            p90: milliseconds(self.quantile(0.9)),
            p99: milliseconds(self.quantile(0.99)),
            p999: milliseconds(self.quantile(0.999)),
            max: milliseconds(self.max),
        })
    }

    /// The time that this share (0 to 1) of the calls did not pass, up to 1 % above the exact one; zero if there are none.
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = ((share * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let at = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        let end =
            at.map_or(self.max, |at| Duration::from_nanos(GROWTH.powi(i32::try_from(at).unwrap_or(i32::MAX)) as u64));
        end.max(self.min).min(self.max)
    }
}

/// The number of the bucket whose end is the next one above a time.
fn bucket(time: Duration) -> usize {
    let nanoseconds = time.as_nanos().max(1) as f64;
    (nanoseconds.ln() / GROWTH.ln()).ceil().min((BUCKETS - 1) as f64) as usize
}

fn milliseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_sorted_times_or_up_to_one_percent_above(
            nanoseconds in proptest::collection::vec(10_000u64..86_400_000_000_000, 1..300),
        ) {
            let mut times = Times::default();
            nanoseconds.iter().for_each(|it| times.record(Duration::from_nanos(*it)));
            let mut sorted = nanoseconds;
            sorted.sort_unstable();
            let exact = |share: f64| sorted[(share * sorted.len() as f64).ceil() as usize - 1] as f64 / 1e6;

            let latency = times.latency().unwrap();

            prop_assert!((latency.min - exact(0.001)).abs() < 1e-6 && (latency.max - exact(1.0)).abs() < 1e-6);
            for (found, share) in [(latency.p50, 0.5), (latency.p90, 0.9), (latency.p99, 0.99), (latency.p999, 0.999)] {
                let error = found / exact(share) - 1.0;
                prop_assert!((-0.001..0.0101).contains(&error), "{share}: {found}, not {}", exact(share));
            }
        }
    }

    #[test]
    fn no_calls_take_no_time() {
        let times = Times::default();

        assert_eq!((times.count(), times.latency(), times.quantile(0.5)), (0, None, Duration::ZERO));
    }
}
