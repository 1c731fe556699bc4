//! Kernels between a row and all that are still looked at, kept as long as there is room.

use super::Kernel;
use crate::error::Result;
use crate::model::crew::share_out;
use crate::model::kernels::Panels;
use ndarray::ArrayView2;
use std::collections::BTreeMap;

/// Rows of a tile: it stays in a cache, and a column grows by whole tiles.
const TILE_ROWS: usize = 256;
/// Columns that a thread computes at once, if it is known which are asked for.
const PIECE_COLUMNS: usize = 16;

/// Rows in an order that changes: those that are still looked at come first.
#[derive(Debug)]
pub(super) struct Columns {
    kernel: Kernel,
    width: usize,
    /// In the present order.
    rows: Vec<f64>,
    /// The active rows.
    tiles: Vec<Panels<f64>>,
    n_active: usize,
    /// For each place of the present order, the number that the row began with.
    numbers: Vec<usize>,
    kept: Kept,
}

impl Columns {
    /// Of rows, row-major; `cache_bytes` are kept, or two columns if they are more.
    pub(super) fn new(kernel: Kernel, rows: Vec<f64>, width: usize, cache_bytes: usize) -> Self {
        let n_rows = rows.len() / width;
        let kept = Kept {
            columns: vec![Column::default(); n_rows],
            by_age: BTreeMap::new(),
            clock: 0,
            room: cache_bytes / size_of::<f64>(),
            taken: 0,
        };
        let mut columns =
            Self { kernel, width, rows, tiles: vec![], n_active: 0, numbers: (0..n_rows).collect(), kept };
        columns.activate_all();
        columns
    }

    /// The kernel of each row with itself.
    pub(super) fn diagonal(&self) -> Vec<f64> {
        self.rows.chunks_exact(self.width).map(|row| self.kernel.with_itself(row)).collect()
    }

    pub(super) fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// How many numbers a row has.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Rows at some places, row-major.
    pub(super) fn rows(&self, places: std::ops::Range<usize>) -> &[f64] {
        &self.rows[places.start * self.width..places.end * self.width]
    }

    /// For each place, the number that the row began with.
    pub(super) fn numbers(&self) -> &[usize] {
        &self.numbers
    }

    /// Kernels of the row at a place with the active ones.
    pub(super) fn at(&mut self, place: usize) -> &[f64] {
        self.look_up(place);
        &self.kept.columns[self.numbers[place]].values[..self.n_active]
    }

    /// The same of two places.
    pub(super) fn at_both(&mut self, one: usize, other: usize) -> (&[f64], &[f64]) {
        self.look_up(one);
        self.look_up(other);
        let of = |place: usize| &self.kept.columns[self.numbers[place]].values[..self.n_active];
        (of(one), of(other))
    }

    /// The same of a place whose column is there.
    pub(super) fn prepared(&self, place: usize) -> &[f64] {
        &self.kept.columns[self.numbers[place]].values
    }

    /// Computes the columns of some places by several threads, unless they are more than can be kept; says whether they are there.
    ///
    /// # Errors
    /// What `ask` answers.
    pub(super) fn prepare(&mut self, places: &[usize], threads: usize, ask: &dyn Fn() -> Result<()>) -> Result<bool> {
        if places.len().saturating_mul(self.n_active) > self.kept.room {
            return Ok(false);
        }
        let pieces: Vec<&[usize]> = places.chunks(PIECE_COLUMNS).collect();
        let computed = share_out(pieces.len(), threads, &|_| ask(), |piece, ask| {
            let rows: Vec<f64> =
                pieces[piece].iter().flat_map(|place| self.rows(*place..*place + 1)).copied().collect();
            let column = |_| Vec::with_capacity(self.n_active);
            let mut columns: Vec<Vec<f64>> = pieces[piece].iter().map(column).collect();
            for tile in &self.tiles {
                ask()?;
                let kernels = self.kernel.between(&rows, tile);
                columns.iter_mut().zip(kernels.chunks_exact(tile.n_outputs())).for_each(|(it, own)| it.extend(own));
            }
            Ok(columns)
        })?;
        for (place, values) in places.iter().zip(computed.into_iter().flatten()) {
            let number = self.numbers[*place];
            self.kept.take(number, 0);
            self.kept.put(number, values);
        }
        Ok(true)
    }

    /// Looks at all rows again, in the present order.
    pub(super) fn activate_all(&mut self) {
        self.n_active = self.numbers.len();
        self.cut();
    }

    /// Takes a new order of the active rows, of which the first `n_active` stay so.
    pub(super) fn reorder(&mut self, order: &[usize], n_active: usize) {
        self.kept.reorder(order, n_active);
        let mut rows: Vec<f64> = order.iter().flat_map(|place| self.rows(*place..*place + 1)).copied().collect();
        rows.extend_from_slice(self.rows(order.len()..self.numbers.len()));
        self.rows = rows;
        permute(&mut self.numbers, order);
        self.n_active = n_active;
        self.cut();
    }

    /// Cuts the active rows into tiles.
    fn cut(&mut self) {
        let (rows, width) = (&self.rows[..self.n_active * self.width], self.width);
        let tile =
            |rows: &[f64]| ArrayView2::from_shape((rows.len() / width, width), rows).map(|it| Panels::new(it.t()));
        self.tiles = rows.chunks(TILE_ROWS * width).filter_map(|rows| tile(rows).ok()).collect();
    }

    /// Makes sure that a column is there, as the youngest.
    fn look_up(&mut self, place: usize) {
        let number = self.numbers[place];
        let mut values = self.kept.take(number, self.n_active);
        if values.len() < self.n_active {
            let known = values.len() / TILE_ROWS;
            values.truncate(known * TILE_ROWS);
            values.reserve_exact(self.n_active - values.len());
            let row = self.rows(place..place + 1);
            self.tiles[known..].iter().for_each(|tile| values.extend(self.kernel.between(row, tile)));
        }
        self.kept.put(number, values);
    }
}

/// Puts what stands at `order[k]` at `k`; what comes after stays.
pub(super) fn permute<T: Copy>(values: &mut [T], order: &[usize]) {
    let moved: Vec<T> = order.iter().map(|place| values[*place]).collect();
    values[..order.len()].copy_from_slice(&moved);
}

/// Columns by the number of their row; the one that was not asked for longest goes first.
#[derive(Debug)]
struct Kept {
    columns: Vec<Column>,
    by_age: BTreeMap<u64, usize>,
    clock: u64,
    /// Numbers that may be kept, and those that are.
    room: usize,
    taken: usize,
}

#[derive(Clone, Debug, Default)]
struct Column {
    /// As many of the first rows of the present order as were asked for.
    values: Vec<f64>,
    asked: u64,
}

impl Kept {
    /// Takes out a column, or an empty one, once there is room for `length` numbers.
    fn take(&mut self, number: usize, length: usize) -> Vec<f64> {
        let column = &mut self.columns[number];
        self.by_age.remove(&column.asked);
        let mut values = std::mem::take(&mut column.values);
        self.taken -= values.len();
        if values.len() < length {
            // One stays, whatever the room: steps look at two columns at once.
            while self.taken + length > self.room && self.by_age.len() > 1 {
                let Some((_, oldest)) = self.by_age.pop_first() else { break };
                let evicted = std::mem::take(&mut self.columns[oldest].values);
                self.taken -= evicted.len();
                if values.capacity() == 0 {
                    values = evicted;
                    values.clear();
                }
            }
        }
        values
    }

    fn put(&mut self, number: usize, values: Vec<f64>) {
        self.clock += 1;
        self.taken += values.len();
        self.by_age.insert(self.clock, number);
        self.columns[number] = Column { values, asked: self.clock };
    }

    /// Brings columns into a new order of rows, of which only the first `n_active` are kept.
    fn reorder(&mut self, order: &[usize], n_active: usize) {
        self.taken = 0;
        for number in self.by_age.values() {
            let values = &mut self.columns[*number].values;
            // The new order keeps that of the active rows, so that a column which knows the first rows still does.
            let known = order[..n_active].partition_point(|place| *place < values.len());
            (0..known).for_each(|place| values[place] = values[order[place]]);
            values.truncate(known);
            self.taken += known;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(row: usize, column: usize) -> f64 {
        ((row * 31 + column * 7) as f64).sin()
    }

    fn columns(n_rows: usize, cache_columns: usize) -> Columns {
        let rows = (0..n_rows).flat_map(|row| (0..3).map(move |column| value(row, column))).collect();
        Columns::new(Kernel::Linear, rows, 3, cache_columns * n_rows * size_of::<f64>())
    }

    fn expected(row: usize, other: usize) -> f64 {
        (0..3).fold(0.0, |sum, column| sum + value(row, column) * value(other, column))
    }

    #[track_caller]
    fn assert_right(columns: &mut Columns, place: usize) {
        let numbers = columns.numbers().to_vec();
        let found = columns.at(place).to_vec();
        let expected: Vec<f64> = numbers[..found.len()].iter().map(|other| expected(numbers[place], *other)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn columns_stay_right_whatever_the_order_and_however_few_are_kept() {
        for cache_columns in [0, 2, 5, 1_000] {
            let mut columns = columns(700, cache_columns);
            [3, 600, 3, 299].into_iter().for_each(|place| assert_right(&mut columns, place));

            let (even, odd): (Vec<usize>, Vec<usize>) = (0..700).partition(|place| place % 2 == 0);
            columns.reorder(&[even, odd].concat(), 350);
            assert_eq!(columns.at(0).len(), 350);
            [3, 600, 300, 299].into_iter().for_each(|place| assert_right(&mut columns, place));

            columns.activate_all();
            assert_eq!(columns.at(300).len(), 700);
            [3, 600, 299].into_iter().for_each(|place| assert_right(&mut columns, place));
            let (kept, dropped): (Vec<usize>, Vec<usize>) = (0..700).partition(|place| place % 3 == 0);
            columns.reorder(&[kept, dropped].concat(), 234);
            (0..700).for_each(|place| assert_right(&mut columns, place));
        }
    }

    #[test]
    fn columns_that_are_prepared_are_those_that_are_found_one_by_one() {
        for threads in [1, 3] {
            let (mut columns, places) = (columns(700, 40), [3, 600, 299]);
            assert!(!columns.prepare(&(0..41).collect::<Vec<_>>(), threads, &|| Ok(())).unwrap());

            assert!(columns.prepare(&places, threads, &|| Ok(())).unwrap());

            assert_eq!((columns.kept.by_age.len(), columns.kept.taken), (3, 3 * 700));
            (0..700).for_each(|place| assert_right(&mut columns, place));
        }
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let mut columns = columns(700, 5);

        (0..700).for_each(|place| {
            columns.at_both(place, (place * 37 + 5) % 700);
        });

        assert_eq!((columns.kept.by_age.len(), columns.kept.taken), (5, 5 * 700));
        assert!(columns.kept.by_age.values().all(|number| columns.kept.columns[*number].values.len() == 700));
    }

    #[test]
    fn two_columns_are_there_at_once_even_without_room() {
        let mut columns = columns(300, 0);

        let (one, other) = columns.at_both(7, 8);

        assert_eq!((one[8], other[7], one[7]), (expected(7, 8), expected(8, 7), expected(7, 7)));
    }
}
