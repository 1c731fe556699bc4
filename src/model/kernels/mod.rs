//! Arithmetic over the rows of a batch, in f64 or f32.
//!
//! The law of this folder: a row's bits depend on that row alone, whatever stands around it. Each result is one sum whose order
//! the width decides and nothing else; blocks only say which sums run side by side. A product of a library for matrices
//! chooses its order by the shape, and its instructions by the processor, so that none is used here.
//!
//! Rows come as one slice, row-major, all of one width.

mod dot;
mod exponential;
mod panels;
mod real;
mod rows;

pub(super) use dot::{Dot, dots};
pub(super) use exponential::exp_of_negative;
pub(super) use panels::Panels;
pub(super) use real::Real;
pub(super) use rows::{
    all_finite, extremes, first_largest, first_smallest, in_rows, in_rows_mut, shift_and_scale, table,
};

#[cfg(test)]
mod tests;
