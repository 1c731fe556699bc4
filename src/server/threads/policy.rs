//! How many threads are used.

use super::little::Little;

/// What happened in a stretch of time. Threads and cores: 0.5 is half of one, all the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    /// Threads that ran.
    pub(super) worked: f64,
    /// Threads that had work and no core.
    pub(super) waited: f64,
    /// Cores that nobody used, of those that threads may use.
    pub(super) idle: f64,
    /// Calls that were begun, a second.
    pub(super) calls: f64,
}

/// Threads in use are full from this part of their time on; the system counts running threads some milliseconds late.
const FULL: f64 = 0.9;
/// Full threads stay so for this many windows before they get help: work that has just begun is no measure. At most for this
/// many, where help was no good before.
const FULL_WINDOWS: (u32, u32) = (2, 100);
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
/// Help has so many windows, after that of the change, to show what it is good for.
const TRIAL: u32 = 4;
/// Where it leaves no core idle, it has to bring so many times the calls that there were before.
const GAIN: f64 = 1.1;
/// Calls a second that are too few to tell.
const FEW_CALLS: f64 = 100.0;
/// Where a whole core is idle, no trial is needed, and no patience.
const PLENTY: f64 = 1.0;
/// Where help took it all in vain, there has to be so much more for the next to come at once.
const MORE: f64 = 0.25;

/// Decides after each window.
///
/// Full threads get help while the machine has a core for it. If that leaves no core idle, and few more calls are begun, the core was
/// that of whoever calls: then the help was wrong, and comes after four times as long a time from then on, until threads have time
/// left.
///
/// A little work is done by two threads: what they would cost each other is small then. Where it proves not to be, one does it.
///
/// Where the machine has no core, threads in use take the core from each other and from whoever calls them; then one fewer is
/// tried, which costs fewer switches. If help is wanted soon after that, and does good, it was wrong, and is tried a quarter as
/// often from then on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    most: usize,
    /// Where there is more than a little work.
    in_use: usize,
    little: Little,
    /// Windows in a row in which all threads in use were full.
    full: u32,
    /// So many of them until they get help.
    full_windows: u32,
    /// Where so much of the cores is idle, help comes at once.
    plenty: f64,
    /// Help that has to show what it is good for.
    trial: Option<Trial>,
    /// Calls a second, of late; of those windows if there are any.
    calls: f64,
    /// Windows in a row in which threads waited for cores.
    crowded: u32,
    /// So many of them until one thread fewer is tried.
    patience: u32,
    /// Windows since that was tried.
    since_tried: u32,
}

#[derive(Clone, Copy, Debug)]
struct Trial {
    /// Threads that were in use before.
    in_use: usize,
    /// Idle cores that they left.
    idle: f64,
    /// Calls a second that they answered.
    calls: f64,
    /// Whether one had been given up shortly before.
    was_missed: bool,
    windows: u32,
    /// Calls a second of all windows but the first, added.
    calls_since: f64,
    /// Idle cores of the same windows, added.
    idle_since: f64,
}

impl Policy {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            in_use: 1,
            little: Little::default(),
            full: 0,
            full_windows: FULL_WINDOWS.0,
            plenty: PLENTY,
            trial: None,
            calls: 0.0,
            crowded: 0,
            patience: PATIENCE.0,
            since_tried: SOON,
        }
    }

    /// What is known when nothing has been done for a while: what was learned of the work before it may be true of none that comes.
    pub(super) fn after_silence(&self) -> Self {
        Self { little: Little::none(), ..Self::new(self.most) }
    }

    pub(super) fn in_use(&self) -> usize {
        if self.little.is_so() { self.in_use.max(2).min(self.most) } else { self.in_use }
    }

    pub(super) fn decide(&mut self, window: Window) {
        let wanted = window.worked + window.waited;
        if let Some(trial) = self.trial.take() {
            self.trial = self.judge(trial, window);
            return;
        }
        self.little.take(wanted, self.in_use() == 1);
        if self.little.is_so() {
            return self.has_little(window);
        }
        let (in_use, one_fewer) = (self.in_use as f64, self.in_use as f64 - 1.0);
        let has_spare = window.idle >= SPARE;
        count(&mut self.full, wanted >= FULL * in_use && has_spare);
        self.calls = if self.full > 1 { f64::midpoint(self.calls, window.calls) } else { window.calls };
        count(&mut self.crowded, window.waited >= CROWDED * in_use && !has_spare);
        self.since_tried = self.since_tried.saturating_add(1);
        if wanted < ROOMY * in_use {
            (self.full_windows, self.plenty) = (FULL_WINDOWS.0, PLENTY);
        }
        let full_windows = if window.idle >= self.plenty { FULL_WINDOWS.0 } else { self.full_windows };
        if self.full >= full_windows && self.in_use < self.most {
            self.more(full_windows, window.idle);
        } else if wanted < ROOMY * one_fewer {
            self.fewer();
            self.patience = PATIENCE.0;
        } else if self.crowded >= self.patience && self.in_use > 1 {
            self.fewer();
            self.since_tried = 0;
        }
    }

    /// Nothing is full or crowded; what two threads do is no measure of what one would.
    fn has_little(&mut self, window: Window) {
        (self.full, self.crowded, self.calls) = (0, 0, window.calls);
        (self.full_windows, self.plenty) = (FULL_WINDOWS.0, PLENTY);
        self.since_tried = self.since_tried.saturating_add(1);
        if self.in_use > 1 {
            self.fewer();
            self.patience = PATIENCE.0;
        }
    }

    /// Lets more threads work, as those in use were full for so many windows.
    fn more(&mut self, full_windows: u32, idle: f64) {
        let Self { in_use, calls, .. } = *self;
        let was_missed = self.since_tried < SOON.max(2 * full_windows);
        self.trial = Some(Trial { in_use, idle, calls, was_missed, windows: 0, calls_since: 0.0, idle_since: 0.0 });
        self.in_use = (in_use + in_use.div_ceil(2)).min(self.most);
        self.full = 0;
    }

    /// Answers the trial, if it goes on.
    fn judge(&mut self, mut trial: Trial, window: Window) -> Option<Trial> {
        if trial.windows > 0 {
            trial.calls_since += window.calls;
            trial.idle_since += window.idle;
        }
        if trial.windows < TRIAL && window.idle < PLENTY {
            return Some(Trial { windows: trial.windows + 1, ..trial });
        }
        let (calls, idle) = (trial.calls_since / f64::from(TRIAL), trial.idle_since / f64::from(TRIAL));
        if window.idle >= PLENTY || idle >= SPARE || trial.calls < FEW_CALLS || calls >= GAIN * trial.calls {
            (self.full_windows, self.plenty) = (FULL_WINDOWS.0, PLENTY);
            self.patience = if trial.was_missed { (4 * self.patience).min(PATIENCE.1) } else { self.patience };
        } else {
            self.in_use = trial.in_use;
            self.full_windows = (4 * self.full_windows).min(FULL_WINDOWS.1);
            self.plenty = self.plenty.max(trial.idle + MORE); // Help took all that there was.
        }
        None
    }

    fn fewer(&mut self) {
        self.in_use -= 1;
        self.crowded = 0;
    }
}

/// Counts how often in a row it was so.
pub(super) fn count(windows: &mut u32, is_so: bool) {
    *windows = if is_so { windows.saturating_add(1) } else { 0 };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Threads that run all the time, while a core is idle.
    fn full(threads: usize) -> Window {
        Window { worked: 0.97 * threads as f64, waited: 0.0, idle: 1.0, calls: 1000.0 * threads as f64 }
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
        policy.decide(full(threads)); // Ends the trial of the last one.
        policy
    }

    #[test]
    fn full_threads_get_help_while_a_core_is_idle_up_to_the_most() {
        let mut policy = Policy::new(8);

        let grown: Vec<usize> = (0..5)
            .map(|_| {
                let window = full(policy.in_use());
                after(&mut policy, FULL_WINDOWS.0 + 1, window)
            })
            .collect();

        assert_eq!(grown, [2, 3, 5, 8, 8]);
    }

    #[test]
    fn a_full_thread_gets_no_help_at_once_nor_where_no_core_is_idle_nor_while_it_has_time_left() {
        let mut policy = Policy::new(8);

        assert_eq!(after(&mut policy, 1, full(1)), 1);
        assert_eq!(after(&mut policy, 100, Window { idle: 0.3, ..full(1) }), 1);
        assert_eq!(after(&mut policy, 100, Window { worked: 0.7, waited: 0.1, ..full(1) }), 1);
    }

    #[test]
    fn threads_whose_work_fits_into_fewer_are_given_up() {
        let mut policy = using(5);

        assert_eq!(after(&mut policy, 1, Window { worked: 2.0, ..full(5) }), 4);
        assert_eq!(after(&mut policy, 9, Window { worked: 0.65, ..full(5) }), 2);
        assert_eq!(after(&mut policy, 1, Window { worked: 0.5, ..full(5) }), 1);
    }

    #[test]
    fn a_little_work_is_done_by_two_threads_until_it_is_more() {
        let mut policy = Policy::new(8);
        let mut used = |worked| after(&mut policy, 3, Window { worked, ..full(1) });

        assert_eq!([0.5, 0.35, 0.55, 0.65, 0.55, 0.0].map(&mut used), [1, 2, 2, 1, 1, 2]);
        assert_eq!(after(&mut Policy::new(1), 5, Window { worked: 0.1, ..full(1) }), 1);
    }

    #[test]
    fn many_threads_become_two_when_a_little_work_is_left() {
        let mut policy = using(8);

        assert_eq!(after(&mut policy, 8, Window { worked: 0.1, ..full(1) }), 2);
    }

    #[test]
    fn after_a_silence_there_are_as_many_threads_as_for_a_little_work_and_help_comes_as_at_first() {
        let mut policy = Policy::new(2);
        windows_alone(&mut policy, 1050.0);

        let mut policy = policy.after_silence();

        assert_eq!(policy.in_use(), 2);
        assert_eq!(after(&mut policy, 1, full(1)), 1);
        assert_eq!(after(&mut policy, FULL_WINDOWS.0, alone()), 2);
        assert_eq!(Policy::new(1).after_silence().in_use(), 1);
    }

    #[test]
    fn threads_that_take_the_core_from_each_other_become_one_fewer() {
        let mut policy = using(2);

        assert_eq!(after(&mut policy, PATIENCE.0, Window { worked: 1.0, waited: 0.4, idle: 0.3, ..full(2) }), 1);
        assert_eq!(after(&mut policy, 100, Window { worked: 0.95, waited: 0.05, idle: 0.2, ..full(1) }), 1);
    }

    #[test]
    fn a_thread_that_was_given_up_in_vain_is_kept_for_longer_each_time() {
        let mut policy = using(2);
        let crowd = Window { worked: 1.4, waited: 0.6, idle: 0.2, ..full(2) };

        let kept: Vec<u32> = (0..4)
            .map(|_| {
                let kept = (1..).find(|_| after(&mut policy, 1, crowd) == 1).unwrap();
                after(&mut policy, FULL_WINDOWS.0 + 1, full(1));
                kept
            })
            .collect();

        assert_eq!(kept, [5, 20, 80, 100]);
    }

    /// One full thread, while whoever calls has the other core for half of the time.
    fn alone() -> Window {
        Window { idle: 0.5, ..full(1) }
    }

    /// Of a thousand windows those with one thread, if two have `calls` a second.
    fn windows_alone(policy: &mut Policy, calls: f64) -> u32 {
        let helped = Window { worked: 1.1, waited: 0.1, idle: 0.3, calls };
        (0..1000)
            .filter(|_| {
                let is_alone = policy.in_use() == 1;
                policy.decide(if is_alone { alone() } else { helped });
                is_alone
            })
            .count() as u32
    }

    #[test]
    fn help_that_takes_the_core_of_those_who_call_is_tried_seldom() {
        let mut policy = Policy::new(2);

        let alone = windows_alone(&mut policy, 1050.0);

        assert!(alone > 940, "{alone} of 1000 windows");
    }

    #[test]
    fn help_that_did_no_good_comes_at_once_where_a_whole_core_is_idle_and_after_a_quiet_time() {
        let (mut with_a_core, mut after_quiet) = (Policy::new(2), Policy::new(2));
        let helped = [&mut with_a_core, &mut after_quiet].map(|policy| windows_alone(policy, 1050.0));
        assert!(helped.iter().all(|alone| *alone > 940), "{helped:?}");

        assert_eq!(after(&mut with_a_core, FULL_WINDOWS.0, full(1)), 2);
        assert_eq!(after(&mut after_quiet, 10, Window { worked: 0.45, ..alone() }), 1);
        assert_eq!(after(&mut after_quiet, FULL_WINDOWS.0, alone()), 2);
    }

    #[test]
    fn help_that_has_more_calls_answered_stays_though_no_core_is_left() {
        let mut policy = Policy::new(2);

        assert_eq!(windows_alone(&mut policy, 1200.0), FULL_WINDOWS.0);
    }
}
