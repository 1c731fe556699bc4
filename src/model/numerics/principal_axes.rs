//! The directions in which rows vary most: the right singular vectors of the centred rows.

use super::singular_values::{Left, SingularValues, singular_values, unit_of};
use super::triangle::{Triangle, row_cost};
use crate::error::{Error, Result};
use crate::model::crew::Ask;
use crate::model::kernels::{extremes, first_largest};
use crate::model::summation::LongSummation;
use crate::model::{Rows, Training};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// What the rows of a fit vary about, in which directions and how far.
///
/// They are found from the triangle of the QR decomposition of `sqrt(w) [1 x - origin]`. Its first row has the means, and what is
/// left without it has the singular values and right singular vectors of the centred rows. Unlike products of columns it keeps
/// all digits: the origin is the row that counts most, and no column of `n` rows has it further from the mean than `sqrt(n)`
/// standard deviations.
///
/// P. A. Samuelson, "How deviant can you be?" (1968), Journal of the American Statistical Association 63, 1522.
#[derive(Debug)]
pub(in crate::model) struct PrincipalAxes {
    /// Of each column.
    pub(in crate::model) mean: Array1<f64>,
    /// The root of the sum of squares along each axis, in multiples of `unit`; descending.
    pub(in crate::model) lengths: Array1<f64>,
    /// A power of 2 near the largest number that there is, so that squares neither overflow nor vanish.
    pub(in crate::model) unit: f64,
    /// `(min(n_samples, n_features), n_features)`, orthonormal rows.
    pub(in crate::model) axes: Array2<f64>,
    /// The weight of all rows.
    pub(in crate::model) weight: f64,
}

impl PrincipalAxes {
    /// Of all rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is one row only, of weight 1, or numbers are so large that their differences are none; it names
    /// `algorithm`. What the progress answers.
    pub(in crate::model) fn of(training: &Training<'_>, algorithm: &str) -> Result<Self> {
        let width = training.rows.n_features();
        let weight: f64 = training.rows.weights.iter().sum();
        if weight <= 1.0 {
            return Err(Error::invalid(format!(
                "{algorithm} learns from rows of a weight above 1 together; there are {} of weight {weight}",
                training.rows.len()
            )));
        }
        let ask = || training.progress.report(&format!("reducing the rows of {algorithm}"), 0.0);
        let heaviest = first_largest(training.rows.weights);
        let origin = training.rows.slice_in(heaviest..heaviest + 1, &mut vec![]).values().to_vec();
        let reduction = Reduction { origin: &origin };
        let Partial { unit, triangle } = training.sum_once_asking(&reduction, row_cost(width + 1), &ask)?;
        let triangle = triangle.into_r(&ask)?;
        let (first, rest) = triangle.view().split_at(Axis(0), 1);
        let shifts = first.iter().skip(1).map(|sum| sum / first[(0, 0)] * unit);
        let mean: Array1<f64> = origin.iter().zip(shifts).map(|(origin, shift)| origin + shift).collect();
        let r = filled(rest.split_at(Axis(1), 1).1, training.rows.count().min(width));
        if r.iter().chain(&mean).any(|value| !value.is_finite()) {
            return Err(Error::invalid(format!(
                "differences between rows overflow in {algorithm}; bring the values below 1e300"
            )));
        }
        let ask = || training.progress.report(&format!("finding the axes of {algorithm}"), 0.5);
        let SingularValues { s, vt, .. } = singular_values(r.view(), Left::LeftOut, &ask)?;
        Ok(Self { mean, lengths: s, unit, axes: vt, weight })
    }

    /// How many axes there are along which rows differ by more than rounding.
    pub(in crate::model) fn rank(&self) -> usize {
        let (longest, size) =
            (self.lengths.first().copied().unwrap_or(0.0), self.axes.ncols().max(self.weight as usize));
        let rounding = longest * size as f64 * f64::EPSILON;
        self.lengths.iter().take_while(|length| **length > rounding).count()
    }

    /// The variance along each axis, divided by the weight less one.
    pub(in crate::model) fn variances(&self) -> Array1<f64> {
        let root = (self.weight - 1.0).sqrt();
        self.lengths.map(|length| (length / root * self.unit).powi(2))
    }
}

/// With rows of zeros below, if there are fewer.
fn filled(r: ArrayView2<'_, f64>, n_rows: usize) -> Array2<f64> {
    let mut filled = Array2::zeros((n_rows.max(r.nrows()), r.ncols()));
    filled.view_mut().split_at(Axis(0), r.nrows()).0.assign(&r);
    filled
}

/// As [`unit_of`], but the smallest there is if all are 0, so that numbers elsewhere have their own.
fn unit_among<'a>(numbers: impl Iterator<Item = &'a f64> + Clone) -> f64 {
    if numbers.clone().all(|it| *it == 0.0) { f64::MIN_POSITIVE } else { unit_of(numbers) }
}

struct Reduction<'a> {
    origin: &'a [f64],
}

/// The triangle of rows less the origin, in multiples of a unit, behind a column of ones.
struct Partial {
    unit: f64,
    triangle: Triangle,
}

impl Partial {
    /// In multiples of another unit, as large at least. Both are powers of 2, so that no digits are lost.
    fn in_unit(mut self, unit: f64) -> Triangle {
        if self.unit != unit {
            self.triangle.scale_behind_first(self.unit / unit);
        }
        self.triangle
    }
}

impl LongSummation for Reduction<'_> {
    type Partial = Partial;

    fn partial(&self, shard: Rows<'_>, ask: &Ask<'_>) -> Result<Partial> {
        let (least, most) = extremes(shard.values());
        let unit = unit_among(self.origin.iter().chain([&least, &most]));
        let (mut triangle, share) = (Triangle::none(1 + shard.n_features()), 1.0 / unit);
        for (row, weight) in shard.iter().zip(shard.weights) {
            let root = weight.sqrt();
            triangle.push([root]);
            triangle.push(row.iter().zip(self.origin).map(|(value, origin)| root * ((value - origin) * share)));
            triangle.shrink_if_long(ask)?;
        }
        triangle.shrink(ask)?;
        Ok(Partial { unit, triangle })
    }

    fn merge(&self, left: Partial, right: Partial, ask: &Ask<'_>) -> Result<Partial> {
        let unit = left.unit.max(right.unit);
        let (mut triangle, right) = (left.in_unit(unit), right.in_unit(unit));
        triangle.stack(&right);
        triangle.shrink(ask)?;
        Ok(Partial { unit, triangle })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    fn axes_of(features: &Array2<f64>) -> Result<PrincipalAxes> {
        trained(features, &Targets::None, |training| PrincipalAxes::of(training, "pca"))
    }

    #[test]
    fn rows_on_a_line_vary_along_it_and_nowhere_else() {
        for scale in [1e-200, 1.0, 1e200] {
            let line = array![[1.0, 2.0], [2.0, 4.0], [6.0, 12.0]] * scale;

            let axes = axes_of(&line).unwrap();

            assert_eq!(axes.rank(), 1);
            let along = axes.axes.row(0).map(|it| it.abs());
            assert_abs_diff_eq!(along, array![0.2f64.sqrt(), 0.8f64.sqrt()], epsilon = 1e-15);
            assert_abs_diff_eq!(axes.lengths[0] * (axes.unit / scale), 70f64.sqrt(), epsilon = 1e-13);
        }
    }

    /// Of all shards one has a number.
    #[test]
    fn rows_of_zeros_have_no_unit_of_their_own() {
        for (scale, filled) in [(1e-200, 1), (1e200, 1), (1e-200, 298), (1.0, 298)] {
            let number = |(row, column)| if row == filled { scale * [3.0, 4.0][column] } else { 0.0 };
            let rows = Array2::from_shape_fn((300, 2), number);

            let axes = axes_of(&rows).unwrap();

            let along = axes.axes.row(0).map(|it| it.abs());
            assert_abs_diff_eq!(along, array![0.6, 0.8], epsilon = 1e-14);
            assert_abs_diff_eq!(
                axes.lengths[0] * (axes.unit / scale),
                (25.0 * 299.0 / 300.0f64).sqrt(),
                epsilon = 1e-13
            );
        }
    }

    #[test]
    fn a_row_far_from_all_others_that_counts_little_costs_them_no_digits() {
        let near = |row: usize, column: usize| ((row * 7 + column * 13) % 11) as f64;
        let rows =
            Array2::from_shape_fn((400, 2), |(row, column)| near(row, column) + if row == 0 { 1e15 } else { 0.0 });
        let weights: Vec<f64> = (0..400).map(|row| if row == 0 { 1e-40 } else { 1.0 }).collect();
        let training = |rows| Training { rows, seed: 7, threads: 1, progress: &|_: &str, _| Ok(()) };

        let with = PrincipalAxes::of(&training(Rows::new(&rows, Targets::None.view(), &weights)), "pca").unwrap();

        let others = rows.select(Axis(0), &(1..400).collect::<Vec<_>>());
        let without =
            PrincipalAxes::of(&training(Rows::new(&others, Targets::None.view(), &weights[1..])), "pca").unwrap();
        assert_abs_diff_eq!(with.variances(), without.variances(), epsilon = 1e-9);
        assert_abs_diff_eq!(with.mean, without.mean, epsilon = 1e-9);
    }

    #[test]
    fn a_shift_changes_the_mean_alone() {
        let rows = array![[1.0, 2.0], [3.0, -4.0], [6.0, 11.0], [0.0, 1.0]];

        let (near, far) = (axes_of(&rows).unwrap(), axes_of(&(&rows + 1e7)).unwrap());

        assert_abs_diff_eq!(near.variances(), far.variances(), epsilon = 1e-6);
        assert_abs_diff_eq!(&near.mean + 1e7, far.mean, epsilon = 1e-8);
    }

    #[test]
    fn rows_of_small_weights_vary_as_others_do() {
        let rows = array![[1.0, 2.0, 0.0], [3.0, -4.0, 1.0], [6.0, 11.0, 5.0], [0.0, 1.0, 7.0]];
        let whole = axes_of(&rows).unwrap();

        let weights = [0.4; 4];
        let rows = Rows::new(&rows, Targets::None.view(), &weights);
        let training = Training { rows, seed: 7, threads: 1, progress: &|_: &str, _| Ok(()) };
        let light = PrincipalAxes::of(&training, "pca").unwrap();

        assert_eq!(light.axes.dim(), (3, 3));
        assert_abs_diff_eq!(light.lengths, &whole.lengths * 0.4f64.sqrt(), epsilon = 1e-14);
    }

    #[test]
    fn one_row_varies_not() {
        assert!(
            axes_of(&array![[1.0, 2.0]])
                .unwrap_err()
                .to_string()
                .contains("a weight above 1 together; there are 1 of weight 1")
        );
    }
}
