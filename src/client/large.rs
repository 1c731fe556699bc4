//! Rows that take more than one call: where they are cut, and how the answers become one.

use super::ModelVersion;
use super::pieces::{self, MAX_PIECE_BYTES};
use crate::data::{Features, Labels};
use crate::error::{Code, Error, Result};
use crate::model::{Predictions, Value};
use ndarray::Axis;
use std::ops::Range;

/// Bytes of all rows as they travel.
pub(super) fn encoded_bytes(rows: &Features) -> usize {
    match rows {
        Features::Matrix(matrix) => size_of::<f64>() * matrix.len(),
        Features::Packed(matrix) => matrix.bytes().len(),
        Features::Table(table) => pieces::encoded_bytes(table),
    }
}

/// These rows alone.
pub(super) fn slice(rows: &Features, range: Range<usize>) -> Features {
    match rows {
        Features::Matrix(matrix) => Features::Matrix(matrix.slice_axis(Axis(0), range.into()).to_owned()),
        Features::Packed(matrix) => Features::Packed(matrix.slice(range)),
        Features::Table(table) => Features::Table(table.slice(range.start, range.len())),
    }
}

/// What the prediction of one row takes on its way back, as that of another row shows it.
pub(super) fn answer_bytes_like(predictions: &Predictions) -> usize {
    match predictions {
        Predictions::Values(_) => 8,
        Predictions::Classes { classes, .. } => classes.longest() + 8 * classes.len(),
        Predictions::Clusters { distances: numbers, .. } | Predictions::Mixture { probabilities: numbers, .. } => {
            8 + 8 * numbers.ncols()
        }
        Predictions::Columns(columns) => 8 * columns.ncols(),
    }
}

/// What the prediction of one row takes on its way back, as a version is described.
pub(super) fn answer_bytes(model: &ModelVersion) -> usize {
    if let Some(outputs) = &model.schema.outputs {
        return 8 * outputs.len();
    }
    let label = match model.schema.classes.as_deref() {
        Some(Labels::Text(classes)) => 4 + classes.iter().map(String::len).max().unwrap_or_default(),
        _ => 8,
    };
    let parameters = model.steps.last().map(|step| &step.parameters);
    let number = |name| parameters.and_then(|them| them.get(name));
    let clusters = match number("n_clusters").or_else(|| number("n_components")) {
        Some(Value::Integer(clusters)) => usize::try_from(*clusters).unwrap_or_default(),
        _ => 0,
    };
    label + 8 * model.schema.classes.as_ref().map_or(clusters, |classes| classes.len())
}

/// Consecutive ranges of rows that are at most [`MAX_PIECE_BYTES`] there and back.
pub(super) struct Ranges {
    pieces: std::vec::IntoIter<Range<usize>>,
    rest: Range<usize>,
    most_rows: usize,
}

impl Ranges {
    /// The rows from `start` on, if the answer to each takes so many bytes.
    pub(super) fn of(rows: &Features, start: usize, answer_bytes: usize) -> Self {
        let pieces = match rows {
            Features::Matrix(matrix) => of_equal_rows(start..matrix.nrows(), size_of::<f64>() * matrix.ncols()),
            Features::Packed(matrix) => {
                of_equal_rows(start..matrix.n_rows(), matrix.element().size() * matrix.n_columns())
            }
            Features::Table(table) => {
                let shifted = pieces::pieces(&table.slice(start, table.n_rows() - start), MAX_PIECE_BYTES);
                shifted.into_iter().map(|range| range.start + start..range.end + start).collect::<Vec<_>>()
            }
        };
        Self { pieces: pieces.into_iter(), rest: 0..0, most_rows: (MAX_PIECE_BYTES / answer_bytes.max(1)).max(1) }
    }
}

/// Pieces of rows that take so many bytes each.
fn of_equal_rows(rows: Range<usize>, row_bytes: usize) -> Vec<Range<usize>> {
    let most = (MAX_PIECE_BYTES / row_bytes.max(1)).max(1);
    rows.clone().step_by(most).map(|start| start..rows.end.min(start + most)).collect()
}

impl Iterator for Ranges {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if self.rest.is_empty() {
            self.rest = self.pieces.next()?;
        }
        let end = self.rest.end.min(self.rest.start + self.most_rows);
        let range = self.rest.start..end;
        self.rest.start = end;
        Some(range)
    }
}

/// The error of a piece, which counts the rows from the start of its piece.
pub(super) fn counted_from(start: usize, error: Error) -> Error {
    match error {
        error if start == 0 => error,
        Error::Remote { code: Code::InvalidArgument, what, hint, executed, request_id } => {
            let what = format!("{what} (rows are counted from row {start})");
            Error::Remote { code: Code::InvalidArgument, what, hint, executed, request_id }
        }
        other => other,
    }
}

/// Answers of one model, one after the other; there is at least one.
pub(super) fn join(answers: Vec<Predictions>) -> Result<Predictions> {
    let joined = Predictions::join(answers);
    joined.ok_or_else(|| Error::internal("the answers to the parts of a request do not fit together"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, ElementType, PackedMatrix, Table};
    use ndarray::{Array2, array};
    use std::sync::Arc;

    fn ends(rows: &Features, start: usize, answer_bytes: usize) -> Vec<(usize, usize)> {
        Ranges::of(rows, start, answer_bytes).map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn ranges_keep_to_the_limit_there_and_back() {
        let table = Features::Table(Table::new(vec![Column::float("x", vec![0.0; 3000])]).unwrap());
        let wide = Features::Matrix(Array2::zeros((3, MAX_PIECE_BYTES / 8)));
        let bytes = vec![0; 3 * MAX_PIECE_BYTES].into();
        let packed = PackedMatrix::new(ElementType::F32, [6, MAX_PIECE_BYTES / 8], bytes).unwrap();

        assert_eq!(ends(&table, 1, 8), [(1, 3000)]);
        assert_eq!(ends(&table, 1, MAX_PIECE_BYTES / 1000), [(1, 1001), (1001, 2001), (2001, 3000)]);
        assert_eq!(ends(&wide, 0, 8), [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(ends(&wide, 3, 8), []);
        assert_eq!(ends(&Features::Packed(packed), 1, 8), [(1, 3), (3, 5), (5, 6)]);
    }

    #[test]
    fn answers_are_put_together_in_the_order_of_the_rows() {
        let classes = Arc::new(Labels::Boolean(vec![false, true]));
        let all = [
            Predictions::Values(array![1.0, 2.0, 3.0]),
            Predictions::Classes {
                labels: vec![1, 0, 1],
                probabilities: array![[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]],
                classes,
            },
            Predictions::Clusters { clusters: vec![0, 0, 1], distances: array![[0.0, 4.0], [1.0, 3.0], [2.0, 1.0]] },
            Predictions::Columns(array![[0.0, 4.0], [1.0, 3.0], [2.0, 1.0]]),
        ];
        for whole in all {
            assert_eq!(join(vec![whole.slice(0, 1), whole.slice(1, 2)]).unwrap(), whole);
        }
    }
}
