//! Predictions.

mod predict_many;

use super::Service;
use super::guard::{Declared, declare};
use crate::batching::Work;
use crate::data::Reference;
use crate::error::{Error, Result};
use crate::registry::Resolved;
use crate::wire::convert;
use crate::wire::inference::{PredictManyRequest, PredictManyResponse, PredictRequest, PredictResponse};
use crate::wire::runtime::Call;
use crate::wire::services::Inference;
use std::sync::Arc;

impl Inference for Service {
    async fn predict(&self, call: &Call, request: PredictRequest) -> Declared<PredictResponse> {
        declare(call, async {
            let reference = Reference::parse("model", &request.model.unwrap_or_default())?;
            let features = convert::features(request.matrix, request.table)?;
            let Resolved { model, generation } = self.parts.registry.resolve(&reference)?;
            not_behind(&reference, generation, call.min_generation)?;
            let predictions = self
                .parts
                .batcher
                .submit(Work { model: Arc::clone(&model), features, deadline: call.deadline, priority: call.priority })
                .await?;
            Ok(PredictResponse {
                model: Some(model.name.to_string()),
                version: i64::try_from(model.version).ok(),
                generation: generation.and_then(|generation| i64::try_from(generation).ok()),
                ..convert::prediction(&predictions)
            })
        })
        .await
    }

    async fn predict_many(&self, call: &Call, request: PredictManyRequest) -> Declared<PredictManyResponse> {
        declare(call, self.answer_items(call, request.items.unwrap_or_default())).await
    }
}

/// A caller that has seen an alias move is never answered by what the alias named before.
fn not_behind(reference: &Reference, generation: Option<u64>, seen: Option<u64>) -> Result<()> {
    match (generation, seen) {
        (Some(here), Some(seen)) if here < seen => {
            let what = format!("{reference} is at generation {here} here and the caller has seen {seen}; ask again");
            Err(Error::Unavailable { what })
        }
        _ => Ok(()),
    }
}
