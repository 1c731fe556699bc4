//! What waits for one model, fair over those that sent it.
//!
//! Each caller has used up some of the model's compute time, and the next rows are those of who has used least (start-time fair
//! queueing, as [`queue`](super::queue) does it for models): so who sends a row goes before the backlog of who has sent a million, and
//! a large request is ranked again after every piece of it. Who comes, or comes back, begins where the others are: with what
//! the one had used who was served last. That would let newcomers without end go before those who wait; so
//! this mark also moves on by itself, at half the pace of fair shares, and in the end everybody is served.

use super::entry::{Entry, Part};
use super::priority::{Rank, headstart};
use super::sizes::Sizes;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Requests by caller.
pub(super) struct Callers<T> {
    lines: HashMap<u64, Line<T>>,
    /// Who waits, each by its first request.
    order: BTreeSet<Place>,
    /// Who does not wait, and has used more than a newcomer is thought to: until it has not.
    resting: BTreeSet<(i64, u64)>,
    /// What a newcomer is thought to have used, in nanoseconds.
    mark: i64,
    sizes: Sizes,
    rows: usize,
}

/// What one caller has waiting.
struct Line<T> {
    waiting: BTreeMap<Rank, Entry<T>>,
    rows: usize,
    /// Nanoseconds of compute.
    used: i64,
    place: Option<Place>,
}

/// The place of a caller among the others; the lowest goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    start: i64,
    /// Of its first request.
    first: Rank,
}

/// Rows that go before a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Before {
    /// Of its caller.
    pub(super) own: usize,
    /// Of others, as many as they are entitled to.
    pub(super) others: usize,
}

impl<T> Default for Callers<T> {
    fn default() -> Self {
        let (order, resting) = <(BTreeSet<_>, BTreeSet<_>)>::default();
        Self { lines: HashMap::new(), order, resting, mark: 0, sizes: Sizes::default(), rows: 0 }
    }
}

impl<T: Clone> Callers<T> {
    /// Rows that wait.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn insert(&mut self, rank: Rank, entry: Entry<T>) {
        self.change(rank.caller, |line| {
            line.rows += entry.left();
            line.waiting.insert(rank, entry);
        });
    }

    pub(super) fn remove(&mut self, rank: Rank) -> Option<Entry<T>> {
        self.lines.get(&rank.caller)?.waiting.get(&rank)?;
        self.change(rank.caller, |line| {
            let entry = line.waiting.remove(&rank)?;
            line.rows -= entry.left();
            Some(entry)
        })
    }

    /// Whose turn it is.
    pub(super) fn first(&self) -> Option<(Rank, &Entry<T>)> {
        let rank = self.order.first()?.first;
        Some((rank, self.lines.get(&rank.caller)?.waiting.get(&rank)?))
    }

    /// Takes the next rows of a request, of which a row costs so many nanoseconds.
    pub(super) fn take(&mut self, rank: Rank, rows: usize, row: f64) -> Option<Part<T>> {
        let cost = ((row * rows as f64) as i64).max(1);
        let (used, start) = self.lines.get(&rank.caller).and_then(|line| Some((line.used, line.place?.start)))?;
        let moved_on = self.mark.saturating_add(cost / (2 * self.order.len().max(1) as i64));
        self.mark = moved_on.max(used.min(start));
        self.change(rank.caller, |line| {
            let entry = line.waiting.get_mut(&rank)?;
            let part = entry.part(rows);
            entry.taken += rows;
            if entry.left() == 0 {
                line.waiting.remove(&rank);
            }
            line.rows -= rows;
            line.used = line.used.saturating_add(cost);
            Some(part)
        })
    }

    /// What goes before `rows` that come now with this rank: of others no more than is given to each while all that goes before
    /// these rows, and they themselves, are computed.
    pub(super) fn before(&self, rank: Rank, priority: i32, rows: usize, row: f64) -> Before {
        let line = self.lines.get(&rank.caller);
        let behind = line.map_or(0, |line| line.waiting.range(rank..).map(|(_, entry)| entry.left()).sum());
        let (own_rows, used) = line.map_or((0, 0), |line| (line.rows, line.used));
        let (own, used_more) = (own_rows - behind, (used - self.mark).max(0));
        let put_back = -headstart(priority.min(0), self.order.len() + 1);
        let each = (own + rows).saturating_add(((used_more + put_back) as f64 / row) as usize);
        Before { own, others: self.sizes.taken(each, own_rows) }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<T>> {
        self.lines.values().flat_map(|line| line.waiting.values())
    }

    /// Callers of which something is known.
    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.lines.len()
    }

    /// Takes everything out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Entry<T>> + use<T> {
        std::mem::take(self).lines.into_values().flat_map(|line| line.waiting.into_values())
    }

    /// Changes what one caller has waiting, and with it its place and the counts.
    fn change<R>(&mut self, caller: u64, change: impl FnOnce(&mut Line<T>) -> R) -> R {
        let line = self.lines.entry(caller).or_insert_with(Line::new);
        match line.place.take() {
            Some(place) => _ = self.order.remove(&place),
            None => {
                self.resting.remove(&(line.used, caller));
                line.used = line.used.max(self.mark);
            }
        }
        let before = line.rows;
        let changed = change(line);
        self.rows = self.rows - before + line.rows;
        self.sizes.change(before, line.rows);
        match line.waiting.first_key_value() {
            Some((first, entry)) => {
                let headstart = headstart(entry.priority, self.order.len() + 1);
                let place = Place { start: line.used.saturating_sub(headstart), first: *first };
                line.place = Some(place);
                self.order.insert(place);
            }
            None => _ = self.resting.insert((line.used, caller)),
        }
        while let Some((used, caller)) = self.resting.first().copied().filter(|(used, _)| *used <= self.mark) {
            self.resting.remove(&(used, caller));
            self.lines.remove(&caller);
        }
        changed
    }
}

impl<T> Line<T> {
    fn new() -> Self {
        Self { waiting: BTreeMap::new(), rows: 0, used: 0, place: None }
    }
}
