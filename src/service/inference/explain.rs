//! What each column adds to the answers.

use super::not_behind;
use crate::data::{Features, Reference};
use crate::error::{Error, Result};
use crate::model::{Explanation, LoadedModel};
use crate::pool::Full;
use crate::registry::Resolved;
use crate::service::Service;
use crate::wire::inference::{ExplainRequest, ExplainResponse};
use crate::wire::runtime::Call;
use crate::wire::{aside, convert};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;

impl Service {
    /// Trees take long to be explained: that is done on threads of its own, which nobody who predicts waits for.
    pub(super) async fn explained(&self, call: &Call, request: ExplainRequest) -> Result<ExplainResponse> {
        let reference = Reference::parse("model", request.model.unwrap_or_default())?;
        let named = self.parts.registry.resolve(&reference)?;
        not_behind(&reference, named.generation, call.min_generation)?;
        let table_bytes = convert::row_bytes(None, request.table.as_ref()); // A matrix stays packed as it came.
        let features = aside(table_bytes, move || convert::features(request.matrix, request.table)).await??;
        named.model.check_width(&features)?;
        let bytes = self.check_reply(&named.model, features.n_rows())?;
        let explanation = self.explain(call, &named.model, features).await?;
        let Resolved { model, generation } = named;
        aside(bytes, move || convert::explanation(&explanation, &model, generation)).await
    }

    /// What as many rows are answered with, in bytes, if a reply holds that.
    fn check_reply(&self, model: &LoadedModel, n_rows: usize) -> Result<usize> {
        let schema = model.pipeline.schema();
        let n_answers = schema.classes.as_ref().map_or(schema.n_targets(), |classes| classes.len());
        let n_columns = model.pipeline.columns().len();
        let of_row = n_answers * n_columns * size_of::<f64>();
        let (bytes, limit) = (of_row.saturating_mul(n_rows), self.parts.wire_limits.max_frame_bytes);
        if bytes <= limit {
            return Ok(bytes);
        }
        Err(Error::invalid(format!(
            "explaining {n_rows} rows takes {bytes} bytes ({n_answers} answers of {n_columns} columns each) and a reply holds {limit}; send at \
             most {} rows in a call",
            limit / of_row.max(1)
        )))
    }

    async fn explain(&self, call: &Call, model: &Arc<LoadedModel>, features: Features) -> Result<Explanation> {
        let (sender, explained) = oneshot::channel();
        let (model, deadline) = (Arc::clone(model), call.deadline);
        let work = move || {
            let is_wanted = || match sender.is_closed() || deadline <= Instant::now() {
                true => Err(Error::TooLate),
                false => Ok(()),
            };
            let explained = is_wanted().and_then(|()| model.matrix(features));
            let explained = explained.and_then(|rows| model.pipeline.explain(rows, &is_wanted));
            let _ = sender.send(explained); // Who asked may be gone.
        };
        self.parts.explaining.submit(work).map_err(|Full { capacity }| Error::TooMany {
            what: "explanations",
            count: capacity,
            limit: capacity,
        })?;
        explained.await.map_err(|_| Error::internal("explaining rows panicked"))?
    }
}
