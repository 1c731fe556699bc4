//! Least squares with penalties that make coefficients small, and many of them 0.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::linear_columns;
use crate::model::numerics::{CrossProducts, Penalty, coordinate_descent};
use crate::model::precision::Precision;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Training, UnfittedStep,
};
use ndarray::Array2;

/// Least squares with penalties on absolute values and squares of coefficients.
#[derive(Clone, Copy, Debug)]
pub(super) struct ElasticNet;

/// Least squares with a penalty on absolute values of coefficients, which makes many of them 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lasso;

impl Algorithm for ElasticNet {
    fn about(&self) -> &'static About {
        &About {
            name: "elastic_net",
            kind: Kind::Regressor,
            summary: "Least squares with penalties on absolute values and squares of coefficients.",
            details: &[
                "Finds the coefficients `w` and intercept `b` that minimise `sum (y - Xw - b)^2 / (2 n) + alpha \
                 l1_ratio |w|_1 + alpha (1 - l1_ratio) |w|^2 / 2`; the intercept is free.",
                "H. Zou, T. Hastie, \"Regularization and variable selection via the elastic net\" (2005), \
                 doi:10.1111/j.1467-9868.2005.00503.x.",
                "Several targets are learned each by itself; `multi_task_elastic_net` chooses the same columns for all.",
            ],
        }
    }

    fn takes_several_targets(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let meaning = "Share of the penalty that is on absolute values; the rest is on squares.";
        let [alpha, rest @ ..] = parameters();
        [alpha, ParameterSpec::number("l1_ratio", 0.5, (0.0, 1.0), meaning)].into_iter().chain(rest).collect()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        unfitted(self.name(), parameters, parameters.number("l1_ratio"), each_target)
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        linear_columns::load(self.name(), parameters, arrays, inputs)
    }
}

impl Algorithm for Lasso {
    fn about(&self) -> &'static About {
        &About {
            name: "lasso",
            kind: Kind::Regressor,
            summary: "Least squares with a penalty on absolute values of coefficients, which makes many of them 0.",
            details: &[
                "`elastic_net` with an `l1_ratio` of 1.",
                "R. Tibshirani, \"Regression shrinkage and selection via the lasso\" (1996), \
                 doi:10.1111/j.2517-6161.1996.tb02080.x.",
                "Several targets are learned each by itself; `multi_task_lasso` chooses the same columns for all.",
            ],
        }
    }

    fn takes_several_targets(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        parameters().into()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        unfitted(self.name(), parameters, 1.0, each_target)
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        linear_columns::load(self.name(), parameters, arrays, inputs)
    }
}

/// Those that both have, and those of several tasks.
pub(super) fn parameters() -> [ParameterSpec; 5] {
    [
        ParameterSpec::not_negative("alpha", 1.0, "Strength of the penalty; 0 is linear_regression."),
        ParameterSpec::integer("max_iter", 1_000, (1, 1_000_000), "Most passes over all coefficients."),
        ParameterSpec::positive("tol", 1e-4, "Stop when the duality gap is below this share of the targets' squares."),
        ParameterSpec::flag("fit_intercept", true, "Learn an intercept; otherwise it is 0."),
        Precision::parameter(),
    ]
}

/// Finds coefficients, `(n_features, n_targets)`, and tells how far it is, from 0 to 1.
///
/// # Errors
/// What it is answered.
type Solve = fn(&CrossProducts, Penalty, &dyn Fn(f64) -> Result<()>) -> Result<Array2<f64>>;

/// Each target by itself.
fn each_target(rows: &CrossProducts, penalty: Penalty, ask: &dyn Fn(f64) -> Result<()>) -> Result<Array2<f64>> {
    let n_targets = rows.y.ncols();
    let mut coefficients = Array2::zeros((rows.x.ncols(), n_targets));
    for (target, mut place) in coefficients.columns_mut().into_iter().enumerate() {
        place.assign(&coordinate_descent(rows, target, penalty, |pass| {
            let done = target as f64 + pass as f64 / penalty.max_iter as f64;
            ask(done / n_targets as f64)
        })?);
    }
    Ok(coefficients)
}

pub(super) fn unfitted(algorithm: &'static str, parameters: &Parameters, l1_ratio: f64, solve: Solve) -> UnfittedStep {
    UnfittedStep::Estimator(Box::new(Penalised {
        algorithm,
        alpha: parameters.number("alpha"),
        l1_ratio,
        max_iter: parameters.count("max_iter"),
        tol: parameters.number("tol"),
        fit_intercept: parameters.flag("fit_intercept"),
        precision: Precision::of(parameters),
        solve,
    }))
}

#[derive(Debug)]
struct Penalised {
    algorithm: &'static str,
    alpha: f64,
    l1_ratio: f64,
    max_iter: usize,
    tol: f64,
    fit_intercept: bool,
    precision: Precision,
    solve: Solve,
}

impl Estimator for Penalised {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let Self { algorithm, max_iter, tol, solve, .. } = *self;
        let rows = CrossProducts::of(training, self.fit_intercept, algorithm)?;
        let (l1, l2) = (self.alpha * self.l1_ratio, self.alpha * (1.0 - self.l1_ratio));
        let penalty = Penalty { l1: l1 * rows.weight, l2: l2 * rows.weight, tol, max_iter };
        let ask = |done: f64| training.progress.report(&format!("fitting {algorithm}"), done);
        let coefficients = solve(&rows, penalty, &ask)?;
        linear_columns::model(algorithm, self.precision, &coefficients, &rows.intercepts(&coefficients))
    }
}
