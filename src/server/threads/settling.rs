//! The number of threads under a load that stays what it is, where what threads do depends on how many they are.

use super::policy::{Policy, Window};
use proptest::prelude::*;

/// A load that comes at the same rate whatever becomes of it, on a machine that whoever calls shares. Costs are in seconds.
#[derive(Clone, Copy, Debug)]
struct Load {
    cores: f64,
    calls: f64,
    /// Of a call.
    call: f64,
    /// Of waking a thread for one, which is done where none is awake.
    wake: f64,
    /// Of a call, where threads share the work.
    sharing: f64,
    /// Of a call, for whoever calls.
    caller: f64,
}

impl Load {
    /// What so many threads have to do: work `w` finds one of `n` asleep for a part `1 - w / n` of all calls, so that
    /// `w = calls * (cost + wake * (1 - w / n))`.
    fn work(&self, threads: usize) -> f64 {
        let cost = self.call + if threads > 1 { self.sharing } else { 0.0 };
        let waking = self.calls * (cost + self.wake) / (1.0 + self.calls * self.wake / threads as f64);
        waking.max(self.calls * cost) // Threads that are full are woken by no call.
    }

    /// A window of so many threads, with an error of the measurement.
    fn window(&self, threads: usize, error: f64) -> Window {
        let (work, callers) = (self.work(threads), self.calls * self.caller);
        let possible = 1.0_f64.min(threads as f64 / work); // Of the calls, as far as threads go.
        let wanted = possible * (work + callers);
        let granted = 1.0_f64.min(self.cores / wanted); // As far as cores go, which are shared out fairly.
        let worked = possible * work * granted;
        Window {
            worked: worked * (1.0 + error),
            waited: possible * work - worked,
            idle: (self.cores - wanted).max(0.0),
            calls: self.calls * possible * granted,
        }
    }
}

const MOST: usize = 8;
/// Windows until it has settled, and in which it then stays so: a minute, and two.
const WINDOWS: (usize, usize) = (600, 1200);

/// The numbers of threads in the windows in which it has settled.
fn settled(load: Load, error: f64) -> Vec<usize> {
    let mut policy = Policy::new(MOST);
    let mut errors =
        std::iter::successors(Some(1_u32), |last| Some(last.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)));
    let numbers = (0..WINDOWS.0 + WINDOWS.1).map(|_| {
        let threads = policy.in_use();
        let chance = f64::from(errors.next().unwrap_or(0)) / f64::from(u32::MAX);
        policy.decide(load.window(threads, error * (2.0 * chance - 1.0)));
        threads
    });
    numbers.skip(WINDOWS.0).collect()
}

fn changes(numbers: &[usize]) -> usize {
    numbers.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// Microseconds.
fn cost(range: std::ops::Range<f64>) -> impl Strategy<Value = f64> {
    range.prop_map(|micros| micros * 1e-6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn threads_that_have_cores_settle_at_one_number(
        calls in 100.0..100_000.0, call in cost(0.5..30.0), wake in cost(0.0..30.0), sharing in cost(0.0..30.0),
    ) {
        let load = Load { cores: 64.0, calls, call, wake, sharing, caller: 0.0 };

        prop_assert_eq!(changes(&settled(load, 0.0)), 0);
        // At the edge of what is little, windows in a row that are wrong may come late, and each way once.
        prop_assert!(changes(&settled(load, 0.05)) <= 2);
    }

    /// What did no good is tried again after ten seconds at most, and taken back: that makes two changes in a hundred windows.
    #[test]
    fn threads_that_share_cores_with_callers_become_more_or_fewer_seldom(
        cores in 1..5, calls in 100.0..100_000.0,
        call in cost(0.5..30.0), wake in cost(0.0..30.0), sharing in cost(0.0..30.0), caller in cost(0.5..30.0),
    ) {
        let load = Load { cores: f64::from(cores), calls, call, wake, sharing, caller };

        let changes = changes(&settled(load, 0.0));

        prop_assert!(40 * changes <= WINDOWS.1, "{changes} changes in {} windows", WINDOWS.1);
    }
}

/// Two threads make 0.63 of what is 0.38 of one.
#[test]
fn work_that_two_threads_make_much_more_of_stays_with_one() {
    let load = Load { cores: 64.0, calls: 30_000.0, call: 8e-6, wake: 6e-6, sharing: 9e-6, caller: 0.0 };
    assert!(load.work(1) < 0.4 && load.work(2) > 0.6, "{} {}", load.work(1), load.work(2));

    let numbers = settled(load, 0.05);

    assert_eq!((numbers[0], changes(&numbers)), (1, 0));
}

/// In an open loop of 10,000 calls a second two threads answer in about half of the time.
#[test]
fn a_little_work_stays_with_two() {
    let load = Load { cores: 2.0, calls: 10_000.0, call: 8e-6, wake: 15e-6, sharing: 9e-6, caller: 20e-6 };

    let numbers = settled(load, 0.1);

    assert_eq!((numbers[0], changes(&numbers)), (2, 0));
}
