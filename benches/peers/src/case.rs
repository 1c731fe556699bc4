//! The kinds of load.

use crate::call::Work;
use crate::load::Pace;
use crate::peer::{ALL, COMPILED, COMPILED_PREDICTORS, PREDICTORS, Peer};
use serde::Serialize;

#[derive(Debug)]
pub struct Case {
    pub key: Key,
    pub title: &'static str,
    pub work: Work,
    pub connections: usize,
    pub pace: Pace,
    pub place: Place,
    pub peers: &'static [Peer],
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    Row8,
    Row64,
    OneCore,
    Pipelined,
    Rows,
    RowsFresh,
    Echo,
    OpenLoop,
}

/// Where, and in what, a case is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// A process that has run since the start, on all processors.
    Warm,
    /// The same, with the load generator on one processor.
    OneCore,
    /// A process that has just started, from its first call on.
    Fresh,
}

const ONE_AT_A_TIME: Pace = Pace::Closed { in_flight: 1 };

pub const CASES: &[Case] = &[
    Case {
        key: Key::Row8,
        title: "`predict`, 1 row x 16, 8 connections",
        work: Work::Predict { rows: 1 },
        connections: 8,
        pace: ONE_AT_A_TIME,
        place: Place::Warm,
        peers: ALL,
    },
    Case {
        key: Key::Row64,
        title: "`predict`, 1 row x 16, 64 connections",
        work: Work::Predict { rows: 1 },
        connections: 64,
        pace: ONE_AT_A_TIME,
        place: Place::Warm,
        peers: ALL,
    },
    Case {
        key: Key::OneCore,
        title: "`predict`, 1 row x 16, 1 connection, client and server on one core",
        work: Work::Predict { rows: 1 },
        connections: 1,
        pace: ONE_AT_A_TIME,
        place: Place::OneCore,
        peers: COMPILED,
    },
    Case {
        key: Key::Pipelined,
        title: "`predict`, 1 row x 16, 8 connections, 16 calls in flight on each",
        work: Work::Predict { rows: 1 },
        connections: 8,
        pace: Pace::Closed { in_flight: 16 },
        place: Place::Warm,
        peers: COMPILED,
    },
    Case {
        key: Key::Rows,
        title: "`predict`, 1,000 rows x 16 f64, 4 connections",
        work: Work::Predict { rows: 1_000 },
        connections: 4,
        pace: ONE_AT_A_TIME,
        place: Place::Warm,
        peers: PREDICTORS,
    },
    Case {
        key: Key::RowsFresh,
        title: "the same, in the first seconds of a fresh process",
        work: Work::Predict { rows: 1_000 },
        connections: 4,
        pace: ONE_AT_A_TIME,
        place: Place::Fresh,
        peers: COMPILED_PREDICTORS,
    },
    Case {
        key: Key::Echo,
        title: "`echo` of 1 MiB, 4 connections",
        work: Work::Echo { bytes: 1 << 20 },
        connections: 4,
        pace: ONE_AT_A_TIME,
        place: Place::Warm,
        peers: COMPILED,
    },
    Case {
        key: Key::OpenLoop,
        title: "`predict`, 1 row x 16, open loop at 10,000 a second, 16 connections",
        work: Work::Predict { rows: 1 },
        connections: 16,
        pace: Pace::Open { per_second: 10_000.0 },
        place: Place::Warm,
        peers: COMPILED,
    },
];
