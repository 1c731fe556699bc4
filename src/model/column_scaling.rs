//! Columns that are shifted and scaled: what scalers put out.

use super::arrays::{Arrays, damaged};
use super::kernels::{in_rows_mut, shift_and_scale};
use super::{Edge, FittedStep, FittedTransformer, Graph, Inputs};
use crate::error::Result;
use ndarray::{Array1, Array2, ArrayD};

/// `(x - shift) / scale` of each column.
#[derive(Debug)]
pub(super) struct ColumnScaling {
    /// What the shift is, for whoever looks at it: "mean".
    named: &'static str,
    shift: Vec<f64>,
    scale: Vec<f64>,
}

impl ColumnScaling {
    /// By shifts of this name; scales are greater than 0.
    pub(super) fn new(named: &'static str, shift: Array1<f64>, scale: Array1<f64>) -> Self {
        Self { named, shift: shift.to_vec(), scale: scale.to_vec() }
    }

    /// As it was stored.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) if an array is missing or of another shape, or a scale is not greater than 0.
    pub(super) fn load(named: &'static str, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let (shift, scale) = (arrays.take(named, inputs.n_features)?, arrays.take("scale", inputs.n_features)?);
        if scale.iter().any(|scale| *scale <= 0.0) {
            return Err(damaged("a scale is not greater than 0"));
        }
        Ok(FittedStep::Transformer(Box::new(Self::new(named, shift, scale))))
    }
}

impl FittedTransformer for ColumnScaling {
    fn transform(&self, mut features: Array2<f64>) -> Array2<f64> {
        shift_and_scale(in_rows_mut(&mut features), &self.shift, &self.scale);
        features
    }

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Edge> {
        let [shift, scale] = [&self.shift, &self.scale].map(|it| graph.array(&Array1::from(it.clone())));
        let shifted = graph.apply("Sub", &[features, &shift]);
        Some(graph.apply("Div", &[&shifted, &scale]))
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let array = |values: &[f64]| Array1::from(values.to_vec()).into_dyn();
        vec![(self.named, array(&self.shift)), ("scale", array(&self.scale))]
    }
}

/// What to divide by where this is the size of a column: 1 where it is nothing but rounding, as in scikit-learn.
pub(super) fn not_zero(size: f64) -> f64 {
    if size < 10.0 * f64::EPSILON { 1.0 } else { size }
}
