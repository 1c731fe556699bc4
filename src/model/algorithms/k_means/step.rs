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
    let found = training.sum(&Members { centres: Panels::new(before.t()), width: before.ncols() })?;
    let mut centres = before.clone();
    for ((mut centre, sum), weight) in centres.rows_mut().into_iter().zip(found.sums.rows()).zip(&found.weights) {
        if *weight > 0.0 {
            centre.assign(&(&sum / *weight));
        }
    }
    let moved = (&centres - before).iter().map(|by| by * by).sum();
    Ok(Step { centres, inertia: found.inertia, moved })
}

struct Members {
    centres: Panels<f64>,
    width: usize,
}

/// Of each cluster the weight and the sum of its rows; of all the squared distances.
struct Partial {
    weights: Vec<f64>,
    sums: Array2<f64>,
    inertia: f64,
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
