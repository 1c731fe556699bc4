//! What is learned from runs, without clocks.

use crate::batching::cost::{Estimate, Runs, is_telling};
use proptest::prelude::*;
use std::time::Duration;

fn nanos(nanos: f64) -> Duration {
    Duration::from_nanos(nanos as u64)
}

fn after(runs: impl IntoIterator<Item = (usize, f64)>) -> Estimate {
    let mut learned = Runs::default();
    runs.into_iter().for_each(|(rows, took)| learned.learn(rows, nanos(took)));
    learned.estimate().unwrap()
}

#[test]
fn a_model_that_never_ran_has_no_estimate() {
    assert_eq!(Runs::default().estimate(), None);
}

#[test]
fn runs_of_one_row_alone_let_the_cost_grow_with_the_rows() {
    let estimate = after([(1, 2000.0); 5]);

    assert!(estimate.of(1) > nanos(1998.0) && estimate.of(1) <= nanos(2000.0), "{estimate:?}");
    assert!(estimate.of(1000) > nanos(1_900_000.0), "{estimate:?}");
}

#[test]
fn runs_of_several_sizes_tell_the_fixed_part_from_the_part_of_a_row() {
    let estimate = after([1, 64, 8192].map(|rows| (rows, 2000.0 + 10.0 * rows as f64)));

    assert!((estimate.fixed / 2000.0 - 1.0).abs() < 0.01, "{estimate:?}");
    assert!((estimate.per_row / 10.0 - 1.0).abs() < 0.01, "{estimate:?}");
}

#[test]
fn a_million_small_runs_do_not_wipe_out_what_a_large_one_has_told() {
    let small = std::iter::repeat_n((1, 2010.0), 1_000_000);

    let estimate = after([(8192, 83_920.0)].into_iter().chain(small));

    assert!((estimate.of(8192).as_nanos() as f64 / 83_920.0 - 1.0).abs() < 0.01, "{estimate:?}");
}

#[test]
fn one_run_that_was_held_up_for_milliseconds_changes_little() {
    let usual = || std::iter::repeat_n((1, 1000.0), 20);

    let estimate = after(usual().chain([(1, 4e6)]));

    assert!(estimate.of(1) < nanos(1500.0), "{estimate:?}");
}

#[test]
fn a_first_run_that_was_held_up_is_forgotten_within_a_dozen_runs() {
    let estimate = after([(1, 4e6)].into_iter().chain([(1, 1000.0); 16]));

    assert!(estimate.of(1) < nanos(4000.0), "{estimate:?}");
}

#[test]
fn runs_that_now_and_then_wait_for_a_core_do_not_make_a_model_seem_slow() {
    let estimate = after((0..400).map(|run| (1000, if run % 3 == 0 { 60_000.0 } else { 8000.0 })));

    assert!(estimate.of(1000) < nanos(16_000.0), "{estimate:?}");
}

#[test]
fn one_run_of_a_size_that_never_comes_again_does_not_bend_the_costs_of_the_others() {
    let known = [(1, 300.0), (1000, 7000.0)].into_iter().cycle().take(200);

    let estimate = after([(30, 90_000.0)].into_iter().chain(known));

    assert!(estimate.of(1000) < nanos(14_000.0), "{estimate:?}");
}

#[test]
fn a_model_that_became_a_hundred_times_slower_is_known_as_that_within_fifty_runs() {
    let estimate = after([(1, 1000.0); 50].into_iter().chain([(1, 1e5); 50]));

    assert!(estimate.of(1) > nanos(8e4), "{estimate:?}");
}

#[test]
fn the_first_runs_and_the_large_ones_are_learned_from_and_small_ones_now_and_then() {
    let learned = |rows, known| (0..800).filter(|drawn| is_telling(rows, known, *drawn)).count();

    assert_eq!((learned(1, 15), learned(1, 16), learned(16, 16)), (800, 100, 800));
}

#[test]
fn rows_within_a_time_are_those_whose_run_ends_in_it() {
    let estimate = Estimate { fixed: 1000.0, per_row: 10.0 };

    assert_eq!(estimate.rows_within(nanos(2000.0)), 100);
    assert_eq!(estimate.rows_within(nanos(900.0)), 0);
    assert_eq!(Estimate::default().rows_within(nanos(1.0)), usize::MAX);
}

proptest! {
    #[test]
    fn no_history_gives_a_cost_that_is_negative_or_shrinks_with_the_rows(
        runs in proptest::collection::vec((0..2_000_000usize, 0..u64::MAX / 2), 1..50),
    ) {
        let mut learned = Runs::default();
        runs.iter().for_each(|(rows, took)| learned.learn(*rows, Duration::from_nanos(*took)));

        let estimate = learned.estimate().unwrap();

        prop_assert!(estimate.fixed >= 0.0 && estimate.per_row >= 0.0, "{estimate:?}");
        prop_assert!(estimate.fixed.is_finite() && estimate.per_row.is_finite(), "{estimate:?}");
    }

    #[test]
    fn the_parts_of_an_exact_line_are_found(fixed in 100.0..1e6f64, per_row in 1.0..1e5f64) {
        let estimate = after([1usize, 10, 100, 1000, 10_000].map(|rows| (rows, fixed + per_row * rows as f64)));

        for rows in [1usize, 50, 10_000] {
            let real = fixed + per_row * rows as f64;
            prop_assert!((estimate.of(rows).as_nanos() as f64 / real - 1.0).abs() < 0.05, "{estimate:?}");
        }
    }
}
