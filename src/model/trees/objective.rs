//! What a split is good for: what is summed over the rows of a bin, and how two sides of a split compare.
//!
//! Sums are of whole numbers, so that they come out the same in any order: what is left of a histogram when another is taken
//! away is what its rows would have come to, and two columns that split alike gain alike, to the bit.

use super::chance::{PowerOfTwo, exponent};

/// A row as a tree counts it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Label {
    /// In units, 1 at least.
    pub(super) weight: i64,
    /// Of a class its number, of a number its part in a sum.
    pub(super) part: i64,
}

/// What a node's rows are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// There is nothing to tell apart.
    Pure,
    /// There is.
    Mixed,
    /// There is, and labels were written anew: sums of before are of no use.
    Rescaled,
}

/// What a tree is to find.
pub(super) trait Objective: Sync {
    /// How many sums a cell has: rows first, then others.
    fn width(&self) -> usize;

    /// How many numbers a leaf answers.
    fn n_outputs(&self) -> usize;

    /// Counts a row in.
    fn add(&self, cell: &mut [i64], label: Label);

    /// How much better two sides are than both in one; comparable within a node, and never NaN. Each side has a row.
    fn gain(&self, left: &[i64], all: &[i64]) -> f64;

    /// The labels of a tree's root.
    fn label(&self, row: usize, weight: i64) -> Label;

    /// Looks at the rows of a node. `span` is what its labels were last scaled to, infinite at the root.
    fn look(&self, rows: &[u32], labels: &mut [Label], span: &mut f64) -> Outlook;

    /// Appends what a leaf with these rows answers.
    fn answer(&self, rows: &[u32], labels: &[Label], answers: &mut Vec<f64>);
}

/// How mixed the classes of a node are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Impurity {
    /// `1 - sum_k p_k^2`
    Gini,
    /// `- sum_k p_k ln p_k`
    Entropy,
}

/// Classification: a cell has the rows, then the weight of each class.
#[derive(Debug)]
pub(super) struct Shares<'a> {
    pub(super) classes: &'a [usize],
    pub(super) n_classes: usize,
    pub(super) impurity: Impurity,
}

impl Objective for Shares<'_> {
    fn width(&self) -> usize {
        1 + self.n_classes
    }

    fn n_outputs(&self) -> usize {
        self.n_classes
    }

    #[inline]
    fn add(&self, cell: &mut [i64], label: Label) {
        cell[0] += 1;
        cell[1 + label.part as usize] += label.weight;
    }

    /// The weighted impurity of both sides, negative and but for a term that all splits of a node have in common.
    #[inline]
    fn gain(&self, left: &[i64], all: &[i64]) -> f64 {
        let sides = left[1..].iter().zip(&all[1..]).map(|(left, all)| (*left as f64, (all - left) as f64));
        let (n_left, n_right) = sides.clone().fold((0.0, 0.0), |sums, it| (sums.0 + it.0, sums.1 + it.1));
        match self.impurity {
            Impurity::Gini => {
                let (left, right) = sides.fold((0.0, 0.0), |sums, it| (sums.0 + it.0 * it.0, sums.1 + it.1 * it.1));
                // One division, so that splits which are equally good in whole numbers are so here.
                (left * n_right + right * n_left) / (n_left * n_right)
            }
            Impurity::Entropy => {
                let term = |part: f64, whole: f64| if part > 0.0 { part * (part / whole).ln() } else { 0.0 };
                let terms =
                    |sums: (f64, f64), it: (f64, f64)| (sums.0 + term(it.0, n_left), sums.1 + term(it.1, n_right));
                let (left, right) = sides.fold((0.0, 0.0), terms);
                left + right
            }
        }
    }

    fn label(&self, row: usize, weight: i64) -> Label {
        Label { weight, part: self.classes[row] as i64 }
    }

    fn look(&self, _: &[u32], labels: &mut [Label], _: &mut f64) -> Outlook {
        let pure = labels.iter().all(|label| label.part == labels[0].part);
        if pure { Outlook::Pure } else { Outlook::Mixed }
    }

    fn answer(&self, _: &[u32], labels: &[Label], answers: &mut Vec<f64>) {
        let mut weights = vec![0; self.n_classes];
        labels.iter().for_each(|label| weights[label.part as usize] += label.weight);
        let all = weights.iter().sum::<i64>() as f64;
        answers.extend(weights.into_iter().map(|weight| weight as f64 / all));
    }
}

/// Regression: a cell has the rows, their weight, and the sum of their numbers.
#[derive(Debug)]
pub(super) struct Means<'a> {
    pub(super) values: &'a [f64],
}

/// Numbers are scaled anew where they lie this much closer together than those that they were scaled with.
const CLOSER: f64 = 1.0 / 1024.0;
/// Sums of scaled numbers stay below 2 to the power of this.
const SUM_BITS: i32 = 61;

impl Objective for Means<'_> {
    fn width(&self) -> usize {
        3
    }

    fn n_outputs(&self) -> usize {
        1
    }

    #[inline]
    fn add(&self, cell: &mut [i64], label: Label) {
        let [rows, weight, sum] = cell else { return };
        *rows += 1;
        *weight += label.weight;
        *sum += label.part;
    }

    /// `n_l n_r (mean_l - mean_r)^2`, which is what the sum of squares shrinks by, times the weight of all.
    #[inline]
    fn gain(&self, left: &[i64], all: &[i64]) -> f64 {
        let ([_, weight, sum], [_, all_weight, all_sum]) = (left, all) else { return 0.0 };
        let (n_left, n_right) = (*weight as f64, (all_weight - weight) as f64);
        let apart = *sum as f64 * n_right - (all_sum - sum) as f64 * n_left;
        apart * apart / (n_left * n_right)
    }

    fn label(&self, _: usize, weight: i64) -> Label {
        Label { weight, part: 0 } // look() scales it
    }

    fn look(&self, rows: &[u32], labels: &mut [Label], span: &mut f64) -> Outlook {
        let (least, most) = self.range(rows);
        let middle = least / 2.0 + most / 2.0;
        let half = (most - middle).max(middle - least);
        if least == most {
            return Outlook::Pure;
        }
        if half >= *span * CLOSER {
            return Outlook::Mixed;
        }
        *span = half;
        let weight: i64 = labels.iter().map(|label| label.weight).sum();
        let scale = PowerOfTwo(SUM_BITS - exponent(weight as f64) - exponent(half));
        for (row, label) in rows.iter().zip(labels) {
            label.part = (scale.times(self.values[*row as usize] - middle) * label.weight as f64).round() as i64;
        }
        Outlook::Rescaled
    }

    /// The mean of the targets.
    fn answer(&self, rows: &[u32], labels: &[Label], answers: &mut Vec<f64>) {
        let weighted = || rows.iter().zip(labels).map(|(row, label)| (self.values[*row as usize], label.weight as f64));
        let (least, most) = self.range(rows);
        let weight: f64 = weighted().map(|(_, weight)| weight).sum();
        let sum: f64 = weighted().map(|(value, weight)| value * weight).sum();
        let mean =
            if sum.is_finite() { sum / weight } else { weighted().map(|(value, own)| value * (own / weight)).sum() };
        answers.push(mean.clamp(least, most));
    }
}

impl Means<'_> {
    fn range(&self, rows: &[u32]) -> (f64, f64) {
        let values = rows.iter().map(|row| self.values[*row as usize]);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), it| (least.min(it), most.max(it)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn gini_prefers_the_purer_sides() {
        let shares = Shares { classes: &[], n_classes: 2, impurity: Impurity::Gini };

        let all = [8, 4, 4];

        assert_eq!(shares.gain(&[4, 4, 0], &all), 8.0); // 16 / 4 + 16 / 4
        assert_eq!(shares.gain(&[4, 2, 2], &all), 4.0);
        assert_eq!(shares.gain(&[3, 1, 2], &all), shares.gain(&[5, 3, 2], &all));
    }

    #[test]
    fn entropy_is_that_of_both_sides() {
        let shares = Shares { classes: &[], n_classes: 2, impurity: Impurity::Entropy };

        assert_eq!(shares.gain(&[4, 4, 0], &[8, 4, 4]), 0.0);
        assert_relative_eq!(shares.gain(&[4, 2, 2], &[8, 4, 4]), 8.0 * 0.5f64.ln(), max_relative = 1e-15);
    }

    #[test]
    fn squares_shrink_by_the_distance_of_means() {
        let means = Means { values: &[] };

        assert_eq!(means.gain(&[1, 1, 10], &[4, 4, 16]), 3.0 * 64.0); // means 10 and 2
        assert_eq!(means.gain(&[3, 3, 6], &[4, 4, 16]), 3.0 * 64.0);
    }

    #[test]
    fn numbers_are_scaled_to_their_range_and_anew_where_they_are_closer() {
        let means = Means { values: &[1.0, 1.0 + 1e-9, 1e300, -1e300] };
        let mut labels: Vec<Label> = (0..4).map(|row| means.label(row, 1)).collect();
        let mut span = f64::INFINITY;

        let root = means.look(&[0, 1, 2, 3], &mut labels, &mut span);
        let alike = labels[0].part == labels[1].part;
        let child = means.look(&[0, 1], &mut labels[..2], &mut span);

        assert_eq!((root, child, alike), (Outlook::Rescaled, Outlook::Rescaled, true));
        assert!(labels[2].part == -labels[3].part && labels[0].part < labels[1].part);
        assert_eq!(means.look(&[0, 1], &mut labels[..2], &mut span), Outlook::Mixed);
    }

    #[test]
    fn a_mean_stays_within_its_numbers_where_their_sum_overflows() {
        let means = Means { values: &[1.7e308, 1.7e308, 1.7e308] };
        let labels = [Label { weight: 5, part: 0 }; 3];
        let mut answers = vec![];

        means.answer(&[0, 1, 2], &labels, &mut answers);

        assert_eq!(answers, [1.7e308]);
    }
}
