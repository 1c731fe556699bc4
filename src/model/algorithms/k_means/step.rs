//! One iteration: each row to its nearest centre, each centre to the mean of its rows.

use crate::error::Result;
use crate::model::kernels::{Panels, first_smallest};
use crate::model::summation::Summation;
use crate::model::{Rows, Training};
use ndarray::Array2;

/// Rows whose distances are kept at once.
const BLOCK: usize = 256;

/// What an iteration came to.
pub(super) struct Step {
    /// `(n_clusters, n_features)`; one without rows stays where it was.
    pub(super) centres: Array2<f64>,
    /// Sum of the squared distances to the centres before.
    pub(super) inertia: f64,
    /// Sum of the squares by which centres moved.
    pub(super) moved: f64,
}

/// # Errors
/// [`Error::Internal`](crate::error::Error::Internal) if there is no row.
pub(super) fn step(training: &Training<'_>, before: &Array2<f64>) -> Result<Step> {
    let found = members(training, before, &|| Ok(()))?;
    let mut centres = before.clone();
    for ((mut centre, sum), weight) in centres.rows_mut().into_iter().zip(found.sums.rows()).zip(&found.weights) {
        if *weight > 0.0 {
            centre.assign(&(&sum / *weight));
        }
    }
    let moved = (&centres - before).iter().map(|by| by * by).sum();
    Ok(Step { centres, inertia: found.inertia, moved })
}

/// Each row to its nearest centre; asks where that is long.
///
/// # Errors
/// [`Error::Internal`](crate::error::Error::Internal) if there is no row. What `ask` answers.
pub(super) fn members(training: &Training<'_>, centres: &Array2<f64>, ask: &dyn Fn() -> Result<()>) -> Result<Partial> {
    training.sum_asking(&Members { centres: Panels::new(centres.t()), width: centres.ncols() }, centres.len(), ask)
}

struct Members {
    centres: Panels<f64>,
    width: usize,
}

/// Of each cluster the weight and the sum of its rows; of all the squared distances.
pub(super) struct Partial {
    pub(super) weights: Vec<f64>,
    pub(super) sums: Array2<f64>,
    pub(super) inertia: f64,
}

impl Summation for Members {
    type Partial = Partial;

    fn partial(&self, shard: Rows<'_>) -> Partial {
        let n_clusters = self.centres.n_outputs();
        let (mut weights, mut sums) = (vec![0.0; n_clusters], vec![0.0; n_clusters * self.width]);
        let mut inertia = 0.0;
        let blocks = shard.values().chunks(BLOCK * self.width).zip(shard.weights.chunks(BLOCK));
        for (block, own) in blocks {
            let squares = self.centres.squared_distances(block);
            let rows = block.chunks_exact(self.width).zip(squares.chunks_exact(n_clusters)).zip(own);
            for ((row, squares), weight) in rows {
                let nearest = first_smallest(squares);
                weights[nearest] += weight;
                inertia += weight * squares[nearest];
                let sum = &mut sums[nearest * self.width..(nearest + 1) * self.width];
                sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        let sums = crate::model::kernels::table(sums, n_clusters, self.width);
        Partial { weights, sums, inertia }
    }

    fn merge(&self, mut left: Partial, right: Partial) -> Partial {
        left.weights.iter_mut().zip(right.weights).for_each(|(left, right)| *left += right);
        Partial { sums: left.sums + right.sums, inertia: left.inertia + right.inertia, ..left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::quiet;
    use approx::assert_relative_eq;
    use ndarray::{Array1, array};

    /// Lloyd's step as he wrote it down: each row to its nearest centre, the first of equals; each centre to the mean of its rows.
    fn written_out(rows: &Array2<f64>, weights: &[f64], before: &Array2<f64>) -> (Array2<f64>, f64) {
        let (mut sums, mut counts) = (Array2::<f64>::zeros(before.dim()), Array1::<f64>::zeros(before.nrows()));
        let mut inertia = 0.0;
        for (row, weight) in rows.rows().into_iter().zip(weights) {
            let square = |at: usize| (&row - &before.row(at)).iter().map(|by| by * by).sum::<f64>();
            let nearest = (1..before.nrows()).fold(0, |best, at| if square(at) < square(best) { at } else { best });
            inertia += weight * square(nearest);
            counts[nearest] += weight;
            sums.row_mut(nearest).scaled_add(*weight, &row);
        }
        let mean = |(at, column)| if counts[at] > 0.0 { sums[(at, column)] / counts[at] } else { before[(at, column)] };
        (Array2::from_shape_fn(before.dim(), mean), inertia)
    }

    /// Sums of integers have no rounding, so that their order says nothing.
    #[test]
    fn steps_are_those_of_lloyd_to_the_bit_where_sums_are_exact() {
        let rows = Array2::from_shape_fn((700, 3), |(row, column)| ((row * row * (column + 3) + row) % 101) as f64);
        let weights: Vec<f64> = (0..700).map(|row| 1.0 + (row % 3) as f64).collect();
        // The last one is too far for a row to be near.
        let mut centres = array![[20.0, 20.0, 20.0], [80.0, 20.0, 60.0], [30.0, 90.0, 70.0], [1e4, 1e4, 1e4]];
        let rows_of_a_fit = Rows::new(&rows, Targets::None.view(), &weights);
        let training = Training { rows: rows_of_a_fit, seed: 7, threads: 2, progress: &quiet };

        for number in 0..6 {
            let (expected, inertia) = written_out(&rows, &weights, &centres);
            let moved = (&expected - &centres).iter().map(|by| by * by).sum::<f64>();

            let found = step(&training, &centres).unwrap();

            assert_eq!(found.centres, expected, "step {number}");
            assert_eq!(found.moved, moved, "step {number}");
            assert_relative_eq!(found.inertia, inertia, max_relative = if number == 0 { 0.0 } else { 1e-12 });
            assert!(moved > 0.0, "step {number} has nothing to find");
            centres = expected;
        }
    }
}
