//! Rows that are held out, so that a model is measured on rows that it has not seen.
//!
//! The version that is published learns from all rows. What it answers to rows that it has seen flatters it, so that a second
//! model is fitted the same way on a part of the rows, and measured on others. Both parts are bounded: what that costs does not
//! grow with the table.

use super::random::Chance;
use super::samples::Samples;
use super::{Rows, Targets};

/// The share of rows that is held out, unless a specification says otherwise.
pub const VALIDATION_FRACTION: f64 = 0.2;
/// About as many rows, of larger tables some by chance, are taken for the second model, held-out ones among them.
const MOST_ROWS: usize = 50_000;
/// What fewer held-out rows say is chance.
const FEWEST_HELD_OUT: usize = 10;
/// Rows that a model has seen and is measured on, at most.
const MOST_SEEN: usize = 10_000;

/// What a number is for; part of its counter, beside what trees draw.
const HELD_OUT: u32 = 2;
const SEEN: u32 = 3;

/// Positions of rows in two parts, both ascending.
#[derive(Debug, PartialEq)]
pub(super) struct Split {
    pub(super) training: Vec<usize>,
    pub(super) held_out: Vec<usize>,
}

impl Split {
    /// Which rows to hold out, by the seed, positions and classes: of each class as large a share as of all, and never all. `None`
    /// without targets, which could be met or not, and where fewer than ten would be held out.
    pub(super) fn of(targets: &Targets, fraction: f64, seed: u64) -> Option<Self> {
        Self::of_strata(|| strata(targets), fraction, seed)
    }

    /// Which of so many rows to hold out where they are likely or not, instead of having targets.
    pub(super) fn of_rows(n_rows: usize, fraction: f64, seed: u64) -> Option<Self> {
        Self::of_strata(|| vec![(0..n_rows).collect()], fraction, seed)
    }

    fn of_strata(strata: impl FnOnce() -> Vec<Vec<usize>>, fraction: f64, seed: u64) -> Option<Self> {
        if fraction == 0.0 {
            return None;
        }
        let strata = strata();
        let n_rows: usize = strata.iter().map(Vec::len).sum();
        let sampled = |rows: usize| rows * n_rows.min(MOST_ROWS) / n_rows.max(1);
        let held_out_of = |rows: usize| (rows as f64 * fraction).round() as usize;
        let chance = Chance::new(seed, HELD_OUT);
        let (mut split, mut before, mut taken) = (Self { training: vec![], held_out: vec![] }, 0, 0);
        for mut rows in strata.into_iter().filter(|rows| !rows.is_empty()) {
            // Differences of rounded sums, so that the parts of all classes together have the size that they should.
            let size = (sampled(before + rows.len()) - sampled(before)).max(1);
            let held_out = (held_out_of(taken + size) - held_out_of(taken)).min(size - 1);
            (before, taken) = (before + rows.len(), taken + size);
            chance.to_the_front(&mut rows, size);
            chance.to_the_front(&mut rows[..size], held_out);
            split.held_out.extend(&rows[..held_out]);
            split.training.extend(&rows[held_out..size]);
        }
        split.training.sort_unstable();
        split.held_out.sort_unstable();
        (split.held_out.len() >= FEWEST_HELD_OUT).then_some(split)
    }
}

/// The rows of each class; without classes all rows, and without targets none.
fn strata(targets: &Targets) -> Vec<Vec<usize>> {
    match targets {
        Targets::None => vec![],
        Targets::Values(values) => vec![(0..values.len()).collect()],
        Targets::Several(values) => vec![(0..values.nrows()).collect()],
        Targets::Classes { indices, labels } => {
            let mut strata = vec![vec![]; labels.len()];
            indices.iter().enumerate().for_each(|(row, class)| strata[*class].push(row));
            strata
        }
    }
}

/// The rows to measure a model on that has seen them, ascending; `None` for all of them.
pub(super) fn seen(n_rows: usize, seed: u64) -> Option<Vec<usize>> {
    drawn(n_rows, MOST_SEEN, seed)
}

/// So many rows by chance, ascending; `None` for all of them.
pub(super) fn drawn(n_rows: usize, most: usize, seed: u64) -> Option<Vec<usize>> {
    (n_rows > most).then(|| {
        let mut rows: Vec<usize> = (0..n_rows).collect();
        Chance::new(seed, SEEN).to_the_front(&mut rows, most);
        rows.truncate(most);
        rows.sort_unstable();
        rows
    })
}

/// Rows to learn from or to be measured on, with their targets.
pub(super) struct Part {
    pub(super) features: Samples,
    pub(super) targets: Targets,
    /// How often each row counts.
    pub(super) weights: Vec<f64>,
}

impl Part {
    /// As an algorithm is given them.
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows::of(&self.features, self.targets.view(), &self.weights)
    }

    /// These rows of it.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        Self {
            features: self.features.select(rows).into(),
            targets: self.targets.select(rows),
            weights: rows.iter().map(|row| self.weights[*row]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;
    use ndarray::Array1;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn numbers(n_rows: usize) -> Targets {
        Targets::Values(Array1::zeros(n_rows))
    }

    /// As many rows of each class, in turns as long as there are some.
    fn classes(counts: &[usize]) -> Targets {
        let most = counts.iter().copied().max().unwrap_or(0);
        let indices = (0..most).flat_map(|turn| (0..counts.len()).filter(move |class| turn < counts[*class]));
        let labels = Arc::new(Labels::Integer((0..counts.len() as i64).collect()));
        Targets::Classes { indices: indices.collect(), labels }
    }

    fn of_class(targets: &Targets, rows: &[usize], class: usize) -> usize {
        let Targets::Classes { indices, .. } = targets else { unreachable!() };
        rows.iter().filter(|row| indices[**row] == class).count()
    }

    #[test]
    fn a_fifth_is_held_out_and_the_rest_is_learned_from() {
        let Split { training, held_out } = Split::of(&numbers(103), VALIDATION_FRACTION, 7).unwrap();

        assert_eq!((training.len(), held_out.len()), (82, 21));
        let mut all = [training, held_out].concat();
        all.sort_unstable();
        assert_eq!(all, (0..103).collect::<Vec<_>>());
    }

    #[test]
    fn each_class_is_held_out_by_its_share_and_no_class_is_left_without_rows_to_learn_from() {
        let targets = classes(&[100, 40, 5, 1, 1, 1, 1, 1]);

        let Split { training, held_out } = Split::of(&targets, 0.2, 7).unwrap();

        assert_eq!([0, 1, 2].map(|class| of_class(&targets, &held_out, class)), [20, 8, 1]);
        assert!((0..8).all(|class| of_class(&targets, &training, class) > 0));
    }

    #[test]
    fn classes_of_few_rows_are_held_out_by_their_share_all_together() {
        let Split { held_out, .. } = Split::of(&classes(&[2; 100]), 0.2, 7).unwrap();

        assert_eq!(held_out.len(), 40);
    }

    #[test]
    fn a_large_table_is_measured_on_a_part_of_it_in_which_every_class_has_its_share() {
        let targets = classes(&[1, 400_000, 99_999]);

        let Split { training, held_out } = Split::of(&targets, 0.2, 7).unwrap();

        assert_eq!((training.len(), held_out.len()), (40_001, 10_000));
        assert_eq!([0, 1, 2].map(|class| of_class(&targets, &held_out, class)), [0, 8_000, 2_000]);
        assert_eq!(of_class(&targets, &training, 0), 1);
    }

    #[test]
    fn nothing_is_held_out_where_it_would_say_nothing() {
        assert!(Split::of(&numbers(50), 0.2, 7).is_some());
        assert_eq!(Split::of(&numbers(47), 0.2, 7), None);
        assert_eq!(Split::of(&numbers(1_000), 0.0, 7), None);
        assert_eq!(Split::of(&Targets::None, 0.2, 7), None);
    }

    #[test]
    fn another_seed_holds_out_other_rows() {
        let held_out = |seed| Split::of(&numbers(200), 0.2, seed).unwrap().held_out;

        assert_eq!(held_out(1), held_out(1));
        assert_ne!(held_out(1), held_out(2));
    }

    /// Of 40 seeds a row is held out 8 times, with a deviation of 2.5.
    #[test]
    fn every_row_is_held_out_now_and_then() {
        let mut times = vec![0; 100];
        for seed in 0..40 {
            Split::of(&numbers(100), 0.2, seed).unwrap().held_out.iter().for_each(|row| times[*row] += 1);
        }

        assert!(times.iter().all(|times| (1..20).contains(times)), "{times:?}");
    }

    #[test]
    fn of_many_rows_ten_thousand_tell_what_a_model_makes_of_rows_that_it_has_seen() {
        let rows = seen(30_000, 7).unwrap();

        assert_eq!(seen(10_000, 7), None);
        assert_eq!(rows.len(), 10_000);
        assert!(rows.is_sorted_by(|one, next| one < next) && rows[9_999] < 30_000);
        let in_the_first_third = rows.iter().filter(|row| **row < 10_000).count();
        assert!((3_100..3_570).contains(&in_the_first_third), "{in_the_first_third}"); // Five deviations.
    }

    proptest! {
        #[test]
        fn no_row_is_in_both_parts(counts in prop::collection::vec(1usize..40, 2..6), fraction in 0.0f64..1.0, seed: u64) {
            let targets = classes(&counts);
            if let Some(Split { training, held_out }) = Split::of(&targets, fraction, seed) {
                let mut all = [training.as_slice(), &held_out].concat();
                all.sort_unstable();

                prop_assert_eq!(all, (0..counts.iter().sum()).collect::<Vec<usize>>());
                prop_assert!((0..counts.len()).all(|class| of_class(&targets, &training, class) > 0));
            }
        }
    }
}
