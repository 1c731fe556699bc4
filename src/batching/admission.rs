//! What is taken in: rows that there is room for, and that can be answered in time. Pure functions, without threads or clocks.

use super::Limits;
use super::in_flight::Held;
use crate::error::{Error, Result};
use std::time::Duration;

/// The part of the time that a call has left, which others may take that go before it in the queue. Whoever is taken in
/// behind a longer queue is the first to be late when something goes slower than thought; and a queue of this length keeps
/// every thread at work as well as a longer one does.
const QUEUE_SHARE: f64 = 0.25;

/// One part in so many of the queue is there beside it, for callers that hold little.
const RESERVE: usize = 8;

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

/// Whether a caller may have these rows wait beside those in flight: if it holds no more then than it leaves free for others, or
/// has only this one request and there is room for it. So one caller fills about half of the queue, several leave less, and there is
/// always room for a newcomer with few rows: of a [`RESERVE`] that no large request gets.
///
/// # Errors
/// [`Error::TooManyRows`] at once, never a silent wait.
pub(super) fn admit(held: Held, asked: usize, limits: &Limits) -> Result<()> {
    let (Held { total, own }, limit) = (held, limits.max_queue_rows);
    let has_room = total.saturating_add(asked) <= limit;
    let left = (limit.saturating_add(limit / RESERVE)).saturating_sub(total);
    let leaves_as_much = own.saturating_add(asked.saturating_mul(2)) <= left;
    let is_fair = leaves_as_much || (own == 0 && has_room);
    if is_fair { Ok(()) } else { Err(Error::TooManyRows { in_flight: total, own, asked, limit }) }
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
