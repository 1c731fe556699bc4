//! The queue of each model, and the pool that empties it.

use super::Limits;
use super::batch::{Claim, Request, RowsInFlight, compute};
use super::policy::{Verdict, Waiting, admit, batch_rows, check_answer, judge};
use crate::data::{Features, Name};
use crate::error::{Error, Result};
use crate::model::{LoadedModel, Predictions};
use crate::pool::{Full, Pool};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// Takes requests, makes batches of them, answers each. Cloning shares the queues.
#[derive(Clone)]
pub struct Batcher {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Arc<Pool>,
    limits: Limits,
    rows_in_flight: Arc<AtomicUsize>,
    /// A model has a lane as long as a batch of it runs or waits to run.
    lanes: Mutex<HashMap<Key, Lane>>,
}

/// Requests of one key may share a batch: the same version of the same model. A version never changes.
type Key = (Name, u64);

struct Lane {
    model: Arc<LoadedModel>,
    waiting: VecDeque<Request>,
}

impl Batcher {
    /// A batcher that computes on `pool`.
    pub fn new(pool: Arc<Pool>, limits: Limits) -> Self {
        let shared = Shared { pool, limits, rows_in_flight: Arc::default(), lanes: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Rows that wait or are computed.
    pub fn rows_in_flight(&self) -> usize {
        self.shared.rows_in_flight.load(Ordering::SeqCst)
    }

    /// Predicts `features`, in a batch with whatever else waits for this model. Dropping the future abandons the request.
    ///
    /// # Errors
    /// What the model's schema says of the features; [`Error::InvalidArgument`] for more rows than one reply answers;
    /// [`Error::TooManyRows`] and [`Error::TooMany`] (batches);
    /// [`Error::DeadlineExceeded`] if nothing was computed, [`Error::TooLate`] if it was; [`Error::Internal`] if the model
    /// panics on these rows.
    pub async fn submit(&self, model: Arc<LoadedModel>, features: &Features, deadline: Instant) -> Result<Predictions> {
        let features = model.matrix(features)?;
        check_answer(features.nrows(), model.pipeline.answer_bytes(), &self.shared.limits)?;
        let asked = features.nrows().max(1); // One without rows takes a place too, or they would have no bound.
        let admit = |in_flight| admit(in_flight, asked, &self.shared.limits);
        let rows = RowsInFlight::enter(&self.shared.rows_in_flight, asked, admit)?;
        let ((reply, answer), claim) = (oneshot::channel(), Claim::default());
        self.enqueue(model, Request { features, deadline, reply, claim: claim.clone(), rows });
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::internal("a request was dropped without an answer")),
            Err(_) if claim.take() => Err(Error::DeadlineExceeded),
            Err(_) => Err(Error::TooLate),
        }
    }

    fn enqueue(&self, model: Arc<LoadedModel>, request: Request) {
        let key = (model.name.clone(), model.version);
        let mut lanes = self.shared.lanes();
        if let Some(lane) = lanes.get_mut(&key) {
            return lane.waiting.push_back(request);
        }
        lanes.insert(key.clone(), Lane { model, waiting: VecDeque::from([request]) });
        drop(lanes);
        let (shared, own) = (Arc::clone(&self.shared), key.clone());
        if let Err(full) = self.shared.pool.submit(move || shared.run(&own)) {
            self.shared.refuse(&key, &full);
        }
    }
}

impl Shared {
    fn lanes(&self) -> MutexGuard<'_, HashMap<Key, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Computes one batch of a lane, then lets the other models have their turn.
    fn run(self: Arc<Self>, key: &Key) {
        loop {
            let Some((model, batch)) = self.take(key) else { return };
            if !batch.is_empty() {
                compute(&model, batch);
            }
            let (shared, next) = (Arc::clone(&self), key.clone());
            if self.pool.submit(move || shared.run(&next)).is_ok() {
                return;
            }
        }
    }

    /// The next batch; an empty lane is closed.
    fn take(&self, key: &Key) -> Option<(Arc<LoadedModel>, Vec<Request>)> {
        let mut lanes = self.lanes();
        let lane = lanes.get_mut(key)?;
        if lane.waiting.is_empty() {
            lanes.remove(key);
            return None;
        }
        let model = Arc::clone(&lane.model);
        let max_rows = batch_rows(model.pipeline.answer_bytes(), &self.limits);
        let (batch, expired) = next_batch(&mut lane.waiting, Instant::now(), max_rows);
        drop(lanes);
        expired.into_iter().for_each(|request| request.answer(Err(Error::DeadlineExceeded)));
        Some((model, batch))
    }

    /// Refuses what has come to a lane that never ran.
    fn refuse(&self, key: &Key, &Full { capacity }: &Full) {
        let lane = self.lanes().remove(key);
        for request in lane.into_iter().flat_map(|lane| lane.waiting) {
            request.answer(Err(Error::TooMany { what: "batches", count: capacity, limit: capacity }));
        }
    }
}

/// Takes from the queue what makes the next batch, and what is late; drops what nobody waits for.
fn next_batch(waiting: &mut VecDeque<Request>, now: Instant, max_rows: usize) -> (Vec<Request>, Vec<Request>) {
    let (mut batch, mut expired, mut rows) = (vec![], vec![], 0);
    while let Some(request) = waiting.pop_front() {
        let asked = request.rows.count();
        let state = Waiting { rows: asked, deadline: request.deadline, abandoned: request.is_abandoned() };
        match judge(state, rows, now, max_rows) {
            Verdict::Join if request.claim.take() => {
                rows += asked;
                batch.push(request);
            }
            Verdict::Join | Verdict::Drop => drop(request),
            Verdict::Expire => expired.push(request),
            Verdict::Close => {
                waiting.push_front(request);
                break;
            }
        }
    }
    (batch, expired)
}
