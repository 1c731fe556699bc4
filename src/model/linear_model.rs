//! What linear regressions learn, and those of which a logarithm is linear: a coefficient for each column, and an intercept.

use super::arrays::Arrays;
use super::kernels::{Dot, Real, in_rows};
use super::precision::Precision;
use super::{Answer, Edge, Explanation, FittedStep, Graph, Inputs, Model, Parameters, Predictions, Scale};
use crate::error::{Error, Result};
use ndarray::{Array1, ArrayD, ArrayView2, Axis, arr0};

/// How a score `x . coefficients + intercept` becomes an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// The answer is the score.
    Identity,
    /// The answer is `exp` of the score, in f64 whatever the precision of the score; beyond the range of floats it is the
    /// largest of them.
    Log,
}

impl Link {
    /// What was learned, to be asked in this precision.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a number is not finite or outside the range of the precision; it names `algorithm`.
    pub(super) fn model(
        self,
        algorithm: &str,
        precision: Precision,
        coefficients: &Array1<f64>,
        intercept: f64,
    ) -> Result<Box<dyn Model>> {
        if !intercept.is_finite() || coefficients.iter().any(|value| !value.is_finite()) {
            return Err(not_finite(algorithm, if self == Self::Log { ", or choose a larger alpha" } else { "" }));
        }
        precision.check(algorithm, coefficients.iter().chain([&intercept]))?;
        Ok(match precision {
            Precision::F64 => Box::new(LinearModel::<f64>::new(self, coefficients, intercept)),
            Precision::F32 => Box::new(LinearModel::<f32>::new(self, coefficients, intercept)),
        })
    }

    /// The same from its arrays.
    ///
    /// # Errors
    /// [`Error::Damaged`] if an array is missing or of another shape.
    pub(super) fn load(
        self,
        algorithm: &str,
        parameters: &Parameters,
        arrays: &mut Arrays,
        inputs: &Inputs,
    ) -> Result<FittedStep> {
        let coefficients = arrays.take("coefficients", inputs.n_features)?;
        let intercept = arrays.take("intercept", ())?.into_scalar();
        self.model(algorithm, Precision::of(parameters), &coefficients, intercept).map(FittedStep::Model)
    }
}

/// What is not finite is refused with advice.
pub(super) fn not_finite(algorithm: &str, or_else: &str) -> Error {
    Error::overflow(
        format!("{algorithm} found no finite coefficients because its sums overflow"),
        format!("scale the columns first, for example with standard_scaler{or_else}"),
    )
}

#[derive(Debug)]
struct LinearModel<T> {
    link: Link,
    coefficients: Dot<T>,
    intercept: T,
}

impl<T: Real> LinearModel<T> {
    fn new(link: Link, coefficients: &Array1<f64>, intercept: f64) -> Self {
        Self { link, coefficients: Dot::new(coefficients), intercept: T::rounded(intercept) }
    }
}

impl<T: Real> Model for LinearModel<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let mut values = Vec::with_capacity(features.nrows());
        self.coefficients.for_each(&in_rows(&features), |product| values.push((product + self.intercept).widened()));
        if self.link == Link::Log {
            values.iter_mut().for_each(|score| *score = score.exp().min(f64::MAX));
        }
        Predictions::Values(values.into())
    }

    fn explain(&self, features: ArrayView2<'_, f64>, _: &dyn Fn() -> Result<()>) -> Result<Option<Explanation>> {
        let scale = match self.link {
            Link::Identity => Scale::Value,
            Link::Log => Scale::LogValue,
        };
        let coefficients: Array1<f64> = self.coefficients.weights().collect();
        let base_values = Array1::from_elem(1, self.intercept.widened());
        Ok(Some(Explanation::of_products(scale, base_values, features, coefficients.insert_axis(Axis(1)).view())))
    }

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Answer> {
        let coefficients: Array1<f64> = self.coefficients.weights().collect();
        let (coefficients, intercept) = (graph.array(&coefficients), graph.number(self.intercept.widened()));
        let product = graph.apply("MatMul", &[features, &coefficients]);
        let score = graph.apply("Add", &[&product, &intercept]);
        if self.link == Link::Identity {
            return Some(Answer::Values(score));
        }
        let (mean, largest) = (graph.apply("Exp", &[&score]), graph.number(f64::MAX));
        Some(Answer::Values(graph.apply("Min", &[&mean, &largest])))
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
            let model = Link::Log.model("poisson_regressor", precision, &array![1.0, -1.0], 0.0).unwrap();

            let answer = model.predict(array![[1e3, 0.0], [0.0, 1e3], [1e308, 1e308], [0.0, 0.0]].view());

            assert_eq!(answer, Predictions::Values(array![f64::MAX, 0.0, 1.0, 1.0]));
        }
    }

    #[test]
    fn what_is_not_finite_is_refused_with_advice() {
        let refused =
            |link: Link, name| link.model(name, Precision::F64, &array![f64::NAN], 0.0).unwrap_err().to_string();

        let (linear, of_logarithm) = (refused(Link::Identity, "ridge"), refused(Link::Log, "gamma_regressor"));

        assert!(linear.starts_with("ridge found") && linear.ends_with("with standard_scaler"), "{linear}");
        assert!(of_logarithm.contains("choose a larger alpha"), "{of_logarithm}");
    }
}
