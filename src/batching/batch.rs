//! One batch: rows of several callers in one matrix, and each caller's own rows out of the result.

use crate::error::{Error, Result};
use crate::model::{LoadedModel, Predictions};
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::oneshot;

/// What a caller waits for.
pub(super) struct Request {
    /// `(n_samples, n_features)`, as the model's schema wants them.
    pub(super) features: Array2<f64>,
    pub(super) deadline: Instant,
    pub(super) reply: oneshot::Sender<Result<Predictions>>,
    /// It has joined a batch.
    pub(super) begun: Arc<AtomicBool>,
    /// Its rows count as in flight as long as it lives.
    pub(super) rows: RowsInFlight,
}

impl Request {
    /// Answers the caller, if it still waits.
    pub(super) fn answer(self, result: Result<Predictions>) {
        drop(self.rows); // Before the answer: who has its answer is no longer in flight.
        let _ = self.reply.send(result);
    }
}

/// Rows that are counted until this is dropped.
pub(super) struct RowsInFlight {
    count: Arc<AtomicUsize>,
    rows: usize,
}

impl RowsInFlight {
    /// Counts `rows` more, if `admit` lets them beside those that are counted.
    pub(super) fn enter(count: &Arc<AtomicUsize>, rows: usize, admit: impl Fn(usize) -> Result<()>) -> Result<Self> {
        let enter =
            count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| admit(now).is_ok().then(|| now + rows));
        match enter {
            Ok(_) => Ok(Self { count: Arc::clone(count), rows }),
            Err(now) => admit(now).and(Err(Error::internal("rows were refused and admitted"))),
        }
    }
}

impl Drop for RowsInFlight {
    fn drop(&mut self) {
        self.count.fetch_sub(self.rows, Ordering::SeqCst);
    }
}

/// Computes a batch and answers every caller with its own rows.
///
/// A row's answer does not depend on its batch-mates, so a batch that panics is computed again one request at a time: only
/// the one that cannot be computed learns of it.
pub(super) fn compute(model: &LoadedModel, mut requests: Vec<Request>) {
    if requests.len() == 1 {
        return requests.drain(..).for_each(|request| {
            let result = predict(model, request.features.view());
            request.answer(result);
        });
    }
    let views: Vec<_> = requests.iter().map(|request| request.features.view()).collect();
    let together = concatenate(Axis(0), &views).map_err(|error| Error::internal(error.to_string()));
    match together.and_then(|features| predict(model, features.view())) {
        Ok(predictions) => share_out(&predictions, requests),
        Err(_) => requests.into_iter().for_each(|request| compute(model, vec![request])),
    }
}

fn share_out(predictions: &Predictions, requests: Vec<Request>) {
    let mut from = 0;
    for request in requests {
        let rows = request.features.nrows();
        request.answer(Ok(predictions.slice(from, rows)));
        from += rows;
    }
}

fn predict(model: &LoadedModel, features: ArrayView2<'_, f64>) -> Result<Predictions> {
    let rows = features.nrows();
    match catch_unwind(AssertUnwindSafe(|| model.pipeline.predict(features))) {
        Ok(predictions) if predictions.n_rows() == rows => Ok(predictions),
        Ok(predictions) => Err(Error::internal(format!("{} predictions for {rows} rows", predictions.n_rows()))),
        Err(_) => Err(Error::internal(format!("predict of model {}@{} panicked", model.name, model.version))),
    }
}
