//! What a load came to.

use crate::client::{Latency, Times};
use crate::error::Code;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a load came to, without the calls of its warm-up. Times count from when a call was due.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Calls a second that were due; `None` in a closed loop.
    pub offered_per_second: Option<f64>,
    /// Calls a second that were answered without an error.
    pub goodput_per_second: f64,
    /// The time that this is the rate of.
    pub seconds: f64,
    /// Calls that have ended.
    pub calls: u64,
    /// Those of them that were answered without an error.
    pub answered: u64,
    /// Those of them that took longer than their deadline from when they were sent.
    pub late: u64,
    /// The calls that were not answered.
    pub errors: BTreeMap<Code, u64>,
    /// What the last of these said.
    pub last_error: Option<String>,
    /// Calls that were due and for which no place became free until the end.
    pub unsent: u64,
    /// Calls of the warm-up that have ended.
    pub warm_up_calls: u64,
    /// Connections that were opened again.
    pub reconnects: u64,
    /// How long calls took that were answered.
    pub answered_ms: Option<Latency>,
    /// How long calls took that brought an error.
    pub failed_ms: Option<Latency>,
    /// How long calls of an open loop waited until they were sent: for a place, and for this process.
    pub waited_ms: Option<Latency>,
    /// How long replies of any kind took from when their calls were sent: the part of the server and of the way to it.
    pub replied_ms: Option<Latency>,
    /// The times behind `answered_ms`.
    #[serde(skip)]
    pub times: Times,
}

impl Report {
    /// The share of the calls that were due that was answered without an error; 1 if none was due.
    pub fn answered_share(&self) -> f64 {
        let due = self.calls + self.unsent;
        if due == 0 { 1.0 } else { self.answered as f64 / due as f64 }
    }
}
