//! From scores to probabilities and classes.

use super::Predictions;
use super::kernels::{first_largest, table};
use crate::data::Labels;
use std::sync::Arc;

/// The answer to rows of these probabilities, row-major: of each the most probable class, the first one of equals.
pub(super) fn classified(probabilities: Vec<f64>, classes: &Arc<Labels>) -> Predictions {
    let labels: Vec<usize> = probabilities.chunks_exact(classes.len()).map(first_largest).collect();
    let probabilities = table(probabilities, labels.len(), classes.len());
    Predictions::Classes { labels, probabilities, classes: classes.clone() }
}

/// What the answer to one row takes, in bytes.
pub(super) fn answer_bytes(classes: &Labels) -> usize {
    classes.longest() + classes.len() * size_of::<f64>()
}

/// `1 / (1 + exp(-x))` without overflow, exact to the last digits at both ends.
pub(super) fn sigmoid(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    if x < 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }
}

/// Scores to probabilities; answers the logarithm of the sum of their exponentials. The largest score is subtracted first, so
/// that none overflows.
pub(super) fn softmax(scores: &mut [f64]) -> f64 {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = (*score - largest).exp());
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|weight| *weight /= sum);
    largest + sum.ln()
}

/// `-ln p` of the one of two classes that a row has, from the log-odds of the second; its derivative takes their place.
pub(super) fn loss_of_two_classes(score: &mut f64, class: usize) -> f64 {
    let target = class as f64;
    let loss = score.max(0.0) + (-score.abs()).exp().ln_1p() - target * *score;
    *score = sigmoid(*score) - target;
    loss
}

/// `-ln p` of the class that a row has, from a score for each; the derivatives take their places.
pub(super) fn loss_of_classes(scores: &mut [f64], class: usize) -> f64 {
    let own = scores[class];
    let log_sum = softmax(scores);
    scores[class] -= 1.0;
    log_sum - own
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn probabilities_stay_finite_where_exponentials_overflow() {
        let mut scores = [800.0, 0.0, -800.0];

        let log_sum = softmax(&mut scores);

        assert_eq!((scores, log_sum), ([1.0, 0.0, 0.0], 800.0));
        assert_eq!((sigmoid(-800.0), sigmoid(800.0), sigmoid(0.0)), (0.0, 1.0, 0.5));
        assert_relative_eq!(sigmoid(-30.0), 9.357_622_968_839_299e-14, max_relative = 1e-14);
    }
}
