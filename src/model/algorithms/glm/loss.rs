//! What a generalized linear model minimises, and where the search begins.

use super::family::{Family, Term};
use crate::error::{Error, Result};
use crate::model::kernels::{Dot, in_rows};
use crate::model::linear_model::Link;
use crate::model::numerics::{Moments, OfColumns, overflows, underflows};
use crate::model::summation::Summation;
use crate::model::{Rows, Training};
use ndarray::{Array1, ArrayView1, Axis};

/// Rows that are centred at once: they stay in the cache nearest to the processor.
const BLOCK: usize = 32;
/// Below it a mean of squares has lost its digits, or all of it.
const SMALLEST: f64 = 1e-292;

/// `sum_i w_i d(y_i, mu_i) / (2 sum w) + alpha / 2 |coefficients|^2`, as a function of coefficients and intercept.
///
/// With an intercept columns are taken less their means: the minimum is the same, and the valley around it rounder.
/// Under a log link targets are then divided by their mean `c` as well, and all of the function by `c^(2 - power)`,
/// which is what deviances grow by: numbers are around 1 whatever the unit of the targets.
pub(super) struct Loss<'a> {
    training: &'a Training<'a>,
    family: Family,
    alpha: f64,
    fit_intercept: bool,
    /// What targets are divided by.
    unit: f64,
    /// The weight of all rows.
    weight: f64,
    /// What columns are taken less.
    centre: Vec<f64>,
    /// Mean squares of the columns so taken.
    squares: Vec<f64>,
    /// The score from which the search begins.
    start: f64,
    /// The intercept is this times the last coordinate. So its slope weighs as much as in coordinates that are not
    /// centred.
    lever: f64,
}

impl<'a> Loss<'a> {
    /// Of these rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the search could not begin, or squares of a column leave the range of floats.
    pub(super) fn new(
        algorithm: &str,
        training: &'a Training<'a>,
        family: Family,
        alpha: f64,
        fit_intercept: bool,
    ) -> Result<Self> {
        let columns = training.sum(&OfColumns)?;
        let mean = training.sum(&OfTargets)?.mean[0];
        let (unit, start) = beginning(algorithm, family, fit_intercept, mean)?;
        let squares = mean_squares(algorithm, training, &columns, fit_intercept)?;
        let Moments { weight, mean: means, .. } = columns;
        let varying = means.iter().zip(&squares).filter(|(_, square)| fit_intercept && **square > 0.0);
        let lever = 1.0 + varying.map(|(mean, _)| mean.abs()).fold(0.0, f64::max);
        let centre = if fit_intercept { means } else { vec![0.0; squares.len()] };
        let alpha = alpha / unit.powf(2.0 - family.power);
        Ok(Self { training, family, alpha, fit_intercept, unit, weight, centre, squares, start, lever })
    }

    /// Coordinates from which the search begins: a coefficient for each column, then the intercept.
    pub(super) fn start(&self) -> Array1<f64> {
        let coefficients = self.centre.iter().map(|_| 0.0);
        coefficients.chain([self.start / self.lever]).collect()
    }

    /// About the second derivative in each coordinate, where the search begins.
    pub(super) fn curvature(&self) -> Array1<f64> {
        let expected = self.family.curvature(self.start);
        let of_columns = self.squares.iter().map(|square| expected * square + self.alpha);
        let of_intercept = if self.fit_intercept { expected * self.lever * self.lever } else { 1.0 };
        // A column without a slope stays where it is, whatever is said here.
        of_columns.chain([of_intercept]).map(|curvature| if curvature == 0.0 { 1.0 } else { curvature }).collect()
    }

    /// The norm of our gradient below which no slope of the function itself is above `tol`, in its own unit or in ours.
    pub(super) fn tolerance(&self, tol: f64) -> f64 {
        tol.min(tol / self.unit.powf(2.0 - self.family.power)) / 2f64.sqrt()
    }

    /// Value and gradient.
    ///
    /// # Errors
    /// [`Error::Internal`] if there is no row.
    pub(super) fn evaluate(&self, at: &Array1<f64>) -> Result<(f64, Array1<f64>)> {
        let (coefficients, last) = self.split(at);
        let deviance = Deviance {
            family: self.family,
            unit: self.unit,
            centre: &self.centre,
            coefficients: Dot::new(coefficients),
            intercept: last * self.lever,
        };
        let sums = self.training.sum(&deviance)?;
        let value = sums.value / self.weight + 0.5 * self.alpha * coefficients.dot(&coefficients);
        let penalised = sums.slopes.iter().zip(coefficients);
        let slopes = penalised.map(|(slope, own)| slope / self.weight + self.alpha * own);
        let free = if self.fit_intercept { sums.free / self.weight * self.lever } else { 0.0 };
        Ok((value, slopes.chain([free]).collect()))
    }

    /// The coefficients and the intercept that belong to coordinates.
    pub(super) fn learned(&self, at: &Array1<f64>) -> (Array1<f64>, f64) {
        let (coefficients, last) = self.split(at);
        let shift: f64 = coefficients.iter().zip(&self.centre).map(|(own, centre)| own * centre).sum();
        let of_unit = if self.family.link == Link::Log { self.unit.ln() } else { 0.0 };
        (coefficients.to_owned(), last * self.lever - shift + of_unit)
    }

    fn split<'w>(&self, at: &'w Array1<f64>) -> (ArrayView1<'w, f64>, f64) {
        let (coefficients, last) = at.view().split_at(Axis(0), self.centre.len());
        (coefficients, last[0])
    }
}

/// What targets are divided by, and the first score.
fn beginning(algorithm: &str, family: Family, fit_intercept: bool, mean: f64) -> Result<(f64, f64)> {
    match (family.link, fit_intercept) {
        (Link::Identity, true) if family.power == 0.0 => Ok((1.0, mean)),
        (Link::Identity, false) if family.power == 0.0 => Ok((1.0, 0.0)),
        (Link::Identity, true) if mean > 0.0 => Ok((1.0, mean)),
        (Link::Identity, false) => Err(Error::invalid(format!(
            "{algorithm} with link \"identity\" and power {} needs an intercept, or all means would be 0 where the \
             search begins; set fit_intercept to true or link to \"log\"",
            family.power
        ))),
        (Link::Log, false) => Ok((1.0, 0.0)),
        (Link::Log, true) if mean > 0.0 => Ok((mean, 0.0)),
        _ => Err(Error::invalid(format!(
            "the mean of the targets is {mean} and {algorithm} needs one above 0; use ridge, or targets of which some \
             are greater than 0"
        ))),
    }
}

/// Of the columns, less their means if there is an intercept.
///
/// # Errors
/// [`Error::InvalidArgument`] where they leave the range of floats: a column would be taken for a constant.
fn mean_squares(algorithm: &str, training: &Training<'_>, columns: &Moments, centred: bool) -> Result<Vec<f64>> {
    let of_means = columns.mean.iter().map(|mean| if centred { 0.0 } else { mean * mean });
    let squares: Vec<f64> = columns.variances().zip(of_means).map(|(variance, square)| variance + square).collect();
    for (position, square) in squares.iter().enumerate() {
        let column = || training.rows.iter().map(move |row| row[position]);
        let from = column().next().filter(|_| centred).unwrap_or(0.0);
        if !square.is_finite() {
            return Err(Error::column(position, overflows(algorithm, largest(&mut column()))));
        }
        if *square < SMALLEST && column().any(|value| value != from) {
            return Err(Error::column(position, underflows(algorithm, largest(&mut column()))));
        }
    }
    Ok(squares)
}

fn largest(column: &mut dyn Iterator<Item = f64>) -> f64 {
    column.fold(0.0, |largest, value| largest.max(value.abs()))
}

/// Moments of the targets.
struct OfTargets;

impl Summation for OfTargets {
    type Partial = Moments;

    fn partial(&self, shard: Rows<'_>) -> Moments {
        let mut moments = Moments::none(1);
        let targets = shard.targets.values().unwrap_or_default();
        targets.iter().zip(shard.weights).for_each(|(target, weight)| moments.add(&[*target], *weight));
        moments
    }

    fn merge(&self, left: Moments, right: Moments) -> Moments {
        left.merged(right)
    }
}

/// The part of the loss that is a sum over rows.
struct Deviance<'a> {
    family: Family,
    unit: f64,
    centre: &'a [f64],
    coefficients: Dot<f64>,
    intercept: f64,
}

struct Sums {
    value: f64,
    slopes: Vec<f64>,
    /// The slope of the intercept.
    free: f64,
}

impl Summation for Deviance<'_> {
    type Partial = Sums;

    fn partial(&self, shard: Rows<'_>) -> Sums {
        let (features, targets) = (shard.features(), shard.targets.values().unwrap_or_default());
        let width = shard.n_features();
        let mut sums = Sums { value: 0.0, slopes: vec![0.0; width], free: 0.0 };
        let (mut centred, mut scores) = (Vec::with_capacity(BLOCK * width), Vec::with_capacity(BLOCK));
        let own = targets.chunks(BLOCK).zip(shard.weights.chunks(BLOCK));
        for (rows, (targets, weights)) in in_rows(&features).chunks(BLOCK * width).zip(own) {
            centred.clear();
            scores.clear();
            for row in rows.chunks_exact(width) {
                centred.extend(row.iter().zip(self.centre).map(|(x, centre)| x - centre));
            }
            self.coefficients.for_each(&centred, |product| scores.push(product + self.intercept));
            let own = scores.iter().zip(targets).zip(weights);
            for (row, ((score, target), weight)) in centred.chunks_exact(width).zip(own) {
                let Term { value, slope } = self.family.term(*score, target / self.unit);
                let slope = weight * slope;
                sums.value += weight * value;
                sums.free += slope;
                sums.slopes.iter_mut().zip(row).for_each(|(sum, x)| *sum += slope * x);
            }
        }
        sums
    }

    fn merge(&self, mut left: Sums, right: Sums) -> Sums {
        left.slopes.iter_mut().zip(right.slopes).for_each(|(left, right)| *left += right);
        Sums { value: left.value + right.value, free: left.free + right.free, ..left }
    }
}
