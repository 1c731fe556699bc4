//! Least squares with penalties on absolute values and squares of coefficients.

use super::CrossProducts;
use crate::error::Result;
use ndarray::{Array1, Array2};

/// The penalties, and when to stop.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct Penalty {
    /// On `|w|_1`.
    pub(in crate::model) l1: f64,
    /// On `|w|^2 / 2`.
    pub(in crate::model) l2: f64,
    /// Stop when the duality gap is below this share of `y . y`.
    pub(in crate::model) tol: f64,
    /// Most passes over all coefficients.
    pub(in crate::model) max_iter: usize,
}

/// How far a descent has come, of one target or several.
pub(super) struct Descended {
    /// `|y - x w|^2`.
    pub(super) squares: f64,
    /// `(y - x w) . y`.
    pub(super) fits: f64,
    /// The most of `|x_j . (y - x w) - l2 w_j|` over the columns.
    pub(super) most: f64,
    /// `sum_j |w_j|`.
    pub(super) l1_norm: f64,
    /// `|w|^2`.
    pub(super) l2_norm: f64,
}

impl Penalty {
    /// How far the sum may still be above its minimum: what it is, less the dual one at the residual, which is made smaller until no
    /// column pulls harder than `l1`.
    pub(super) fn gap(&self, Descended { squares, fits, most, l1_norm, l2_norm }: &Descended) -> f64 {
        let share = if *most > self.l1 { self.l1 / most } else { 1.0 };
        let primal = if *most > self.l1 { 0.5 * (squares + squares * share * share) } else { *squares };
        primal + self.l1 * l1_norm - share * fits + 0.5 * self.l2 * (1.0 + share * share) * l2_norm
    }
}

/// The coefficients that minimise `|y - x w|^2 / 2 + l1 |w|_1 + l2 |w|^2 / 2` for one of the targets. `ask` is told the number of every
/// hundredth pass, from 0, or of each that takes long.
///
/// Coordinate descent: J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate
/// descent" (2010), doi:10.18637/jss.v033.i01. It ends by the duality gap: S.-J. Kim, K. Koh, M. Lustig, S. Boyd, D. Gorinevsky,
/// "An interior-point method for large-scale l1-regularized least squares" (2007), doi:10.1109/JSTSP.2007.910971.
///
/// # Errors
/// What `ask` answers.
pub(in crate::model) fn coordinate_descent(
    rows: &CrossProducts,
    target: usize,
    penalty: Penalty,
    ask: impl Fn(usize) -> Result<()>,
) -> Result<Array1<f64>> {
    let columns = rows.x.t().as_standard_layout().into_owned();
    let squares: Array1<f64> = columns.rows().into_iter().map(|column| column.dot(&column)).collect();
    let (y, target_squares) = (rows.y.column(target).to_owned(), rows.target_squares[target]);
    let (mut w, mut residual) = (Array1::<f64>::zeros(columns.nrows()), y.clone());
    let asked_every = passes_of(columns.nrows() * y.len());
    for pass in 0..penalty.max_iter {
        if pass.is_multiple_of(asked_every) {
            ask(pass)?;
        }
        let (mut largest, mut moved) = (0.0f64, 0.0f64);
        for (at, column) in columns.rows().into_iter().enumerate() {
            if rows.is_constant(at) {
                continue;
            }
            let before = w[at];
            let pull = column.dot(&residual) + squares[at] * before;
            w[at] = shrunk(pull, penalty.l1) / (squares[at] + penalty.l2);
            if w[at] != before {
                residual.scaled_add(before - w[at], &column);
            }
            moved = moved.max((w[at] - before).abs());
            largest = largest.max(w[at].abs());
        }
        let rests = largest == 0.0 || moved <= penalty.tol * largest || pass + 1 == penalty.max_iter;
        if rests && gap(&columns, (&y, target_squares), &w, &residual, penalty) <= penalty.tol * target_squares {
            break;
        }
    }
    Ok(w)
}

/// How many passes over so many numbers are made between two questions: a hundred, or fewer that take a fraction of a second.
pub(super) fn passes_of(numbers: usize) -> usize {
    const NUMBERS: usize = 100_000_000;
    (NUMBERS / numbers.max(1)).clamp(1, 100)
}

/// Nearer to 0 by `by`, and not beyond.
fn shrunk(value: f64, by: f64) -> f64 {
    value.signum() * (value.abs() - by).max(0.0)
}

/// How far the sum may still be above its minimum.
fn gap(
    columns: &Array2<f64>,
    (y, target_squares): (&Array1<f64>, f64),
    w: &Array1<f64>,
    residual: &Array1<f64>,
    penalty: Penalty,
) -> f64 {
    let outside = target_squares - y.dot(y); // What no coefficients explain.
    let squares = residual.dot(residual) + outside;
    let pull = columns.dot(residual) - w * penalty.l2;
    let most = pull.iter().fold(0.0f64, |most, it| most.max(it.abs()));
    let fits = residual.dot(y) + outside;
    let (l1_norm, l2_norm) = (w.iter().map(|it| it.abs()).sum::<f64>(), w.dot(w));
    penalty.gap(&Descended { squares, fits, most, l1_norm, l2_norm })
}
