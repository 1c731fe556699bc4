//! How far away a server is: round trips, losses, and bytes a second each way.
//!
//! All of it is measured over `echo`, so that it is what calls of this client get: encoding and decoding at both ends, the
//! format and TLS are in it, a model is not.

use super::Client;
use crate::error::{Error, Result};
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::Serialize;
use std::time::{Duration, Instant};

/// Calls under way at once while bandwidth is measured, so that neither end waits for the other.
const CALLS_AT_ONCE: usize = 4;
/// What the first call carries that looks how fast the way is.
const FIRST_BYTES: usize = 64 << 10;
/// Calls are made larger until one takes so long.
const LONG_ENOUGH: Duration = Duration::from_millis(50);

/// A way between client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    Up,
    /// To the client.
    Down,
}

impl Client {
    /// The time from a call with this payload to its whole reply.
    ///
    /// # Errors
    /// Those of every call. Set [`Options::max_tries`](super::Options) to 1, so that a lost call is seen.
    pub async fn round_trip(&self, payload: &[u8]) -> Result<Duration> {
        let started = Instant::now();
        let echoed = self.echo(payload).await?;
        let time = started.elapsed();
        self.plain(if echoed == payload { Ok(time) } else { Err(Error::internal("it is not what was sent")) })
    }

    /// Bytes of payload a second in one direction, over large calls, several under way at once, for about this time. It is
    /// the rate of one connection if the pool has one.
    ///
    /// # Errors
    /// Those of every call, or [`Code::Internal`](crate::error::Code) from a server that cannot send one way alone.
    pub async fn bytes_per_second(&self, direction: Direction, time: Duration) -> Result<f64> {
        let server_limit = usize::try_from(self.describe().await?.limits.max_frame_bytes).unwrap_or(usize::MAX);
        let max_bytes = server_limit.min(self.options.max_frame_bytes) / 2; // JSON needs four bytes for three.
        let bytes = self.long_enough(direction, max_bytes).await?;
        let (started, mut carried) = (Instant::now(), 0);
        let mut calls: FuturesUnordered<_> = (0..CALLS_AT_ONCE).map(|_| self.carry(direction, bytes)).collect();
        while let Some(ended) = calls.next().await {
            ended?;
            carried += bytes;
            if started.elapsed() < time {
                calls.push(self.carry(direction, bytes));
            }
        }
        Ok(carried as f64 / started.elapsed().as_secs_f64())
    }

    /// A payload that takes long enough for the time of a call to be little beside it, or the largest.
    async fn long_enough(&self, direction: Direction, max_bytes: usize) -> Result<usize> {
        let mut bytes = FIRST_BYTES.min(max_bytes);
        loop {
            let started = Instant::now();
            self.carry(direction, bytes).await?;
            if bytes == max_bytes || started.elapsed() >= LONG_ENOUGH {
                return Ok(bytes);
            }
            bytes = bytes.saturating_mul(2).min(max_bytes);
        }
    }

    async fn carry(&self, direction: Direction, bytes: usize) -> Result<()> {
        let (up, down) = match direction {
            Direction::Up => (bytes, 0),
            Direction::Down => (0, bytes),
        };
        let reply = self.echo_as(&vec![0; up], Some(down)).await?;
        let unasked = || Err(Error::internal(format!("{} bytes came and {down} were asked for", reply.len())));
        self.plain(if reply.len() == down { Ok(()) } else { unasked() })
    }
}

/// How many calls were made, and how long those took that were answered. Its size does not grow with their number.
#[derive(Clone, Debug)]
pub struct RoundTrips {
    sent: u64,
    answered: u64,
    total: Duration,
    min: Duration,
    max: Duration,
    /// Calls by time; see [`bucket`].
    counts: Vec<u64>,
}

/// Each bucket ends 1 % above the one before.
const GROWTH: f64 = 1.01;
/// The last bucket begins above a day, the longest time of a call.
const BUCKETS: usize = 3_230;

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
    /// The longest.
    pub max: f64,
}

impl Default for RoundTrips {
    fn default() -> Self {
        let (min, max) = (Duration::MAX, Duration::ZERO);
        Self { sent: 0, answered: 0, total: Duration::ZERO, min, max, counts: vec![0; BUCKETS] }
    }
}

impl RoundTrips {
    /// Counts a call that took so long, or was lost.
    pub fn record(&mut self, time: Option<Duration>) {
        self.sent += 1;
        let Some(time) = time else { return };
        self.answered += 1;
        self.total += time;
        self.min = self.min.min(time);
        self.max = self.max.max(time);
        if let Some(count) = self.counts.get_mut(bucket(time)) {
            *count += 1;
        }
    }

    /// Calls that were made.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Calls that brought no reply.
    pub fn lost(&self) -> u64 {
        self.sent - self.answered
    }

    /// How long calls took; `None` if none was answered.
    pub fn latency(&self) -> Option<Latency> {
        (self.answered > 0).then(|| Latency {
            min: milliseconds(self.min),
            mean: milliseconds(self.total) / self.answered as f64,
            p50: milliseconds(self.quantile(0.5)),
            p90: milliseconds(self.quantile(0.9)),
            p99: milliseconds(self.quantile(0.99)),
            max: milliseconds(self.max),
        })
    }

    /// The time that this share of the calls did not pass.
    fn quantile(&self, share: f64) -> Duration {
        let wanted = (share * self.answered as f64).ceil() as u64;
        let mut seen = 0;
        let at = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        let end =
            at.map_or(self.max, |at| Duration::from_nanos(GROWTH.powi(i32::try_from(at).unwrap_or(i32::MAX)) as u64));
        end.clamp(self.min, self.max)
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
            let mut trips = RoundTrips::default();
            nanoseconds.iter().for_each(|it| trips.record(Some(Duration::from_nanos(*it))));
            let mut sorted = nanoseconds;
            sorted.sort_unstable();
            let exact = |share: f64| sorted[(share * sorted.len() as f64).ceil() as usize - 1] as f64 / 1e6;

            let latency = trips.latency().unwrap();

            prop_assert!((latency.min - exact(0.001)).abs() < 1e-6 && (latency.max - exact(1.0)).abs() < 1e-6);
            for (found, share) in [(latency.p50, 0.5), (latency.p90, 0.9), (latency.p99, 0.99)] {
                let error = found / exact(share) - 1.0;
                prop_assert!((-0.001..0.0101).contains(&error), "{share}: {found}, not {}", exact(share));
            }
        }
    }

    #[test]
    fn lost_calls_are_counted_and_take_no_time() {
        let mut trips = RoundTrips::default();
        assert_eq!((trips.sent(), trips.lost(), trips.latency()), (0, 0, None));

        trips.record(None);
        trips.record(Some(Duration::from_millis(3)));
        trips.record(None);

        let latency = trips.latency().unwrap();
        assert_eq!((trips.sent(), trips.lost()), (3, 2));
        assert_eq!([latency.min, latency.mean, latency.p50, latency.p99, latency.max], [3.0; 5]);
    }
}
