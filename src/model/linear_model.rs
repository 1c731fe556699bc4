//! What linear regressions learn: a coefficient for each column, and an intercept.

use super::arrays::Arrays;
use super::kernels::{Dot, Real, in_rows};
use super::precision::Precision;
use super::{FittedStep, Inputs, Model, Parameters, Predictions};
use crate::error::{Error, Result};
use ndarray::{Array1, ArrayD, ArrayView2, arr0};

/// `x . coefficients + intercept`, in the precision of the parameters.
///
/// # Errors
/// [`Error::InvalidArgument`] if a number is not finite or outside the range of the precision; it names `algorithm`.
pub(super) fn fitted(
    algorithm: &str,
    precision: Precision,
    coefficients: &Array1<f64>,
    intercept: f64,
) -> Result<Box<dyn Model>> {
    if !intercept.is_finite() || coefficients.iter().any(|value| !value.is_finite()) {
        return Err(Error::invalid(format!(
            "{algorithm} found no finite coefficients because sums of squares overflow; scale the columns first, for example \
             with standard_scaler"
        )));
    }
    precision.check(algorithm, coefficients.iter().chain([&intercept]))?;
    Ok(match precision {
        Precision::F64 => Box::new(LinearModel::<f64>::new(coefficients, intercept)),
        Precision::F32 => Box::new(LinearModel::<f32>::new(coefficients, intercept)),
    })
}

/// The same from its arrays.
///
/// # Errors
/// [`Error::Damaged`] if an array is missing or of another shape.
pub(super) fn load(
    algorithm: &str,
    parameters: &Parameters,
    arrays: &mut Arrays,
    inputs: &Inputs,
) -> Result<FittedStep> {
    let coefficients = arrays.take("coefficients", inputs.n_features)?;
    let intercept = arrays.take("intercept", ())?.into_scalar();
    fitted(algorithm, Precision::of(parameters), &coefficients, intercept).map(FittedStep::Model)
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
