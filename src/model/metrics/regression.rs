//! Numbers and what they should have been.

use super::{Metrics, Wanted, weighted_sum};

/// `rmse`, `mae`, `median_absolute_error`, `r2` and `explained_variance`, as scikit-learn defines them.
///
/// For constant targets `r2` is 1 if they are met, else 0; of `explained_variance` the same holds. Of a single row neither is
/// defined. `weights` are above 0; all three are as long.
pub fn regression(answers: &[f64], truth: &[f64], weights: &[f64]) -> Metrics {
    of_one(answers, truth, weights, Wanted::All)
}

fn of_one(answers: &[f64], truth: &[f64], weights: &[f64], wanted: Wanted) -> Metrics {
    let n: f64 = weights.iter().sum();
    let errors: Vec<f64> = truth.iter().zip(answers).map(|(truth, answer)| truth - answer).collect();
    let residual = || weighted_sum(errors.iter().map(|error| error * error), weights);
    let total = || scatter(truth, weights, n);
    let absolute = || errors.iter().map(|error| error.abs());
    let several = truth.len() > 1;
    wanted.defined(&[
        ("rmse", &|| Some((residual() / n).sqrt())),
        ("mae", &|| Some(weighted_sum(absolute(), weights) / n)),
        ("median_absolute_error", &|| median(absolute(), weights)),
        ("r2", &|| several.then(|| share(residual(), total()))),
        ("explained_variance", &|| several.then(|| share(scatter(&errors, weights, n), total()))),
    ])
}

/// Those that are wanted of each target. `answers` and `truth` have `n_targets` numbers for each row, those of a row after the other.
pub(super) fn of_each(
    answers: &[f64],
    truth: &[f64],
    n_targets: usize,
    weights: &[f64],
    wanted: Wanted,
) -> Vec<Metrics> {
    if n_targets == 1 {
        return vec![of_one(answers, truth, weights, wanted)];
    }
    let of = |numbers: &[f64], target: usize| -> Vec<f64> {
        numbers.iter().skip(target).step_by(n_targets).copied().collect()
    };
    (0..n_targets).map(|target| of_one(&of(answers, target), &of(truth, target), weights, wanted)).collect()
}

/// The means over targets, as scikit-learn's `multioutput="uniform_average"`, of what is defined for each of them.
pub(super) fn mean_of(each: Vec<Metrics>) -> Metrics {
    let names = each.first().into_iter().flat_map(|metrics| metrics.keys());
    let mean = |name: &String| {
        let values: Option<Vec<f64>> = each.iter().map(|metrics| metrics.get(name).copied()).collect();
        Some((name.clone(), values?.iter().sum::<f64>() / each.len() as f64))
    };
    names.filter_map(mean).filter(|(_, value)| value.is_finite()).collect()
}

/// The sum of squared differences from the mean.
fn scatter(values: &[f64], weights: &[f64], n: f64) -> f64 {
    let mean = weighted_sum(values.iter().copied(), weights) / n;
    weighted_sum(values.iter().map(|value| (value - mean) * (value - mean)), weights)
}

/// What is left of all when a part is taken away.
fn share(part: f64, all: f64) -> f64 {
    match (all == 0.0, part == 0.0) {
        (true, true) => 1.0,
        (true, false) => 0.0,
        _ => 1.0 - part / all,
    }
}

/// Half of the weight is on each side of it; the mean of both values where that holds between two.
///
/// Source: R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages" (1996), definition 2.
fn median(values: impl Iterator<Item = f64>, weights: &[f64]) -> Option<f64> {
    let mut sorted: Vec<(f64, f64)> = values.zip(weights.iter().copied()).collect();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let half = sorted.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (at, (value, weight)) in sorted.iter().enumerate() {
        below += weight;
        if below - half > f64::EPSILON * half {
            return Some(*value);
        }
        if below >= half {
            let next = sorted.get(at + 1).map_or(*value, |(next, _)| *next);
            return Some(value + (next - value) / 2.0);
        }
    }
    sorted.last().map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_targets_are_met_or_not() {
        let r2 = |answer: f64| regression(&[answer, answer], &[3.0, 3.0], &[1.0, 2.0])["r2"];

        assert_eq!((r2(3.0), r2(4.0)), (1.0, 0.0));
    }

    #[test]
    fn a_single_row_has_errors_and_no_shares_of_variance() {
        let metrics = regression(&[1.0], &[3.0], &[1.0]);

        assert_eq!(metrics.keys().collect::<Vec<_>>(), ["mae", "median_absolute_error", "rmse"]);
        assert_eq!(metrics["median_absolute_error"], 2.0);
    }

    #[test]
    fn what_is_said_of_several_targets_is_the_mean_of_what_is_said_of_each() {
        let (one, other) = (([1.0, 2.0, 4.0], [1.5, 2.0, 3.0]), ([7.0, 5.0, 5.0], [5.0, 5.0, 5.0]));
        let weights = [1.0, 2.0, 0.5];
        let [first, second] = [one, other].map(|(answers, truth)| regression(&answers, &truth, &weights));

        let (answers, truth) = ([1.0, 7.0, 2.0, 5.0, 4.0, 5.0], [1.5, 5.0, 2.0, 5.0, 3.0, 5.0]);
        let both = mean_of(of_each(&answers, &truth, 2, &weights, Wanted::All));

        assert_eq!(both.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>());
        both.iter().for_each(|(name, value)| assert_eq!(*value, (first[name] + second[name]) / 2.0, "{name}"));
        assert_eq!(second["r2"], 0.0);
    }

    #[test]
    fn the_median_lies_between_two_values_where_half_of_the_weight_is_on_each_side() {
        let median = |values: &[f64], weights: &[f64]| super::median(values.iter().copied(), weights);

        assert_eq!(median(&[4.0, 1.0, 2.0], &[1.0, 1.0, 1.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0], &[0.5, 0.5]), Some(2.5));
        assert_eq!(median(&[4.0, 1.0, 2.0], &[3.0, 1.0, 2.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 2.0], &[4.0, 1.0, 2.0]), Some(4.0));
        assert_eq!(median(&[], &[]), None);
    }
}
