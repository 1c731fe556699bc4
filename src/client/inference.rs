//! Predictions.

use super::large::{Ranges, answer_bytes, answer_bytes_like, counted_from, encoded_bytes, join, slice};
use super::{Client, Explained, MAX_PIECE_BYTES, ModelVersion, Prediction};
use crate::data::Features;
use crate::error::Result;
use crate::model::Predictions;
use crate::wire::convert;
use crate::wire::inference::{ExplainRequest, PredictManyRequest, PredictRequest};
use crate::wire::services::InferenceClient;
use futures_util::stream::{StreamExt, TryStreamExt, iter};

/// Calls that carry the rows of one `predict` at once.
const CALLS_AT_ONCE: usize = 4;

impl Client {
    /// One prediction for each row. `model` is "churn" (its alias `stable`), "churn@3", "churn@canary" or "churn@latest".
    ///
    /// Rows of more than [`MAX_PIECE_BYTES`] go in several calls, a few at once, each of which has the time limit for itself.
    /// The first row goes first, and the version that answers it answers all, though an alias may move meanwhile.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound` for the model, `InvalidArgument` for a row or column, named, `Overloaded`,
    /// `DeadlineExceeded`.
    pub async fn predict(&self, model: &str, rows: &Features) -> Result<Prediction> {
        if encoded_bytes(rows) <= MAX_PIECE_BYTES || rows.n_rows() < 2 {
            return self.predict_in_one_call(model, rows).await;
        }
        let first = self.predict_in_one_call(model, &slice(rows, 0..1)).await?;
        let version = format!("{}@{}", first.model, first.version);
        let ranges = Ranges::of(rows, 1, answer_bytes_like(&first.predictions));
        let mut answers = vec![first.predictions];
        answers.extend(self.predict_ranges(&version, rows, ranges).await?);
        Ok(Prediction { predictions: join(answers)?, ..first })
    }

    /// Like [`Client::predict`], with a version that was described. Rows whose predictions are more than a reply holds go in
    /// several calls too, since it is known how large those are.
    ///
    /// # Errors
    /// Like [`Client::predict`].
    pub async fn predict_version(&self, version: &ModelVersion, rows: &Features) -> Result<Prediction> {
        let reference = format!("{}@{}", version.name, version.version);
        let ranges = Ranges::of(rows, 0, answer_bytes(version));
        if rows.n_rows() == 0 {
            return self.predict_in_one_call(&reference, rows).await;
        }
        let predictions = join(self.predict_ranges(&reference, rows, ranges).await?)?;
        Ok(Prediction { model: version.name.clone(), version: version.version, generation: None, predictions })
    }

    /// The answers of a version to ranges of rows, in their order.
    async fn predict_ranges(&self, version: &str, rows: &Features, ranges: Ranges) -> Result<Vec<Predictions>> {
        let calls = ranges.map(|range| async move {
            let start = range.start;
            let answer = self.predict_in_one_call(version, &slice(rows, range)).await;
            answer.map(|it| it.predictions).map_err(|error| counted_from(start, error))
        });
        iter(calls).buffered(CALLS_AT_ONCE).try_collect().await
    }

    async fn predict_in_one_call(&self, model: &str, rows: &Features) -> Result<Prediction> {
        let answer = self.call(|exchange, context| async move {
            let request = PredictRequest { context, ..convert::predict_request(model, rows) };
            InferenceClient(&*exchange).predict(request).await
        });
        self.plain(convert::prediction_from(answer.await?))
    }

    /// What each column adds to the answer to each row; `model` as in [`Client::predict`].
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) as [`Client::predict`], and `FailedPrecondition` for a model whose answers are no sums over
    /// columns.
    pub async fn explain(&self, model: &str, rows: &Features) -> Result<Explained> {
        let answer = self.call(|exchange, context| async move {
            let PredictRequest { model, matrix, table, .. } = convert::predict_request(model, rows);
            InferenceClient(&*exchange).explain(ExplainRequest { context, model, matrix, table }).await
        });
        self.plain(convert::explanation_from(answer.await?))
    }

    /// Answers independent requests in one call: for each its predictions, or an error of its own that changes no other.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `InvalidArgument` for more than 1,000 requests, or answers that together are more than a
    /// reply holds; `DeadlineExceeded`.
    pub async fn predict_many(&self, requests: &[(&str, &Features)]) -> Result<Vec<Result<Prediction>>> {
        let answer = self.call(|exchange, context| async move {
            let items = requests.iter().map(|(model, rows)| convert::predict_item(model, rows)).collect();
            InferenceClient(&*exchange).predict_many(PredictManyRequest { context, items: Some(items) }).await
        });
        self.plain(convert::outcomes_from(answer.await?, requests.len()))
    }
}
