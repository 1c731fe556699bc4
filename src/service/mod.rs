//! The one door: every call of every transport passes [`Service::call`], and behind it the methods, a file each service.

mod audit;
mod datasets;
mod evaluation;
mod export;
mod guard;
mod health;
mod importance;
mod inference;
mod judge;
mod models;
mod places;
mod training;

pub use crate::access::Peer;
pub use judge::Received;

use crate::access::{Access, Role, bearer};
use crate::batching::{self, Batcher};
use crate::cache::Caches;
use crate::data::MAX_PAGE;
use crate::datasets::Datasets;
use crate::error::{Error, Result};
use crate::pool::Pool;
use crate::registry::Registry;
use crate::telemetry::Telemetry;
use crate::training::{Jobs, Learners};
use crate::wire;
use audit::Denials;
use export::Exports;
use places::Places;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// What the methods work with.
pub struct Parts {
    /// Who may do what.
    pub access: Arc<Access>,
    /// Models and their versions.
    pub registry: Registry,
    /// Stored tables.
    pub datasets: Datasets,
    /// Training.
    pub jobs: Jobs,
    /// Training batch by batch.
    pub learners: Learners,
    /// Predictions.
    pub batcher: Batcher,
    /// Predictions that are kept, of the models whose settings say so.
    pub caches: Caches,
    /// Threads that explain predictions.
    pub explaining: Pool,
    /// What a message may cost.
    pub wire_limits: wire::Limits,
    /// What messages and replies may hold, and models that are written as files.
    pub memory: wire::Memory,
    /// What a batch may cost; `describe` reports it.
    pub batching_limits: batching::Limits,
    /// Calls of one connection that are worked on at once; `describe` reports it.
    pub max_calls_in_flight: usize,
    /// Calls that are worked on at once; further ones are refused, but for those of `Health` and of administrators.
    pub max_calls: usize,
    /// Longest deadline of a call, and that of a call which names none.
    pub max_deadline: Duration,
    /// What is counted.
    pub telemetry: Arc<Telemetry>,
}

/// All services of the IDL.
pub struct Service {
    parts: Parts,
    started: Instant,
    draining: AtomicBool,
    calls: Places,
    denials: Denials,
    evaluations: Semaphore,
    importances: Semaphore,
    exports: Exports,
}

impl Service {
    /// A service that has just started.
    pub fn new(parts: Parts) -> Self {
        let calls = Places::new(parts.max_calls);
        let (started, draining) = (Instant::now(), AtomicBool::new(false));
        let evaluations = Semaphore::new(evaluation::AT_ONCE);
        let (importances, exports) = (Semaphore::new(importance::AT_ONCE), Exports::new(parts.memory.clone()));
        Self { parts, started, draining, calls, denials: Denials::default(), evaluations, importances, exports }
    }

    /// What a message may cost.
    pub fn wire_limits(&self) -> wire::Limits {
        self.parts.wire_limits
    }

    /// What messages and replies may hold.
    pub fn memory(&self) -> &wire::Memory {
        &self.parts.memory
    }

    /// What is counted.
    pub fn telemetry(&self) -> &Telemetry {
        &self.parts.telemetry
    }

    /// Whether who shows this certificate, or this value of the header `authorization`, may see what is counted.
    ///
    /// # Errors
    /// Nobody is known by it, or a reader's role is missing.
    pub fn may_read_metrics(&self, peer: &mut Peer, authorization: Option<&str>) -> Result<()> {
        let token = authorization.map(|header| bearer(header).unwrap_or_default());
        self.parts.access.identify(peer, token)?.identity.may_call("/metrics", Role::Reader)
    }

    /// From now on the server is not ready, because it is about to stop; it still answers.
    pub fn retire(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// No job begins any more, and who waits for one is answered.
    pub fn drain(&self) {
        self.retire();
        self.parts.jobs.stop();
        self.parts.learners.stop();
    }
}

/// Most entries of a page, as the caller asked for.
///
/// # Errors
/// [`Error::InvalidArgument`] if there are fewer than none; who makes the page refuses other numbers.
fn page_limit(limit: Option<i32>) -> Result<usize> {
    let Some(limit) = limit else { return Ok(MAX_PAGE) };
    usize::try_from(limit).map_err(|_| Error::invalid(format!("limit is {limit}; it is a number from 1 to {MAX_PAGE}")))
}
