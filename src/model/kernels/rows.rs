//! What is done to rows themselves, and looked for in them.

use super::dot::{LANES, in_pairs};
use ndarray::{Array2, ArrayView2};
use std::borrow::Cow;

/// The rows of a matrix as one slice; copied only if they lie in another order.
pub(in crate::model) fn in_rows<'a>(matrix: &'a ArrayView2<'_, f64>) -> Cow<'a, [f64]> {
    matrix.as_slice().map_or_else(|| Cow::Owned(matrix.iter().copied().collect()), Cow::Borrowed)
}

/// The rows of a matrix as one slice, which becomes row-major if it was not.
pub(in crate::model) fn in_rows_mut(matrix: &mut Array2<f64>) -> &mut [f64] {
    if !matrix.is_standard_layout() {
        *matrix = matrix.as_standard_layout().into_owned();
    }
    matrix.as_slice_mut().expect("a row-major matrix of its own is one slice")
}

/// A matrix of the numbers that a kernel answered, `n_columns` for each row.
pub(in crate::model) fn table(values: Vec<f64>, n_rows: usize, n_columns: usize) -> Array2<f64> {
    Array2::from_shape_vec((n_rows, n_columns), values).expect("a kernel answers as many numbers for each row")
}

/// Whether no value is NaN or infinite.
pub(in crate::model) fn all_finite(values: &[f64]) -> bool {
    // A finite sum has finite terms only, and takes one instruction for several values. One that is not finite may be large
    // values that together are too large.
    values.chunks(512).all(|chunk| sum(chunk).is_finite() || chunk.iter().all(|value| value.is_finite()))
}

fn sum(values: &[f64]) -> f64 {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(sum, value)| *sum += value);
    }
    rest.iter().fold(in_pairs(sums), |sum, value| sum + value)
}

/// The least and the largest of some numbers; infinities where there are none.
pub(in crate::model) fn extremes(values: &[f64]) -> (f64, f64) {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let (mut least, mut most) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    // One instruction for each two numbers, which `min` and `max` are not: they look for what is not a number.
    for block in blocks {
        least.iter_mut().zip(block).for_each(|(least, x)| *least = if x < least { *x } else { *least });
        most.iter_mut().zip(block).for_each(|(most, x)| *most = if x > most { *x } else { *most });
    }
    (
        least.iter().chain(rest).copied().fold(f64::INFINITY, f64::min),
        most.iter().chain(rest).copied().fold(f64::NEG_INFINITY, f64::max),
    )
}

/// `(x - mean) / scale` in the place of each `x`; a mean and a scale for each column.
pub(in crate::model) fn shift_and_scale(rows: &mut [f64], mean: &[f64], scale: &[f64]) {
    for row in rows.chunks_exact_mut(mean.len()) {
        for ((x, mean), scale) in row.iter_mut().zip(mean).zip(scale) {
            *x = (*x - mean) / scale;
        }
    }
}

/// The position of the largest value, the first one of equals.
pub(in crate::model) fn first_largest(row: &[f64]) -> usize {
    first(row, |one, other| one > other)
}

/// The position of the smallest value, the first one of equals.
pub(in crate::model) fn first_smallest(row: &[f64]) -> usize {
    first(row, |one, other| one < other)
}

fn first(row: &[f64], wins: impl Fn(f64, f64) -> bool) -> usize {
    let positions = row.iter().enumerate();
    let best = positions.reduce(|best, it| if wins(*it.1, *best.1) { it } else { best });
    best.map_or(0, |(position, _)| position)
}
