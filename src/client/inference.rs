//! Predictions.

use super::{Client, Prediction};
use crate::data::Features;
use crate::error::Result;
use crate::wire::convert;
use crate::wire::inference::PredictRequest;
use crate::wire::services::InferenceClient;

impl Client {
    /// One prediction for each row. `model` is "churn" (its alias `stable`), "churn@3", "churn@canary" or "churn@latest".
    ///
    /// Rows of more than [`MAX_PIECE_BYTES`](super::MAX_PIECE_BYTES) are better sent in [`pieces`](super::pieces()).
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound` for the model, `InvalidArgument` for a row or column, named, `Overloaded`,
    /// `DeadlineExceeded`.
    pub async fn predict(&self, model: &str, rows: &Features) -> Result<Prediction> {
        let answer = self.call(|exchange, context| async move {
            let request = PredictRequest { context, ..convert::predict_request(model, rows) };
            InferenceClient(&*exchange).predict(request).await
        });
        self.plain(convert::prediction_from(answer.await?))
    }
}
