//! The queue without threads or clocks: whose turn it is, what is in it, and what others may rely on.

use crate::batching::cost::Estimate;
use crate::batching::entry::{Entry, Part};
use crate::batching::policy::Terms;
use crate::batching::priority::Rank;
use crate::batching::queue::{Asked, Queue};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const HOP: Duration = Duration::from_micros(8);

type Numbers = Queue<&'static str, usize>;

/// A row takes 1 µs, a batch has 100.
fn terms(weight: f64) -> Terms {
    let estimate = Some(Estimate { fixed: 0.0, per_row: 1000.0 });
    Terms { weight, estimate, max_rows: 100, max_delay: Duration::ZERO }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn entry(item: usize, rows: usize, arrived: Instant) -> Entry<usize> {
    Entry { item, rows, taken: 0, arrived, deadline: arrived + ms(60_000), priority: 0, caller: 0, foreseen: ms(0) }
}

fn items(parts: &[Part<usize>]) -> Vec<usize> {
    parts.iter().map(|part| part.item).collect()
}

/// The requests of the next batch.
fn next(queue: &mut Numbers, now: Instant) -> Vec<usize> {
    queue.take(now, HOP, 0).map_or_else(Vec::new, |turn| items(&turn.parts))
}

#[test]
fn requests_join_a_batch_until_its_rows_are_reached() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    for (item, rows) in [(1, 60), (2, 40), (3, 1)] {
        queue.push(&"a", terms(1.0), entry(item, rows, now));
    }

    assert_eq!(next(&mut queue, now), [1, 2]);
    assert_eq!(next(&mut queue, now), [3]);
    assert_eq!((next(&mut queue, now).len(), queue.rows()), (0, 0));
}

#[test]
fn what_came_after_a_thread_has_looked_at_the_clock_is_its_next_batch_all_the_same() {
    let (mut queue, looked) = (Numbers::new(), Instant::now());
    queue.push(&"a", terms(1.0), entry(1, 1, looked + ms(1)));

    assert!(queue.is_ready(looked));
    assert_eq!(next(&mut queue, looked), [1]);
}

#[test]
fn what_has_waited_for_company_is_computed_with_it_in_as_many_batches_as_it_takes() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    let patient = Terms { max_delay: ms(10), max_rows: 1_000, ..terms(1.0) };
    for (item, rows, arrived) in [(1, 300, now), (2, 150, now + ms(9)), (3, 150, now + ms(9))] {
        queue.push(&"a", patient, entry(item, rows, arrived));
    }
    assert!(next(&mut queue, now + ms(9)).is_empty());

    let batches = [1, 0].map(|idle| items(&queue.take(now + ms(10), HOP, idle).unwrap().parts));

    assert_eq!(batches, [vec![1], vec![2, 3]], "two threads share what was due");
    queue.push(&"a", patient, entry(4, 1, now + ms(11)));
    assert!(next(&mut queue, now + ms(20)).is_empty());
    assert_eq!(next(&mut queue, now + ms(21)), [4]);
}

#[test]
fn what_is_left_of_a_queue_waits_for_company_from_when_its_oldest_request_came() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    let patient = Terms { max_delay: ms(10), ..terms(1.0) };
    queue.push(&"a", patient, entry(1, 10, now));
    for (item, rows, arrived) in [(2, 100, now + ms(5)), (3, 10, now + ms(6))] {
        queue.push(&"a", patient, Entry { priority: 1, ..entry(item, rows, arrived) });
    }

    assert_eq!(next(&mut queue, now + ms(6)), [2]);
    assert!(next(&mut queue, now + ms(9)).is_empty());
    assert_eq!(next(&mut queue, now + ms(10)), [3, 1]);
}

#[test]
fn a_request_larger_than_a_batch_is_computed_in_several_and_a_smaller_one_never_is() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    queue.push(&"a", terms(1.0), entry(1, 250, now));
    queue.push(&"a", terms(1.0), entry(2, 60, now));

    let parts: Vec<_> = (0..4).filter_map(|_| queue.take(now, HOP, 0)).flat_map(|turn| turn.parts).collect();

    let part = |item, from, rows| Part { item, from, rows, arrived: now, foreseen: ms(0) };
    assert_eq!(parts, [part(1, 0, 100), part(1, 100, 100), part(1, 200, 50), part(2, 0, 60)]);
}

#[test]
fn models_never_share_a_batch() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    queue.push(&"a", terms(1.0), entry(1, 1, now));
    queue.push(&"b", terms(1.0), entry(2, 1, now));

    let turns = [next(&mut queue, now), next(&mut queue, now)];

    assert!(turns == [[1], [2]] || turns == [[2], [1]], "{turns:?}");
}

#[test]
fn the_higher_priority_is_in_the_next_batch_until_the_lower_one_has_waited_long_enough() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    let with = |item, rows, priority, arrived| Entry { priority, ..entry(item, rows, arrived) };
    queue.push(&"a", terms(1.0), with(1, 100, -8, now));
    queue.push(&"a", terms(1.0), with(2, 100, 8, now));
    queue.push(&"a", terms(1.0), with(3, 100, 8, now + ms(1000)));

    let order: Vec<_> = (0..3).flat_map(|_| next(&mut queue, now)).collect();

    assert_eq!(order, [2, 1, 3]);
}

#[test]
fn what_is_late_is_handed_back_and_takes_no_place_in_the_batch() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    queue.push(&"a", terms(1.0), Entry { deadline: now + ms(1), ..entry(1, 100, now) });
    queue.push(&"a", terms(1.0), entry(2, 100, now));

    let turn = queue.take(now + ms(1), HOP, 0).unwrap();

    assert_eq!((turn.expired.len(), turn.expired[0].item, items(&turn.parts)), (1, 1, vec![2]));
    assert_eq!(queue.rows(), 0);
}

#[test]
fn what_is_withdrawn_is_in_no_batch_and_its_rows_count_no_more() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    let first = queue.push(&"a", terms(1.0), entry(1, 250, now));
    next(&mut queue, now);

    let rest = queue.withdraw(&"a", first).unwrap();

    assert_eq!((rest.taken, queue.rows(), queue.rows_of(&"a")), (100, 0, 0));
    assert!(queue.withdraw(&"a", first).is_none() && next(&mut queue, now).is_empty());
}

#[test]
fn with_a_delay_nothing_is_taken_before_it_is_over_or_the_batch_is_full() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    let patient = Terms { max_delay: ms(5), ..terms(1.0) };
    queue.push(&"a", patient, entry(1, 50, now));

    assert!(!queue.is_ready(now + ms(4)) && next(&mut queue, now + ms(4)).is_empty());
    assert!(queue.is_ready(now + ms(5)));
    queue.push(&"a", patient, entry(2, 50, now + ms(1)));

    assert_eq!(next(&mut queue, now + ms(1)), [1, 2]);
}

#[test]
fn a_model_that_comes_back_has_saved_up_nothing() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    queue.push(&"busy", terms(1.0), entry(0, 10_000, now));
    for _ in 0..50 {
        next(&mut queue, now);
    }
    queue.push(&"rare", terms(1.0), entry(1, 10_000, now));

    let turns: Vec<_> = (0..10).flat_map(|_| next(&mut queue, now)).collect();

    assert!((4..=6).contains(&turns.iter().sum::<usize>()), "{turns:?}");
}

#[test]
fn a_model_that_cost_more_than_it_was_thought_to_pays_for_it() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    for key in ["liar", "honest"] {
        queue.push(&key, terms(1.0), entry(usize::from(key == "liar"), 10_000, now));
    }

    let mut turns = HashMap::new();
    for _ in 0..40 {
        let turn = queue.take(now, HOP, 0).unwrap();
        *turns.entry(turn.key).or_insert(0) += 1;
        let took = if turn.key == "liar" { turn.charged * 3 } else { turn.charged };
        queue.settle(&turn.key, turn.begun, turn.charged, took);
    }

    assert!((9..=11).contains(&turns["liar"]), "{turns:?}");
}

/// How long one row that comes now waits.
fn wait(
    queue: &Numbers,
    key: &'static str,
    terms: &Terms,
    (priority, now): (i32, Instant),
    threads: usize,
) -> Duration {
    queue.ahead(&key, terms, &Asked { rows: 1, priority, caller: 0, now }, threads).wait()
}

#[test]
fn the_wait_counts_what_goes_before_and_of_others_what_they_are_entitled_to() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    queue.push(&"a", terms(1.0), entry(0, 1000, now));
    queue.push(&"b", terms(1.0), entry(0, 90_000, now));

    let of_a = |priority, threads| wait(&queue, "a", &terms(1.0), (priority, now), threads);

    assert_eq!(of_a(0, 1), ms(2), "1 ms before it, and as much for the other model");
    assert_eq!(of_a(0, 2), ms(1), "two threads need half the time");
    assert_eq!(of_a(1, 1), ms(0), "what has a lower priority does not go before");
    assert_eq!(of_a(-1, 1), ms(2));
    let later = wait(&queue, "a", &terms(1.0), (1, now + ms(30)), 1);
    assert_eq!(later, ms(2), "who has waited for longer than a step of priority is worth goes before it");
    assert_eq!(wait(&queue, "b", &terms(2.0), (0, now), 1), ms(90) + ms(1));
}

#[test]
fn what_runs_is_waited_for_as_long_as_it_still_takes_and_only_where_every_thread_is_busy() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    let slow = Terms { estimate: Some(Estimate { fixed: 10e6, per_row: 0.0 }), ..terms(1.0) };
    queue.push(&"a", slow, entry(0, 1, now));
    queue.take(now, HOP, 0).unwrap();

    let after = |passed, threads| wait(&queue, "b", &terms(1.0), (0, now + passed), threads);

    assert_eq!(after(ms(0), 1), ms(10));
    assert_eq!(after(ms(7), 1), ms(3));
    assert_eq!(after(ms(12), 1), ms(0), "it may end at any time");
    assert_eq!(after(ms(0), 2), ms(0), "the other thread has nothing to do");
}

#[test]
fn rows_share_the_batch_of_those_before_them_and_large_requests_take_all_threads() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    queue.push(&"a", terms(1.0), entry(0, 50, now));

    let own = |rows, threads| queue.ahead(&"a", &terms(1.0), &Asked { rows, priority: 0, caller: 0, now }, threads).own;

    assert_eq!(own(10, 2), Duration::from_micros(60));
    assert_eq!(own(100, 2), Duration::from_micros(100), "no batch is larger");
    assert_eq!(own(10_000, 2), ms(5));
}

#[test]
fn a_model_that_is_thought_to_be_slow_is_not_refused_for_that_but_measured_again() {
    let (mut queue, now) = (Numbers::new(), Instant::now());
    let slow = Terms { estimate: Some(Estimate { fixed: 1e12, per_row: 1e12 }), ..terms(1.0) };

    assert_eq!(wait(&queue, "a", &slow, (0, now), 1), ms(0));

    queue.push(&"a", slow, entry(1, 1, now));
    let turn = queue.take(now, HOP, 0).unwrap();
    assert!(wait(&queue, "b", &terms(1.0), (0, now), 1) > ms(1000), "it is under way");
    queue.settle(&turn.key, turn.begun, turn.charged, ms(1));
    assert_eq!(wait(&queue, "b", &terms(1.0), (0, now), 1), ms(0));
}

#[test]
fn nothing_is_remembered_of_a_model_that_is_not_asked_any_more() {
    let (mut queue, now) = (Queue::<usize, usize>::new(), Instant::now());
    for key in 0..10_000 {
        queue.push(&key, terms(1.0), entry(0, 1, now));
        let turn = queue.take(now, HOP, 0).unwrap();
        queue.settle(&turn.key, turn.begun, turn.charged, turn.charged);
    }

    assert!(queue.remembered() < 10, "{}", queue.remembered());
}

/// What happens to a queue.
#[derive(Clone, Debug)]
enum Event {
    Comes { key: usize, rows: usize, priority: i32, lives_ms: u64 },
    Leaves { nth: usize },
    Turn { idle: usize },
    Passes { ms: u64 },
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..3usize, 1..300usize, -9..9i32, 1..200u64)
            .prop_map(|(key, rows, priority, lives_ms)| Event::Comes { key, rows, priority, lives_ms }),
        1 => (0..100usize).prop_map(|nth| Event::Leaves { nth }),
        3 => (0..4usize).prop_map(|idle| Event::Turn { idle }),
        1 => (0..100u64).prop_map(|ms| Event::Passes { ms }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shares_of_time_are_as_the_weights_and_nobody_starves(
        models in vec((0.25..8.0f64, 1.0..50.0f64), 2..6),
    ) {
        let (mut queue, now) = (Queue::<usize, usize>::new(), Instant::now());
        let terms = |(weight, per_row_us): (f64, f64)| {
            let estimate = Some(Estimate { fixed: 0.0, per_row: 1000.0 * per_row_us });
            Terms { weight, estimate, max_rows: 100, max_delay: Duration::ZERO }
        };
        for (key, model) in models.iter().enumerate() {
            queue.push(&key, terms(*model), entry(key, 10_000_000, now));
        }

        let mut used = vec![0.0; models.len()];
        for _ in 0..4000 {
            let turn = queue.take(now, HOP, 0).unwrap();
            used[turn.key] += turn.charged.as_secs_f64();
            queue.settle(&turn.key, turn.begun, turn.charged, turn.charged);
        }

        let (all, weights): (f64, f64) = (used.iter().sum(), models.iter().map(|(weight, _)| weight).sum());
        for (used, (weight, _)) in used.iter().zip(&models) {
            prop_assert!((used / all - weight / weights).abs() < 0.02, "{used} of {all} for {weight} of {weights}");
        }
    }

    #[test]
    fn every_row_is_taken_once_or_handed_back_and_the_counts_are_right(events in vec(any_event(), 1..200)) {
        let (mut queue, mut now) = (Queue::<usize, usize>::new(), Instant::now());
        let mut sent: Vec<(usize, Rank, usize)> = Vec::new();
        let mut seen: HashMap<usize, usize> = HashMap::new();
        let mut in_queue: HashMap<usize, usize> = HashMap::new();
        for event in events.into_iter().chain(std::iter::repeat_n(Event::Turn { idle: 0 }, 600)) {
            match event {
                Event::Comes { key, rows, priority, lives_ms } => {
                    let item = sent.len();
                    let entry = Entry { priority, deadline: now + ms(lives_ms), ..entry(item, rows, now) };
                    sent.push((key, queue.push(&key, terms(1.0), entry), rows));
                    in_queue.insert(item, rows);
                }
                Event::Leaves { nth } if nth < sent.len() => {
                    let (key, rank, rows) = sent[nth];
                    if let Some(entry) = queue.withdraw(&key, rank) {
                        *seen.entry(nth).or_default() += rows - entry.taken;
                        in_queue.remove(&nth);
                    }
                }
                Event::Turn { idle } => {
                    let Some(turn) = queue.take(now, HOP, idle) else { continue };
                    prop_assert!(turn.parts.iter().map(|part| part.rows).sum::<usize>() <= 100);
                    for part in &turn.parts {
                        prop_assert_eq!(sent[part.item].0, turn.key, "of another model");
                        prop_assert_eq!(seen.get(&part.item).copied().unwrap_or_default(), part.from, "in order");
                        *seen.entry(part.item).or_default() += part.rows;
                        *in_queue.entry(part.item).or_default() -= part.rows;
                    }
                    for late in &turn.expired {
                        prop_assert!(late.deadline <= now);
                        *seen.entry(late.item).or_default() += late.rows - late.taken;
                        in_queue.remove(&late.item);
                    }
                    queue.settle(&turn.key, turn.begun, turn.charged, turn.charged);
                }
                Event::Passes { ms: passed } => now += ms(passed),
                Event::Leaves { .. } => {}
            }
            prop_assert_eq!(queue.rows(), in_queue.values().sum::<usize>());
        }
        for (item, (_, _, rows)) in sent.iter().enumerate() {
            prop_assert_eq!(seen.get(&item), Some(rows), "request {}", item);
        }
    }
}
