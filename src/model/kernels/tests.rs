//! The law of kernels, for every shape.

use super::*;
use ndarray::{Array2, Axis, array};
use proptest::prelude::*;

/// Numbers of many magnitudes, so that another order of a sum shows in its bits.
fn matrix(n_rows: usize, n_columns: usize, seed: u64) -> Array2<f64> {
    Array2::from_shape_fn((n_rows, n_columns), |(row, column)| {
        let mixed = seed.wrapping_mul(2 * (row * n_columns + column) as u64 + 1).rotate_left(29);
        let mixed = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed % 2003) as f64 / 77.0 * 10f64.powi((mixed >> 60) as i32 - 8) - 13.0
    })
}

fn dots<T: Real>(weights: &[f64], rows: &[f64]) -> Vec<u64> {
    let mut all = vec![];
    Dot::<T>::new(weights).for_each(rows, |product| all.push(product.widened().to_bits()));
    all
}

fn bits(values: Vec<f64>) -> Vec<u64> {
    values.into_iter().map(f64::to_bits).collect()
}

/// The rows from `from` to `to` give the bits that they give among all.
fn holds_alone(rows: &Array2<f64>, per_row: usize, (from, to): (usize, usize), kernel: impl Fn(&[f64]) -> Vec<u64>) {
    let all = kernel(rows.as_slice().unwrap());
    let some = kernel(rows.slice_axis(Axis(0), (from..to).into()).as_slice().unwrap());
    assert_eq!(some, all[from * per_row..to * per_row], "rows {from} to {to}");
}

proptest! {
    #[test]
    fn rows_give_the_same_bits_alone_and_in_any_batch(
        n_rows in 1usize..150, width in 1usize..90, n_outputs in 1usize..14, seed in any::<u64>(), cut in any::<(usize, usize)>(),
    ) {
        let (rows, weights) = (matrix(n_rows, width, seed | 1), matrix(width, n_outputs, !seed | 1));
        let vector = weights.column(0).to_vec();
        let (wide, narrow) = (Panels::<f64>::new(weights.view()), Panels::<f32>::new(weights.view()));
        let from = cut.0 % n_rows;
        let to = from + 1 + cut.1 % (n_rows - from);

        for part in [(from, to), (from, from + 1), (n_rows - 1, n_rows)] {
            holds_alone(&rows, 1, part, |rows| dots::<f64>(&vector, rows));
            holds_alone(&rows, 1, part, |rows| dots::<f32>(&vector, rows));
            holds_alone(&rows, n_outputs, part, |rows| bits(wide.products(rows)));
            holds_alone(&rows, n_outputs, part, |rows| bits(narrow.products(rows)));
            holds_alone(&rows, n_outputs, part, |rows| bits(wide.squared_distances(rows)));
            holds_alone(&rows, n_outputs, part, |rows| bits(narrow.squared_distances(rows)));
            holds_alone(&rows, n_outputs, part, |rows| bits(wide.absolute_distances(rows)));
            holds_alone(&rows, n_outputs, part, |rows| bits(wide.largest_distances(rows)));
        }
    }

    #[test]
    fn results_are_the_sums_that_the_formula_says(
        n_rows in 0usize..40, width in 1usize..70, n_outputs in 1usize..14, seed in any::<u64>(),
    ) {
        let (rows, weights) = (matrix(n_rows, width, seed | 1), matrix(width, n_outputs, !seed | 1));
        let flat = rows.as_slice().unwrap();
        let in_order = |row: usize, output: usize, term: fn(f64, f64) -> f64| {
            (0..width).fold(0.0, |sum, input| sum + term(rows[(row, input)], weights[(input, output)]))
        };

        let (panels, mut dots) = (Panels::<f64>::new(weights.view()), vec![]);
        let (products, distances) = (panels.products(flat), panels.squared_distances(flat));
        let (absolute, largest) = (panels.absolute_distances(flat), panels.largest_distances(flat));
        Dot::<f64>::new(weights.column(0)).for_each(flat, |product| dots.push(product));

        prop_assert_eq!(panels.to_array(), &weights);
        prop_assert_eq!((products.len(), dots.len()), (n_rows * n_outputs, n_rows));
        for row in 0..n_rows {
            for output in 0..n_outputs {
                let at = row * n_outputs + output;
                prop_assert_eq!(products[at], in_order(row, output, |x, w| x * w));
                prop_assert_eq!(distances[at], in_order(row, output, |x, c| (x - c) * (x - c)));
                prop_assert_eq!(absolute[at], in_order(row, output, |x, c| (x - c).abs()));
                let furthest = (0..width).map(|input| (rows[(row, input)] - weights[(input, output)]).abs());
                prop_assert_eq!(largest[at], furthest.fold(0.0, f64::max));
            }
            let magnitude = in_order(row, 0, |x, w| (x * w).abs());
            prop_assert!((dots[row] - products[row * n_outputs]).abs() <= 1e-14 * magnitude);
        }
    }
}

#[test]
fn one_value_that_is_not_finite_is_found_wherever_it_is() {
    for at in [0, 1, 255, 256, 999] {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut values = vec![f64::MAX; 1000];
            values[at] = value;
            assert!(!all_finite(&values), "{value} at {at}");
        }
    }
    assert!(all_finite(&[f64::MAX, f64::MIN, -0.0, 5e-324]) && all_finite(&[]));
}

#[test]
fn the_least_and_the_largest_are_found_wherever_they_are() {
    for at in [0, 7, 8, 18] {
        let mut values = [0.5; 19];
        (values[at], values[18 - at]) = (-2.0, 3.0);
        assert_eq!(extremes(&values), (-2.0, 3.0), "{at}");
    }
    assert_eq!(extremes(&[]), (f64::INFINITY, f64::NEG_INFINITY));
}

#[test]
fn equals_go_to_the_first_position() {
    assert_eq!((first_largest(&[0.25, 0.375, 0.375]), first_smallest(&[0.5, 0.25, 0.25])), (1, 1));
}

#[test]
fn a_matrix_in_column_order_is_read_by_rows() {
    let mut transposed = array![[1.0, 3.0], [2.0, 4.0]].reversed_axes();
    let by_rows = [1.0, 2.0, 3.0, 4.0];

    assert_eq!(*in_rows(&transposed.view()), by_rows);
    assert_eq!(*in_rows_mut(&mut transposed), by_rows);
    assert_eq!(transposed, array![[1.0, 2.0], [3.0, 4.0]]);
}
