//! Where threads sleep until there is work. No wake-up is lost, and none is given to a thread that has one already.

use super::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, PoisonError, fence};

/// Threads that sleep.
#[derive(Default)]
pub(super) struct Parking {
    /// Those who sleep and were not woken: `State::sleeping` for who does not want to lock.
    sleeping: AtomicUsize,
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    sleeping: usize,
    /// Threads that were woken and have not noticed yet.
    woken: usize,
}

impl Parking {
    /// Threads that sleep and were not woken.
    pub(super) fn sleeping(&self) -> usize {
        self.sleeping.load(Ordering::SeqCst)
    }

    /// Sleeps until it is woken, unless there is work: `has_work` is asked once more when this thread already counts as
    /// sleeping, so that whoever brings work after that sees it and wakes it.
    pub(super) fn sleep_unless(&self, has_work: impl Fn() -> bool) {
        let mut state = self.lock();
        self.count(&mut state, 1);
        fence(Ordering::SeqCst);
        if has_work() {
            return self.count(&mut state, -1);
        }
        while state.woken == 0 {
            state = self.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.woken -= 1;
    }

    /// Wakes a thread, if one sleeps. What it should find has to be there before.
    pub(super) fn wake_one(&self) {
        self.wake(1);
    }

    /// Wakes all threads.
    pub(super) fn wake_all(&self) {
        self.wake(usize::MAX);
    }

    fn wake(&self, most: usize) {
        fence(Ordering::SeqCst);
        if self.sleeping() == 0 {
            return;
        }
        let mut state = self.lock();
        let woken = state.sleeping.min(most);
        self.count(&mut state, -(woken as isize));
        state.woken += woken;
        if woken == 1 { self.woken.notify_one() } else { self.woken.notify_all() }
    }

    fn count(&self, state: &mut State, more: isize) {
        state.sleeping = state.sleeping.saturating_add_signed(more);
        self.sleeping.store(state.sleeping, Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
