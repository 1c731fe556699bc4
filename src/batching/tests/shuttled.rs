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

const CALLERS: usize = 4;

/// The two ends of a request's life.
#[derive(Default)]
struct Ends {
    computed: AtomicUsize,
    withdrawn: AtomicUsize,
}

type Numbers = Scheduler<usize, usize>;

/// Of a request: more than fit into a batch, or fewer, by turns.
fn rows(item: usize) -> usize {
    [3, 1][item % 2]
}

fn entry(item: usize, now: Instant) -> Entry<usize> {
    let (deadline, foreseen) = (now + Duration::from_secs(600), Duration::ZERO);
    Entry { item, rows: rows(item), taken: 0, arrived: now, deadline, priority: 0, caller: 0, foreseen }
}

/// Goes on whenever it is looked at: between that and the lock of the queue, others may come.
struct Clock {
    start: Instant,
    looks: AtomicUsize,
}

impl Clock {
    fn new() -> Self {
        Self { start: Instant::now(), looks: AtomicUsize::new(0) }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_micros(self.looks.fetch_add(1, Ordering::SeqCst) as u64)
    }
}

/// What threads and callers share.
struct Scene {
    scheduler: Numbers,
    ends: Vec<Ends>,
    clock: Clock,
}

impl Scene {
    /// A thread at work, as the pool runs it.
    fn work(self: &Arc<Self>) {
        while let Some((turn, call)) = self.scheduler.take(self.clock.now(), Duration::ZERO, 0, |_, _, _| {}) {
            self.answer(call);
            for part in &turn.parts {
                self.ends[part.item].computed.fetch_add(part.rows, Ordering::SeqCst);
            }
            self.scheduler.settle(&turn.key, turn.begun, turn.charged, turn.charged);
        }
    }

    /// Starts the thread that was called for.
    fn answer(self: &Arc<Self>, call: Call) {
        if call == Call::Thread {
            let scene = Arc::clone(self);
            shuttle::thread::spawn(move || scene.work());
        }
    }
}

/// Callers who come at the same time, some of whom leave at once. Batches have two rows.
fn rush(threads: usize) {
    let ends = (0..CALLERS).map(|_| Ends::default()).collect();
    let scene = Arc::new(Scene { scheduler: Scheduler::new(threads), ends, clock: Clock::new() });
    let callers = (0..CALLERS).map(|number| {
        let scene = Arc::clone(&scene);
        shuttle::thread::spawn(move || {
            let terms = Terms { weight: 1.0, estimate: None, max_rows: 2, max_delay: Duration::ZERO };
            let (key, note) = (number / 2, |_, _| {});
            let (rank, call) = scene.scheduler.push(&key, terms, entry(number, scene.clock.now()), note);
            scene.answer(call);
            if number % 3 == 0
                && let Some(entry) = scene.scheduler.withdraw(&key, rank, note)
            {
                scene.ends[number].withdrawn.fetch_add(entry.rows - entry.taken, Ordering::SeqCst);
            }
        })
    });
    callers.collect::<Vec<_>>().into_iter().for_each(|caller| caller.join().unwrap());
    // Shuttle finds a deadlock if a request is left in the queue with nobody at work: this never becomes true.
    let ended = |it: &Ends| it.computed.load(Ordering::SeqCst) + it.withdrawn.load(Ordering::SeqCst);
    for _ in 0..1000 {
        if scene.ends.iter().enumerate().all(|(item, it)| ended(it) == rows(item)) {
            return;
        }
        shuttle::thread::yield_now();
    }
    panic!("{:?}", scene.ends.iter().map(ended).collect::<Vec<_>>());
}

#[test]
fn every_row_is_computed_or_withdrawn_once_and_none_is_left_lying() {
    for threads in [1, 2] {
        shuttle::check_random(move || rush(threads), 2000);
        shuttle::check_pct(move || rush(threads), 4000, 4); // Few changes of thread, each at the worst time.
    }
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
    assert!(ends.iter().enumerate().all(|(item, it)| it.withdrawn.load(Ordering::SeqCst) == rows(item)));
}

#[test]
fn where_no_thread_can_come_nobody_waits_for_ever() {
    shuttle::check_random(nobody_comes, 2000);
}
