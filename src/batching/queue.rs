//! What waits: fair over the models by weight and measured cost, and over the callers of one. A data structure without threads or
//! clocks.
//!
//! Each model has used up some compute time, divided by its weight; the next turn is that of the model that has used least
//! (start-time fair queueing: P. Goyal, H. M. Vin, H. Cheng, "Start-time Fair Queuing" (1996), doi:10.1145/248156.248171).
//! A turn is charged with what it is thought to cost and settled with what it did cost. A model that comes back begins where
//! the others are: nobody saves up time.

use super::admission::Ahead;
use super::backlog::{Backlog, nanos};
use super::callers::Before;
use super::entry::{Entry, Part};
use super::policy::{Terms, turn_rows};
use super::priority::{Rank, rank};
use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Requests that wait. `K` tells what may share a batch.
pub(super) struct Queue<K, T> {
    backlogs: HashMap<K, Backlog<T>>,
    /// Where the latest turn began, in used time by weight.
    now: f64,
    /// Turns under way: when each began, and what it is thought to cost.
    under_way: Vec<(Instant, Duration)>,
    rows: usize,
    count: u64,
}

/// Rows that have just come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) rows: usize,
    pub(super) priority: i32,
    /// Who asks.
    pub(super) caller: u64,
    pub(super) now: Instant,
}

/// The next batch.
#[derive(Debug)]
pub(super) struct Turn<K, T> {
    pub(super) key: K,
    pub(super) parts: Vec<Part<T>>,
    /// Those whose time is over, and who are not in the batch.
    pub(super) expired: Vec<Entry<T>>,
    pub(super) begun: Instant,
    /// What the batch is thought to cost; zero if nothing is known.
    pub(super) charged: Duration,
}

impl<K: Clone + Eq + Hash, T: Clone> Queue<K, T> {
    pub(super) fn new() -> Self {
        Self { backlogs: HashMap::new(), now: 0.0, under_way: Vec::new(), rows: 0, count: 0 }
    }

    /// Rows that wait.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Rows that wait under a key.
    pub(super) fn rows_of(&self, key: &K) -> usize {
        self.backlogs.get(key).map_or(0, Backlog::total)
    }

    /// Puts a request into the queue; the rank finds it again.
    pub(super) fn push(&mut self, key: &K, terms: Terms, entry: Entry<T>) -> Rank {
        self.count += 1;
        let rank = rank(entry.arrived, entry.priority, self.count, entry.caller);
        let now = self.now;
        let backlog = self.backlogs.entry(key.clone()).or_insert_with(|| Backlog::new(terms));
        if backlog.is_empty() {
            backlog.used = backlog.used.max(now);
        }
        self.rows += entry.rows;
        backlog.push(rank, terms, entry);
        rank
    }

    /// Takes a request out, if some of it still waits.
    pub(super) fn withdraw(&mut self, key: &K, rank: Rank) -> Option<Entry<T>> {
        let entry = self.backlogs.get_mut(key)?.remove(rank)?;
        self.rows -= entry.left();
        Some(entry)
    }

    /// Whether a turn could begin now.
    pub(super) fn is_ready(&self, now: Instant) -> bool {
        self.backlogs.values().any(|backlog| backlog.is_ready(now))
    }

    /// Whether a turn under this key could begin now.
    pub(super) fn is_ready_at(&self, key: &K, now: Instant) -> bool {
        self.backlogs.get(key).is_some_and(|backlog| backlog.is_ready(now))
    }

    /// Empties the queue.
    pub(super) fn drain(&mut self) -> Vec<Entry<T>> {
        self.rows = 0;
        self.backlogs.values_mut().flat_map(Backlog::drain).collect()
    }

    /// Begins the next turn, if one may begin, while `idle` further threads have nothing to do.
    pub(super) fn take(&mut self, now: Instant, hop: Duration, idle: usize) -> Option<Turn<K, T>> {
        let virtual_now = self.now;
        self.backlogs.retain(|_, it| !it.is_at_rest() || it.used > virtual_now);
        let ready = self.backlogs.iter_mut().filter(|(_, backlog)| backlog.is_ready(now));
        let (key, backlog) = ready.min_by(|(_, one), (_, other)| one.used.total_cmp(&other.used))?;
        let before = backlog.total();
        let (parts, expired) = backlog.cut(now, turn_rows(backlog.total(), &backlog.terms, hop, idle));
        self.now = self.now.max(backlog.used);
        self.rows -= before - backlog.total();
        let charged = backlog.charge(parts.iter().map(|part| part.rows).sum());
        self.under_way.push((now, charged));
        Some(Turn { key: key.clone(), parts, expired, begun: now, charged })
    }

    /// Ends a turn: what was charged is replaced by what it took.
    pub(super) fn settle(&mut self, key: &K, begun: Instant, charged: Duration, took: Duration) {
        if let Some(at) = self.under_way.iter().position(|turn| *turn == (begun, charged)) {
            self.under_way.swap_remove(at);
        }
        if let Some(backlog) = self.backlogs.get_mut(key) {
            backlog.settle(charged, took);
        }
        if self.backlogs.values().all(Backlog::is_at_rest) {
            self.now = self.backlogs.drain().map(|(_, backlog)| backlog.used).fold(self.now, f64::max);
        }
    }

    /// What rows that come now under a key wait for on `threads` threads: what is left of the turns under way, and in the
    /// queue what goes before them under their own key, of every other caller what it is entitled to in that time, and of every
    /// other key likewise.
    pub(super) fn ahead(&self, key: &K, terms: &Terms, asked: &Asked, threads: usize) -> Ahead {
        let Asked { rows, priority, caller, now } = *asked;
        let own_rank = rank(now, priority, u64::MAX, caller);
        let before = self.backlogs.get(key).map(|backlog| backlog.before(own_rank, priority, rows));
        let before = before.map_or(0, |Before { own, others }| own + others);
        let own = terms.cost(before);
        let others = self.backlogs.iter().filter(|(other, _)| *other != key).map(|(_, backlog)| {
            let entitled = own / terms.weight * backlog.terms.weight;
            backlog.terms.cost(backlog.total()).min(entitled)
        });
        let (queued, is_free) = (own + others.sum::<f64>(), self.under_way.len() < threads);
        let over = |nanos: f64| Duration::from_nanos((nanos / threads.max(1) as f64) as u64);
        let left =
            |(begun, charged): &(Instant, Duration)| charged.saturating_sub(now.saturating_duration_since(*begun));
        Ahead {
            running: if is_free { Duration::ZERO } else { over(nanos(self.under_way.iter().map(left).sum())) },
            queued: over(queued),
            own: terms.batch(before + rows).max(over(terms.cost(rows))),
        }
    }

    /// Keys of which something is known.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.backlogs.len()
    }

    /// Callers of which something is known under a key.
    #[cfg(test)]
    pub(super) fn callers_of(&self, key: &K) -> usize {
        self.backlogs.get(key).map_or(0, Backlog::callers)
    }
}
