//! What a transductive model made of its training rows.

use super::models::{number, number_from};
use super::tensor::{matrix_from, matrix_to, whole_numbers_from, whole_numbers_to};
use crate::error::{Error, Result};
use crate::model::TrainingResult;
use crate::wire::answers::TrainedRows;
use crate::wire::models::GetTrainingResultResponse;
use std::ops::Range;

/// Some rows of a result as they travel.
///
/// # Panics
/// If they are not all there.
pub fn training_result(
    result: &TrainingResult,
    rows: Range<usize>,
    model: &str,
    version: u64,
) -> GetTrainingResultResponse {
    let (total, end) = (result.n_rows(), rows.end);
    let (labels, embedding) = match result.slice(rows) {
        TrainingResult::Labels(labels) => (Some(whole_numbers_to(&labels)), None),
        TrainingResult::Embedding(embedding) => (None, Some(matrix_to(embedding.view()))),
    };
    GetTrainingResultResponse {
        model: Some(model.to_owned()),
        version: Some(number(version)),
        labels,
        embedding,
        total_rows: Some(number(total as u64)),
        next_row: (end < total).then_some(number(end as u64)),
    }
}

/// A page of a result as a client received it, and where the next one begins.
///
/// # Errors
/// [`Error::InvalidArgument`] if it is neither labels nor an embedding, or does not fit its bytes.
pub fn training_result_from(answer: GetTrainingResultResponse) -> Result<(TrainedRows, Option<u64>)> {
    let result = match (answer.labels, answer.embedding) {
        (Some(labels), None) => TrainingResult::Labels(whole_numbers_from(labels)?),
        (None, Some(embedding)) => TrainingResult::Embedding(matrix_from(embedding)?),
        _ => return Err(Error::invalid("there is not either labels or an embedding in it")),
    };
    let page = TrainedRows { model: answer.model.unwrap_or_default(), version: number_from(answer.version), result };
    Ok((page, answer.next_row.map(|row| number_from(Some(row)))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn pages_survive_the_wire_and_say_where_the_next_one_begins() {
        let labels = TrainingResult::Labels(vec![0, -1, 7]);
        let embedding = TrainingResult::Embedding(array![[0.1, -0.0], [f64::MIN_POSITIVE, 3.0]]);
        for (result, rows, next) in
            [(&labels, 0..2, Some(2)), (&labels, 2..3, None), (&labels, 3..3, None), (&embedding, 1..2, None)]
        {
            let (page, then) = training_result_from(training_result(result, rows.clone(), "groups", 3)).unwrap();

            assert_eq!((page.model.as_str(), page.version, then), ("groups", 3, next));
            assert_eq!(page.result, result.slice(rows));
        }
    }

    #[test]
    fn an_answer_without_rows_is_refused() {
        let mut answer = training_result(&TrainingResult::Labels(vec![0]), 0..1, "groups", 3);
        answer.labels = None;

        assert!(training_result_from(answer).unwrap_err().to_string().contains("not either labels"));
    }
}
