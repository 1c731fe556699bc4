//! The features of the rows that a fit learns from, read no sooner than somebody asks for them.
//!
//! A table keeps columns, and algorithms take rows. A fit that goes through the rows once has some of them read at a time, which
//! stay in a cache of the processor, and never holds all of them; one that comes back to them, or keeps them, has them read once
//! for all.

use super::kernels::all_finite;
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

/// Numbers of `(n_samples, n_features)`.
#[derive(Debug, Default)]
pub(super) struct Samples {
    n_rows: usize,
    n_features: usize,
    /// Where they come from, if that is a table.
    columns: Vec<Values>,
    /// On how many threads they are read.
    threads: usize,
    /// Row after row.
    rows: OnceLock<Arc<Vec<f64>>>,
}

impl Samples {
    /// So many rows of columns of numbers, none of which is missing.
    pub(super) fn of(columns: Vec<Values>, n_rows: usize, threads: usize) -> Self {
        Self { n_rows, n_features: columns.len(), columns, threads, rows: OnceLock::new() }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Whether no number of the columns is NaN or infinite.
    pub(super) fn has_finite_columns(&self) -> bool {
        let each = self.rows_of_a_thread();
        let parts = (0..self.n_rows).step_by(each).map(|first| first..self.n_rows.min(first + each));
        let is_finite = |rows: Range<usize>| {
            self.columns
                .iter()
                .all(|column| !matches!(column, Values::Float(it) if !all_finite(&it.values()[rows.clone()])))
        };
        side_by_side(parts, is_finite).into_iter().all(|it| it)
    }

    /// The numbers of all rows, one after the other.
    pub(super) fn values(&self) -> &[f64] {
        self.shared()
    }

    /// The same, for who keeps them.
    pub(super) fn shared(&self) -> &Arc<Vec<f64>> {
        self.rows.get_or_init(|| {
            let mut rows = vec![0.0; self.n_rows * self.n_features];
            let each = self.rows_of_a_thread();
            let parts = rows.chunks_mut((each * self.n_features).max(1)).enumerate();
            side_by_side(parts, |(number, part)| self.write(number * each, part));
            Arc::new(rows)
        })
    }

    /// Whether [`Samples::values`] are there.
    pub(super) fn are_read(&self) -> bool {
        self.rows.get().is_some()
    }

    /// Puts the numbers of some rows in the place of what is there.
    pub(super) fn read(&self, rows: Range<usize>, into: &mut Vec<f64>) {
        into.resize(rows.len() * self.n_features, 0.0);
        self.write(rows.start, into);
    }

    /// These rows.
    pub(super) fn select(&self, rows: &[usize]) -> Array2<f64> {
        let shape = (rows.len(), self.n_features);
        if self.are_read() || self.columns.is_empty() {
            let all = ArrayView2::from_shape((self.n_rows, self.n_features), self.values());
            return all.expect("there are as many numbers as rows and columns say").select(Axis(0), rows);
        }
        let mut selected = vec![0.0; shape.0 * shape.1];
        let blocks = selected.chunks_mut(ROWS_AT_ONCE * self.n_features).zip(rows.chunks(ROWS_AT_ONCE));
        for (block, rows) in blocks {
            for (at, column) in self.columns.iter().enumerate() {
                let places = block.chunks_exact_mut(self.n_features).map(|row| &mut row[at]);
                write(column, rows.iter().copied(), places);
            }
        }
        Array2::from_shape_vec(shape, selected).expect("each row has as many numbers as there are columns")
    }

    /// All rows.
    pub(super) fn into_matrix(self) -> Array2<f64> {
        self.values();
        let shape = (self.n_rows, self.n_features);
        let rows = self.rows.into_inner().unwrap_or_default();
        let rows = Arc::try_unwrap(rows).unwrap_or_else(|shared| shared.to_vec());
        Array2::from_shape_vec(shape, rows).expect("there are as many numbers as rows and columns say")
    }

    fn write(&self, first: usize, rows: &mut [f64]) {
        let columns: Vec<&Values> = self.columns.iter().collect();
        for (number, block) in rows.chunks_mut((ROWS_AT_ONCE * self.n_features).max(1)).enumerate() {
            write_rows(&columns, first + number * ROWS_AT_ONCE, block);
        }
    }

    fn rows_of_a_thread(&self) -> usize {
        let is_short = self.n_rows * self.n_features < WORTH_A_THREAD;
        self.n_rows.div_ceil(if is_short { 1 } else { self.threads.max(1) }).max(1)
    }
}

impl From<Array2<f64>> for Samples {
    fn from(matrix: Array2<f64>) -> Self {
        let ((n_rows, n_features), length) = (matrix.dim(), matrix.len());
        let matrix = if matrix.is_standard_layout() { matrix } else { matrix.as_standard_layout().into_owned() };
        let (mut rows, first) = matrix.into_raw_vec_and_offset();
        rows.truncate(first.unwrap_or(0) + length);
        rows.drain(..rows.len() - length);
        Self { n_rows, n_features, columns: vec![], threads: 1, rows: Arc::new(rows).into() }
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
        (Samples::of(columns.into_iter().map(|it| it.values).collect(), n_rows, threads), expected)
    }

    #[test]
    fn any_number_of_threads_reads_the_same_rows() {
        for (n_rows, threads) in [(0, 2), (1, 2), (20_001, 0), (20_001, 1), (20_001, 2), (20_001, 5)] {
            let (samples, expected) = samples(n_rows, threads);

            assert!(samples.has_finite_columns());
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

            assert!(!Samples::of(columns, 1 << 17, threads).has_finite_columns());
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
    fn rows_that_others_keep_are_copied_and_their_own_are_handed_over() {
        let samples = Samples::from(Array2::from_elem((2, 2), 3.0));
        let (kept, place) = (samples.shared().clone(), samples.values().as_ptr());
        let copied = samples.into_matrix();

        let samples = Samples { n_rows: 2, n_features: 2, rows: kept.clone().into(), ..Samples::default() };
        drop(kept);
        let handed = samples.into_matrix();

        assert_ne!(copied.as_ptr(), place);
        assert_eq!((handed.as_ptr(), handed), (place, copied));
    }
}
