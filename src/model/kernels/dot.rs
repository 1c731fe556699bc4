//! Rows times a vector.

use super::Real;

/// Sums of a row that run side by side.
pub(super) const LANES: usize = 8;

/// One number for each row: `x . w`.
///
/// Eight sums go through the row, each over every eighth product; then they are added in pairs. One sum alone would wait for
/// each of its additions.
#[derive(Debug)]
pub(in crate::model) struct Dot<T> {
    weights: Vec<T>,
}

impl<T: Real> Dot<T> {
    /// Weights, one for each column; rounded.
    pub(in crate::model) fn new<'a>(weights: impl IntoIterator<Item = &'a f64>) -> Self {
        Self { weights: weights.into_iter().map(|weight| T::rounded(*weight)).collect() }
    }

    /// The weights, as they are computed with.
    pub(in crate::model) fn weights(&self) -> impl Iterator<Item = f64> {
        self.weights.iter().map(|weight| weight.widened())
    }

    /// Calls `each` with the product of each row, in their order.
    pub(in crate::model) fn for_each(&self, rows: &[f64], mut each: impl FnMut(T)) {
        let width = self.weights.len();
        T::in_blocks(rows, width, |block| {
            let pairs = block.chunks_exact(2 * width);
            let last = pairs.remainder();
            for pair in pairs {
                let (one, other) = pair.split_at(width);
                let [one, other] = dots([one, other], &self.weights);
                each(one);
                each(other);
            }
            for row in last.chunks_exact(width) {
                let [one] = dots([row], &self.weights);
                each(one);
            }
        });
    }
}

/// The products of some rows, which share the loads of the weights.
#[inline(always)] // A row of a few columns costs less than a call.
pub(in crate::model) fn dots<T: Real, const ROWS: usize>(rows: [&[T]; ROWS], weights: &[T]) -> [T; ROWS] {
    let mut sums = [[T::default(); LANES]; ROWS];
    let (chunks, rest) = weights.as_chunks::<LANES>();
    let rows = rows.map(|row| row.as_chunks::<LANES>());
    for (at, weights) in chunks.iter().enumerate() {
        for (sums, (row, _)) in sums.iter_mut().zip(rows) {
            add_products(sums, &row[at], weights);
        }
    }
    for (sums, (_, row)) in sums.iter_mut().zip(rows) {
        add_products(sums, row, rest);
    }
    sums.map(in_pairs)
}

#[inline]
fn add_products<T: Real>(sums: &mut [T; LANES], row: &[T], weights: &[T]) {
    for (sum, (x, weight)) in sums.iter_mut().zip(row.iter().zip(weights)) {
        *sum = *sum + *x * *weight;
    }
}

#[inline]
pub(super) fn in_pairs<T: Real>(sums: [T; LANES]) -> T {
    let [a, b, c, d, e, f, g, h] = sums;
    let [a, b, c, d] = [a + e, b + f, c + g, d + h];
    (a + c) + (b + d)
}
