//! The learners that there are, and how many calls each has.

use super::queue::Queue;
use super::record::{Kept, Learned, LearnerStatus, Record, Shape};
use crate::data::Name;
use crate::error::{Error, Result};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Batches whose losses are shown.
const RECENT: usize = 100;

pub(super) struct LearnerTable {
    entries: Arc<Mutex<BTreeMap<Name, Slot>>>,
    max_learners: usize,
    max_waiting: usize,
}

struct Slot {
    entry: Arc<Entry>,
    /// Calls that wait for their turn or have it.
    calls: usize,
}

/// A learner, or what becomes one.
#[derive(Default)]
pub(super) struct Entry {
    /// Calls in their order.
    pub(super) queue: Queue,
    shown: Mutex<Option<Shown>>,
}

struct Shown {
    shape: Shape,
    record: Record,
    recent: VecDeque<Learned>,
}

impl LearnerTable {
    pub(super) fn new(max_learners: usize, max_waiting: usize) -> Self {
        Self { entries: Arc::default(), max_learners, max_waiting }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Name, Slot>> {
        locked(&self.entries)
    }

    /// Adds a learner that was found.
    pub(super) fn add(&self, Kept { name, shape, record, batches }: Kept) {
        let entry = Entry::default();
        entry.show(&shape, record);
        batches.into_iter().for_each(|it| entry.show_batch(it.learned));
        self.entries().insert(name, Slot { entry: Arc::new(entry), calls: 0 });
    }

    pub(super) fn names(&self) -> Vec<Name> {
        self.entries().keys().cloned().collect()
    }

    pub(super) fn get(&self, name: &Name) -> Result<LearnerStatus> {
        let entry = self.entries().get(name).map(|slot| Arc::clone(&slot.entry));
        entry.ok_or_else(|| not_found(name, SHOW))?.status(name)
    }

    /// A place among those that wait for a learner. One that is made stays if it is shown.
    pub(super) fn enter(&self, name: &Name, missing: Missing) -> Result<Place> {
        let mut entries = self.entries();
        let count = entries.len();
        if !entries.contains_key(name) {
            if let Missing::IsRefused(to) = missing {
                return Err(not_found(name, to));
            }
            if count >= self.max_learners {
                return Err(Error::TooMany { what: "learners", count, limit: self.max_learners });
            }
        }
        let slot = entries.entry(name.clone()).or_insert_with(|| Slot { entry: Arc::default(), calls: 0 });
        if slot.calls >= self.max_waiting {
            return Err(Error::TooMany { what: "batches", count: slot.calls, limit: self.max_waiting });
        }
        slot.calls += 1;
        Ok(Place { name: name.clone(), entry: Arc::clone(&slot.entry), entries: Arc::clone(&self.entries) })
    }
}

/// What becomes of a learner that is asked for and not there.
#[derive(Clone, Copy)]
pub(super) enum Missing {
    IsMade,
    /// What was to be done with it.
    IsRefused(&'static str),
}

/// What is to be done with a learner, as in [`Error::LearnerNotFound`].
pub(super) const LEARN: &str = "learn";
pub(super) const SHOW: &str = "show";
pub(super) const DELETE: &str = "delete";

/// Who holds it waits for a learner, or has it.
pub(super) struct Place {
    name: Name,
    entry: Arc<Entry>,
    entries: Arc<Mutex<BTreeMap<Name, Slot>>>,
}

impl Place {
    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut entries = locked(&self.entries);
        let Some(slot) = entries.get_mut(&self.name) else { return };
        slot.calls -= 1;
        if slot.calls == 0 && locked(&slot.entry.shown).is_none() {
            entries.remove(&self.name);
        }
    }
}

impl Entry {
    /// How it is, as it was committed; `None` while nothing was.
    pub(super) fn record(&self) -> Option<Record> {
        locked(&self.shown).as_ref().map(|shown| shown.record.clone())
    }

    /// # Errors
    /// [`Error::LearnerNotFound`].
    pub(super) fn status(&self, name: &Name) -> Result<LearnerStatus> {
        let shown = locked(&self.shown);
        let Shown { shape, record, recent } = shown.as_ref().ok_or_else(|| not_found(name, SHOW))?;
        Ok(LearnerStatus {
            model: name.clone(),
            steps: shape.steps.clone(),
            schema: shape.schema.clone(),
            seed: shape.seed,
            policy: record.policy,
            batches: record.batches,
            samples: record.samples,
            recent: recent.iter().cloned().collect(),
            last_version: record.last_version,
        })
    }

    pub(super) fn show(&self, shape: &Shape, record: Record) {
        let mut shown = locked(&self.shown);
        let recent = shown.take().map(|it| it.recent).unwrap_or_default();
        *shown = Some(Shown { shape: shape.clone(), record, recent });
    }

    /// Shows how it is now.
    pub(super) fn update(&self, record: Record) {
        if let Some(shown) = locked(&self.shown).as_mut() {
            shown.record = record;
        }
    }

    /// Shows what came of a batch: the next one, or the last one again.
    pub(super) fn show_batch(&self, learned: Learned) {
        let mut shown = locked(&self.shown);
        let Some(Shown { recent, .. }) = shown.as_mut() else { return };
        if recent.back().is_some_and(|last| last.batch == learned.batch) {
            recent.pop_back();
        }
        recent.push_back(learned);
        if recent.len() > RECENT {
            recent.pop_front();
        }
    }

    pub(super) fn forget(&self) {
        *locked(&self.shown) = None;
    }
}

/// `to` as in [`Error::LearnerNotFound`].
pub(super) fn not_found(name: &Name, to: &'static str) -> Error {
    Error::LearnerNotFound { model: name.to_string(), to }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
