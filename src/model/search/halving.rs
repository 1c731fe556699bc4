//! Halving: how many candidates learn from how many rows.

use super::spec::FACTOR;
use crate::error::{Error, Result};

/// Rows that the candidates of an iteration share, at least two for each fold (and class), as in scikit-learn.
const PER_FOLD: usize = 2;

/// What an iteration depends on.
pub(super) struct Halving {
    pub(super) n_candidates: usize,
    pub(super) n_rows: usize,
    pub(super) n_splits: usize,
    /// 1 where there are no classes.
    pub(super) n_classes: usize,
    pub(super) factor: Option<usize>,
    pub(super) min_resources: Option<usize>,
}

impl Halving {
    pub(super) fn factor(&self) -> usize {
        self.factor.unwrap_or(FACTOR)
    }

    /// Rows of each iteration.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the first one would take more than there are.
    pub(super) fn rows(&self) -> Result<Vec<usize>> {
        let (factor, needed) = (self.factor(), powers_within(self.n_candidates, self.factor()));
        let last = factor.saturating_pow(needed as u32);
        let smallest = self.n_splits.saturating_mul(PER_FOLD).saturating_mul(self.n_classes);
        let first = self.min_resources.unwrap_or_else(|| smallest.max(self.n_rows / last));
        if first > self.n_rows {
            return Err(Error::invalid(format!(
                "the first iteration of the halving takes {first} rows and there are {}; {}",
                self.n_rows,
                if self.min_resources.is_some() { "lower min_resources" } else { "use fewer folds, or a grid" }
            )));
        }
        let n_iterations = needed.min(powers_within(self.n_rows / first, factor)) + 1;
        let rows = |at: usize| factor.saturating_pow(at as u32).saturating_mul(first).min(self.n_rows);
        Ok((0..n_iterations).map(rows).collect())
    }
}

/// The largest `n` of which `factor^n <= number`; 0 for a number of 0.
fn powers_within(number: usize, factor: usize) -> usize {
    number.checked_ilog(factor).unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halving(n_candidates: usize, n_rows: usize) -> Halving {
        Halving { n_candidates, n_rows, n_splits: 5, n_classes: 1, factor: None, min_resources: None }
    }

    /// As `HalvingGridSearchCV.n_resources_` of scikit-learn 1.9.1 for as many rows and candidates.
    #[test]
    fn the_last_iteration_takes_all_rows_if_the_first_has_enough() {
        assert_eq!(halving(27, 1_000).rows().unwrap(), [37, 111, 333, 999]);
        assert_eq!(halving(20, 442).rows().unwrap(), [49, 147, 441]);
        assert_eq!(halving(20, 50).rows().unwrap(), [10, 30]);
        assert_eq!(halving(1, 50).rows().unwrap(), [50]);
    }

    #[test]
    fn rows_and_factor_that_are_asked_for_are_taken() {
        let asked = Halving { factor: Some(2), min_resources: Some(20), ..halving(8, 100) };

        assert_eq!(asked.rows().unwrap(), [20, 40, 80]);
    }

    #[test]
    fn more_rows_than_there_are_are_refused_with_both_numbers() {
        let classes = Halving { n_classes: 3, ..halving(8, 20) }.rows().unwrap_err().to_string();
        let asked = Halving { min_resources: Some(21), ..halving(8, 20) }.rows().unwrap_err().to_string();

        assert!(classes.contains("takes 30 rows and there are 20; use fewer folds"), "{classes}");
        assert!(asked.contains("takes 21 rows and there are 20; lower min_resources"), "{asked}");
    }
}
