//! What is printed of a load.

use super::super::report;
use crate::client::Latency;
use crate::client::load::Report;
use crate::error::Code;
use serde::Serialize;
use std::collections::BTreeMap;

/// What was called, and how.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Subject {
    pub(super) server: String,
    pub(super) model: String,
    pub(super) features: usize,
    pub(super) rows_file: Option<String>,
    pub(super) seed: Option<u64>,
    pub(super) batches: usize,
    pub(super) batch_rows: u32,
    pub(super) bytes_per_call: usize,
    pub(super) connections: u16,
    pub(super) pipelining: u16,
    pub(super) deadline_ms: u64,
    pub(super) warm_up_seconds: f64,
    pub(super) duration_seconds: f64,
}

/// One load, for programs.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    rows_per_second: f64,
    #[serde(flatten)]
    report: &'a Report,
}

impl Subject {
    pub(super) fn document<'a>(&'a self, report: &'a Report) -> Document<'a> {
        Document { subject: self, rows_per_second: self.rows_per_second(report), report }
    }

    /// In one line.
    pub(super) fn title(&self) -> String {
        let Self { model, batch_rows, connections, pipelining, .. } = self;
        let rows = counted(*batch_rows, "row");
        format!("{model}, {rows} a call, {connections} connections x {pipelining} in flight")
    }

    /// What does not depend on how it went.
    pub(super) fn facts(&self) -> [(&'static str, String); 3] {
        let Self { batch_rows, bytes_per_call, batches, connections, pipelining, .. } = self;
        let source = match (&self.rows_file, self.seed) {
            (Some(file), _) => format!("of {file}"),
            (None, seed) => format!("of random numbers, seed {}", report::optional(seed)),
        };
        let rows = counted(*batch_rows, "row");
        let calls = format!("{rows} {source}; {batches} batches by turns, {bytes_per_call} bytes each");
        let flight = format!("{connections} connections, at most {pipelining} in flight on each");
        [
            ("server", format!("{}, model {} ({} features)", self.server, self.model, self.features)),
            ("calls", format!("{calls}, deadline {} ms", self.deadline_ms)),
            ("load", flight),
        ]
    }

    /// One load, for people.
    pub(super) fn text(&self, report: &Report) -> String {
        let Report { seconds, goodput_per_second, calls, answered, late, unsent, reconnects, .. } = report;
        let pace = match report.offered_per_second {
            None => "closed loop".to_owned(),
            Some(rate) => format!("open loop of {rate} calls/s, {unsent} of them not sent by the end"),
        };
        let rates = format!("{goodput_per_second:.1} calls/s, {:.1} rows/s", self.rows_per_second(report));
        let mut facts = self.facts().to_vec();
        facts.extend([
            ("pace", format!("{pace}, {seconds:.1} s after {} s of warm-up", self.warm_up_seconds)),
            ("answered", format!("{answered} of {calls} calls, {late} of them after their deadline: {rates}")),
            ("errors", format!("{}; {reconnects} reconnects", errors(&report.errors))),
        ]);
        facts.extend(report.last_error.clone().map(|error| ("last error", error)));
        format!("{}\n\n{}", report::facts(facts), latencies(report))
    }

    fn rows_per_second(&self, report: &Report) -> f64 {
        report.goodput_per_second * f64::from(self.batch_rows)
    }
}

/// "1 row", "2 rows"
fn counted(count: u32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// "2 OVERLOADED, 1 UNAVAILABLE"
pub(super) fn errors(errors: &BTreeMap<Code, u64>) -> String {
    let errors: Vec<String> = errors.iter().map(|(code, count)| format!("{count} {}", code_name(*code))).collect();
    if errors.is_empty() { "none".into() } else { errors.join(", ") }
}

/// As it is written on the wire.
fn code_name(code: Code) -> String {
    serde_json::to_value(code).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn latencies(report: &Report) -> String {
    let rows = [
        ("answered", report.answered_ms),
        ("failed", report.failed_ms),
        ("waited to be sent", report.waited_ms),
        ("sent until replied", report.replied_ms),
    ];
    let rows = rows.into_iter().filter_map(|(name, latency)| Some(row(name, latency?)));
    report::table(&["ms", "min", "mean", "p50", "p90", "p99", "p99.9", "max"], rows, "no call has ended")
}

fn row(name: &str, latency: Latency) -> Vec<String> {
    let Latency { min, mean, p50, p90, p99, p999, max } = latency;
    let times = [min, mean, p50, p90, p99, p999, max].map(|time| format!("{time:.3}"));
    [name.to_owned()].into_iter().chain(times).collect()
}
