//! How many threads are used.

/// What happened in a stretch of time, in threads and cores: 0.5 is half of one, all the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    /// Threads that ran.
    pub(super) worked: f64,
    /// Threads that had work and no core.
    pub(super) waited: f64,
    /// Cores that nobody used, on the whole machine.
    pub(super) idle: f64,
}

/// Threads in use are full from this part of their time on; the system counts running threads some milliseconds late.
const FULL: f64 = 0.9;
/// Full threads stay so for this many windows before they get help: work that has just begun is no measure.
const FULL_WINDOWS: u32 = 2;
/// One more thread is worth its switches if a core is idle for this part of the time.
const SPARE: f64 = 0.45;
/// Threads in use that wait for a core for this part of their time are too many.
const CROWDED: f64 = 0.1;
/// Work that fills less than this part of one thread fewer leaves room there.
const ROOMY: f64 = 0.6;
/// A thread that is wanted back within so many windows was given up in vain.
const SOON: u32 = 4;
/// Crowded windows until a thread is given up: the first time, and at most.
const PATIENCE: (u32, u32) = (5, 100);

/// Decides after each window.
///
/// Full threads get help while the machine has a core for it. Where it has none, threads in use take the core from each other and
/// from whoever calls them; then one fewer is tried, which costs fewer switches. If that leaves a core idle it was wrong, and is
/// tried a quarter as often from then on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    most: usize,
    in_use: usize,
    /// Windows in a row in which all threads in use were full.
    full: u32,
    /// Windows in a row in which threads waited for cores.
    crowded: u32,
    /// So many of them until one thread fewer is tried.
    patience: u32,
    /// Windows since that was tried.
    since_tried: u32,
}

impl Policy {
    pub(super) fn new(most: usize) -> Self {
        Self { most, in_use: 1, full: 0, crowded: 0, patience: PATIENCE.0, since_tried: SOON }
    }

    pub(super) fn in_use(&self) -> usize {
        self.in_use
    }

    pub(super) fn decide(&mut self, window: Window) {
        let wanted = window.worked + window.waited;
        let (in_use, one_fewer) = (self.in_use as f64, self.in_use as f64 - 1.0);
        let has_spare = window.idle >= SPARE;
        count(&mut self.full, wanted >= FULL * in_use && has_spare);
        count(&mut self.crowded, window.waited >= CROWDED * in_use && !has_spare);
        self.since_tried = self.since_tried.saturating_add(1);
        if self.full >= FULL_WINDOWS {
            self.more();
        } else if wanted < ROOMY * one_fewer {
            self.fewer();
            self.patience = PATIENCE.0;
        } else if self.crowded >= self.patience && self.in_use > 1 {
            self.fewer();
            self.since_tried = 0;
        }
    }

    fn more(&mut self) {
        self.in_use = (self.in_use + self.in_use.div_ceil(2)).min(self.most);
        self.full = 0;
        if self.since_tried < SOON {
            self.patience = (4 * self.patience).min(PATIENCE.1);
        }
    }

    fn fewer(&mut self) {
        self.in_use -= 1;
        self.crowded = 0;
    }
}

/// Counts how often in a row it was so.
fn count(windows: &mut u32, is_so: bool) {
    *windows = if is_so { windows.saturating_add(1) } else { 0 };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Threads that run all the time, while a core is idle.
    fn full(threads: usize) -> Window {
        Window { worked: 0.97 * threads as f64, waited: 0.0, idle: 1.0 }
    }

    fn after(policy: &mut Policy, windows: u32, window: Window) -> usize {
        (0..windows).for_each(|_| policy.decide(window));
        policy.in_use()
    }

    /// A policy that uses this many threads of eight.
    fn using(threads: usize) -> Policy {
        let mut policy = Policy::new(8);
        while policy.in_use() < threads {
            policy.decide(full(policy.in_use()));
        }
        policy
    }

    #[test]
    fn full_threads_get_help_while_a_core_is_idle_up_to_the_most() {
        let mut policy = Policy::new(8);

        let grown: Vec<usize> = (0..5)
            .map(|_| {
                let window = full(policy.in_use());
                after(&mut policy, FULL_WINDOWS, window)
            })
            .collect();

        assert_eq!(grown, [2, 3, 5, 8, 8]);
    }

    #[test]
    fn a_full_thread_gets_no_help_at_once_nor_where_no_core_is_idle_nor_while_it_has_time_left() {
        let mut policy = Policy::new(8);

        assert_eq!(after(&mut policy, 1, full(1)), 1);
        assert_eq!(after(&mut policy, 100, Window { idle: 0.3, ..full(1) }), 1);
        assert_eq!(after(&mut policy, 100, Window { worked: 0.7, waited: 0.1, idle: 1.2 }), 1);
    }

    #[test]
    fn threads_whose_work_fits_into_fewer_are_given_up() {
        let mut policy = using(5);

        assert_eq!(after(&mut policy, 1, Window { worked: 2.0, waited: 0.0, idle: 2.0 }), 4);
        assert_eq!(after(&mut policy, 9, Window { worked: 0.0, waited: 0.0, idle: 4.0 }), 1);
    }

    #[test]
    fn threads_that_take_the_core_from_each_other_become_one_fewer() {
        let mut policy = using(2);

        assert_eq!(after(&mut policy, PATIENCE.0, Window { worked: 1.0, waited: 0.4, idle: 0.3 }), 1);
        assert_eq!(after(&mut policy, 100, Window { worked: 0.95, waited: 0.05, idle: 0.2 }), 1);
    }

    #[test]
    fn a_thread_that_was_given_up_in_vain_is_kept_for_longer_each_time() {
        let mut policy = using(2);
        let crowd = Window { worked: 1.4, waited: 0.6, idle: 0.2 };

        let kept: Vec<u32> = (0..4)
            .map(|_| {
                let kept = (1..).find(|_| after(&mut policy, 1, crowd) == 1).unwrap();
                after(&mut policy, FULL_WINDOWS, full(1));
                kept
            })
            .collect();

        assert_eq!(kept, [5, 20, 80, 100]);
    }
}
