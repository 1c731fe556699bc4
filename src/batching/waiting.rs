//! The caller's side of a request that waits: it is answered, its time is over, or it leaves.

use super::lane::Lane;
use super::priority::Rank;
use super::request::Answer;
use super::worker::Shared;
use crate::error::{Error, Result};
use crate::model::Predictions;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout_at;

/// A request in the queue. Dropping it takes the request out, so that nothing is computed that nobody waits for.
pub(super) struct Waiting<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) lane: &'a Lane,
    /// Where it stands in the queue; `None` when it does not any more.
    pub(super) rank: Option<Rank>,
    pub(super) arrived: Instant,
    /// How long its batch is kept open for others.
    pub(super) delay: Duration,
    pub(super) deadline: Instant,
}

impl Waiting<'_> {
    /// Its answer, or that its time is over.
    pub(super) async fn answered(mut self, mut answer: Answer) -> Result<Predictions> {
        // The batch closes when its oldest request has waited that long. That one may leave, or have come with another delay:
        // so everybody looks after each delay.
        let mut look_at = self.arrived + self.delay;
        while !self.delay.is_zero() && look_at < self.deadline {
            match timeout_at(look_at.into(), &mut answer).await {
                Ok(answer) => return self.done(answer.unwrap_or_else(|_| Err(lost()))),
                Err(_) => self.shared.call(self.shared.scheduler.wake(look_at)),
            }
            look_at += self.delay;
        }
        match timeout_at(self.deadline.into(), &mut answer).await {
            Ok(answer) => self.done(answer.unwrap_or_else(|_| Err(lost()))),
            Err(_) => Err(self.late()),
        }
    }

    /// An answer was there. After an error, what is left of the request is not computed either.
    fn done(&mut self, answer: Result<Predictions>) -> Result<Predictions> {
        if answer.is_err() {
            self.withdraw();
        }
        self.rank = None;
        answer
    }

    /// Its time is over. Whoever takes it out of the queue has it: this, or a batch; so the caller knows for certain whether
    /// its rows were computed.
    fn late(&mut self) -> Error {
        match self.withdraw() {
            Some(0) => {
                self.shared.metrics.expired.inc();
                Error::DeadlineExceeded
            }
            _ => Error::TooLate,
        }
    }

    /// Takes it out of the queue, if some of it is still there, and says how many of its rows are not.
    fn withdraw(&mut self) -> Option<usize> {
        let note = |own, all| self.shared.note_rows(self.lane, own, all);
        let entry = self.shared.scheduler.withdraw(self.lane.key(), self.rank.take()?, note)?;
        Some(entry.taken)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.withdraw().is_some() {
            self.shared.metrics.abandoned.inc();
        }
    }
}

fn lost() -> Error {
    Error::internal("a request was dropped without an answer")
}
