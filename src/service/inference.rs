//! Predictions.

mod explain;
mod predict_many;

use super::Service;
use super::guard::{Declared, declare, declared};
use crate::batching::{AtOnce, Work};
use crate::data::{Features, Name, Reference};
use crate::error::{Error, Result};
use crate::model::{LoadedModel, Predictions};
use crate::registry::{Resolved, View};
use crate::wire::inference::{
    ExplainRequest, ExplainResponse, PredictManyRequest, PredictManyResponse, PredictRequest, PredictResponse,
};
use crate::wire::runtime::{Begun, Call};
use crate::wire::services::Inference;
use crate::wire::{ASIDE_BYTES, aside, convert};
use std::borrow::Borrow;
use std::sync::Arc;

impl Inference for Service {
    fn predict<'a>(&'a self, call: &Call, request: PredictRequest) -> Begun<'a, Declared<PredictResponse>> {
        if convert::row_bytes(request.matrix.as_ref(), request.table.as_ref()) >= ASIDE_BYTES {
            let call = call.clone();
            return Begun::waits(async move { declare(&call, self.predict_large(&call, request)).await });
        }
        self.predict_small(call, request)
    }

    fn predict_many<'a>(
        &'a self,
        call: &Call,
        request: PredictManyRequest,
    ) -> Begun<'a, Declared<PredictManyResponse>> {
        let call = call.clone();
        let items = request.items.unwrap_or_default();
        Begun::waits(async move { declare(&call, self.answer_items(&call, items)).await })
    }

    async fn explain(&self, call: &Call, request: ExplainRequest) -> Declared<ExplainResponse> {
        declare(call, self.explained(call, request)).await
    }
}

/// A small request, of a model that is lent.
enum Small {
    Computed(AtOnce),
    Cached(Work),
}

/// A model that is there, under the name that the caller gave.
struct Named<M = Arc<LoadedModel>> {
    name: Name,
    resolved: Resolved<M>,
}

impl Named<&Arc<LoadedModel>> {
    fn kept(self) -> Named {
        Named { name: self.name, resolved: self.resolved.kept() }
    }
}

/// Rows for it.
struct Asked {
    named: Named,
    work: Work,
}

#[inline(always)] // As above: what it answers is large to move.
fn response<M: Borrow<Arc<LoadedModel>>>(by: Named<M>, predictions: &Predictions) -> PredictResponse {
    let Resolved { model, generation } = by.resolved;
    convert::prediction(predictions, by.name, model.borrow().version, generation)
}

fn read(request: PredictRequest) -> Result<(Reference, Features)> {
    let reference = Reference::parse("model", request.model.unwrap_or_default())?;
    Ok((reference, convert::features(request.matrix, request.table)?))
}

impl Service {
    /// What is answered from a cache or by the compute threads waits; the rest is answered here.
    fn predict_small<'a>(&'a self, call: &Call, request: PredictRequest) -> Begun<'a, Declared<PredictResponse>> {
        let view = self.parts.registry.view();
        match self.small(&view, call, request) {
            Err(error) => Begun::Done(Err(declared(call, &error))),
            Ok((lent, Small::Computed(AtOnce::Answered(predictions)))) => Begun::Done(Ok(response(lent, &predictions))),
            Ok((lent, Small::Computed(AtOnce::Prepared(prepared)))) => {
                let (call, named) = (call.clone(), lent.kept());
                let answer = async move { Ok(response(named, &self.parts.batcher.enqueued(prepared).await?)) };
                Begun::waits(async move { declare(&call, answer).await })
            }
            Ok((lent, Small::Cached(work))) => {
                let (call, named) = (call.clone(), lent.kept());
                let answer = async move { Ok(response(named, &*self.predictions(work).await?)) };
                Begun::waits(async move { declare(&call, answer).await })
            }
        }
    }

    fn small<'v>(
        &self,
        view: &'v View,
        call: &Call,
        request: PredictRequest,
    ) -> Result<(Named<&'v Arc<LoadedModel>>, Small)> {
        let (reference, features) = read(request)?;
        let resolved = view.resolve(&reference)?;
        let model = resolved.model;
        model.check_answers()?;
        not_behind(&reference, resolved.generation, call.min_generation)?;
        let work = work(call, model, features);
        let small = match self.parts.caches.of(&model.name) {
            Some(_) => Small::Cached(work.kept()),
            None => Small::Computed(self.parts.batcher.at_once(work)?),
        };
        Ok((Named { name: reference.name, resolved }, small))
    }

    /// The model that a reference means now; a caller that has `seen` a generation of it is not answered by an older one.
    fn ask(&self, call: &Call, seen: Option<u64>, reference: Reference, features: Features) -> Result<Asked> {
        let resolved = self.parts.registry.resolve(&reference)?;
        let model = Arc::clone(&resolved.model);
        model.check_answers()?;
        not_behind(&reference, resolved.generation, seen)?;
        let named = Named { name: reference.name, resolved };
        Ok(Asked { named, work: work(call, model, features) })
    }

    /// What touches all of the rows, or all of the answers, does not hold up the thread of a connection.
    async fn predict_large(&self, call: &Call, request: PredictRequest) -> Result<PredictResponse> {
        let table_bytes = convert::row_bytes(None, request.table.as_ref()); // A matrix stays packed as it came.
        let (reference, features) = aside(table_bytes, move || read(request)).await??;
        let Asked { named, work } = self.ask(call, call.min_generation, reference, features)?;
        let answer_bytes = work.features.n_rows().saturating_mul(work.model.pipeline.answer_bytes());
        let predictions = self.predictions(work).await?;
        aside(answer_bytes, move || response(named, &predictions)).await
    }

    /// From the model's cache, if it has one, or computed.
    async fn predictions(&self, work: Work) -> Result<Arc<Predictions>> {
        let Some(cache) = self.parts.caches.of(&work.model.name) else {
            return self.computed(work).await.map(Arc::new);
        };
        let bytes = work.row_bytes();
        let Work { model, features, deadline, priority, caller } = work;
        let of_model = Arc::clone(&model);
        let rows = aside(bytes, move || of_model.matrix(features)).await??;
        let compute =
            |features| self.computed(Work { model: Arc::clone(&model), features, deadline, priority, caller });
        cache.answer(&model, rows, deadline, compute).await
    }

    pub(super) async fn computed(&self, work: Work) -> Result<Predictions> {
        let (bytes, batcher) = (work.row_bytes(), self.parts.batcher.clone());
        match aside(bytes, move || batcher.at_once(work)).await?? {
            AtOnce::Answered(predictions) => Ok(predictions),
            AtOnce::Prepared(prepared) => self.parts.batcher.enqueued(prepared).await,
        }
    }
}

/// Rows for a model, on the terms of a call.
pub(super) fn work<M>(call: &Call, model: M, features: Features) -> Work<M> {
    Work { model, features, deadline: call.deadline, priority: call.priority, caller: call.caller.number }
}

/// A caller that has seen an alias move is never answered by what the alias named before.
pub(super) fn not_behind(reference: &Reference, generation: Option<u64>, seen: Option<u64>) -> Result<()> {
    match (generation, seen) {
        (Some(here), Some(seen)) if here < seen => {
            let what = format!("{reference} is at generation {here} here and the caller has seen {seen}; ask again");
            Err(Error::Unavailable { what })
        }
        _ => Ok(()),
    }
}
