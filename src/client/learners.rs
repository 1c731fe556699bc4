//! Models that learn batch by batch.

use super::{Client, LearnerAnswer};
use crate::error::Result;
use crate::training::{Batch, Learned};
use crate::wire::convert;
use crate::wire::services::TrainingClient;
use crate::wire::training::{DeleteLearnerRequest, GetLearnerRequest, PartialFitRequest};
use crate::wire::types::RequestContext;

impl Client {
    /// Learns from a batch of rows. The first one of a model makes its learner and needs steps and a target. Repeated with the same
    /// idempotency key it is answered as the first time, and nothing is learned twice.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `InvalidArgument` for a step, hyper-parameter, column or value, named, `NotFound` if there is no
    /// learner and no step, `FailedPrecondition` if another batch is expected, `Overloaded` if too many calls wait. Nothing
    /// was learned then.
    pub async fn partial_fit(&self, batch: &Batch) -> Result<Learned> {
        let answer = self.call(|exchange, context| async move {
            let key = batch.idempotency_key.clone();
            let context = context.map(|it| RequestContext { idempotency_key: key, ..it });
            let request = PartialFitRequest { context, ..convert::partial_fit_request(batch) };
            TrainingClient(&*exchange).partial_fit(request).await
        });
        Ok(convert::learned_from(answer.await?))
    }

    /// How a learner is.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`.
    pub async fn get_learner(&self, model: &str) -> Result<LearnerAnswer> {
        let answer = self.call(|exchange, context| async move {
            TrainingClient(&*exchange).get_learner(GetLearnerRequest { context, model: Some(model.into()) }).await
        });
        self.plain(convert::learner_from(answer.await?.learner))
    }

    /// Deletes a learner; the versions that it published stay.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`.
    pub async fn delete_learner(&self, model: &str) -> Result<()> {
        let answer = self.call(|exchange, context| async move {
            TrainingClient(&*exchange).delete_learner(DeleteLearnerRequest { context, model: Some(model.into()) }).await
        });
        answer.await.map(drop)
    }
}
