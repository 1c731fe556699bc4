//! Sums of kernels over support vectors.

use super::{Distinct, Kernel, Settings, Solution};
use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::kernels::{Dot, Panels, Real, in_rows};
use crate::model::linear_model::Link;
use crate::model::precision::Precision;
use crate::model::{FittedStep, Inputs, Model, Parameters, Predictions};
use ndarray::{Array1, Array2, ArrayD, ArrayView2, arr0};

/// Kernels that are computed before they are summed, unless rows are long.
const BLOCK: usize = 1 << 14;
const FEWEST_ROWS: usize = 4;

/// The rows that sums of kernels go over.
#[derive(Debug)]
pub(in crate::model) struct Support<T> {
    kernel: Kernel,
    width: usize,
    vectors: Panels<T>,
}

impl<T: Real> Support<T> {
    /// Of rows, row-major, rounded.
    pub(in crate::model) fn new(kernel: Kernel, rows: &[f64], width: usize) -> Self {
        let columns = Array2::from_shape_fn((width, rows.len() / width), |(column, row)| rows[row * width + column]);
        Self { kernel, width, vectors: Panels::new(columns.view()) }
    }

    /// Calls `each` with the kernels of each row and all vectors.
    pub(in crate::model) fn for_each(&self, rows: &[f64], mut each: impl FnMut(&[f64])) {
        let n_vectors = self.vectors.n_outputs();
        if n_vectors == 0 {
            rows.chunks_exact(self.width).for_each(|_| each(&[]));
            return;
        }
        for rows in rows.chunks((BLOCK / n_vectors).max(FEWEST_ROWS) * self.width) {
            self.kernel.between(rows, &self.vectors).chunks_exact(n_vectors).for_each(&mut each);
        }
    }

    /// Of the kernel; [`Settings::stored_kernel`] takes it back.
    pub(in crate::model) fn gamma(&self) -> Option<f64> {
        self.kernel.gamma()
    }

    /// The vectors, as they are computed with: `(n_vectors, n_features)`.
    pub(in crate::model) fn to_array(&self) -> Array2<f64> {
        self.vectors.to_array().reversed_axes().as_standard_layout().into_owned()
    }
}

/// The weighted sum of the kernels of one row.
pub(in crate::model) fn sum_of(coefficients: &Dot<f64>, kernels: &[f64]) -> f64 {
    let mut sum = 0.0;
    coefficients.for_each(kernels, |product| sum = product);
    sum
}

/// A number also where numbers overflowed: the largest one, or 0 where they did so in both directions.
pub(in crate::model) fn finite(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score.clamp(f64::MIN, f64::MAX) }
}

/// The model that a fit found: a linear one of coefficients, others of their support vectors.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::error::Error::InvalidArgument) if a number is outside the range of the precision.
pub(in crate::model) fn fitted(
    algorithm: &str,
    settings: &Settings,
    kernel: Kernel,
    distinct: &Distinct,
    solution: &Solution,
) -> Result<Box<dyn Model>> {
    if kernel == Kernel::Linear {
        let numbered: Vec<(usize, f64)> = solution.coefficients.iter().copied().enumerate().collect();
        let coefficients = add_up(distinct, &numbered);
        return Link::Identity.model(algorithm, settings.precision, &coefficients, solution.intercept);
    }
    let support: Vec<usize> = (0..distinct.len()).filter(|row| solution.coefficients[*row] != 0.0).collect();
    let coefficients: Vec<f64> = support.iter().map(|row| solution.coefficients[*row]).collect();
    let vectors = distinct.values_of(&support);
    settings.precision.check(algorithm, vectors.iter().chain(&coefficients).chain([&solution.intercept]))?;
    Ok(machine(settings.precision, kernel, (&vectors, distinct.width), &coefficients, solution.intercept))
}

/// The same from its arrays.
///
/// # Errors
/// [`Error::Damaged`](crate::error::Error::Damaged) if an array is missing or of another shape.
pub(in crate::model) fn load(
    algorithm: &str,
    parameters: &Parameters,
    arrays: &mut Arrays,
    inputs: &Inputs,
) -> Result<FittedStep> {
    let settings = Settings::of(parameters);
    let Some(kernel) = settings.stored_kernel(arrays)? else {
        return Link::Identity.load(algorithm, parameters, arrays, inputs);
    };
    let n_vectors = arrays.shape("support_vectors").and_then(|shape| shape.first().copied()).unwrap_or(0);
    let vectors = arrays.take("support_vectors", (n_vectors, inputs.n_features))?;
    let coefficients: Vec<f64> = arrays.take("dual_coef", n_vectors)?.to_vec();
    let intercept = arrays.take("intercept", ())?.into_scalar();
    let vectors = vectors.view();
    let rows = (&*in_rows(&vectors), inputs.n_features);
    Ok(FittedStep::Model(machine(settings.precision, kernel, rows, &coefficients, intercept)))
}

fn machine(
    precision: Precision,
    kernel: Kernel,
    (vectors, width): (&[f64], usize),
    coefficients: &[f64],
    intercept: f64,
) -> Box<dyn Model> {
    match precision {
        Precision::F64 => Box::new(Machine::<f64>::new(Support::new(kernel, vectors, width), coefficients, intercept)),
        Precision::F32 => Box::new(Machine::<f32>::new(Support::new(kernel, vectors, width), coefficients, intercept)),
    }
}

/// The sum of rows by their coefficients: what a linear kernel needs of its support vectors.
pub(in crate::model) fn add_up(distinct: &Distinct, coefficients: &[(usize, f64)]) -> Array1<f64> {
    let mut sums = Array1::zeros(distinct.width);
    for (row, coefficient) in coefficients.iter().filter(|(_, it)| *it != 0.0) {
        sums.iter_mut().zip(distinct.row(*row)).for_each(|(sum, x): (&mut f64, _)| *sum += coefficient * x);
    }
    sums
}

/// `sum_i coefficients_i k(vectors_i, x) + intercept`; what it answers is that value.
#[derive(Debug)]
pub(in crate::model) struct Machine<T> {
    support: Support<T>,
    coefficients: Dot<f64>,
    intercept: f64,
}

impl<T: Real> Machine<T> {
    fn new(support: Support<T>, coefficients: &[f64], intercept: f64) -> Self {
        let round = |value: &f64| T::rounded(*value).widened();
        let coefficients: Vec<f64> = coefficients.iter().map(round).collect();
        Self { support, coefficients: Dot::new(&coefficients), intercept: round(&intercept) }
    }
}

impl<T: Real> Model for Machine<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let mut values = Vec::with_capacity(features.nrows());
        self.support.for_each(&in_rows(&features), |kernels| {
            values.push(finite(sum_of(&self.coefficients, kernels) + self.intercept));
        });
        Predictions::Values(values.into())
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let coefficients: Array1<f64> = self.coefficients.weights().collect();
        let mut arrays = vec![
            ("support_vectors", self.support.to_array().into_dyn()),
            ("dual_coef", coefficients.into_dyn()),
            ("intercept", arr0(self.intercept).into_dyn()),
        ];
        arrays.extend(self.support.gamma().map(|gamma| ("gamma", arr0(gamma).into_dyn())));
        arrays
    }
}
