//! Groups of rows as normal distributions that overlap.

mod covariance;
mod fit;
mod step;
#[cfg(test)]
mod tests;

use crate::error::Result;
use crate::model::arrays::{Arrays, damaged};
use crate::model::classification::softmax;
use crate::model::kernels::{first_largest, in_rows, table};
use crate::model::{
    About, Algorithm, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Predictions, UnfittedStep,
};
use covariance::{Covariance, Densities, LEAST, Mixture};
use fit::Expectations;
use ndarray::{ArrayD, ArrayView2, IxDyn};

const NAME: &str = "gaussian_mixture";
/// What the weights of components may be off by together, as they come from a file.
const TOLERANCE: f64 = 1e-9;

/// A mixture of normal distributions.
#[derive(Clone, Copy, Debug)]
pub(super) struct GaussianMixture;

impl Algorithm for GaussianMixture {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Clusterer,
            summary: "Takes rows as drawn from normal distributions that overlap, and says how likely each is a row's own.",
            details: &[
                "Finds weights, means and covariances that make the rows likely, `p(x) = sum_k w_k N(x; mu_k, S_k)`, by \
                 expectation-maximisation: each row belongs to each component by `w_k N(x; mu_k, S_k) / p(x)`, each \
                 component becomes what its shares of rows make likeliest, and `reg_covar` is added to each variance, \
                 until the mean of `ln p(x)` grows by less than `tol`. Of `n_init` starts the likeliest end counts. A \
                 row's cluster is the component that it belongs to most, and its probabilities are what it belongs to \
                 each by. Components are numbered in the order of their means (first coordinate first).",
                "`log_likelihood` is the mean of `ln p(x)` over rows that were held out from a second mixture, and \
                 `training_log_likelihood` over rows that it has seen; scikit-learn's `score` is the same mean. \
                 `spherical` covariances are one variance for each component, `diag` one for each column as well, `full` \
                 any, and `tied` is one covariance of all components.",
                "A. P. Dempster, N. M. Laird, D. B. Rubin, \"Maximum likelihood from incomplete data via the EM \
                 algorithm\" (1977), doi:10.1111/j.2517-6161.1977.tb01600.x.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::integer("n_components", 1, (1, 1_000), "Distributions to find; at most one for each row."),
            ParameterSpec::one_of(
                "covariance_type",
                &["full", "tied", "diag", "spherical"],
                "What covariances may be: any, one of all, one variance for each column, or one variance.",
            ),
            ParameterSpec::not_negative("tol", 1e-3, "Stop when the mean log-likelihood grows by less."),
            ParameterSpec::not_negative("reg_covar", 1e-6, "Added to each variance, so that none is 0."),
            ParameterSpec::integer("max_iter", 100, (1, 100_000), "Most iterations of each start."),
            ParameterSpec::integer("n_init", 1, (1, 1_000), "Fresh starts, of which the likeliest end counts."),
            ParameterSpec::one_of(
                "init_params",
                &["kmeans", "random"],
                "What rows belong to at first: the nearest centre of k-means, or all components, by chance.",
            ),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Expectations::of(parameters)))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let (covariance, n_components) = (Covariance::of(parameters), parameters.count("n_components"));
        let weights = arrays.take("weights", n_components)?;
        if weights.iter().any(|weight| *weight <= 0.0) || (weights.sum() - 1.0).abs() > TOLERANCE {
            return Err(damaged("the weights of components are not shares of 1"));
        }
        let means = arrays.take("means", (n_components, inputs.n_features))?;
        let shape = IxDyn(&covariance.shape(n_components, inputs.n_features));
        let covariances = arrays.take("covariances", shape)?;
        let densities = Densities::new(Mixture { covariance, weights, means, covariances }, &|| Ok(()))?;
        let densities = densities.ok_or_else(|| damaged("a covariance is not positive definite"))?;
        Ok(FittedStep::Model(Box::new(densities)))
    }

    fn has_density(&self) -> bool {
        true
    }
}

impl Model for Densities {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let n_components = self.n_components();
        let mut shares = self.scores(&in_rows(&features));
        for row in shares.chunks_exact_mut(n_components) {
            if row.iter().all(|score| *score <= LEAST) {
                row.fill(f64::NAN); // So far from all components that nothing tells them apart; whoever asked is told so.
            } else {
                softmax(row);
            }
        }
        let clusters: Vec<usize> = shares.chunks_exact(n_components).map(first_largest).collect();
        let probabilities = table(shares, clusters.len(), n_components);
        Predictions::Mixture { clusters, probabilities }
    }

    fn log_densities(&self, features: ArrayView2<'_, f64>) -> Option<Vec<f64>> {
        let mut scores = self.scores(&in_rows(&features));
        Some(scores.chunks_exact_mut(self.n_components()).map(softmax).collect())
    }

    fn answer_bytes(&self) -> usize {
        size_of::<i64>() + self.n_components() * size_of::<f64>()
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let Mixture { weights, means, covariances, .. } = &self.mixture;
        let (weights, means) = (weights.clone().into_dyn(), means.clone().into_dyn());
        vec![("weights", weights), ("means", means), ("covariances", covariances.clone())]
    }
}
