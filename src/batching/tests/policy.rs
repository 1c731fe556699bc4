//! What is decided about work that comes and work that waits, without threads or clocks.

use super::TIGHT;
use crate::batching::cost::Estimate;
use crate::batching::policy::{Arrived, Decision, Place, Terms, batch_rows, decide, place, turn_rows};
use std::time::{Duration, Instant};

const HOP: Duration = Duration::from_micros(8);

fn arrived(cost_us: u64) -> Arrived {
    Arrived { cost: Some(Duration::from_micros(cost_us)), rows: 1, bytes: 128, max_rows: 10, waiting_rows: 0, drawn: 1 }
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
fn now_and_then_somewhat_longer_work_is_tried_where_it_stands() {
    let tried = |cost_us| {
        (0..640).filter(|drawn| place(Arrived { drawn: *drawn, ..arrived(cost_us) }, HOP) == Place::Here).count()
    };

    assert_eq!((tried(15), tried(16), tried(63), tried(64)), (640, 10, 10, 0));
}

#[test]
fn a_batch_has_neither_more_rows_nor_more_bytes_than_it_may() {
    assert_eq!(batch_rows(8, &TIGHT), 10);
    assert_eq!(batch_rows(400, &TIGHT), 2);
    assert_eq!(batch_rows(8000, &TIGHT), 1);
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

    // A batch is full with what a turn of 1 ms computes.
    assert_eq!(decide(998, oldest, oldest + ms(4), &terms), Decision::WaitUntil(oldest + ms(5)));
    assert_eq!(decide(999, oldest, oldest, &terms), Decision::Take);
    assert_eq!(decide(10, oldest, oldest, &Terms { max_rows: 10, ..terms }), Decision::Take);
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
    assert_eq!(turn_rows(100_000, &Terms { max_rows: 500, ..terms() }, HOP, 0), 500);
    assert_eq!(turn_rows(0, &Terms { max_rows: 0, estimate: None, ..terms() }, HOP, 0), 1);
    assert_eq!(turn_rows(1, &terms(), HOP, 7), 35);
    assert_eq!(turn_rows(0, &Terms { max_rows: 0, ..terms() }, HOP, 0), 1);
}

#[test]
fn the_first_batches_of_a_model_are_small_since_nobody_knows_what_they_take() {
    let unmeasured = Terms { estimate: None, ..terms() };

    assert_eq!(turn_rows(100_000, &unmeasured, HOP, 7), 64);
    assert_eq!(turn_rows(100_000, &Terms { max_rows: 10, ..unmeasured }, HOP, 0), 10);
}

#[test]
fn a_batch_ends_after_a_millisecond_unless_each_costs_so_much_that_it_is_not_worth_it() {
    let slow = |fixed, per_row| Terms { estimate: Some(Estimate { fixed, per_row }), ..terms() };

    assert_eq!(turn_rows(1000, &slow(0.0, 1e4), HOP, 0), 100);
    assert_eq!(turn_rows(1000, &slow(1e6, 1e4), HOP, 0), 300);
    assert_eq!(turn_rows(1000, &slow(0.0, 1e7), HOP, 0), 1);
}

#[test]
fn the_cost_of_a_batch_is_that_of_its_rows_and_never_more_than_that_of_the_largest() {
    assert_eq!(terms().batch(9), Duration::from_micros(10));
    assert_eq!(Terms { max_rows: 500, ..terms() }.batch(100_000), Duration::from_micros(501));
    assert_eq!(terms().batch(100_000), Duration::from_millis(1));
    assert_eq!(Terms { estimate: None, ..terms() }.batch(9), Duration::ZERO);
}

#[test]
fn the_cost_of_a_queue_is_that_of_its_batches_and_of_its_rows() {
    assert_eq!(terms().cost(0), 0.0);
    assert_eq!(terms().cost(1), 2000.0);
    assert_eq!(terms().cost(2500), 3.0 * 1000.0 + 2500.0 * 1000.0);
}
