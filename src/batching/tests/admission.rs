//! What is taken in and what is refused, without threads or clocks.

use super::{Limits, TIGHT};
use crate::batching::admission::{Ahead, admit, admit_wait, check_size};
use crate::batching::in_flight::Held;
use crate::error::{Code, Result};
use proptest::prelude::*;
use std::time::Duration;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Behind batches that run, rows that wait, and with a batch of its own.
fn ahead(running_ms: u64, queued_ms: u64, own_ms: u64) -> Ahead {
    Ahead { running: ms(running_ms), queued: ms(queued_ms), own: ms(own_ms) }
}

/// As fast as thought, and nothing promised.
fn ask(ahead: &Ahead, left_ms: u64) -> Result<()> {
    admit_wait(ahead, 1.0, ms(left_ms), None)
}

#[test]
fn a_request_whose_answer_no_reply_could_hold_is_refused_with_the_rows_that_one_could() {
    assert!(check_size(2, 400, &TIGHT).is_ok());

    let refused = check_size(3, 400, &TIGHT).unwrap_err().to_string();

    assert!(refused.contains("3 rows takes 400 bytes a row") && refused.contains("at most 2 rows"), "{refused}");
}

#[test]
fn a_request_that_is_larger_than_the_queue_will_never_be_taken_in_and_is_told_so() {
    assert!(check_size(100, 1, &TIGHT).is_ok());

    let refused = check_size(101, 1, &TIGHT).unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(
        refused.to_string(),
        "101 rows were sent in one call and batching.max_queue_rows is 100; send at most 100 rows in one call, or raise it"
    );
}

/// Of 100 rows that the queue takes, when so many are in flight, some of them of the same caller.
fn enter(total: usize, own: usize, asked: usize) -> Result<()> {
    admit(Held { total, own }, asked, &TIGHT)
}

#[test]
fn the_queue_is_bounded_in_rows_and_says_by_how_much() {
    assert!(enter(0, 0, 100).is_ok());
    assert!(enter(90, 0, 10).is_ok());

    let refused = enter(90, 0, 12).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "90 rows are in flight, 0 of them of this caller, 12 more were asked for and the limit is 100"
    );
}

#[test]
fn a_caller_may_not_hold_more_rows_than_it_leaves_free() {
    assert!(enter(50, 50, 6).is_ok());
    assert!(enter(50, 50, 7).is_err());
    assert!(enter(80, 10, 11).is_ok());
    assert!(enter(80, 30, 2).is_err());
}

#[test]
fn who_has_few_rows_and_none_in_flight_finds_room_where_others_have_filled_the_queue() {
    assert!(enter(100, 0, 6).is_ok());
    assert!(enter(100, 6, 4).is_err());
    assert!(enter(100, 0, 7).is_err());
}

#[test]
fn work_whose_time_is_over_before_its_turn_is_refused_with_the_time_to_come_back_after() {
    let refused = ask(&ahead(120, 0, 0), 50).unwrap_err();

    assert_eq!((refused.code(), refused.executed()), (Code::Overloaded, Some(false)));
    assert_eq!(refused.to_string(), "the work that goes before takes about 120.0ms and the call can wait for 50.0ms");
    assert_eq!(refused.retry_after(), Some(ms(70)));
    assert!(ask(&ahead(50, 0, 0), 50).is_ok());
}

#[test]
fn a_call_is_refused_when_its_answer_would_come_just_after_its_deadline() {
    assert!(ask(&ahead(30, 0, 20), 50).is_ok());
    assert_eq!(ask(&ahead(31, 0, 20), 50).unwrap_err().retry_after(), Some(ms(1)));
    assert_eq!(ask(&ahead(31, 0, 60), 50).unwrap_err().retry_after(), Some(ms(31)));
}

#[test]
fn work_that_need_not_wait_is_taken_in_however_long_it_is_thought_to_take() {
    assert!(ask(&ahead(0, 0, 1_000_000), 1).is_ok());
}

#[test]
fn a_queue_may_take_a_quarter_of_the_time_that_a_call_has_and_what_runs_already_more() {
    assert!(ask(&ahead(0, 25, 5), 100).is_ok());
    assert!(ask(&ahead(60, 0, 5), 100).is_ok());

    let refused = ask(&ahead(10, 30, 5), 100).unwrap_err();

    assert_eq!(refused.to_string(), "the work that goes before takes about 30.0ms and the call can wait for 25.0ms");
    assert_eq!(refused.retry_after(), Some(ms(5)));
}

#[test]
fn a_model_whose_waits_are_longer_than_thought_lets_fewer_in() {
    let slow = |queued_ms| admit_wait(&ahead(0, queued_ms, 0), 2.0, ms(100), None);

    assert!(slow(12).is_ok());
    assert_eq!(slow(13).unwrap_err().retry_after(), Some(ms(1)));
}

#[test]
fn work_that_would_wait_longer_than_is_promised_is_refused_however_long_its_caller_would_wait() {
    let ask = |queued_ms| admit_wait(&ahead(0, queued_ms, 0), 1.0, ms(60_000), Some(ms(5)));

    let refused = ask(6).unwrap_err().to_string();

    assert!(refused.contains("target_p99_ms allows 5.0ms"), "{refused}");
    assert!(ask(5).is_ok());
}

proptest! {
    #[test]
    fn callers_who_take_all_they_get_leave_room_for_a_row_of_another(callers in 1..10usize, asked in 1..5usize) {
        let limits = Limits { max_queue_rows: 1000, ..TIGHT };
        let mut held = vec![0; callers];
        for _ in 0..1000 {
            for caller in 0..callers {
                let (total, own) = (held.iter().sum(), held[caller]);
                held[caller] += if admit(Held { total, own }, asked, &limits).is_ok() { asked } else { 0 };
            }
        }

        let total = held.iter().sum();

        prop_assert!(total <= 1125, "{held:?}");
        prop_assert!(admit(Held { total, own: 0 }, 1, &limits).is_ok(), "{held:?}");
    }

    #[test]
    fn who_has_more_time_or_less_before_it_is_not_refused_where_another_is_taken_in(
        (running, queued, own) in (0..40u64, 0..20u64, 0..40u64), left in 40..400u64, slowness in 1.0..4.0f64,
        (less, more) in (0..50u64, 0..200u64),
    ) {
        let ask = |ahead: Ahead, left| admit_wait(&ahead, slowness, ms(left), None);
        prop_assume!(ask(ahead(running, queued, own), left).is_ok());

        prop_assert!(ask(ahead(running, queued, own), left + more).is_ok());
        prop_assert!(ask(ahead(running.saturating_sub(less), queued, own), left).is_ok());
        prop_assert!(ask(ahead(running, queued.saturating_sub(less), own), left).is_ok());
    }

    #[test]
    fn what_is_taken_in_is_thought_to_be_answered_in_time(
        (running, queued, own) in (0..40u64, 0..20u64, 0..40u64), left in 40..400u64, slowness in 1.0..4.0f64,
    ) {
        let ahead = ahead(running, queued, own);
        prop_assume!(!ahead.wait().is_zero() && admit_wait(&ahead, slowness, ms(left), None).is_ok());

        prop_assert!((ahead.wait() + ahead.own).mul_f64(slowness) <= ms(left) + Duration::from_nanos(2));
    }
}
