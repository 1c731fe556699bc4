//! Least squares where columns are combinations of others: of all minima, the coefficients of smallest norm.

use crate::error::{Error, Result};
use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// A sum of squares below this has lost digits: the rounding error of its terms is no longer relative to them.
const SMALLEST_SQUARES: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// The columns of a matrix, each contiguous, with what was subtracted from them.
pub(super) struct Columns {
    /// `(n_features, n_samples)`
    values: Array2<f64>,
    /// What was subtracted from each column; 0 if they are raw.
    means: Array1<f64>,
    /// The norm of each column before that: the scale of its rounding errors.
    norms: Array1<f64>,
    centred: bool,
}

/// Orthonormal vectors that span all columns: `columns^T = q^T r`.
pub(super) struct Basis {
    /// `(rank, n_samples)`
    q: Array2<f64>,
    /// `(rank, n_features)`, of full row rank.
    r: Array2<f64>,
}

impl Columns {
    pub(super) fn raw(features: ArrayView2<'_, f64>) -> Self {
        let values = features.t().as_standard_layout().into_owned();
        let norms = values.rows().into_iter().map(|column| column.dot(&column).sqrt()).collect();
        Self { means: Array1::zeros(values.nrows()), values, norms, centred: false }
    }

    pub(super) fn centred(features: ArrayView2<'_, f64>) -> Self {
        let mut columns = Self::raw(features);
        columns.means = features.mean_axis(Axis(0)).unwrap_or_default();
        columns.values -= &columns.means.view().insert_axis(Axis(1));
        Self { centred: true, ..columns }
    }

    /// That the squares of each column can be summed, which everything here rests on: below the range of floats a column
    /// would look constant, above it a combination of others. A column that is constant may look so.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the first column for which they cannot.
    pub(super) fn check_range(&self) -> Result<()> {
        for (position, column) in self.values.rows().into_iter().enumerate() {
            let level = if self.centred { column[0] } else { 0.0 };
            if column.iter().all(|value| *value == level) {
                continue;
            }
            if !self.norms[position].is_finite() || !column.dot(&column).is_finite() {
                return Err(Error::invalid(format!(
                    "the sum of squares of column {position} (from 0) overflows in linear_regression; scale the columns \
                     first, for example with standard_scaler"
                )));
            }
            if column.dot(&column) < SMALLEST_SQUARES {
                return Err(Error::invalid(format!(
                    "the sum of squares of column {position} (from 0) underflows in linear_regression; take a smaller unit, \
                     in which values differ by more than 1e-140"
                )));
            }
        }
        Ok(())
    }

    /// `None` if no column is a combination of others within rounding (`max(n_samples, n_features)` ulps of the column).
    ///
    /// Modified Gram-Schmidt, twice: L. Giraud, J. Langou, M. Rozložník, J. van den Eshof, "Rounding error analysis of the
    /// classical Gram-Schmidt orthogonalization process" (2005), doi:10.1007/s00211-005-0615-4 ("twice is enough").
    pub(super) fn basis(&self) -> Option<Basis> {
        let (width, n_samples) = self.values.dim();
        let most = width.min(n_samples);
        let (mut q, mut r) = (Array2::zeros((most, n_samples)), Array2::zeros((most, width)));
        let ulps = width.max(n_samples) as f64 * f64::EPSILON;
        let mut rank = 0;
        for (position, column) in self.values.rows().into_iter().enumerate() {
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
            if norm > ulps * self.norms[position] && rank < most {
                q.row_mut(rank).assign(&(rest / norm));
                r[(rank, position)] = norm;
                rank += 1;
            }
        }
        q.slice_axis_inplace(Axis(0), (..rank).into());
        r.slice_axis_inplace(Axis(0), (..rank).into());
        (rank < width).then_some(Basis { q, r })
    }
}

/// The coefficients of smallest norm among those that minimise the sum of squares, and their intercept.
///
/// With `X^T = q^T r` these are the coefficients of smallest norm that solve `r w = q y` exactly; linfa finds them, because `r`
/// is wide and of full rank.
pub(super) fn minimum_norm(columns: &Columns, basis: &Basis, targets: &Array1<f64>) -> Result<(Array1<f64>, f64)> {
    let mean = if columns.centred { targets.mean().unwrap_or(0.0) } else { 0.0 };
    if basis.r.nrows() == 0 {
        return Ok((Array1::zeros(columns.means.len()), mean));
    }
    let projected = basis.q.dot(&(targets - mean));
    let fitted = linfa_linear::LinearRegression::new()
        .with_intercept(false)
        .fit(&DatasetBase::new(basis.r.view(), projected))
        .map_err(|error| Error::invalid(format!("linear_regression: {error}")))?;
    let coefficients = fitted.params().clone();
    let intercept = mean - columns.means.dot(&coefficients);
    Ok((coefficients, intercept))
}
