//! The hyper-parameters that support vector machines share.

use super::{Distinct, Kernel, Limits};
use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::bounds::{RowLimit, bytes_of_pairs};
use crate::model::precision::Precision;
use crate::model::{Bounds, ParameterSpec, Parameters, Training};
use std::cell::Cell;

/// What they say.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct Settings {
    shape: Shape,
    gamma: Gamma,
    pub(in crate::model) limits: Limits,
    pub(in crate::model) precision: Precision,
}

/// A kernel without its gamma.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Linear,
    Polynomial { coef0: f64, degree: i32 },
    Rbf,
    Sigmoid { coef0: f64 },
}

#[derive(Clone, Copy, Debug)]
enum Gamma {
    Scale,
    Auto,
    Given(f64),
}

impl Settings {
    /// Their specifications: those of the kernel, which come first, and those of the solver, which come last.
    pub(in crate::model) fn parameters() -> (Vec<ParameterSpec>, Vec<ParameterSpec>) {
        let kernel = "x . z, exp(-gamma (x - z)^2), (gamma x . z + coef0)^degree or tanh(gamma x . z + coef0).";
        let gamma = "Factor in the kernel; scale is 1 / (n_features * variance of all numbers), auto 1 / n_features.";
        let tol = "Stop when no two rows disagree by more on the intercept.";
        let shrinking = "Leave out rows that are sure of their bound for a while; the answer stays within tol.";
        let max_iter = "Most steps of the solver; -1 is 100 for each row, and at least 10,000,000.";
        (
            vec![
                ParameterSpec::one_of("kernel", &["rbf", "linear", "poly", "sigmoid"], kernel),
                ParameterSpec::integer("degree", 3, (0, 100), "Degree of kernel poly."),
                ParameterSpec::positive_or("gamma", &["scale", "auto"], gamma),
                ParameterSpec::number("coef0", 0.0, (-1e9, 1e9), "Addend in kernels poly and sigmoid."),
            ],
            vec![
                ParameterSpec::positive("tol", 1e-3, tol),
                ParameterSpec::flag("shrinking", true, shrinking),
                ParameterSpec::integer(
                    "cache_size",
                    200,
                    (1, 1 << 20),
                    "MiB for kernels that are kept during the fit.",
                ),
                ParameterSpec::integer("max_iter", -1, (-1, 1_000_000_000), max_iter),
                Precision::parameter(),
            ],
        )
    }

    pub(in crate::model) fn of(parameters: &Parameters) -> Self {
        let (coef0, degree) = (parameters.number("coef0"), i32::try_from(parameters.integer("degree")).unwrap_or(0));
        let shape = match parameters.text("kernel") {
            "linear" => Shape::Linear,
            "poly" => Shape::Polynomial { coef0, degree },
            "sigmoid" => Shape::Sigmoid { coef0 },
            _ => Shape::Rbf,
        };
        let gamma = match parameters.number_unless_word("gamma") {
            Some(gamma) => Gamma::Given(gamma),
            None if parameters.text("gamma") == "auto" => Gamma::Auto,
            None => Gamma::Scale,
        };
        let limits = Limits {
            tol: parameters.number("tol"),
            max_iter: usize::try_from(parameters.integer("max_iter")).ok(),
            shrinking: parameters.flag("shrinking"),
            cache_bytes: parameters.count("cache_size") << 20,
        };
        Self { shape, gamma, limits, precision: Precision::of(parameters) }
    }

    /// The kernel for these rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it overflows.
    pub(in crate::model) fn kernel(&self, algorithm: &str, distinct: &Distinct) -> Result<Kernel> {
        let gamma = match (self.gamma, self.shape) {
            (_, Shape::Linear) => 1.0,
            (Gamma::Given(gamma), _) => gamma,
            (Gamma::Auto, _) => 1.0 / distinct.width as f64,
            (Gamma::Scale, _) => scale(distinct),
        };
        let kernel = self.with_gamma(gamma);
        let objection = kernel.objection(&distinct.values, distinct.width);
        objection.map_or(Ok(kernel), |objection| Err(Error::invalid(format!("{objection} ({algorithm})"))))
    }

    /// The kernel that a model was stored with; `None` for the linear one, which has become coefficients.
    ///
    /// # Errors
    /// [`Error::Damaged`] if its gamma is missing or none.
    pub(in crate::model) fn stored_kernel(&self, arrays: &mut Arrays) -> Result<Option<Kernel>> {
        if let Shape::Linear = self.shape {
            return Ok(None);
        }
        let gamma = arrays.take("gamma", ())?.into_scalar();
        (gamma > 0.0).then_some(Some(self.with_gamma(gamma))).ok_or_else(|| damaged("gamma is not greater than 0"))
    }

    /// # Errors
    /// [`Error::InvalidArgument`] if there are more rows than a fit may take.
    pub(in crate::model) fn check_rows(algorithm: &str, n_rows: usize, bounds: &Bounds) -> Result<()> {
        let what_grows = "work grows with their square; linear models and forests take more";
        bounds.check_limit(algorithm, n_rows, RowLimit::Svm, what_grows)
    }

    /// # Errors
    /// As [`Settings::check_rows`]; [`Error::FailedPrecondition`] if it would hold more bytes than the job may.
    pub(in crate::model) fn check_size(&self, algorithm: &str, training: &Training<'_>) -> Result<()> {
        Self::check_rows(algorithm, training.rows.len(), &training.progress.bounds())?;
        let caches = (self.limits.cache_bytes as u64).saturating_mul(training.threads.max(1) as u64);
        let kept = caches.min(bytes_of_pairs(training.rows.len(), 1));
        training.check_memory(algorithm, "the kernel between rows, of which cache_size is kept", kept)
    }

    fn with_gamma(&self, gamma: f64) -> Kernel {
        match self.shape {
            Shape::Linear => Kernel::Linear,
            Shape::Polynomial { coef0, degree } => Kernel::Polynomial { gamma, coef0, degree },
            Shape::Rbf => Kernel::Rbf { gamma },
            Shape::Sigmoid { coef0 } => Kernel::Sigmoid { gamma, coef0 },
        }
    }
}

/// 1 for numbers that are all the same, as in scikit-learn.
fn scale(distinct: &Distinct) -> f64 {
    let variance = distinct.variance();
    if variance == 0.0 { 1.0 } else { (1.0 / (distinct.width as f64 * variance)).clamp(f64::MIN_POSITIVE, f64::MAX) }
}

/// Tells how far a fit is: rows that disagree by `tol` are its end.
pub(in crate::model) fn tell<'a>(
    algorithm: &'a str,
    training: &Training<'a>,
    tol: f64,
) -> impl Fn(usize, f64) -> Result<()> + 'a {
    let (progress, widest) = (training.progress, Cell::new(0.0_f64));
    move |steps, gap| {
        if !gap.is_finite() {
            return progress.report(&format!("fitting {algorithm}, step {steps}"), 0.0);
        }
        widest.set(widest.get().max(gap));
        let share = (widest.get() / gap.max(tol)).ln() / (widest.get() / tol).ln();
        let fraction = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        progress.report(&format!("fitting {algorithm}, step {steps}, rows disagree by {gap:.2e}"), fraction)
    }
}
