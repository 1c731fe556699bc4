//! One batch: rows of several callers in one matrix, and each caller's own rows out of the result.

use crate::error::{Error, Result};
use crate::model::{LoadedModel, Predictions};
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What a caller waits for.
pub(super) struct Request {
    /// `(n_samples, n_features)`, as the model's schema wants them.
    pub(super) features: Array2<f64>,
    pub(super) deadline: Instant,
    pub(super) reply: oneshot::Sender<Result<Predictions>>,
    pub(super) claim: Claim,
    /// Its rows count as in flight as long as it lives.
    pub(super) rows: RowsInFlight,
}

impl Request {
    /// Answers the caller, if it still waits.
    pub(super) fn answer(self, result: Result<Predictions>) {
        drop(self.rows); // Before the answer: who has its answer is no longer in flight.
        let _ = self.reply.send(result);
    }

    /// The caller has left.
    pub(super) fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}

/// Decides between the batch that would compute a request and the caller whose time is up: the first one has it, so that
/// the caller knows for certain whether its rows were computed.
#[derive(Clone, Default)]
pub(super) struct Claim(Arc<AtomicBool>);

impl Claim {
    /// Whether this is the first one.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// Rows that are counted until this is dropped.
pub(super) struct RowsInFlight {
    total: Arc<AtomicUsize>,
    own: usize,
}

impl RowsInFlight {
    /// Counts `own` rows more, if `admit` lets them beside those that are counted.
    pub(super) fn enter(total: &Arc<AtomicUsize>, own: usize, admit: impl Fn(usize) -> Result<()>) -> Result<Self> {
        let mut now = total.load(Ordering::SeqCst);
        loop {
            admit(now)?;
            match total.compare_exchange_weak(now, now + own, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return Ok(Self { total: Arc::clone(total), own }),
                Err(changed) => now = changed,
            }
        }
    }

    /// Those of this request.
    pub(super) fn count(&self) -> usize {
        self.own
    }
}

impl Drop for RowsInFlight {
    fn drop(&mut self) {
        self.total.fetch_sub(self.own, Ordering::SeqCst);
    }
}

/// Computes a batch and answers every caller with its own rows.
///
/// A row's answer does not depend on its batch-mates, so a batch that panics is computed again one request at a time: only
/// the one that cannot be computed learns of it.
///
/// `ran` is told of each run before its callers are answered: how many rows, and how long it took.
pub(super) fn compute(model: &LoadedModel, requests: Vec<Request>, ran: &impl Fn(usize, Duration)) {
    let begun = Instant::now();
    let answers = predict(model, &requests);
    ran(requests.iter().map(|request| request.features.nrows()).sum(), begun.elapsed());
    match answers {
        Ok(answers) => requests.into_iter().zip(answers).for_each(|(request, answer)| request.answer(Ok(answer))),
        Err(error) if requests.len() == 1 => requests.into_iter().for_each(|it| it.answer(Err(error.clone()))),
        Err(_) => requests.into_iter().filter(|it| !it.is_abandoned()).for_each(|it| compute(model, vec![it], ran)),
    }
}

/// The answer of each request, in their order; a panic is an error.
fn predict(model: &LoadedModel, requests: &[Request]) -> Result<Vec<Predictions>> {
    contained(model, || together(model, requests))
}

/// Computes rows that are in no batch; a panic is an error.
pub(super) fn alone(model: &LoadedModel, features: ArrayView2<'_, f64>) -> Result<Predictions> {
    contained(model, || answer(model, features))
}

fn contained<T>(model: &LoadedModel, compute: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(compute))
        .unwrap_or_else(|_| Err(Error::internal(format!("predict of model {}@{} panicked", model.name, model.version))))
}

fn together(model: &LoadedModel, requests: &[Request]) -> Result<Vec<Predictions>> {
    if let [alone] = requests {
        return Ok(vec![answer(model, alone.features.view())?]); // No copy of its rows.
    }
    let views: Vec<_> = requests.iter().map(|request| request.features.view()).collect();
    let rows = concatenate(Axis(0), &views).map_err(|error| Error::internal(error.to_string()))?;
    let answer = answer(model, rows.view())?;
    let mut from = 0;
    let own = views.iter().map(|view| {
        let own = answer.slice(from, view.nrows());
        from += view.nrows();
        own
    });
    Ok(own.collect())
}

/// One answer for each row, or an error.
fn answer(model: &LoadedModel, features: ArrayView2<'_, f64>) -> Result<Predictions> {
    let (rows, answer) = (features.nrows(), model.pipeline.predict(features));
    if answer.n_rows() != rows {
        return Err(Error::internal(format!("{} predictions for {rows} rows", answer.n_rows())));
    }
    Ok(answer)
}
