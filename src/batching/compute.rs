//! One batch: rows of several callers in one matrix, and each caller's own rows out of the result.

use super::entry::Part;
use super::request::Request;
use crate::error::{Error, Result};
use crate::failpoint;
use crate::model::{LoadedModel, Predictions};
use ndarray::{Array2, ArrayView2, Axis, CowArray, Ix2, concatenate};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a batch took.
pub(super) struct Run {
    pub(super) rows: usize,
    /// The model alone, once all rows were in one matrix; `None` if it failed.
    pub(super) predicted: Option<Duration>,
    /// All of it.
    pub(super) took: Duration,
}

/// Computes a batch and answers every caller with its own rows.
///
/// A row's answer does not depend on its batch-mates, so a batch that panics is computed again one request at a time: only
/// the one that cannot be computed learns of it. `ran` is told of each run before its callers are answered.
pub(super) fn compute(model: &LoadedModel, batch: Vec<Part<Arc<Request>>>, ran: &mut dyn FnMut(Run)) {
    let (begun, mut predicted) = (Instant::now(), None);
    let views: Vec<_> = batch.iter().map(|part| part.item.rows(part.from, part.rows)).collect();
    let answers = contained(model, || {
        let rows = gathered(&views)?;
        let gathered = Instant::now();
        let answer = answer(model, rows)?;
        predicted = Some(gathered.elapsed());
        Ok(shared_out(answer, &views))
    });
    ran(Run { rows: views.iter().map(ArrayView2::nrows).sum(), predicted, took: begun.elapsed() });
    match answers {
        Ok(answers) => {
            for (part, answer) in batch.iter().zip(answers) {
                part.item.answer(part.from, finite(model, answer, part.from));
            }
        }
        Err(error) if batch.len() == 1 => batch.iter().for_each(|part| part.item.answer(part.from, Err(error.clone()))),
        Err(_) => batch.into_iter().filter(|it| it.item.is_open()).for_each(|it| compute(model, vec![it], ran)),
    }
}

/// Computes rows that are in no batch; a panic is an error.
pub(super) fn alone(model: &LoadedModel, features: Array2<f64>) -> Result<Predictions> {
    contained(model, || finite(model, answer(model, features.into())?, 0))
}

/// The answer to rows from `from` on, if it is all numbers: no caller has to look for what is none.
fn finite(model: &LoadedModel, answer: Predictions, from: usize) -> Result<Predictions> {
    let Some(row) = answer.first_not_finite() else { return Ok(answer) };
    Err(Error::invalid(format!(
        "the answer of model \"{}@{}\" to row {} is not finite: values of that row are too large to calculate with; send \
         values as large as those that it was trained on",
        model.name,
        model.version,
        from + row
    )))
}

fn contained<T>(model: &LoadedModel, compute: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(compute))
        .unwrap_or_else(|_| Err(Error::internal(format!("predict of model {}@{} panicked", model.name, model.version))))
}

/// Several callers' rows in one matrix, in their order; those of one caller are not copied.
fn gathered<'a>(views: &[ArrayView2<'a, f64>]) -> Result<CowArray<'a, f64, Ix2>> {
    match views {
        [alone] => Ok((*alone).into()),
        _ => concatenate(Axis(0), views).map(CowArray::from).map_err(|error| Error::internal(error.to_string())),
    }
}

/// Each caller's own part of an answer.
fn shared_out(answer: Predictions, views: &[ArrayView2<'_, f64>]) -> Vec<Predictions> {
    if views.len() == 1 {
        return vec![answer];
    }
    let mut from = 0;
    let own = views.iter().map(|view| {
        let own = answer.slice(from, view.nrows());
        from += view.nrows();
        own
    });
    own.collect()
}

/// One answer for each row, or an error.
fn answer(model: &LoadedModel, features: CowArray<'_, f64, Ix2>) -> Result<Predictions> {
    failpoint::panic_where("compute:poison", || features.iter().any(|value| *value == f64::MAX));
    let (rows, answer) = (features.nrows(), model.pipeline.predict(features));
    if answer.n_rows() != rows {
        return Err(Error::internal(format!("{} predictions for {rows} rows", answer.n_rows())));
    }
    Ok(answer)
}
