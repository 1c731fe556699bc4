//! The queue of one model, without threads or clocks: who goes first of those that sent something.

use crate::batching::cost::Estimate;
use crate::batching::entry::Entry;
use crate::batching::policy::Terms;
use crate::batching::queue::{Asked, Queue, Turn};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const HOP: Duration = Duration::from_micros(8);
/// Rows of a batch.
const BATCH: usize = 100;

/// One model, whose requests are named after their callers.
type OneModel = Queue<(), u64>;

/// A row takes 10 µs, a batch has 100.
fn terms() -> Terms {
    let estimate = Some(Estimate { fixed: 0.0, per_row: 10_000.0 });
    Terms { weight: 1.0, estimate, max_rows: BATCH, max_delay: Duration::ZERO }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn entry(caller: u64, rows: usize, arrived: Instant) -> Entry<u64> {
    let deadline = arrived + ms(600_000);
    Entry { item: caller, rows, taken: 0, arrived, deadline, priority: 0, caller, foreseen: ms(0) }
}

/// A queue in which each of these callers has so many rows waiting, in one request.
fn queue(callers: &[(u64, usize)], now: Instant) -> OneModel {
    let mut queue = OneModel::new();
    callers.iter().for_each(|(caller, rows)| push(&mut queue, entry(*caller, *rows, now)));
    queue
}

fn push(queue: &mut OneModel, entry: Entry<u64>) {
    queue.push(&(), terms(), entry);
}

/// The next turn, which takes what it was thought to.
fn turn(queue: &mut OneModel, now: Instant) -> Option<Turn<(), u64>> {
    let turn = queue.take(now, HOP, 0)?;
    queue.settle(&(), turn.begun, turn.charged, turn.charged);
    Some(turn)
}

/// Rows of each caller in the next turns.
fn served(queue: &mut OneModel, turns: usize, now: Instant) -> HashMap<u64, usize> {
    let mut rows = HashMap::new();
    for part in (0..turns).filter_map(|_| turn(queue, now)).flat_map(|turn| turn.parts) {
        *rows.entry(part.item).or_default() += part.rows;
    }
    rows
}

/// Rows that are computed before the last one of this caller, until it waits no more.
fn rows_until(queue: &mut OneModel, caller: u64, mut rows: usize, now: Instant) -> usize {
    let mut before = 0;
    while rows > 0 {
        for part in turn(queue, now).expect("it waits").parts {
            before += part.rows;
            rows -= if part.item == caller { part.rows } else { 0 };
        }
    }
    before
}

#[test]
fn who_sends_one_row_goes_before_what_is_left_of_a_million() {
    let now = Instant::now();
    let mut queue = queue(&[(1, 1_000_000)], now);
    served(&mut queue, 50, now);

    push(&mut queue, entry(2, 1, now));

    assert_eq!(turn(&mut queue, now).unwrap().parts[0].item, 2);
}

#[test]
fn callers_who_always_have_something_waiting_are_given_equal_shares_whatever_they_sent() {
    let now = Instant::now();
    let mut queue = queue(&[(1, 1_000_000), (2, 30_000)], now);
    (0..1000).for_each(|_| push(&mut queue, entry(3, 30, now)));

    let rows = served(&mut queue, 300, now);

    assert!([1, 2, 3].iter().all(|caller| (9_000..11_500).contains(&rows[caller])), "{rows:?}");
}

#[test]
fn who_was_alone_for_long_owes_nothing_and_who_was_away_has_saved_up_nothing() {
    let now = Instant::now();
    let mut queue = queue(&[(1, 1_000_000)], now);
    served(&mut queue, 500, now);
    push(&mut queue, entry(2, 1_000_000, now));

    let rows = served(&mut queue, 100, now);

    assert!([1, 2].iter().all(|caller| (4_900..=5_100).contains(&rows[caller])), "{rows:?}");
}

#[test]
fn newcomers_without_end_do_not_keep_anybody_waiting_for_ever() {
    let now = Instant::now();
    let mut queue = queue(&[(0, 10_000)], now);

    // Each batch is full of rows of callers that were never there before.
    let shares = (1..=1000).filter_map(|newcomer| {
        push(&mut queue, entry(newcomer, BATCH, now));
        turn(&mut queue, now)
    });
    let taken: usize = shares.flat_map(|turn| turn.parts).filter(|part| part.item == 0).map(|part| part.rows).sum();

    assert!(taken >= 1000, "{taken} rows of who was there before all of them");
}

#[test]
fn a_lower_priority_is_waited_for_in_the_end_also_behind_callers_that_always_have_something_waiting() {
    let now = Instant::now();
    let mut queue = queue(&[(1, 1_000_000), (2, 1_000_000)], now);
    push(&mut queue, Entry { priority: -8, ..entry(3, 1, now) });

    let before = rows_until(&mut queue, 3, 1, now);

    assert!(
        (10_600..11_000).contains(&before),
        "{before} rows: eight steps are 160 ms of three callers, of which two are others"
    );
}

#[test]
fn a_higher_priority_goes_first_until_its_caller_has_had_what_it_is_worth_and_then_shares_are_equal() {
    let now = Instant::now();
    let mut queue = queue(&[(1, 1_000_000)], now);
    (0..100).for_each(|_| push(&mut queue, Entry { priority: 4, ..entry(2, 1000, now) }));

    let first = served(&mut queue, 30, now);
    let rest = served(&mut queue, 400, now);

    assert!(first[&2] >= 2900, "{first:?}");
    assert!((18_000..26_000).contains(&rest[&2]), "{rest:?}");
}

/// What is thought to be queued before rows that come now, on one thread.
fn queued(queue: &OneModel, (caller, rows, priority): (u64, usize, i32), now: Instant) -> Duration {
    queue.ahead(&(), &terms(), &Asked { rows, priority, caller, now }, 1).queued
}

#[test]
fn a_wait_counts_of_each_other_caller_as_many_rows_as_were_asked_for_and_of_its_own_all() {
    let now = Instant::now();
    let queue = queue(&[(1, 100_000), (2, 50_000), (3, 10)], now);

    assert_eq!(queued(&queue, (4, 1, 0), now), Duration::from_micros(30), "a row of each");
    assert_eq!(queued(&queue, (4, 100, 0), now), Duration::from_micros(2100));
    assert_eq!(queued(&queue, (3, 1, 0), now), Duration::from_micros(100 + 2 * 110));
    assert!(queued(&queue, (1, 1, 0), now) > ms(1500));
}

#[test]
fn callers_of_one_row_each_wait_for_all_that_came_before_them() {
    let now = Instant::now();
    let queue = queue(&(0..1000).map(|caller| (caller, 1)).collect::<Vec<_>>(), now);

    assert_eq!(queued(&queue, (2000, 1, 0), now), ms(10));
}

#[test]
fn who_has_a_lower_priority_is_told_that_others_go_before_it() {
    let now = Instant::now();
    let queue = queue(&[(1, 100_000), (2, 100_000)], now);

    let waits = [0, -3, -6].map(|priority| queued(&queue, (3, 1, priority), now));

    assert_eq!(waits, [0, 40, 80].map(|waits| ms(waits) + Duration::from_micros(20)));
}

#[test]
fn nothing_is_remembered_of_a_caller_that_does_not_come_back() {
    let (mut queue, now) = (OneModel::new(), Instant::now());
    push(&mut queue, entry(0, 1_000_000, now));
    for caller in 1..5_000 {
        push(&mut queue, entry(caller, 3, now));
        turn(&mut queue, now);
    }

    let remembered = queue.callers_of(&());

    assert!(remembered < 20, "{remembered}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_wait_depends_on_how_many_wait_and_what_was_asked_for_and_not_on_how_much_another_has_queued(
        others in vec(1..100_000usize, 1..20), asked in 1..500usize, turns in 0..50usize,
    ) {
        let now = Instant::now();
        let others: Vec<_> = others.into_iter().enumerate().map(|(at, rows)| (at as u64, rows)).collect();
        let mut queue = queue(&others, now);
        served(&mut queue, turns, now);
        let thought = queued(&queue, (99, asked, 0), now);
        push(&mut queue, entry(99, asked, now));

        let before = rows_until(&mut queue, 99, asked, now);

        // Of each other caller as much, and a batch that was its turn.
        let most = asked + others.len() * (asked + BATCH);
        prop_assert!(before <= most, "{before} rows, {most} at the most");
        prop_assert!(thought <= ms(1) * (others.len() * asked) as u32 / 100, "thought to wait {thought:?}");
    }

    #[test]
    fn everybody_is_served_in_the_end_whatever_comes(
        mut sent in vec((0..6u64, 1..400usize, -9..9i32), 1..100), every in 1..4usize,
    ) {
        let (now, mut queue) = (Instant::now(), OneModel::new());
        let all: usize = sent.iter().map(|(_, rows, _)| rows).sum();
        let (mut done, mut turns) = (0, 0);
        while done < all {
            for _ in 0..every.min(sent.len()) {
                let (caller, rows, priority) = sent.remove(0);
                push(&mut queue, Entry { priority, ..entry(caller, rows, now) });
            }
            done += turn(&mut queue, now).map_or(0, |turn| turn.parts.iter().map(|part| part.rows).sum());
            turns += 1;
            prop_assert!(turns <= 1000, "{done} of {all} rows");
        }
        prop_assert_eq!(queue.rows(), 0);
    }
}
