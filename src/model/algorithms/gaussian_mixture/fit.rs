//! From first responsibilities to a mixture.

use super::NAME;
use super::covariance::{Covariance, Densities, Mixture};
use super::step::{Expectation, Responsible, Sums};
use crate::error::{Error, Result};
use crate::model::algorithms::k_means;
use crate::model::archive::{Archive, State, damaged};
use crate::model::checkpoint::Checkpoint;
use crate::model::crew::Ask;
use crate::model::kernels::Panels;
use crate::model::numerics::OfColumns;
use crate::model::random::Philox;
use crate::model::{Estimator, Model, Parameters, Training};
use ndarray::{Array1, Array2, ArrayD, Dimension, IxDyn};

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

/// How far a fit is.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Of the run that is under way, or the last one.
    pub(super) now: End,
    has_begun: bool,
    run: usize,
    /// The end of the best run so far.
    best: Option<End>,
    /// Of all runs.
    n_iterations: usize,
}

impl State for Way {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        self.now.pass(archive)?;
        archive.flag(&mut self.has_begun)?;
        archive.count(&mut self.run)?;
        archive.optional(&mut self.best, || self.now.clone(), End::pass)?;
        archive.count(&mut self.n_iterations)
    }
}

/// Where a run is, or ended.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) densities: Densities,
    /// The mean log-likelihood of the components before the last ones, as scikit-learn has it.
    pub(super) lower_bound: f64,
    pub(super) n_iter: usize,
    /// The likelihood has hardly grown.
    stands: bool,
}

impl End {
    fn of(densities: Densities) -> Self {
        Self { densities, lower_bound: f64::NEG_INFINITY, n_iter: 0, stands: false }
    }
}

impl State for End {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        let Mixture { weights, means, covariances, .. } = &mut self.densities.mixture;
        archive.numbers(weights)?;
        archive.numbers(means)?;
        archive.numbers(covariances)?;
        archive.number(&mut self.lower_bound)?;
        archive.count(&mut self.n_iter)?;
        archive.flag(&mut self.stands)?;
        if archive.is_reading() {
            let unusable = || damaged("its covariances are not positive definite");
            self.densities = Densities::new(self.densities.mixture.clone(), &|| Ok(()))?.ok_or_else(unusable)?;
        }
        Ok(())
    }
}

impl Estimator for Expectations {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        self.check(training)?;
        let n_features = training.rows.n_features();
        let begin = || training.progress.report(&format!("fitting {NAME}"), 0.0);
        let mut way =
            Way { now: self.blank(n_features, &begin)?, has_begun: false, run: 0, best: None, n_iterations: 0 };
        let checkpoint = training.checkpoint(NAME);
        checkpoint.resume(&mut way)?;
        while way.run < self.n_init {
            let run = way.run;
            let ask = |found: &str, share: f64| {
                let message = format!("fitting {NAME}, run {} of {}{found}", run + 1, self.n_init);
                training.progress.report(&message, (run as f64 + share) / self.n_init as f64)
            };
            if !way.has_begun {
                (way.now, way.has_begun) = (End::of(self.start(training, run, &ask)?), true);
            }
            self.run(training, &mut way, &checkpoint, &ask)?;
            if way.best.as_ref().is_none_or(|best| way.now.lower_bound > best.lower_bound) {
                way.best = Some(way.now.clone());
            }
            (way.run, way.has_begun) = (run + 1, false);
        }
        let End { densities, .. } = way.best.ok_or_else(|| Error::internal("gaussian_mixture was to make no run"))?;
        let order = k_means::in_order(&densities.mixture.means);
        let ask = || training.progress.report(&format!("fitting {NAME}"), 1.0);
        let ordered = Densities::new(densities.mixture.select(&order), &ask)?;
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
        // The sums of each thread, the components before and after, and those of the best run, each whitened too.
        let copies = training.threads as u64 + 6;
        let bytes = shape.iter().product::<usize>() as u64 * size_of::<f64>() as u64;
        training.check_memory(NAME, "covariances of components", bytes * copies)
    }

    #[cfg(test)]
    pub(super) fn way(start: Densities) -> Way {
        Way { now: End::of(start), has_begun: true, run: 0, best: None, n_iterations: 0 }
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
        let sums = self.sums(training, responsible, &origins, &within)?;
        self.usable(sums.maximised(&origins, self.covariance, self.reg_covar), &within)
    }

    /// Goes on from components until their likelihood hardly grows.
    pub(super) fn run(
        &self,
        training: &Training<'_>,
        way: &mut Way,
        checkpoint: &Checkpoint<'_>,
        ask: &dyn Fn(&str, f64) -> Result<()>,
    ) -> Result<()> {
        let mut message = String::new();
        while way.now.n_iter < self.max_iter && !way.now.stands {
            let End { densities, lower_bound: before, n_iter, .. } = &way.now;
            let share = *n_iter as f64 / self.max_iter as f64;
            let origins = &densities.mixture.means;
            let responsible = Responsible::Densities(densities);
            let ask = || ask(&message, share);
            let sums = self.sums(training, responsible, origins, &ask)?;
            let lower_bound = sums.log_likelihood();
            let next = self.usable(sums.maximised(origins, self.covariance, self.reg_covar), &ask)?;
            let stands = (lower_bound - before).abs() < self.tol;
            way.now = End { densities: next, lower_bound, n_iter: n_iter + 1, stands };
            way.n_iterations += 1;
            message = format!(", iteration {}, log-likelihood {lower_bound:.6}", way.now.n_iter);
            checkpoint.offer(way.n_iterations, way)?;
        }
        Ok(())
    }

    /// Components before any row was seen.
    fn blank(&self, n_features: usize, ask: &Ask<'_>) -> Result<End> {
        let shape = self.covariance.shape(self.n_components, n_features);
        // The last two axes of what is no diagonal are those of a matrix.
        let is_matrix = matches!(self.covariance, Covariance::Full | Covariance::Tied);
        let unit = |index: &IxDyn| !is_matrix || index[index.ndim() - 1] == index[index.ndim() - 2];
        let mixture = Mixture {
            covariance: self.covariance,
            weights: Array1::from_elem(self.n_components, (self.n_components as f64).recip()),
            means: Array2::zeros((self.n_components, n_features)),
            covariances: ArrayD::from_shape_fn(shape, |index| f64::from(u8::from(unit(&index)))),
        };
        self.usable(mixture, ask).map(End::of)
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

    fn usable(&self, mixture: Mixture, ask: &Ask<'_>) -> Result<Densities> {
        Densities::new(mixture, ask)?.ok_or_else(|| {
            Error::invalid(format!(
                "a component of {NAME} has no covariance that is positive definite; raise reg_covar (it is {:e}), take fewer \
                 components than {}, or scale the columns first, for example with standard_scaler",
                self.reg_covar, self.n_components
            ))
        })
    }
}
