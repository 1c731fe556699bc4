//! Rows in, predictions out.

use super::table::{column_to, table_from};
use super::tensor::{matrix_from, matrix_to, positions_to, vector_to};
use crate::data::Features;
use crate::error::{Error, Result};
use crate::model::Predictions;
use crate::wire::inference::PredictResponse;
use crate::wire::types::{Table, Tensor};

/// The rows of a request: a matrix or a table, exactly one of them.
///
/// # Errors
/// [`Error::InvalidArgument`] if there is none or both, or it does not fit its bytes.
pub fn features(matrix: Option<Tensor>, table: Option<Table>) -> Result<Features> {
    match (matrix, table) {
        (Some(matrix), None) => matrix_from(matrix).map(Features::Matrix),
        (None, Some(table)) => table_from(table).map(Features::Table),
        (None, None) => Err(Error::invalid("the request has no rows; send a matrix or a table")),
        (Some(_), Some(_)) => Err(Error::invalid("the request has both a matrix and a table; send one of them")),
    }
}

/// Predictions as they travel; the caller fills in which model they are of.
pub fn prediction(predictions: &Predictions) -> PredictResponse {
    let empty = crate::wire::empty();
    match predictions {
        Predictions::Values(values) => PredictResponse { values: Some(vector_to(values.view())), ..empty },
        Predictions::Classes { labels, probabilities, classes } => PredictResponse {
            labels: Some(column_to(&classes.take(labels).to_column("labels"))),
            probabilities: Some(matrix_to(probabilities.view())),
            classes: Some(column_to(&classes.to_column("classes"))),
            ..empty
        },
        Predictions::Clusters { clusters, distances } => PredictResponse {
            clusters: Some(positions_to(clusters.iter().copied())),
            distances: Some(matrix_to(distances.view())),
            ..empty
        },
    }
}
