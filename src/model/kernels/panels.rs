//! Rows against several columns at once: a product of matrices, or distances to centres.

use super::Real;
use ndarray::{Array2, ArrayView2};

/// Columns of a panel.
const LANES: usize = 4;
/// Rows that go through a panel side by side.
const ROWS: usize = 4;

/// A matrix of `(n_inputs, n_outputs)`, cut into panels of four columns, so that what is read together lies together.
///
/// The result of a row and a column is one sum over the inputs in their order; sixteen of them run side by side.
#[derive(Clone, Debug)]
pub(in crate::model) struct Panels<T> {
    n_inputs: usize,
    n_outputs: usize,
    /// Panel by panel, in each the four columns' values of every input; zeros where the last panel has fewer columns.
    values: Vec<[T; LANES]>,
}

impl<T: Real> Panels<T> {
    /// Of `(n_inputs, n_outputs)`, rounded.
    pub(in crate::model) fn new(matrix: ArrayView2<'_, f64>) -> Self {
        let (n_inputs, n_outputs) = matrix.dim();
        let lane = |input: usize, output: usize| matrix.get((input, output)).map_or(T::default(), |it| T::rounded(*it));
        let places = (0..n_outputs).step_by(LANES).flat_map(|first| (0..n_inputs).map(move |input| (input, first)));
        let values = places.map(|(input, first)| std::array::from_fn(|own| lane(input, first + own))).collect();
        Self { n_inputs, n_outputs, values }
    }

    /// The matrix, as it is computed with.
    pub(in crate::model) fn to_array(&self) -> Array2<f64> {
        Array2::from_shape_fn((self.n_inputs, self.n_outputs), |(input, output)| {
            self.values[output / LANES * self.n_inputs + input][output % LANES].widened()
        })
    }

    /// How many columns there are.
    pub(in crate::model) fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    /// `sum x w` of each row and column: `(n_samples, n_outputs)`, row-major.
    pub(in crate::model) fn products(&self, rows: &[f64]) -> Vec<f64> {
        self.sums(rows, |sum, x, weight| sum + x * weight)
    }

    /// `sum (x - c)^2` of each row and column: `(n_samples, n_outputs)`, row-major.
    ///
    /// By differences: `x^2 - 2 x c + c^2` would be faster and lose all digits where rows and centres are far from 0.
    pub(in crate::model) fn squared_distances(&self, rows: &[f64]) -> Vec<f64> {
        self.sums(rows, |sum, x, centre| sum + (x - centre) * (x - centre))
    }

    /// `sum |x - c|` of each row and column: `(n_samples, n_outputs)`, row-major.
    pub(in crate::model) fn absolute_distances(&self, rows: &[f64]) -> Vec<f64> {
        self.sums(rows, |sum, x, centre| sum + (x - centre).magnitude())
    }

    /// `max |x - c|` of each row and column: `(n_samples, n_outputs)`, row-major.
    pub(in crate::model) fn largest_distances(&self, rows: &[f64]) -> Vec<f64> {
        self.sums(rows, |largest, x, centre| {
            let distance = (x - centre).magnitude();
            if distance > largest { distance } else { largest }
        })
    }

    fn sums(&self, rows: &[f64], with: impl Fn(T, T, T) -> T + Copy) -> Vec<f64> {
        let mut results = vec![0.0; rows.len() / self.n_inputs.max(1) * self.n_outputs];
        let mut places = results.as_mut_slice();
        T::in_blocks(rows, self.n_inputs, |block| {
            let n_rows = block.len() / self.n_inputs.max(1);
            let (own, rest) = std::mem::take(&mut places).split_at_mut(n_rows * self.n_outputs);
            self.block(block, with, own);
            places = rest;
        });
        results
    }

    /// A panel goes over all rows of a block before the next one: both stay near.
    fn block(&self, rows: &[T], with: impl Fn(T, T, T) -> T + Copy, places: &mut [f64]) {
        for (number, panel) in self.values.chunks_exact(self.n_inputs).enumerate() {
            let mut write = |row: usize, sums: [T; LANES]| {
                write_sums(sums, &mut places[row * self.n_outputs + number * LANES..(row + 1) * self.n_outputs]);
            };
            let together = rows.chunks_exact(ROWS * self.n_inputs);
            let (rest, after) = (together.remainder(), together.len() * ROWS);
            for (number, rows) in together.enumerate() {
                let sums = sums_of_four(rows, panel, with);
                sums.into_iter().enumerate().for_each(|(own, sums)| write(number * ROWS + own, sums));
            }
            for (own, row) in rest.chunks_exact(self.n_inputs).enumerate() {
                write(after + own, sums_of_one(row, panel, with));
            }
        }
    }
}

/// Writes the sums of a panel into what is left of a row.
fn write_sums<T: Real>(sums: [T; LANES], left: &mut [f64]) {
    // Lengths that the compiler knows, or each write would be a call that copies a few bytes.
    match left {
        [a, b, c, d, ..] => [*a, *b, *c, *d] = sums.map(T::widened),
        [a, b, c] => [*a, *b, *c, _] = sums.map(T::widened),
        [a, b] => [*a, *b, ..] = sums.map(T::widened),
        [a] => [*a, ..] = sums.map(T::widened),
        [] => {}
    }
}

fn sums_of_four<T: Real>(rows: &[T], panel: &[[T; LANES]], with: impl Fn(T, T, T) -> T + Copy) -> [[T; LANES]; ROWS] {
    let width = panel.len();
    let (a, rest) = rows.split_at(width);
    let (b, rest) = rest.split_at(width);
    let (c, d) = rest.split_at(width);
    let mut sums = [[T::default(); LANES]; ROWS];
    for ((((values, a), b), c), d) in panel.iter().zip(a).zip(b).zip(c).zip(d) {
        sums[0] = with_terms(sums[0], *a, values, with);
        sums[1] = with_terms(sums[1], *b, values, with);
        sums[2] = with_terms(sums[2], *c, values, with);
        sums[3] = with_terms(sums[3], *d, values, with);
    }
    sums
}

fn sums_of_one<T: Real>(row: &[T], panel: &[[T; LANES]], with: impl Fn(T, T, T) -> T + Copy) -> [T; LANES] {
    let start = [T::default(); LANES];
    panel.iter().zip(row).fold(start, |sums, (values, x)| with_terms(sums, *x, values, with))
}

fn with_terms<T: Real>(sums: [T; LANES], x: T, values: &[T; LANES], with: impl Fn(T, T, T) -> T) -> [T; LANES] {
    std::array::from_fn(|lane| with(sums[lane], x, values[lane]))
}
