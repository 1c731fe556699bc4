//! The largest eigenvalues of a symmetric matrix with their eigenvectors, where few are asked for.

use super::symmetric::{Eigen, eigen, positive};
use crate::error::Result;
use crate::model::crew::share_out;
use crate::model::kernels::{Panels, dots, in_rows};
use crate::model::random::Philox;
use ndarray::Array2;

/// Directions that the matrix is multiplied with side by side, at least.
const FEWEST: usize = 8;
/// A search takes as many times these directions before it is given up, or does not begin.
const FEWEST_TURNS: usize = 6;
/// Of as many rows it takes one direction at most. All eigenvectors are found sooner than more.
const ROWS_PER_DIRECTION: usize = 4;
/// By how much `A v = l v` may be missed, as a share of the largest eigenvalue: what is left then is rounding.
const TOLERANCE: f64 = 1e-13;
/// The share of the work that the search is, if it is given up.
const SEARCH: f64 = 0.2;
/// Rows of the matrix that a thread takes at once.
const PIECE_ROWS: usize = 64;
/// What random numbers begin with. They decide the way and not the end, so that no seed is asked for.
const START: u64 = 0x6c65_6164;

/// The `count` largest eigenvalues of a symmetric matrix of finite numbers, with their vectors, or more of them.
///
/// Directions are what the matrix makes of random ones again and again, each at right angles to all before; the eigenvectors
/// within their span are those of the matrix once they are turned by no multiplication. As many directions go side by side as
/// vectors are asked for, so that equal eigenvalues are found as often as they are there. Where they come too slowly, [`eigen`]
/// finds all. Source: G. H. Golub, R. Underwood, "The block Lanczos method for computing eigenvalues" (1977),
/// doi:10.1016/B978-0-12-587260-7.50018-2.
///
/// # Errors
/// What `ask` answers; it is told how much is done.
pub(in crate::model) fn leading(
    matrix: &Array2<f64>,
    count: usize,
    threads: usize,
    ask: &dyn Fn(f64) -> Result<()>,
) -> Result<Eigen> {
    let (side_by_side, most) = (count.max(FEWEST), matrix.nrows() / ROWS_PER_DIRECTION);
    if most < FEWEST_TURNS * side_by_side {
        return eigen(matrix, ask);
    }
    let random = Philox::new(START);
    let place = |direction: usize, row: usize| (direction * matrix.nrows() + row) as u64;
    let start = |direction| (0..matrix.nrows()).map(|row| random.normal(place(direction, row))).collect();
    let mut span = Span { matrix, threads, directions: vec![], images: vec![], products: vec![] };
    span.widen((0..side_by_side).map(start).collect(), &|| ask(0.0))?;
    let mut looked_at = FEWEST_TURNS / 2 * side_by_side;
    loop {
        let share = SEARCH * span.directions.len() as f64 / most as f64;
        let images = span.look(&|| ask(share))?;
        let known = span.directions.len();
        span.widen(images, &|| ask(share))?;
        let is_whole = span.directions.len() == known;
        if known >= looked_at || is_whole {
            if let Some(found) = span.eigenvectors(known, count, &|| ask(share))? {
                return Ok(found);
            }
            looked_at = known * 3 / 2;
        }
        if is_whole || span.directions.len() > most {
            return eigen(matrix, &|share| ask(SEARCH + (1.0 - SEARCH) * share));
        }
    }
}

/// Directions of length 1 at right angles to each other.
struct Span<'a> {
    matrix: &'a Array2<f64>,
    threads: usize,
    directions: Vec<Vec<f64>>,
    /// What the matrix makes of the first of them.
    images: Vec<Vec<f64>>,
    /// Of each of these with the directions up to its own.
    products: Vec<Vec<f64>>,
}

impl Span<'_> {
    /// Multiplies the matrix with the directions that it has not seen yet; answers what it makes of them.
    fn look(&mut self, ask: &dyn Fn() -> Result<()>) -> Result<Vec<Vec<f64>>> {
        let (n_rows, first) = (self.matrix.nrows(), self.images.len());
        let new = &self.directions[first..];
        let panels = Panels::<f64>::new(Array2::from_shape_fn((n_rows, new.len()), |(row, at)| new[at][row]).view());
        let view = self.matrix.view();
        let values = in_rows(&view);
        let pieces: Vec<&[f64]> = values.chunks(PIECE_ROWS * n_rows).collect();
        let products = share_out(pieces.len(), self.threads, &|_| ask(), |piece, ask| {
            ask()?;
            Ok(panels.products(pieces[piece]))
        })?;
        let products = products.concat();
        let image = |at| products.iter().skip(at).step_by(new.len()).copied().collect();
        let images: Vec<Vec<f64>> = (0..new.len()).map(image).collect();
        for (at, image) in images.iter().enumerate() {
            self.products.push(self.directions[..=first + at].iter().map(|it| product(it, image)).collect());
        }
        self.images.extend_from_slice(&images);
        Ok(images)
    }

    /// Adds what is new in some vectors.
    fn widen(&mut self, vectors: Vec<Vec<f64>>, ask: &dyn Fn() -> Result<()>) -> Result<()> {
        for mut vector in vectors {
            ask()?;
            let before = product(&vector, &vector).sqrt();
            // The second time takes away what rounding has left.
            for direction in self.directions.iter().chain(&self.directions) {
                let share = product(direction, &vector);
                vector.iter_mut().zip(direction).for_each(|(it, own)| *it -= share * own);
            }
            let length = product(&vector, &vector).sqrt();
            if length > before * TOLERANCE {
                vector.iter_mut().for_each(|it| *it /= length);
                self.directions.push(vector);
            }
        }
        Ok(())
    }

    /// The eigenvectors within the span of the first directions; `None` if the matrix turns one of those that are asked for.
    fn eigenvectors(&self, n_directions: usize, count: usize, ask: &dyn Fn() -> Result<()>) -> Result<Option<Eigen>> {
        if n_directions < count {
            return Ok(None);
        }
        let lower = |(row, column): (usize, usize)| if column <= row { self.products[row][column] } else { 0.0 };
        let within = eigen(&Array2::from_shape_fn((n_directions, n_directions), lower), &|_| ask())?;
        let largest = within.values.iter().fold(0.0, |largest: f64, it| largest.max(it.abs()));
        let mut found = Eigen { values: vec![], vectors: vec![] };
        for (value, shares) in within.values.into_iter().zip(&within.vectors).take(count) {
            ask()?;
            let (vector, image) = (mixed(&self.directions, shares), mixed(&self.images, shares));
            let missed = image.iter().zip(&vector).map(|(it, own)| (it - value * own).powi(2)).sum::<f64>().sqrt();
            if missed > TOLERANCE * largest {
                return Ok(None);
            }
            found.values.push(value);
            found.vectors.push(positive(vector));
        }
        Ok(Some(found))
    }
}

fn product(one: &[f64], other: &[f64]) -> f64 {
    let [product] = dots([one], other);
    product
}

/// The sum of vectors by their shares.
fn mixed(vectors: &[Vec<f64>], shares: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for (vector, share) in vectors.iter().zip(shares) {
        sum.iter_mut().zip(vector).for_each(|(it, own)| *it += share * own);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use approx::assert_abs_diff_eq;
    use std::cell::Cell;

    /// Reflections of a diagonal: a matrix of these eigenvalues whose eigenvectors have no zeros.
    fn of_values(values: &[f64]) -> Array2<f64> {
        let size = values.len();
        let axis: Vec<f64> = (0..size).map(|row| 1.0 + (row as f64 * 1.7).sin()).collect();
        let square: f64 = axis.iter().map(|it| it * it).sum();
        let reflection = Array2::from_shape_fn((size, size), |(row, column)| {
            f64::from(u8::from(row == column)) - 2.0 * axis[row] * axis[column] / square
        });
        let diagonal = Array2::from_shape_fn((size, size), |(row, column)| reflection[(row, column)] * values[column]);
        let matrix = diagonal.dot(&reflection);
        (&matrix + &matrix.t()) / 2.0
    }

    /// Whether the search finds them, and not [`eigen`], which asks for shares that are larger.
    fn found(matrix: &Array2<f64>, count: usize, threads: usize) -> (Eigen, bool) {
        let last = Cell::new(0.0);
        let found = leading(matrix, count, threads, &|share| {
            last.set(share);
            Ok(())
        });
        (found.unwrap(), last.get() <= SEARCH)
    }

    #[track_caller]
    fn assert_turned_by_nothing(matrix: &Array2<f64>, found: &Eigen, count: usize) {
        let vectors: Vec<_> = found.vectors.iter().take(count).map(|it| ndarray::aview1(it)).collect();
        for (at, (vector, value)) in vectors.iter().zip(&found.values).enumerate() {
            assert!((matrix.dot(vector) - vector * *value).iter().all(|it| it.abs() < 1e-12));
            for (to, other) in vectors.iter().enumerate() {
                assert_abs_diff_eq!(vector.dot(other), f64::from(u8::from(at == to)), epsilon = 1e-12);
            }
        }
    }

    #[test]
    fn the_largest_eigenvalues_are_those_that_the_matrix_was_made_of() {
        let values: Vec<f64> = (0..300).map(|at| 0.7f64.powi(at)).collect();
        let matrix = of_values(&values);

        let (found, by_search) = found(&matrix, 5, 1);

        assert!(by_search);
        assert_turned_by_nothing(&matrix, &found, 5);
        found.values.iter().zip(&values).for_each(|(it, value)| assert_abs_diff_eq!(it, value, epsilon = 1e-12));
    }

    #[test]
    fn equal_eigenvalues_are_found_as_often_as_they_are_there() {
        let values: Vec<f64> = (0..300).map(|at| if at < 6 { 1.0 } else { 0.5f64.powi(at - 5) }).collect();
        let matrix = of_values(&values);

        let (found, by_search) = found(&matrix, 7, 2);

        assert!(by_search);
        assert_turned_by_nothing(&matrix, &found, 7);
        found.values.iter().zip(&values).for_each(|(it, value)| assert_abs_diff_eq!(it, value, epsilon = 1e-12));
    }

    #[test]
    fn any_number_of_threads_finds_the_same_bits() {
        let matrix = of_values(&(0..300).map(|at| 0.6f64.powi(at)).collect::<Vec<_>>());
        let by = |threads| {
            let (Eigen { values, vectors }, by_search) = found(&matrix, 3, threads);
            (values, vectors, by_search)
        };

        let expected = by(1);

        assert!(expected.2);
        assert!([2, 5].into_iter().all(|threads| by(threads) == expected));
    }

    #[test]
    fn a_matrix_that_is_spanned_by_less_than_is_asked_for_is_fine() {
        let (found, _) = found(&of_values(&[&[2.0][..], &[0.0; 299]].concat()), 4, 1);

        assert_abs_diff_eq!(found.values[..4], [2.0, 0.0, 0.0, 0.0][..], epsilon = 1e-12);
    }

    #[test]
    fn eigenvalues_that_are_hard_to_tell_apart_are_all_found() {
        let values: Vec<f64> = (0..200).map(|at| 1.0 - f64::from(at) * 1e-5).collect();
        let matrix = of_values(&values);

        let (found, by_search) = found(&matrix, 2, 1);

        assert!(!by_search);
        assert_turned_by_nothing(&matrix, &found, 2);
    }

    #[test]
    fn whoever_does_not_want_to_wait_is_asked() {
        let matrix = of_values(&(0..300).map(f64::from).collect::<Vec<_>>());

        assert!(leading(&matrix, 2, 2, &|_| Err(Error::Cancelled { what: "the job" })).is_err());
    }
}
