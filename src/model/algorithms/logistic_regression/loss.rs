//! What logistic regression minimises: log-loss of two or many classes with a squared penalty.

use crate::error::Result;
use crate::model::classification::{loss_of_classes, loss_of_two_classes};
use crate::model::kernels::in_rows_mut;
use crate::model::numerics::Moments;
use crate::model::summation::Summation;
use crate::model::{Rows, Training};
use ndarray::{Array1, Array2, ArrayView1, Axis};

/// Rows at once: what many classes need beside the rows stays small.
const CHUNK: usize = 4_096;

/// `sum_i w_i -ln p(y_i | x_i) + alpha / 2 * |coefficients|^2`; the intercepts are free.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogisticLoss {
    pub(super) n_features: usize,
    /// 1 for two classes, otherwise one for each.
    pub(super) outputs: usize,
    pub(super) alpha: f64,
    pub(super) fit_intercept: bool,
}

impl LogisticLoss {
    /// How many numbers its argument has: `n_features + 1` rows, the last one the intercepts, of `outputs` each.
    pub(super) fn len(&self) -> usize {
        (self.n_features + 1) * self.outputs
    }

    /// An upper bound of the second derivative in each coordinate: p (1 - p) is at most 1/4. Of rows with these moments, which
    /// are centred if there is an intercept.
    pub(super) fn curvature(&self, moments: &Moments) -> Array1<f64> {
        let level = if self.fit_intercept { 0.0 } else { moments.weight };
        let squares =
            moments.mean.iter().zip(&moments.m2).map(|(mean, m2)| (m2 + level * mean * mean) / 4.0 + self.alpha);
        let free = moments.weight / 4.0;
        squares.chain([free]).flat_map(|curvature| std::iter::repeat_n(curvature, self.outputs)).collect()
    }

    /// Value and gradient over all rows.
    ///
    /// # Errors
    /// If the rows have no classes.
    pub(super) fn evaluate(&self, training: &Training<'_>, flat: &Array1<f64>) -> Result<(f64, Array1<f64>)> {
        training.rows.targets.classes()?;
        let (coefficients, intercepts) = self.split(flat);
        let sums = training.sum(&Evaluation { coefficients: &coefficients, intercepts })?;
        let penalty = 0.5 * self.alpha * coefficients.iter().map(|it| it * it).sum::<f64>();
        let slopes = sums.slopes + coefficients * self.alpha;
        let free = if self.fit_intercept { sums.free } else { Array1::zeros(self.outputs) };
        Ok((sums.value + penalty, slopes.iter().copied().chain(free).collect()))
    }

    /// Coefficients `(n_features, outputs)` and intercepts `(outputs,)`.
    pub(super) fn split<'w>(&self, flat: &'w Array1<f64>) -> (Array2<f64>, ArrayView1<'w, f64>) {
        let (coefficients, intercepts) = flat.view().split_at(Axis(0), self.n_features * self.outputs);
        let shaped = Array2::from_shape_fn((self.n_features, self.outputs), |(feature, output)| {
            coefficients[feature * self.outputs + output]
        });
        (shaped, intercepts)
    }
}

struct Evaluation<'a> {
    coefficients: &'a Array2<f64>,
    intercepts: ArrayView1<'a, f64>,
}

/// Loss, and its derivatives by coefficients and intercepts.
struct Sums {
    value: f64,
    slopes: Array2<f64>,
    free: Array1<f64>,
}

impl Summation for Evaluation<'_> {
    type Partial = Sums;

    fn partial(&self, shard: Rows<'_>) -> Sums {
        let outputs = self.intercepts.len();
        let mut sums =
            Sums { value: 0.0, slopes: Array2::zeros(self.coefficients.dim()), free: Array1::zeros(outputs) };
        let classes = shard.targets.classes().map_or(&[][..], |(classes, _)| classes);
        let chunks = classes.chunks(CHUNK).zip(shard.weights.chunks(CHUNK));
        for (rows, (classes, weights)) in shard.features().axis_chunks_iter(Axis(0), CHUNK).zip(chunks) {
            let mut scores = rows.dot(self.coefficients) + self.intercepts;
            let each = in_rows_mut(&mut scores).chunks_exact_mut(outputs).zip(classes).zip(weights);
            for ((row, class), weight) in each {
                let two = outputs == 1;
                sums.value +=
                    weight * if two { loss_of_two_classes(&mut row[0], *class) } else { loss_of_classes(row, *class) };
                row.iter_mut().for_each(|derivative| *derivative *= weight);
            }
            sums.slopes += &rows.t().dot(&scores);
            sums.free += &scores.sum_axis(Axis(0));
        }
        sums
    }

    fn merge(&self, left: Sums, right: Sums) -> Sums {
        let value = left.value + right.value;
        Sums { value, slopes: left.slopes + right.slopes, free: left.free + right.free }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use approx::assert_abs_diff_eq;
    use ndarray::array;
    use std::sync::Arc;

    #[test]
    fn the_gradient_is_the_slope_of_the_value() {
        let features = array![[0.3, -1.0], [2.0, 0.5], [-0.7, 1.5], [1.0, 1.0]];
        let labels = Arc::new(Labels::Integer(vec![0, 1, 2]));
        let targets = Targets::Classes { indices: array![0, 1, 1, 0], labels };
        for outputs in [1, 3] {
            let loss = LogisticLoss { n_features: 2, outputs, alpha: 0.7, fit_intercept: true };
            let at = Array1::from_shape_fn(loss.len(), |index| (index as f64 * 1.7).sin());
            trained(&features, &targets, |training| {
                let (_, gradient) = loss.evaluate(training, &at).unwrap();

                for index in 0..loss.len() {
                    let value = |shift: f64| {
                        let mut shifted = at.clone();
                        shifted[index] += shift;
                        loss.evaluate(training, &shifted).unwrap().0
                    };
                    assert_abs_diff_eq!(gradient[index], (value(1e-5) - value(-1e-5)) / 2e-5, epsilon = 1e-8);
                }
            });
        }
    }
}
