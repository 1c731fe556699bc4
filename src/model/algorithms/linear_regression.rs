//! Ordinary least squares.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::linear_columns;
use crate::model::numerics::{CrossProducts, least_squares};
use crate::model::precision::Precision;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Training, UnfittedStep,
};

const NAME: &str = "linear_regression";

/// Ordinary least squares; collinear columns get the coefficients of smallest norm.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinearRegression;

impl Algorithm for LinearRegression {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Regressor,
            summary: "Ordinary least squares; collinear columns get the coefficients of smallest norm.",
            details: &[
                "Finds the coefficients `w` and intercept `b` that minimise `sum (y - Xw - b)^2`.",
                "Where columns are combinations of others (collinear, constant, or more columns than rows) the sum has \
                 many minima; then the one with the smallest `|w|` is taken, as scikit-learn does. Its predictions on \
                 rows that keep the same combinations do not depend on that choice.",
            ],
        }
    }

    fn takes_several_targets(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::flag("fit_intercept", true, "Learn an intercept; otherwise it is 0."),
            Precision::parameter(),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        let (fit_intercept, precision) = (parameters.flag("fit_intercept"), Precision::of(parameters));
        UnfittedStep::Estimator(Box::new(LeastSquares { fit_intercept, precision }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        linear_columns::load(NAME, parameters, arrays, inputs)
    }
}

#[derive(Debug)]
struct LeastSquares {
    fit_intercept: bool,
    precision: Precision,
}

impl Estimator for LeastSquares {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let rows = CrossProducts::of(training, self.fit_intercept, NAME)?;
        let ask = || training.progress.report(&format!("fitting {NAME}"), 0.0);
        let coefficients = least_squares(&rows, &ask)?;
        linear_columns::model(NAME, self.precision, &coefficients, &rows.intercepts(&coefficients))
    }
}
