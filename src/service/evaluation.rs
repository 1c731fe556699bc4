//! What a model is worth on rows whose targets are known.
//!
//! Rows go the way of every prediction, chunk by chunk, so that they share the compute threads with other calls, in their order.
//! What is gathered is bounded: by the rows of a call or data set, and by the evaluations that run at once.

use super::Service;
use super::inference::{not_behind, work};
use crate::data::{Features, Reference, Table};
use crate::error::{Error, Result};
use crate::model::metrics::{Answers, CHUNK};
use crate::model::{Asked, Examination, LoadedModel, Shuffled};
use crate::registry::Resolved;
use crate::wire::runtime::Call;
use crate::wire::training::{EvaluateRequest, EvaluateResponse};
use crate::wire::{aside, convert, types};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::task::coop::consume_budget;

/// Evaluations that are worked on at once; others wait for as long as their callers do.
pub(super) const AT_ONCE: usize = 2;
/// Numbers that an evaluation holds, at most, of rows and answers: 512 MiB.
const MOST_NUMBERS: usize = 1 << 26;

impl Service {
    pub(super) async fn evaluated(&self, call: &Call, request: EvaluateRequest) -> Result<EvaluateResponse> {
        let EvaluateRequest { model, table, dataset, target, sample_weight, .. } = request;
        let Resolved { model, generation } = self.answering(call, model)?;
        let place = self.evaluations.acquire().await;
        let _place = place.map_err(|_| Error::internal("the places of evaluations are closed"))?;
        let examination = self.examination(&model, (table, dataset), target, sample_weight).await?;
        let answers = self.answers(call, &model, &examination, None).await?;
        let judged = Arc::clone(&model);
        let evaluation = beside(call, move |ask| examination.judge(&judged.pipeline, &answers, ask)).await?;
        Ok(convert::evaluation(evaluation, model.name.as_str(), model.version, generation))
    }

    /// The model that a call means, which answers rows and is no older than what the caller has seen.
    pub(super) fn answering(&self, call: &Call, model: Option<String>) -> Result<Resolved> {
        let reference = Reference::parse("model", model.unwrap_or_default())?;
        let named = self.parts.registry.resolve(&reference)?;
        not_behind(&reference, named.generation, call.min_generation)?;
        named.model.check_answers()?;
        Ok(named)
    }

    /// What the model is to be asked, and what it should answer: of the rows of a call, or of a stored data set.
    pub(super) async fn examination(
        &self,
        model: &Arc<LoadedModel>,
        (table, dataset): (Option<types::Table>, Option<String>),
        target: Option<String>,
        sample_weight: Option<String>,
    ) -> Result<Arc<Examination>> {
        let table = self.rows_to_evaluate_on(model, table, dataset).await?;
        let bytes = model.pipeline.schema().row_bytes().saturating_mul(table.n_rows());
        let model = Arc::clone(model);
        let read = move || {
            let asked = Asked { table: &table, target: target.as_deref(), sample_weight: sample_weight.as_deref() };
            Examination::new(&model.pipeline, &asked).map(Arc::new)
        };
        aside(bytes, read).await?
    }

    /// Not more rows than can be held.
    async fn rows_to_evaluate_on(
        &self,
        model: &LoadedModel,
        table: Option<types::Table>,
        dataset: Option<String>,
    ) -> Result<Table> {
        match (table, dataset) {
            (Some(table), None) => {
                let bytes = convert::row_bytes(None, Some(&table));
                let table = aside(bytes, move || convert::table_from(table)).await??;
                check_size(model, table.n_rows(), table.columns().len())?;
                Ok(table)
            }
            (None, Some(dataset)) => {
                let reference = Reference::parse("data set", dataset)?;
                let (dataset, _) = self.parts.datasets.describe(&reference)?;
                check_size(model, usize::try_from(dataset.n_rows).unwrap_or(usize::MAX), dataset.columns.len())?;
                Ok(self.parts.datasets.read(&reference).await?.1)
            }
            _ => Err(Error::invalid("the request has neither rows nor a data set, or both; send table or dataset")),
        }
    }

    /// What the model answers to all rows, one column of which may be shuffled.
    pub(super) async fn answers(
        &self,
        call: &Call,
        model: &Arc<LoadedModel>,
        examination: &Arc<Examination>,
        shuffled: Option<&Arc<Shuffled>>,
    ) -> Result<Answers> {
        let limits = &self.parts.batching_limits;
        let in_one_answer = limits.max_answer_bytes / model.pipeline.answer_bytes().max(1);
        let chunk = CHUNK.min(limits.max_queue_rows).min(in_one_answer).max(1);
        let (mut answers, row_bytes) = (Answers::default(), model.pipeline.schema().row_bytes());
        for from in (0..examination.n_rows()).step_by(chunk) {
            consume_budget().await; // Chunks that are answered where they stand let others have their turn.
            let rows = from..examination.n_rows().min(from + chunk);
            let (part, own, shuffled) = (Arc::clone(examination), rows.clone(), shuffled.cloned());
            let cut = move || match shuffled {
                None => part.part(own),
                Some(shuffled) => part.part_of(&shuffled, own),
            };
            let features = aside(row_bytes.saturating_mul(rows.len()), cut).await?;
            let features = Features::Matrix(features);
            let predictions = self
                .computed(work(call, Arc::clone(model), features))
                .await
                .map_err(|error| counted_from(from, error))?;
            answers.add(&predictions, &examination.weights()[rows]);
        }
        Ok(answers)
    }
}

/// Beside the threads that serve: metrics sort rows, and some look at each pair of them. The work asks whether anybody waits for it.
pub(super) async fn beside<T: Send + 'static>(
    call: &Call,
    work: impl FnOnce(&dyn Fn() -> Result<()>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (waited_for, deadline) = (WaitedFor::default(), call.deadline);
    let given_up = Arc::clone(&waited_for.given_up);
    let ask = move || match () {
        () if given_up.load(Ordering::Relaxed) => Err(Error::Cancelled { what: "the call" }),
        () if Instant::now() >= deadline => Err(Error::TooLate),
        () => Ok(()),
    };
    let done = aside(usize::MAX, move || work(&ask)).await?;
    drop(waited_for);
    done
}

/// Whoever waits for work that goes on elsewhere; dropped, it says that nobody does.
#[derive(Default)]
struct WaitedFor {
    given_up: Arc<AtomicBool>,
}

impl Drop for WaitedFor {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

/// # Errors
/// [`Error::InvalidArgument`] if rows and answers are more than an evaluation holds.
fn check_size(model: &LoadedModel, n_rows: usize, n_columns: usize) -> Result<()> {
    let of_a_row =
        n_columns + model.pipeline.schema().features.len() + model.pipeline.answer_bytes() / size_of::<f64>();
    if n_rows.saturating_mul(of_a_row) <= MOST_NUMBERS {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{n_rows} rows of {n_columns} columns, with what \"{}@{}\" answers, are more than the {MOST_NUMBERS} numbers that an \
         evaluation holds, which are {} rows; evaluate on fewer",
        model.name,
        model.version,
        MOST_NUMBERS / of_a_row
    )))
}

/// A row is named by its place among all.
fn counted_from(from: usize, error: Error) -> Error {
    match error {
        Error::InvalidArgument { what } if from > 0 => {
            Error::invalid(format!("{what} (rows are counted from row {from})"))
        }
        other => other,
    }
}
