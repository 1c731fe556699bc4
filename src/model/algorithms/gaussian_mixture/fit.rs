//! From first responsibilities to a mixture.

use super::NAME;
use super::covariance::{Covariance, Densities, Mixture};
use super::step::{Expectation, Responsible, Sums};
use crate::error::{Error, Result};
use crate::model::algorithms::k_means;
use crate::model::kernels::Panels;
use crate::model::numerics::OfColumns;
use crate::model::random::Philox;
use crate::model::{Estimator, Model, Parameters, Training};
use ndarray::Array2;

/// Numbers of all covariances at most: those of many columns are many, and a fit keeps some of them for each thread.
const MOST_NUMBERS: usize = 1 << 26;

/// What rows belong to at first.
#[derive(Clone, Copy, Debug)]
enum Init {
    KMeans,
    Random,
}

/// A mixture that is to be fitted.
#[derive(Debug)]
pub(super) struct Expectations {
    n_components: usize,
    pub(super) covariance: Covariance,
    tol: f64,
    reg_covar: f64,
    max_iter: usize,
    n_init: usize,
    init: Init,
}

/// Where a run ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) densities: Densities,
    /// The mean log-likelihood of the components before the last ones, as scikit-learn has it.
    pub(super) lower_bound: f64,
    pub(super) n_iter: usize,
}

impl Estimator for Expectations {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        self.check(training)?;
        let mut best: Option<End> = None;
        for run in 0..self.n_init {
            let ask = |found: &str, share: f64| {
                let message = format!("fitting {NAME}, run {} of {}{found}", run + 1, self.n_init);
                training.progress.report(&message, (run as f64 + share) / self.n_init as f64)
            };
            let end = self.run(training, self.start(training, run, &ask)?, &ask)?;
            if best.as_ref().is_none_or(|best| end.lower_bound > best.lower_bound) {
                best = Some(end);
            }
        }
        let End { densities, .. } = best.ok_or_else(|| Error::internal("gaussian_mixture was to make no run"))?;
        let order = k_means::in_order(&densities.mixture.means);
        let ordered = Densities::new(densities.mixture.select(&order));
        Ok(Box::new(ordered.ok_or_else(|| Error::internal("components cannot be put in order"))?))
    }
}

impl Expectations {
    pub(super) fn of(parameters: &Parameters) -> Self {
        Self {
            n_components: parameters.count("n_components"),
            covariance: Covariance::of(parameters),
            tol: parameters.number("tol"),
            reg_covar: parameters.number("reg_covar"),
            max_iter: parameters.count("max_iter"),
            n_init: parameters.count("n_init"),
            init: if parameters.text("init_params") == "random" { Init::Random } else { Init::KMeans },
        }
    }

    fn check(&self, training: &Training<'_>) -> Result<()> {
        let n_features = training.rows.n_features();
        let shape = self.covariance.shape(self.n_components, n_features);
        let numbers = shape.iter().try_fold(1usize, |all, axis| all.checked_mul(*axis));
        if numbers.is_none_or(|numbers| numbers > MOST_NUMBERS) {
            return Err(Error::invalid(format!(
                "{NAME} of {} components and {n_features} columns has more than {MOST_NUMBERS} covariances; take fewer of \
                 either, or covariance_type \"diag\"",
                self.n_components
            )));
        }
        Ok(())
    }

    /// The components of first responsibilities.
    fn start(&self, training: &Training<'_>, run: usize, ask: &dyn Fn(&str, f64) -> Result<()>) -> Result<Densities> {
        let within = || ask("", 0.0);
        within()?;
        let of_k_means = (NAME, "n_components", self.n_components);
        let centres = k_means::centres(training, of_k_means, run, &within)?;
        let (responsible, origins) = match self.init {
            Init::KMeans => (Responsible::Nearest(Panels::new(centres.t())), centres),
            Init::Random => {
                let means = training.sum(&OfColumns)?.mean;
                let origins = Array2::from_shape_fn((self.n_components, means.len()), |(_, column)| means[column]);
                (Responsible::Chance(Philox::new(training.seed), run), origins)
            }
        };
        self.usable(self.sums(training, responsible, &origins, &within)?.maximised(
            &origins,
            self.covariance,
            self.reg_covar,
        ))
    }

    /// Goes on from components until their likelihood hardly grows.
    pub(super) fn run(
        &self,
        training: &Training<'_>,
        start: Densities,
        ask: &dyn Fn(&str, f64) -> Result<()>,
    ) -> Result<End> {
        let (mut end, mut message) =
            (End { densities: start, lower_bound: f64::NEG_INFINITY, n_iter: 0 }, String::new());
        while end.n_iter < self.max_iter {
            let share = end.n_iter as f64 / self.max_iter as f64;
            let origins = &end.densities.mixture.means;
            let responsible = Responsible::Densities(&end.densities);
            let sums = self.sums(training, responsible, origins, &|| ask(&message, share))?;
            let lower_bound = sums.log_likelihood();
            let next = self.usable(sums.maximised(origins, self.covariance, self.reg_covar))?;
            let grown = lower_bound - end.lower_bound;
            end = End { densities: next, lower_bound, n_iter: end.n_iter + 1 };
            message = format!(", iteration {}, log-likelihood {lower_bound:.6}", end.n_iter);
            if grown.abs() < self.tol {
                break;
            }
        }
        Ok(end)
    }

    fn sums(
        &self,
        training: &Training<'_>,
        responsible: Responsible<'_>,
        origins: &Array2<f64>,
        ask: &dyn Fn() -> Result<()>,
    ) -> Result<Sums> {
        let row_cost = self.n_components.saturating_mul(self.covariance.cost(origins.ncols()));
        training.sum_asking(&Expectation { responsible, origins, covariance: self.covariance }, row_cost, ask)
    }

    fn usable(&self, mixture: Mixture) -> Result<Densities> {
        Densities::new(mixture).ok_or_else(|| {
            Error::invalid(format!(
                "a component of {NAME} has no covariance that is positive definite; raise reg_covar (it is {:e}), take fewer \
                 components than {}, or scale the columns first, for example with standard_scaler",
                self.reg_covar, self.n_components
            ))
        })
    }
}
