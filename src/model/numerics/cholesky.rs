//! Symmetric matrices whose quadratic form is above 0 everywhere.

use ndarray::Array2;

/// The lower triangle `l` with `l l^T = matrix`, of which only the lower half is looked at; `None` if there is none, or none whose
/// inverse is finite.
pub(in crate::model) fn cholesky(matrix: &Array2<f64>) -> Option<Array2<f64>> {
    let width = matrix.ncols();
    let mut l = Array2::<f64>::zeros((width, width));
    for row in 0..width {
        for column in 0..=row {
            let known: f64 = (0..column).map(|at| l[(row, at)] * l[(column, at)]).sum();
            let left = matrix[(row, column)] - known;
            l[(row, column)] = if row == column { left.sqrt() } else { left / l[(column, column)] };
        }
        let pivot = l[(row, row)];
        if !(pivot > 0.0 && pivot.is_finite() && pivot.recip().is_finite()) {
            return None;
        }
    }
    Some(l)
}

/// The inverse of a lower triangle without zeros on its diagonal: a lower triangle, too.
pub(in crate::model) fn inverse_of_lower(l: &Array2<f64>) -> Array2<f64> {
    let width = l.ncols();
    let mut inverse = Array2::<f64>::zeros((width, width));
    for column in 0..width {
        inverse[(column, column)] = l[(column, column)].recip();
        for row in column + 1..width {
            let known: f64 = (column..row).map(|at| l[(row, at)] * inverse[(at, column)]).sum();
            inverse[(row, column)] = -known / l[(row, row)];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_triangle_times_itself_is_the_matrix() {
        let l = cholesky(&array![[4.0, 0.0, 0.0], [2.0, 10.0, 0.0], [-6.0, 3.0, 46.0]]).unwrap();

        assert_eq!(l, array![[2.0, 0.0, 0.0], [1.0, 3.0, 0.0], [-3.0, 2.0, 33f64.sqrt()]]);
    }

    #[test]
    fn an_inverse_takes_its_triangle_back() {
        let l = array![[2.0, 0.0, 0.0], [1.0, 4.0, 0.0], [-3.0, 2.0, 0.5]];

        assert_eq!(inverse_of_lower(&l).dot(&l), Array2::<f64>::eye(3));
    }

    #[test]
    fn a_matrix_that_is_not_positive_has_no_triangle() {
        for matrix in [array![[0.0]], array![[-1.0]], array![[1.0, 0.0], [2.0, 4.0]], array![[f64::NAN]]] {
            assert_eq!(cholesky(&matrix), None, "{matrix}");
        }
    }
}
