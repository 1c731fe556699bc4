//! The directions in which rows vary most: the right singular vectors of the centred rows.

use super::singular_values::{Left, SingularValues, singular_values, unit_of};
use super::triangle::Triangle;
use super::{Moments, OfColumns};
use crate::error::{Error, Result};
use crate::model::kernels::extremes;
use crate::model::summation::Summation;
use crate::model::{Rows, Training};
use ndarray::{Array1, Array2, Axis};

/// What the rows of a fit vary about, in which directions and how far.
///
/// They are found from the triangle of the QR decomposition of `sqrt(w) (x - mean)`, which has its singular values and right
/// singular vectors. Unlike products of columns it keeps all digits.
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
        let Moments { weight, mean, .. } = training.sum(&OfColumns)?;
        if weight <= 1.0 {
            return Err(Error::invalid(format!(
                "{algorithm} learns from rows of a weight above 1 together; there are {} of weight {weight}",
                training.rows.len()
            )));
        }
        let (least, most) = extremes(training.rows.values());
        let unit = unit_of([least, most].iter());
        let ask = || training.progress.report(&format!("reducing the rows of {algorithm}"), 0.0);
        let row_cost = 2 * width * width;
        let triangle = training.sum_asking(&Reduction { mean: &mean, unit }, row_cost, &ask)?;
        let r = squared(triangle, width, training.rows.count().min(width));
        if r.iter().chain(&mean).any(|value| !value.is_finite()) {
            return Err(Error::invalid(format!(
                "differences between rows overflow in {algorithm}; bring the values below 1e300"
            )));
        }
        let ask = || training.progress.report(&format!("finding the axes of {algorithm}"), 0.5);
        let SingularValues { s, vt, .. } = singular_values(r.view(), Left::LeftOut, &ask)?;
        Ok(Self { mean: mean.into(), lengths: s, unit, axes: vt, weight })
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
fn squared(triangle: Triangle, width: usize, n_rows: usize) -> Array2<f64> {
    let r = triangle.into_r();
    if r.nrows() >= n_rows {
        return r;
    }
    let mut filled = Array2::zeros((n_rows, width));
    filled.view_mut().split_at(Axis(0), r.nrows()).0.assign(&r);
    filled
}

/// The triangle of centred rows, in multiples of a unit.
struct Reduction<'a> {
    mean: &'a [f64],
    unit: f64,
}

impl Summation for Reduction<'_> {
    type Partial = Triangle;

    fn partial(&self, shard: Rows<'_>) -> Triangle {
        let width = shard.n_features();
        let mut triangle = Triangle::none(width);
        for (row, weight) in shard.iter().zip(shard.weights) {
            let root = weight.sqrt();
            triangle.push(row.iter().zip(self.mean).map(|(value, mean)| root * ((value - mean) / self.unit)));
            triangle.shrink_if_long();
        }
        triangle.shrink();
        triangle
    }

    fn merge(&self, mut left: Triangle, right: Triangle) -> Triangle {
        left.stack(&right);
        left.shrink();
        left
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
