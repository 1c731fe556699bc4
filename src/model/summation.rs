//! Sums over the rows of a fit, whose bits do not depend on who computes them.
//!
//! The rows are cut into shards whose number depends on the number of rows alone. What each shard comes to is computed in the
//! order of its rows by one thread, and merged in pairs, along a tree that is always the same. So one thread and many find the
//! same bits, and so would many machines.
//!
//! Source of the form: C.-T. Chu, S. K. Kim, Y.-A. Lin and others, "Map-Reduce for machine learning on multicore" (2006).

use super::crew::{Ask, both};
use super::{Rows, Training};
use crate::error::{Error, Result};
use std::ops::Range;

/// About as many rows make a shard.
const SHARD_ROWS: usize = 4_096;
/// Shards of a table, however small or large.
const FEWEST_SHARDS: usize = 16;
const MOST_SHARDS: usize = 4_096;
/// A sum over fewer numbers than these is over before another thread has begun.
const WORTH_A_THREAD: usize = 1 << 16;
/// A sum over as many is over in less than a second.
const AT_ONCE: usize = 1 << 27;

/// Something that is a sum over rows: `sum_i w_i f(x_i)`, and whatever merges like one.
pub(super) trait Summation: Sync {
    /// What some rows come to.
    type Partial: Send;

    /// What the rows of a shard come to, at least one of them. It depends on them alone.
    fn partial(&self, shard: Rows<'_>) -> Self::Partial;

    /// What two neighbours come to together, the left one first.
    fn merge(&self, left: Self::Partial, right: Self::Partial) -> Self::Partial;
}

/// A [`Summation`] of which a single shard may take long.
pub(super) trait LongSummation: Sync {
    /// What some rows come to.
    type Partial: Send;

    /// As [`Summation::partial`]; `ask` is asked now and then.
    ///
    /// # Errors
    /// What `ask` answers.
    fn partial(&self, shard: Rows<'_>, ask: &Ask<'_>) -> Result<Self::Partial>;

    /// As [`Summation::merge`]; `ask` is asked now and then.
    ///
    /// # Errors
    /// What `ask` answers.
    fn merge(&self, left: Self::Partial, right: Self::Partial, ask: &Ask<'_>) -> Result<Self::Partial>;
}

impl<S: Summation> LongSummation for S {
    type Partial = S::Partial;

    fn partial(&self, shard: Rows<'_>, _: &Ask<'_>) -> Result<Self::Partial> {
        Ok(Summation::partial(self, shard))
    }

    fn merge(&self, left: Self::Partial, right: Self::Partial, _: &Ask<'_>) -> Result<Self::Partial> {
        Ok(Summation::merge(self, left, right))
    }
}

impl Training<'_> {
    /// What all rows come to.
    ///
    /// # Errors
    /// [`Error::Internal`] if there is no row.
    pub(super) fn sum<S: Summation>(&self, summation: &S) -> Result<S::Partial> {
        self.tree(summation, self.rows.read()).all(self.rows.n_features(), self.threads, &|| Ok(()))
    }

    /// The same sum for a fit that asks for no other: rows that have not been read yet are read some at a time, and not kept.
    ///
    /// # Errors
    /// As [`Training::sum`].
    pub(super) fn sum_once<S: Summation>(&self, summation: &S) -> Result<S::Partial> {
        self.tree(summation, self.rows).all(self.rows.n_features(), self.threads, &|| Ok(()))
    }

    /// The same sum as [`Training::sum`], if it is long: a row costs as much as to add up `row_cost` numbers, and `ask` is asked
    /// before each shard and within.
    ///
    /// # Errors
    /// As [`Training::sum`]. What `ask` answers.
    pub(super) fn sum_asking<S: LongSummation>(
        &self,
        summation: &S,
        row_cost: usize,
        ask: &Ask<'_>,
    ) -> Result<S::Partial> {
        self.tree(summation, self.rows.read()).all_asking(row_cost, self.threads, ask)
    }

    /// The same sum as [`Training::sum_once`], if it is as long.
    ///
    /// # Errors
    /// As [`Training::sum_asking`].
    pub(super) fn sum_once_asking<S: LongSummation>(
        &self,
        summation: &S,
        row_cost: usize,
        ask: &Ask<'_>,
    ) -> Result<S::Partial> {
        self.tree(summation, self.rows).all_asking(row_cost, self.threads, ask)
    }

    fn tree<'t, S>(&self, summation: &'t S, rows: Rows<'t>) -> Tree<'t, S> {
        Tree { summation, rows, n_shards: shards_of(rows.len()) }
    }
}

fn no_rows() -> Error {
    Error::internal("there are no rows to sum over")
}

/// A power of two.
fn shards_of(n_rows: usize) -> usize {
    n_rows.div_ceil(SHARD_ROWS).next_power_of_two().clamp(FEWEST_SHARDS, MOST_SHARDS)
}

struct Tree<'a, S> {
    summation: &'a S,
    rows: Rows<'a>,
    n_shards: usize,
}

impl<S: LongSummation> Tree<'_, S> {
    /// Asks once if that is enough, or before each shard and within.
    fn all_asking(&self, row_cost: usize, threads: usize, ask: &Ask<'_>) -> Result<S::Partial> {
        if self.cost(row_cost) > AT_ONCE {
            return self.all(row_cost, threads, ask);
        }
        ask()?;
        self.all(row_cost, threads, &|| Ok(()))
    }

    fn all(&self, row_cost: usize, threads: usize, ask: &Ask<'_>) -> Result<S::Partial> {
        let threads = if self.cost(row_cost) < WORTH_A_THREAD { 1 } else { threads };
        self.node(0, self.n_shards, threads, &mut vec![], ask)?.ok_or_else(no_rows)
    }

    fn cost(&self, row_cost: usize) -> usize {
        self.rows.len().saturating_mul(row_cost)
    }

    /// What the shards from `first` on come to, a power of two of them; `None` if they have no rows. In `room` they are read.
    fn node(
        &self,
        first: usize,
        n_shards: usize,
        threads: usize,
        room: &mut Vec<f64>,
        ask: &Ask<'_>,
    ) -> Result<Option<S::Partial>> {
        if n_shards == 1 {
            return self.leaf(self.shard(first), room, ask);
        }
        let half = n_shards / 2;
        let (left, right) = match threads {
            0 | 1 => (self.node(first, half, 1, room, ask)?, self.node(first + half, half, 1, room, ask)?),
            more => both(
                ask,
                |ask| self.node(first, half, more / 2, &mut vec![], ask),
                |ask| self.node(first + half, half, more - more / 2, room, ask),
            )?,
        };
        match (left, right) {
            (Some(left), Some(right)) => self.summation.merge(left, right, ask).map(Some),
            (one, other) => Ok(one.or(other)),
        }
    }

    fn leaf(&self, rows: Range<usize>, room: &mut Vec<f64>, ask: &Ask<'_>) -> Result<Option<S::Partial>> {
        if rows.is_empty() {
            return Ok(None);
        }
        ask()?;
        self.summation.partial(self.rows.slice_in(rows, room), ask).map(Some)
    }

    fn shard(&self, number: usize) -> Range<usize> {
        let border = |number: usize| number * self.rows.len() / self.n_shards;
        border(number)..border(number + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;
    use crate::model::Targets;
    use crate::model::samples::Samples;
    use ndarray::Array2;
    use std::cell::Cell;

    /// Says which rows were merged with which.
    struct Shape;

    impl Summation for Shape {
        type Partial = String;

        fn partial(&self, shard: Rows<'_>) -> String {
            shard.iter().map(|row| row[0].to_string()).collect::<Vec<_>>().join(" ")
        }

        fn merge(&self, left: String, right: String) -> String {
            format!("({left}, {right})")
        }
    }

    fn shape(n_rows: usize, threads: usize) -> String {
        let features = Array2::from_shape_fn((n_rows, 1), |(row, _)| row as f64);
        let weights = vec![1.0; n_rows];
        let rows = Rows::new(&features, Targets::None.view(), &weights);
        let tree = Tree { summation: &Shape, rows, n_shards: shards_of(n_rows) };
        tree.node(0, tree.n_shards, threads, &mut vec![], &|| Ok(())).unwrap().unwrap()
    }

    #[test]
    fn neighbours_are_merged_in_pairs_and_shards_without_rows_leave_no_trace() {
        assert_eq!(shape(3, 1), "(0, (1, 2))");
        let (left, right) =
            ("(((0, 1), (2, 3)), ((4, 5), (6, 7 8)))", "(((9, 10), (11, 12)), ((13, 14), (15, 16 17)))");
        assert_eq!(shape(18, 1), format!("({left}, {right})"));
    }

    #[test]
    fn any_number_of_threads_merges_the_same_neighbours() {
        for n_rows in [1, 5, 100, 70_000] {
            let expected = shape(n_rows, 1);

            assert!([2, 3, 8, 1_000].map(|threads| shape(n_rows, threads)).iter().all(|it| *it == expected));
        }
    }

    #[test]
    fn rows_are_read_for_one_sum_without_being_kept_and_come_to_the_same() {
        let column = Column::float("x", (0..70_000).map(|row| row as f64).collect());
        let (samples, weights) = (Samples::of(vec![column.values], 70_000, 1).unwrap(), vec![1.0; 70_000]);
        let rows = Rows::of(&samples, Targets::None.view(), &weights);
        for threads in [1, 2, 5] {
            let training = Training { rows, seed: 7, threads, progress: &|_: &str, _| Ok(()) };

            let short = training.sum_once(&Shape).unwrap();
            let long = training.sum_once_asking(&Shape, AT_ONCE, &|| Ok(())).unwrap();

            assert!(!samples.are_read());
            assert!([short, long].iter().all(|it| *it == shape(70_000, 1)));
        }
        assert_eq!(
            Training { rows, seed: 7, threads: 2, progress: &|_: &str, _| Ok(()) }.sum(&Shape).unwrap(),
            shape(70_000, 1)
        );
        assert!(samples.are_read());
    }

    #[test]
    fn a_long_sum_merges_the_same_neighbours_and_asks_before_each_shard() {
        let features = Array2::from_shape_fn((100, 1), |(row, _)| row as f64);
        let weights = vec![1.0; 100];
        let rows = Rows::new(&features, Targets::None.view(), &weights);
        for (row_cost, threads, questions) in
            [(1, 1, 1..=1), (1, 3, 1..=1), (AT_ONCE, 1, 16..=16), (AT_ONCE, 3, 4..=16)]
        {
            let training = Training { rows, seed: 7, threads, progress: &|_: &str, _| Ok(()) };
            let asked = Cell::new(0);
            let ask = || {
                asked.set(asked.get() + 1);
                Ok(())
            };

            let sum = training.sum_asking(&Shape, row_cost, &ask).unwrap();

            assert_eq!(sum, shape(100, 1));
            assert!(questions.contains(&asked.get()), "{row_cost}, {threads}: {}", asked.get());
            let cancelled = || Err(Error::Cancelled { what: "the job" });
            assert!(training.sum_asking(&Shape, row_cost, &cancelled).is_err());
        }
    }

    #[test]
    fn the_number_of_shards_depends_on_the_number_of_rows_alone() {
        assert_eq!([1, 65_536, 65_537, 1_000_000, 1 << 40].map(shards_of), [16, 16, 32, 256, 4_096]);
    }
}
