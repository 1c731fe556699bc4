//! Several independent requests in one call. Each is answered as `predict` would answer it alone, to the bit; what is wrong
//! with one is an error of that one.

use super::{Asked, Named, response};
use crate::data::{Features, Labels, Reference};
use crate::error::{Code, Error, Result};
use crate::model::Predictions;
use crate::service::Service;
use crate::service::guard::{Declared, declare};
use crate::service::judge::generation;
use crate::telemetry::Reason;
use crate::wire::inference::{PredictItem, PredictManyResponse, PredictOutcome};
use crate::wire::runtime::{Call, Resources};
use crate::wire::{ASIDE_BYTES, aside, convert};
use futures_util::future::join_all;
use std::sync::Arc;
use tokio::task::coop::consume_budget;

/// Most items of a call: each takes a place in the queue of its model, however few rows it has.
const MAX_ITEMS: usize = 1000;

/// Bytes of rows that count as much as an item towards the time of a turn.
const TURN_BYTES: usize = 16 * 1024;

/// An item without its rows, and these; they may be wrong without the item being judged by it first.
type Read = (PredictItem, Result<Features>);

/// What a model said.
struct Answered {
    named: Named,
    predictions: Arc<Predictions>,
}

impl Service {
    /// One outcome for each item, in their order.
    pub(super) async fn answer_items(&self, call: &Call, items: Vec<PredictItem>) -> Result<PredictManyResponse> {
        check_count(items.len())?;
        let table_bytes = items.iter().map(|item| convert::row_bytes(None, item.table.as_ref())).sum();
        let read = aside(table_bytes, move || items.into_iter().map(read).collect::<Vec<_>>()).await?;
        let asked: Vec<_> = read.into_iter().map(|item| self.ask_item(call, item)).collect();
        let bytes = check_answers(&asked, self.parts.batching_limits.max_answer_bytes)?;
        // All are submitted before any is waited for, so that they share batches with each other and with other calls.
        let answered = join_all(asked.into_iter().map(|asked| self.answer_item(call, asked))).await;
        let outcomes = aside(bytes, move || answered.into_iter().map(outcome).collect()).await?;
        Ok(PredictManyResponse { outcomes: Some(outcomes) })
    }

    /// Judges an item in the order in which `predict` is judged.
    fn ask_item(&self, call: &Call, (item, features): Read) -> Result<Asked> {
        let seen = generation(item.min_generation)?.or(call.min_generation);
        item.resources().try_for_each(|resource| call.check(resource))?;
        let reference = Reference::parse("model", item.model.unwrap_or_default())?;
        let features = features?;
        self.ask(call, seen, reference, features)
    }

    async fn answer_item(&self, call: &Call, asked: Result<Asked>) -> Declared<Answered> {
        // Items that are answered where they stand let others have their turn, the sooner the more rows they have.
        let bytes = asked.as_ref().map_or(0, |asked| asked.work.row_bytes().min(ASIDE_BYTES));
        for _ in 0..=bytes / TURN_BYTES {
            consume_budget().await;
        }
        if asked.as_ref().is_err_and(|error| error.code() == Code::PermissionDenied) {
            self.parts.telemetry.refused(Reason::PermissionDenied);
        }
        declare(call, async {
            let Asked { named, work } = asked?;
            let predictions = self.predictions(work).await?;
            Ok(Answered { named, predictions })
        })
        .await
    }
}

/// # Errors
/// [`Error::InvalidArgument`] with the limit.
fn check_count(items: usize) -> Result<()> {
    if items <= MAX_ITEMS {
        return Ok(());
    }
    Err(Error::invalid(format!("the call has {items} items and the limit is {MAX_ITEMS}; send them in several calls")))
}

/// Bytes of all answers. One that is too large by itself is not counted: it is refused alone.
///
/// # Errors
/// [`Error::InvalidArgument`] if the answers do not fit a reply; nothing has been computed then.
fn check_answers(asked: &[Result<Asked>], limit: usize) -> Result<usize> {
    let each = asked.iter().flatten().map(answer_bytes).filter(|bytes| *bytes <= limit);
    let bytes = each.fold(0, usize::saturating_add);
    if bytes <= limit {
        return Ok(bytes);
    }
    Err(Error::invalid(format!(
        "the answers to the {} items take {bytes} bytes and the limit is {limit}; send fewer items, or items of fewer rows, in one call",
        asked.len()
    )))
}

/// What is said of each row, and once of the classes.
fn answer_bytes(asked: &Asked) -> usize {
    let pipeline = &asked.work.model.pipeline;
    let classes = pipeline.schema().classes.as_deref().map_or(0, Labels::encoded_bytes);
    asked.work.features.n_rows().saturating_mul(pipeline.answer_bytes()).saturating_add(classes)
}

fn read(mut item: PredictItem) -> Read {
    let features = convert::features(item.matrix.take(), item.table.take());
    (item, features)
}

fn outcome(answered: Declared<Answered>) -> PredictOutcome {
    match answered {
        Ok(Answered { named, predictions }) => {
            PredictOutcome { response: Some(response(named, &predictions)), error: None }
        }
        Err(error) => PredictOutcome { response: None, error: Some(error) },
    }
}
