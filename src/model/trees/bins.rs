//! Columns whose values are replaced by the number of their bin, 256 at most, so that a split is a few additions for each row.
//!
//! A column of at most 256 distinct values has a bin for each, and nothing is lost. Another one has bins of about equal weight:
//! S. Ranka, V. Singh, "CLOUDS: a decision tree classifier for large datasets" (KDD 1998).

use crate::error::Result;
use crate::model::crew::{Ask, share_out};
use crate::model::random::{Philox, below};
use crate::model::{Rows, Training};
use ndarray::{ArrayView1, Axis};

/// A bin's number is a byte.
pub(super) const MOST_BINS: usize = 256;
/// Bins of equal weight are found from as many rows at most: more of them would not move a border that matters.
const SAMPLED_ROWS: usize = 1 << 18;
/// Rows between two looks whether to go on.
const STRIDE: usize = 1 << 20;

/// The values of a column.
#[derive(Debug)]
pub(super) struct Column {
    /// The bin of each row.
    pub(super) bins: Vec<u8>,
    /// The smallest and the largest value of each bin, ascending.
    borders: Vec<(f64, f64)>,
}

impl Column {
    /// Puts the values of each column into bins; told how many of them are done.
    ///
    /// # Errors
    /// What `report` answers.
    pub(super) fn all_of(training: &Training<'_>, report: &dyn Fn(usize) -> Result<()>) -> Result<Vec<Self>> {
        let rows = training.rows;
        share_out(rows.n_features(), training.threads, report, |column, ask| Self::of(rows, column, ask))
    }

    fn of(rows: Rows<'_>, column: usize, ask: &Ask<'_>) -> Result<Self> {
        let features = rows.features();
        let values = features.index_axis(Axis(1), column);
        let highest = match distinct(values, ask)? {
            Some(distinct) => distinct,
            None => quantiles(sample(values, rows.weights)),
        };
        let mut borders = vec![(f64::INFINITY, f64::NEG_INFINITY); highest.len()];
        let mut bins = Vec::with_capacity(values.len());
        for values in values.axis_chunks_iter(Axis(0), STRIDE) {
            ask()?;
            bins.extend(values.iter().map(|value| {
                let value = value + 0.0; // -0 becomes 0
                let bin = highest.partition_point(|highest| *highest < value).min(highest.len() - 1);
                let border = &mut borders[bin];
                *border = (border.0.min(value), border.1.max(value));
                bin as u8
            }));
        }
        Ok(Self { bins, borders })
    }

    /// How many bins there are.
    pub(super) fn n_bins(&self) -> usize {
        self.borders.len()
    }

    /// What parts one bin from a higher one, where none between them has a row: at least the largest value of the lower bin
    /// and less than the smallest of the other, in the middle if there is a number.
    pub(super) fn threshold(&self, low: usize, high: usize) -> f64 {
        between(self.borders[low].1, self.borders[high].0)
    }
}

/// Halves are added, because a sum could overflow.
fn between(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if low <= middle && middle < high { middle } else { low }
}

/// The values there are, ascending, if they are no more than bins.
fn distinct(values: ArrayView1<'_, f64>, ask: &Ask<'_>) -> Result<Option<Vec<f64>>> {
    let mut found: Vec<f64> = Vec::with_capacity(MOST_BINS + 1);
    for values in values.axis_chunks_iter(Axis(0), STRIDE) {
        ask()?;
        for value in values {
            let place = found.partition_point(|known| known < value);
            if found.get(place) != Some(value) {
                found.insert(place, *value);
            }
            if found.len() > MOST_BINS {
                return Ok(None);
            }
        }
    }
    Ok(Some(found))
}

/// Values and weights of all rows; of one in each stretch of them, drawn always alike, where there are many.
fn sample(values: ArrayView1<'_, f64>, weights: &[f64]) -> Vec<(f64, f64)> {
    let (n_rows, n_sampled) = (values.len(), values.len().min(SAMPLED_ROWS));
    let (chance, border) = (Philox::new(0), |number: usize| number * n_rows / n_sampled);
    let rows = (0..n_sampled).map(|number| {
        let (first, end) = (border(number), border(number + 1));
        let [low, high, ..] = chance.block([number as u32, 0, 0, 0]);
        first + below((end - first) as u64, u64::from(high) << 32 | u64::from(low)) as usize
    });
    rows.map(|row| (values[row], weights[row])).collect()
}

/// The largest value of each bin, so that bins weigh about the same. A value that weighs more than its share has a bin for
/// itself, and the others share what is left.
fn quantiles(mut sample: Vec<(f64, f64)>) -> Vec<f64> {
    // Rows of one value are added up in the order of their weights: what comes out does not depend on the order of rows.
    sample.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    let largest = sample.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
    let weigh = |rows: &[(f64, f64)]| rows.iter().map(|(_, weight)| weight / largest).sum::<f64>();
    let (mut left, mut filled, mut previous, mut highest) = (weigh(&sample), 0.0, 0.0, vec![]);
    for rows in sample.chunk_by(|one, other| one.0 == other.0) {
        let (value, weight) = (rows[0].0, weigh(rows));
        if filled > 0.0 && weight >= share(left, &highest) && highest.len() + 1 < MOST_BINS {
            highest.push(previous);
            left -= std::mem::take(&mut filled);
        }
        filled += weight;
        if filled >= share(left, &highest) && highest.len() + 1 < MOST_BINS {
            highest.push(value);
            left -= std::mem::take(&mut filled);
        }
        previous = value;
    }
    if highest.last() != Some(&previous) {
        highest.push(previous);
    }
    highest
}

/// Of each bin that is still to come.
fn share(left: f64, highest: &[f64]) -> f64 {
    left / (MOST_BINS - highest.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use ndarray::Array2;
    use proptest::prelude::*;

    fn column(values: &[f64]) -> Column {
        let features = Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap();
        let mut columns = trained(&features, &Targets::None, |training| Column::all_of(training, &|_| Ok(()))).unwrap();
        columns.remove(0)
    }

    #[test]
    fn as_many_distinct_values_as_bins_lose_nothing() {
        let values: Vec<f64> = (0..1_000).map(|row| f64::from(row * 7 % 256) - 100.5).collect();

        let column = column(&values);

        assert_eq!(column.n_bins(), MOST_BINS);
        for (value, bin) in values.iter().zip(&column.bins) {
            assert_eq!((*value, *value), column.borders[usize::from(*bin)]);
        }
    }

    #[test]
    fn bins_of_more_values_hold_about_as_many_rows_each() {
        let values: Vec<f64> = (0..100_000).map(|row| (f64::from(row) * 0.618_033_988_75).fract().powi(9)).collect();

        let column = column(&values);

        let mut rows = [0; MOST_BINS];
        column.bins.iter().for_each(|bin| rows[usize::from(*bin)] += 1);
        assert!(rows.iter().all(|rows| (380..402).contains(rows)), "{rows:?}");
    }

    #[test]
    fn a_value_of_many_rows_has_a_bin_for_itself() {
        let values: Vec<f64> = (0..2_000).map(|row| if row % 2 == 0 { 500.5 } else { f64::from(row) }).collect();

        let column = column(&values);

        let own = usize::from(column.bins[0]);
        assert_eq!((column.borders[own], column.n_bins()), ((500.5, 500.5), MOST_BINS));
    }

    #[test]
    fn both_zeros_are_one_value() {
        let column = column(&[0.0, -0.0, 1.0]);

        assert_eq!((column.n_bins(), column.threshold(0, 1)), (2, 0.5));
    }

    proptest! {
        #[test]
        fn a_threshold_is_at_least_the_lower_value_and_below_the_upper(one in any::<f64>(), other in any::<f64>()) {
            prop_assume!(one < other);

            let middle = between(one, other);
            let close = between(one, one.next_up());

            prop_assert!(one <= middle && middle < other && close == one);
        }

        #[test]
        fn bins_are_ascending_and_each_value_lies_within_its_own(values in prop::collection::vec(-1e3f64..1e3, 1..900)) {
            let column = column(&values);

            prop_assert!(column.borders.iter().all(|(low, high)| low <= high));
            prop_assert!(column.borders.is_sorted_by(|one, next| one.1 < next.0));
            prop_assert!(column.n_bins() <= MOST_BINS);
            for (value, bin) in values.iter().zip(&column.bins) {
                let (low, high) = column.borders[usize::from(*bin)];
                prop_assert!((low..=high).contains(value));
            }
        }
    }
}
