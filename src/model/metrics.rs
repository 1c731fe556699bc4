//! How well predictions meet their targets.
//!
//! | kind | metric | meaning |
//! |---|---|---|
//! | regressor | `r2` | 1 - residual sum of squares / total sum of squares; for constant targets 1 if they are met, else 0 |
//! | regressor | `rmse` | root of the mean squared error, in the unit of the targets |
//! | classifier | `accuracy` | share of rows whose most probable class is theirs |
//! | classifier | `log_loss` | mean of -ln(probability of the row's class), clipped at 2.2e-16 as in scikit-learn |
//! | clusterer | `inertia` | sum of squared distances to the nearest centre |

use super::{Predictions, Targets};
use ndarray::Array1;
use std::collections::BTreeMap;

/// The metrics of these predictions; one that is not finite is left out.
pub fn of(predictions: &Predictions, targets: &Targets) -> BTreeMap<String, f64> {
    let metrics = match (predictions, targets) {
        (Predictions::Values(values), Targets::Values(targets)) => regression(values, targets),
        (Predictions::Classes { labels, probabilities, .. }, Targets::Classes { indices, .. }) => {
            let n = indices.len() as f64;
            let hits = labels.iter().zip(indices).filter(|(label, index)| label == index).count() as f64;
            let of_class = indices.iter().zip(probabilities.rows()).map(|(index, row)| row[*index]);
            let loss: f64 = of_class.map(|probability| -probability.max(f64::EPSILON).ln()).sum();
            vec![("accuracy", hits / n), ("log_loss", loss / n)]
        }
        (Predictions::Clusters { clusters, distances }, _) => {
            let nearest = clusters.iter().zip(distances.rows()).map(|(cluster, row)| row[*cluster]);
            vec![("inertia", nearest.map(|distance| distance * distance).sum())]
        }
        _ => vec![],
    };
    metrics.into_iter().filter(|(_, value)| value.is_finite()).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn regression(values: &Array1<f64>, targets: &Array1<f64>) -> Vec<(&'static str, f64)> {
    let mean = targets.mean().unwrap_or(0.0);
    let residual: f64 = values.iter().zip(targets).map(|(value, target)| (target - value).powi(2)).sum();
    let total: f64 = targets.iter().map(|target| (target - mean).powi(2)).sum();
    let r2 = match (total == 0.0, residual == 0.0) {
        (true, true) => 1.0,
        (true, false) => 0.0,
        _ => 1.0 - residual / total,
    };
    vec![("r2", r2), ("rmse", (residual / targets.len() as f64).sqrt())]
}
