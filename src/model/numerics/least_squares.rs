//! Least squares; where columns are combinations of others, of all minima the coefficients of smallest norm.

use super::CrossProducts;
use crate::error::{Error, Result};
use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView1};

/// The coefficients `w`, `(n_features, n_targets)`, that minimise `|y - x w|^2`, and of those the ones of smallest norm.
///
/// # Errors
/// [`Error::InvalidArgument`] if the scales of such columns leave what numbers hold.
pub(in crate::model) fn least_squares(rows: &CrossProducts) -> Result<Array2<f64>> {
    let basis = basis(rows);
    let mut coefficients = Array2::zeros((rows.x.ncols(), rows.y.ncols()));
    for (mut place, y) in coefficients.columns_mut().into_iter().zip(rows.y.columns()) {
        place.assign(&match &basis {
            None => back_substituted(&rows.x, y),
            Some(basis) => minimum_norm(basis, y)?,
        });
    }
    Ok(coefficients)
}

/// Solves `r w = y` for an upper triangle.
fn back_substituted(r: &Array2<f64>, y: ArrayView1<'_, f64>) -> Array1<f64> {
    let mut w = y.to_owned();
    for at in (0..w.len()).rev() {
        let known = r.row(at).iter().zip(&w).skip(at + 1).map(|(r, w)| r * w).sum::<f64>();
        w[at] = (y[at] - known) / r[(at, at)];
    }
    w
}

/// Orthonormal vectors that span all columns: `x^T = q^T r`.
struct Basis {
    /// `(rank, n_rows)`
    q: Array2<f64>,
    /// `(rank, n_features)`, of full row rank.
    r: Array2<f64>,
}

/// `None` if no column is a combination of others within rounding (`max(n_samples, n_features)` ulps of the column).
///
/// Modified Gram-Schmidt, twice: L. Giraud, J. Langou, M. Rozložník, J. van den Eshof, "Rounding error analysis of the
/// classical Gram-Schmidt orthogonalization process" (2005), doi:10.1007/s00211-005-0615-4 ("twice is enough").
fn basis(rows: &CrossProducts) -> Option<Basis> {
    let (n_rows, width) = rows.x.dim();
    let most = width.min(n_rows);
    let (mut q, mut r) = (Array2::zeros((most, n_rows)), Array2::zeros((most, width)));
    let mut rank = 0;
    for (position, column) in rows.x.columns().into_iter().enumerate() {
        let mut rest = column.to_owned();
        for _ in 0..2 {
            for known in 0..rank {
                let share = q.row(known).dot(&rest);
                rest.scaled_add(-share, &q.row(known));
                r[(known, position)] += share;
            }
        }
        let norm = rest.dot(&rest).sqrt();
        // As many vectors as rows span everything: what is left is rounding.
        if norm > rows.rounding(position) && rank < most {
            q.row_mut(rank).assign(&(rest / norm));
            r[(rank, position)] = norm;
            rank += 1;
        }
    }
    if rank == width {
        return None;
    }
    q.slice_axis_inplace(ndarray::Axis(0), (..rank).into());
    r.slice_axis_inplace(ndarray::Axis(0), (..rank).into());
    Some(Basis { q, r })
}

/// With `x^T = q^T r` these are the coefficients of smallest norm that solve `r w = q y` exactly; linfa finds them, because `r`
/// is wide and of full rank.
fn minimum_norm(basis: &Basis, y: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    if basis.r.nrows() == 0 {
        return Ok(Array1::zeros(basis.r.ncols()));
    }
    let unfitted = linfa_linear::LinearRegression::new().with_intercept(false);
    let fitted = unfitted
        .fit(&DatasetBase::new(basis.r.view(), basis.q.dot(&y)))
        .map_err(|error| {
            Error::invalid(format!(
                "columns that are combinations of others differ too much in scale for least squares ({error}); scale them first, for \
                 example with standard_scaler"
            ))
        })?;
    Ok(fitted.params().clone())
}
