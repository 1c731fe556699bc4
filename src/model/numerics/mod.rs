//! What several algorithms compute with: sums over rows, decompositions, minimisers.

mod block_descent;
mod cholesky;
mod coordinate_descent;
mod cross_products;
mod lbfgs;
mod leading;
mod least_squares;
mod moments;
mod principal_axes;
mod singular_values;
mod symmetric;
mod triangle;

pub(super) use block_descent::block_coordinate_descent;
pub(super) use cholesky::{cholesky, transposed_inverse_of_lower};
pub(super) use coordinate_descent::{Penalty, coordinate_descent};
pub(super) use cross_products::{CrossProducts, overflows, underflows};
pub(super) use lbfgs::{Limits, minimise};
pub(super) use leading::leading;
pub(super) use least_squares::least_squares;
pub(super) use moments::{Moments, OfColumns};
pub(super) use principal_axes::PrincipalAxes;
pub(super) use singular_values::{Left, singular_values};
pub(super) use symmetric::eigen;
