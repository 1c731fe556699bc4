//! The singular value decomposition of a small matrix, by rotations of its rows.
//!
//! Two rows at a time are turned until they stand at right angles; when all do, their lengths are the singular values. Small
//! singular values come out with all their digits, also beside large ones. M. R. Hestenes, "Inversion of matrices by
//! biorthogonalization and related results" (1958), doi:10.1137/0106005; J. Demmel, K. Veselić, "Jacobi's method is more accurate
//! than QR" (1992), doi:10.1137/0613074.

use crate::error::{Error, Result};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// Rounds over all pairs of rows. Ten are many; what is left after as many is rounding.
const MAX_SWEEPS: usize = 60;
/// A row whose squares sum to less is 0, where the largest number of all is about 1.
const NOTHING: f64 = 1e-290;
/// Rows of even a few numbers are at right angles but for as many units in the last place.
const FEWEST_ULPS: usize = 8;

/// `a = u diag(s) vt`.
#[derive(Debug)]
pub(in crate::model) struct SingularValues {
    /// `(n_rows, n_rows)`, orthonormal; `(n_rows, 0)` where it was not asked for.
    pub(in crate::model) u: Array2<f64>,
    /// Descending, 0 or greater.
    pub(in crate::model) s: Array1<f64>,
    /// `(n_rows, n_columns)`, orthonormal rows; those of singular values 0 are any that complete the others.
    pub(in crate::model) vt: Array2<f64>,
}

/// Whether rotations are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model) enum Left {
    /// `u` is found, too.
    Found,
    /// `u` is left out.
    LeftOut,
}

/// The decomposition of a finite matrix of at most as many rows as columns. It takes about `10 n_rows^2 n_columns` additions;
/// `ask` is asked often meanwhile.
///
/// # Errors
/// What `ask` answers.
pub(in crate::model) fn singular_values(
    a: ArrayView2<'_, f64>,
    left: Left,
    ask: &dyn Fn() -> Result<()>,
) -> Result<SingularValues> {
    let (n_rows, width) = a.dim();
    if n_rows > width {
        return Err(Error::internal(format!("singular values of {n_rows} rows of {width} numbers were asked for")));
    }
    let unit = unit_of(a.iter());
    let mut rows: Vec<Row> =
        a.rows().into_iter().enumerate().map(|(at, row)| Row::of(row, unit, at, left, n_rows)).collect();
    for _ in 0..MAX_SWEEPS {
        if !sweep(&mut rows, width, ask)? {
            break;
        }
    }
    rows.iter_mut().for_each(|row| row.measure(width));
    rows.sort_by(|one, other| other.squares.total_cmp(&one.squares)); // Stable.
    Ok(gathered(rows, width, unit))
}

/// A power of 2 near the largest of these numbers; 1 if all are 0.
pub(in crate::model) fn unit_of<'a>(numbers: impl Iterator<Item = &'a f64>) -> f64 {
    let largest = numbers.fold(0.0f64, |largest, it| largest.max(it.abs()));
    if largest > 0.0 { 2f64.powi((largest.log2().floor() as i32).clamp(-1_000, 1_000)) } else { 1.0 }
}

/// A row, and behind it what it is made of.
struct Row {
    values: Vec<f64>,
    /// Of the row itself.
    squares: f64,
}

impl Row {
    fn of(row: ArrayView1<'_, f64>, unit: f64, at: usize, left: Left, n_rows: usize) -> Self {
        let mut values: Vec<f64> = row.iter().map(|value| value / unit).collect();
        if left == Left::Found {
            values.extend((0..n_rows).map(|own| if own == at { 1.0 } else { 0.0 }));
        }
        Self { values, squares: 0.0 }
    }

    fn measure(&mut self, width: usize) {
        let row = ArrayView1::from(&self.values[..width]);
        self.squares = row.dot(&row);
    }
}

/// Turns each pair of rows once; whether there was one to turn.
fn sweep(rows: &mut [Row], width: usize, ask: &dyn Fn() -> Result<()>) -> Result<bool> {
    rows.iter_mut().for_each(|row| row.measure(width));
    let mut turned = false;
    for first in 0..rows.len() {
        ask()?;
        let (one, others) = rows[first..].split_at_mut(1);
        for other in others {
            turned |= turn(&mut one[0], other, width);
        }
    }
    Ok(turned)
}

/// Turns two rows to a right angle, the longer one first; whether they were at none.
fn turn(one: &mut Row, other: &mut Row, width: usize) -> bool {
    if one.squares < other.squares {
        std::mem::swap(one, other); // Rows in the order of their lengths need fewer rounds.
    }
    if other.squares < NOTHING {
        return false;
    }
    let product = ArrayView1::from(&one.values[..width]).dot(&ArrayView1::from(&other.values[..width]));
    let right = width.max(FEWEST_ULPS) as f64 * f64::EPSILON;
    if product.abs() <= right * one.squares.sqrt() * other.squares.sqrt() {
        return false;
    }
    let cotangent = (other.squares - one.squares) / (2.0 * product);
    let tangent = 1f64.copysign(cotangent) / (cotangent.abs() + cotangent.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = cosine * tangent;
    for (one, other) in one.values.iter_mut().zip(&mut other.values) {
        (*one, *other) = (cosine * *one - sine * *other, sine * *one + cosine * *other);
    }
    one.measure(width);
    other.measure(width);
    true
}

fn gathered(rows: Vec<Row>, width: usize, unit: f64) -> SingularValues {
    let n_rows = rows.len();
    let carried = rows.first().map_or(0, |row| row.values.len() - width);
    let (mut u, mut vt) = (Array2::zeros((n_rows, carried)), Array2::zeros((n_rows, width)));
    let mut s = Array1::zeros(n_rows);
    for (at, row) in rows.iter().enumerate() {
        let (own, made_of) = row.values.split_at(width);
        if !made_of.is_empty() {
            u.column_mut(at).assign(&ArrayView1::from(made_of));
        }
        if row.squares < NOTHING {
            complete(&mut vt, at);
            continue;
        }
        let length = row.squares.sqrt();
        s[at] = length * unit;
        vt.row_mut(at).assign(&ArrayView1::from(own).map(|value| value / length));
    }
    SingularValues { u, s, vt }
}

/// Makes this row one of length 1 that is at right angles to all before it, fewer than there are columns.
fn complete(vt: &mut Array2<f64>, at: usize) {
    let (known, mut rest) = vt.view_mut().split_at(Axis(0), at);
    let covered = |column: usize| known.column(column).iter().map(|it| it * it).sum::<f64>();
    let columns = (0..known.ncols()).map(|column| (covered(column), column));
    let (_, farthest) = columns.fold((f64::INFINITY, 0), |best, it| if it.0 < best.0 { it } else { best });
    let mut row = rest.row_mut(0);
    row[farthest] = 1.0;
    for _ in 0..2 {
        for known in known.rows() {
            let share = known.dot(&row);
            row.scaled_add(-share, &known);
        }
    }
    let length = row.dot(&row).sqrt();
    row.iter_mut().for_each(|value| *value /= length);
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::array;
    use proptest::prelude::*;

    fn decomposed(a: &Array2<f64>) -> SingularValues {
        singular_values(a.view(), Left::Found, &|| Ok(())).unwrap()
    }

    /// How far the rows are from orthonormal.
    fn skew(rows: ArrayView2<'_, f64>) -> f64 {
        let off = rows.dot(&rows.t()) - Array2::<f64>::eye(rows.nrows());
        off.iter().fold(0.0, |most, it| most.max(it.abs()))
    }

    #[test]
    fn a_matrix_of_two_rows_has_the_singular_values_of_its_closed_form() {
        let SingularValues { s, vt, .. } = decomposed(&array![[3.0, 0.0], [4.0, 5.0]]);

        assert_abs_diff_eq!(s, array![45f64.sqrt(), 5f64.sqrt()], epsilon = 1e-14);
        assert_abs_diff_eq!(
            vt.map(|it| it.abs()),
            array![[0.5, 0.5], [0.5, 0.5]].map(|it: &f64| it.sqrt()),
            epsilon = 1e-15
        );
    }

    #[test]
    fn the_matrix_of_a_path_has_the_singular_values_of_its_closed_form() {
        let n = 30;
        let path = Array2::from_shape_fn((n, n), |(row, column)| match row.abs_diff(column) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });

        let SingularValues { s, .. } = decomposed(&path);

        let angle = |k: usize| std::f64::consts::PI * k as f64 / (2 * (n + 1)) as f64;
        let expected: Array1<f64> = (1..=n).rev().map(|k| 4.0 * angle(k).sin().powi(2)).collect();
        assert_abs_diff_eq!(s, expected, epsilon = 1e-13);
    }

    #[test]
    fn a_small_singular_value_beside_a_large_one_keeps_all_its_digits() {
        for small in [1e-20, 1e-100] {
            let SingularValues { s, .. } = decomposed(&array![[1.0, 1.0], [0.0, small]]);

            assert!((s[1] / (small / 2f64.sqrt()) - 1.0).abs() < 1e-14, "{s}");
        }
    }

    #[test]
    fn nothing_is_completed_to_any_orthonormal_rows() {
        for a in [Array2::zeros((3, 4)), array![[1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0], [0.0, 0.0, 0.0, 0.0]]] {
            let SingularValues { u, s, vt } = decomposed(&a);

            assert!(s[1] < 1e-15 && skew(vt.view()) < 1e-14 && skew(u.view()) < 1e-14, "{s} {vt}");
        }
    }

    #[test]
    fn more_rows_than_columns_and_a_cancelled_job_are_errors() {
        assert!(singular_values(Array2::ones((3, 2)).view(), Left::LeftOut, &|| Ok(())).is_err());
        let cancelled = || Err(Error::Cancelled { what: "the job" });
        assert!(singular_values(Array2::ones((2, 2)).view(), Left::LeftOut, &cancelled).is_err());
    }

    proptest! {
        #[test]
        fn a_matrix_is_the_product_of_its_parts_at_every_scale(
            n_rows in 1usize..8,
            more in 0usize..4,
            values in prop::collection::vec(-1.0f64..1.0, 88),
            grades in prop::collection::vec(0i32..40, 8),
            magnitude in prop::sample::select(vec![-320, -300, -150, 0, 150, 300]),
        ) {
            let a = Array2::from_shape_fn((n_rows, n_rows + more), |(row, column)| {
                values[row * 11 + column] * 10f64.powi(magnitude / 2) * 10f64.powi(magnitude - magnitude / 2 - grades[row])
            });

            let SingularValues { u, s, vt } = decomposed(&a);

            prop_assert!(skew(u.view()) < 1e-13 && skew(u.t()) < 1e-13 && skew(vt.view()) < 1e-13);
            prop_assert!(s.windows(2).into_iter().all(|pair| pair[0] >= pair[1]) && s.iter().all(|it| *it >= 0.0));
            let largest = a.iter().fold(0.0f64, |most, it| most.max(it.abs()));
            let product = (&u * &s).dot(&vt);
            for (ours, theirs) in product.iter().zip(&a) {
                prop_assert!((ours - theirs).abs() <= 1e-13 * largest + 1e-322, "{} and {}", ours, theirs);
            }
        }
    }
}
