//! The queue of each model, and the pool that empties it.

use super::Limits;
use super::batch::{Claim, Request, RowsInFlight, alone, compute};
use super::lane::Lane;
use super::policy::{Arrived, Place, Verdict, Waiting, admit, batch_rows, check_answer, judge, place};
use crate::data::{Features, Name};
use crate::error::{Error, Result};
use crate::model::{LoadedModel, Predictions};
use crate::pool::{Full, Pool};
use crate::telemetry::EngineMetrics;
use ndarray::Array2;
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
    lanes: Mutex<HashMap<Key, Queue>>,
    metrics: EngineMetrics,
}

/// Rows to predict.
pub struct Work {
    /// What answers.
    pub model: Arc<LoadedModel>,
    /// The rows, as the caller sent them.
    pub features: Features,
    /// After this the caller waits no more.
    pub deadline: Instant,
    /// Higher goes first among those that wait for the same model; 0 is usual.
    pub priority: i32,
}

/// Requests of one key may share a batch: the same version of the same model. A version never changes.
type Key = (Name, u64);

struct Queue {
    model: Arc<LoadedModel>,
    waiting: VecDeque<Request>,
}

impl Batcher {
    /// A batcher that computes on `pool`.
    pub fn new(pool: Arc<Pool>, limits: Limits, metrics: EngineMetrics) -> Self {
        let shared = Shared { pool, limits, rows_in_flight: Arc::default(), lanes: Mutex::default(), metrics };
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
    pub async fn submit(&self, work: Work) -> Result<Predictions> {
        let Work { model, features, deadline, priority: _ } = work;
        let features = model.matrix(features)?;
        check_answer(features.nrows(), model.pipeline.answer_bytes(), &self.shared.limits)?;
        let lane = Lane::of(&model, &self.shared.metrics)?;
        match self.place(lane, &features) {
            Place::Here => self.here(&model, lane, &features, deadline),
            Place::Pool => self.pooled(model, features, deadline).await,
        }
    }

    fn place(&self, lane: &Lane, features: &Array2<f64>) -> Place {
        let cost = lane.estimate().map(|estimate| estimate.of(features.nrows()));
        let bytes = size_of::<f64>() * features.len();
        place(Arrived { cost, bytes, waiting_rows: lane.waiting_rows() }, self.shared.pool.hop())
    }

    /// Runs where it stands.
    fn here(&self, model: &LoadedModel, lane: &Lane, features: &Array2<f64>, deadline: Instant) -> Result<Predictions> {
        let begun = Instant::now();
        if deadline <= begun {
            return Err(Error::DeadlineExceeded);
        }
        let answer = alone(model, features.view());
        let took = begun.elapsed();
        lane.learn(features.nrows(), took);
        self.shared.metrics.placed.here.inc();
        if took > self.shared.pool.hop() {
            self.shared.metrics.regretted.here.inc();
        }
        answer
    }

    async fn pooled(&self, model: Arc<LoadedModel>, features: Array2<f64>, deadline: Instant) -> Result<Predictions> {
        let asked = features.nrows().max(1); // One without rows takes a place too, or they would have no bound.
        let admit = |in_flight| admit(in_flight, asked, &self.shared.limits);
        let rows = RowsInFlight::enter(&self.shared.rows_in_flight, asked, admit)?;
        let ((reply, answer), claim) = (oneshot::channel(), Claim::default());
        self.shared.metrics.placed.pool.inc();
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
            lane.waiting.push_back(request);
            return self.shared.note(lane);
        }
        let queue = Queue { model, waiting: VecDeque::from([request]) };
        self.shared.note(&queue);
        lanes.insert(key.clone(), queue);
        drop(lanes);
        let (shared, own) = (Arc::clone(&self.shared), key.clone());
        if let Err(full) = self.shared.pool.submit(move || shared.run(&own)) {
            self.shared.refuse(&key, &full);
        }
    }
}

impl Shared {
    fn lanes(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says beside the model how much of it waits.
    fn note(&self, queue: &Queue) {
        if let Ok(lane) = Lane::of(&queue.model, &self.metrics) {
            lane.set_waiting_rows(queue.waiting.len());
        }
    }

    /// Computes one batch of a lane, then lets the other models have their turn.
    fn run(self: Arc<Self>, key: &Key) {
        loop {
            let Some((model, batch)) = self.take(key) else { return };
            if !batch.is_empty() {
                self.compute(&model, batch);
            }
            let (shared, next) = (Arc::clone(&self), key.clone());
            if self.pool.submit(move || shared.run(&next)).is_ok() {
                return;
            }
        }
    }

    fn compute(&self, model: &LoadedModel, batch: Vec<Request>) {
        if let Ok(lane) = Lane::of(model, &self.metrics) {
            compute(model, batch, &|rows, took| lane.learn(rows, took));
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
        self.note(lane);
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
