//! Predictions.

mod predict_many;

use super::Service;
use super::guard::{Declared, declare, declared};
use crate::batching::{AtOnce, Work};
use crate::data::{Features, Reference};
use crate::error::{Error, Result};
use crate::model::{LoadedModel, Predictions};
use crate::registry::Resolved;
use crate::wire::inference::{PredictManyRequest, PredictManyResponse, PredictRequest, PredictResponse};
use crate::wire::runtime::{Begun, Call};
use crate::wire::services::Inference;
use crate::wire::{ASIDE_BYTES, aside, convert};
use std::sync::Arc;

impl Inference for Service {
    fn predict<'a>(&'a self, call: &Arc<Call>, request: PredictRequest) -> Begun<'a, Declared<PredictResponse>> {
        let asked = match convert::row_bytes(request.matrix.as_ref(), request.table.as_ref()) {
            ASIDE_BYTES.. => {
                let call = Arc::clone(call);
                return Begun::waits(async move { declare(&call, self.predict_large(&call, request)).await });
            }
            _ => read(request)
                .and_then(|(reference, features)| self.ask(call, call.min_generation, &reference, features)),
        };
        let asked = match asked {
            Ok(Asked { named, work }) if self.parts.caches.of(&named.model.name).is_some() => {
                let call = Arc::clone(call);
                return Begun::waits(async move {
                    declare(&call, async { Ok(named.response(&*self.predictions(work).await?)) }).await
                });
            }
            asked => asked,
        };
        match asked.and_then(|Asked { named, work }| Ok((named, self.parts.batcher.at_once(work)?))) {
            Ok((named, AtOnce::Answered(predictions))) => Begun::Done(Ok(named.response(&predictions))),
            Ok((named, AtOnce::Prepared(prepared))) => {
                let call = Arc::clone(call);
                let predictions = self.parts.batcher.enqueued(prepared);
                Begun::waits(async move {
                    declare(&call, async { predictions.await.map(|predictions| named.response(&predictions)) }).await
                })
            }
            Err(error) => Begun::Done(Err(declared(call, &error))),
        }
    }

    fn predict_many<'a>(
        &'a self,
        call: &Arc<Call>,
        request: PredictManyRequest,
    ) -> Begun<'a, Declared<PredictManyResponse>> {
        let call = Arc::clone(call);
        let items = request.items.unwrap_or_default();
        Begun::waits(async move { declare(&call, self.answer_items(&call, items)).await })
    }
}

/// Rows for a model that is there.
struct Asked {
    named: Named,
    work: Work,
}

/// The model that answers.
struct Named {
    model: Arc<LoadedModel>,
    generation: Option<u64>,
}

impl Named {
    fn response(&self, predictions: &Predictions) -> PredictResponse {
        PredictResponse {
            model: Some(self.model.name.as_str().to_owned()),
            version: i64::try_from(self.model.version).ok(),
            generation: self.generation.and_then(|generation| i64::try_from(generation).ok()),
            ..convert::prediction(predictions)
        }
    }
}

fn read(request: PredictRequest) -> Result<(Reference, Features)> {
    let reference = Reference::parse("model", request.model.unwrap_or_default())?;
    Ok((reference, convert::features(request.matrix, request.table)?))
}

impl Service {
    /// The model that a reference means now; a caller that has `seen` a generation of it is not answered by an older one.
    fn ask(&self, call: &Call, seen: Option<u64>, reference: &Reference, features: Features) -> Result<Asked> {
        let Resolved { model, generation } = self.parts.registry.resolve(reference)?;
        not_behind(reference, generation, seen)?;
        let work = Work { model: Arc::clone(&model), features, deadline: call.deadline, priority: call.priority };
        Ok(Asked { named: Named { model, generation }, work })
    }

    /// What touches all of the rows, or all of the answers, does not hold up the thread of a connection.
    async fn predict_large(&self, call: &Call, request: PredictRequest) -> Result<PredictResponse> {
        let bytes = convert::row_bytes(request.matrix.as_ref(), request.table.as_ref());
        let (reference, features) = aside(bytes, move || read(request)).await??;
        let Asked { named, work } = self.ask(call, call.min_generation, &reference, features)?;
        let answer_bytes = work.features.n_rows().saturating_mul(named.model.pipeline.answer_bytes());
        let predictions = self.predictions(work).await?;
        aside(answer_bytes, move || named.response(&predictions)).await
    }

    /// From the model's cache, if it has one, or computed.
    async fn predictions(&self, work: Work) -> Result<Arc<Predictions>> {
        let Some(cache) = self.parts.caches.of(&work.model.name) else {
            return self.computed(work).await.map(Arc::new);
        };
        let Work { model, features, deadline, priority } = work;
        let compute = |features| self.computed(Work { model: Arc::clone(&model), features, deadline, priority });
        cache.answer(&model, features, deadline, compute).await
    }

    async fn computed(&self, work: Work) -> Result<Predictions> {
        let (bytes, batcher) = (work.row_bytes(), self.parts.batcher.clone());
        match aside(bytes, move || batcher.at_once(work)).await?? {
            AtOnce::Answered(predictions) => Ok(predictions),
            AtOnce::Prepared(prepared) => self.parts.batcher.enqueued(prepared).await,
        }
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
