//! Answers of the nearest rows.

#[cfg(test)]
mod tests;

use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::classification::{self, classified};
use crate::model::kernels::in_rows;
use crate::model::neighbours::{Metric, Neighbour, Neighbours};
use crate::model::samples::Samples;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Predictions, TargetView,
    Training, UnfittedStep,
};
use ndarray::{Array1, ArrayD, ArrayView2};
use std::sync::Arc;

/// What both do, and from where.
const METHOD: &str = "With `weights` uniform each neighbour has one vote, with distance one of `1 / distance`; rows \
                      at distance 0 then decide alone. Weights of rows \
                      are refused, as scikit-learn has none here. Of rows at the same distance those that came first are the nearer ones, in scikit-learn it is \
                      left open. Distances are exact to the last digits, found with a k-d tree where there are at \
                      most 15 columns. The model keeps all of its training rows.";
/// In a message, behind the name of the algorithm.
const UNWEIGHTED: &str = "counts rows and not their weights, as in scikit-learn";
const COVER: &str =
    "T. M. Cover, P. E. Hart, \"Nearest neighbor pattern classification\" (1967), doi:10.1109/TIT.1967.1053964.";

/// The class that most of the nearest rows have.
#[derive(Clone, Copy, Debug)]
pub(super) struct KNeighborsClassifier;

/// The mean of the nearest rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct KNeighborsRegressor;

impl Algorithm for KNeighborsClassifier {
    fn about(&self) -> &'static About {
        &About {
            name: "k_neighbors_classifier",
            kind: Kind::Classifier,
            summary: "The class that most of the nearest training rows have.",
            details: &[
                "The probability of a class is its share of the votes of the `n_neighbors` nearest rows.",
                METHOD,
                COVER,
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        parameters()
    }

    fn refuses_weights(&self) -> Option<&'static str> {
        Some(UNWEIGHTED)
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Vote::of(self.name(), parameters)))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let classes = inputs.classes()?.clone();
        load(Vote::of(self.name(), parameters), arrays, inputs, |targets| {
            let whole = |target: &f64| (0.0..classes.len() as f64).contains(target) && target.fract() == 0.0;
            let all_whole = targets.iter().all(whole);
            let indices = targets.iter().map(|target| *target as usize).collect();
            all_whole.then_some(Known::Classes(indices, classes)).ok_or_else(|| damaged("a class has no label"))
        })
    }
}

impl Algorithm for KNeighborsRegressor {
    fn about(&self) -> &'static About {
        &About {
            name: "k_neighbors_regressor",
            kind: Kind::Regressor,
            summary: "The mean of the targets of the nearest training rows.",
            details: &[
                "The answer is the mean of the targets of the `n_neighbors` nearest rows, weighted by their votes.",
                METHOD,
                COVER,
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        parameters()
    }

    fn refuses_weights(&self) -> Option<&'static str> {
        Some(UNWEIGHTED)
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Vote::of(self.name(), parameters)))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        load(Vote::of(self.name(), parameters), arrays, inputs, |targets| Ok(Known::Values(targets.to_vec())))
    }
}

/// Those that both have.
fn parameters() -> Vec<ParameterSpec> {
    let n_neighbors = "Rows that answer; at most as many as there are.";
    let weights = "Whether all neighbours count the same, or each as the inverse of its distance.";
    vec![
        ParameterSpec::integer("n_neighbors", 5, (1, 100_000), n_neighbors),
        ParameterSpec::one_of("weights", &["uniform", "distance"], weights),
        Metric::parameter(),
    ]
}

fn load(
    vote: Vote,
    arrays: &mut Arrays,
    inputs: &Inputs,
    known: impl FnOnce(&Array1<f64>) -> Result<Known>,
) -> Result<FittedStep> {
    let n_rows = arrays.shape("targets").and_then(|shape| shape.first().copied()).unwrap_or(0);
    let rows = arrays.take("rows", (n_rows, inputs.n_features))?;
    let (targets, weights) = (arrays.take("targets", n_rows)?, arrays.take("sample_weights", n_rows)?);
    if weights.iter().any(|weight| *weight <= 0.0) {
        return Err(damaged("the weight of a row is not greater than 0"));
    }
    vote.among(rows.into(), weights.to_vec(), known(&targets)?).map(FittedStep::Model).map_err(damaged)
}

/// A model, or why there is none.
type Judged = std::result::Result<Box<dyn Model>, String>;

/// How neighbours are found and counted.
#[derive(Clone, Copy, Debug)]
struct Vote {
    algorithm: &'static str,
    n_neighbors: usize,
    by_distance: bool,
    metric: Metric,
}

impl Vote {
    fn of(algorithm: &'static str, parameters: &Parameters) -> Self {
        let by_distance = parameters.text("weights") == "distance";
        Self { algorithm, n_neighbors: parameters.count("n_neighbors"), by_distance, metric: Metric::of(parameters) }
    }

    /// # Errors
    /// Why these rows cannot be asked.
    fn among(self, rows: Samples, weights: Vec<f64>, known: Known) -> Judged {
        let n_rows = weights.len();
        if self.n_neighbors > n_rows {
            return Err(format!(
                "{} parameter n_neighbors is {} and there are {n_rows} rows; take at most as many neighbours",
                self.algorithm, self.n_neighbors
            ));
        }
        if let Some(objection) = self.metric.objection_within(rows.ranges()) {
            return Err(format!("{objection} ({})", self.algorithm));
        }
        if !weights.iter().sum::<f64>().is_finite() {
            return Err(format!("the sum of the weights of rows overflows in {}; make them smaller", self.algorithm));
        }
        Ok(Box::new(Voters { vote: self, neighbours: Neighbours::new(rows, self.metric), weights, known }))
    }

    /// How much a neighbour counts, from 0 to 1: the nearest one 1, and others by how much further they are.
    fn closeness(self, nearest: f64, distance: f64) -> f64 {
        // Rows beyond all distances are as near as the others there.
        if !self.by_distance || distance == nearest || !nearest.is_finite() {
            return 1.0;
        }
        nearest / distance
    }
}

impl Estimator for Vote {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let known = match training.rows.targets {
            TargetView::Classes { indices, labels } => Known::Classes(indices.to_vec(), labels.clone()),
            other => Known::Values(other.values()?.to_vec()),
        };
        let rows = training.rows;
        self.among(rows.samples(), rows.weights.to_vec(), known).map_err(Error::invalid)
    }
}

/// What is known of the training rows.
#[derive(Debug)]
enum Known {
    Values(Vec<f64>),
    Classes(Vec<usize>, Arc<Labels>),
}

#[derive(Debug)]
struct Voters {
    vote: Vote,
    neighbours: Neighbours,
    /// Of the training rows.
    weights: Vec<f64>,
    known: Known,
}

impl Voters {
    /// Calls `each` with the neighbours of each row, their votes and the sum of these, which is above 0.
    fn for_each(&self, rows: &[f64], mut each: impl FnMut(&mut dyn Iterator<Item = (&Neighbour, f64)>, f64)) {
        self.neighbours.for_each(rows, self.vote.n_neighbors, |found| {
            let nearest = found.first().map_or(0.0, |it| it.distance);
            let vote = |it: &Neighbour| self.vote.closeness(nearest, it.distance) * self.weights[it.row];
            each(&mut found.iter().map(|it| (it, vote(it))), found.iter().map(vote).sum());
        });
    }

    fn mean_of_values(&self, rows: &[f64], values: &[f64]) -> Predictions {
        let mut means = vec![];
        self.for_each(rows, |votes, sum| {
            let mean: f64 = votes.map(|(it, vote)| vote / sum * values[it.row]).sum();
            means.push(mean.clamp(f64::MIN, f64::MAX));
        });
        Predictions::Values(means.into())
    }

    fn shares_of_classes(&self, rows: &[f64], indices: &[usize], labels: &Arc<Labels>) -> Predictions {
        let mut shares = vec![];
        self.for_each(rows, |votes, sum| {
            let from = shares.len();
            shares.resize(from + labels.len(), 0.0);
            votes.for_each(|(it, vote)| shares[from + indices[it.row]] += vote);
            shares[from..].iter_mut().for_each(|share| *share /= sum);
        });
        classified(shares, labels)
    }
}

impl Model for Voters {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        match &self.known {
            Known::Values(values) => self.mean_of_values(&in_rows(&features), values),
            Known::Classes(indices, labels) => self.shares_of_classes(&in_rows(&features), indices, labels),
        }
    }

    fn answer_bytes(&self) -> usize {
        match &self.known {
            Known::Values(_) => size_of::<f64>(),
            Known::Classes(_, labels) => classification::answer_bytes(labels),
        }
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let targets: Array1<f64> = match &self.known {
            Known::Values(values) => values.iter().copied().collect(),
            Known::Classes(indices, _) => indices.iter().map(|index| *index as f64).collect(),
        };
        let weights = Array1::from(self.weights.clone());
        vec![
            ("rows", self.neighbours.to_array().into_dyn()),
            ("targets", targets.into_dyn()),
            ("sample_weights", weights.into_dyn()),
        ]
    }
}
