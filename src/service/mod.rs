//! The one door: every call of every transport passes [`Service::call`], and behind it the methods, a file each service.

mod datasets;
mod guard;
mod health;
mod inference;
mod models;
mod training;

pub use guard::Answer;

use crate::batching::{self, Batcher};
use crate::datasets::Datasets;
use crate::registry::Registry;
use crate::training::Jobs;
use crate::wire;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What the methods work with.
pub struct Parts {
    /// Models and their versions.
    pub registry: Registry,
    /// Stored tables.
    pub datasets: Datasets,
    /// Training.
    pub jobs: Jobs,
    /// Predictions.
    pub batcher: Batcher,
    /// What a message may cost.
    pub wire_limits: wire::Limits,
    /// What a batch may cost; `describe` reports it.
    pub batching_limits: batching::Limits,
    /// Calls of one connection that are worked on at once; `describe` reports it.
    pub max_calls_in_flight: usize,
    /// Longest deadline of a call, and that of a call which names none.
    pub max_deadline: Duration,
}

/// All services of the IDL.
pub struct Service {
    parts: Parts,
    started: Instant,
    draining: AtomicBool,
}

impl Service {
    /// A service that has just started.
    pub fn new(parts: Parts) -> Self {
        Self { parts, started: Instant::now(), draining: AtomicBool::new(false) }
    }

    /// What a message may cost.
    pub fn wire_limits(&self) -> wire::Limits {
        self.parts.wire_limits
    }

    /// From now on the server is not ready, because it stops: no job begins, and who waits for one is answered.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.parts.jobs.stop();
    }
}

/// Most entries of a page, as the caller asked for.
fn page_limit(limit: Option<i32>) -> usize {
    limit.map_or(crate::data::MAX_PAGE, |limit| usize::try_from(limit).unwrap_or_default())
}
