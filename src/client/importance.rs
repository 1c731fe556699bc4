//! How much the answers of a model rest on its columns.

use super::{Client, Importance, ImportanceOptions};
use crate::error::Result;
use crate::training::Rows;
use crate::wire::convert;
use crate::wire::services::TrainingClient;
use crate::wire::training::PermutationImportanceRequest;

impl Client {
    /// By how much a score of a model falls when the values of one column are shuffled among the rows: of each column that
    /// the model takes, with scikit-learn's meaning. Every shuffle predicts all rows: give such a call time.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound` for the model or data set, `InvalidArgument` for a column, row, value or option,
    /// named, `Overloaded`, `DeadlineExceeded`.
    pub async fn permutation_importance(
        &self,
        model: &str,
        rows: &Rows,
        options: &ImportanceOptions,
    ) -> Result<Importance> {
        let answer = self.call(|exchange, context| async move {
            let request = convert::importance_request(model, rows, options);
            let request = PermutationImportanceRequest { context, ..request };
            TrainingClient(&*exchange).permutation_importance(request).await
        });
        self.plain(convert::importances_from(answer.await?))
    }
}
