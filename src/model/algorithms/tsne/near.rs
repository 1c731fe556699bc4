//! How close rows are to those that are nearest to them, as probabilities.

use super::affinities::shares;
use crate::error::Result;
use crate::model::Training;
use crate::model::bounds::bytes_of_rows;
use crate::model::crew::share_out;
use crate::model::neighbours::{Metric, Neighbour, Neighbours};

/// Numbers that are looked at in less than a second.
const AT_ONCE: usize = 1 << 26;
/// Rows whose neighbours are looked for in one piece.
const FEWEST_ROWS: usize = 8;
const MOST_ROWS: usize = 512;
/// Numbers that are held for each neighbour while neighbours are put together, at most.
const NUMBERS_OF_NEIGHBOUR: usize = 5;
/// Numbers of each row beside these: places, the way there, and their tree.
const NUMBERS_OF_ROW: usize = 64;

/// `p_ij = (p_j|i + p_i|j) / 2n` of rows of which one is among the nearest of the other; that of others is 0.
#[derive(Debug)]
pub(super) struct Near {
    /// Where those of each row begin, and where the last ones end.
    starts: Vec<usize>,
    rows: Vec<u32>,
    shares: Vec<f64>,
}

/// How many rows are the nearest: as many as scikit-learn takes.
fn n_nearest(n_rows: usize, perplexity: f64) -> usize {
    ((3.0 * perplexity + 1.0) as usize).min(n_rows - 1)
}

/// What a fit holds beside its rows.
pub(super) fn bytes(n_rows: usize, n_features: usize, perplexity: f64) -> u64 {
    let numbers = n_nearest(n_rows, perplexity) * NUMBERS_OF_NEIGHBOUR + n_features + NUMBERS_OF_ROW;
    bytes_of_rows(n_rows as u64, numbers)
}

impl Near {
    /// Of two rows or more.
    pub(super) fn of(training: &Training<'_>, perplexity: f64) -> Result<Self> {
        let n_rows = training.rows.len();
        let n_nearest = n_nearest(n_rows, perplexity);
        let ask = || training.progress.report("fitting tsne, putting neighbours together", 0.05);
        Conditional::of(training, n_nearest, perplexity)?.joint(n_rows, &ask)
    }

    /// The rows that are near to a row, and how near.
    pub(super) fn to(&self, row: usize) -> impl Iterator<Item = (usize, f64)> {
        let own = self.starts[row]..self.starts[row + 1];
        self.rows[own.clone()].iter().map(|row| *row as usize).zip(self.shares[own].iter().copied())
    }

    /// What all come to.
    pub(super) fn total(&self) -> f64 {
        self.shares.iter().sum()
    }
}

/// `p_j|i` of the nearest of each row, by number.
struct Conditional {
    n_nearest: usize,
    rows: Vec<u32>,
    shares: Vec<f64>,
}

impl Conditional {
    fn of(training: &Training<'_>, n_nearest: usize, perplexity: f64) -> Result<Self> {
        let (rows, n_rows) = (training.rows, training.rows.len());
        let neighbours = Neighbours::new(rows.samples(), Metric::Euclidean).prepared();
        let at_once = (AT_ONCE / rows.values().len().max(1)).clamp(FEWEST_ROWS, MOST_ROWS);
        let n_pieces = n_rows.div_ceil(at_once);
        let report = |done: usize| {
            training.progress.report("fitting tsne, looking for neighbours", 0.05 * done as f64 / n_pieces as f64)
        };
        let pieces = share_out(n_pieces, training.threads, &report, |piece, ask| {
            ask()?;
            let own = piece * at_once..((piece + 1) * at_once).min(n_rows);
            let (mut number, mut near) = (own.start, Vec::with_capacity(own.len() * n_nearest));
            // Each row is among the nearest of itself, unless as many are on its spot.
            neighbours.for_each(rows.slice(own).values(), n_nearest + 1, |found| {
                let own = number;
                let others = || found.iter().filter(move |it| it.row != own).take(n_nearest);
                let squares: Vec<f64> = others().map(|Neighbour { distance, .. }| distance * distance).collect();
                let first = near.len();
                // The limit of rows is far below 2^32.
                near.extend(others().map(|it| it.row as u32).zip(shares(&squares, perplexity)));
                near[first..].sort_unstable_by_key(|(row, _)| *row);
                number += 1;
            });
            Ok(near)
        })?;
        let n_all = n_rows * n_nearest;
        let (mut all, mut shares) = (Vec::with_capacity(n_all), Vec::with_capacity(n_all));
        for (row, share) in pieces.into_iter().flatten() {
            all.push(row);
            shares.push(share);
        }
        Ok(Self { n_nearest, rows: all, shares })
    }

    /// The place of a row among the nearest of another.
    fn find(&self, row: usize, among: usize) -> Option<f64> {
        let own = among * self.n_nearest..(among + 1) * self.n_nearest;
        let found = self.rows[own.clone()].binary_search(&(row as u32)).ok()?;
        Some(self.shares[own][found])
    }

    fn joint(&self, n_rows: usize, ask: &dyn Fn() -> Result<()>) -> Result<Near> {
        let nearest = |row: usize| {
            let own = row * self.n_nearest..(row + 1) * self.n_nearest;
            self.rows[own.clone()].iter().map(|other| *other as usize).zip(self.shares[own].iter().copied())
        };
        // Behind its own nearest come those that a row is near to, without being near to it.
        let mut starts = vec![0; n_rows + 1];
        for row in 0..n_rows {
            ask_now_and_then(row, ask)?;
            starts[row + 1] += self.n_nearest;
            nearest(row).filter(|(other, _)| self.find(row, *other).is_none()).for_each(|it| starts[it.0 + 1] += 1);
        }
        (0..n_rows).for_each(|row| starts[row + 1] += starts[row]);
        let mut next: Vec<usize> = starts.iter().take(n_rows).map(|start| start + self.n_nearest).collect();
        let (mut rows, mut shares) = (vec![0; starts[n_rows]], vec![0.0; starts[n_rows]]);
        for row in 0..n_rows {
            ask_now_and_then(row, ask)?;
            for (at, (other, share)) in nearest(row).enumerate() {
                let back = self.find(row, other);
                let both = (share + back.unwrap_or(0.0)) / (2.0 * n_rows as f64);
                (rows[starts[row] + at], shares[starts[row] + at]) = (other as u32, both);
                if back.is_none() {
                    let place = &mut next[other];
                    (rows[*place], shares[*place]) = (row as u32, both);
                    *place += 1;
                }
            }
        }
        Ok(Near { starts, rows, shares })
    }
}

fn ask_now_and_then(row: usize, ask: &dyn Fn() -> Result<()>) -> Result<()> {
    if row.is_multiple_of(MOST_ROWS) { ask() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::affinities;
    use super::*;
    use crate::model::tests::quiet;
    use crate::model::{Rows, Targets};
    use ndarray::Array2;
    use proptest::prelude::*;

    fn near(features: &Array2<f64>, perplexity: f64, threads: usize) -> Near {
        let weights = vec![1.0; features.nrows()];
        let rows = Rows::new(features, Targets::None.view(), &weights);
        Near::of(&Training { rows, seed: 7, threads, progress: &quiet }, perplexity).unwrap()
    }

    fn all(features: &Array2<f64>, perplexity: f64) -> Vec<f64> {
        let weights = vec![1.0; features.nrows()];
        let rows = Rows::new(features, Targets::None.view(), &weights);
        affinities::of(&Training { rows, seed: 7, threads: 1, progress: &quiet }, perplexity).unwrap()
    }

    /// Some of the rows on one spot.
    fn rows() -> impl Strategy<Value = Array2<f64>> {
        prop::collection::vec((0i8..6, -40i8..40), 9..80).prop_map(|them| {
            Array2::from_shape_fn((them.len(), 2), |(row, column)| {
                f64::from(if column == 0 { them[row].0 } else { them[row].1 })
            })
        })
    }

    proptest! {
        #[test]
        fn affinities_are_symmetric_come_to_one_and_are_those_of_the_nearest(features in rows(), perplexity in 1.0f64..6.0) {
            let n_rows = features.nrows();
            let near = near(&features, perplexity, 2);
            let n_nearest = n_nearest(n_rows, perplexity);

            let mut dense = vec![0.0; n_rows * n_rows];
            for row in 0..n_rows {
                let (mut found, mut squares) = (0, vec![]);
                for (other, share) in near.to(row) {
                    prop_assert!(other != row && dense[row * n_rows + other] == 0.0);
                    dense[row * n_rows + other] = share;
                    found += 1;
                    squares.push((&features.row(row) - &features.row(other)).iter().map(|by| by * by).sum::<f64>());
                }
                prop_assert!(found >= n_nearest);
                // Its own nearest come first.
                let furthest = squares[..n_nearest].iter().copied().fold(0.0, f64::max);
                let nearer = (0..n_rows).filter(|other| *other != row).filter(|other| {
                    (&features.row(row) - &features.row(*other)).iter().map(|by| by * by).sum::<f64>() < furthest
                });
                prop_assert!(nearer.count() < n_nearest);
            }
            prop_assert!((near.total() - 1.0).abs() < 1e-12);
            for (one, other) in (0..n_rows).flat_map(|one| (0..one).map(move |other| (one, other))) {
                prop_assert_eq!(dense[one * n_rows + other], dense[other * n_rows + one]);
            }
        }

        #[test]
        fn where_all_rows_are_near_affinities_are_those_of_all_pairs(features in rows(), more in 0.0f64..0.9) {
            let n_rows = features.nrows();
            let perplexity = (n_rows as f64 - 1.0) * (0.34 + 0.6 * more);

            let (near, all) = (near(&features, perplexity, 1), all(&features, perplexity));

            for row in 0..n_rows {
                prop_assert_eq!(near.to(row).count(), n_rows - 1);
                for (other, share) in near.to(row) {
                    let expected = all[row * n_rows + other];
                    prop_assert!((share - expected).abs() < 1e-12, "{row} and {other}: {share} and {expected}");
                }
            }
        }
    }

    #[test]
    fn what_is_held_is_about_what_is_counted() {
        let features = Array2::from_shape_fn((2_000, 3), |(row, column)| ((row * 7919 + column * 31) % 1_009) as f64);

        let near = near(&features, 30.0, 1);

        let held = near.rows.capacity() * size_of::<u32>() + near.shares.capacity() * size_of::<f64>();
        // Beside these there are those of the nearest alone, twice while they are put into one list.
        let nearest = 2_000 * 91 * (size_of::<u32>() + size_of::<f64>());
        let counted = bytes(2_000, 3, 30.0);
        assert!((held + nearest) as u64 <= counted && 3 * nearest as u64 <= counted, "{held}, {nearest} and {counted}");
    }
}
