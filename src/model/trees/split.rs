//! The best place to part the rows of a node.

use super::objective::Objective;

/// Where to part: rows of bins up to `low` go left, and the next bin that has a row is `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Split {
    pub(super) gain: f64,
    pub(super) column: usize,
    pub(super) low: usize,
    pub(super) high: usize,
}

/// The search for it in the columns of a node.
#[derive(Debug)]
pub(super) struct Search {
    /// Sums over all rows of the node.
    all: Vec<i64>,
    /// Of the column that is being looked at, over the bins so far.
    left: Vec<i64>,
    last_bin: Option<usize>,
    n_bins: usize,
    column: usize,
    min_samples_leaf: i64,
    best: Option<Split>,
}

impl Search {
    pub(super) fn new(width: usize, min_samples_leaf: usize) -> Self {
        let min_samples_leaf = i64::try_from(min_samples_leaf).unwrap_or(i64::MAX);
        Self {
            all: vec![0; width],
            left: vec![0; width],
            last_bin: None,
            n_bins: 0,
            column: 0,
            min_samples_leaf,
            best: None,
        }
    }

    /// Begins with a node of these sums.
    pub(super) fn begin(&mut self, sum: impl FnOnce(&mut [i64])) {
        self.all.fill(0);
        sum(&mut self.all);
        self.best = None;
    }

    /// Begins with a column.
    pub(super) fn begin_column(&mut self, column: usize) {
        self.left.fill(0);
        (self.last_bin, self.n_bins, self.column) = (None, 0, column);
    }

    /// The next bin of the column that has rows.
    #[inline]
    pub(super) fn offer<O: Objective>(&mut self, objective: &O, bin: usize, cell: &[i64]) {
        if let Some(low) = self.last_bin
            && self.left[0] >= self.min_samples_leaf
            && self.all[0] - self.left[0] >= self.min_samples_leaf
        {
            let gain = objective.gain(&self.left, &self.all);
            if self.best.is_none_or(|best| gain > best.gain || gain == best.gain && self.column < best.column) {
                self.best = Some(Split { gain, column: self.column, low, high: bin });
            }
        }
        self.left.iter_mut().zip(cell).for_each(|(left, own)| *left += own);
        self.last_bin = Some(bin);
        self.n_bins += 1;
    }

    /// Whether the column had one value only in this node: it can part nothing.
    pub(super) fn was_constant(&self) -> bool {
        self.n_bins < 2
    }

    /// The split that gains most: of equal ones that of the first column, and there the lowest.
    pub(super) fn best(&self) -> Option<Split> {
        self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::trees::objective::Means;

    /// The best split of one column, by rows, weight and sum of each bin.
    fn best(bins: &[(usize, [i64; 3])], min_samples_leaf: usize) -> (Option<Split>, bool) {
        let mut search = Search::new(3, min_samples_leaf);
        search.begin(|all| bins.iter().for_each(|(_, cell)| all.iter_mut().zip(cell).for_each(|(all, it)| *all += it)));
        search.begin_column(4);
        bins.iter().for_each(|(bin, cell)| search.offer(&Means { values: &[] }, *bin, cell));
        (search.best(), search.was_constant())
    }

    #[test]
    fn rows_are_parted_where_means_differ_most_and_at_the_lowest_place_of_equals() {
        let bins = [(2, [1, 1, -5]), (3, [1, 1, 5]), (9, [1, 1, -5]), (20, [1, 1, 5])];

        let (split, _) = best(&bins, 1);

        assert_eq!(split.map(|it| (it.column, it.low, it.high)), Some((4, 2, 3)));
    }

    #[test]
    fn no_side_is_smaller_than_it_may_be() {
        let bins = [(0, [1, 1, 100]), (1, [2, 2, 0]), (2, [1, 1, 1])];

        assert_eq!(best(&bins, 2).0, None);
        assert_eq!(best(&bins, 1).0.map(|it| it.low), Some(0));
    }

    #[test]
    fn one_bin_is_a_constant() {
        assert_eq!(best(&[(7, [5, 5, 5])], 1), (None, true));
        assert!(!best(&[(7, [5, 5, 5]), (8, [1, 1, 1])], 4).1);
    }
}
