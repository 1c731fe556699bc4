//! The tuning towards a latency, without clocks.

use crate::batching::target::{Size, Step, Tuning};
use std::time::Duration;

const TARGET: Duration = Duration::from_millis(10);
const MOST: Size = Size { rows: 8192, delay: Duration::from_millis(8) };

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What is decided after 200 answers, so many of which took this long and the others nothing.
fn after(tuning: &mut Tuning, late: u32, latency: Duration, batch: Duration) -> Step {
    let latencies = (0..200).map(|number| if number < late { latency } else { Duration::ZERO });
    latencies.filter_map(|latency| tuning.observe(latency, |_| batch)).last().unwrap()
}

#[test]
fn nothing_is_decided_before_two_hundred_answers() {
    let mut tuning = Tuning::new(TARGET, MOST);

    assert!((0..199).all(|_| tuning.observe(ms(100), |_| ms(100)).is_none()));
    assert!(tuning.observe(ms(100), |_| ms(100)).is_some());
}

#[test]
fn batches_whose_length_makes_answers_late_become_smaller() {
    let mut tuning = Tuning::new(TARGET, MOST);

    assert_eq!(after(&mut tuning, 3, ms(11), ms(5)), Step::Shrink);

    assert_eq!(tuning.size(), Size { rows: 6144, delay: ms(4) });
}

#[test]
fn a_queue_that_is_too_long_is_not_answered_by_smaller_batches() {
    let mut tuning = Tuning::new(TARGET, Size { delay: ms(0), ..MOST });

    assert_eq!(after(&mut tuning, 200, ms(50), ms(1)), Step::Hold);

    assert_eq!(tuning.size().rows, MOST.rows);
}

#[test]
fn one_answer_in_a_hundred_may_be_late() {
    let mut tuning = Tuning::new(TARGET, MOST);

    assert_eq!(after(&mut tuning, 2, ms(50), ms(5)), Step::Hold);
}

#[test]
fn batches_grow_again_when_there_is_time_left_and_never_beyond_what_was_set() {
    let mut tuning = Tuning::new(TARGET, MOST);
    for _ in 0..100 {
        after(&mut tuning, 200, ms(50), ms(50));
    }
    assert_eq!(tuning.size(), Size { rows: 1, delay: ms(0) });

    assert_eq!(after(&mut tuning, 0, ms(0), ms(1)), Step::Grow);
    for _ in 0..200 {
        after(&mut tuning, 0, ms(0), ms(1));
    }

    assert_eq!(tuning.size(), MOST);
    assert_eq!(after(&mut tuning, 0, ms(0), ms(1)), Step::Hold);
}

#[test]
fn batches_are_left_alone_where_answers_are_just_in_time() {
    let mut tuning = Tuning::new(TARGET, MOST);
    after(&mut tuning, 200, ms(50), ms(50));
    let size = tuning.size();

    assert_eq!(after(&mut tuning, 200, ms(9), ms(5)), Step::Hold);

    assert_eq!(tuning.size(), size);
}
