//! All that a linear model sees of its rows.

use super::triangle::{Triangle, row_cost};
use crate::error::{Error, Result};
use crate::model::crew::Ask;
use crate::model::samples::Span;
use crate::model::summation::LongSummation;
use crate::model::{Rows, Training};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// A column of smaller numbers is lost: squares of theirs are not distinguished from 0.
const SMALLEST: f64 = 1e-146;

/// Reflections of even a few rows cost so many units in the last place of a column.
const FEWEST_ULPS: usize = 32;

/// A few rows with the cross-products of all: `x^T x`, `x^T y` and `y^T y` are those of the weighted and, with an intercept,
/// centred rows.
///
/// They are the triangle of the QR decomposition of `sqrt(w) [1 x y]`, `y` being one target or several, from which the first row, the
/// means, is taken off. Unlike the products themselves it keeps all digits.
#[derive(Debug)]
pub(in crate::model) struct CrossProducts {
    /// `(<= n_features, n_features)`, upper triangular.
    pub(in crate::model) x: Array2<f64>,
    /// As many, `(<= n_features, n_targets)`.
    pub(in crate::model) y: Array2<f64>,
    /// Means of the columns; 0 without an intercept.
    pub(in crate::model) means: Array1<f64>,
    /// The mean of each target; 0 without an intercept.
    pub(in crate::model) target_means: Array1<f64>,
    /// The root of the sum of squares of each column as it came: the scale of its rounding errors.
    pub(in crate::model) norms: Array1<f64>,
    /// The same root of each target.
    pub(in crate::model) target_norms: Array1<f64>,
    /// Sum of squares of each target, centred.
    pub(in crate::model) target_squares: Array1<f64>,
    /// The weight of all rows.
    pub(in crate::model) weight: f64,
    /// Their number.
    pub(in crate::model) n_samples: usize,
}

impl CrossProducts {
    /// Of the rows and their targets.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if squares of a column leave the range of floats; it names `algorithm` and column. What the
    /// progress answers.
    pub(in crate::model) fn of(training: &Training<'_>, fit_intercept: bool, algorithm: &str) -> Result<Self> {
        let (n_samples, n_features) = (training.rows.len(), training.rows.n_features());
        let (_, n_targets) = training.rows.targets.numbers()?;
        check_ranges(&training.rows.ranges(), n_samples, fit_intercept, algorithm)?;
        let ask = || training.progress.report(&format!("fitting {algorithm}"), 0.0);
        let row_cost = row_cost(usize::from(fit_intercept) + n_features + n_targets);
        let Partial { weight, triangle } = training.sum_once_asking(&Reduction { fit_intercept }, row_cost, &ask)?;
        let r = triangle.into_r(&ask)?;
        let (ones, rest) = r.view().split_at(Axis(1), usize::from(fit_intercept));
        let (x, y) = rest.split_at(Axis(1), n_features);
        let mean_of = |column: ArrayView1<'_, f64>| ones.first().map_or(0.0, |root| column[0] / root);
        let (norms, target_norms) = (squares(x).mapv(f64::sqrt), squares(y).mapv(f64::sqrt));
        let means = x.columns().into_iter().map(mean_of).collect();
        let target_means = y.columns().into_iter().map(mean_of).collect();
        let (x, y) = (x.split_at(Axis(0), ones.ncols()).1, y.split_at(Axis(0), ones.ncols()).1);
        let n_rows = x.nrows().min(n_features);
        Ok(Self {
            x: x.split_at(Axis(0), n_rows).0.to_owned(),
            y: y.split_at(Axis(0), n_rows).0.to_owned(),
            target_squares: squares(y),
            means,
            target_means,
            norms,
            target_norms,
            weight,
            n_samples,
        })
    }

    /// With `n_features` more rows: `value` times the identity, with the targets 0.
    ///
    /// # Errors
    /// What `ask` answers.
    pub(in crate::model) fn add_diagonal(&mut self, value: f64, ask: &Ask<'_>) -> Result<()> {
        let (width, all) = (self.x.ncols(), self.x.ncols() + self.y.ncols());
        let mut triangle = Triangle::none(all);
        for (row, targets) in self.x.rows().into_iter().zip(self.y.rows()) {
            triangle.push(row.iter().chain(targets.iter()).copied());
        }
        for column in 0..width {
            triangle.push((0..all).map(|at| if at == column { value } else { 0.0 }));
            triangle.shrink_if_long(ask)?;
        }
        let r = triangle.into_r(ask)?;
        let (x, y) = r.view().split_at(Axis(0), r.nrows().min(width)).0.split_at(Axis(1), width);
        (self.x, self.y) = (x.to_owned(), y.to_owned());
        Ok(())
    }

    /// A column is no larger than this if it is a combination of others, but for rounding.
    pub(in crate::model) fn rounding(&self, column: usize) -> f64 {
        self.n_samples.max(self.x.ncols()).max(FEWEST_ULPS) as f64 * f64::EPSILON * self.norms[column]
    }

    /// Whether a column says nothing, but for rounding.
    pub(in crate::model) fn is_constant(&self, column: usize) -> bool {
        let column_of = self.x.column(column);
        column_of.dot(&column_of).sqrt() <= self.rounding(column)
    }

    /// Whether a target says nothing, but for rounding.
    pub(in crate::model) fn is_constant_target(&self, target: usize) -> bool {
        let rounding = self.n_samples.max(FEWEST_ULPS) as f64 * f64::EPSILON * self.target_norms[target];
        self.target_squares[target].sqrt() <= rounding
    }

    /// The intercept that goes with coefficients of the only target.
    pub(in crate::model) fn intercept(&self, coefficients: &Array1<f64>) -> f64 {
        self.target_means[0] - self.means.dot(coefficients)
    }

    /// The intercepts that go with coefficients of `(n_features, n_targets)`.
    pub(in crate::model) fn intercepts(&self, coefficients: &Array2<f64>) -> Array1<f64> {
        let each = self.target_means.iter().zip(coefficients.columns());
        each.map(|(mean, coefficients)| mean - self.means.dot(&coefficients)).collect()
    }
}

/// The sum of squares of each column.
fn squares(matrix: ArrayView2<'_, f64>) -> Array1<f64> {
    matrix.columns().into_iter().map(|column| column.dot(&column)).collect()
}

/// What is said of a column whose squares leave the range of floats above.
pub(in crate::model) fn overflows(algorithm: &str, largest: f64) -> String {
    format!(
        "has values up to {largest:e} and the sum of their squares overflows in {algorithm}; scale it first, for example with \
         max_abs_scaler"
    )
}

/// The same of one whose squares leave it below.
pub(in crate::model) fn underflows(algorithm: &str, largest: f64) -> String {
    format!(
        "has values up to {largest:e} and the sum of their squares underflows in {algorithm}; take a smaller unit, in which values \
         differ by more than 1e-140"
    )
}

struct Reduction {
    fit_intercept: bool,
}

struct Partial {
    weight: f64,
    triangle: Triangle,
}

impl LongSummation for Reduction {
    type Partial = Partial;

    fn partial(&self, shard: Rows<'_>, ask: &Ask<'_>) -> Result<Partial> {
        let width = shard.n_features();
        let (targets, n_targets) = shard.targets.numbers().unwrap_or((&[], 1));
        let mut triangle = Triangle::none(width + n_targets + usize::from(self.fit_intercept));
        for ((row, targets), weight) in shard.iter().zip(targets.chunks_exact(n_targets)).zip(shard.weights) {
            let root = weight.sqrt();
            triangle.push(self.fit_intercept.then_some(root));
            triangle.push(row.iter().map(|value| root * value));
            triangle.push(targets.iter().map(|value| root * value));
            triangle.shrink_if_long(ask)?;
        }
        triangle.shrink(ask)?;
        Ok(Partial { weight: shard.weights.iter().sum(), triangle })
    }

    fn merge(&self, mut left: Partial, right: Partial, ask: &Ask<'_>) -> Result<Partial> {
        left.triangle.stack(&right.triangle);
        left.triangle.shrink(ask)?;
        Ok(Partial { weight: left.weight + right.weight, ..left })
    }
}

/// That the squares of each column can be summed, which everything here rests on: below the range of floats a column would look
/// constant, above it a combination of others. A column that is constant may look so.
fn check_ranges(ranges: &[Span], n_samples: usize, fit_intercept: bool, algorithm: &str) -> Result<()> {
    for (position, &(least, most)) in ranges.iter().enumerate() {
        let largest = least.abs().max(most.abs());
        if least == most && (fit_intercept || largest == 0.0) {
            continue;
        }
        if !(largest * largest * n_samples as f64 * 4.0).is_finite() {
            return Err(Error::column(position, overflows(algorithm, largest)));
        }
        if largest < SMALLEST {
            return Err(Error::column(position, underflows(algorithm, largest)));
        }
    }
    Ok(())
}
