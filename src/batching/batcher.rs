//! The queue of each model, and the pool that empties it.

use super::Limits;
use super::batch::{Request, RowsInFlight, compute};
use super::policy::{Verdict, Waiting, admit, judge};
use crate::data::{Features, Name};
use crate::error::{Error, Result};
use crate::model::{LoadedModel, Predictions};
use crate::pool::Pool;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
    /// What the model's schema says of the features, [`Error::TooManyRows`], [`Error::DeadlineExceeded`],
    /// [`Error::TooLate`], or [`Error::Internal`] if the model panics on these rows.
    pub async fn submit(&self, model: Arc<LoadedModel>, features: &Features, deadline: Instant) -> Result<Predictions> {
        let features = model.matrix(features)?;
        let asked = features.nrows();
        let admit = |in_flight| admit(in_flight, asked, &self.shared.limits);
        let rows = RowsInFlight::enter(&self.shared.rows_in_flight, asked, admit)?;
        let (reply, answer) = oneshot::channel();
        let begun = Arc::new(AtomicBool::new(false));
        self.enqueue(model, Request { features, deadline, reply, begun: Arc::clone(&begun), rows });
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::internal("a request was dropped without an answer")),
            Err(_) if begun.load(Ordering::SeqCst) => Err(Error::TooLate),
            Err(_) => Err(Error::DeadlineExceeded),
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
        let shared = Arc::clone(&self.shared);
        let failed_key = key.clone();
        if self.shared.pool.submit(move || shared.run(&key)).is_err() {
            self.shared.refuse(&failed_key);
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
        let (batch, expired) = next_batch(&mut lane.waiting, Instant::now(), &self.limits);
        drop(lanes);
        expired.into_iter().for_each(|request| request.answer(Err(Error::DeadlineExceeded)));
        Some((model, batch))
    }

    /// The pool takes no more work: nothing of this lane was run.
    fn refuse(&self, key: &Key) {
        let lane = self.lanes().remove(key);
        for request in lane.into_iter().flat_map(|lane| lane.waiting) {
            request.answer(Err(Error::Unavailable { what: "the compute threads take no more work".into() }));
        }
    }
}

/// Takes from the queue what makes the next batch, and what is late; drops what nobody waits for.
fn next_batch(waiting: &mut VecDeque<Request>, now: Instant, limits: &Limits) -> (Vec<Request>, Vec<Request>) {
    let (mut batch, mut expired, mut rows) = (vec![], vec![], 0);
    while let Some(request) = waiting.pop_front() {
        let asked = request.features.nrows();
        let state = Waiting { rows: asked, deadline: request.deadline, abandoned: request.reply.is_closed() };
        match judge(state, rows, now, limits) {
            Verdict::Join => {
                request.begun.store(true, Ordering::SeqCst);
                rows += asked;
                batch.push(request);
            }
            Verdict::Expire => expired.push(request),
            Verdict::Drop => drop(request),
            Verdict::Close => {
                waiting.push_front(request);
                break;
            }
        }
    }
    (batch, expired)
}
