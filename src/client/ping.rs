//! How far away a server is: round trips, losses, and bytes a second each way.
//!
//! All of it is measured over `echo`, so that it is what calls of this client get: encoding and decoding at both ends, the
//! format and TLS are in it, a model is not.

use super::{Client, Latency, Times};
use crate::error::{Error, Result};
use futures_util::stream::{FuturesUnordered, StreamExt};
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
#[derive(Clone, Debug, Default)]
pub struct RoundTrips {
    sent: u64,
    times: Times,
}

impl RoundTrips {
    /// Counts a call that took so long, or was lost.
    pub fn record(&mut self, time: Option<Duration>) {
        self.sent += 1;
        if let Some(time) = time {
            self.times.record(time);
        }
    }

    /// Calls that were made.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Calls that brought no reply.
    pub fn lost(&self) -> u64 {
        self.sent - self.times.count()
    }

    /// How long calls took; `None` if none was answered.
    pub fn latency(&self) -> Option<Latency> {
        self.times.latency()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
