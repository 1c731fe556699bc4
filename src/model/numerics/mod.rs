//! What several algorithms compute with: sums over rows, decompositions, minimisers.

mod coordinate_descent;
mod cross_products;
mod lbfgs;
mod least_squares;
mod moments;
mod symmetric;
mod triangle;

pub(super) use coordinate_descent::{Penalty, coordinate_descent};
pub(super) use cross_products::CrossProducts;
pub(super) use lbfgs::{Limits, minimise};
pub(super) use least_squares::least_squares;
pub(super) use moments::{Moments, OfColumns};
pub(super) use symmetric::eigen;
