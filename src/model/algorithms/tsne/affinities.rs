//! How close all pairs of rows are, as probabilities.

use crate::error::Result;
use crate::model::Training;
use crate::model::crew::share_out;
use crate::model::neighbours::Metric;

/// Halvings, and how near the entropy has to come, as in scikit-learn.
const MOST_STEPS: usize = 100;
const TOLERANCE: f64 = 1e-5;
/// No pair of rows has less.
const LEAST: f64 = f64::EPSILON;
/// Rows that are done in one piece.
pub(super) const PIECE: usize = 64;

/// `p_ij = (p_j|i + p_i|j) / 2n` of all pairs of rows, row by row, at least [`LEAST`]; 0 of a row with itself.
///
/// `p_j|i` falls with the squared distance as a Gaussian does, whose width gives it the perplexity that is asked for.
pub(super) fn of(training: &Training<'_>, perplexity: f64) -> Result<Vec<f64>> {
    let (rows, n_rows) = (training.rows, training.rows.len());
    let n_pieces = n_rows.div_ceil(PIECE);
    let report = |done: usize| {
        training.progress.report("fitting tsne, looking for neighbours", 0.05 * done as f64 / n_pieces as f64)
    };
    let conditional = share_out(n_pieces, training.threads, &report, |piece, ask| {
        let mut own = Vec::with_capacity(PIECE * n_rows);
        for number in piece * PIECE..((piece + 1) * PIECE).min(n_rows) {
            ask()?;
            let row = rows.slice(number..number + 1).values();
            let mut squares: Vec<f64> = rows.iter().map(|other| Metric::Euclidean.between(row, other)).collect();
            squares.remove(number);
            let mut shares = shares(&squares, perplexity);
            shares.insert(number, 0.0);
            own.extend(shares);
        }
        Ok(own)
    })?;
    let mut joint = conditional.concat();
    for one in 0..n_rows {
        for other in 0..one {
            let (here, there) = (one * n_rows + other, other * n_rows + one);
            let both = ((joint[here] + joint[there]) / (2.0 * n_rows as f64)).max(LEAST);
            (joint[here], joint[there]) = (both, both);
        }
    }
    Ok(joint)
}

/// Shares `exp(-beta d^2)` of their sum, with the `beta` that makes the exponential of their entropy the perplexity.
pub(super) fn shares(squares: &[f64], perplexity: f64) -> Vec<f64> {
    let nearest = squares.iter().copied().fold(f64::INFINITY, f64::min);
    let mean = squares.iter().map(|square| (square - nearest) / squares.len() as f64).sum::<f64>();
    // A unit of their own, so that the search begins near its end.
    let unit = if mean > 0.0 { mean } else { 1.0 };
    let scaled: Vec<f64> = squares.iter().map(|square| (square - nearest) / unit).collect();
    let (mut beta, mut least, mut most) = (1.0, 0.0, f64::INFINITY);
    let mut shares = vec![];
    for _ in 0..MOST_STEPS {
        shares.clear();
        shares.extend(scaled.iter().map(|square| f64::exp(-beta * square)));
        let sum: f64 = shares.iter().sum(); // The nearest one alone makes it 1.
        shares.iter_mut().for_each(|share| *share /= sum);
        let mean: f64 = shares.iter().zip(&scaled).map(|(share, square)| share * square).sum();
        let too_much = sum.ln() + beta * mean - perplexity.ln();
        if too_much.abs() <= TOLERANCE {
            break;
        }
        if too_much > 0.0 {
            (least, beta) = (beta, if most.is_finite() { (beta + most) / 2.0 } else { beta * 2.0 });
        } else {
            (most, beta) = (beta, (beta + least) / 2.0);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn perplexity_of(shares: &[f64]) -> f64 {
        (-shares.iter().filter(|share| **share > 0.0).map(|share| share * share.ln()).sum::<f64>()).exp()
    }

    proptest! {
        #[test]
        fn shares_have_the_perplexity_that_was_asked_for_in_any_unit(
            mut squares in prop::collection::vec(0.01f64..100.0, 20..60), perplexity in 2.0f64..15.0,
            magnitude in prop::sample::select(vec![-290, -20, 0, 20, 290]),
        ) {
            squares.iter_mut().for_each(|square| *square *= 10f64.powi(magnitude));

            let shares = shares(&squares, perplexity);

            prop_assert!((perplexity_of(&shares) - perplexity).abs() < 2e-5 * perplexity);
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn rows_at_one_distance_have_equal_shares() {
        assert_eq!(shares(&[0.0; 4], 2.0), [0.25; 4]);
        assert_eq!(shares(&[3.0; 4], 2.0), [0.25; 4]);
    }
}
