//! How much the answers of a model rest on each column: by how much a score falls once the column is shuffled.
//!
//! L. Breiman, "Random forests" (2001), doi:10.1023/A:1010933404324, section 10; A. Fisher, C. Rudin, F. Dominici, "All models are
//! wrong, but many are useful" (2019), arXiv:1801.01489. The values are those of `sklearn.inspection.permutation_importance` for
//! the same orders of rows.

use super::random::{Philox, shuffle};
use ndarray::{Array1, Array2, Axis};

/// Random numbers that shuffle; part of their counter.
const ORDER: u32 = 4;

/// Shuffles of each column, at most.
pub const MOST_REPEATS: usize = 1_000;
/// Shuffles of each column, if the caller does not say.
pub const REPEATS: usize = 5;

/// A column of which each row has the value of another one.
#[derive(Debug, PartialEq, Eq)]
pub struct Shuffled {
    /// Its place among the columns that the model takes.
    pub(super) column: usize,
    /// Of each row the one whose value it has.
    pub(super) order: Vec<u32>,
}

impl Shuffled {
    /// The order in which the rows of a column stand at one of its shuffles. It depends on these numbers alone, so that columns
    /// and repeats can be looked at in any order.
    ///
    /// # Panics
    /// For more than 2^32 rows.
    pub fn new(n_rows: usize, column: usize, repeat: usize, seed: u64) -> Self {
        let philox = Philox::new(seed);
        let n_rows = u32::try_from(n_rows).expect("an evaluation holds fewer rows than 2^32");
        let mut order: Vec<u32> = (0..n_rows).collect();
        shuffle(&mut order, |last| {
            let [low, high, ..] = philox.block([last as u32, column as u32, repeat as u32, ORDER]);
            u64::from(high) << 32 | u64::from(low)
        });
        Self { column, order }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Importances {
    /// Rows that count.
    pub n_samples: usize,
    /// The name of the score, which is greater the better the answers are.
    pub scoring: String,
    /// The score of the rows as they are.
    pub baseline: f64,
    /// The columns that the model takes, in their order.
    pub features: Vec<String>,
    /// By how much the score falls: `(features, repeats)`.
    pub importances: Array2<f64>,
}

impl Importances {
    /// Of each column.
    pub fn mean(&self) -> Array1<f64> {
        let n = self.importances.ncols() as f64;
        self.importances.map_axis(Axis(1), |row| row.iter().sum::<f64>() / n)
    }

    /// The standard deviation of each column, as of a whole population.
    pub fn deviation(&self) -> Array1<f64> {
        let n = self.importances.ncols() as f64;
        let squares = |row: ndarray::ArrayView1<'_, f64>| {
            let mean = row.iter().sum::<f64>() / n;
            row.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>()
        };
        self.importances.map_axis(Axis(1), |row| (squares(row) / n).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_shuffle_holds_each_row_once_and_is_another_for_each_column_repeat_and_seed() {
        let shuffles: Vec<Vec<u32>> = [(0, 0, 7), (1, 0, 7), (0, 1, 7), (0, 0, 8)]
            .map(|(column, repeat, seed)| Shuffled::new(100, column, repeat, seed).order)
            .into();

        for (at, order) in shuffles.iter().enumerate() {
            let mut rows = order.clone();
            rows.sort_unstable();
            assert_eq!(rows, (0..100).collect::<Vec<_>>());
            assert!(shuffles[..at].iter().all(|other| other != order));
        }
        assert_eq!(Shuffled::new(100, 0, 0, 7).order, shuffles[0]);
    }

    /// Of 6,000 shuffles each of the six orders; the bound is five deviations.
    #[test]
    fn every_order_is_as_likely_as_any_other() {
        let mut counts = std::collections::BTreeMap::new();
        for repeat in 0..6_000 {
            *counts.entry(Shuffled::new(3, 0, repeat, 1).order).or_insert(0) += 1;
        }

        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count: &i32| (count - 1_000).abs() < 145), "{counts:?}");
    }

    #[test]
    fn means_and_deviations_are_of_each_column() {
        let importances = array![[1.0, 3.0], [0.0, 0.0]];
        let found = Importances { n_samples: 9, scoring: "r2".into(), baseline: 1.0, features: vec![], importances };

        assert_eq!((found.mean(), found.deviation()), (array![2.0, 0.0], array![1.0, 0.0]));
    }
}
