//! The features of the rows that a fit learns from, read no sooner than somebody asks for them.
//!
//! A table keeps columns, and algorithms take rows. A fit that goes through the rows once has some of them read at a time, which
//! stay in a cache of the processor, and never holds all of them; one that comes back to them, or keeps them, has them read once
//! for all.

use super::kernels::{all_finite, extremes, table};
use crate::data::Values;
use ndarray::{Array2, ArrayView2, Axis};
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::{Arc, OnceLock};
use std::thread::scope;

/// Rows whose columns are read before those of others: what is written lies together, in the cache nearest to the processor.
pub(super) const ROWS_AT_ONCE: usize = 128;
/// Columns that are read side by side, so that what is written of a row lies together, too.
const COLUMNS_AT_ONCE: usize = 4;
/// Fewer numbers are read before another thread has begun.
const WORTH_A_THREAD: usize = 1 << 16;

/// Numbers whose range is found while they are in the cache nearest to the processor.
const NEAR: usize = 512;

/// Numbers of `(n_samples, n_features)`. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples(Arc<Source>);

#[derive(Debug, Default)]
struct Source {
    n_rows: usize,
    n_features: usize,
    /// Where the numbers come from, if that is a table.
    columns: Vec<Values>,
    /// On how many threads they are read.
    threads: usize,
    /// Row after row.
    rows: OnceLock<Vec<f64>>,
    /// Of each column.
    ranges: OnceLock<Vec<Span>>,
}

/// The least and the largest of some numbers.
pub(super) type Span = (f64, f64);

impl Samples {
    /// So many rows of columns of numbers, none of which is missing; `None` if one is NaN or infinite.
    pub(super) fn of(columns: Vec<Values>, n_rows: usize, threads: usize) -> Option<Self> {
        let source = Source { n_rows, n_features: columns.len(), columns, threads, ..Source::default() };
        source.ranges.set(source.finite_ranges()?).ok()?;
        Some(Self(source.into()))
    }

    /// Rows of so many numbers each, one after the other.
    pub(super) fn of_rows(rows: Vec<f64>, n_features: usize) -> Self {
        let n_rows = rows.len() / n_features.max(1);
        Self(Source { n_rows, n_features, threads: 1, rows: rows.into(), ..Source::default() }.into())
    }

    pub(super) fn n_rows(&self) -> usize {
        self.0.n_rows
    }

    pub(super) fn n_features(&self) -> usize {
        self.0.n_features
    }

    /// Of each column the least and the largest number; infinities without rows.
    pub(super) fn ranges(&self) -> &[Span] {
        self.0.ranges.get_or_init(|| ranges(self.values(), self.n_features()))
    }

    /// The numbers of all rows, one after the other.
    pub(super) fn values(&self) -> &[f64] {
        self.0.values()
    }

    /// Whether [`Samples::values`] are there.
    pub(super) fn are_read(&self) -> bool {
        self.0.rows.get().is_some()
    }

    /// Puts the numbers of some rows in the place of what is there.
    pub(super) fn read(&self, rows: Range<usize>, into: &mut Vec<f64>) {
        into.resize(rows.len() * self.n_features(), 0.0);
        self.0.write(rows.start, into);
    }

    /// These rows.
    pub(super) fn select(&self, rows: &[usize]) -> Array2<f64> {
        let Source { n_rows, n_features, columns, .. } = &*self.0;
        if self.are_read() || columns.is_empty() {
            let all = ArrayView2::from_shape((*n_rows, *n_features), self.values());
            return all.expect("there are as many numbers as rows and columns say").select(Axis(0), rows);
        }
        let mut selected = vec![0.0; rows.len() * n_features];
        let blocks = selected.chunks_mut(ROWS_AT_ONCE * n_features).zip(rows.chunks(ROWS_AT_ONCE));
        for (block, rows) in blocks {
            for (at, column) in columns.iter().enumerate() {
                let places = block.chunks_exact_mut(*n_features).map(|row| &mut row[at]);
                write(column, rows.iter().copied(), places);
            }
        }
        table(selected, rows.len(), *n_features)
    }

    /// All rows; not copied unless somebody shares them.
    pub(super) fn into_matrix(self) -> Array2<f64> {
        let (n_rows, n_features) = (self.n_rows(), self.n_features());
        self.values();
        let rows = match Arc::try_unwrap(self.0) {
            Ok(source) => source.rows.into_inner().unwrap_or_default(),
            Err(shared) => shared.values().to_vec(),
        };
        table(rows, n_rows, n_features)
    }
}

impl Source {
    fn values(&self) -> &[f64] {
        self.rows.get_or_init(|| {
            let mut rows = vec![0.0; self.n_rows * self.n_features];
            let each = self.rows_of_a_thread();
            let parts = rows.chunks_mut((each * self.n_features).max(1)).enumerate();
            side_by_side(parts, |(number, part)| self.write(number * each, part));
            rows
        })
    }

    fn write(&self, first: usize, rows: &mut [f64]) {
        let columns: Vec<&Values> = self.columns.iter().collect();
        for (number, block) in rows.chunks_mut((ROWS_AT_ONCE * self.n_features).max(1)).enumerate() {
            write_rows(&columns, first + number * ROWS_AT_ONCE, block);
        }
    }

    /// Of each column; `None` if a number is NaN or infinite.
    fn finite_ranges(&self) -> Option<Vec<Span>> {
        let each = self.rows_of_a_thread();
        let parts = (0..self.n_rows).step_by(each).map(|first| first..self.n_rows.min(first + each));
        let of_part = |rows: Range<usize>| self.columns.iter().map(|it| finite_range(it, rows.clone())).collect();
        let parts: Vec<Option<Vec<Span>>> = side_by_side(parts, of_part);
        let none = vec![(f64::INFINITY, f64::NEG_INFINITY); self.n_features];
        parts
            .into_iter()
            .try_fold(none, |all, part| Some(all.into_iter().zip(part?).map(|(a, b)| wider(a, b)).collect()))
    }

    fn rows_of_a_thread(&self) -> usize {
        let is_short = self.n_rows * self.n_features < WORTH_A_THREAD;
        self.n_rows.div_ceil(if is_short { 1 } else { self.threads.max(1) }).max(1)
    }
}

/// Of each column of rows, one after the other, the least and the largest number.
pub(super) fn ranges(rows: &[f64], n_features: usize) -> Vec<Span> {
    let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); n_features];
    for row in rows.chunks_exact(n_features.max(1)) {
        ranges.iter_mut().zip(row).for_each(|(range, x)| *range = wider(*range, (*x, *x)));
    }
    ranges
}

/// Of some rows of a column; `None` if a number is NaN or infinite.
fn finite_range(column: &Values, rows: Range<usize>) -> Option<Span> {
    let (mut range, mut near) = ((f64::INFINITY, f64::NEG_INFINITY), [0.0; NEAR]);
    for first in rows.clone().step_by(NEAR) {
        let numbers = first..rows.end.min(first + NEAR);
        let numbers = match column {
            Values::Float(array) => &array.values()[numbers],
            others => {
                let near = &mut near[..numbers.len()];
                write(others, numbers, near.iter_mut());
                &*near
            }
        };
        if !all_finite(numbers) {
            return None;
        }
        range = wider(range, extremes(numbers));
    }
    Some(range)
}

/// That of both together.
fn wider(one: Span, other: Span) -> Span {
    // One instruction each, which `min` and `max` are not: they look for what is not a number.
    (if other.0 < one.0 { other.0 } else { one.0 }, if other.1 > one.1 { other.1 } else { one.1 })
}

impl From<Array2<f64>> for Samples {
    fn from(matrix: Array2<f64>) -> Self {
        let ((n_rows, n_features), length) = (matrix.dim(), matrix.len());
        let matrix = if matrix.is_standard_layout() { matrix } else { matrix.as_standard_layout().into_owned() };
        let (mut rows, first) = matrix.into_raw_vec_and_offset();
        rows.truncate(first.unwrap_or(0) + length);
        rows.drain(..rows.len() - length);
        Self(Source { n_rows, n_features, threads: 1, rows: rows.into(), ..Source::default() }.into())
    }
}

/// What comes of the parts, in their order, each on a thread of its own; the first on this one.
fn side_by_side<T: Send, R: Send>(parts: impl Iterator<Item = T>, act: impl Fn(T) -> R + Sync) -> Vec<R> {
    scope(|scope| {
        let (mut parts, act) = (parts, &act);
        let first = parts.next();
        let others: Vec<_> = parts.map(|part| scope.spawn(move || act(part))).collect();
        let first = first.map(act);
        let others = others.into_iter().map(|it| it.join().unwrap_or_else(|panic| resume_unwind(panic)));
        first.into_iter().chain(others).collect()
    })
}

/// Writes the numbers of columns from a row on, of which none is missing, into rows.
pub(super) fn write_rows(columns: &[&Values], first: usize, rows: &mut [f64]) {
    let width = columns.len();
    let numbers = first..first + rows.len() / width.max(1);
    let mut at = 0;
    while at < width {
        if let Some(floats) = floats::<COLUMNS_AT_ONCE>(&columns[at..], &numbers) {
            for (number, row) in rows.chunks_exact_mut(width).enumerate() {
                row[at..at + COLUMNS_AT_ONCE]
                    .iter_mut()
                    .zip(floats)
                    .for_each(|(place, column)| *place = column[number]);
            }
            at += COLUMNS_AT_ONCE;
        } else {
            write(columns[at], numbers.clone(), rows.chunks_exact_mut(width).map(|row| &mut row[at]));
            at += 1;
        }
    }
}

/// Rows of the first columns, if these are floats.
fn floats<'a, const N: usize>(columns: &[&'a Values], rows: &Range<usize>) -> Option<[&'a [f64]; N]> {
    let mut found = [&[][..]; N];
    for (place, column) in found.iter_mut().zip(columns.first_chunk::<N>()?) {
        let Values::Float(array) = column else { return None };
        *place = &array.values()[rows.clone()];
    }
    Some(found)
}

/// Writes these rows of a column as numbers.
fn write<'a>(column: &Values, rows: impl Iterator<Item = usize>, places: impl Iterator<Item = &'a mut f64>) {
    let each = places.zip(rows);
    match column {
        Values::Float(array) => each.for_each(|(place, row)| *place = array.value(row)),
        Values::Integer(array) => each.for_each(|(place, row)| *place = array.value(row) as f64),
        Values::Boolean(array) => each.for_each(|(place, row)| *place = f64::from(array.value(row))),
        Values::Text(_) => {} // `Spec::check` refuses text features, hence no schema has one
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;
    use ndarray::ArrayView1;

    fn number(row: usize, column: usize) -> f64 {
        (row * (column + 3) % 1_000) as f64
    }

    /// Of five columns of floats and one each of whole numbers and truth values, and the same as a matrix.
    fn samples(n_rows: usize, threads: usize) -> (Samples, Array2<f64>) {
        let float = |column| Column::float("x", (0..n_rows).map(|row| number(row, column)).collect());
        let mut columns: Vec<Column> = (0..5).map(float).collect();
        columns.push(Column::integer("i", (0..n_rows).map(|row| number(row, 5) as i64).collect()));
        columns.push(Column::boolean("b", (0..n_rows).map(|row| row % 2 == 0).collect()));
        let expected = Array2::from_shape_fn((n_rows, 7), |(row, column)| match column {
            6 => (1 - row % 2) as f64,
            _ => number(row, column),
        });
        (Samples::of(columns.into_iter().map(|it| it.values).collect(), n_rows, threads).unwrap(), expected)
    }

    #[test]
    fn any_number_of_threads_reads_the_same_rows() {
        for (n_rows, threads) in [(0, 2), (1, 2), (20_001, 0), (20_001, 1), (20_001, 2), (20_001, 5)] {
            let (samples, expected) = samples(n_rows, threads);

            assert_eq!(samples.ranges(), ranges(expected.as_slice().unwrap(), 7));
            assert_eq!(samples.into_matrix(), expected);
        }
    }

    #[test]
    fn some_rows_are_those_of_all_whether_these_were_read_or_not() {
        let (samples, expected) = samples(1_000, 1);
        let (mut part, chosen) = (vec![7.0; 9_000], [999, 3, 3, 500]);
        let unread = samples.select(&chosen);

        samples.read(300..700, &mut part);

        assert_eq!(part, expected.as_slice().unwrap()[300 * 7..700 * 7]);
        assert!(!samples.are_read());
        assert_eq!(samples.values(), expected.as_slice().unwrap());
        assert_eq!((&unread, samples.select(&chosen)), (&expected.select(Axis(0), &chosen), unread.clone()));
    }

    #[test]
    fn a_number_that_is_not_finite_is_found_in_any_part() {
        for (row, threads) in [(0, 1), (65_535, 2), (131_071, 3)] {
            let mut values = vec![f64::MAX; 1 << 17];
            values[row] = f64::NEG_INFINITY;
            let columns = vec![Column::integer("i", vec![1; 1 << 17]).values, Column::float("x", values).values];

            assert!(Samples::of(columns, 1 << 17, threads).is_none());
        }
    }

    #[test]
    fn a_matrix_in_another_order_or_cut_out_of_one_becomes_rows() {
        let mut cut = Array2::from_shape_fn((5, 2), |(row, column)| (2 * row + column) as f64);
        cut.slice_axis_inplace(Axis(0), (1..3).into());
        let turned = Array2::from_shape_fn((2, 3), |(row, column)| (row + 2 * column) as f64).reversed_axes();

        assert_eq!(Samples::from(cut).values(), [2.0, 3.0, 4.0, 5.0]);
        assert_eq!(Samples::from(turned).values(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn ranges_are_of_each_column() {
        let (samples, expected) = samples(700, 1);
        let most = |column: ArrayView1<'_, f64>| column.iter().copied().fold(0.0, f64::max);

        assert_eq!(samples.ranges(), expected.columns().into_iter().map(|it| (0.0, most(it))).collect::<Vec<_>>());
        assert!(!samples.are_read());
    }

    #[test]
    fn rows_that_others_keep_are_copied_and_their_own_are_handed_over() {
        let samples = Samples::from(Array2::from_elem((2, 2), 3.0));
        let (kept, place) = (samples.clone(), samples.values().as_ptr());

        let copied = samples.into_matrix();
        let handed = kept.into_matrix();

        assert_ne!(copied.as_ptr(), place);
        assert_eq!((handed.as_ptr(), handed), (place, copied));
    }
}
