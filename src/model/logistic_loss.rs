//! What logistic regression minimises: log-loss of two or many classes with a squared penalty.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, Axis};

/// Rows at once: what many classes need beside the rows stays small.
const CHUNK: usize = 4_096;

/// `sum_i -ln p(y_i | x_i) + alpha / 2 * |w|^2` over the rows; the intercepts are free.
pub(super) struct LogisticLoss<'a> {
    /// `(n_samples, n_features)`
    pub(super) features: ArrayView2<'a, f64>,
    /// The class of each row.
    pub(super) classes: &'a Array1<usize>,
    /// 1 for two classes, otherwise one for each.
    pub(super) outputs: usize,
    pub(super) alpha: f64,
    pub(super) fit_intercept: bool,
}

impl LogisticLoss<'_> {
    /// How many numbers its argument has: `n_features + 1` rows, the last one the intercepts, of `outputs` each.
    pub(super) fn len(&self) -> usize {
        (self.features.ncols() + 1) * self.outputs
    }

    /// An upper bound of the second derivative in each coordinate: p (1 - p) is at most 1/4.
    pub(super) fn curvature(&self) -> Array1<f64> {
        let squares = self.features.columns().into_iter().map(|column| column.dot(&column) / 4.0 + self.alpha);
        let free = self.features.nrows() as f64 / 4.0;
        squares.chain([free]).flat_map(|curvature| std::iter::repeat_n(curvature, self.outputs)).collect()
    }

    /// Value and gradient.
    pub(super) fn evaluate(&self, flat: &Array1<f64>) -> (f64, Array1<f64>) {
        let (weights, intercepts) = self.split(flat);
        let mut value = 0.5 * self.alpha * weights.iter().map(|weight| weight * weight).sum::<f64>();
        let (mut slopes, mut free) = (&weights * self.alpha, Array1::zeros(self.outputs));
        let chunks = self.classes.axis_chunks_iter(Axis(0), CHUNK);
        for (rows, classes) in self.features.axis_chunks_iter(Axis(0), CHUNK).zip(chunks) {
            let mut scores = rows.dot(&weights) + intercepts;
            for (mut row, class) in scores.rows_mut().into_iter().zip(classes) {
                value += if self.outputs == 1 { two_classes(&mut row[0], *class) } else { many_classes(row, *class) };
            }
            slopes += &rows.t().dot(&scores);
            free += &scores.sum_axis(Axis(0));
        }
        if !self.fit_intercept {
            free.fill(0.0);
        }
        (value, slopes.iter().copied().chain(free).collect())
    }

    /// Coefficients `(n_features, outputs)` and intercepts `(outputs,)`.
    pub(super) fn split<'w>(&self, flat: &'w Array1<f64>) -> (Array2<f64>, ArrayView1<'w, f64>) {
        let (weights, intercepts) = flat.view().split_at(Axis(0), self.features.ncols() * self.outputs);
        let shaped = Array2::from_shape_fn((self.features.ncols(), self.outputs), |(feature, output)| {
            weights[feature * self.outputs + output]
        });
        (shaped, intercepts)
    }
}

/// Puts the derivative in the place of the score and answers the loss.
fn two_classes(score: &mut f64, class: usize) -> f64 {
    let target = class as f64;
    let loss = score.max(0.0) + (-score.abs()).exp().ln_1p() - target * *score;
    *score = sigmoid(*score) - target;
    loss
}

/// Puts the derivatives in the place of the scores and answers the loss.
fn many_classes(mut scores: ArrayViewMut1<'_, f64>, class: usize) -> f64 {
    let own = scores[class];
    let log_sum = softmax(scores.view_mut());
    scores[class] -= 1.0;
    log_sum - own
}

/// `1 / (1 + exp(-x))` without overflow, exact to the last digits at both ends.
pub(super) fn sigmoid(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    if x < 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }
}

/// Scores to probabilities; answers the logarithm of the sum of their exponentials. The largest score of the row is subtracted
/// first, so that none overflows.
pub(super) fn softmax(mut row: ArrayViewMut1<'_, f64>) -> f64 {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.mapv_inplace(|score| (score - largest).exp());
    let sum = row.sum();
    row.mapv_inplace(|weight| weight / sum);
    largest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::{assert_abs_diff_eq, assert_relative_eq};
    use ndarray::array;

    #[test]
    fn the_gradient_is_the_slope_of_the_value() {
        let features = array![[0.3, -1.0], [2.0, 0.5], [-0.7, 1.5], [1.0, 1.0]];
        let classes = array![0, 1, 1, 0];
        for outputs in [1, 3] {
            let (features, classes) = (features.view(), &classes);
            let loss = LogisticLoss { features, classes, outputs, alpha: 0.7, fit_intercept: true };
            let at = Array1::from_shape_fn(loss.len(), |index| (index as f64 * 1.7).sin());
            let (_, gradient) = loss.evaluate(&at);

            for index in 0..loss.len() {
                let value = |shift: f64| {
                    let mut shifted = at.clone();
                    shifted[index] += shift;
                    loss.evaluate(&shifted).0
                };
                assert_abs_diff_eq!(gradient[index], (value(1e-5) - value(-1e-5)) / 2e-5, epsilon = 1e-8);
            }
        }
    }

    #[test]
    fn probabilities_stay_finite_where_exponentials_overflow() {
        let mut scores = array![800.0, 0.0, -800.0];

        let log_sum = softmax(scores.view_mut());

        assert_eq!((scores, log_sum), (array![1.0, 0.0, 0.0], 800.0));
        assert_eq!((sigmoid(-800.0), sigmoid(800.0), sigmoid(0.0)), (0.0, 1.0, 0.5));
        assert_relative_eq!(sigmoid(-30.0), 9.357_622_968_839_299e-14, max_relative = 1e-14);
    }
}
