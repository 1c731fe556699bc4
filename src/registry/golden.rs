//! Rows with the answers that a version gave when it was published: what it has to answer again before it is served.
//!
//! The bytes are the magic, then the numbers of rows, features and outputs (u32), then the rows and the answers (f64,
//! row-major), all little-endian. Answers are values, probabilities or distances, whatever the model computes. Of a model that
//! answers no rows they are another magic and the SHA-256 of its training result, which has to be the same to the bit.

use crate::error::{Error, Result};
use crate::model::{Pipeline, Predictions, TrainingResult};
use ndarray::{Array2, Axis};

/// The name of the file.
pub(super) const GOLDEN: &str = "golden.bin";

const MAGIC: &[u8; 8] = b"MODELGLD";
const RESULT_MAGIC: &[u8; 8] = b"MODELRES";
const HEAD: usize = MAGIC.len() + 3 * 4;
/// Most bytes of a file; wide models get fewer rows, or none.
const MAX_BYTES: usize = 1 << 20;
/// How far an answer may be from the stored one, as a share of the largest stored one of its column. Builds and kinds of
/// CPU round differently; what is really another model is off by more.
const TOLERANCE: f64 = 1e-6;
/// The same where all stored answers are about zero, in the unit of the answers.
const LEAST_TOLERANCE: f64 = 1e-9;

/// As many of the rows as there is room for, with the answers of the pipeline; `None` if there is room for none.
///
/// `rows` is `(n_samples, n_features)`, as [`Pipeline::predict`] takes it.
pub(super) fn record(pipeline: &Pipeline, rows: &Array2<f64>) -> Option<Vec<u8>> {
    if let Some(result) = pipeline.training_result() {
        return Some(recorded(result));
    }
    let answers = outputs(pipeline.predict(rows.view()));
    let row_bytes = 8 * (rows.ncols() + answers.ncols());
    let n_rows = rows.nrows().min((MAX_BYTES - HEAD) / row_bytes.max(1));
    if n_rows == 0 {
        return None;
    }
    let counts =
        [n_rows, rows.ncols(), answers.ncols()].map(|count| u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    let first = |array: &Array2<f64>| array.iter().take(n_rows * array.ncols()).copied().collect::<Vec<_>>();
    let values = [first(rows), first(&answers)].concat().into_iter().flat_map(f64::to_le_bytes);
    Some(MAGIC.iter().copied().chain(counts.concat()).chain(values).collect())
}

/// Asks the pipeline for the stored rows.
///
/// # Errors
/// [`Error::Damaged`] if the bytes are not what [`record`] writes, do not suit the pipeline, or it answers otherwise by more
/// than rounding.
pub(super) fn replay(pipeline: &Pipeline, bytes: &[u8]) -> Result<()> {
    if let Some(result) = pipeline.training_result() {
        return if bytes == recorded(result) { Ok(()) } else { Err(damaged("it is that of another training result")) };
    }
    let (rows, stored) = read(bytes)?;
    let expected = pipeline.schema().features.len();
    if rows.ncols() != expected {
        return Err(damaged(format!("its rows have {} features and the model takes {expected}", rows.ncols())));
    }
    let answers = outputs(pipeline.predict(rows.view()));
    if answers.dim() != stored.dim() {
        return Err(damaged(format!(
            "it has answers of shape {:?} and the model gives {:?}",
            stored.dim(),
            answers.dim()
        )));
    }
    for (answers, stored) in answers.columns().into_iter().zip(stored.columns()) {
        let largest = stored.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let allowed = LEAST_TOLERANCE.max(TOLERANCE * largest);
        for (row, (answer, stored)) in answers.iter().zip(stored).enumerate() {
            if !same(*answer, *stored, allowed) {
                return Err(damaged(format!("the model answers row {row} with {answer} and answered {stored}")));
            }
        }
    }
    Ok(())
}

fn recorded(result: &TrainingResult) -> Vec<u8> {
    [RESULT_MAGIC.as_slice(), &result.sha256()].concat()
}

fn same(answer: f64, stored: f64, allowed: f64) -> bool {
    answer == stored || (answer - stored).abs() <= allowed || (answer.is_nan() && stored.is_nan())
}

/// What a model computes for each row: `(n_samples, n_outputs)`.
fn outputs(predictions: Predictions) -> Array2<f64> {
    match predictions {
        Predictions::Values(values) => values.insert_axis(Axis(1)),
        Predictions::Classes { probabilities, .. } | Predictions::Mixture { probabilities, .. } => probabilities,
        Predictions::Clusters { distances, .. } => distances,
        Predictions::Columns(columns) => columns,
    }
}

/// Rows and answers. Nothing is allocated that the bytes do not hold.
fn read(bytes: &[u8]) -> Result<(Array2<f64>, Array2<f64>)> {
    let (head, values) = bytes.split_at_checked(HEAD).ok_or_else(|| damaged("it is shorter than its head"))?;
    let Some(counts) = head.strip_prefix(MAGIC) else { return Err(damaged("it does not start like stored rows")) };
    let counts: Vec<usize> = counts.as_chunks().0.iter().map(|count| u32::from_le_bytes(*count) as usize).collect();
    let &[n_rows, n_features, n_outputs] = counts.as_slice() else { return Err(damaged("its head is cut")) };
    let (values, rest) = values.as_chunks();
    // Three u32 cannot overflow: the sum has 33 bits, the product 65 at the most.
    let expected = (n_features as u128 + n_outputs as u128) * n_rows as u128;
    if values.len() as u128 != expected || !rest.is_empty() {
        return Err(damaged(format!("it has not the {expected} values that it says")));
    }
    let values: Vec<f64> = values.iter().map(|value| f64::from_le_bytes(*value)).collect();
    let (rows, answers) = values.split_at(n_rows * n_features);
    let array =
        |shape, values: &[f64]| Array2::from_shape_vec(shape, values.to_vec()).map_err(|why| damaged(why.to_string()));
    Ok((array((n_rows, n_features), rows)?, array((n_rows, n_outputs), answers)?))
}

fn damaged(why: impl Into<String>) -> Error {
    Error::Damaged { path: GOLDEN.into(), why: why.into() }
}
