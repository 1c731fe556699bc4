//! What a model answered, gathered chunk by chunk.

use super::{Metrics, Wanted};
use crate::model::Predictions;

/// The answers to some rows, in their order: of each kind what its metrics need, and no more.
#[derive(Debug, Default)]
pub struct Answers {
    values: Vec<f64>,
    labels: Vec<usize>,
    probabilities: Vec<f64>,
    clusters: Vec<usize>,
    /// Of the rows that were answered so far.
    weight: f64,
    inertia: Option<f64>,
    outliers: f64,
}

impl Answers {
    /// Adds the answers to the next rows, which have these weights.
    pub fn add(&mut self, predictions: &Predictions, weights: &[f64]) {
        self.weight += weights.iter().sum::<f64>();
        match predictions {
            Predictions::Values(values) => {
                self.values.extend(values);
                let outliers = values.iter().zip(weights).filter(|(value, _)| **value < 0.0);
                self.outliers += outliers.map(|(_, weight)| weight).sum::<f64>();
            }
            Predictions::Classes { labels, probabilities, .. } => {
                self.labels.extend(labels);
                self.probabilities.extend(probabilities);
            }
            Predictions::Clusters { clusters, distances } => {
                self.clusters.extend(clusters);
                let each = clusters.iter().zip(distances.rows()).zip(weights);
                let squares = each.map(|((cluster, row), weight)| weight * row[*cluster].powi(2));
                *self.inertia.get_or_insert(0.0) += squares.sum::<f64>();
            }
            Predictions::Mixture { clusters, .. } => self.clusters.extend(clusters),
            Predictions::Columns(columns) => self.values.extend(columns),
        }
    }

    /// Of a regressor, one for each row; of several targets those of a row after the other.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Of a classifier, the position of each row's most probable class.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Of a classifier, those of a row after the other.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// Of a clusterer, one for each row.
    pub fn clusters(&self) -> &[usize] {
        &self.clusters
    }

    /// Of those that learn without a target: `inertia` of a clusterer, `outliers` of an outlier detector.
    pub fn sums(&self) -> Metrics {
        let outliers = (!self.values.is_empty()).then_some(self.outliers / self.weight);
        Wanted::All.defined(&[("inertia", &|| self.inertia), ("outliers", &|| outliers)])
    }
}
