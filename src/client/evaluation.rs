//! What a model is worth.

use super::{Client, Evaluated};
use crate::error::Result;
use crate::training::Rows;
use crate::wire::convert;
use crate::wire::services::TrainingClient;
use crate::wire::training::EvaluateRequest;

impl Client {
    /// What a model is worth on rows whose targets are known: metrics with scikit-learn's values. `target` is the column that the
    /// model learned, if it is not named; `sample_weight` names one of numbers that say how often each row counts.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound` for the model or data set, `InvalidArgument` for a column, row or value, named,
    /// `Overloaded`, `DeadlineExceeded`.
    pub async fn evaluate(
        &self,
        model: &str,
        rows: &Rows,
        target: Option<&str>,
        sample_weight: Option<&str>,
    ) -> Result<Evaluated> {
        let answer = self.call(|exchange, context| async move {
            let request = convert::evaluate_request(model, rows, target, sample_weight);
            TrainingClient(&*exchange).evaluate(EvaluateRequest { context, ..request }).await
        });
        self.plain(convert::evaluated_from(answer.await?))
    }
}
