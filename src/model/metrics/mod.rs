//! How well predictions meet their targets, with scikit-learn's names and values.
//!
//! Each metric is weighted as the rows are: a row of weight 2 counts as the row twice. What is not defined for some rows, such as
//! `roc_auc` where all are of one class, is left out.
//!
//! `regression`, `classification` (with `ranking`) and `clusters` measure; [`of`] says which of it a version carries. There the
//! names stand for rows that were held out ([`Spec::validation_fraction`](super::Spec)): a second model, fitted the same way on
//! other rows, answers them. They are absent where there are too few rows for that. With `training_` before them they stand for
//! rows that the model itself was fitted on, 10,000 of them by chance if there are more; these flatter it.

mod answers;
mod chunks;
mod classification;
mod clusters;
mod judged;
mod ranking;
mod regression;

pub use answers::Answers;
pub use chunks::CHUNK;
pub use classification::{ClassMetrics, ClassReport, Classified};
pub use clusters::{adjusted_rand, davies_bouldin, silhouette, silhouette_rows};
pub use judged::Judged;
pub use regression::regression;

pub(super) use chunks::Chunks;

use super::{Predictions, Rows, TargetView};
use crate::error::Result;
use ndarray::ArrayView2;
use std::collections::BTreeMap;

/// Values by name; those that are not defined are left out.
pub type Metrics = BTreeMap<String, f64>;

/// What a version carries of the metrics of its kind; the others are for whoever asks.
const CARRIED: [&str; 10] =
    ["r2", "rmse", "mae", "accuracy", "balanced_accuracy", "f1_macro", "log_loss", "roc_auc", "inertia", "outliers"];

/// What is to be measured: some metrics sort rows, and a score needs one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All that there are.
    All,
    /// Those that a version carries.
    Carried,
    /// The one of this name.
    One(&'static str),
}

impl Wanted {
    fn has(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Carried => CARRIED.contains(&name),
            Self::One(one) => one == name,
        }
    }

    /// Of what is wanted, computes and keeps what is defined.
    fn defined(self, metrics: &[(&'static str, &dyn Fn() -> Option<f64>)]) -> Metrics {
        let wanted = metrics.iter().filter(|(name, _)| self.has(name));
        wanted.filter_map(|(name, value)| Some(((*name).to_owned(), value().filter(|it| it.is_finite())?))).collect()
    }
}

/// The metrics of what `predict` answers to these rows. `ask` is told the share of the rows that has been answered.
///
/// # Errors
/// What `ask` answers.
pub fn of(
    predict: impl Fn(ArrayView2<'_, f64>) -> Predictions,
    rows: Rows<'_>,
    ask: impl Fn(f64) -> Result<()>,
) -> Result<Metrics> {
    let mut answers = Answers::default();
    for chunk in Chunks::of(rows.len()) {
        ask(chunk.start as f64 / rows.len() as f64)?;
        let chunk = rows.slice(chunk);
        answers.add(&predict(chunk.features()), chunk.weights);
    }
    let known: Vec<usize> = match rows.targets {
        TargetView::Classes { labels, .. } => (0..labels.len()).collect(),
        _ => vec![],
    };
    let judged = Judged { answers: &answers, truth: rows.targets, known: &known, weights: rows.weights };
    Ok(judged.metrics(Wanted::Carried, &|| ask(1.0))?.0)
}

/// The metrics of the logarithms of densities that a model answers to these rows; one that is not finite is left out. `ask` is
/// told the share of the rows that has been answered.
///
/// # Errors
/// What `ask` answers.
pub fn of_densities(
    log_densities: impl Fn(ArrayView2<'_, f64>) -> Option<Vec<f64>>,
    rows: Rows<'_>,
    ask: impl Fn(f64) -> Result<()>,
) -> Result<Metrics> {
    let mut sum = 0.0;
    for chunk in Chunks::of(rows.len()) {
        ask(chunk.start as f64 / rows.len() as f64)?;
        let chunk = rows.slice(chunk);
        let densities = log_densities(chunk.features()).unwrap_or_else(|| vec![f64::NAN; chunk.len()]);
        // One by one: where chunks end says nothing.
        densities.iter().zip(chunk.weights).for_each(|(density, weight)| sum += weight * density);
    }
    Ok(Wanted::All.defined(&[("log_likelihood", &|| Some(sum / rows.weights.iter().sum::<f64>()))]))
}

/// `sum_i w_i x_i`
fn weighted_sum(values: impl Iterator<Item = f64>, weights: &[f64]) -> f64 {
    values.zip(weights).map(|(value, weight)| weight * value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;
    use crate::model::Targets;
    use approx::assert_abs_diff_eq;
    use ndarray::{Array2, array};
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
