//! One batch: rows of several callers in one matrix, and each caller's own rows out of the result.

use super::backlog::Part;
use super::request::Request;
use crate::error::{Error, Result};
use crate::failpoint;
use crate::model::{LoadedModel, Predictions};
use ndarray::{ArrayView2, Axis, concatenate};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Computes a batch and answers every caller with its own rows.
///
/// A row's answer does not depend on its batch-mates, so a batch that panics is computed again one request at a time: only
/// the one that cannot be computed learns of it. `ran` is told of each run before its callers are answered: how many rows,
/// and how long it took.
pub(super) fn compute(model: &LoadedModel, batch: Vec<Part<Arc<Request>>>, ran: &mut dyn FnMut(usize, Duration)) {
    let begun = Instant::now();
    let views: Vec<_> = batch.iter().map(|part| part.item.rows(part.from, part.rows)).collect();
    let answers = contained(model, || together(model, &views));
    ran(views.iter().map(ArrayView2::nrows).sum(), begun.elapsed());
    match answers {
        Ok(answers) => batch.iter().zip(answers).for_each(|(part, answer)| part.item.answer(part.from, Ok(answer))),
        Err(error) if batch.len() == 1 => batch.iter().for_each(|part| part.item.answer(part.from, Err(error.clone()))),
        Err(_) => batch.into_iter().filter(|it| it.item.is_open()).for_each(|it| compute(model, vec![it], ran)),
    }
}

/// Computes rows that are in no batch; a panic is an error.
pub(super) fn alone(model: &LoadedModel, features: ArrayView2<'_, f64>) -> Result<Predictions> {
    contained(model, || answer(model, features))
}

fn contained<T>(model: &LoadedModel, compute: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(compute))
        .unwrap_or_else(|_| Err(Error::internal(format!("predict of model {}@{} panicked", model.name, model.version))))
}

/// The answers to several callers' rows, in their order.
fn together(model: &LoadedModel, views: &[ArrayView2<'_, f64>]) -> Result<Vec<Predictions>> {
    if let [alone] = views {
        return Ok(vec![answer(model, alone.view())?]); // No copy of its rows.
    }
    let rows = concatenate(Axis(0), views).map_err(|error| Error::internal(error.to_string()))?;
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
    failpoint::panic_where("compute:poison", || features.iter().any(|value| *value == f64::MAX));
    let (rows, answer) = (features.nrows(), model.pipeline.predict(features));
    if answer.n_rows() != rows {
        return Err(Error::internal(format!("{} predictions for {rows} rows", answer.n_rows())));
    }
    Ok(answer)
}
