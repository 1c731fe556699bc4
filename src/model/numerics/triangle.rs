//! The triangle R of a matrix `QR`, by Householder's reflections.
//!
//! A. S. Householder, "Unitary triangularization of a nonsymmetric matrix" (1958), doi:10.1145/320941.320947; in pieces (TSQR):
//! J. Demmel, L. Grigori, M. Hoemmen, J. Langou, "Communication-optimal parallel and sequential QR and LU factorizations"
//! (2012), doi:10.1137/080731992.

use crate::model::kernels::dots;
use ndarray::Array2;

/// Rows that are reduced at once: they stay in the cache nearest to the processor.
const BLOCK: usize = 128;

/// Rows, one after the other, that have the same cross-products as others that were there before them.
#[derive(Clone, Debug)]
pub(super) struct Triangle {
    width: usize,
    values: Vec<f64>,
    /// Whether the first `width` rows are upper triangular.
    has_triangle: bool,
}

impl Triangle {
    /// Of no rows.
    pub(super) fn none(width: usize) -> Self {
        Self { width, values: vec![], has_triangle: false }
    }

    /// One more row, or its next numbers.
    pub(super) fn push(&mut self, numbers: impl IntoIterator<Item = f64>) {
        self.values.extend(numbers);
    }

    fn n_rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// The rows of another below its own.
    pub(super) fn stack(&mut self, other: &Self) {
        self.values.extend_from_slice(&other.values);
    }

    /// As few rows as columns, if there are so many more that it is worth it.
    pub(super) fn shrink_if_long(&mut self) {
        if self.n_rows() >= BLOCK + self.width {
            self.reflect();
        }
    }

    /// As few rows as columns, if there are more.
    pub(super) fn shrink(&mut self) {
        if self.n_rows() > self.width {
            self.reflect();
        }
    }

    /// Upper triangular, `(min(n_rows, width), width)`, with a diagonal that is not negative.
    pub(super) fn into_r(mut self) -> Array2<f64> {
        self.reflect();
        for (at, row) in self.values.chunks_exact_mut(self.width).enumerate() {
            if row[at] < 0.0 {
                row.iter_mut().for_each(|value| *value = -*value);
            }
        }
        let shape = (self.n_rows(), self.width);
        Array2::from_shape_vec(shape, self.values).expect("a triangle has whole rows")
    }

    /// Makes it triangular: column by column, what is below the diagonal is mirrored into it.
    fn reflect(&mut self) {
        let (width, n_rows) = (self.width, self.n_rows());
        let most = n_rows.min(width);
        let mut columns = self.columns();
        for column in 0..most {
            let (own, others) = columns[column * n_rows..].split_at_mut(n_rows);
            // What a triangle has below its diagonal is 0 already.
            let below = if self.has_triangle { width } else { column + 1 };
            if let Some(mirror) = Mirror::of(own, column, below) {
                others.chunks_mut(2 * n_rows).for_each(|columns| mirror.reflect(columns));
                own[column] = mirror.image;
            }
        }
        self.values.truncate(most * width);
        for (row, values) in self.values.chunks_exact_mut(width).enumerate() {
            values[..row].fill(0.0);
            let own = columns.chunks_exact(n_rows).skip(row).map(|column| column[row]);
            values[row..].iter_mut().zip(own).for_each(|(value, own)| *value = own);
        }
        self.has_triangle = most == width;
    }

    /// Column by column, so that one instruction takes several numbers of a column.
    fn columns(&self) -> Vec<f64> {
        let n_rows = self.n_rows();
        let mut columns = vec![0.0; self.values.len()];
        for (at, column) in columns.chunks_exact_mut(n_rows.max(1)).enumerate() {
            column.iter_mut().zip(self.values.chunks_exact(self.width)).for_each(|(place, row)| *place = row[at]);
        }
        columns
    }
}

/// What takes a column into its diagonal.
struct Mirror<'a> {
    n_rows: usize,
    diagonal: usize,
    /// The first row below it that is not 0.
    first: usize,
    /// The vector at the diagonal, and from `first` on.
    top: f64,
    below: &'a [f64],
    scale: f64,
    /// What the diagonal becomes.
    image: f64,
}

impl<'a> Mirror<'a> {
    /// `None` if there is nothing below the diagonal.
    fn of(column: &'a [f64], diagonal: usize, first: usize) -> Option<Self> {
        let n_rows = column.len();
        let (above, below) = column.split_at(first);
        let [squares] = dots([below], below);
        let before = above[diagonal];
        let norm = (before * before + squares).sqrt();
        // It stands between the column and the diagonal's far side, so that no digits are lost.
        let image = if before < 0.0 { norm } else { -norm };
        let scale = 1.0 / (norm * (norm + before.abs()));
        (squares != 0.0).then_some(Self { n_rows, diagonal, first, top: before - image, below, scale, image })
    }

    /// Takes one column, or two, which share what is read of it, along.
    fn reflect(&self, columns: &mut [f64]) {
        let (one, other) = columns.split_at_mut(self.n_rows);
        if other.is_empty() {
            let [product] = dots([&one[self.first..]], self.below);
            self.subtract(one, product);
            return;
        }
        let [product, others] = dots([&one[self.first..], &other[self.first..]], self.below);
        self.subtract(one, product);
        self.subtract(other, others);
    }

    fn subtract(&self, column: &mut [f64], product: f64) {
        let share = self.scale * (product + self.top * column[self.diagonal]);
        column[self.diagonal] -= share * self.top;
        column[self.first..].iter_mut().zip(self.below).for_each(|(value, mirror)| *value -= share * mirror);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    fn triangle(rows: &Array2<f64>) -> Triangle {
        Triangle { width: rows.ncols(), values: rows.iter().copied().collect(), has_triangle: false }
    }

    #[test]
    fn a_triangle_has_the_cross_products_of_its_rows() {
        let r = triangle(&array![[3.0, 1.0], [0.0, 2.0], [4.0, 1.0]]).into_r();

        assert!((&r - array![[5.0, 1.4], [0.0, 2.0099751242241783]]).iter().all(|it| it.abs() < 1e-15), "{r}");
    }

    #[test]
    fn fewer_rows_than_columns_stay_as_they_are_until_there_are_more() {
        let rows = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let mut few = triangle(&rows);

        few.shrink();

        assert_eq!(few.values, rows.into_raw_vec_and_offset().0);
    }

    #[test]
    fn columns_of_zeros_stay_zero() {
        assert_eq!(triangle(&array![[0.0, 1.0], [0.0, 1.0], [0.0, 0.0]]).into_r().column(0), array![0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn pieces_have_the_triangle_of_the_whole(
            values in prop::collection::vec(-10.0f64..10.0, 4 * 30), border in 1usize..29,
        ) {
            let rows = Array2::from_shape_vec((30, 4), values).unwrap();
            let whole = triangle(&rows).into_r();
            let (left, right) = rows.view().split_at(ndarray::Axis(0), border);
            let (mut left, mut right) = (triangle(&left.to_owned()), triangle(&right.to_owned()));
            left.shrink();
            right.shrink();
            left.stack(&right);

            let merged = left.into_r();

            prop_assert!((&merged - &whole).iter().all(|it| it.abs() < 1e-11), "{merged} and {whole}");
        }
    }
}
