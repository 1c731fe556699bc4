//! Where work runs, what is taken in, what makes a batch: pure functions, so that they are tested without threads or clocks.

use super::Limits;
use super::cost::Estimate;
use crate::error::{Error, Result};
use std::time::{Duration, Instant};

/// Work that runs where it stands ends sooner than this, however long the way to another thread is on a busy machine: the
/// thread that serves sockets has other calls to look after.
const LONGEST_HERE: Duration = Duration::from_micros(20);
/// Rows that are larger than this do not run where they stand, whatever their model is thought to cost.
const LARGEST_HERE: usize = 256 * 1024;

/// A batch that takes longer is cut, so that a model with much work does not hold up the others.
const TURN: Duration = Duration::from_millis(2);
/// A share of a batch takes this many times what it costs to give it away.
const WORTH: u32 = 4;

/// Where work runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Where it stands.
    Here,
    /// On the compute threads, in a batch with what else waits there for its model.
    Pool,
}

/// What is known of work that has just come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    /// What it is thought to cost; `None` if its model has not been measured.
    pub(super) cost: Option<Duration>,
    pub(super) rows: usize,
    /// What its rows take.
    pub(super) bytes: usize,
    /// Rows that a batch of its model has at the most.
    pub(super) max_rows: usize,
    /// Rows that wait for the same model.
    pub(super) waiting_rows: usize,
}

/// The way to another thread and back: rows go there, their answer comes back to a thread that has gone to sleep meanwhile.
pub(super) fn there_and_back(hop: Duration) -> Duration {
    2 * hop
}

/// Work shorter than the way to another thread and back stays where it stands; unmeasured work never does, nor does what
/// would overtake rows that wait for the same model.
pub(super) fn place(work: Arrived, hop: Duration) -> Place {
    let is_short = work.cost.is_some_and(|cost| cost < there_and_back(hop).min(LONGEST_HERE));
    let is_small = work.bytes <= LARGEST_HERE && work.rows <= work.max_rows;
    if is_short && is_small && work.waiting_rows == 0 { Place::Here } else { Place::Pool }
}

/// Whether these rows may wait beside those in flight.
///
/// # Errors
/// [`Error::TooManyRows`] at once, never a silent wait. One request alone may be larger than the limit of a batch, not of
/// the queue.
pub(super) fn admit(in_flight: usize, asked: usize, limits: &Limits) -> Result<()> {
    let limit = limits.max_queue_rows;
    if in_flight.saturating_add(asked) <= limit { Ok(()) } else { Err(Error::TooManyRows { in_flight, asked, limit }) }
}

/// Whether the answer to one request may be that large.
///
/// # Errors
/// [`Error::InvalidArgument`] with the number of rows that are answered in one call.
pub(super) fn check_answer(rows: usize, answer_bytes: usize, limits: &Limits) -> Result<()> {
    let most = limits.max_answer_bytes / answer_bytes.max(1);
    if rows <= most {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the answer to {rows} rows takes {answer_bytes} bytes a row and the limit is {}; send at most {most} rows in one call",
        limits.max_answer_bytes
    )))
}

/// Whether work may wait, that would be answered after `wait`.
///
/// # Errors
/// [`Error::TooBusy`] if it has less time `left` than that, or the model's callers are promised less.
pub(super) fn admit_wait(wait: Duration, left: Duration, promised: Option<Duration>) -> Result<()> {
    let refuse = |what, limit| Err(Error::TooBusy { wait, what, limit });
    match promised {
        _ if wait > left => refuse("the call has", left),
        Some(promised) if wait > promised => refuse("target_p99_ms allows", promised),
        _ => Ok(()),
    }
}

/// Rows of a batch, when a row and its answer take this much.
pub(super) fn batch_rows(row_bytes: usize, limits: &Limits) -> usize {
    limits.max_batch_rows.min(limits.max_batch_bytes / row_bytes.max(1)).max(1)
}

/// What holds for the batches of a model at present.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// Its share of the compute threads is to those of others as its weight is to theirs.
    pub(super) weight: f64,
    /// What a batch costs, as far as that is known.
    pub(super) estimate: Option<Estimate>,
    pub(super) max_rows: usize,
    pub(super) max_delay: Duration,
}

impl Terms {
    /// Nanoseconds that rows take in full batches; 0 if nothing is known.
    pub(super) fn cost(&self, rows: usize) -> f64 {
        let Some(Estimate { fixed, per_row }) = self.estimate else { return 0.0 };
        fixed * rows.div_ceil(self.max_rows.max(1)) as f64 + per_row * rows as f64
    }
}

/// What to do with the rows that wait for a model, asked when a thread is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// There are none.
    Idle,
    /// They make a batch.
    Take,
    /// More may come until then.
    WaitUntil(Instant),
}

/// Load makes batches, not a timer: the delay is zero unless somebody has set it.
pub(super) fn decide(waiting_rows: usize, oldest: Instant, now: Instant, terms: &Terms) -> Decision {
    let closes_at = oldest + terms.max_delay;
    match waiting_rows {
        0 => Decision::Idle,
        rows if rows >= terms.max_rows || closes_at <= now => Decision::Take,
        _ => Decision::WaitUntil(closes_at),
    }
}

/// Rows of the next batch, when so many wait and `idle` further threads have nothing to do.
///
/// They are shared out over the idle threads, as long as each share is worth the hop; and a batch ends after [`TURN`], so that
/// others have their turn, unless most of it would be what a batch costs whatever its rows.
pub(super) fn turn_rows(waiting_rows: usize, terms: &Terms, hop: Duration, idle: usize) -> usize {
    let Some(estimate) = terms.estimate else { return terms.max_rows.max(1) };
    let fixed = Duration::from_nanos(estimate.fixed as u64);
    let in_turn = estimate.rows_within(TURN.max(fixed * WORTH));
    let worth = estimate.rows_within((hop + fixed) * WORTH);
    let share = waiting_rows.div_ceil(idle + 1).max(worth);
    share.min(in_turn).min(terms.max_rows).max(1)
}
