//! From single requests to answers: here, or in a batch with whatever else has queued up for a model.
//!
//! A request whose model is known to answer it sooner than another thread could begin with it is computed where it stands
//! (`policy::place`). Anything else waits in a queue until a compute thread is free, and then all that waits for its model is
//! one batch: while one batch runs, the next one grows, so that load makes batches and an idle server adds no delay.
//!
//! | file | |
//! |---|---|
//! | `batcher`, `work` | takes a request, computes it or puts it into the queue |
//! | `policy`, `admission`, `priority`, `cost`, `target` | what is decided: pure functions, without threads or clocks |
//! | `queue`, `backlog`, `callers`, `sizes`, `entry` | what waits, fair over the models and over the callers of each: a data structure, without threads or clocks |
//! | `scheduler`, `worker` | the queue under its lock; the threads that work on it |
//! | `lane`, `learned`, `slowness` | what is kept beside a model: its cost, how much of it waits, by how much waits are longer than thought |
//! | `request`, `compute`, `waiting`, `in_flight` | one request: its rows and answer, its batch, its caller, what it counts |

mod batcher;
mod work;

mod admission;
mod cost;
mod policy;
mod priority;
mod target;

mod backlog;
mod callers;
mod entry;
mod queue;
mod sizes;

mod scheduler;

mod worker;

mod compute;
mod draw;
mod in_flight;
mod lane;
mod learned;
mod request;
mod slowness;
mod waiting;

#[cfg(test)]
mod tests;

pub use batcher::Batcher;
pub use work::{AtOnce, Prepared, Work};

use std::collections::BTreeMap;
use std::time::Duration;

/// What the concurrent parts stand on. A test puts another one in its place, which plays every order of events.
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};
}

/// Bounds of the queue and of a batch; the `batching` section of the settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows that are computed together.
    pub max_batch_rows: usize,
    /// Bytes of rows and answers that are computed together.
    pub max_batch_bytes: usize,
    /// How long a request waits for others to share its batch. Zero: not at all; load makes batches.
    pub max_delay: Duration,
    /// Rows that wait or are computed at once, over all models; callers that hold little find an eighth more.
    pub max_queue_rows: usize,
    /// Bytes of the answer to one request: some models answer a row with thousands of numbers.
    pub max_answer_bytes: usize,
    /// Latency that 99 of 100 answers should have. Batches are tuned towards it, and what would wait longer is refused.
    pub target_p99: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_batch_rows: 8192,
            max_batch_bytes: 16 << 20,
            max_delay: Duration::ZERO,
            max_queue_rows: 1 << 20,
            max_answer_bytes: 16_384_000,
            target_p99: None,
        }
    }
}

/// What holds for one model, where it is not what holds for all; the section `models.NAME` of the settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelLimits {
    /// Its share of the compute threads is to those of others as its weight is to theirs [default: 1].
    pub weight: Option<f64>,
    /// See [`Limits::max_batch_rows`].
    pub max_batch_rows: Option<usize>,
    /// See [`Limits::max_delay`].
    pub max_delay: Option<Duration>,
    /// See [`Limits::target_p99`].
    pub target_p99: Option<Duration>,
}

/// What a batcher is told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What holds for all models together, and for each.
    pub limits: Limits,
    /// By name of model.
    pub models: BTreeMap<String, ModelLimits>,
}
