//! The flags of `modelwire loadtest`, and what they ask for.

use super::super::Failure;
use super::super::remote::{Remote, seconds, seconds_or_none};
use super::summary::Subject;
use crate::client::load::{Calls, Load, Pace, Prepared};
use crate::client::{ModelVersion, Transport};
use crate::data::Features;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Calls in flight on a connection of an open loop, if nothing is said: so many that the server is the one to queue.
const OPEN_LOOP_CALLS: u16 = 32;
/// First rate of a search, if nothing is said.
const FIRST_RATE: f64 = 100.0;

/// Measure what a server bears
///
/// Calls predict as often as it can over some connections (a closed loop), or so often a second as --rate says, whatever
/// the server does (an open loop); says how long the replies took, how many calls a second were answered without an error
/// (goodput), and which errors the others brought. Times of an open loop count from when a call was due, so that nothing
/// is left out when the server stalls. With --find-knee it doubles the rate until the server does not keep up, and says
/// the highest rate that it sustained: 95 % of the calls answered without an error, and 99 % of these within --max-p99.
/// Errors do not end it; Ctrl-C ends it with what it has so far.
///
/// Examples:
///     modelwire loadtest wine --connections 8 --pipelining 16
///     modelwire loadtest wine --rate 5000 --duration 30 --plot latency.svg
///     modelwire loadtest wine --rows rows.csv --batch-rows 100 --find-knee --max-p99 0.02
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(in super::super) struct Arguments {
    /// "wine" (its alias "stable"), "wine@3", "wine@canary" or "wine@latest".
    pub(super) model: String,
    /// CSV file with a heading line, or `-`; without it rows are random.
    #[arg(long, value_name = "FILE")]
    pub(super) rows: Option<PathBuf>,
    /// Rows of a call.
    #[arg(long, default_value = "1", value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) batch_rows: u32,
    /// Of the random rows.
    #[arg(long, default_value = "1", conflicts_with = "rows")]
    pub(super) seed: u64,
    /// Connections.
    #[arg(long, default_value = "8", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Most calls in flight on each connection [default: 1, of an open loop 32; over HTTP always 1].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pipelining: Option<u16>,
    /// Calls a second over all connections; of a search the first.
    #[arg(long, value_name = "CALLS", value_parser = rate)]
    pub(super) rate: Option<f64>,
    /// Seconds of the calls that count; of a search, for each rate.
    #[arg(long, default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    duration: Duration,
    /// Seconds of calls before them that do not count.
    #[arg(long, default_value = "1", value_name = "SECONDS", value_parser = seconds_or_none)]
    warm_up: Duration,
    /// Seconds after which the server may drop a call [default: --timeout, after which a call counts as lost].
    #[arg(long, value_name = "SECONDS", value_parser = milliseconds)]
    deadline: Option<Duration>,
    /// Look for the highest rate that the server sustains.
    #[arg(long)]
    pub(super) find_knee: bool,
    /// Seconds that 1 % of the answers may take longer than, at a rate that is sustained.
    #[arg(long, default_value = "0.05", value_name = "SECONDS", requires = "find_knee", value_parser = seconds)]
    pub(super) max_p99: Duration,
    /// Draw latency by percentile, or latency and goodput by rate, into this SVG file.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Threads that call; one is enough for most servers.
    #[arg(long, default_value = "1", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) threads: u16,
    #[command(flatten)]
    pub(in super::super) remote: Remote,
}

impl Arguments {
    pub(super) fn calls<'a>(&'a self, batches: &'a [Features]) -> Calls<'a> {
        Calls { model: &self.model, batches, in_flight: self.in_flight().into(), deadline: self.deadline() }
    }

    fn in_flight(&self) -> u16 {
        let is_open = self.rate.is_some() || self.find_knee;
        let usual = if is_open && self.remote.transport() != Transport::Http { OPEN_LOOP_CALLS } else { 1 };
        self.pipelining.unwrap_or(usual)
    }

    fn deadline(&self) -> Duration {
        self.deadline.unwrap_or(self.remote.timeout())
    }

    /// A load at this rate, or a closed loop.
    pub(super) fn load(&self, rate: Option<f64>) -> Load {
        let pace = rate.map_or(Pace::Closed, |calls_per_second| Pace::Open { calls_per_second });
        Load { connections: self.connections.into(), pace, warm_up: self.warm_up, duration: self.duration }
    }

    pub(super) fn first_rate(&self) -> f64 {
        self.rate.unwrap_or(FIRST_RATE)
    }

    pub(super) fn subject(&self, model: &ModelVersion, prepared: &Prepared) -> Subject {
        Subject {
            server: self.remote.address().to_owned(),
            model: format!("{}@{}", model.name, model.version),
            features: model.schema.features.len(),
            rows_file: self.rows.as_deref().map(|path| path.display().to_string()),
            seed: self.rows.is_none().then_some(self.seed),
            batches: prepared.batches(),
            batch_rows: self.batch_rows,
            bytes_per_call: prepared.bytes_per_call(),
            connections: self.connections,
            pipelining: self.in_flight(),
            deadline_ms: u64::try_from(self.deadline().as_millis()).unwrap_or(u64::MAX),
            warm_up_seconds: self.warm_up.as_secs_f64(),
            duration_seconds: self.duration.as_secs_f64(),
        }
    }

    /// Whether the drawing can be written, if one is wanted: a load that ends with "no" was for nothing.
    pub(super) fn check_plot(&self) -> Result<(), Failure> {
        let Some(path) = &self.plot else { return Ok(()) };
        let opened = OpenOptions::new().create(true).append(true).open(path);
        opened.map(drop).map_err(|cause| cannot_be_written(path, &cause))
    }

    /// Writes the drawing, if one is wanted.
    pub(super) fn write_plot(&self, draw: impl FnOnce() -> String) -> Result<(), Failure> {
        let Some(path) = &self.plot else { return Ok(()) };
        std::fs::write(path, draw()).map_err(|cause| cannot_be_written(path, &cause))
    }
}

fn cannot_be_written(path: &Path, cause: &io::Error) -> Failure {
    Failure::Failed(format!("{} cannot be written: {cause}", path.display()))
}

/// A time that the wire can carry.
fn milliseconds(text: &str) -> Result<Duration, String> {
    let time = seconds(text)?;
    if time.subsec_nanos().is_multiple_of(1_000_000) {
        Ok(time)
    } else {
        Err("servers are told whole milliseconds".into())
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.001..=1e8).contains(&rate) => Ok(rate),
        _ => Err("it is a number of calls a second from 0.001 to 100000000".into()),
    }
}
