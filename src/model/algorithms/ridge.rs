//! Least squares with a squared penalty.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::linear_columns;
use crate::model::numerics::{CrossProducts, least_squares};
use crate::model::precision::Precision;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Training, UnfittedStep,
};

const NAME: &str = "ridge";

/// Least squares with a penalty on the squares of coefficients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ridge;

impl Algorithm for Ridge {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Regressor,
            summary: "Least squares with a penalty on the squares of coefficients.",
            details: &[
                "Finds the coefficients `w` and intercept `b` that minimise `sum (y - Xw - b)^2 + alpha |w|^2`; the \
                 intercept is free.",
                "A. E. Hoerl, R. W. Kennard, \"Ridge regression: biased estimation for nonorthogonal problems\" \
                 (1970), doi:10.1080/00401706.1970.10488634. The penalty is `n_features` more rows, `sqrt(alpha) I`, \
                 with the target 0.",
            ],
        }
    }

    fn takes_several_targets(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::not_negative("alpha", 1.0, "Strength of the penalty; 0 is linear_regression."),
            ParameterSpec::flag("fit_intercept", true, "Learn an intercept; otherwise it is 0."),
            Precision::parameter(),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Penalised {
            alpha: parameters.number("alpha"),
            fit_intercept: parameters.flag("fit_intercept"),
            precision: Precision::of(parameters),
        }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        linear_columns::load(NAME, parameters, arrays, inputs)
    }
}

#[derive(Debug)]
struct Penalised {
    alpha: f64,
    fit_intercept: bool,
    precision: Precision,
}

impl Estimator for Penalised {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let mut rows = CrossProducts::of(training, self.fit_intercept, NAME)?;
        let ask = || training.progress.report(&format!("fitting {NAME}"), 0.0);
        rows.add_diagonal(self.alpha.sqrt(), &ask)?;
        let coefficients = least_squares(&rows, &ask)?;
        linear_columns::model(NAME, self.precision, &coefficients, &rows.intercepts(&coefficients))
    }
}
