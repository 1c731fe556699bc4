//! The rows that a fit learns from, whole or a part of them.

use super::TargetView;
use ndarray::{Array2, ArrayView2};
use std::ops::Range;

/// Rows, finite numbers in the order of rows, with what is to be learned of them.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    values: &'a [f64],
    n_features: usize,
    first: usize,
    /// One for each row.
    pub targets: TargetView<'a>,
    /// How often each row counts; finite and above 0.
    pub weights: &'a [f64],
}

impl<'a> Rows<'a> {
    /// Rows of `(n_samples, n_features)`, with as many targets and weights.
    ///
    /// # Panics
    /// If `features` is not row-major.
    pub fn new(features: &'a Array2<f64>, targets: TargetView<'a>, weights: &'a [f64]) -> Self {
        let values = features.as_slice().expect("rows of a fit are row-major");
        Self { values, n_features: features.ncols(), first: 0, targets, weights }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// For how many rows they stand: their weight, or their number if that is more.
    pub fn count(&self) -> usize {
        self.len().max(self.weights.iter().sum::<f64>() as usize)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// The position of the first one among all rows of the fit.
    pub fn first(&self) -> usize {
        self.first
    }

    /// How many numbers each has.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// `(n_samples, n_features)`, row-major.
    pub fn features(&self) -> ArrayView2<'a, f64> {
        let shape = (self.len(), self.n_features);
        ArrayView2::from_shape(shape, self.values).expect("there are as many numbers as rows and columns say")
    }

    /// The numbers of all rows, one after the other.
    pub fn values(&self) -> &'a [f64] {
        self.values
    }

    /// The numbers of each row.
    pub fn iter(&self) -> impl Iterator<Item = &'a [f64]> {
        self.values.chunks_exact(self.n_features.max(1))
    }

    /// The same rows, each of another weight: as many, finite and above 0.
    #[must_use]
    pub fn weighing(self, weights: &'a [f64]) -> Self {
        Self { weights, ..self }
    }

    /// Some of them, in their order.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        Self {
            values: &self.values[rows.start * self.n_features..rows.end * self.n_features],
            first: self.first + rows.start,
            targets: self.targets.slice(rows.clone()),
            weights: &self.weights[rows],
            ..*self
        }
    }
}
