//! Regression by a function that never falls, or never rises.

use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::summation::Summation;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Predictions, Rows,
    Training, UnfittedStep,
};
use ndarray::{Array1, ArrayD, ArrayView2};

const NAME: &str = "isotonic_regression";

/// Least squares by a function of one column that never falls, or never rises.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsotonicRegression;

impl Algorithm for IsotonicRegression {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Regressor,
            summary: "Least squares by a function of one column that never falls, or never rises.",
            details: &[
                "Finds the values `f(x_i)` that minimise `sum w_i (y_i - f(x_i))^2` and never fall (or, with \
                 `increasing` false, never rise) as `x` grows. Between the values of `x` that were learned from it is \
                 linear, outside of them constant: scikit-learn's `out_of_bounds=\"clip\"`. It takes one column.",
                "Pool adjacent violators: R. E. Barlow, D. J. Bartholomew, J. M. Bremner, H. D. Brunk, \"Statistical \
                 inference under order restrictions\" (1972).",
            ],
        }
    }

    fn takes_one_column(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![ParameterSpec::flag("increasing", true, "The function never falls; otherwise it never rises.")]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Isotonic { increasing: parameters.flag("increasing") }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let n_points = arrays.shape("x").and_then(|shape| shape.first().copied()).unwrap_or(0);
        let (x, y) = (arrays.take("x", n_points)?.to_vec(), arrays.take("y", n_points)?.to_vec());
        if inputs.n_features != 1 || x.is_empty() || !x.is_sorted_by(|one, next| one < next) {
            return Err(damaged("x is not one ascending column"));
        }
        Ok(FittedStep::Model(Box::new(Function { x, y })))
    }
}

#[derive(Debug)]
struct Isotonic {
    increasing: bool,
}

/// Rows of one `x`.
#[derive(Clone, Copy)]
struct Point {
    x: f64,
    weight: f64,
    /// Mean of the targets.
    y: f64,
}

impl Point {
    /// Both at the place of the first one.
    fn with(self, other: Self) -> Self {
        let weight = self.weight + other.weight;
        Self { x: self.x, weight, y: self.y + (other.y - self.y) * (other.weight / weight) }
    }
}

/// All rows in the order of their `x`, each value once.
struct ByX;

impl Summation for ByX {
    type Partial = Vec<Point>;

    fn partial(&self, shard: Rows<'_>) -> Vec<Point> {
        let rows = shard.values().iter().zip(shard.targets.values().unwrap_or_default()).zip(shard.weights);
        let mut points: Vec<Point> =
            rows.map(|((x, y), weight)| Point { x: x + 0.0, weight: *weight, y: *y }).collect(); // -0 is 0.
        points.sort_by(|one, other| one.x.total_cmp(&other.x));
        joined(points, |last, next| last.x == next.x)
    }

    fn merge(&self, mut left: Vec<Point>, right: Vec<Point>) -> Vec<Point> {
        left.extend(right);
        left.sort_by(|one, other| one.x.total_cmp(&other.x));
        joined(left, |last, next| last.x == next.x)
    }
}

/// Neighbours that belong together made one.
fn joined(points: Vec<Point>, together: impl Fn(&Point, &Point) -> bool) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        match kept.last_mut() {
            Some(last) if together(last, &point) => *last = last.with(point),
            _ => kept.push(point),
        }
    }
    kept
}

impl Estimator for Isotonic {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        training.rows.targets.values()?;
        let points = training.sum_once(&ByX)?;
        let values = pooled(&points, if self.increasing { 1.0 } else { -1.0 });
        check_span("x", points.iter().map(|point| point.x))?;
        check_span("targets", values.iter().copied())?;
        // Between equal neighbours a point says nothing.
        let is_corner = |at: &usize| {
            *at == 0 || *at + 1 == values.len() || values[at - 1] != values[*at] || values[*at] != values[at + 1]
        };
        let corners: Vec<usize> = (0..values.len()).filter(is_corner).collect();
        let (x, y) = corners.iter().map(|at| (points[*at].x, values[*at])).unzip();
        Ok(Box::new(Function { x, y }))
    }
}

/// That differences of these numbers are finite, which a line between two points is made of.
fn check_span(what: &str, numbers: impl Iterator<Item = f64>) -> Result<()> {
    let begin = (f64::INFINITY, f64::NEG_INFINITY, true);
    let (least, most, finite) =
        numbers.fold(begin, |(least, most, finite), it| (least.min(it), most.max(it), finite && it.is_finite()));
    if finite && (most - least).is_finite() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the {what} of {NAME} are so far apart that their differences overflow; divide them, so that they are below 1e307"
    )))
}

/// The values at all points: as long as one falls below the one before it, both become their mean.
fn pooled(points: &[Point], sign: f64) -> Vec<f64> {
    let mut pools: Vec<(Point, usize)> = Vec::with_capacity(points.len());
    for point in points {
        let mut pool = (*point, 1);
        while let Some((last, n_points)) = pools.pop_if(|(last, _)| sign * last.y >= sign * pool.0.y) {
            pool = (last.with(pool.0), n_points + pool.1);
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(pool, n_points)| std::iter::repeat_n(pool.y, n_points)).collect()
}

/// Linear between its points, constant outside of them.
#[derive(Debug)]
struct Function {
    /// Ascending, at least one.
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Function {
    fn at(&self, x: f64) -> f64 {
        let above = self.x.partition_point(|point| *point <= x);
        match (above.checked_sub(1), self.x.get(above)) {
            (None, _) => self.y[0],
            (Some(last), None) => self.y[last],
            (Some(below), Some(next)) => {
                let share = (x - self.x[below]) / (next - self.x[below]);
                self.y[below] + share * (self.y[above] - self.y[below])
            }
        }
    }
}

impl Model for Function {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        Predictions::Values(features.iter().map(|x| self.at(*x)).collect())
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        vec![("x", Array1::from(self.x.clone()).into_dyn()), ("y", Array1::from(self.y.clone()).into_dyn())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use ndarray::Array2;
    use proptest::prelude::*;

    fn values(increasing: bool, x: &[f64], y: &[f64]) -> Vec<f64> {
        let features = Array2::from_shape_fn((x.len(), 1), |(row, _)| x[row]);
        let targets = Targets::Values(y.iter().copied().collect());
        let model = trained(&features, &targets, |training| Isotonic { increasing }.fit(training).unwrap());
        let Predictions::Values(values) = model.predict(features.view()) else { unreachable!() };
        values.to_vec()
    }

    #[test]
    fn neighbours_that_fall_share_their_mean() {
        assert_eq!(values(true, &[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0]), [1.0, 2.5, 2.5, 4.0]);
        assert_eq!(values(false, &[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]), [2.0, 2.0, 2.0]);
    }

    #[test]
    fn numbers_whose_differences_overflow_are_refused() {
        let refused = |x: [f64; 3], y: [f64; 3]| {
            let features = Array2::from_shape_fn((3, 1), |(row, _)| x[row]);
            let fit = |training: &Training<'_>| Isotonic { increasing: true }.fit(training).unwrap_err().to_string();
            trained(&features, &Targets::Values(y.to_vec().into()), fit)
        };

        assert!(refused([1.0, 2.0, 3.0], [1e308, -1e308, 1e308]).contains("the targets of isotonic_regression"));
        assert!(refused([-1e308, 0.0, 1e308], [1.0, 2.0, 3.0]).contains("the x of isotonic_regression"));
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        assert_eq!(values(true, &[3.0, 1.0, 2.0, 0.0], &[3.0, 1.0, 2.0, 0.0]), [3.0, 1.0, 2.0, 0.0]);
    }

    #[test]
    fn it_is_linear_between_what_it_learned_and_constant_outside() {
        let function = Function { x: vec![0.0, 2.0], y: vec![1.0, 5.0] };

        assert_eq!([-1.0, 0.0, 0.5, 2.0, 9.0].map(|x| function.at(x)), [1.0, 1.0, 2.0, 5.0, 5.0]);
    }

    proptest! {
        #[test]
        fn it_never_falls_and_keeps_the_mean(rows in prop::collection::vec((0u8..20, -5.0f64..5.0), 1..40)) {
            let (x, y): (Vec<f64>, Vec<f64>) = rows.into_iter().map(|(x, y)| (f64::from(x), y)).unzip();

            let found = values(true, &x, &y);

            let mut pairs: Vec<_> = x.iter().zip(&found).collect();
            pairs.sort_by(|one, other| one.0.total_cmp(other.0));
            prop_assert!(pairs.is_sorted_by(|one, next| one.1 <= next.1), "{:?}", pairs);
            prop_assert!((found.iter().sum::<f64>() - y.iter().sum::<f64>()).abs() < 1e-9);
        }
    }
}
