//! What is taken in: rows that there is room for, and that can be answered in time. Pure functions, without threads or clocks.

use super::Limits;
use crate::error::{Error, Result};
use std::time::Duration;

/// The part of the time that a call has left, which others may take that go before it in the queue. Whoever is taken in
/// behind a longer queue is the first to be late when something goes slower than thought; and a queue of this length keeps
/// every thread at work as well as a longer one does.
const QUEUE_SHARE: f64 = 0.25;

/// What is thought to lie before the answer to work that has just come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ahead {
    /// Until batches that are computed now are over; none where a thread has nothing to do.
    pub(super) running: Duration,
    /// For rows in the queue that go before it.
    pub(super) queued: Duration,
    /// Until its own rows are computed, from when their turn has come.
    pub(super) own: Duration,
}

impl Ahead {
    /// Until its turn.
    pub(super) fn wait(&self) -> Duration {
        self.running + self.queued
    }
}

/// Whether these rows may wait beside those in flight.
///
/// # Errors
/// [`Error::TooManyRows`] at once, never a silent wait.
pub(super) fn admit(in_flight: usize, asked: usize, limits: &Limits) -> Result<()> {
    let limit = limits.max_queue_rows;
    if in_flight.saturating_add(asked) <= limit { Ok(()) } else { Err(Error::TooManyRows { in_flight, asked, limit }) }
}

/// Whether one request may have so many rows. It may be larger than a batch, not than the queue, and its answer has a limit.
///
/// # Errors
/// [`Error::InvalidArgument`] with the number of rows that are answered in one call.
pub(super) fn check_size(rows: usize, answer_bytes: usize, limits: &Limits) -> Result<()> {
    let (in_queue, in_answer) = (limits.max_queue_rows, limits.max_answer_bytes / answer_bytes.max(1));
    if rows > in_queue {
        return Err(Error::invalid(format!(
            "{rows} rows were sent in one call and batching.max_queue_rows is {in_queue}; send at most {in_queue} rows in one call, or \
             raise it"
        )));
    }
    if rows > in_answer {
        return Err(Error::invalid(format!(
            "the answer to {rows} rows takes {answer_bytes} bytes a row and the limit is {}; send at most {in_answer} rows in one call",
            limits.max_answer_bytes
        )));
    }
    Ok(())
}

/// Whether work may wait that has so much `left` until its deadline, when all takes `slowness` times as long as thought.
///
/// What need not wait is never refused, whatever it costs itself: else a model that is wrongly thought to be slow would be
/// refused for ever, and never be measured again.
///
/// # Errors
/// [`Error::TooBusy`] if it would be answered too late, or the queue before it takes more than its share of what is left, or
/// the wait is longer than the model's callers are promised.
pub(super) fn admit_wait(ahead: &Ahead, slowness: f64, left: Duration, promised: Option<Duration>) -> Result<()> {
    let [wait, queued, own] = [ahead.wait(), ahead.queued, ahead.own].map(|time| time.mul_f64(slowness));
    let (before_own, share) = (left.saturating_sub(own), left.mul_f64(QUEUE_SHARE));
    let refuse = |wait, what, limit| Err(Error::TooBusy { wait, what, limit });
    match promised {
        _ if wait.is_zero() => Ok(()),
        _ if wait > before_own => refuse(wait, "the call can wait for", before_own),
        _ if queued > share => refuse(queued, "the call can wait for", share),
        Some(promised) if wait > promised => refuse(wait, "target_p99_ms allows", promised),
        _ => Ok(()),
    }
}
