//! Symmetric matrices whose quadratic form is above 0 everywhere.

use crate::error::Result;
use crate::model::crew::Ask;
use crate::model::kernels::dots;
use ndarray::{Array2, ArrayView1};
use std::ops::Range;

/// The lower triangle `l` with `l l^T = matrix`, of which only the lower half is looked at; `None` if there is none, or none whose
/// inverse is finite. `ask` is asked for each row.
///
/// # Errors
/// What `ask` answers.
pub(in crate::model) fn cholesky(matrix: &Array2<f64>, ask: &Ask<'_>) -> Result<Option<Array2<f64>>> {
    let width = matrix.ncols();
    let mut l = Array2::<f64>::zeros((width, width));
    for row in 0..width {
        ask()?;
        for column in 0..=row {
            let left = matrix[(row, column)] - product(l.row(row), l.row(column), 0..column);
            l[(row, column)] = if row == column { left.sqrt() } else { left / l[(column, column)] };
        }
        let pivot = l[(row, row)];
        if !(pivot > 0.0 && pivot.is_finite() && pivot.recip().is_finite()) {
            return Ok(None);
        }
    }
    Ok(Some(l))
}

/// The transposed inverse of a lower triangle without zeros on its diagonal: an upper triangle. `ask` is asked for each row.
///
/// # Errors
/// What `ask` answers.
pub(in crate::model) fn transposed_inverse_of_lower(l: &Array2<f64>, ask: &Ask<'_>) -> Result<Array2<f64>> {
    let width = l.ncols();
    let mut inverse = Array2::<f64>::zeros((width, width));
    for column in 0..width {
        ask()?;
        inverse[(column, column)] = l[(column, column)].recip();
        for row in column + 1..width {
            inverse[(column, row)] = -product(l.row(row), inverse.row(column), column..row) / l[(row, row)];
        }
    }
    Ok(inverse)
}

/// Of some numbers of two rows, each number of one times that of the other, added up.
fn product<'a>(one: ArrayView1<'a, f64>, other: ArrayView1<'a, f64>, of: Range<usize>) -> f64 {
    let [one, other] = [one, other].map(|row| row.to_slice().and_then(|row| row.get(of.clone())).unwrap_or_default());
    let [product] = dots([one], other);
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_triangle_times_itself_is_the_matrix() {
        let matrix = array![[4.0, 0.0, 0.0], [2.0, 10.0, 0.0], [-6.0, 3.0, 46.0]];

        let l = cholesky(&matrix, &|| Ok(())).unwrap().unwrap();

        assert_eq!(l, array![[2.0, 0.0, 0.0], [1.0, 3.0, 0.0], [-3.0, 2.0, 33f64.sqrt()]]);
    }

    #[test]
    fn an_inverse_takes_its_triangle_back() {
        let l = array![[2.0, 0.0, 0.0], [1.0, 4.0, 0.0], [-3.0, 2.0, 0.5]];

        let inverse = transposed_inverse_of_lower(&l, &|| Ok(())).unwrap();

        assert_eq!(inverse.t().dot(&l), Array2::<f64>::eye(3));
    }

    #[test]
    fn a_matrix_that_is_not_positive_has_no_triangle() {
        for matrix in [array![[0.0]], array![[-1.0]], array![[1.0, 0.0], [2.0, 4.0]], array![[f64::NAN]]] {
            assert_eq!(cholesky(&matrix, &|| Ok(())).unwrap(), None, "{matrix}");
        }
    }
}
