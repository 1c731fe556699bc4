//! `modelwire ping`

use super::remote::{Remote, seconds, seconds_or_none};
use super::{Failure, progress, report};
use crate::client::ping::{Direction, RoundTrips};
use crate::client::{Client, Latency, Options, PoolLimits};
use crate::error::Error;
use indicatif::ProgressBar;
use serde::Serialize;
use std::time::Duration;
use tokio::signal::ctrl_c;
use tokio::time::{Instant, sleep_until};

/// Calls before the first that counts, which pay for what both ends set up.
const WARM_UP_CALLS: u64 = 3;
/// Calls that count, if neither their number nor a time is given.
const CALLS: u64 = 100;
/// Time for the bandwidth each way.
const BANDWIDTH_TIME: Duration = Duration::from_secs(1);
/// Largest payload of a small call.
const MAX_SIZE: u64 = 1 << 20;

/// Measure how far away a server is
///
/// Calls it with small payloads, one at a time, and says how long the replies took and how many calls were lost. Then it
/// calls with large payloads and says how many of their bytes went each way in a second. All of it over one connection,
/// and as callers have it: the time to write and to read messages at either end is in it. A call without a reply is not
/// tried again: a server that goes away and comes back is seen as lost calls and reconnects. Ctrl-C ends it with what it
/// has so far.
///
/// Example:
///     modelwire ping --count 1000 --interval 0
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// Host and port of the server, or unix:PATH, in place of --address.
    #[arg(value_name = "HOST:PORT")]
    server: Option<String>,
    /// Small calls [default: 100, or no end if --duration is given].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Seconds after which no further small call is made.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// Seconds from one small call to the next; 0 for no pause.
    #[arg(long, default_value = "0.01", value_name = "SECONDS", value_parser = seconds_or_none)]
    interval: Duration,
    /// Bytes of payload of a small call, up to 1048576.
    #[arg(long, default_value = "64", value_name = "BYTES", value_parser = clap::value_parser!(u64).range(..=MAX_SIZE))]
    size: u64,
    #[command(flatten)]
    pub(super) remote: Remote,
}

/// What was measured.
#[derive(Serialize)]
struct Summary {
    server: String,
    calls: u64,
    size_bytes: u64,
    lost: u64,
    reconnects: u64,
    latency_ms: Option<Latency>,
    bandwidth_mb_per_second: Bandwidth,
}

/// Of payload, in 1,000,000 bytes a second; absent where the user did not wait for it, or a call went wrong.
#[derive(Clone, Copy, Default, Serialize)]
struct Bandwidth {
    up: Option<f64>,
    down: Option<f64>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let remote = arguments.remote.clone().at(arguments.server.clone());
    let pool = PoolLimits { max_connections: 1, ..PoolLimits::default() };
    let plain = |options| Options { max_tries: 1, pool, ..options };
    remote.run_with(plain, async |client| {
        let live = progress::line();
        let (mut calls, mut bandwidth) = (SmallCalls::default(), Bandwidth::default());
        let measured = async {
            calls.make(client, &arguments, &live).await;
            if calls.trips.latency().is_some() {
                bandwidth.measure(client, &live).await;
            }
        };
        tokio::select! {
            () = measured => {}
            _ = ctrl_c() => {}
        }
        live.finish_and_clear();
        let trips = calls.answered()?;
        let summary = Summary {
            server: remote.address().to_owned(),
            calls: trips.sent(),
            size_bytes: arguments.size,
            lost: trips.lost(),
            reconnects: client.connections_opened().saturating_sub(1),
            latency_ms: trips.latency(),
            bandwidth_mb_per_second: bandwidth,
        };
        remote.print(&summary, || summary.text())
    })
}

/// Calls one after the other.
#[derive(Default)]
struct SmallCalls {
    trips: RoundTrips,
    last_error: Option<Error>,
}

impl SmallCalls {
    async fn make(&mut self, client: &Client, arguments: &Arguments, live: &ProgressBar) {
        let payload = vec![7; usize::try_from(arguments.size).unwrap_or_default()];
        for _ in 0..WARM_UP_CALLS {
            let _ = client.round_trip(&payload).await; // What is wrong is seen by the calls that count.
        }
        let no_end = if arguments.duration.is_some() { u64::MAX } else { CALLS };
        let count = arguments.count.unwrap_or(no_end);
        let until = arguments.duration.map(|duration| Instant::now() + duration);
        while self.trips.sent() < count && until.is_none_or(|until| Instant::now() < until) {
            let next = Instant::now() + arguments.interval;
            let outcome = client.round_trip(&payload).await;
            self.trips.record(outcome.as_ref().ok().copied());
            live.set_message(self.so_far(&outcome));
            self.last_error = outcome.err().or(self.last_error.take());
            sleep_until(next.min(until.unwrap_or(next))).await;
        }
    }

    fn so_far(&self, outcome: &Result<Duration, Error>) -> String {
        let last =
            outcome.as_ref().map_or_else(ToString::to_string, |time| format!("{:.3} ms", time.as_secs_f64() * 1e3));
        format!("{} calls, {} lost, last: {last}", self.trips.sent(), self.trips.lost())
    }

    /// # Errors
    /// If no call was answered: the last error among them.
    fn answered(self) -> Result<RoundTrips, Failure> {
        if self.trips.latency().is_some() {
            return Ok(self.trips);
        }
        let Some(error) = self.last_error else { return Err(Failure::Failed("no call has ended".into())) };
        Err(Failure::Error(Error::Remote {
            code: error.code(),
            what: format!("none of {} calls was answered; the last: {error}", self.trips.sent()),
            hint: error.hint(),
            executed: error.executed(),
            request_id: String::new(),
        }))
    }
}

impl Bandwidth {
    async fn measure(&mut self, client: &Client, live: &ProgressBar) {
        for (direction, rate) in [(Direction::Up, &mut self.up), (Direction::Down, &mut self.down)] {
            live.set_message(format!("bandwidth {direction:?}").to_lowercase());
            let measured = client.bytes_per_second(direction, BANDWIDTH_TIME).await;
            *rate = measured.ok().map(|bytes| bytes / 1e6);
        }
    }

    fn text(self) -> String {
        let rate = |rate: Option<f64>| rate.map_or_else(|| "not measured".into(), |rate| format!("{rate:.1} MB/s"));
        format!("{} up, {} down", rate(self.up), rate(self.down))
    }
}

impl Summary {
    fn text(&self) -> String {
        let Self { calls, size_bytes, lost, reconnects, .. } = self;
        let loss = 100.0 * *lost as f64 / *calls as f64;
        let facts = report::facts([
            ("server", self.server.clone()),
            ("calls", format!("{calls} of {size_bytes} bytes, {lost} lost ({loss:.1} %), {reconnects} reconnects")),
            ("bandwidth", self.bandwidth_mb_per_second.text()),
        ]);
        let times = self.latency_ms.map(|it| [it.min, it.mean, it.p50, it.p90, it.p99, it.max]);
        let row = times.map(|times| ["ms".to_owned()].into_iter().chain(times.map(|time| format!("{time:.3}"))));
        let latency = report::table(&["latency", "min", "mean", "p50", "p90", "p99", "max"], row, "");
        format!("{facts}\n\n{latency}")
    }
}
