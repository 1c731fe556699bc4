//! Least squares; where columns are combinations of others, of all minima the coefficients of smallest norm.

use super::CrossProducts;
use super::triangle::Triangle;
use crate::error::{Error, Result};
use crate::model::crew::Ask;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// The coefficients `w`, `(n_features, n_targets)`, that minimise `|y - x w|^2`, and of those the ones of smallest norm.
///
/// # Errors
/// [`Error::InvalidArgument`] if the scales of such columns leave what numbers hold. What `ask` answers, which is asked for each
/// column.
pub(in crate::model) fn least_squares(rows: &CrossProducts, ask: &Ask<'_>) -> Result<Array2<f64>> {
    if let Some(basis) = basis(rows, ask)? {
        return minimum_norm(&basis, rows.y.view(), ask);
    }
    let mut coefficients = Array2::zeros((rows.x.ncols(), rows.y.ncols()));
    for (mut place, y) in coefficients.columns_mut().into_iter().zip(rows.y.columns()) {
        place.assign(&back_substituted(&rows.x, y));
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
    /// `(rank, n_features)`, upper triangular in its own columns.
    r: Array2<f64>,
    /// The first columns that are no combinations of those before them; as many as the rank.
    columns: Vec<usize>,
}

/// `None` if no column is a combination of others within rounding (`max(n_samples, n_features)` ulps of the column).
///
/// Modified Gram-Schmidt, twice: L. Giraud, J. Langou, M. Rozložník, J. van den Eshof, "Rounding error analysis of the
/// classical Gram-Schmidt orthogonalization process" (2005), doi:10.1007/s00211-005-0615-4 ("twice is enough").
fn basis(rows: &CrossProducts, ask: &Ask<'_>) -> Result<Option<Basis>> {
    let (n_rows, width) = rows.x.dim();
    let most = width.min(n_rows);
    let (mut q, mut r) = (Array2::zeros((most, n_rows)), Array2::<f64>::zeros((most, width)));
    let mut own = vec![];
    for (position, column) in rows.x.columns().into_iter().enumerate() {
        ask()?;
        let mut rest = column.to_owned();
        for _ in 0..2 {
            for known in 0..own.len() {
                let share = q.row(known).dot(&rest);
                rest.scaled_add(-share, &q.row(known));
                r[(known, position)] += share;
            }
        }
        let (norm, rounding) = (rest.dot(&rest).sqrt(), rows.rounding(position));
        // As many vectors as rows span everything: what is left is rounding.
        if norm > rounding && own.len() < most {
            q.row_mut(own.len()).assign(&(rest / norm));
            r[(own.len(), position)] = norm;
            own.push(position);
        } else {
            // So are shares of this size, which columns of smaller numbers would make much of.
            r.column_mut(position).iter_mut().filter(|share| share.abs() <= rounding).for_each(|share| *share = 0.0);
        }
    }
    if own.len() == width {
        return Ok(None);
    }
    q.slice_axis_inplace(Axis(0), (..own.len()).into());
    r.slice_axis_inplace(Axis(0), (..own.len()).into());
    Ok(Some(Basis { q, r, columns: own }))
}

/// Of all `w` that solve `r w = q y`, the one of smallest norm for each target: one of them, less what of it lies in the directions in
/// which nothing changes.
fn minimum_norm(basis: &Basis, y: ArrayView2<'_, f64>, ask: &Ask<'_>) -> Result<Array2<f64>> {
    let Basis { q, r, columns } = basis;
    let own = r.select(Axis(1), columns);
    let others: Vec<usize> = (0..r.ncols()).filter(|column| columns.binary_search(column).is_err()).collect();
    let mut w = Array2::zeros((r.ncols(), y.ncols()));
    for (mut w, y) in w.columns_mut().into_iter().zip(y.columns()) {
        let solved = back_substituted(&own, q.dot(&y).view());
        columns.iter().zip(solved).for_each(|(column, value)| w[*column] = value);
    }
    let mut directions = Array2::zeros((r.ncols(), others.len()));
    for (mut direction, other) in directions.columns_mut().into_iter().zip(&others) {
        ask()?;
        let shares = back_substituted(&own, r.column(*other));
        columns.iter().zip(shares).for_each(|(column, share)| direction[*column] = -share);
        direction[*other] = 1.0;
    }
    let mut triangle = Triangle::none(others.len() + y.ncols());
    for (row, w) in directions.rows().into_iter().zip(w.rows()) {
        triangle.push(row.iter().copied());
        triangle.push(w.iter().copied());
        triangle.shrink_if_long(ask)?;
    }
    let triangle = triangle.into_r(ask)?;
    for (target, mut w) in w.columns_mut().into_iter().enumerate() {
        let lengths = triangle.column(others.len() + target);
        let lengths = back_substituted(&triangle, lengths.slice_axis(Axis(0), (..others.len()).into()));
        w -= &directions.dot(&lengths);
    }
    if w.iter().all(|value| value.is_finite()) {
        return Ok(w);
    }
    Err(Error::invalid(
        "columns that are combinations of others differ too much in scale for least squares; scale them first, for example with \
         standard_scaler",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use ndarray::array;

    /// The third column is the sum of the others.
    fn basis(small: f64, large: f64) -> Basis {
        Basis { q: Array2::eye(2), r: array![[small, 0.0, small], [0.0, large, large]], columns: vec![0, 1] }
    }

    #[test]
    fn columns_share_what_they_say_together_so_that_the_norm_is_smallest() {
        let w = minimum_norm(&basis(1.0, 1.0), array![[1.0, 3.0], [2.0, 0.0]].view(), &|| Ok(())).unwrap();

        // [1 - t, 2 - t, t] with t = 1, and [3 - t, -t, t] with t = 1.
        assert!((&w - array![[0.0, 2.0], [1.0, -1.0], [1.0, 1.0]]).iter().all(|it| it.abs() < 1e-15), "{w}");
    }

    #[test]
    fn what_leaves_the_range_of_floats_is_refused_with_advice() {
        let error = minimum_norm(&basis(1e-200, 1e-200), array![[1e200], [1.0]].view(), &|| Ok(())).unwrap_err();

        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.to_string().contains("scale them first, for example with standard_scaler"), "{error}");
    }
}
