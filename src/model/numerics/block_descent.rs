//! Least squares of several targets with penalties on whole rows of coefficients, those of a column for all targets.

use super::coordinate_descent::{Descended, passes_of};
use super::{CrossProducts, Penalty};
use crate::error::Result;
use ndarray::{Array1, Array2, ArrayView1};

/// The coefficients `w`, `(n_features, n_targets)`, that minimise `|y - x w|^2 / 2 + l1 sum_j |w_j| + l2 |w|^2 / 2`, where `|w_j|` is
/// the root of the sum of squares of the coefficients of column `j`: they are 0 together. `ask` is told the number of every
/// hundredth pass, from 0, or of each that takes long.
///
/// Block coordinate descent: M. Yuan, Y. Lin, "Model selection and estimation in regression with grouped variables" (2006),
/// doi:10.1111/j.1467-9868.2005.00532.x. It ends by the duality gap, as that of one target does.
///
/// # Errors
/// What `ask` answers.
pub(in crate::model) fn block_coordinate_descent(
    rows: &CrossProducts,
    penalty: Penalty,
    ask: impl Fn(usize) -> Result<()>,
) -> Result<Array2<f64>> {
    let columns = rows.x.t().as_standard_layout().into_owned();
    let squares: Vec<f64> = columns.rows().into_iter().map(|column| column.dot(&column)).collect();
    // A target lies in one piece, as a column does.
    let targets = rows.y.t().as_standard_layout().into_owned();
    let (mut w, mut residual) = (Array2::<f64>::zeros((columns.nrows(), targets.nrows())), targets.clone());
    let target_squares = rows.target_squares.sum();
    let asked_every = passes_of(columns.nrows() * targets.len());
    for pass in 0..penalty.max_iter {
        if pass.is_multiple_of(asked_every) {
            ask(pass)?;
        }
        let (mut largest, mut moved) = (0.0f64, 0.0f64);
        for (at, column) in columns.rows().into_iter().enumerate() {
            if rows.is_constant(at) {
                continue;
            }
            let before = w.row(at).to_owned();
            let pull = residual.dot(&column) + &before * squares[at];
            let after = shrunk(pull, penalty.l1) / (squares[at] + penalty.l2);
            for (mut residual, (before, after)) in residual.rows_mut().into_iter().zip(before.iter().zip(&after)) {
                if before != after {
                    residual.scaled_add(before - after, &column);
                }
            }
            let most = |numbers: &Array1<f64>| numbers.iter().fold(0.0f64, |most, it| most.max(it.abs()));
            moved = moved.max(most(&(&after - &before)));
            largest = largest.max(most(&after));
            w.row_mut(at).assign(&after);
        }
        let rests = largest == 0.0 || moved <= penalty.tol * largest || pass + 1 == penalty.max_iter;
        if rests && gap(&columns, &targets, target_squares, &w, &residual, penalty) <= penalty.tol * target_squares {
            break;
        }
    }
    Ok(w)
}

/// The same direction, shorter by `by`, and not beyond 0.
fn shrunk(vector: Array1<f64>, by: f64) -> Array1<f64> {
    let length = length(vector.view());
    if length <= by { Array1::zeros(vector.len()) } else { vector * (1.0 - by / length) }
}

fn length(vector: ArrayView1<'_, f64>) -> f64 {
    vector.dot(&vector).sqrt()
}

/// How far the sum may still be above its minimum.
fn gap(
    columns: &Array2<f64>,
    targets: &Array2<f64>,
    target_squares: f64,
    w: &Array2<f64>,
    residual: &Array2<f64>,
    penalty: Penalty,
) -> f64 {
    let product = |one: &Array2<f64>, other: &Array2<f64>| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
    let outside = target_squares - product(targets, targets); // What no coefficients explain.
    let squares = product(residual, residual) + outside;
    let pull = columns.dot(&residual.t()) - w * penalty.l2;
    let lengths = |matrix: &Array2<f64>| matrix.rows().into_iter().map(length).collect::<Vec<f64>>();
    let most = lengths(&pull).into_iter().fold(0.0, f64::max);
    let fits = product(residual, targets) + outside;
    let (l1_norm, l2_norm) = (lengths(w).into_iter().sum::<f64>(), product(w, w));
    penalty.gap(&Descended { squares, fits, most, l1_norm, l2_norm })
}
