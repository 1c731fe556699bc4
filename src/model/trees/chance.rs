//! What chance decides in a tree: which rows it sees, and which columns a node looks at. It depends on the seed, the number of
//! the tree and the place within it, so that whoever grows the tree grows the same one.

use crate::error::Result;
use crate::model::crew::Ask;
use crate::model::random::{Philox, below};

/// What the numbers of a tree are for; part of their counter.
const ROWS: u32 = 0;
const COLUMNS: u32 = 1;
/// Draws between two looks whether to go on.
const STRIDE: u64 = 1 << 17;
/// Weights call for no more draws than these for each row.
const MOST_DRAWS: f64 = 16.0;

/// The random numbers of one tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    philox: Philox,
    tree: u32,
}

impl Chance {
    pub(super) fn of(seed: u64, tree: usize) -> Self {
        Self { philox: Philox::new(seed), tree: tree as u32 }
    }

    /// How often each row is drawn in a bootstrap sample: as often as there are rows, or as their weights say if these sum to
    /// more, each time one row with the chance that its weight gives it. So a row of weight 2 is as good as two rows.
    ///
    /// # Errors
    /// What `ask` answers.
    pub(super) fn bootstrap(&self, weights: &Weights, ask: &Ask<'_>) -> Result<Vec<i64>> {
        let mut times = vec![0; weights.units.len()];
        let n_rows = times.len() as f64;
        let n_draws = weights.sum.round().clamp(n_rows, n_rows * MOST_DRAWS) as u64;
        let ends = weights.ends();
        let all = ends.last().copied().unwrap_or_default();
        for first in (0..n_draws).step_by(2) {
            if first % STRIDE == 0 {
                ask()?;
            }
            let [a, b, c, d] = self.philox.block([first as u32, (first >> 32) as u32, ROWS, self.tree]);
            for (low, high) in [(a, b), (c, d)].into_iter().take((n_draws - first) as usize) {
                let place = below(all, u64::from(high) << 32 | u64::from(low));
                let row =
                    if weights.equal { place / ends[0] } else { ends.partition_point(|end| *end <= place) as u64 };
                times[row as usize] += 1;
            }
        }
        Ok(times)
    }

    /// Number `place` of a node, below `bound`.
    pub(super) fn column(&self, node: u32, place: usize, bound: usize) -> usize {
        let numbers = self.philox.block([node, (place / 4) as u32, COLUMNS, self.tree]);
        below(bound as u64, u64::from(numbers[place % 4]) << 32) as usize
    }
}

/// The weights of rows, rounded to whole units: sums of whole numbers are the same in any order.
#[derive(Debug)]
pub(super) struct Weights {
    /// One at least for each row, and fewer than 2^52 for all.
    pub(super) units: Vec<i64>,
    sum: f64,
    equal: bool,
}

impl Weights {
    pub(super) fn of(weights: &[f64]) -> Self {
        let largest = weights.iter().copied().fold(0.0, f64::max);
        // n weights below 2^e and with n < 2^b sum to fewer than 2^(e + b).
        let bits = usize::BITS - weights.len().leading_zeros();
        let scale = PowerOfTwo(50 - bits as i32 - exponent(largest));
        let units = weights.iter().map(|weight| (scale.times(*weight).round() as i64).max(1)).collect();
        let equal = weights.iter().all(|weight| *weight == largest);
        Self { units, sum: weights.iter().sum(), equal }
    }

    /// Where each row ends if all stand in a line, each as long as its weight.
    fn ends(&self) -> Vec<u64> {
        let steps = self.units.iter().scan(0, |end, units| {
            *end += units.unsigned_abs();
            Some(*end)
        });
        steps.collect()
    }
}

/// A power of two above this number, and no larger than twice the number if that is a normal one.
pub(super) fn exponent(number: f64) -> i32 {
    (number.to_bits() >> 52 & 0x7ff) as i32 - 1022
}

/// `2^k`, also where it is no number itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct PowerOfTwo(pub(super) i32);

impl PowerOfTwo {
    pub(super) fn times(self, number: f64) -> f64 {
        let half = self.0 / 2;
        number * 2f64.powi(half) * 2f64.powi(self.0 - half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drawn(tree: usize, weights: &[f64]) -> Vec<i64> {
        Chance::of(7, tree).bootstrap(&Weights::of(weights), &|| Ok(())).unwrap()
    }

    #[test]
    fn as_many_rows_are_drawn_as_there_are_and_two_thirds_of_them_at_all() {
        let times = drawn(3, &[1.0; 10_001]);

        assert_eq!(times.iter().sum::<i64>(), 10_001);
        let share = times.iter().filter(|times| **times > 0).count() as f64 / 10_001.0;
        assert!((share - (1.0 - (-1.0f64).exp())).abs() < 0.01, "{share}");
        assert_ne!(times, drawn(4, &[1.0; 10_001]));
    }

    #[test]
    fn a_row_of_weight_two_is_drawn_as_often_as_two_rows() {
        let weighted = drawn(0, &[1.0, 2.0, 3.0, 1.0]);

        let repeated = drawn(0, &[1.0; 7]);

        let sums = [&repeated[..1], &repeated[1..3], &repeated[3..6], &repeated[6..]].map(|it| it.iter().sum::<i64>());
        assert_eq!(weighted, sums);
    }

    #[test]
    fn weights_that_sum_to_less_than_a_row_draw_as_many_as_there_are_rows() {
        assert_eq!(drawn(0, &[1e-3, 1e-3, 2e-3]).iter().sum::<i64>(), 3);
        assert_eq!(drawn(0, &[1e300, 1e-300]), [32, 0]);
    }

    proptest! {
        #[test]
        fn units_are_the_weights_in_another_scale(whole in prop::collection::vec(1u32..1000, 1..50), power in -300i32..300) {
            let weights: Vec<f64> = whole.iter().map(|it| f64::from(*it) * 2f64.powi(power)).collect();

            let units = Weights::of(&weights).units;

            prop_assert!(units.iter().sum::<i64>() < 1 << 52);
            let unit = units[0] / i64::from(whole[0]);
            prop_assert!(units.iter().zip(&whole).all(|(units, whole)| *units == unit * i64::from(*whole)));
        }
    }
}
