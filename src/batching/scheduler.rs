//! The queue under its lock, and how many threads work on it.
//!
//! Whoever puts work into the queue is told whether to call a thread to it; a thread takes turns until it is dismissed, under
//! the same lock. So there is always a thread at work when something is ready, and no two have the same request.

use super::admission::Ahead;
use super::entry::Entry;
use super::policy::Terms;
use super::priority::Rank;
use super::queue::{Asked, Queue, Turn};
use super::sync::{Mutex, MutexGuard, PoisonError};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// See above.
pub(super) struct Scheduler<K, T> {
    state: Mutex<State<K, T>>,
    threads: usize,
}

struct State<K, T> {
    queue: Queue<K, T>,
    /// Threads that were called and not dismissed.
    at_work: usize,
}

/// Whether a further thread has to be called. It counts as at work from now on.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Thread,
    Nobody,
}

impl<K: Clone + Eq + Hash, T: Clone> Scheduler<K, T> {
    /// One over at most so many threads.
    pub(super) fn new(threads: usize) -> Self {
        Self { state: Mutex::new(State { queue: Queue::new(), at_work: 0 }), threads: threads.max(1) }
    }

    fn lock(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What rows that come now wait for, see [`Queue::ahead`].
    pub(super) fn ahead(&self, key: &K, terms: &Terms, asked: &Asked) -> Ahead {
        self.lock().queue.ahead(key, terms, asked, self.threads)
    }

    /// Puts a request into the queue. `note` is told how many rows wait under its key, and in all.
    pub(super) fn push(&self, key: &K, terms: Terms, entry: Entry<T>, note: impl Fn(usize, usize)) -> (Rank, Call) {
        let (now, mut state) = (entry.arrived, self.lock());
        let rank = state.queue.push(key, terms, entry);
        note(state.queue.rows_of(key), state.queue.rows());
        let is_ready = state.queue.is_ready_at(key, now);
        (rank, state.call(is_ready, self.threads))
    }

    /// Takes a request out, if some of it still waits: then no thread takes any more of it.
    pub(super) fn withdraw(&self, key: &K, rank: Rank, note: impl Fn(usize, usize)) -> Option<Entry<T>> {
        let mut state = self.lock();
        let entry = state.queue.withdraw(key, rank)?;
        note(state.queue.rows_of(key), state.queue.rows());
        Some(entry)
    }

    /// A delay is over.
    pub(super) fn wake(&self, now: Instant) -> Call {
        let mut state = self.lock();
        let is_ready = state.queue.is_ready(now);
        state.call(is_ready, self.threads)
    }

    /// The next turn of a thread at work, while `idle` others sleep; without one it is dismissed.
    pub(super) fn take(
        &self,
        now: Instant,
        hop: Duration,
        idle: usize,
        note: impl Fn(&Turn<K, T>, usize, usize),
    ) -> Option<(Turn<K, T>, Call)> {
        let mut state = self.lock();
        let Some(turn) = state.queue.take(now, hop, idle) else {
            state.at_work -= 1;
            return None;
        };
        note(&turn, state.queue.rows_of(&turn.key), state.queue.rows());
        let is_ready = state.at_work < self.threads && state.queue.is_ready(now);
        let call = state.call(is_ready, self.threads);
        Some((turn, call))
    }

    /// Ends a turn: what it was charged is replaced by what it took.
    pub(super) fn settle(&self, key: &K, begun: Instant, charged: Duration, took: Duration) {
        self.lock().queue.settle(key, begun, charged, took);
    }

    /// A thread at work was lost in a panic; another one takes its place, if there is work.
    pub(super) fn replace(&self, now: Instant) -> Call {
        let mut state = self.lock();
        state.at_work -= 1;
        let is_ready = state.queue.is_ready(now);
        state.call(is_ready, self.threads)
    }

    /// A thread that was called could not come. If none is at work, nobody serves those who wait: they are handed back.
    pub(super) fn give_up(&self) -> Vec<Entry<T>> {
        let mut state = self.lock();
        state.at_work -= 1;
        if state.at_work == 0 { state.queue.drain() } else { Vec::new() }
    }
}

impl<K, T> State<K, T> {
    fn call(&mut self, is_ready: bool, threads: usize) -> Call {
        if is_ready && self.at_work < threads {
            self.at_work += 1;
            return Call::Thread;
        }
        Call::Nobody
    }
}
