//! The table of candidates, best first.

use crate::model::{Spec, Value};
use serde::{Deserialize, Serialize};

/// A value that a candidate has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The position of the step, from 0.
    pub step: usize,
    /// The algorithm of the step.
    pub algorithm: String,
    /// The name of the parameter.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// How a candidate did: a row of the table. One that could not be fitted has an error and no scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// From 1, in the order in which candidates were made.
    pub number: usize,
    /// 1 is the best one; equal scores have equal ranks. After a halving those of later iterations come before all others.
    pub rank: usize,
    /// What it tries.
    pub parameters: Vec<Choice>,
    /// The mean of its scores over the folds.
    pub mean_test_score: Option<f64>,
    /// Their standard deviation (divided by their number).
    pub std_test_score: Option<f64>,
    /// Its score on each fold.
    pub split_test_scores: Vec<f64>,
    /// What a fit took, in seconds; the mean over the folds.
    pub mean_fit_seconds: f64,
    /// Why it has no scores.
    pub error: Option<String>,
    /// Of a halving, from 0; else 0.
    pub iteration: usize,
    /// Rows that its folds were made of.
    pub n_resources: usize,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    /// What candidates are ranked by.
    pub scoring: String,
    /// How many folds there were.
    pub n_splits: usize,
    /// Best first; those that failed last.
    pub candidates: Vec<Candidate>,
    /// The pipeline with the values of the best candidate; `None` if all failed.
    pub best: Option<Spec>,
}

/// Mean and standard deviation, in the order of the scores.
pub(super) fn mean_and_deviation(scores: &[f64]) -> (f64, f64) {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    (mean, (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / n).sqrt())
}

/// Sorts candidates, best first, and numbers their ranks. Of equal ones the first stays first.
pub(super) fn rank(candidates: &mut [Candidate]) {
    let later = |one: &Candidate, other: &Candidate| other.iteration.cmp(&one.iteration);
    let better = |one: &Candidate, other: &Candidate| match (one.mean_test_score, other.mean_test_score) {
        (Some(one), Some(other)) => other.total_cmp(&one),
        (one, other) => other.is_some().cmp(&one.is_some()),
    };
    let failed = |it: &Candidate| it.mean_test_score.is_none();
    let order = |one: &Candidate, other: &Candidate| {
        failed(one).cmp(&failed(other)).then(later(one, other)).then(better(one, other))
    };
    candidates.sort_by(|one, other| order(one, other).then(one.number.cmp(&other.number)));
    let equal = |one: &Candidate, other: &Candidate| {
        failed(one) && failed(other) || one.iteration == other.iteration && one.mean_test_score == other.mean_test_score
    };
    for at in 0..candidates.len() {
        let as_before = at > 0 && equal(&candidates[at - 1], &candidates[at]);
        candidates[at].rank = if as_before { candidates[at - 1].rank } else { at + 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(number: usize, iteration: usize, mean: Option<f64>) -> Candidate {
        let (parameters, split_test_scores, error) = (vec![], vec![], None);
        let (rank, n_resources, mean_fit_seconds, std_test_score) = (0, 0, 0.0, None);
        Candidate {
            number,
            rank,
            parameters,
            mean_test_score: mean,
            std_test_score,
            split_test_scores,
            mean_fit_seconds,
            error,
            iteration,
            n_resources,
        }
    }

    fn ranked(candidates: &[(usize, usize, Option<f64>)]) -> Vec<(usize, usize)> {
        let mut all: Vec<_> =
            candidates.iter().map(|(number, iteration, mean)| candidate(*number, *iteration, *mean)).collect();
        rank(&mut all);
        all.iter().map(|it| (it.rank, it.number)).collect()
    }

    /// As `rank_test_score` of scikit-learn: the method "min" of `scipy.stats.rankdata`.
    #[test]
    fn equal_scores_share_the_better_rank_and_the_first_candidate_stays_first() {
        let ranks = ranked(&[
            (1, 0, Some(0.5)),
            (2, 0, None),
            (3, 0, Some(0.9)),
            (4, 0, Some(0.5)),
            (5, 0, Some(-2.0)),
            (6, 0, None),
        ]);

        assert_eq!(ranks, [(1, 3), (2, 1), (2, 4), (4, 5), (5, 2), (5, 6)]);
    }

    #[test]
    fn whoever_came_further_in_a_halving_ranks_before_all_others() {
        let ranks = ranked(&[(1, 0, Some(0.99)), (2, 0, Some(0.5)), (2, 1, Some(0.4)), (3, 1, None)]);

        assert_eq!(ranks, [(1, 2), (2, 1), (3, 2), (4, 3)]);
    }

    /// `numpy.mean` and `numpy.std` of the same numbers.
    #[test]
    fn the_deviation_is_that_of_all_scores_and_not_of_a_sample() {
        assert_eq!(mean_and_deviation(&[1.0, 2.0, 3.0, 6.0]), (3.0, 3.5_f64.sqrt()));
    }
}
