//! What is decided about work that comes and work that waits, without threads or clocks.

use crate::batching::Limits;
use crate::batching::cost::Estimate;
use crate::batching::policy::{
    Arrived, Decision, Place, Terms, admit, admit_wait, batch_rows, check_answer, decide, place, turn_rows,
};
use crate::error::Code;
use std::time::{Duration, Instant};

const LIMITS: Limits = Limits {
    max_batch_rows: 10,
    max_batch_bytes: 800,
    max_delay: Duration::ZERO,
    max_queue_rows: 100,
    max_answer_bytes: 800,
    target_p99: None,
};
const HOP: Duration = Duration::from_micros(8);

fn arrived(cost_us: u64) -> Arrived {
    Arrived { cost: Some(Duration::from_micros(cost_us)), rows: 1, bytes: 128, max_rows: 10, waiting_rows: 0 }
}

#[test]
fn work_shorter_than_the_way_there_and_back_runs_where_it_stands_and_longer_work_does_not() {
    assert_eq!(place(arrived(15), HOP), Place::Here);
    assert_eq!(place(arrived(16), HOP), Place::Pool);
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

    assert_eq!(place(arrived(19), slow), Place::Here);
    assert_eq!(place(arrived(21), slow), Place::Pool);
    assert_eq!(place(Arrived { bytes: 1 << 20, ..arrived(1) }, HOP), Place::Pool);
    assert_eq!(place(Arrived { rows: 11, ..arrived(1) }, HOP), Place::Pool);
}

#[test]
fn a_request_whose_answer_no_reply_could_hold_is_refused_with_the_rows_that_one_could() {
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

#[test]
fn a_batch_has_neither_more_rows_nor_more_bytes_than_it_may() {
    assert_eq!(batch_rows(8, &LIMITS), 10);
    assert_eq!(batch_rows(400, &LIMITS), 2);
    assert_eq!(batch_rows(8000, &LIMITS), 1);
}

#[test]
fn work_whose_time_is_over_before_its_turn_is_refused_with_the_time_to_come_back_after() {
    let refused = admit_wait(ms(120), ms(50), None).unwrap_err();

    assert_eq!((refused.code(), refused.executed()), (Code::Overloaded, Some(false)));
    assert_eq!(refused.to_string(), "the work that goes before takes about 120.0ms and the call has 50.0ms");
    assert_eq!(refused.retry_after(), Some(ms(70)));
    assert!(admit_wait(ms(50), ms(50), None).is_ok());
}

#[test]
fn work_that_would_wait_longer_than_is_promised_is_refused_however_long_its_caller_would_wait() {
    let refused = admit_wait(ms(6), ms(60_000), Some(ms(5))).unwrap_err().to_string();

    assert!(refused.contains("target_p99_ms allows 5.0ms"), "{refused}");
    assert!(admit_wait(ms(5), ms(60_000), Some(ms(5))).is_ok());
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// 1 µs for a batch and 1 µs for each of its rows.
fn terms() -> Terms {
    let estimate = Some(Estimate { fixed: 1000.0, per_row: 1000.0 });
    Terms { weight: 1.0, estimate, max_rows: 1000, max_delay: Duration::ZERO }
}

#[test]
fn rows_are_taken_at_once_where_no_delay_is_set() {
    let now = Instant::now();

    assert_eq!(decide(0, now, now, &terms()), Decision::Idle);
    assert_eq!(decide(1, now, now, &terms()), Decision::Take);
}

#[test]
fn with_a_delay_rows_wait_for_others_until_the_batch_is_full_or_the_oldest_has_waited_that_long() {
    let (oldest, terms) = (Instant::now(), Terms { max_delay: ms(5), ..terms() });

    assert_eq!(decide(999, oldest, oldest + ms(4), &terms), Decision::WaitUntil(oldest + ms(5)));
    assert_eq!(decide(1000, oldest, oldest, &terms), Decision::Take);
    assert_eq!(decide(1, oldest, oldest + ms(5), &terms), Decision::Take);
}

#[test]
fn what_waits_is_shared_out_over_idle_threads_if_each_share_is_worth_the_hop() {
    assert_eq!(turn_rows(800, &terms(), HOP, 0), 800);
    assert_eq!(turn_rows(800, &terms(), HOP, 3), 200);
    assert_eq!(turn_rows(40, &terms(), HOP, 3), 35);
}

#[test]
fn a_batch_is_never_larger_than_it_may_be_and_is_never_empty() {
    assert_eq!(turn_rows(100_000, &terms(), HOP, 0), 1000);
    assert_eq!(turn_rows(100_000, &Terms { estimate: None, ..terms() }, HOP, 7), 1000);
    assert_eq!(turn_rows(1, &terms(), HOP, 7), 35);
    assert_eq!(turn_rows(0, &Terms { max_rows: 0, ..terms() }, HOP, 0), 1);
}

#[test]
fn a_batch_ends_after_two_milliseconds_unless_each_costs_so_much_that_it_is_not_worth_it() {
    let slow = |fixed, per_row| Terms { estimate: Some(Estimate { fixed, per_row }), ..terms() };

    assert_eq!(turn_rows(1000, &slow(0.0, 1e4), HOP, 0), 200);
    assert_eq!(turn_rows(1000, &slow(1e6, 1e4), HOP, 0), 300);
    assert_eq!(turn_rows(1000, &slow(0.0, 1e7), HOP, 0), 1);
}

#[test]
fn the_cost_of_a_queue_is_that_of_its_batches_and_of_its_rows() {
    assert_eq!(terms().cost(0), 0.0);
    assert_eq!(terms().cost(1), 2000.0);
    assert_eq!(terms().cost(2500), 3.0 * 1000.0 + 2500.0 * 1000.0);
}
