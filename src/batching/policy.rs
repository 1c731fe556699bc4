//! What makes a batch: pure functions, so that they are tested without threads or clocks.

use super::Limits;
use crate::error::{Error, Result};
use std::time::{Duration, Instant};

/// Work that runs where it stands ends sooner than this, however long the way to another thread is on a busy machine: the
/// thread that serves sockets has other calls to look after.
const LONGEST_HERE: Duration = Duration::from_micros(50);
/// Rows that are larger than this do not run where they stand, whatever their model is thought to cost.
const LARGEST_HERE: usize = 64 * 1024;

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
    /// What its rows take.
    pub(super) bytes: usize,
    /// Rows that wait for the same model.
    pub(super) waiting_rows: usize,
}

/// Work shorter than the hop to another thread stays where it stands; unmeasured work never does, nor does what would
/// overtake rows that wait for the same model.
pub(super) fn place(work: Arrived, hop: Duration) -> Place {
    let is_short = work.cost.is_some_and(|cost| cost < hop.min(LONGEST_HERE));
    if is_short && work.bytes <= LARGEST_HERE && work.waiting_rows == 0 { Place::Here } else { Place::Pool }
}

/// What is known of a request that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) rows: usize,
    pub(super) deadline: Instant,
    /// Its caller has left.
    pub(super) abandoned: bool,
}

/// What to do with a request when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It joins the batch.
    Join,
    /// It is answered DEADLINE_EXCEEDED; nothing is computed for it.
    Expire,
    /// Nobody waits for it; it is dropped.
    Drop,
    /// The batch is full: it is the first of the next one.
    Close,
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

/// Rows of a batch whose answers take this much each.
pub(super) fn batch_rows(answer_bytes: usize, limits: &Limits) -> usize {
    limits.max_batch_rows.min(limits.max_answer_bytes / answer_bytes.max(1)).max(1)
}

/// What to do with the oldest request, when `batch_rows` rows have joined the batch before it.
///
/// Rows are counted, not requests. A request larger than a whole batch is a batch of its own.
pub(super) fn judge(waiting: Waiting, batch_rows: usize, now: Instant, max_batch_rows: usize) -> Verdict {
    if waiting.abandoned {
        Verdict::Drop
    } else if waiting.deadline <= now {
        Verdict::Expire
    } else if batch_rows == 0 || batch_rows + waiting.rows <= max_batch_rows {
        Verdict::Join
    } else {
        Verdict::Close
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { max_batch_rows: 10, max_queue_rows: 100, max_answer_bytes: 800 };

    fn waiting(rows: usize, now: Instant) -> Waiting {
        Waiting { rows, deadline: now + Duration::from_secs(1), abandoned: false }
    }

    const HOP: Duration = Duration::from_micros(8);

    fn arrived(cost_us: u64) -> Arrived {
        Arrived { cost: Some(Duration::from_micros(cost_us)), bytes: 128, waiting_rows: 0 }
    }

    #[test]
    fn work_shorter_than_the_hop_runs_where_it_stands_and_longer_work_does_not() {
        assert_eq!(place(arrived(7), HOP), Place::Here);
        assert_eq!(place(arrived(8), HOP), Place::Pool);
    }

    #[test]
    fn work_that_was_never_measured_is_sent_away() {
        assert_eq!(place(Arrived { cost: None, ..arrived(0) }, HOP), Place::Pool);
    }

    #[test]
    fn short_work_does_not_overtake_what_waits_for_its_model() {
        assert_eq!(place(Arrived { waiting_rows: 1, ..arrived(1) }, HOP), Place::Pool);
    }

    #[test]
    fn neither_a_slow_hop_nor_a_low_estimate_keeps_long_work_on_a_thread_of_sockets() {
        let slow = Duration::from_millis(3);

        assert_eq!(place(arrived(49), slow), Place::Here);
        assert_eq!(place(arrived(51), slow), Place::Pool);
        assert_eq!(place(Arrived { bytes: 1 << 20, ..arrived(1) }, HOP), Place::Pool);
    }

    #[test]
    fn requests_join_until_the_rows_of_the_batch_are_reached() {
        let now = Instant::now();

        assert_eq!(judge(waiting(4, now), 6, now, LIMITS.max_batch_rows), Verdict::Join);
        assert_eq!(judge(waiting(5, now), 6, now, LIMITS.max_batch_rows), Verdict::Close);
    }

    #[test]
    fn a_request_larger_than_a_batch_is_a_batch_of_its_own() {
        let now = Instant::now();

        assert_eq!(judge(waiting(50, now), 0, now, LIMITS.max_batch_rows), Verdict::Join);
        assert_eq!(judge(waiting(50, now), 1, now, LIMITS.max_batch_rows), Verdict::Close);
    }

    #[test]
    fn what_is_late_expires_and_what_nobody_waits_for_is_dropped_even_from_a_full_batch() {
        let now = Instant::now();
        let late = Waiting { deadline: now, ..waiting(1, now) };
        let abandoned = Waiting { abandoned: true, ..late };

        assert_eq!(judge(late, 10, now, LIMITS.max_batch_rows), Verdict::Expire);
        assert_eq!(judge(abandoned, 10, now, LIMITS.max_batch_rows), Verdict::Drop);
    }

    #[test]
    fn a_model_that_answers_much_for_a_row_gets_small_batches_and_refuses_what_no_reply_could_hold() {
        assert_eq!(batch_rows(8, &LIMITS), 10);
        assert_eq!(batch_rows(400, &LIMITS), 2);
        assert_eq!(batch_rows(8000, &LIMITS), 1);
        assert!(check_answer(2, 400, &LIMITS).is_ok());

        let refused = check_answer(3, 400, &LIMITS).unwrap_err().to_string();

        assert!(refused.contains("3 rows takes 400 bytes a row") && refused.contains("at most 2 rows"), "{refused}");
    }

    #[test]
    fn the_queue_is_bounded_in_rows_and_says_by_how_much() {
        assert!(admit(90, 10, &LIMITS).is_ok());

        let refused = admit(90, 11, &LIMITS).unwrap_err();

        assert_eq!(refused.to_string(), "90 rows are in flight, 11 more were asked for and the limit is 100");
    }
}
