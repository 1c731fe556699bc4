//! Rows in, predictions out.

use super::error::received_error;
use super::models::{labels_from, number_from};
use super::table::{column_to, labels_to, table_from, table_to};
use super::tensor::{
    matrix_from, matrix_to, packed_from, packed_to, positions_from, positions_to, vector_from, vector_to,
};
use crate::data::{Features, Labels};
use crate::error::{Error, Result};
use crate::model::Predictions;
use crate::wire::answers::Prediction;
use crate::wire::direct::Direct;
use crate::wire::inference::{PredictItem, PredictManyResponse, PredictOutcome, PredictRequest, PredictResponse};
use crate::wire::types::{Column, Table, Tensor};
use bytes::Bytes;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// The rows of a request: a matrix or a table, exactly one of them.
///
/// # Errors
/// [`Error::InvalidArgument`] if there is none or both, or it does not fit its bytes.
pub fn features(matrix: Option<Tensor>, table: Option<Table>) -> Result<Features> {
    match (matrix, table) {
        (Some(matrix), None) => packed_from(matrix).map(Features::Packed),
        (None, Some(table)) => table_from(table).map(Features::Table),
        (None, None) => Err(Error::invalid("the request has no rows; send a matrix or a table")),
        (Some(_), Some(_)) => Err(Error::invalid("the request has both a matrix and a table; send one of them")),
    }
}

/// Bytes of the rows of a request as they came.
pub fn row_bytes(matrix: Option<&Tensor>, table: Option<&Table>) -> usize {
    let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
    let tensor = |tensor: &Tensor| length(&tensor.data);
    let column = |it: &Column| it.tensor.as_ref().map_or(0, tensor) + length(&it.text_data) + length(&it.text_offsets);
    let columns = table.and_then(|table| table.columns.as_deref()).unwrap_or_default();
    matrix.map_or(0, tensor) + columns.iter().map(column).sum::<usize>()
}

/// Predictions as they travel.
#[inline(always)] // What it answers is large to move.
pub fn prediction(
    predictions: &Predictions,
    model: impl Into<String>,
    version: u64,
    generation: Option<u64>,
) -> PredictResponse {
    let number = |number| i64::try_from(number).ok();
    let mut answer = PredictResponse::empty();
    answer.model = Some(model.into());
    answer.version = number(version);
    answer.generation = generation.and_then(number);
    match predictions {
        Predictions::Values(values) => answer.values = Some(vector_to(values.view())),
        Predictions::Classes { labels, probabilities, classes } => {
            answer.labels = Some(labels_to(classes, labels));
            answer.probabilities = Some(matrix_to(probabilities.view()));
            answer.classes = Some(column_to(&classes.to_column("classes")));
        }
        Predictions::Clusters { clusters, distances } => {
            answer.clusters = Some(positions_to(clusters));
            answer.distances = Some(matrix_to(distances.view()));
        }
        Predictions::Mixture { clusters, probabilities } => {
            answer.clusters = Some(positions_to(clusters));
            answer.probabilities = Some(matrix_to(probabilities.view()));
        }
        Predictions::Columns(columns) => answer.transformed = Some(matrix_to(columns.view())),
    }
    answer
}

/// Rows for a model, as a client sends them; the caller fills in the context.
pub fn predict_request(model: &str, rows: &Features) -> PredictRequest {
    let named = PredictRequest { model: Some(model.to_owned()), ..crate::wire::empty() };
    match rows {
        Features::Matrix(matrix) => PredictRequest { matrix: Some(matrix_to(matrix.view())), ..named },
        Features::Packed(matrix) => PredictRequest { matrix: Some(packed_to(matrix)), ..named },
        Features::Table(table) => PredictRequest { table: Some(table_to(table)), ..named },
    }
}

/// One of several requests, as a client sends them.
pub fn predict_item(model: &str, rows: &Features) -> PredictItem {
    let PredictRequest { model, matrix, table, .. } = predict_request(model, rows);
    PredictItem { model, matrix, table, min_generation: None }
}

/// The answers or errors of so many requests as a client received them.
///
/// # Errors
/// [`Error::InvalidArgument`] if they are not as many, or one is neither an answer nor an error.
pub fn outcomes_from(answer: PredictManyResponse, asked: usize) -> Result<Vec<Result<Prediction>>> {
    let outcomes = answer.outcomes.unwrap_or_default();
    if outcomes.len() != asked {
        return Err(Error::invalid(format!("there are {} outcomes of {asked} items in it", outcomes.len())));
    }
    let outcome = |outcome| match outcome {
        PredictOutcome { response: Some(answer), error: None } => prediction_from(answer).map(Ok),
        PredictOutcome { response: None, error: Some(error) } => Ok(Err(received_error(error))),
        _ => Err(Error::invalid("an outcome in it is not either an answer or an error")),
    };
    outcomes.into_iter().map(outcome).collect()
}

/// Predictions as a client received them.
///
/// # Errors
/// [`Error::InvalidArgument`] if there are none, or they do not fit each other.
pub fn prediction_from(answer: PredictResponse) -> Result<Prediction> {
    Ok(Prediction {
        model: answer.model.clone().unwrap_or_default(),
        version: number_from(answer.version),
        generation: answer.generation.map(|it| number_from(Some(it))),
        predictions: predictions_from(answer)?,
    })
}

fn predictions_from(answer: PredictResponse) -> Result<Predictions> {
    let PredictResponse { values, labels, probabilities, classes, clusters, distances, transformed, .. } = answer;
    if let Some(values) = values {
        return vector_from(values).map(Predictions::Values);
    }
    match (labels.zip(classes), clusters, probabilities, distances, transformed) {
        (Some((labels, classes)), _, Some(probabilities), ..) => classes_from(labels, probabilities, classes),
        (_, Some(clusters), _, Some(distances), _) => {
            Ok(Predictions::Clusters { clusters: positions_from(clusters)?, distances: matrix_from(distances)? })
        }
        (_, Some(clusters), Some(probabilities), ..) => {
            Ok(Predictions::Mixture { clusters: positions_from(clusters)?, probabilities: matrix_from(probabilities)? })
        }
        (.., Some(columns)) => matrix_from(columns).map(Predictions::Columns),
        _ => Err(Error::invalid("there are no predictions in it")),
    }
}

fn classes_from(labels: Column, probabilities: Tensor, classes: Column) -> Result<Predictions> {
    let (labels, classes, probabilities) = (labels_from(labels)?, labels_from(classes)?, matrix_from(probabilities)?);
    let labels = positions(&labels, &classes)
        .filter(|labels| probabilities.dim() == (labels.len(), classes.len()))
        .ok_or_else(|| Error::invalid("labels, probabilities and classes do not fit each other"))?;
    Ok(Predictions::Classes { labels, probabilities, classes: Arc::new(classes) })
}

/// Where in `classes` each label is; `None` if one is not there.
fn positions(labels: &Labels, classes: &Labels) -> Option<Vec<usize>> {
    match (labels, classes) {
        (Labels::Integer(labels), Labels::Integer(classes)) => positions_in(labels, classes),
        (Labels::Boolean(labels), Labels::Boolean(classes)) => positions_in(labels, classes),
        (Labels::Text(labels), Labels::Text(classes)) => positions_in(labels, classes),
        _ => None,
    }
}

fn positions_in<T: Eq + Hash>(labels: &[T], classes: &[T]) -> Option<Vec<usize>> {
    let places: HashMap<&T, usize> = classes.iter().enumerate().map(|(place, class)| (class, place)).collect();
    labels.iter().map(|label| places.get(label).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn received(predictions: &Predictions) -> Result<Predictions> {
        prediction_from(prediction(predictions, "line", 1, None)).map(|it| it.predictions)
    }

    #[test]
    fn predictions_of_every_kind_survive_the_wire() {
        let classes = Arc::new(Labels::Text(vec!["no".into(), "yes".into()]));
        let all = [
            Predictions::Values(array![0.1, -3.0]),
            Predictions::Classes { labels: vec![1, 0], probabilities: array![[0.2, 0.8], [1.0, 0.0]], classes },
            Predictions::Clusters { clusters: vec![0], distances: array![[0.5, 2.0, 7.0]] },
            Predictions::Mixture { clusters: vec![1, 0], probabilities: array![[0.25, 0.75], [1.0, 0.0]] },
            Predictions::Columns(array![[0.5, -2.0], [1e300, 7.0]]),
        ];
        for predictions in all {
            assert_eq!(received(&predictions).unwrap(), predictions);
        }
    }

    #[test]
    fn packed_rows_travel_as_they_are() {
        for tensor in [matrix_to(array![[1.0, 2.0]].view()), positions_as_matrix()] {
            let rows = features(Some(tensor.clone()), None).unwrap();

            assert_eq!(predict_request("line", &rows).matrix, Some(tensor));
        }
    }

    /// I64, `(2, 1)`.
    fn positions_as_matrix() -> Tensor {
        Tensor { shape: Some(vec![2, 1]), ..positions_to(&[7, 9]) }
    }

    #[test]
    fn a_label_that_is_no_class_is_refused() {
        let classes = Arc::new(Labels::Integer(vec![3, 4]));
        let sent = Predictions::Classes { labels: vec![1], probabilities: array![[0.2, 0.8]], classes };
        let mut answer = prediction(&sent, "line", 1, None);
        answer.labels = Some(column_to(&crate::data::Column::integer("labels", vec![5])));

        assert!(prediction_from(answer).unwrap_err().to_string().contains("do not fit"));
    }
}
