//! Rows of which no two are the same.

use crate::model::Rows;
use std::cmp::Ordering;

/// The rows of a fit in the order in which they first come; those that are equal, and have equal targets, are one row of
/// their weights' sum.
///
/// So weight 2 is the row twice, to the bit: both are the same problem, and not only of the same solution.
#[derive(Debug)]
pub(in crate::model) struct Distinct {
    /// Row-major.
    pub(in crate::model) values: Vec<f64>,
    pub(in crate::model) width: usize,
    pub(in crate::model) targets: Vec<f64>,
    pub(in crate::model) weights: Vec<f64>,
}

impl Distinct {
    /// With what `target` says of a row.
    pub(in crate::model) fn of(rows: Rows<'_>, target: impl Fn(usize) -> f64) -> Self {
        let width = rows.n_features();
        let row = |number: usize| &rows.values()[number * width..(number + 1) * width];
        let compare = |one: &usize, other: &usize| {
            compare_rows(row(*one), row(*other)).then_with(|| target(*one).total_cmp(&target(*other)))
        };
        let mut sorted: Vec<usize> = (0..rows.len()).collect();
        sorted.sort_by(compare); // Stable: of equal rows the first one comes first.
        let mut total = vec![0.0; rows.len()];
        for equal in sorted.chunk_by(|one, other| compare(one, other) == Ordering::Equal) {
            total[equal[0]] = equal.iter().map(|number| rows.weights[*number]).sum();
        }
        let firsts: Vec<usize> = (0..rows.len()).filter(|number| total[*number] > 0.0).collect();
        Self {
            values: firsts.iter().flat_map(|number| row(*number)).copied().collect(),
            width,
            targets: firsts.iter().map(|number| target(*number)).collect(),
            weights: firsts.iter().map(|number| total[*number]).collect(),
        }
    }

    /// How many there are.
    pub(in crate::model) fn len(&self) -> usize {
        self.weights.len()
    }

    /// The numbers of one.
    pub(in crate::model) fn row(&self, number: usize) -> &[f64] {
        &self.values[number * self.width..(number + 1) * self.width]
    }

    /// Some of them.
    pub(in crate::model) fn values_of(&self, numbers: &[usize]) -> Vec<f64> {
        numbers.iter().flat_map(|number| self.row(*number)).copied().collect()
    }

    /// The mean squared deviation of all numbers from their mean, whatever their columns.
    pub(super) fn variance(&self) -> f64 {
        let rows = || self.values.chunks_exact(self.width).zip(&self.weights);
        let total = self.weights.iter().sum::<f64>() * self.width as f64;
        let mean = rows().map(|(row, weight)| weight / total * row.iter().sum::<f64>()).sum::<f64>();
        rows().map(|(row, weight)| weight / total * row.iter().map(|x| (x - mean).powi(2)).sum::<f64>()).sum()
    }
}

fn compare_rows(one: &[f64], other: &[f64]) -> Ordering {
    let mut compared = one.iter().zip(other).map(|(one, other)| one.total_cmp(other));
    compared.find(|it| it.is_ne()).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    #[test]
    fn equal_rows_of_equal_targets_are_one_row_where_the_first_of_them_was() {
        let features = array![[3.0, 1.0], [1.0, 2.0], [3.0, 1.0], [1.0, 2.0], [3.0, 1.0]];
        let rows = Rows::new(&features, Targets::None.view(), &[1.0, 2.0, 4.0, 8.0, 16.0]);

        let distinct = Distinct::of(rows, |number| [0.0, 1.0, 0.0, 0.0, 0.0][number]);

        assert_eq!(distinct.values, [3.0, 1.0, 1.0, 2.0, 1.0, 2.0]);
        assert_eq!((distinct.targets, distinct.weights), (vec![0.0, 1.0, 0.0], vec![21.0, 2.0, 8.0]));
    }

    #[test]
    fn the_variance_is_that_of_all_numbers_each_as_often_as_its_row_counts() {
        let features = array![[1.0, 2.0], [4.0, 9.0]];

        let distinct = Distinct::of(Rows::new(&features, Targets::None.view(), &[3.0, 1.0]), |_| 0.0);

        // 1, 1, 1, 2, 2, 2, 4, 9
        assert_abs_diff_eq!(distinct.variance(), 112.0 / 8.0 - 2.75 * 2.75, epsilon = 1e-14);
    }
}
