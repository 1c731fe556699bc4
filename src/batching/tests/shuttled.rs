//! The scheduler under every order of events that chance finds: the file itself, over locks that `shuttle` plays.

#[path = "../scheduler.rs"]
#[allow(clippy::duplicate_mod, reason = "the same file over other locks")]
#[allow(dead_code, reason = "some of it has no part in this")]
mod scheduler;

/// What the scheduler stands on here.
mod sync {
    pub(super) use shuttle::sync::{Mutex, MutexGuard};
    pub(super) use std::sync::PoisonError;
}

// As the scheduler names them.
use crate::batching::{admission, entry, policy, priority, queue};
use entry::Entry;
use policy::Terms;
use scheduler::{Call, Scheduler};
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

const THREADS: usize = 2;
const CALLERS: usize = 4;

/// The two ends of a request's life.
#[derive(Default)]
struct Ends {
    computed: AtomicUsize,
    withdrawn: AtomicUsize,
}

type Numbers = Scheduler<usize, usize>;

fn entry(item: usize, now: Instant) -> Entry<usize> {
    let (deadline, foreseen) = (now + Duration::from_secs(600), Duration::ZERO);
    Entry { item, rows: 3, taken: 0, arrived: now, deadline, priority: 0, foreseen }
}

/// A thread at work, as the pool runs it.
fn work(scheduler: &Arc<Numbers>, ends: &Arc<Vec<Ends>>, now: Instant) {
    while let Some((turn, call)) = scheduler.take(now, Duration::ZERO, 0, |_, _, _| {}) {
        answer(call, scheduler, ends, now);
        for part in &turn.parts {
            ends[part.item].computed.fetch_add(part.rows, Ordering::SeqCst);
        }
        scheduler.settle(&turn.key, turn.begun, turn.charged, turn.charged);
    }
}

/// Starts the thread that was called for.
fn answer(call: Call, scheduler: &Arc<Numbers>, ends: &Arc<Vec<Ends>>, now: Instant) {
    if call == Call::Thread {
        let (scheduler, ends) = (Arc::clone(scheduler), Arc::clone(ends));
        shuttle::thread::spawn(move || work(&scheduler, &ends, now));
    }
}

/// Callers who come at the same time, every other one of whom leaves at once. Batches have two rows and requests three.
fn rush() {
    let now = Instant::now();
    let scheduler: Arc<Numbers> = Arc::new(Scheduler::new(THREADS));
    let ends: Arc<Vec<Ends>> = Arc::new((0..CALLERS).map(|_| Ends::default()).collect());
    let callers = (0..CALLERS).map(|number| {
        let (scheduler, ends) = (Arc::clone(&scheduler), Arc::clone(&ends));
        shuttle::thread::spawn(move || {
            let terms = Terms { weight: 1.0, estimate: None, max_rows: 2, max_delay: Duration::ZERO };
            let (key, note) = (number % 2, |_, _| {});
            let (rank, call) = scheduler.push(&key, terms, entry(number, now), note);
            answer(call, &scheduler, &ends, now);
            if number < CALLERS / 2
                && let Some(entry) = scheduler.withdraw(&key, rank, note)
            {
                ends[number].withdrawn.fetch_add(entry.rows - entry.taken, Ordering::SeqCst);
            }
        })
    });
    callers.collect::<Vec<_>>().into_iter().for_each(|caller| caller.join().unwrap());
    // Shuttle finds a deadlock if a request is left in the queue with nobody at work: this never becomes true.
    let ended = |it: &Ends| it.computed.load(Ordering::SeqCst) + it.withdrawn.load(Ordering::SeqCst);
    for _ in 0..1000 {
        if ends.iter().all(|it| ended(it) == 3) {
            return;
        }
        shuttle::thread::yield_now();
    }
    panic!("{:?}", ends.iter().map(ended).collect::<Vec<_>>());
}

#[test]
fn every_row_is_computed_or_withdrawn_once_and_none_is_left_lying() {
    shuttle::check_random(rush, 2000);
}

/// A thread that was called and cannot come hands everything back, unless another one is at work.
fn nobody_comes() {
    let now = Instant::now();
    let (scheduler, ends) = (Arc::new(Numbers::new(1)), Arc::new(vec![Ends::default(), Ends::default()]));
    let callers = (0..2).map(|number| {
        let (scheduler, ends) = (Arc::clone(&scheduler), Arc::clone(&ends));
        shuttle::thread::spawn(move || {
            let terms = Terms { weight: 1.0, estimate: None, max_rows: 2, max_delay: Duration::ZERO };
            if scheduler.push(&0, terms, entry(number, now), |_, _| {}).1 == Call::Thread {
                for entry in scheduler.give_up() {
                    ends[entry.item].withdrawn.fetch_add(entry.rows, Ordering::SeqCst);
                }
            }
        })
    });
    callers.collect::<Vec<_>>().into_iter().for_each(|caller| caller.join().unwrap());
    assert!(ends.iter().all(|it| it.withdrawn.load(Ordering::SeqCst) == 3));
}

#[test]
fn where_no_thread_can_come_nobody_waits_for_ever() {
    shuttle::check_random(nobody_comes, 2000);
}
