//! Calls of a learner, one after the other, without a lock: what they need is handed from one to the next.

use super::accept::Answers;
use super::asked::Batch;
use super::table::{DELETE, Place, not_found};
use super::{Current, Shared, journal};
use crate::data::Name;
use crate::error::Result;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// What a call wants of a learner, and where its answer goes. It has a place among those that wait, which are so many at most.
pub(super) struct Call {
    pub(super) place: Place,
    pub(super) work: Work,
}

pub(super) enum Work {
    Learn {
        batch: Box<Batch>,
        /// Whether the caller has gone.
        left: Arc<AtomicBool>,
        answers: Answers,
    },
    Delete {
        answer: oneshot::Sender<Result<()>>,
    },
}

/// Those that wait, and whether somebody works them off.
#[derive(Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    calls: VecDeque<Call>,
    is_worked_off: bool,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Puts a call behind those that wait, and sees to it that they are worked off. A call that has begun goes on to its end also
    /// if the one who asked for it goes away: what comes between a commit and what is shown must not be left out.
    pub(super) fn submit(self: &Arc<Self>, call: Call) {
        let (name, entry) = (call.place.name().clone(), Arc::clone(call.place.entry()));
        let mut waiting = entry.queue.waiting();
        waiting.calls.push_back(call);
        if std::mem::replace(&mut waiting.is_worked_off, true) {
            return;
        }
        drop(waiting);
        let desk = Desk { shared: Arc::clone(self), name, entry };
        let mut at_work = self.at_work();
        while at_work.try_join_next().is_some() {}
        at_work.spawn(desk.work_off());
    }

    /// Waits until all calls that were put here are worked off.
    pub(super) async fn worked_off(&self) {
        while poll_fn(|context| self.at_work().poll_join_next(context)).await.is_some() {}
    }

    fn at_work(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Works off the calls of one learner. Dropped early it leaves the calls that wait without an answer, and the next one begins anew.
struct Desk {
    shared: Arc<Shared>,
    name: Name,
    entry: Arc<super::table::Entry>,
}

impl Desk {
    async fn work_off(self) {
        let mut current = self.shared.parked.take(&self.name);
        loop {
            let call = {
                let mut waiting = self.entry.queue.waiting();
                let Some(call) = waiting.calls.pop_front() else {
                    // Within the lock: whoever comes next finds it.
                    self.shared.parked.park(&self.name, current);
                    waiting.is_worked_off = false;
                    return;
                };
                call
            };
            self.serve(call, &mut current).await;
        }
    }

    async fn serve(&self, Call { place, work }: Call, current: &mut Current) {
        match work {
            Work::Learn { batch, left, mut answers } => {
                let learned = self.shared.partial_fit(&place, *batch, &left, current, &mut answers).await;
                drop(place);
                answers.last(learned);
            }
            Work::Delete { answer } => {
                let deleted = self.delete(&place, current).await;
                drop(place);
                let _ = answer.send(deleted); // Who has gone does not want to know.
            }
        }
    }

    async fn delete(&self, place: &Place, current: &mut Current) -> Result<()> {
        place.entry().record().ok_or_else(|| not_found(&self.name, DELETE))?;
        journal::forget(&self.shared.parts.coordination, &self.name).await?;
        *current = None;
        place.entry().forget();
        self.shared.delete_files(&self.name).await;
        Ok(())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let mut waiting = self.entry.queue.waiting();
        if waiting.is_worked_off && std::thread::panicking() {
            let left = std::mem::take(&mut waiting.calls);
            waiting.is_worked_off = false;
            drop(waiting);
            drop(left); // Their answers are that this ended early.
        }
    }
}
