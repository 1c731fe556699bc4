//! What waits for one model: fair over callers, by priority and age, counted in rows, cut into batches.

use super::callers::{Before, Callers};
use super::entry::{Entry, Part};
use super::policy::{Decision, Terms, decide, is_due};
use super::priority::Rank;
use std::time::{Duration, Instant};

/// What waits under one key.
pub(super) struct Backlog<T> {
    waiting: Callers<T>,
    /// When the first came of those that the next batch waits for.
    oldest: Option<Instant>,
    /// Nanoseconds of compute that were used, by weight.
    pub(super) used: f64,
    /// Turns under way.
    running: usize,
    pub(super) terms: Terms,
}

impl<T: Clone> Backlog<T> {
    pub(super) fn new(terms: Terms) -> Self {
        Self { waiting: Callers::default(), oldest: None, used: 0.0, running: 0, terms }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// Whether nothing waits and nothing is computed.
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_empty() && self.running == 0
    }

    /// Rows that wait.
    pub(super) fn total(&self) -> usize {
        self.waiting.rows()
    }

    /// What goes before rows that come now with this rank.
    pub(super) fn before(&self, rank: Rank, priority: i32, rows: usize) -> Before {
        self.waiting.before(rank, priority, rows, self.terms.row())
    }

    pub(super) fn push(&mut self, rank: Rank, terms: Terms, entry: Entry<T>) {
        self.terms = terms;
        self.oldest = Some(self.oldest.map_or(entry.arrived, |oldest| oldest.min(entry.arrived)));
        self.waiting.insert(rank, entry);
    }

    pub(super) fn remove(&mut self, rank: Rank) -> Option<Entry<T>> {
        let entry = self.waiting.remove(rank)?;
        if self.is_empty() {
            self.oldest = None;
        }
        Some(entry)
    }

    pub(super) fn is_ready(&self, now: Instant) -> bool {
        let Some(oldest) = self.oldest else { return false };
        matches!(decide(self.total(), oldest, now, &self.terms), Decision::Take)
    }

    /// Takes from who goes first, one after the other, what makes a batch of at most so many rows, and what is late. What is left of
    /// rows that were due stays so: it has waited for company.
    pub(super) fn cut(&mut self, now: Instant, most: usize) -> (Vec<Part<T>>, Vec<Entry<T>>) {
        let row = self.terms.row();
        let was_due = self.oldest.is_none_or(|oldest| is_due(oldest, now, &self.terms));
        let (mut parts, mut expired, mut room) = (Vec::new(), Vec::new(), most.max(1));
        while room > 0
            && let Some((rank, first)) = self.waiting.first()
        {
            match first.left() {
                _ if first.deadline <= now => expired.extend(self.waiting.remove(rank)),
                left if left <= room => {
                    parts.extend(self.waiting.take(rank, left, row));
                    room -= left;
                }
                // Only what is larger than a whole batch is cut: a smaller one would wait for two batches instead of one.
                _ if parts.is_empty() => {
                    parts.extend(self.waiting.take(rank, room, row));
                    break;
                }
                _ => break,
            }
        }
        if !was_due {
            self.oldest = self.waiting.entries().map(|entry| entry.arrived).min();
        } else if self.is_empty() {
            self.oldest = None;
        }
        (parts, expired)
    }

    /// Begins a turn of so many rows.
    pub(super) fn charge(&mut self, rows: usize) -> Duration {
        let cost = self.terms.estimate.map_or(Duration::ZERO, |estimate| estimate.of(rows));
        self.running += 1;
        self.used += nanos(cost) / self.terms.weight;
        cost
    }

    /// Ends a turn: what was charged is replaced by what it took.
    pub(super) fn settle(&mut self, charged: Duration, took: Duration) {
        self.running = self.running.saturating_sub(1);
        self.used += (nanos(took) - nanos(charged)) / self.terms.weight;
    }

    /// Callers of which something is known.
    #[cfg(test)]
    pub(super) fn callers(&self) -> usize {
        self.waiting.known()
    }

    /// Takes everything out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Entry<T>> + use<T> {
        self.oldest = None;
        self.waiting.drain()
    }
}

/// A time to calculate with.
pub(super) fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
