//! What a network minimises, and its slope by every weight.
//!
//! D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors" (1986),
//! doi:10.1038/323533a0.

use super::network::{Head, Layer, Network};
use crate::error::Result;
use crate::model::classification::{loss_of_classes, loss_of_two_classes};
use crate::model::kernels::{first_largest, in_rows, in_rows_mut};
use crate::model::summation::Summation;
use crate::model::{Rows, TargetView, Training};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// Outputs of units that are kept at once, and the fewest rows that they are of.
const OUTPUTS_AT_ONCE: usize = 1 << 16;
const FEWEST_ROWS: usize = 16;
/// Weights that a row goes through, forth and back, in the time in which a plain sum takes up a number.
const WEIGHTS_IN_TIME: usize = 8;

/// `sum_i w_i l(y_i, x_i) / N + alpha / 2 * |coefficients|^2 / N`, where `N` is the sum of the weights `w_i` of rows; `l` is half
/// the squared error, or `-ln p(y_i | x_i)`. The intercepts are free.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    pub(super) network: Network,
    pub(super) alpha: f64,
}

/// A question between parts of a long sum; its error ends it.
pub(super) type Ask<'a> = &'a dyn Fn() -> Result<()>;

impl Loss {
    /// Value and gradient over all rows.
    ///
    /// # Errors
    /// If the rows have other targets than the network. What `ask` answers.
    pub(super) fn evaluate(
        &self,
        training: &Training<'_>,
        weights: &Array1<f64>,
        ask: Ask<'_>,
    ) -> Result<(f64, Array1<f64>)> {
        let flat = flat(weights);
        let pass = self.pass(training, flat)?;
        let Sums { weight, value, mut gradient } = training.sum_asking(&Slopes(pass), self.row_cost(), ask)?;
        let coefficients = &flat[..self.network.n_coefficients()];
        let squares: f64 = coefficients.iter().map(|it| it * it).sum();
        gradient.iter_mut().zip(coefficients).for_each(|(slope, it)| *slope += self.alpha * it);
        gradient.iter_mut().for_each(|slope| *slope /= weight);
        Ok(((value + 0.5 * self.alpha * squares) / weight, gradient.into()))
    }

    /// How well rows are predicted, for early stopping: the share of those whose class is right, or the coefficient of
    /// determination.
    ///
    /// # Errors
    /// As [`Loss::evaluate`].
    pub(super) fn score(&self, training: &Training<'_>, weights: &Array1<f64>, ask: Ask<'_>) -> Result<f64> {
        let flat = flat(weights);
        let pass = self.pass(training, flat)?;
        let TargetView::Values(targets) = training.rows.targets else {
            let [weight, right] = training.sum_asking(&Fit { pass, mean: 0.0 }, self.row_cost(), ask)?;
            return Ok(right / weight);
        };
        let weight: f64 = training.rows.weights.iter().sum();
        let each = || targets.iter().zip(training.rows.weights);
        let mean = each().map(|(target, weight)| weight * target).sum::<f64>() / weight;
        let [all, left] = training.sum_asking(&Fit { pass, mean }, self.row_cost(), ask)?;
        // What is constant is either hit or not.
        Ok(if all > 0.0 { 1.0 - left / all } else { f64::from(left == 0.0) })
    }

    fn row_cost(&self) -> usize {
        self.network.n_weights().div_ceil(WEIGHTS_IN_TIME)
    }

    fn pass<'a>(&'a self, training: &Training<'_>, weights: &'a [f64]) -> Result<Pass<'a>> {
        match self.network.head {
            Head::Value => training.rows.targets.values().map(drop)?,
            Head::TwoClasses | Head::Classes(_) => training.rows.targets.classes().map(drop)?,
        }
        Ok(Pass { network: &self.network, layers: self.network.layers(weights) })
    }
}

fn flat(weights: &Array1<f64>) -> &[f64] {
    weights.as_slice().expect("the weights of a network stand one after the other")
}

/// A network with its weights.
struct Pass<'a> {
    network: &'a Network,
    layers: Vec<Layer<'a>>,
}

impl Pass<'_> {
    /// The outputs of each layer, of the last one its scores.
    fn forward(&self, rows: ArrayView2<'_, f64>) -> Vec<Array2<f64>> {
        let mut outputs: Vec<Array2<f64>> = Vec::with_capacity(self.layers.len());
        for (number, (coefficients, intercepts)) in (1..).zip(&self.layers) {
            let mut sums = outputs.last().map_or(rows.view(), |it| it.view()).dot(coefficients);
            sums += intercepts;
            if number < self.layers.len() {
                self.network.activation.apply(in_rows_mut(&mut sums));
            }
            outputs.push(sums);
        }
        outputs
    }

    /// Calls `act` with some rows after the other, few enough for their outputs to stay near.
    fn in_chunks(&self, shard: Rows<'_>, mut act: impl FnMut(Rows<'_>)) {
        let length = (OUTPUTS_AT_ONCE / self.network.n_units()).max(FEWEST_ROWS);
        for first in (0..shard.len()).step_by(length) {
            act(shard.slice(first..shard.len().min(first + length)));
        }
    }
}

/// The gradient by every weight.
struct Slopes<'a>(Pass<'a>);

struct Sums {
    weight: f64,
    value: f64,
    gradient: Vec<f64>,
}

impl Summation for Slopes<'_> {
    type Partial = Sums;

    fn partial(&self, shard: Rows<'_>) -> Sums {
        let weight = shard.weights.iter().sum();
        let mut sums = Sums { weight, value: 0.0, gradient: vec![0.0; self.0.network.n_weights()] };
        self.0.in_chunks(shard, |rows| self.add(rows, &mut sums));
        sums
    }

    fn merge(&self, left: Sums, right: Sums) -> Sums {
        let mut gradient = left.gradient;
        gradient.iter_mut().zip(right.gradient).for_each(|(slope, other)| *slope += other);
        Sums { weight: left.weight + right.weight, value: left.value + right.value, gradient }
    }
}

impl Slopes<'_> {
    fn add(&self, rows: Rows<'_>, sums: &mut Sums) {
        let Self(Pass { network, layers }) = self;
        let mut outputs = self.0.forward(rows.features());
        let Some(mut derivatives) = outputs.pop() else { return };
        sums.value += put_derivatives(network.head, &mut derivatives, rows);
        for (number, (mut slopes, mut free)) in network.layers_mut(&mut sums.gradient).into_iter().enumerate().rev() {
            let before = number.checked_sub(1).map(|before| &outputs[before]);
            let inputs = before.map_or(rows.features(), |it| it.view());
            general_mat_mul(1.0, &inputs.t(), &derivatives, 1.0, &mut slopes);
            free += &derivatives.sum_axis(Axis(0));
            if let Some(outputs) = before {
                derivatives = derivatives.dot(&layers[number].0.t());
                network.activation.derive(&in_rows(&outputs.view()), in_rows_mut(&mut derivatives));
            }
        }
    }
}

/// Puts the derivatives of the loss in the place of the scores, and answers the loss; both weighted.
fn put_derivatives(head: Head, scores: &mut Array2<f64>, rows: Rows<'_>) -> f64 {
    let n_outputs = scores.ncols();
    let each = in_rows_mut(scores).chunks_exact_mut(n_outputs).zip(rows.weights);
    let mut sum = 0.0;
    match (head, rows.targets) {
        (Head::Value, TargetView::Values(targets)) => {
            for ((score, weight), target) in each.zip(targets) {
                let error = score[0] - target;
                sum += weight * 0.5 * error * error;
                score[0] = weight * error;
            }
        }
        (_, TargetView::Classes { indices, .. }) => {
            for ((scores, weight), class) in each.zip(indices) {
                let two = head == Head::TwoClasses;
                sum += weight
                    * if two { loss_of_two_classes(&mut scores[0], *class) } else { loss_of_classes(scores, *class) };
                scores.iter_mut().for_each(|derivative| *derivative *= weight);
            }
        }
        _ => {}
    }
    sum
}

/// The weight of rows, and of those whose class is right; or the squares of differences from the mean, and from predictions.
struct Fit<'a> {
    pass: Pass<'a>,
    mean: f64,
}

impl Summation for Fit<'_> {
    type Partial = [f64; 2];

    fn partial(&self, shard: Rows<'_>) -> [f64; 2] {
        let mut sums = [0.0; 2];
        self.pass.in_chunks(shard, |rows| {
            let Some(scores) = self.pass.forward(rows.features()).pop() else { return };
            for (number, (scores, weight)) in scores.rows().into_iter().zip(rows.weights).enumerate() {
                let terms = match rows.targets {
                    TargetView::Values(targets) => {
                        let [all, left] = [self.mean, scores[0]].map(|it| targets[number] - it);
                        [all * all, left * left]
                    }
                    TargetView::Classes { indices, .. } => {
                        let scores = scores.as_slice().unwrap_or_default();
                        let found =
                            if scores.len() == 1 { usize::from(scores[0] > 0.0) } else { first_largest(scores) };
                        [1.0, f64::from(found == indices[number])]
                    }
                    TargetView::None | TargetView::Several { .. } => [0.0; 2],
                };
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * term);
            }
        });
        sums
    }

    fn merge(&self, left: [f64; 2], right: [f64; 2]) -> [f64; 2] {
        [left[0] + right[0], left[1] + right[1]]
    }
}
