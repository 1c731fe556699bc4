//! What waits for one model: by priority and age, counted in rows, cut into batches.

use super::entry::{Entry, Part};
use super::policy::{Decision, Terms, decide, is_due};
use super::priority::Rank;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What waits under one key.
pub(super) struct Backlog<T> {
    waiting: BTreeMap<Rank, Entry<T>>,
    /// Rows that wait, by priority.
    rows: usize,
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
        Self { waiting: BTreeMap::new(), rows: 0, oldest: None, used: 0.0, running: 0, terms }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether nothing waits and nothing is computed.
    pub(super) fn is_at_rest(&self) -> bool {
        self.waiting.is_empty() && self.running == 0
    }

    /// Rows that wait.
    pub(super) fn total(&self) -> usize {
        self.rows
    }

    /// Rows that a request of this rank comes after. They are looked through only where some have a lower priority.
    pub(super) fn rows_before(&self, rank: Rank) -> usize {
        match self.waiting.last_key_value() {
            Some((last, _)) if *last < rank => self.rows,
            _ => self.waiting.range(..rank).map(|(_, entry)| entry.left()).sum(),
        }
    }

    pub(super) fn push(&mut self, rank: Rank, terms: Terms, entry: Entry<T>) {
        self.terms = terms;
        self.rows += entry.left();
        self.oldest = Some(self.oldest.map_or(entry.arrived, |oldest| oldest.min(entry.arrived)));
        self.waiting.insert(rank, entry);
    }

    pub(super) fn remove(&mut self, rank: Rank) -> Option<Entry<T>> {
        let entry = self.waiting.remove(&rank)?;
        self.rows -= entry.left();
        if self.waiting.is_empty() {
            self.oldest = None;
        }
        Some(entry)
    }

    pub(super) fn is_ready(&self, now: Instant) -> bool {
        let Some(oldest) = self.oldest else { return false };
        matches!(decide(self.total(), oldest, now, &self.terms), Decision::Take)
    }

    /// Takes from the front what makes a batch of at most so many rows, and what is late. What is left of rows that were due
    /// stays so: it has waited for company.
    pub(super) fn cut(&mut self, now: Instant, most: usize) -> (Vec<Part<T>>, Vec<Entry<T>>) {
        let was_due = self.oldest.is_none_or(|oldest| is_due(oldest, now, &self.terms));
        let (mut parts, mut expired, mut room) = (Vec::new(), Vec::new(), most.max(1));
        while room > 0
            && let Some((&rank, front)) = self.waiting.first_key_value()
        {
            let (late, left) = (front.deadline <= now, front.left());
            if late || left <= room {
                let Some(entry) = self.remove(rank) else { break };
                if late {
                    expired.push(entry);
                } else {
                    room -= left;
                    parts.push(entry.part(left));
                }
            } else {
                // Only what is larger than a whole batch is cut: a smaller one would wait for two batches instead of one.
                parts.extend(parts.is_empty().then(|| self.cut_front(rank, room)).flatten());
                break;
            }
        }
        if !was_due {
            self.oldest = self.waiting.values().map(|entry| entry.arrived).min();
        } else if self.waiting.is_empty() {
            self.oldest = None;
        }
        (parts, expired)
    }

    fn cut_front(&mut self, rank: Rank, rows: usize) -> Option<Part<T>> {
        let front = self.waiting.get_mut(&rank)?;
        let part = front.part(rows);
        front.taken += rows;
        self.rows -= rows;
        Some(part)
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

    /// Takes everything out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Entry<T>> + use<T> {
        (self.rows, self.oldest) = (0, None);
        std::mem::take(&mut self.waiting).into_values()
    }
}

/// A time to calculate with.
pub(super) fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
