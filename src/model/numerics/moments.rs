//! Mean and variance of columns.

use crate::model::Rows;
use crate::model::summation::Summation;

/// Weight, means and sums of squared deviations of some rows.
///
/// Row by row: B. P. Welford, "Note on a method for calculating corrected sums of squares and products" (1962),
/// doi:10.1080/00401706.1962.10490022; merged: T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample
/// variance" (1983), doi:10.1080/00031305.1983.10483115. A difference of sums would lose all digits of a column far from 0.
#[derive(Clone, Debug)]
pub(in crate::model) struct Moments {
    /// Of all rows.
    pub(in crate::model) weight: f64,
    /// Of each column.
    pub(in crate::model) mean: Vec<f64>,
    /// `sum w (x - mean)^2` of each column.
    pub(in crate::model) m2: Vec<f64>,
}

impl Moments {
    /// Of no rows.
    pub(in crate::model) fn none(width: usize) -> Self {
        Self { weight: 0.0, mean: vec![0.0; width], m2: vec![0.0; width] }
    }

    /// With one more row.
    pub(in crate::model) fn add(&mut self, row: &[f64], weight: f64) {
        self.weight += weight;
        let share = weight / self.weight;
        for ((x, mean), m2) in row.iter().zip(&mut self.mean).zip(&mut self.m2) {
            let deviation = x - *mean;
            *mean += deviation * share;
            *m2 += weight * deviation * (x - *mean);
        }
    }

    /// With the rows of another.
    #[must_use]
    pub(in crate::model) fn merged(mut self, other: Self) -> Self {
        if self.weight == 0.0 || other.weight == 0.0 {
            return if self.weight == 0.0 { other } else { self };
        }
        let weight = self.weight + other.weight;
        let (share, product) = (other.weight / weight, self.weight * other.weight / weight);
        let others = other.mean.iter().zip(&other.m2);
        for ((mean, m2), (other_mean, other_m2)) in self.mean.iter_mut().zip(&mut self.m2).zip(others) {
            let distance = other_mean - *mean;
            *mean += distance * share;
            *m2 += other_m2 + distance * distance * product;
        }
        Self { weight, ..self }
    }

    /// Of each column, divided by the weight.
    pub(in crate::model) fn variances(&self) -> impl Iterator<Item = f64> {
        self.m2.iter().map(|m2| m2 / self.weight)
    }
}

/// The moments of all columns.
pub(in crate::model) struct OfColumns;

impl Summation for OfColumns {
    type Partial = Moments;

    fn partial(&self, shard: Rows<'_>) -> Moments {
        let mut moments = Moments::none(shard.n_features());
        shard.iter().zip(shard.weights).for_each(|(row, weight)| moments.add(row, *weight));
        moments
    }

    fn merge(&self, left: Moments, right: Moments) -> Moments {
        left.merged(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::none(1);
        values.iter().for_each(|value| moments.add(&[*value], 1.0));
        moments
    }

    #[test]
    fn a_column_far_from_zero_keeps_its_digits() {
        let [left, right] = [[1e8, 1e8 + 1.0], [1e8 + 2.0, 1e8 + 3.0]].map(|values| of(&values));

        assert_eq!(left.merged(right).m2, [5.0]);
    }

    #[test]
    fn no_rows_change_no_bit() {
        let some = of(&[0.1, 0.7, 1e9]);

        let (before, after) = (Moments::none(1).merged(some.clone()), some.clone().merged(Moments::none(1)));

        assert_eq!([before.mean, before.m2], [some.mean.clone(), some.m2.clone()]);
        assert_eq!([after.mean, after.m2], [some.mean, some.m2]);
    }

    proptest! {
        #[test]
        fn a_weight_is_a_number_of_rows(values in prop::collection::vec(-1e3f64..1e3, 1..20), times in 1usize..5) {
            let mut weighted = Moments::none(1);
            values.iter().for_each(|value| weighted.add(&[*value], times as f64));

            let repeated = of(&values.iter().flat_map(|value| vec![*value; times]).collect::<Vec<_>>());

            prop_assert!((weighted.mean[0] - repeated.mean[0]).abs() < 1e-9);
            prop_assert!((weighted.m2[0] - repeated.m2[0]).abs() <= 1e-9 * repeated.m2[0].max(1.0));
        }
    }
}
