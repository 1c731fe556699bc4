//! What Modelwire has to reach beside its peers.

use super::medians::{difference, median, ratio, value};
use crate::case::{CASES, Key};
use crate::modelwire::COSTLY;
use crate::overload::Overload;
use crate::peer::Peer;
use crate::run::{Results, Sample};
use std::fmt;

pub(super) struct Goal {
    pub(super) case: &'static str,
    pub(super) measure: &'static str,
    pub(super) bound: Bound,
    /// Nothing where a side of it was not measured.
    pub(super) measured: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}
use Bound::{AtLeast, AtMost};

impl Bound {
    pub(super) fn holds(self, measured: f64) -> bool {
        match self {
            AtLeast(bound) => measured >= bound,
            AtMost(bound) => measured <= bound,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AtLeast(bound) => write!(f, "at least {}", super::number(*bound)),
            AtMost(bound) => write!(f, "at most {}", super::number(*bound)),
        }
    }
}

pub(super) fn goals(results: &Results) -> Vec<Goal> {
    [Key::Row8, Key::Row64]
        .into_iter()
        .flat_map(|case| small_calls(results, case))
        .chain(other_calls(results))
        .chain(overload(&results.overloads))
        .collect()
}

fn small_calls(results: &Results, case: Key) -> Vec<Goal> {
    let to = |peer| ratio(results, case, Peer::Modelwire, peer, per_second);
    vec![
        goal(case, "answers, to volo-thrift's", AtLeast(1.0), to(Peer::Volo)),
        goal(case, "answers, to the bare echo's", AtLeast(0.8), to(Peer::BareEcho)),
        goal(case, "answers, to MLServer's", AtLeast(50.0), to(Peer::Mlserver)),
        goal(case, "server CPU, µs an answer", AtMost(7.5), cpu(results, case)),
    ]
}

fn other_calls(results: &Results) -> Vec<Goal> {
    let rate = |case| value(results, case, Peer::Modelwire, per_second);
    let to_echo = |case, read: fn(&Sample) -> f64| ratio(results, case, Peer::Modelwire, Peer::BareEcho, read);
    let beyond_echo = difference(results, Key::OneCore, Peer::Modelwire, Peer::BareEcho, |sample| sample.p50_us);
    vec![
        goal(Key::OneCore, "p50 beyond the bare echo's, µs", AtMost(3.0), beyond_echo),
        goal(Key::Pipelined, "answers a second", AtLeast(700_000.0), rate(Key::Pipelined)),
        goal(Key::Pipelined, "server CPU, µs an answer", AtMost(1.5), cpu(results, Key::Pipelined)),
        goal(Key::Rows, "answers a second", AtLeast(36_000.0), rate(Key::Rows)),
        goal(Key::Rows, "server CPU, µs an answer", AtMost(30.0), cpu(results, Key::Rows)),
        goal(Key::RowsFresh, "server CPU, µs an answer", AtMost(30.0), cpu(results, Key::RowsFresh)),
        goal(Key::Echo, "answers, to the bare echo's", AtLeast(0.9), to_echo(Key::Echo, per_second)),
        goal(Key::OpenLoop, "p99, to the bare echo's", AtMost(1.5), to_echo(Key::OpenLoop, |sample| sample.p99_us)),
    ]
}

pub(super) fn overload(overloads: &[Overload]) -> Vec<Goal> {
    let overloads: Vec<_> = overloads.iter().filter(|overload| overload.clustering == COSTLY).collect();
    let of = |read: fn(&Overload) -> f64| median(overloads.iter().map(|overload| read(overload)).collect());
    let refusing = overloads.iter().filter(|overload| overload.at_200_percent.refused_per_second > 0.0);
    let refusals = median(refusing.map(|overload| overload.at_200_percent.refusal_p99_us / 1e3).collect());
    let goal = |measure, bound, measured| Goal { case: "twice the load that it can bear", measure, bound, measured };
    vec![
        goal("right answers in time, to the best", AtLeast(0.95), of(|o| o.at_200_percent.goodput / o.best())),
        goal("p99 of them, to that at 80 %", AtMost(3.0), of(|o| o.at_200_percent.p99_us / o.at_80_percent.p99_us)),
        goal("p99 of refusals, ms", AtMost(5.0), refusals),
    ]
}

fn goal(case: Key, measure: &'static str, bound: Bound, measured: Option<f64>) -> Goal {
    let case = CASES.iter().find(|other| other.key == case).map_or("", |case| case.title);
    Goal { case, measure, bound, measured }
}

fn per_second(sample: &Sample) -> f64 {
    sample.per_second
}

fn cpu(results: &Results, case: Key) -> Option<f64> {
    value(results, case, Peer::Modelwire, |sample| sample.cpu_us)
}
