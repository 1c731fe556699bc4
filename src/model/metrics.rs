//! How well predictions meet their targets.
//!
//! | kind | metric | meaning |
//! |---|---|---|
//! | regressor | `r2` | 1 - residual sum of squares / total sum of squares; for constant targets 1 if they are met, else 0 |
//! | regressor | `rmse` | root of the mean squared error, in the unit of the targets |
//! | classifier | `accuracy` | share of rows whose most probable class is theirs |
//! | classifier | `log_loss` | mean of -ln(probability of the row's class), clipped at 2.2e-16 as in scikit-learn |
//! | clusterer | `inertia` | sum of squared distances to the nearest centre, over the rows that it was fitted on |
//! | mixture | `log_likelihood` | mean of the logarithm of a row's density, scikit-learn's `score`; rows are held out as for targets |
//! | clusterer that answers no rows | `n_clusters`, `noise` | how many there are, and the share of rows that are in none |
//! | `tsne` | `kl_divergence` | how far closeness in the embedding is from closeness of the rows |
//! | `diffusion_map` | `eigenvalue_1`, … | how much of each component a step of the walk keeps |
//! | outlier detector | `outliers` | share of rows whose score is below 0, of those that it was fitted on |
//! | transformer | what the last step tells | `pca`: `explained_variance_ratio`, the share of the variance of its columns that it puts out |
//!
//! These names stand for rows that were held out ([`Spec::validation_fraction`](super::Spec)): a second model, fitted the same
//! way on other rows, answers them. They are absent where there are too few rows for that. With `training_` before them they
//! stand for rows that the model itself was fitted on, 10,000 of them by chance if there are more; these flatter it.

use super::{Predictions, Targets};
use crate::error::Result;
use ndarray::{ArrayView2, Axis};
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
    features: ArrayView2<'_, f64>,
    targets: &Targets,
    ask: impl Fn(f64) -> Result<()>,
) -> Result<BTreeMap<String, f64>> {
    let mut sums = Sums::default();
    for (chunk, rows) in features.axis_chunks_iter(Axis(0), CHUNK).enumerate() {
        ask((chunk * CHUNK) as f64 / features.nrows() as f64)?;
        sums.add(&predict(rows), targets, chunk * CHUNK);
    }
    let metrics = sums.metrics(targets, features.nrows() as f64).into_iter().filter(|(_, value)| value.is_finite());
    Ok(metrics.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The metrics of the logarithms of densities that a model answers to these rows; one that is not finite is left out. `ask` is
/// told the share of the rows that has been answered.
///
/// # Errors
/// What `ask` answers.
pub fn of_densities(
    log_densities: impl Fn(ArrayView2<'_, f64>) -> Option<Vec<f64>>,
    features: ArrayView2<'_, f64>,
    ask: impl Fn(f64) -> Result<()>,
) -> Result<BTreeMap<String, f64>> {
    let mut sum = 0.0;
    for (chunk, rows) in features.axis_chunks_iter(Axis(0), CHUNK).enumerate() {
        ask((chunk * CHUNK) as f64 / features.nrows() as f64)?;
        sum += log_densities(rows).map_or(f64::NAN, |them| them.iter().sum());
    }
    let mean = Some(sum / features.nrows() as f64).filter(|mean| mean.is_finite());
    Ok(mean.map(|mean| ("log_likelihood".to_owned(), mean)).into_iter().collect())
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
    /// Adds the predictions of the rows from `from` on.
    fn add(&mut self, predictions: &Predictions, targets: &Targets, from: usize) {
        match (predictions, targets) {
            (Predictions::Values(values), Targets::Values(targets)) => {
                let pairs = values.iter().zip(targets.iter().skip(from));
                self.residual += pairs.map(|(value, target)| (target - value).powi(2)).sum::<f64>();
            }
            (Predictions::Classes { labels, probabilities, .. }, Targets::Classes { indices, .. }) => {
                for ((label, row), index) in labels.iter().zip(probabilities.rows()).zip(indices.iter().skip(from)) {
                    self.hits += f64::from(u8::from(label == index));
                    self.loss -= row[*index].max(f64::EPSILON).ln();
                }
            }
            (Predictions::Clusters { clusters, distances }, _) => {
                let nearest = clusters.iter().zip(distances.rows()).map(|(cluster, row)| row[*cluster]);
                *self.inertia.get_or_insert(0.0) += nearest.map(|distance| distance * distance).sum::<f64>();
            }
            (Predictions::Values(scores), Targets::None) => {
                *self.outliers.get_or_insert(0.0) += scores.iter().filter(|score| **score < 0.0).count() as f64;
            }
            _ => {}
        }
    }

    fn metrics(&self, targets: &Targets, n: f64) -> Vec<(&'static str, f64)> {
        match targets {
            Targets::None => {
                let outliers = self.outliers.map(|rows| ("outliers", rows / n));
                self.inertia.map(|inertia| ("inertia", inertia)).into_iter().chain(outliers).collect()
            }
            Targets::Classes { .. } => vec![("accuracy", self.hits / n), ("log_loss", self.loss / n)],
            Targets::Values(targets) => {
                let mean = targets.mean().unwrap_or(0.0);
                let total: f64 = targets.iter().map(|target| (target - mean).powi(2)).sum();
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
    use approx::assert_abs_diff_eq;
    use ndarray::{Array1, Array2, array};

    #[test]
    fn constant_targets_are_met_or_not() {
        let r2 = |answer: f64| {
            let predict = |rows: ArrayView2<'_, f64>| Predictions::Values(Array1::from_elem(rows.nrows(), answer));
            of(predict, array![[0.0], [0.0]].view(), &Targets::Values(array![3.0, 3.0]), |_| Ok(())).unwrap()["r2"]
        };

        assert_eq!((r2(3.0), r2(4.0)), (1.0, 0.0));
    }

    #[test]
    fn rows_of_negative_scores_are_outliers() {
        let predict = |rows: ArrayView2<'_, f64>| Predictions::Values(rows.column(0).to_owned());

        let metrics =
            of(predict, array![[0.5], [-0.1], [0.0], [-3.0], [1.0]].view(), &Targets::None, |_| Ok(())).unwrap();

        assert_eq!(metrics, BTreeMap::from([("outliers".to_owned(), 0.4)]));
    }

    #[test]
    fn more_rows_than_a_chunk_are_all_counted() {
        let n = 2 * CHUNK + 5;
        let features = Array2::from_shape_fn((n, 1), |(row, _)| row as f64);
        let predict = |rows: ArrayView2<'_, f64>| Predictions::Values(rows.column(0).to_owned());

        let targets = Targets::Values((0..n).map(|row| row as f64 + 2.0).collect());

        let metrics = of(predict, features.view(), &targets, |_| Ok(())).unwrap();

        assert_abs_diff_eq!(metrics["rmse"], 2.0, epsilon = 1e-12);
    }
}
