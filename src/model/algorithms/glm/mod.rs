//! Generalized linear models: regressions for counts, amounts and what is between.

mod family;
mod loss;
#[cfg(test)]
mod tests;

use self::family::Family;
use self::loss::Loss;
use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::linear_model::Link;
use crate::model::numerics::{Limits, minimise};
use crate::model::precision::Precision;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Training, UnfittedStep,
};

/// What all of them minimise, and by what.
const OBJECTIVE: &str = "Minimises `sum_i w_i d(y_i, mu_i) / (2 sum_i w_i) + alpha |w|^2 / 2` by L-BFGS; the \
                         intercept is free, and `w_i` are the weights of rows. It stops where no slope is above `tol` \
                         (scikit-learn's stop, or a stricter one). A mean beyond the range of floats is answered as \
                         the largest of them.";
const MCCULLAGH: &str =
    "P. McCullagh, J. A. Nelder, \"Generalized linear models\" (1989), doi:10.1007/978-1-4899-3242-6.";

/// Regression for counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoissonRegressor;

/// Regression for amounts above 0 whose spread grows with them.
#[derive(Clone, Copy, Debug)]
pub(super) struct GammaRegressor;

/// Regression for targets whose variance is a power of their mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct TweedieRegressor;

impl Algorithm for PoissonRegressor {
    fn about(&self) -> &'static About {
        &About {
            name: "poisson_regressor",
            kind: Kind::Regressor,
            summary: "Regression for counts and rates, 0 or greater: the logarithm of the mean is linear.",
            details: &[
                "Predicts the mean `mu = exp(x . w + b)` of a Poisson distribution, whose deviance is `d(y, mu) = 2 (y \
                 ln(y / mu) - y + mu)`.",
                OBJECTIVE,
                MCCULLAGH,
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        parameters().into()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        unfitted(self.name(), Family { power: 1.0, link: Link::Log }, parameters)
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        Link::Log.load(self.name(), parameters, arrays, inputs)
    }
}

impl Algorithm for GammaRegressor {
    fn about(&self) -> &'static About {
        &About {
            name: "gamma_regressor",
            kind: Kind::Regressor,
            summary: "Regression for amounts above 0 whose spread grows with them: the logarithm of the mean is \
                linear.",
            details: &[
                "Predicts the mean `mu = exp(x . w + b)` of a gamma distribution, whose deviance is `d(y, mu) = 2 \
                 (ln(mu / y) + y / mu - 1)`.",
                OBJECTIVE,
                MCCULLAGH,
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        parameters().into()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        unfitted(self.name(), Family { power: 2.0, link: Link::Log }, parameters)
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        Link::Log.load(self.name(), parameters, arrays, inputs)
    }
}

impl Algorithm for TweedieRegressor {
    fn about(&self) -> &'static About {
        &About {
            name: "tweedie_regressor",
            kind: Kind::Regressor,
            summary: "Regression for targets whose variance is a power of their mean, such as insurance claims.",
            details: &[
                "Predicts the mean `mu` of a distribution whose variance is proportional to `mu^power`: normal (0), \
                 Poisson (1), a Poisson sum of gamma amounts (between), gamma (2), inverse Gaussian (3). There is none \
                 between 0 and 1. Its deviance is `d(y, mu) = 2 (max(y, 0)^(2 - p) / ((1 - p) (2 - p)) - y mu^(1 - p) \
                 / (1 - p) + mu^(2 - p) / (2 - p))`, or its limit.",
                OBJECTIVE,
                "`link` says what is linear: the mean (identity) or its logarithm (log); auto is identity for a power \
                 of 0 or less, otherwise log. Unlike scikit-learn, which answers what is not a number or does not move \
                 from its start, an identity link with another power than 0 is refused without an intercept.",
                MCCULLAGH,
                "B. Jørgensen, \"Exponential dispersion models\" (1987), doi:10.1111/j.2517-6161.1987.tb01685.x.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let power = "Power of the mean that the variance is proportional to; not between 0 and 1.";
        let link = "What is linear: the mean or its logarithm; auto is identity up to a power of 0, else log.";
        let own = [
            ParameterSpec::number("power", 0.0, (-100.0, 100.0), power),
            ParameterSpec::one_of("link", &["auto", "identity", "log"], link),
        ];
        own.into_iter().chain(parameters()).collect()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        unfitted(self.name(), tweedie(parameters), parameters)
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        tweedie(parameters).link.load(self.name(), parameters, arrays, inputs)
    }
}

fn tweedie(parameters: &Parameters) -> Family {
    let power = parameters.number("power");
    let link = match parameters.text("link") {
        "identity" => Link::Identity,
        "log" => Link::Log,
        _ if power <= 0.0 => Link::Identity,
        _ => Link::Log,
    };
    Family { power, link }
}

/// Those that all have.
fn parameters() -> [ParameterSpec; 5] {
    [
        ParameterSpec::not_negative("alpha", 1.0, "Strength of the penalty on squares of coefficients."),
        ParameterSpec::flag("fit_intercept", true, "Learn an intercept; otherwise it is 0."),
        ParameterSpec::integer("max_iter", 100, (1, 100_000), "Most iterations of the solver."),
        ParameterSpec::positive("tol", 1e-4, "Stop when no slope of the mean loss is above."),
        Precision::parameter(),
    ]
}

fn unfitted(algorithm: &'static str, family: Family, parameters: &Parameters) -> UnfittedStep {
    UnfittedStep::Estimator(Box::new(Regression {
        algorithm,
        family,
        alpha: parameters.number("alpha"),
        fit_intercept: parameters.flag("fit_intercept"),
        limits: Limits { max_iter: parameters.count("max_iter"), tol: parameters.number("tol") },
        precision: Precision::of(parameters),
    }))
}

#[derive(Debug)]
struct Regression {
    algorithm: &'static str,
    family: Family,
    alpha: f64,
    fit_intercept: bool,
    limits: Limits,
    precision: Precision,
}

impl Estimator for Regression {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let (name, power) = (self.algorithm, self.family.power);
        if 0.0 < power && power < 1.0 {
            return Err(Error::invalid(format!(
                "{name} parameter power is {power} and no distribution has a power between 0 and 1; take 0 or less, \
                 or 1 or greater"
            )));
        }
        self.family.check(name, training.rows.targets.values()?)?;
        let loss = Loss::new(name, training, self.family, self.alpha, self.fit_intercept)?;
        let curvature = loss.curvature();
        if curvature.iter().any(|value| !value.is_finite()) {
            return Err(Error::overflow(
                format!("sums of squares overflow in {name}"),
                "scale the columns first, for example with standard_scaler, and take a unit in which targets are around 1",
            ));
        }
        let limits = Limits { tol: loss.tolerance(self.limits.tol), ..self.limits };
        let ask = |step: usize, value: f64| {
            let share = step as f64 / limits.max_iter as f64;
            training.progress.report(&format!("fitting {name}, loss {value:.6e}"), share)
        };
        let found =
            minimise(loss.start(), &curvature, limits, &training.checkpoint(name), |at| loss.evaluate(at), ask)?;
        let (coefficients, intercept) = loss.learned(&found);
        self.family.link.model(name, self.precision, &coefficients, intercept)
    }
}
