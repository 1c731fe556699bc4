//! Euclidean distances from below, many at once.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

/// The relative error of a rounding to f32, and of one to f64.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;
const FINE_ROUNDING: f64 = f64::EPSILON / 2.0;
/// Rows that are further from a tile than this many times its size are not bounded: their products could overflow.
const FAR: f64 = 1e12;
/// A tile of a smaller size has squares that are lost in f64.
const SMALLEST_SIZE: f64 = 1e-140;
/// More than all that products of numbers lose which are too small for f32.
const UNDERFLOW: f64 = 1e-20;

/// Some rows, from which others are told to be too far.
///
/// With `c` a row of the tile and `x` another, both less the centre of the tile and divided by its size, `|x - c|^2 =
/// |x|^2 + (|c|^2 - 2 x . c)`. The bracket is a product of matrices, here in f32 and by a library, in whatever order it
/// chooses. That is the one place where this may be: the product only says which distances are worth computing, and
/// [`Asked::limit`] is wide enough for any rounding.
#[derive(Debug)]
pub(super) struct Tile {
    width: usize,
    /// `-2 c` of each row in a column, under it `|c|^2`: `(width + 1, n_rows)`.
    columns: Array2<f32>,
    centre: Vec<f64>,
    size: f64,
    /// The largest `|c|`.
    reach: f64,
}

/// Rows that are asked about, and what the tile says of them.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// `x` and then 1, row by row.
    rows: Vec<f32>,
    /// `|x|` of each row.
    norms: Vec<f64>,
    /// A bracket for each row and each row of the tile.
    brackets: Vec<f32>,
}

impl Tile {
    /// Of some rows, at least one.
    pub(super) fn new(rows: &[f64], width: usize) -> Self {
        let n_rows = rows.len() / width;
        let mut centre = vec![0.0; width];
        for row in rows.chunks_exact(width) {
            centre.iter_mut().zip(row).for_each(|(sum, x)| *sum += x / n_rows as f64);
        }
        let less_centre = |row| std::iter::zip::<&[f64], _>(row, &centre).map(|(x, centre)| x - centre);
        let size = rows.chunks_exact(width).flat_map(less_centre).fold(0.0, |size: f64, x| size.max(x.abs()));
        let mut columns = Array2::zeros((width + 1, n_rows));
        let mut reach = 0.0_f64;
        for (row, mut column) in rows.chunks_exact(width).zip(columns.columns_mut()) {
            let mut square = 0.0;
            for (x, place) in less_centre(row).map(|x| x / size).zip(&mut column) {
                *place = (-2.0 * x) as f32;
                square += x * x;
            }
            column[width] = square as f32;
            reach = reach.max(square);
        }
        Self { width, columns, centre, size, reach: reach.sqrt() }
    }

    /// Whether it says anything.
    pub(super) fn is_of_use(&self) -> bool {
        self.size > SMALLEST_SIZE && self.reach.is_finite()
    }

    /// Looks at some rows.
    pub(super) fn look_at(&self, rows: &[f64], asked: &mut Asked) {
        let (n_rows, n_columns) = (rows.len() / self.width, self.columns.ncols());
        asked.rows.clear();
        asked.norms.clear();
        for row in rows.chunks_exact(self.width) {
            let from = asked.rows.len();
            let mut square = 0.0;
            asked.rows.extend(row.iter().zip(&self.centre).map(|(x, centre)| {
                let scaled = (x - centre) / self.size;
                square += scaled * scaled;
                scaled as f32
            }));
            asked.rows.push(1.0);
            let norm = f64::sqrt(square);
            asked.norms.push(norm);
            if norm.is_nan() || norm > FAR {
                asked.rows[from..].fill(0.0); // See limit.
            }
        }
        asked.brackets.resize(n_rows * n_columns, 0.0);
        let shapes = (
            ArrayView2::from_shape((n_rows, self.width + 1), &asked.rows),
            ArrayViewMut2::from_shape((n_rows, n_columns), &mut asked.brackets),
        );
        if let (Ok(rows), Ok(mut brackets)) = shapes {
            general_mat_mul(1.0, &rows, &self.columns, 0.0, &mut brackets);
        }
    }

    /// The brackets of a row that was asked about.
    pub(super) fn brackets<'a>(&self, asked: &'a Asked, row: usize) -> &'a [f32] {
        &asked.brackets[row * self.columns.ncols()..(row + 1) * self.columns.ncols()]
    }

    /// A bracket above this says that the square of a distance, as f64 computes it, is above `square`.
    ///
    /// Roundings, in any order of the sum: N. J. Higham, "Accuracy and stability of numerical algorithms" (2002),
    /// section 3.1, doi:10.1137/1.9780898718027. The bracket is a sum of `width + 1` products of numbers that were
    /// rounded themselves; the rest is f64. Each bound is taken twice.
    pub(super) fn limit(&self, asked: &Asked, row: usize, square: f64) -> f32 {
        let norm = asked.norms[row];
        if !(norm <= FAR && square.is_finite()) {
            return f32::INFINITY;
        }
        let roundings = 2.0 * (self.width + 8) as f64;
        let of_brackets = roundings * ROUNDING * (2.0 * norm * self.reach + self.reach * self.reach);
        let of_the_rest = roundings * FINE_ROUNDING * (norm + self.reach).powi(2);
        let limit = square / self.size / self.size - norm * norm + of_brackets + of_the_rest + UNDERFLOW;
        (limit + 2.0 * ROUNDING * limit.abs()) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::neighbours::Metric;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_row_that_is_near_is_told_to_be_too_far(
            n_rows in 1usize..20, n_asked in 1usize..10, width in 1usize..30, seed in any::<u64>(),
            scale in -140i32..140, offset in -3i32..12, distance in -3i32..20,
        ) {
            let number = |at: usize, salt: u64| {
                let mixed = (seed ^ salt).wrapping_mul(2 * at as u64 + 1).rotate_left(29);
                let mixed = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                (mixed >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
            };
            let unit = 10f64.powi(scale);
            let place = |x: f64| (x + 10f64.powi(offset)) * unit;
            let rows: Vec<f64> = (0..n_rows * width).map(|at| place(number(at, 1))).collect();
            let asked_rows: Vec<f64> =
                (0..n_asked * width).map(|at| place(number(at, 2) * 10f64.powi(distance))).collect();
            let (tile, mut asked) = (Tile::new(&rows, width), Asked::default());
            prop_assume!(tile.is_of_use());

            tile.look_at(&asked_rows, &mut asked);

            for (at, row) in asked_rows.chunks(width).enumerate() {
                for (other, bracket) in rows.chunks(width).zip(tile.brackets(&asked, at)) {
                    let square = Metric::Euclidean.between(row, other);
                    let limit = tile.limit(&asked, at, square);
                    prop_assert!(*bracket <= limit, "{} > {}", bracket, limit);
                }
            }
        }
    }

    #[test]
    fn a_row_that_is_far_is_told_so() {
        let (tile, mut asked) = (Tile::new(&[0.0, 1.0, 0.5], 1), Asked::default());

        tile.look_at(&[0.1, f64::MAX, f64::NAN], &mut asked);

        let limit = tile.limit(&asked, 0, 0.02);
        assert_eq!([0, 1, 2].map(|at| tile.brackets(&asked, 0)[at] > limit), [false, true, true]);
        assert_eq!([1, 2].map(|row| tile.limit(&asked, row, 1.0)), [f32::INFINITY; 2]);
        assert!(asked.brackets.iter().all(|bracket| bracket.is_finite()));
        assert!(!Tile::new(&[3.0, 3.0], 1).is_of_use());
    }
}
