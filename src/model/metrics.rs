//! How well predictions meet their targets.
//!
//! | kind | metric | meaning |
//! |---|---|---|
//! | regressor | `r2` | 1 - residual sum of squares / total sum of squares; for constant targets 1 if they are met, else 0 |
//! | regressor | `rmse` | root of the mean squared error, in the unit of the targets |
//! | classifier | `accuracy` | share of rows whose most probable class is theirs |
//! | classifier | `log_loss` | mean of -ln(probability of the row's class), clipped at 2.2e-16 as in scikit-learn |
//! | clusterer | `inertia` | sum of squared distances to the nearest centre, over the rows that it was fitted on |
//! | outlier detector | `outliers` | share of rows whose score is below 0, of those that it was fitted on |
//!
//! These names stand for rows that were held out ([`Spec::validation_fraction`](super::Spec)): a second model, fitted the same
//! way on other rows, answers them. They are absent where there are too few rows for that. With `training_` before them they
//! stand for rows that the model itself was fitted on, 10,000 of them by chance if there are more; these flatter it. All are
//! weighted as the rows are: a row of weight 2 counts as the row twice.

use super::{Predictions, Rows, TargetView};
use crate::error::Result;
use ndarray::ArrayView2;
use std::collections::BTreeMap;

/// Rows that are predicted at once: a model answers a number for each class or centre of each row.
const CHUNK: usize = 4_096;

/// The metrics of what `predict` answers to these rows; one that is not finite is left out. `ask` is told the share of the rows
/// that has been answered.
///
/// # Errors
/// What `ask` answers.
pub fn of(
    predict: impl Fn(ArrayView2<'_, f64>) -> Predictions,
    rows: Rows<'_>,
    ask: impl Fn(f64) -> Result<()>,
) -> Result<BTreeMap<String, f64>> {
    let mut sums = Sums::default();
    for from in (0..rows.len()).step_by(CHUNK) {
        ask(from as f64 / rows.len() as f64)?;
        let chunk = rows.slice(from..rows.len().min(from + CHUNK));
        sums.add(&predict(chunk.features()), &chunk);
    }
    let metrics = sums.metrics(&rows).into_iter().filter(|(_, value)| value.is_finite());
    Ok(metrics.map(|(name, value)| (name.to_owned(), value)).collect())
}

#[derive(Default)]
struct Sums {
    /// Squared errors.
    residual: f64,
    /// Rows of the right class.
    hits: f64,
    /// Negative logarithms of probabilities.
    loss: f64,
    /// Squared distances.
    inertia: Option<f64>,
    /// Rows of negative scores.
    outliers: Option<f64>,
}

impl Sums {
    /// Adds the predictions of these rows.
    fn add(&mut self, predictions: &Predictions, rows: &Rows<'_>) {
        match (predictions, rows.targets) {
            (Predictions::Values(values), TargetView::Values(targets)) => {
                let each = values.iter().zip(targets).zip(rows.weights);
                self.residual += each.map(|((value, target), weight)| weight * (target - value).powi(2)).sum::<f64>();
            }
            (Predictions::Classes { labels, probabilities, .. }, TargetView::Classes { indices, .. }) => {
                let each = labels.iter().zip(probabilities.rows()).zip(indices).zip(rows.weights);
                for (((label, row), index), weight) in each {
                    self.hits += if label == index { *weight } else { 0.0 };
                    self.loss -= weight * row[*index].max(f64::EPSILON).ln();
                }
            }
            (Predictions::Clusters { clusters, distances }, _) => {
                let each = clusters.iter().zip(distances.rows()).zip(rows.weights);
                *self.inertia.get_or_insert(0.0) +=
                    each.map(|((cluster, row), weight)| weight * row[*cluster].powi(2)).sum::<f64>();
            }
            (Predictions::Values(scores), TargetView::None) => {
                let outliers = scores.iter().zip(rows.weights).filter(|(score, _)| **score < 0.0);
                *self.outliers.get_or_insert(0.0) += outliers.map(|(_, weight)| weight).sum::<f64>();
            }
            _ => {}
        }
    }

    fn metrics(&self, rows: &Rows<'_>) -> Vec<(&'static str, f64)> {
        let n: f64 = rows.weights.iter().sum();
        match rows.targets {
            TargetView::None => {
                let outliers = self.outliers.map(|rows| ("outliers", rows / n));
                self.inertia.map(|inertia| ("inertia", inertia)).into_iter().chain(outliers).collect()
            }
            TargetView::Classes { .. } => vec![("accuracy", self.hits / n), ("log_loss", self.loss / n)],
            TargetView::Values(targets) => {
                let each = || targets.iter().zip(rows.weights);
                let mean = each().map(|(target, weight)| weight * target).sum::<f64>() / n;
                let total: f64 = each().map(|(target, weight)| weight * (target - mean).powi(2)).sum();
                vec![("r2", determination(self.residual, total)), ("rmse", (self.residual / n).sqrt())]
            }
        }
    }
}

fn determination(residual: f64, total: f64) -> f64 {
    match (total == 0.0, residual == 0.0) {
        (true, true) => 1.0,
        (true, false) => 0.0,
        _ => 1.0 - residual / total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;
    use crate::model::Targets;
    use approx::assert_abs_diff_eq;
    use ndarray::{Array1, Array2, array};
    use std::sync::Arc;

    type Answer = fn(ArrayView2<'_, f64>) -> Predictions;

    fn measured(
        predict: impl Fn(ArrayView2<'_, f64>) -> Predictions,
        features: &Array2<f64>,
        targets: &Targets,
    ) -> BTreeMap<String, f64> {
        let weights = vec![1.0; features.nrows()];
        of(predict, Rows::new(features, targets.view(), &weights), |_| Ok(())).unwrap()
    }

    #[test]
    fn constant_targets_are_met_or_not() {
        let r2 = |answer: f64| {
            let predict = |rows: ArrayView2<'_, f64>| Predictions::Values(Array1::from_elem(rows.nrows(), answer));
            measured(predict, &array![[0.0], [0.0]], &Targets::Values(array![3.0, 3.0]))["r2"]
        };

        assert_eq!((r2(3.0), r2(4.0)), (1.0, 0.0));
    }

    #[test]
    fn rows_of_negative_scores_are_outliers() {
        let predict = |rows: ArrayView2<'_, f64>| Predictions::Values(rows.column(0).to_owned());

        let metrics = measured(predict, &array![[0.5], [-0.1], [0.0], [-3.0], [1.0]], &Targets::None);

        assert_eq!(metrics, BTreeMap::from([("outliers".to_owned(), 0.4)]));
    }

    #[test]
    fn more_rows_than_a_chunk_are_all_counted() {
        let n = 2 * CHUNK + 5;
        let features = Array2::from_shape_fn((n, 1), |(row, _)| row as f64);
        let predict = |rows: ArrayView2<'_, f64>| Predictions::Values(rows.column(0).to_owned());

        let targets = Targets::Values((0..n).map(|row| row as f64 + 2.0).collect());

        let metrics = measured(predict, &features, &targets);

        assert_abs_diff_eq!(metrics["rmse"], 2.0, epsilon = 1e-12);
    }

    #[test]
    fn a_row_of_weight_two_counts_as_the_row_twice() {
        let values: Answer = |rows| Predictions::Values(rows.column(0).to_owned());
        let classes: Answer = |rows| {
            let labels = rows.column(0).iter().map(|value| usize::from(*value > 0.5)).collect();
            let probabilities =
                Array2::from_shape_fn((rows.nrows(), 2), |(row, class)| (rows[[row, 0]] - (1 - class) as f64).abs());
            Predictions::Classes { labels, probabilities, classes: Arc::new(Labels::Integer(vec![3, 4])) }
        };
        let clusters: Answer =
            |rows| Predictions::Clusters { clusters: vec![0; rows.nrows()], distances: rows.to_owned() };
        let indices = Targets::Classes { indices: array![0, 1, 1, 0], labels: Arc::new(Labels::Integer(vec![3, 4])) };
        let cases = [
            (values, Targets::Values(array![0.5, 0.25, 1.0, 0.125])),
            (classes, indices),
            (clusters, Targets::None),
            (values, Targets::None),
        ];
        let (features, twice) = (array![[0.75], [0.25], [0.875], [-0.5]], [0, 1, 1, 2, 3, 3]);
        for (predict, targets) in cases {
            let weighted =
                of(predict, Rows::new(&features, targets.view(), &[1.0, 2.0, 1.0, 2.0]), |_| Ok(())).unwrap();

            let repeated = measured(predict, &features.select(ndarray::Axis(0), &twice), &targets.select(&twice));
            assert_eq!(weighted.keys().collect::<Vec<_>>(), repeated.keys().collect::<Vec<_>>());
            weighted.iter().for_each(|(name, value)| assert_abs_diff_eq!(*value, repeated[name], epsilon = 1e-12));
        }
    }
}
