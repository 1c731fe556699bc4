//! Support vector machines: sums of kernels over a few of the training rows.
//!
//! A fit merges equal rows (`distinct`), states what is to be minimised as a [`Problem`] and solves it by steps of two
//! coefficients (`solver`, which looks through all rows with `selection` and asks `columns` for kernels). What it found is
//! a sum over support vectors (`machine`). Classifiers, regressors and detectors of outliers differ in their problem alone.

mod settings;

mod distinct;
mod kernel;

mod columns;
mod selection;
mod solver;

mod machine;

#[cfg(test)]
mod tests;

pub(super) use distinct::Distinct;
pub(super) use kernel::Kernel;
pub(super) use machine::{Support, add_up, finite, fitted, load, sum_of};
pub(super) use settings::{Settings, tell};
pub(super) use solver::{Limits, Problem, Solution, solve};
