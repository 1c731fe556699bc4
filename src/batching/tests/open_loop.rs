//! Calls that keep coming, whatever becomes of those before: the queue, what is taken in, and threads that are as fast as a test
//! wants them, in a time of its own.

use crate::batching::admission::admit_wait;
use crate::batching::cost::Estimate;
use crate::batching::entry::Entry;
use crate::batching::policy::Terms;
use crate::batching::queue::{Asked, Queue, Turn};
use crate::batching::slowness::Slowness;
use proptest::prelude::*;
use std::time::{Duration, Instant};

const THREADS: usize = 2;
/// What a row is thought to take.
const ROW: Duration = Duration::from_micros(100);
/// What each call has.
const LEFT: Duration = Duration::from_millis(20);
/// Learning, then as long again.
const TIME: Duration = Duration::from_secs(1);

struct Server {
    queue: Queue<(), Duration>,
    slowness: Slowness,
    /// How long rows take, in what they are thought to.
    factor: f64,
    terms: Terms,
    /// What is computed, and when that ends.
    running: Vec<(Instant, Turn<(), Duration>)>,
}

impl Server {
    fn new(factor: f64) -> Self {
        let estimate = Some(Estimate { fixed: 0.0, per_row: ROW.as_nanos() as f64 });
        let terms = Terms { weight: 1.0, estimate, max_rows: 1000, max_delay: Duration::ZERO };
        Self { queue: Queue::new(), slowness: Slowness::default(), factor, terms, running: Vec::new() }
    }

    /// A call of one row by this caller; whether it is taken in.
    fn asked(&mut self, caller: u64, now: Instant) -> bool {
        let ahead = self.queue.ahead(&(), &self.terms, &Asked { rows: 1, priority: 0, caller, now }, THREADS);
        let admitted = admit_wait(&ahead, self.slowness.estimate(now), LEFT, None).is_ok();
        if admitted {
            let (item, deadline, foreseen) = (Duration::ZERO, now + LEFT, ahead.wait());
            let entry = Entry { item, rows: 1, taken: 0, arrived: now, deadline, priority: 0, caller, foreseen };
            self.queue.push(&(), self.terms, entry);
            self.begin(now);
        }
        admitted
    }

    fn begin(&mut self, now: Instant) {
        while self.running.len() < THREADS
            && let Some(turn) = self.queue.take(now, Duration::from_micros(8), 0)
        {
            self.slowness.learn(turn.parts.iter().map(|part| (part.foreseen, now - part.arrived)), now);
            self.running.push((now + turn.charged.mul_f64(self.factor), turn));
        }
    }

    /// Ends what ends until `now`, and answers how many of it are answered in time.
    fn go_on(&mut self, now: Instant) -> usize {
        let mut in_time = 0;
        while let Some(first) = (0..self.running.len()).min_by_key(|at| self.running[*at].0)
            && self.running[first].0 <= now
        {
            let (end, turn) = self.running.swap_remove(first);
            self.queue.settle(&(), turn.begun, turn.charged, end - turn.begun);
            in_time += turn.parts.iter().filter(|part| end - part.arrived <= LEFT).count();
            self.begin(end);
        }
        in_time
    }
}

/// Under so many times the load that can be borne, of so many callers by turns: the share of what can be done that is done in time, and how many calls are
/// refused, once it is known how long waits are.
fn loaded(load: f64, factor: f64, callers: u64) -> (f64, usize) {
    let (mut server, start) = (Server::new(factor), Instant::now());
    let row = ROW.mul_f64(factor / THREADS as f64);
    let (mut now, mut in_time, mut refused, mut caller) = (start, 0, 0, 0);
    while now < start + 2 * TIME {
        let counts = usize::from(now > start + TIME);
        in_time += counts * server.go_on(now);
        refused += counts * usize::from(!server.asked(caller, now));
        caller = (caller + 1) % callers;
        now += row.div_f64(load);
    }
    (in_time as f64 / TIME.div_duration_f64(row), refused)
}

#[test]
fn at_half_the_load_that_can_be_borne_nobody_is_refused_also_if_all_is_slower_than_thought() {
    for factor in [0.5, 1.0, 2.0, 3.0] {
        let (in_time, refused) = loaded(0.5, factor, 3);

        assert_eq!(refused, 0, "{factor} times as long as thought");
        assert!((0.49..0.51).contains(&in_time), "{in_time}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn under_more_load_than_can_be_borne_all_that_can_be_done_is_done_in_time(
        load in 1.5..4.0f64, factor in 0.5..3.0f64, callers in prop_oneof![Just(1), 2..1000u64],
    ) {
        let (in_time, refused) = loaded(load, factor, callers);

        prop_assert!(in_time >= 0.95, "{in_time} of what can be done");
        prop_assert!(refused > 0);
    }
}
