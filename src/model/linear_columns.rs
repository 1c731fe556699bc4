//! What linear regressions learn of one target or several: a coefficient for each column and target, and an intercept for each target.

use super::arrays::Arrays;
use super::kernels::{Panels, Real, in_rows, table};
use super::linear_model::{Link, not_finite};
use super::onnx::{Answer, Edge, Graph};
use super::precision::Precision;
use super::{Explanation, FittedStep, Inputs, Model, Parameters, Predictions, Scale};
use crate::error::Result;
use ndarray::{Array1, Array2, ArrayD, ArrayView2};

/// Coefficients of `(n_features, n_targets)` and intercepts, to be asked in this precision. Those of one target answer values, those of
/// several columns.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::error::Error) if a number is not finite or outside the range of the precision; it names
/// `algorithm`.
pub(super) fn model(
    algorithm: &str,
    precision: Precision,
    coefficients: &Array2<f64>,
    intercepts: &Array1<f64>,
) -> Result<Box<dyn Model>> {
    if let [intercept] = intercepts.to_vec()[..] {
        return Link::Identity.model(algorithm, precision, &coefficients.column(0).to_owned(), intercept);
    }
    if coefficients.iter().chain(intercepts).any(|value| !value.is_finite()) {
        return Err(not_finite(algorithm, ""));
    }
    precision.check(algorithm, coefficients.iter().chain(intercepts))?;
    Ok(match precision {
        Precision::F64 => Box::new(LinearColumns::<f64>::new(coefficients, intercepts)),
        Precision::F32 => Box::new(LinearColumns::<f32>::new(coefficients, intercepts)),
    })
}

/// The same from its arrays.
///
/// # Errors
/// [`Error::Damaged`](crate::error::Error) if an array is missing or of another shape.
pub(super) fn load(
    algorithm: &str,
    parameters: &Parameters,
    arrays: &mut Arrays,
    inputs: &Inputs,
) -> Result<FittedStep> {
    if inputs.n_targets == 1 {
        return Link::Identity.load(algorithm, parameters, arrays, inputs);
    }
    let coefficients = arrays.take("coefficients", (inputs.n_features, inputs.n_targets))?;
    let intercepts = arrays.take("intercepts", inputs.n_targets)?;
    model(algorithm, Precision::of(parameters), &coefficients, &intercepts).map(FittedStep::Model)
}

/// A number for each target: `x . coefficients + intercepts`.
#[derive(Debug)]
struct LinearColumns<T> {
    coefficients: Panels<T>,
    /// Rounded like the coefficients; the addition is f64.
    intercepts: Vec<f64>,
}

impl<T: Real> LinearColumns<T> {
    fn new(coefficients: &Array2<f64>, intercepts: &Array1<f64>) -> Self {
        let intercepts = intercepts.iter().map(|intercept| T::rounded(*intercept).widened()).collect();
        Self { coefficients: Panels::new(coefficients.view()), intercepts }
    }
}

impl<T: Real> Model for LinearColumns<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let mut answers = self.coefficients.products(&in_rows(&features));
        for row in answers.chunks_exact_mut(self.intercepts.len()) {
            row.iter_mut().zip(&self.intercepts).for_each(|(answer, intercept)| *answer += intercept);
        }
        Predictions::Columns(table(answers, features.nrows(), self.intercepts.len()))
    }

    fn explain(&self, features: ArrayView2<'_, f64>, _: &dyn Fn() -> Result<()>) -> Result<Option<Explanation>> {
        let (coefficients, intercepts) = (self.coefficients.to_array(), Array1::from(self.intercepts.clone()));
        Ok(Some(Explanation::of_products(Scale::Value, intercepts, features, coefficients.view())))
    }

    fn answer_bytes(&self) -> usize {
        self.intercepts.len() * size_of::<f64>()
    }

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Answer> {
        let (coefficients, intercepts) =
            (graph.array(&self.coefficients.to_array()), Array1::from(self.intercepts.clone()));
        let (products, intercepts) = (graph.apply("MatMul", &[features, &coefficients]), graph.array(&intercepts));
        Some(Answer::Columns(graph.apply("Add", &[&products, &intercepts]), self.intercepts.len()))
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let (coefficients, intercepts) = (self.coefficients.to_array(), Array1::from(self.intercepts.clone()));
        vec![("coefficients", coefficients.into_dyn()), ("intercepts", intercepts.into_dyn())]
    }
}
