//! Takes requests: computes them where they stand, or puts them into the queue.

use super::admission::{admit, admit_wait, check_size};
use super::compute::alone;
use super::draw::draw;
use super::entry::Entry;
use super::in_flight::RowsInFlight;
use super::lane::Lane;
use super::policy::{Arrived, Place, place, there_and_back};
use super::queue::Asked;
use super::request::Request;
use super::scheduler::Scheduler;
use super::waiting::Waiting;
use super::work::{AtOnce, Prepared, Work};
use super::worker::Shared;
use super::{Limits, Options};
use crate::error::{Error, Result};
use crate::model::{LoadedModel, Predictions};
use crate::pool::Pool;
use crate::telemetry::EngineMetrics;
use ndarray::Array2;
use std::borrow::Borrow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Answers requests, in batches where that helps. Cloning shares the queue.
#[derive(Clone)]
pub struct Batcher {
    shared: Arc<Shared>,
}

impl Batcher {
    /// A batcher that computes on `pool`. A model belongs to one batcher as long as it is loaded.
    pub fn new(pool: Arc<Pool>, options: Options, metrics: EngineMetrics) -> Self {
        let scheduler = Scheduler::new(pool.threads());
        Self { shared: Arc::new(Shared { pool, options, scheduler, rows_in_flight: Arc::default(), metrics }) }
    }

    /// Rows that wait or are computed by the pool.
    pub fn rows_in_flight(&self) -> usize {
        self.shared.rows_in_flight.total()
    }

    /// Predicts rows, if that takes less than handing them over; else prepares them for [`Batcher::enqueued`].
    ///
    /// # Errors
    /// As [`Batcher::submit`].
    pub fn at_once(&self, work: Work<impl Borrow<Arc<LoadedModel>>>) -> Result<AtOnce> {
        let row_bytes = work.row_bytes();
        let Work { model, features, deadline, priority, caller } = work;
        let (model, n_rows) = (model.borrow(), features.n_rows());
        model.check_width(&features)?;
        check_size(n_rows, model.pipeline.answer_bytes(), self.limits())?;
        let lane = Lane::of(model, &self.shared.options, &self.shared.metrics)?;
        let place = self.place(lane, n_rows, row_bytes);
        if place == Place::Pool {
            let arrived = Instant::now();
            if deadline <= arrived {
                return Err(Error::DeadlineExceeded);
            }
            // Asked again when it is queued, behind others of its burst; what is refused here is neither read nor polled.
            self.foreseen(lane, &Asked { rows: n_rows.max(1), priority, caller, now: arrived }, deadline - arrived)?;
        }
        let features = model.matrix(features)?;
        match place {
            Place::Here => self.here(model, lane, features).map(AtOnce::Answered),
            Place::Pool => {
                let arrived = Instant::now(); // What rows take to become numbers is no wait.
                Ok(AtOnce::Prepared(Prepared {
                    model: Arc::clone(model),
                    features,
                    arrived,
                    deadline,
                    priority,
                    caller,
                }))
            }
        }
    }

    /// Predicts prepared rows in a batch with whatever else waits for their model.
    ///
    /// # Errors
    /// As [`Batcher::submit`].
    pub async fn enqueued(&self, prepared: Prepared) -> Result<Predictions> {
        let Prepared { model, features, arrived, deadline, priority, caller } = prepared;
        let lane = Lane::of(&model, &self.shared.options, &self.shared.metrics)?;
        let left = deadline.saturating_duration_since(arrived);
        let rows = features.nrows().max(1); // One without rows takes a place too, or they would have no bound.
        let (entered, foreseen) = self.admitted(lane, &Asked { rows, priority, caller, now: arrived }, left)?;
        let (item, answer) = Request::new(model.clone(), features, entered);
        let entry = Entry { item, rows, taken: 0, arrived, deadline, priority, caller, foreseen };
        self.enqueue(lane, entry).answered(answer).await
    }

    /// Predicts rows: at once, if that takes less than handing them over; else in a batch with whatever else waits for this
    /// model. Dropping the future abandons the request.
    ///
    /// # Errors
    /// What the model's schema says of the features; [`Error::InvalidArgument`] for more rows than one call may have, and for a
    /// row whose answer is not finite;
    /// [`Error::TooManyRows`], [`Error::TooBusy`] and [`Error::TooMany`] (batches) for what cannot be done now;
    /// [`Error::DeadlineExceeded`] if nothing was computed, [`Error::TooLate`] if something was; [`Error::Internal`] if the
    /// model panics on these rows.
    pub async fn submit(&self, work: Work) -> Result<Predictions> {
        match self.at_once(work)? {
            AtOnce::Answered(predictions) => Ok(predictions),
            AtOnce::Prepared(prepared) => self.enqueued(prepared).await,
        }
    }

    fn limits(&self) -> &Limits {
        &self.shared.options.limits
    }

    fn place(&self, lane: &Lane, rows: usize, bytes: usize) -> Place {
        let cost = lane.estimate().map(|estimate| estimate.of(rows));
        let (max_rows, waiting_rows) = (lane.max_rows(), lane.waiting_rows());
        place(Arrived { cost, rows, bytes, max_rows, waiting_rows, drawn: draw() }, self.shared.pool.hop())
    }

    fn here(&self, model: &LoadedModel, lane: &Lane, features: Array2<f64>) -> Result<Predictions> {
        let n_rows = features.nrows();
        // To look at the clock would be a felt part of a small run.
        let begun = lane.wants(n_rows).then(Instant::now);
        let answer = alone(model, features);
        self.shared.metrics.placed.here.inc();
        if let Some(begun) = begun {
            let took = begun.elapsed();
            lane.learn(n_rows, took);
            if took > there_and_back(self.shared.pool.hop()) {
                self.shared.metrics.regretted.here.inc();
            }
        }
        answer
    }

    /// Takes rows in, if there is room for them and time for all that goes before them. Answers how long they are thought to wait.
    fn admitted(&self, lane: &Lane, asked: &Asked, left: Duration) -> Result<(RowsInFlight, Duration)> {
        let Shared { rows_in_flight, metrics, .. } = &*self.shared;
        let entered = rows_in_flight.enter(asked.caller, asked.rows, |held| admit(held, asked.rows, self.limits()));
        let entered = entered.inspect_err(|_| _ = metrics.refused_full.inc())?;
        Ok((entered, self.foreseen(lane, asked, left)?))
    }

    /// How long rows are thought to wait, if there is time for that.
    fn foreseen(&self, lane: &Lane, asked: &Asked, left: Duration) -> Result<Duration> {
        let terms = lane.terms();
        let ahead = self.shared.scheduler.ahead(lane.key(), &terms, asked);
        let admitted = admit_wait(&ahead, lane.slowness.estimate(asked.now), left, lane.promised());
        admitted.inspect_err(|_| _ = self.shared.metrics.refused_late.inc())?;
        Ok(ahead.wait().max(terms.max_delay)) // The delay of a batch counts from its oldest rows.
    }

    fn enqueue<'a>(&'a self, lane: &'a Lane, entry: Entry<Arc<Request>>) -> Waiting<'a> {
        let (shared, terms) = (&self.shared, lane.terms());
        let (arrived, deadline) = (entry.arrived, entry.deadline);
        shared.metrics.placed.pool.inc();
        let note = |own, all| shared.note_rows(lane, own, all);
        let (rank, call) = shared.scheduler.push(lane.key(), terms, entry, note);
        let waiting = Waiting { shared, lane, rank: Some(rank), arrived, delay: terms.max_delay, deadline };
        shared.call(call);
        waiting
    }
}
