//! Eigenvalues and eigenvectors of symmetric matrices.

use crate::error::Result;
use ndarray::Array2;

/// Turns of a QL iteration for one eigenvalue; two are common.
const MOST_TURNS: usize = 100;
const EPSILON: f64 = f64::EPSILON;

/// Eigenvalues with their eigenvectors.
#[derive(Clone, Debug)]
pub(in crate::model) struct Eigen {
    /// The largest first.
    pub(in crate::model) values: Vec<f64>,
    /// In the order of the values; of length 1, and at right angles to each other.
    pub(in crate::model) vectors: Vec<Vec<f64>>,
}

/// Of a symmetric matrix of finite numbers, whose lower half is read. The sign of each vector makes its largest number positive,
/// the first of equals.
///
/// Householder's reduction to three diagonals, then implicit QL: R. S. Martin, C. Reinsch, J. H. Wilkinson, "Householder's
/// tridiagonalization of a symmetric matrix" (1968), doi:10.1007/BF02162427, and H. Bowdler, R. S. Martin, C. Reinsch,
/// J. H. Wilkinson, "The QR and QL algorithms for symmetric matrices" (1968), doi:10.1007/BF02219772. `ask` is told how much is
/// done, before each part that looks at all numbers a few times.
///
/// # Errors
/// What `ask` answers.
pub(in crate::model) fn eigen(matrix: &Array2<f64>, ask: &dyn Fn(f64) -> Result<()>) -> Result<Eigen> {
    let size = matrix.nrows();
    let largest = matrix.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let unit = if largest > 0.0 { largest } else { 1.0 };
    let lower = |row: usize, column: usize| matrix[(row.max(column), row.min(column))] / unit;
    let columns = (0..size).map(|row| (0..size).map(|column| lower(row, column)).collect()).collect();
    let mut work = Work { columns, diagonal: vec![0.0; size], beside: vec![0.0; size] };
    work.reduce(&|share| ask(share / 3.0))?;
    work.accumulate(&|share| ask((1.0 + share) / 3.0))?;
    work.iterate(&|share| ask((2.0 + share) / 3.0))?;
    let mut pairs: Vec<(f64, Vec<f64>)> = work.diagonal.into_iter().zip(work.columns).collect();
    pairs.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (values, vectors) = pairs.into_iter().map(|(value, vector)| (value * unit, positive(vector))).unzip();
    Ok(Eigen { values, vectors })
}

/// The same vector, or less itself, so that its largest number is above 0.
pub(super) fn positive(mut vector: Vec<f64>) -> Vec<f64> {
    let largest =
        vector.iter().copied().fold(0.0, |largest: f64, it| if it.abs() > largest.abs() { it } else { largest });
    if largest < 0.0 {
        vector.iter_mut().for_each(|it| *it = -*it);
    }
    vector
}

/// A matrix on its way.
struct Work {
    columns: Vec<Vec<f64>>,
    diagonal: Vec<f64>,
    /// What stands beside the diagonal.
    beside: Vec<f64>,
}

impl Work {
    /// To three diagonals, keeping the reflections.
    fn reduce(&mut self, ask: &dyn Fn(f64) -> Result<()>) -> Result<()> {
        let size = self.columns.len();
        let Self { columns, diagonal, beside } = self;
        for (place, column) in diagonal.iter_mut().zip(&*columns) {
            *place = column[size - 1];
        }
        for row in (1..size).rev() {
            ask((size - row) as f64 / size as f64)?;
            let scale: f64 = diagonal[..row].iter().map(|it| it.abs()).sum();
            let mut square = 0.0;
            if scale == 0.0 {
                beside[row] = diagonal[row - 1];
                for column in 0..row {
                    diagonal[column] = columns[column][row - 1];
                    (columns[column][row], columns[row][column]) = (0.0, 0.0);
                }
            } else {
                for it in &mut diagonal[..row] {
                    *it /= scale;
                    square += *it * *it;
                }
                let last = diagonal[row - 1];
                let length = if last > 0.0 { -square.sqrt() } else { square.sqrt() };
                beside[row] = scale * length;
                square -= last * length;
                diagonal[row - 1] = last - length;
                beside[..row].fill(0.0);
                for column in 0..row {
                    let factor = diagonal[column];
                    columns[row][column] = factor;
                    let mut sum = beside[column] + columns[column][column] * factor;
                    for at in column + 1..row {
                        sum += columns[column][at] * diagonal[at];
                        beside[at] += columns[column][at] * factor;
                    }
                    beside[column] = sum;
                }
                let mut sum = 0.0;
                for column in 0..row {
                    beside[column] /= square;
                    sum += beside[column] * diagonal[column];
                }
                let half = sum / (square + square);
                for column in 0..row {
                    beside[column] -= half * diagonal[column];
                }
                for column in 0..row {
                    let (one, other) = (diagonal[column], beside[column]);
                    for at in column..row {
                        columns[column][at] -= one * beside[at] + other * diagonal[at];
                    }
                    diagonal[column] = columns[column][row - 1];
                    columns[column][row] = 0.0;
                }
            }
            diagonal[row] = square;
        }
        Ok(())
    }

    /// The product of the reflections.
    fn accumulate(&mut self, ask: &dyn Fn(f64) -> Result<()>) -> Result<()> {
        let size = self.columns.len();
        let Self { columns, diagonal, beside } = self;
        for next in 1..size {
            ask(next as f64 / size as f64)?;
            let last = next - 1;
            columns[last][size - 1] = columns[last][last];
            columns[last][last] = 1.0;
            let square = diagonal[next];
            let (before, reflection) = columns.split_at_mut(next);
            let reflection = &mut reflection[0][..next];
            if square != 0.0 {
                for column in before {
                    let sum: f64 = reflection.iter().zip(&*column).map(|(one, other)| one * other).sum();
                    let share = sum / square;
                    column.iter_mut().zip(&*reflection).for_each(|(it, own)| *it -= share * own);
                }
            }
            reflection.fill(0.0);
        }
        for (place, column) in diagonal.iter_mut().zip(columns.iter_mut()) {
            *place = std::mem::take(&mut column[size - 1]);
        }
        if let Some(last) = columns.last_mut() {
            last[size - 1] = 1.0;
        }
        if let Some(first) = beside.first_mut() {
            *first = 0.0;
        }
        Ok(())
    }

    /// To one diagonal, turning the vectors along.
    fn iterate(&mut self, ask: &dyn Fn(f64) -> Result<()>) -> Result<()> {
        let size = self.columns.len();
        let Self { columns, diagonal, beside } = self;
        beside.rotate_left(size.min(1));
        let (mut shift, mut largest) = (0.0, 0.0_f64);
        for first in 0..size {
            largest = largest.max(diagonal[first].abs() + beside[first].abs());
            let end = (first..size - 1).find(|at| beside[*at].abs() <= EPSILON * largest).unwrap_or(size - 1);
            for _ in 0..MOST_TURNS {
                ask(first as f64 / size as f64)?;
                if end == first || beside[first].abs() <= EPSILON * largest {
                    break;
                }
                let start = diagonal[first];
                let mut p = (diagonal[first + 1] - start) / (2.0 * beside[first]);
                let r = if p < 0.0 { -p.hypot(1.0) } else { p.hypot(1.0) };
                diagonal[first] = beside[first] / (p + r);
                diagonal[first + 1] = beside[first] * (p + r);
                let (next, moved) = (diagonal[first + 1], start - diagonal[first]);
                diagonal[first + 2..].iter_mut().for_each(|it| *it -= moved);
                shift += moved;
                p = diagonal[end];
                let (mut cosine, mut before, mut long_before) = (1.0, 1.0, 1.0);
                let (mut sine, mut sine_before) = (0.0, 0.0);
                let second = beside[first + 1];
                for at in (first..end).rev() {
                    (long_before, before, sine_before) = (before, cosine, sine);
                    let (g, h) = (cosine * beside[at], cosine * p);
                    let r = p.hypot(beside[at]);
                    beside[at + 1] = sine * r;
                    (sine, cosine) = if r == 0.0 { (0.0, 1.0) } else { (beside[at] / r, p / r) };
                    p = cosine * diagonal[at] - sine * g;
                    diagonal[at + 1] = h + sine * (cosine * g + sine * diagonal[at]);
                    let (left, right) = columns.split_at_mut(at + 1);
                    for (one, other) in left[at].iter_mut().zip(&mut right[0]) {
                        (*one, *other) = (cosine * *one - sine * *other, sine * *one + cosine * *other);
                    }
                }
                p = -sine * sine_before * long_before * second * beside[first] / next;
                beside[first] = sine * p;
                diagonal[first] = cosine * p;
            }
            diagonal[first] += shift;
            beside[first] = 0.0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    fn quiet(_: f64) -> Result<()> {
        Ok(())
    }

    /// By how much `A v = l v` and `v v' = 1` are missed, as a share of the largest number.
    fn error(matrix: &Array2<f64>, found: &Eigen) -> f64 {
        let largest = matrix.iter().fold(f64::MIN_POSITIVE, |largest: f64, value| largest.max(value.abs()));
        let vectors: Vec<Array1<f64>> = found.vectors.iter().cloned().map(Array1::from).collect();
        let residual = vectors.iter().zip(&found.values).map(|(vector, value)| {
            (matrix.dot(vector) - vector * *value).iter().fold(0.0, |most: f64, it| most.max(it.abs() / largest))
        });
        let angles = vectors.iter().enumerate().flat_map(|(at, one)| {
            vectors.iter().enumerate().map(move |(to, other)| (one.dot(other) - f64::from(u8::from(at == to))).abs())
        });
        residual.chain(angles).fold(0.0, f64::max)
    }

    proptest! {
        #[test]
        fn vectors_are_turned_by_no_multiplication(
            size in 1usize..14, numbers in prop::collection::vec(-3i8..4, 196), magnitude in prop::sample::select(vec![-200, 0, 200]),
        ) {
            let matrix = Array2::from_shape_fn((size, size), |(row, column)| {
                f64::from(numbers[row.max(column) * 14 + row.min(column)]) * 10f64.powi(magnitude)
            });

            let found = eigen(&matrix, &quiet).unwrap();

            prop_assert!(error(&matrix, &found) < 1e-12, "{} of {:?}", error(&matrix, &found), found);
            prop_assert!(found.values.is_sorted_by(|one, next| one >= next));
        }
    }

    #[test]
    fn eigenvalues_of_a_chain_are_those_of_its_formula() {
        let matrix = Array2::from_shape_fn((50, 50), |(row, column)| match row.abs_diff(column) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });

        let found = eigen(&matrix, &quiet).unwrap();

        let expected = (1..=50).rev().map(|at| 2.0 - 2.0 * (f64::from(at) * std::f64::consts::PI / 51.0).cos());
        found
            .values
            .iter()
            .zip(expected)
            .for_each(|(value, expected)| assert_abs_diff_eq!(*value, expected, epsilon = 1e-13));
    }

    #[test]
    fn one_number_and_zeros_and_a_diagonal_are_fine() {
        assert_eq!(eigen(&array![[-3.0]], &quiet).unwrap().values, [-3.0]);
        assert_eq!(eigen(&Array2::zeros((3, 3)), &quiet).unwrap().values, [0.0; 3]);
        let found = eigen(&array![[1.0, 0.0], [0.0, 5.0]], &quiet).unwrap();
        assert_eq!((found.values, found.vectors), (vec![5.0, 1.0], vec![vec![0.0, 1.0], vec![1.0, 0.0]]));
    }

    #[test]
    fn whoever_does_not_want_to_wait_is_asked() {
        let asked = std::cell::Cell::new(0);
        let stop = |_| {
            asked.set(asked.get() + 1);
            if asked.get() > 40 { Err(crate::error::Error::Cancelled { what: "the job" }) } else { Ok(()) }
        };

        assert!(eigen(&Array2::ones((30, 30)), &stop).is_err());
    }
}
