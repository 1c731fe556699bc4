//! The triangle R of a matrix `QR`, by Householder's reflections.
//!
//! A. S. Householder, "Unitary triangularization of a nonsymmetric matrix" (1958), doi:10.1145/320941.320947; in pieces (TSQR):
//! J. Demmel, L. Grigori, M. Hoemmen, J. Langou, "Communication-optimal parallel and sequential QR and LU factorizations"
//! (2012), doi:10.1137/080731992.

use crate::error::Result;
use crate::model::crew::Ask;
use crate::model::kernels::dots;
use ndarray::Array2;

/// Rows that are reduced at once: they stay in the cache nearest to the processor.
const BLOCK: usize = 192;
/// Numbers of a line of the cache, and rows that there is room for at first.
const LINE: usize = 8;
/// So many are reflected between two questions, which takes a few milliseconds.
const AT_ONCE: usize = 1 << 22;

/// About as many additions a row of so many columns costs that is reduced with others.
pub(super) fn row_cost(width: usize) -> usize {
    2 * width * width
}

/// Rows that have the same cross-products as others that were there before them.
#[derive(Clone, Debug)]
pub(super) struct Triangle {
    width: usize,
    n_rows: usize,
    /// For how many rows there is room.
    room: usize,
    /// Column by column, so that one instruction takes several numbers of a column.
    values: Vec<f64>,
    /// Of which column the next number is.
    next: usize,
    /// Whether the first `width` rows are upper triangular.
    has_triangle: bool,
}

impl Triangle {
    /// Of no rows.
    pub(super) fn none(width: usize) -> Self {
        Self { width, n_rows: 0, room: 0, values: vec![], next: 0, has_triangle: false }
    }

    /// One more row, or its next numbers.
    pub(super) fn push(&mut self, numbers: impl IntoIterator<Item = f64>) {
        if self.n_rows == self.room {
            let most = BLOCK + self.width; // It is shrunk then. Wide rows take room by their number until there are so many.
            self.make_room((2 * self.room).clamp(LINE, most).max(self.room + 1));
        }
        let places = &mut self.values[self.next * self.room + self.n_rows..];
        let mut at = 0;
        for number in numbers {
            places[at] = number;
            at += self.room;
            self.next += 1;
        }
        if self.next == self.width {
            (self.next, self.n_rows) = (0, self.n_rows + 1);
        }
    }

    /// The rows of another below its own.
    pub(super) fn stack(&mut self, other: &Self) {
        let n_rows = self.n_rows + other.n_rows;
        if n_rows > self.room {
            self.make_room(n_rows);
        }
        let columns = self.values.chunks_exact_mut(self.room.max(1)).zip(other.values.chunks_exact(other.room.max(1)));
        columns.for_each(|(own, other_column)| {
            own[self.n_rows..n_rows].copy_from_slice(&other_column[..other.n_rows]);
        });
        self.n_rows = n_rows;
    }

    /// Each number times `by`, but for those of the first column.
    pub(super) fn scale_behind_first(&mut self, by: f64) {
        let n_rows = self.n_rows + usize::from(self.next > 0);
        let columns = self.values.chunks_exact_mut(self.room.max(1)).skip(1);
        columns.for_each(|column| column[..n_rows].iter_mut().for_each(|it| *it *= by));
    }

    /// As few rows as columns, if there are so many more that it is worth it.
    ///
    /// # Errors
    /// What `ask` answers; what is left is of no use then.
    pub(super) fn shrink_if_long(&mut self, ask: &Ask<'_>) -> Result<()> {
        if self.n_rows < BLOCK + self.width { Ok(()) } else { self.reflect(ask) }
    }

    /// As few rows as columns, if there are more.
    ///
    /// # Errors
    /// As [`Triangle::shrink_if_long`].
    pub(super) fn shrink(&mut self, ask: &Ask<'_>) -> Result<()> {
        if self.n_rows <= self.width { Ok(()) } else { self.reflect(ask) }
    }

    /// Upper triangular, `(min(n_rows, width), width)`, with a diagonal that is not negative.
    ///
    /// # Errors
    /// What `ask` answers.
    pub(super) fn into_r(mut self, ask: &Ask<'_>) -> Result<Array2<f64>> {
        self.reflect(ask)?;
        let at = |row: usize, column: usize| self.values[column * self.room + row];
        Ok(Array2::from_shape_fn((self.n_rows, self.width), |(row, column)| {
            if at(row, row) < 0.0 { -at(row, column) } else { at(row, column) }
        }))
    }

    fn make_room(&mut self, n_rows: usize) {
        // An odd number of lines: columns whose distance is a power of 2 would share few places of the cache.
        let room = n_rows.next_multiple_of(LINE) | LINE;
        let mut values = vec![0.0; room * self.width];
        for (place, column) in values.chunks_exact_mut(room).zip(self.values.chunks_exact(self.room.max(1))) {
            place[..self.room].copy_from_slice(column);
        }
        (self.room, self.values) = (room, values);
    }

    /// Makes it triangular: column by column, what is below the diagonal is mirrored into it.
    fn reflect(&mut self, ask: &Ask<'_>) -> Result<()> {
        let Self { width, n_rows, room, .. } = *self;
        let most = n_rows.min(width);
        let mut reflected = 0;
        for column in 0..most {
            if reflected > AT_ONCE {
                ask()?;
                reflected = 0;
            }
            reflected += (width - column) * n_rows;
            let (own, others) = self.values[column * room..].split_at_mut(room);
            // What a triangle has below its diagonal is 0 already.
            let below = if self.has_triangle { width } else { column + 1 };
            if let Some(mirror) = Mirror::of(&own[..n_rows], column, below) {
                others.chunks_mut(2 * room).for_each(|columns| mirror.reflect(columns, room));
                own[column] = mirror.image;
            }
            own[column + 1..most].fill(0.0);
        }
        (self.n_rows, self.has_triangle) = (most, most == width);
        Ok(())
    }
}

/// What takes a column into its diagonal.
struct Mirror<'a> {
    diagonal: usize,
    /// The first row below it that is not 0.
    first: usize,
    /// The vector at the diagonal, and from `first` on.
    top: f64,
    below: &'a [f64],
    scale: f64,
    /// What the diagonal becomes.
    image: f64,
}

impl<'a> Mirror<'a> {
    /// `None` if there is nothing below the diagonal.
    fn of(column: &'a [f64], diagonal: usize, first: usize) -> Option<Self> {
        let (above, below) = column.split_at(first);
        let [squares] = dots([below], below);
        let before = above[diagonal];
        let norm = (before * before + squares).sqrt();
        // It stands between the column and the diagonal's far side, so that no digits are lost.
        let image = if before < 0.0 { norm } else { -norm };
        let scale = 1.0 / (norm * (norm + before.abs()));
        (squares != 0.0).then_some(Self { diagonal, first, top: before - image, below, scale, image })
    }

    /// Takes one column, or two, which share what is read of it, along; each has room for so many rows.
    fn reflect(&self, columns: &mut [f64], room: usize) {
        let (one, other) = columns.split_at_mut(room);
        let below = self.first..self.first + self.below.len();
        if other.is_empty() {
            let [product] = dots([&one[below]], self.below);
            self.subtract(one, product);
            return;
        }
        let [product, others] = dots([&one[below.clone()], &other[below]], self.below);
        self.subtract(one, product);
        self.subtract(other, others);
    }

    fn subtract(&self, column: &mut [f64], product: f64) {
        let share = self.scale * (product + self.top * column[self.diagonal]);
        column[self.diagonal] -= share * self.top;
        column[self.first..].iter_mut().zip(self.below).for_each(|(value, mirror)| *value -= share * mirror);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use ndarray::{Axis, array};
    use proptest::prelude::*;

    fn triangle(rows: &Array2<f64>) -> Triangle {
        let mut triangle = Triangle::none(rows.ncols());
        rows.rows().into_iter().for_each(|row| triangle.push(row.to_vec()));
        triangle
    }

    /// The triangle of them, which nobody cancels.
    fn r_of(triangle: Triangle) -> Array2<f64> {
        triangle.into_r(&|| Ok(())).unwrap()
    }

    fn rows(triangle: &Triangle) -> Array2<f64> {
        let at = |(row, column)| triangle.values[column * triangle.room + row];
        Array2::from_shape_fn((triangle.n_rows, triangle.width), at)
    }

    #[test]
    fn a_triangle_has_the_cross_products_of_its_rows() {
        let r = r_of(triangle(&array![[3.0, 1.0], [0.0, 2.0], [4.0, 1.0]]));

        assert!((&r - array![[5.0, 1.4], [0.0, 2.0099751242241783]]).iter().all(|it| it.abs() < 1e-15), "{r}");
    }

    #[test]
    fn fewer_rows_than_columns_stay_as_they_are_until_there_are_more() {
        let few = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let mut triangle = triangle(&few);

        triangle.shrink(&|| Ok(())).unwrap();

        assert_eq!(rows(&triangle), few);
    }

    #[test]
    fn there_is_room_for_any_number_of_rows_whole_or_in_parts() {
        let all = Array2::from_shape_fn((500, 3), |(row, column)| (3 * row + column) as f64);
        let (mut own, mut below) = (Triangle::none(3), triangle(&all.select(Axis(0), &[498, 499])));
        for row in all.rows().into_iter().take(498) {
            own.push([row[0]]);
            own.push([row[1], row[2]]);
        }

        own.stack(&below);
        below.scale_behind_first(2.0);

        assert_eq!(rows(&own), all);
        assert_eq!(rows(&below), array![[1494.0, 2990.0, 2992.0], [1497.0, 2996.0, 2998.0]]);
    }

    #[test]
    fn rows_that_come_after_a_triangle_are_reduced_into_it() {
        let all = Array2::from_shape_fn((1_000, 3), |(row, column)| ((row * 7 + column * row * row) % 101) as f64);
        let (whole, mut reduced) = (r_of(triangle(&all)), Triangle::none(3));

        for row in all.rows() {
            reduced.push(row.to_vec());
            reduced.shrink_if_long(&|| Ok(())).unwrap();
        }

        assert!(reduced.n_rows < BLOCK + 3);
        assert!((r_of(reduced) - whole).iter().all(|it| it.abs() < 1e-10));
    }

    #[test]
    fn a_few_wide_rows_take_room_by_their_number() {
        let mut wide = Triangle::none(10_000);

        (0..30).for_each(|row| wide.push((0..10_000).map(|column| f64::from(row * column))));

        assert!(wide.values.len() <= 64 * 10_000, "{}", wide.values.len());
        assert_eq!(r_of(wide).dim(), (30, 10_000));
    }

    #[test]
    fn a_large_triangle_asks_meanwhile_and_a_small_one_does_not() {
        let cancelled = || Err(Error::Cancelled { what: "the job" });

        assert!(triangle(&Array2::ones((300, 300))).into_r(&cancelled).is_err());
        assert!(triangle(&Array2::ones((30, 30))).into_r(&cancelled).is_ok());
    }

    #[test]
    fn columns_of_zeros_stay_zero() {
        assert_eq!(r_of(triangle(&array![[0.0, 1.0], [0.0, 1.0], [0.0, 0.0]])).column(0), array![0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn pieces_have_the_triangle_of_the_whole(
            values in prop::collection::vec(-10.0f64..10.0, 4 * 30), border in 1usize..29,
        ) {
            let rows = Array2::from_shape_vec((30, 4), values).unwrap();
            let whole = r_of(triangle(&rows));
            let (left, right) = rows.view().split_at(Axis(0), border);
            let (mut left, mut right) = (triangle(&left.to_owned()), triangle(&right.to_owned()));
            left.shrink(&|| Ok(())).unwrap();
            right.shrink(&|| Ok(())).unwrap();
            left.stack(&right);

            let merged = r_of(left);

            prop_assert!((&merged - &whole).iter().all(|it| it.abs() < 1e-11), "{merged} and {whole}");
        }
    }
}
