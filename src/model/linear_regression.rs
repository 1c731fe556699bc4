//! Ordinary least squares.

use super::arrays::Arrays;
use super::kernels::{Dot, Real, in_rows};
use super::minimum_norm::{Columns, minimum_norm};
use super::precision::Precision;
use super::{
    Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Predictions, Progress, Targets,
    UnfittedStep,
};
use crate::error::{Error, Result};
use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, ArrayD, ArrayView2, arr0};

/// Finds the coefficients `w` and intercept `b` that minimise `sum (y - Xw - b)^2`, by linfa's QR decomposition.
///
/// Where columns are combinations of others (collinear, constant, or more columns than rows) the sum has many minima and linfa
/// answers an arbitrary one; then the one with the smallest `|w|` is taken, as scikit-learn does. Its predictions on rows that
/// keep the same combinations do not depend on that choice.
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `fit_intercept` | true | true or false | learn an intercept; otherwise it is 0 |
/// | `precision` | f64 | f64, f32 | numbers that predictions are computed in |
#[derive(Clone, Copy, Debug)]
pub struct LinearRegression;

impl Algorithm for LinearRegression {
    fn name(&self) -> &'static str {
        "linear_regression"
    }

    fn kind(&self) -> Kind {
        Kind::Regressor
    }

    fn summary(&self) -> &'static str {
        "Ordinary least squares; collinear columns get the coefficients of smallest norm."
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
        let coefficients = arrays.take("coefficients", inputs.n_features)?;
        let intercept = arrays.take("intercept", ())?.into_scalar();
        Ok(FittedStep::Model(model(Precision::of(parameters), &coefficients, intercept)?))
    }
}

#[derive(Debug)]
struct LeastSquares {
    fit_intercept: bool,
    precision: Precision,
}

impl Estimator for LeastSquares {
    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: &Targets,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Model>> {
        let targets = targets.values()?;
        let columns = if self.fit_intercept { Columns::centred(features) } else { Columns::raw(features) };
        columns.check_range()?;
        let (coefficients, intercept) = match columns.basis() {
            None => self.by_linfa(features, targets)?,
            Some(basis) => minimum_norm(&columns, &basis, targets)?,
        };
        if !intercept.is_finite() || coefficients.iter().any(|value| !value.is_finite()) {
            return Err(Error::invalid(
                "linear_regression found no finite coefficients because sums of squares overflow; scale the columns first, \
                 for example with standard_scaler",
            ));
        }
        model(self.precision, &coefficients, intercept)
    }
}

impl LeastSquares {
    fn by_linfa(&self, features: ArrayView2<'_, f64>, targets: &Array1<f64>) -> Result<(Array1<f64>, f64)> {
        let unfitted = linfa_linear::LinearRegression::new().with_intercept(self.fit_intercept);
        let fitted = unfitted
            .fit(&DatasetBase::new(features, targets.view()))
            .map_err(|error| Error::invalid(format!("linear_regression: {error}")))?;
        Ok((fitted.params().clone(), fitted.intercept()))
    }
}

fn model(precision: Precision, coefficients: &Array1<f64>, intercept: f64) -> Result<Box<dyn Model>> {
    precision.check("linear_regression", coefficients.iter().chain([&intercept]))?;
    Ok(match precision {
        Precision::F64 => Box::new(LinearModel::<f64>::new(coefficients, intercept)),
        Precision::F32 => Box::new(LinearModel::<f32>::new(coefficients, intercept)),
    })
}

#[derive(Debug)]
struct LinearModel<T> {
    coefficients: Dot<T>,
    intercept: T,
}

impl<T: Real> LinearModel<T> {
    fn new(coefficients: &Array1<f64>, intercept: f64) -> Self {
        Self { coefficients: Dot::new(coefficients), intercept: T::rounded(intercept) }
    }
}

impl<T: Real> Model for LinearModel<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let mut values = Vec::with_capacity(features.nrows());
        self.coefficients.for_each(&in_rows(&features), |product| values.push((product + self.intercept).widened()));
        Predictions::Values(values.into())
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let coefficients: Array1<f64> = self.coefficients.weights().collect();
        vec![("coefficients", coefficients.into_dyn()), ("intercept", arr0(self.intercept.widened()).into_dyn())]
    }
}
