//! What is measured so far: threads add to it, and it is kept over restarts.

use super::measure::Measured;
use crate::error::Result;
use crate::model::archive::{Archive, State};
use crate::model::checkpoint::Checkpoint;
use crate::model::{Bounds, Progress};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What came of each fold of a candidate, by the place of the fold.
pub(super) type OfFolds = BTreeMap<usize, Measured>;

/// What came of all folds that are measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    /// What the fits may take. Scores do not depend on it; that a fit failed may.
    bounds: String,
    /// By the iteration of a halving and the place of the candidate.
    candidates: BTreeMap<(usize, usize), OfFolds>,
}

impl Found {
    fn of(bounds: &Bounds) -> Self {
        Self { bounds: format!("{bounds:?}"), candidates: BTreeMap::new() }
    }

    fn add(&mut self, (iteration, candidate): (usize, usize), fold: usize, measured: Measured) -> &OfFolds {
        let folds = self.candidates.entry((iteration, candidate)).or_default();
        folds.insert(fold, measured);
        folds
    }

    fn n_folds(&self) -> usize {
        self.candidates.values().map(BTreeMap::len).sum()
    }

    /// Forgets what fits failed by, if they may take something else now.
    fn suit(&mut self, bounds: &Bounds) {
        let bounds = format!("{bounds:?}");
        if self.bounds != bounds {
            self.candidates.values_mut().for_each(|folds| folds.retain(|_, it| it.score.is_ok()));
            self.bounds = bounds;
        }
    }
}

impl State for Found {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        archive.text(&mut self.bounds)?;
        let all = std::mem::take(&mut self.candidates).into_iter();
        let mut all: Vec<_> = all.flat_map(|(of, folds)| folds.into_iter().map(move |it| (of, it))).collect();
        let blank = || ((0, 0), (0, Measured { score: Ok(0.0), seconds: 0.0 }));
        archive.list(&mut all, blank, |((iteration, candidate), (fold, measured)), archive| {
            archive.count(iteration)?;
            archive.count(candidate)?;
            archive.count(fold)?;
            measured.pass(archive)
        })?;
        for (of, (fold, measured)) in all {
            self.add(of, fold, measured);
        }
        Ok(())
    }
}

impl State for Measured {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        let mut failed = self.score.is_err();
        archive.flag(&mut failed)?;
        if archive.is_reading() {
            self.score = if failed { Err(String::new()) } else { Ok(0.0) };
        }
        match &mut self.score {
            Ok(score) => archive.number(score)?,
            Err(why) => archive.text(why)?,
        }
        archive.number(&mut self.seconds)
    }
}

/// What the threads of a search share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    found: Found,
    /// Folds that were added by this run.
    n_added: usize,
    /// Of candidates whose folds are all measured; not told yet.
    sentences: Vec<String>,
}

impl Shared {
    /// What is measured of these folds of an iteration, which are `(candidate, fold)`.
    pub(super) fn done(&self, iteration: usize, folds: impl Iterator<Item = (usize, usize)>) -> Vec<Option<()>> {
        let open = self.locked();
        let is_done = |(candidate, fold): (usize, usize)| {
            open.found.candidates.get(&(iteration, candidate))?.get(&fold).map(|_| ())
        };
        folds.map(is_done).collect()
    }

    /// Adds a fold, and what is to be said of the candidate if it was the last one.
    pub(super) fn add(
        &self,
        of: (usize, usize),
        fold: usize,
        measured: Measured,
        sentence: impl Fn(&OfFolds) -> Option<String>,
    ) {
        let mut open = self.locked();
        let sentence = sentence(open.found.add(of, fold, measured));
        open.sentences.extend(sentence);
        open.n_added += 1;
    }

    /// What is measured of a candidate in an iteration.
    pub(super) fn of(&self, of: (usize, usize)) -> OfFolds {
        self.locked().found.candidates.get(&of).cloned().unwrap_or_default()
    }

    fn locked(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps what is shared, and tells of it; on the thread of the job.
pub(super) struct Teller<'a> {
    shared: &'a Shared,
    progress: &'a dyn Progress,
    checkpoint: Checkpoint<'a>,
    /// What was told last.
    last: RefCell<String>,
    /// Of the folds that this run has added.
    n_kept: Cell<usize>,
}

impl<'a> Teller<'a> {
    /// Begins with what was kept before a restart.
    ///
    /// # Errors
    /// What `progress` answers.
    pub(super) fn resume(shared: &'a Shared, bounds: &Bounds, progress: &'a dyn Progress) -> Result<Self> {
        let (checkpoint, mut found) = (Checkpoint::of(progress, "search"), Found::of(bounds));
        checkpoint.resume_at(&mut found, |n_folds| format!("{n_folds} fits"))?;
        found.suit(bounds);
        shared.locked().found = found;
        Ok(Self { shared, progress, checkpoint, last: RefCell::default(), n_kept: Cell::new(0) })
    }

    /// What to tell as long as no candidate is measured.
    pub(super) fn begin(&self, words: String) {
        self.last.replace(words);
    }

    /// Keeps what is new, if it is time, and tells of it; if nothing is, what was told last, for whoever wants to stop the search.
    ///
    /// # Errors
    /// What the progress answers.
    pub(super) fn tell(&self, fraction: f64) -> Result<()> {
        let new = {
            let mut open = self.shared.locked();
            if open.n_added > self.n_kept.get() && self.checkpoint.is_due() {
                let n_folds = open.found.n_folds();
                self.checkpoint.offer(n_folds, &mut open.found)?;
                self.n_kept.set(open.n_added);
            }
            std::mem::take(&mut open.sentences)
        };
        for sentence in &new {
            self.progress.report(sentence, fraction)?;
        }
        if let Some(sentence) = new.into_iter().next_back() {
            self.last.replace(sentence);
            return Ok(());
        }
        self.progress.report(&self.last.borrow(), fraction)
    }
}
