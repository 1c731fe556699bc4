//! A little work, which two threads do: each call wakes a thread anyway, and of two the system runs the one that suits whoever
//! calls, where one alone may stay on a core that has to be woken as well.

use super::policy::count;

/// Work that fills less than the first part of one thread is little, until it fills the second.
const LITTLE: (f64, f64) = (0.4, 0.6);
/// So many windows in a row show that it is: a single one may be anything.
const WINDOWS: u32 = 3;
/// One window in which two threads have as much is enough to show that it is not.
const MUCH: f64 = 0.9;
/// Work that two threads made too much of is little again when it fills less than this part of what it filled of one. Two may cost
/// half as much again or more, for the same calls: to judge by what one has to do would bring them back at once.
const LESS: f64 = 0.75;

/// Whether there is a little work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Little {
    is_so: bool,
    /// Windows in a row that showed otherwise.
    against: u32,
    /// Work that fills less of one thread is little.
    below: f64,
    /// Windows since two threads made too much of it.
    since: u32,
}

impl Default for Little {
    fn default() -> Self {
        Self { is_so: false, against: 0, below: LITTLE.0, since: u32::MAX }
    }
}

impl Little {
    /// No work at all.
    pub(super) fn none() -> Self {
        Self { is_so: true, ..Self::default() }
    }

    pub(super) fn is_so(&self) -> bool {
        self.is_so
    }

    /// Takes in a window in which `work` was there for threads, which was that of one if it `is_alone`.
    pub(super) fn take(&mut self, work: f64, is_alone: bool) {
        self.since = self.since.saturating_add(1);
        if is_alone && self.since == 1 {
            self.below = LITTLE.0.min(LESS * work);
        } else if is_alone && work >= LITTLE.1 {
            self.below = LITTLE.0; // There is more of it than there was then.
        }
        count(&mut self.against, if self.is_so { work >= LITTLE.1 } else { work < self.below });
        if self.against >= WINDOWS || self.is_so && work >= MUCH {
            self.is_so = !self.is_so;
            (self.against, self.since) = (0, if self.is_so { u32::MAX } else { 0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What it is after each of these windows, of one thread until it is little and of two while it is.
    fn after<const N: usize>(little: &mut Little, work: [f64; N]) -> [bool; N] {
        work.map(|work| {
            little.take(work, !little.is_so());
            little.is_so()
        })
    }

    #[test]
    fn work_is_little_when_several_windows_say_so() {
        let mut little = Little::default();

        assert_eq!(after(&mut little, [0.3, 0.3, 0.5, 0.3, 0.3, 0.3]), [false, false, false, false, false, true]);
        assert_eq!(
            after(&mut little, [0.55, 0.7, 0.7, 0.5, 0.7, 0.7, 0.7]),
            [true, true, true, true, true, true, false]
        );
    }

    #[test]
    fn work_is_not_little_once_it_nearly_fills_a_thread() {
        assert_eq!(after(&mut Little::none(), [0.5, 0.9]), [true, false]);
    }

    #[test]
    fn work_that_two_threads_make_too_much_of_stays_with_one_until_there_is_less_or_has_been_more_of_it() {
        let (mut less, mut more) = (Little::none(), Little::none());
        for little in [&mut less, &mut more] {
            assert_eq!(after(little, [0.62, 0.62, 0.62, 0.38]), [true, true, false, false]);
            assert!(!after(little, [0.38; 1000]).contains(&true));
        }

        assert_eq!(after(&mut less, [0.28; 3]), [false, false, true]);
        assert_eq!(after(&mut more, [0.7, 0.38, 0.38, 0.38]), [false, false, false, true]);
    }
}
