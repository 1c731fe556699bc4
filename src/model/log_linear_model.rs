//! What regressions with a logarithmic link learn: a coefficient for each column, and an intercept.

use super::arrays::Arrays;
use super::kernels::{Dot, Real, in_rows};
use super::precision::Precision;
use super::{FittedStep, Inputs, Model, Parameters, Predictions};
use crate::error::{Error, Result};
use ndarray::{Array1, ArrayD, ArrayView2, arr0};

/// `exp(x . coefficients + intercept)`: the product in the precision of the parameters, the exponential in f64. What is
/// beyond the range of floats is the largest of them.
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
            "{algorithm} found no finite coefficients because its sums overflow; scale the columns first, for example \
             with standard_scaler, or choose a larger alpha"
        )));
    }
    precision.check(algorithm, coefficients.iter().chain([&intercept]))?;
    Ok(match precision {
        Precision::F64 => Box::new(LogLinearModel::<f64>::new(coefficients, intercept)),
        Precision::F32 => Box::new(LogLinearModel::<f32>::new(coefficients, intercept)),
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
struct LogLinearModel<T> {
    coefficients: Dot<T>,
    intercept: T,
}

impl<T: Real> LogLinearModel<T> {
    fn new(coefficients: &Array1<f64>, intercept: f64) -> Self {
        Self { coefficients: Dot::new(coefficients), intercept: T::rounded(intercept) }
    }
}

impl<T: Real> Model for LogLinearModel<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let mut means = Vec::with_capacity(features.nrows());
        self.coefficients.for_each(&in_rows(&features), |product| {
            means.push((product + self.intercept).widened().exp().min(f64::MAX));
        });
        Predictions::Values(means.into())
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let coefficients: Array1<f64> = self.coefficients.weights().collect();
        vec![("coefficients", coefficients.into_dyn()), ("intercept", arr0(self.intercept.widened()).into_dyn())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_mean_beyond_the_range_of_floats_is_the_largest_of_them() {
        for precision in [Precision::F64, Precision::F32] {
            let model = fitted("poisson_regressor", precision, &array![1.0, -1.0], 0.0).unwrap();

            let answer = model.predict(array![[1e3, 0.0], [0.0, 1e3], [1e308, 1e308], [0.0, 0.0]].view());

            assert_eq!(answer, Predictions::Values(array![f64::MAX, 0.0, 1.0, 1.0]));
        }
    }

    #[test]
    fn what_is_not_finite_is_refused_with_advice() {
        let refused = fitted("gamma_regressor", Precision::F64, &array![f64::NAN], 0.0).unwrap_err();

        assert!(refused.to_string().contains("choose a larger alpha"), "{refused}");
    }
}
