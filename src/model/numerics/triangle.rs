//! The triangle R of a matrix `QR`, by Householder's reflections.
//!
//! A. S. Householder, "Unitary triangularization of a nonsymmetric matrix" (1958), doi:10.1145/320941.320947; in pieces (TSQR):
//! J. Demmel, L. Grigori, M. Hoemmen, J. Langou, "Communication-optimal parallel and sequential QR and LU factorizations"
//! (2012), doi:10.1137/080731992.

use ndarray::Array2;

/// Rows, one after the other, that have the same cross-products as others that were there before them.
#[derive(Clone, Debug)]
pub(super) struct Triangle {
    width: usize,
    values: Vec<f64>,
}

impl Triangle {
    /// Of no rows.
    pub(super) fn none(width: usize) -> Self {
        Self { width, values: vec![] }
    }

    /// One more row.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = f64>) {
        self.values.extend(row);
    }

    pub(super) fn n_rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// The rows of another below its own.
    pub(super) fn stack(&mut self, other: &Self) {
        self.values.extend_from_slice(&other.values);
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
        let (width, most) = (self.width, self.n_rows().min(self.width));
        let mut products = vec![0.0; width];
        for column in 0..most {
            let (_, below) = self.values.split_at_mut(column * width);
            let norm = below.chunks_exact(width).map(|row| row[column] * row[column]).sum::<f64>().sqrt();
            if norm == 0.0 {
                continue;
            }
            let diagonal = below[column];
            // The mirror stands between the column and the diagonal's far side, so that no digits are lost.
            let image = if diagonal < 0.0 { norm } else { -norm };
            below[column] = diagonal - image;
            let scale = 1.0 / (norm * (norm + diagonal.abs()));
            let products = &mut products[column + 1..];
            products.fill(0.0);
            for row in below.chunks_exact(width) {
                let (mirror, rest) = (row[column], &row[column + 1..]);
                products.iter_mut().zip(rest).for_each(|(product, value)| *product += mirror * value);
            }
            products.iter_mut().for_each(|product| *product *= scale);
            for row in below.chunks_exact_mut(width) {
                let (mirror, rest) = row.split_at_mut(column + 1);
                let mirror = std::mem::take(&mut mirror[column]);
                rest.iter_mut().zip(&*products).for_each(|(value, product)| *value -= mirror * product);
            }
            below[column] = image;
        }
        self.values.truncate(most * width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    fn triangle(rows: &Array2<f64>) -> Triangle {
        Triangle { width: rows.ncols(), values: rows.iter().copied().collect() }
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
