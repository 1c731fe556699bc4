//! Where work runs, what makes a batch: pure functions, so that they are tested without threads or clocks.

use super::Limits;
use super::cost::Estimate;
use std::time::{Duration, Instant};

/// Work that runs where it stands ends sooner than this, but for what is tried there, however long the way to another thread is
/// on a busy machine: the thread that serves sockets has other calls to look after.
const LONGEST_HERE: Duration = Duration::from_micros(20);
/// Rows that are larger than this do not run where they stand, whatever their model is thought to cost.
const LARGEST_HERE: usize = 256 * 1024;

/// On another thread rows are read from the memory of another core, and threads wait for cores: what was measured there tells
/// little of what it takes where they stand. So one in so many is tried there, if it is not thought to take too long by far.
const TRY_EVERY: u32 = 64;
/// By how much it may be thought to take too long.
const TRY_WITHIN: u32 = 4;

/// A batch that takes longer is cut, so that a model with much work does not hold up the others.
const TURN: Duration = Duration::from_millis(1);
/// Rows of the first batch of a model: nobody knows what it takes, and others wait behind it.
const UNMEASURED_ROWS: usize = 64;
/// Nanoseconds that one of its rows is thought to take: any number makes the shares of its callers the same.
const UNMEASURED_ROW: f64 = 1000.0;
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
    /// Another number for each.
    pub(super) drawn: u32,
}

/// The way to another thread and back: rows go there, their answer comes back to a thread that has gone to sleep meanwhile.
pub(super) fn there_and_back(hop: Duration) -> Duration {
    2 * hop
}

/// Work shorter than the way to another thread and back stays where it stands; unmeasured work never does, nor does what
/// would overtake rows that wait for the same model. Now and then, somewhat longer work is tried where it stands.
pub(super) fn place(work: Arrived, hop: Duration) -> Place {
    let longest = there_and_back(hop).min(LONGEST_HERE);
    let longest = if work.drawn.is_multiple_of(TRY_EVERY) { TRY_WITHIN * longest } else { longest };
    let is_short = work.cost.is_some_and(|cost| cost < longest);
    let is_small = work.bytes <= LARGEST_HERE && work.rows <= work.max_rows;
    if is_short && is_small && work.waiting_rows == 0 { Place::Here } else { Place::Pool }
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

    /// Nanoseconds that a row takes in a batch that is as large as one becomes; something in any case.
    pub(super) fn row(&self) -> f64 {
        let rows = self.most_rows();
        let measured = self.estimate.map(|estimate| (estimate.fixed + estimate.per_row * rows as f64) / rows as f64);
        measured.map_or(UNMEASURED_ROW, |nanos| nanos.max(1.0))
    }

    /// Rows of a batch that is as large as one becomes.
    fn most_rows(&self) -> usize {
        let in_turn = |it: Estimate| it.rows_within(TURN.max(it.run() * WORTH));
        self.estimate.map_or(usize::MAX, in_turn).min(self.max_rows).max(1)
    }

    /// What the batch costs that has so many rows, or the largest one.
    pub(super) fn batch(&self, rows: usize) -> Duration {
        self.estimate.map_or(Duration::ZERO, |estimate| estimate.of(rows.min(self.most_rows())))
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

/// Whether rows have waited long enough for others to share their batch. Load makes batches, not a timer: the delay is zero unless
/// somebody has set it.
///
/// Without a delay rows are due whenever they are seen. They may have come after `now`: a thread reads the clock, waits for the
/// lock, and finds rows that were put in meanwhile by somebody who saw that thread at work and called no other.
pub(super) fn is_due(oldest: Instant, now: Instant, terms: &Terms) -> bool {
    terms.max_delay.is_zero() || oldest + terms.max_delay <= now
}

/// What becomes of rows that wait. A batch that is as large as one becomes waits for nobody.
pub(super) fn decide(waiting_rows: usize, oldest: Instant, now: Instant, terms: &Terms) -> Decision {
    match waiting_rows {
        0 => Decision::Idle,
        rows if rows >= terms.most_rows() || is_due(oldest, now, terms) => Decision::Take,
        _ => Decision::WaitUntil(oldest + terms.max_delay),
    }
}

/// Rows of the next batch, when so many wait and `idle` further threads have nothing to do.
///
/// They are shared out over the idle threads, as long as each share is worth the hop; and a batch ends after [`TURN`], so that
/// others have their turn, unless most of it would be what a batch costs whatever its rows.
pub(super) fn turn_rows(waiting_rows: usize, terms: &Terms, hop: Duration, idle: usize) -> usize {
    let Some(estimate) = terms.estimate else { return terms.max_rows.clamp(1, UNMEASURED_ROWS) };
    let worth = estimate.rows_within((hop + estimate.run()) * WORTH);
    waiting_rows.div_ceil(idle + 1).max(worth).min(terms.most_rows()).max(1)
}
