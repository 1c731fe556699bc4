//! The rows that a fit learns from, whole or a part of them.

use super::TargetView;
use super::samples::{Samples, Span, ranges};
use ndarray::{Array2, ArrayView2};
use std::borrow::Cow;
use std::ops::Range;

/// Rows, finite numbers in the order of rows, with what is to be learned of them.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    numbers: Numbers<'a>,
    n_features: usize,
    first: usize,
    /// One for each row.
    pub targets: TargetView<'a>,
    /// How often each row counts; finite and above 0.
    pub weights: &'a [f64],
}

/// Where the numbers are.
#[derive(Clone, Copy, Debug)]
enum Numbers<'a> {
    /// Here, one row after the other.
    Read(&'a [f64]),
    /// Those of all rows, which may not have been read yet.
    Of(&'a Samples),
}

impl<'a> Rows<'a> {
    /// Rows of `(n_samples, n_features)`, with as many targets and weights.
    ///
    /// # Panics
    /// If `features` is not row-major.
    pub fn new(features: &'a Array2<f64>, targets: TargetView<'a>, weights: &'a [f64]) -> Self {
        let values = features.as_slice().expect("rows of a fit are row-major");
        Self { numbers: Numbers::Read(values), n_features: features.ncols(), first: 0, targets, weights }
    }

    /// All rows of samples, with as many targets and weights. They are read by who asks for their numbers.
    pub(super) fn of(samples: &'a Samples, targets: TargetView<'a>, weights: &'a [f64]) -> Self {
        Self { numbers: Numbers::Of(samples), n_features: samples.n_features(), first: 0, targets, weights }
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
        ArrayView2::from_shape(shape, self.values()).expect("there are as many numbers as rows and columns say")
    }

    /// The numbers of all rows, one after the other.
    pub fn values(&self) -> &'a [f64] {
        match self.numbers {
            Numbers::Read(values) => values,
            Numbers::Of(samples) => samples.values(),
        }
    }

    /// The same, for who keeps them: those of all rows of a fit are neither copied nor read.
    pub(super) fn samples(&self) -> Samples {
        match self.numbers {
            Numbers::Read(values) => Samples::of_rows(values.to_vec(), self.n_features),
            Numbers::Of(samples) => samples.clone(),
        }
    }

    /// Of each column the least and the largest number.
    pub(super) fn ranges(&self) -> Cow<'a, [Span]> {
        match self.numbers {
            Numbers::Read(values) => Cow::Owned(ranges(values, self.n_features)),
            Numbers::Of(samples) => Cow::Borrowed(samples.ranges()),
        }
    }

    /// The same rows, their numbers read.
    pub(super) fn read(self) -> Self {
        Self { numbers: Numbers::Read(self.values()), ..self }
    }

    /// The numbers of each row.
    pub fn iter(&self) -> impl Iterator<Item = &'a [f64]> {
        self.values().chunks_exact(self.n_features.max(1))
    }

    /// The same rows, each of another weight: as many, finite and above 0.
    #[must_use]
    pub fn weighing(self, weights: &'a [f64]) -> Self {
        Self { weights, ..self }
    }

    /// Some of them, in their order.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let values = &self.values()[rows.start * self.n_features..rows.end * self.n_features];
        Self { numbers: Numbers::Read(values), ..self.placed(rows) }
    }

    /// Some of them, whose numbers are read into `room` if they have not been read yet.
    pub(super) fn slice_in<'b>(&self, rows: Range<usize>, room: &'b mut Vec<f64>) -> Rows<'b>
    where
        'a: 'b,
    {
        match self.numbers {
            Numbers::Of(samples) if !samples.are_read() => {
                samples.read(rows.clone(), room);
                Rows { numbers: Numbers::Read(room), ..self.placed(rows) }
            }
            _ => self.slice(rows),
        }
    }

    /// What some of them have beside their numbers.
    fn placed(&self, rows: Range<usize>) -> Self {
        Self {
            first: self.first + rows.start,
            targets: self.targets.slice(rows.clone()),
            weights: &self.weights[rows],
            ..*self
        }
    }
}
