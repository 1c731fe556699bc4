//! How a fit that takes long goes on after a restart: it offers its state now and then, and takes the last one back.
//!
//! An iterative fit has all that it needs for the next iteration in a [`State`]. It begins with a fresh one, lets
//! [`Checkpoint::resume`] put the one in its place that was kept before a restart, and offers it after each iteration. What it
//! learns is the same to the bit, however often it was cut off. When the state is written is a matter of time, which must not
//! reach the result: offering changes nothing.

use super::archive::{State, read, written};
use super::{Progress, Training};
use crate::error::{Error, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};

/// More bytes of a state are not kept.
pub const MAX_STATE_BYTES: usize = 60 * 1024 * 1024;

/// Of the SHA-256 of a task.
const TASK_BYTES: usize = 8;

/// What was kept of a fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Of how many iterations.
    pub iteration: usize,
    /// For the fit to read.
    pub state: Vec<u8>,
}

/// Where the states of the fits of one job are kept.
pub trait StateStore {
    /// What a fit kept last, before the job was cut off; fits are told apart by their names.
    ///
    /// # Errors
    /// Why what was kept cannot be used.
    fn last(&self, fit: &str) -> Result<Option<Kept>>;

    /// Whether so much time has passed that it pays to keep a state, which is then written down at once.
    fn is_due(&self) -> bool;

    /// Keeps a state in place of the one before. Where that goes wrong the fit goes on, and the state before is the last one.
    fn keep(&self, fit: &str, kept: Kept);

    /// The state that was due is too large to be kept. It is not due again sooner than if it had been.
    fn give_up(&self, fit: &str);
}

/// The states of the fits of one job, one after the other.
///
/// A fit is known by its place among all of them, and by what it is told to learn. The same job makes the same fits in the same order,
/// so that each finds its own state after a restart, and another one that has come to its place does not. Those within a fit that keeps a state itself keep none, because it may leave them out when it goes on.
pub struct Checkpoints<'a> {
    store: &'a dyn StateStore,
    n_fits: Cell<usize>,
    is_open: Cell<bool>,
    /// What is learned, and from how many rows; in hex.
    task: RefCell<String>,
}

impl<'a> Checkpoints<'a> {
    /// Of a job that begins, or begins again.
    pub fn new(store: &'a dyn StateStore) -> Self {
        Self { store, n_fits: Cell::new(0), is_open: Cell::new(false), task: RefCell::default() }
    }

    /// The fits that come are those of this task: what is learned, and from how many rows.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::error::Error::Internal) if it cannot be written down.
    pub(super) fn begin(&self, task: &impl Serialize) -> Result<()> {
        let task = serde_json::to_vec(task).map_err(|cause| Error::internal(cause.to_string()))?;
        let digest = Sha256::digest(&task);
        self.task.replace(digest.iter().take(TASK_BYTES).map(|byte| format!("{byte:02x}")).collect());
        Ok(())
    }
}

/// What keeps the state of one fit.
pub(super) struct Checkpoint<'a> {
    progress: &'a dyn Progress,
    own: Option<Own<'a>>,
}

struct Own<'a> {
    all: &'a Checkpoints<'a>,
    /// `3.k_means.5f2c09d1a7e84b36`
    fit: String,
}

impl Training<'_> {
    /// What keeps the state of this fit, until it is dropped.
    pub(super) fn checkpoint(&self, algorithm: &str) -> Checkpoint<'_> {
        Checkpoint::of(self.progress, algorithm)
    }
}

impl Drop for Own<'_> {
    fn drop(&mut self) {
        self.all.is_open.set(false);
    }
}

impl<'a> Checkpoint<'a> {
    /// What keeps the state of what comes next, until it is dropped; `name` says what that is.
    pub(super) fn of(progress: &'a dyn Progress, name: &str) -> Self {
        let all = progress.checkpoints().filter(|all| !all.is_open.replace(true));
        let own = all.map(|all| {
            let (number, task) = (all.n_fits.replace(all.n_fits.get() + 1), all.task.borrow());
            Own { all, fit: format!("{number}.{name}.{task}") }
        });
        Self { progress, own }
    }

    /// Keeps nothing.
    pub(super) fn none(progress: &'a dyn Progress) -> Self {
        Self { progress, own: None }
    }

    /// Puts the state that was kept last in the place of a fresh one, if there is any that can be used.
    ///
    /// # Errors
    /// What the progress answers, which hears of it.
    pub(super) fn resume<S: State>(&self, state: &mut S) -> Result<()> {
        self.resume_at(state, |iteration| format!("iteration {iteration}"))
    }

    /// The same where states are of something else than iterations; `place` says of what.
    ///
    /// # Errors
    /// As there.
    pub(super) fn resume_at<S: State>(&self, state: &mut S, place: impl FnOnce(usize) -> String) -> Result<()> {
        let Some(Own { all, fit }) = &self.own else { return Ok(()) };
        let found = all.store.last(fit).and_then(|kept| {
            kept.map(|Kept { iteration, state: bytes }| Ok((iteration, read(state, &bytes)?))).transpose()
        });
        match found {
            Ok(None) => Ok(()),
            Ok(Some((iteration, kept))) => {
                *state = kept;
                self.progress.report(&format!("resumed from checkpoint of {}", place(iteration)), 0.0)
            }
            Err(why) => self.progress.report(&format!("its checkpoint could not be read ({why}); starts again"), 0.0),
        }
    }

    /// Whether a state that is offered is kept.
    pub(super) fn is_due(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.all.store.is_due())
    }

    /// Shows the state after so many iterations; it is kept if it is time.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::error::Error::Internal) if it cannot be written down.
    pub(super) fn offer(&self, iteration: usize, state: &mut impl State) -> Result<()> {
        let Some(Own { all, fit }) = self.own.as_ref().filter(|own| own.all.store.is_due()) else { return Ok(()) };
        match written(state, MAX_STATE_BYTES)? {
            Some(state) => all.store.keep(fit, Kept { iteration, state }),
            None => all.store.give_up(fit),
        }
        Ok(())
    }
}
