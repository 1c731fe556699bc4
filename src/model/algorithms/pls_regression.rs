//! Regression on a few directions in which columns and targets vary together.

use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::linear_columns;
use crate::model::numerics::{CrossProducts, Left, singular_values};
use crate::model::precision::Precision;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Training, UnfittedStep,
};
use ndarray::{Array1, Array2, Axis};

const NAME: &str = "pls_regression";

/// Partial least squares: regression on a few directions in which columns and targets vary together.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlsRegression;

impl Algorithm for PlsRegression {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Regressor,
            summary: "Partial least squares: regression on a few directions in which columns and targets vary together.",
            details: &[
                "Each direction `w` maximises the covariance of `Xw` with what is left of the target; what it explains \
                 is taken off `X` and `y` before the next one is looked for. With `scale` columns and target are first \
                 divided by their standard deviations (of samples, `n - 1`); a constant column keeps 1. Of several targets it \
                 is the covariance with that combination `Yc`, `c` of length 1, which has most: `w` is the first left singular \
                 vector of `X'Y`, to which scikit-learn's iteration converges.",
                "S. Wold, M. Sjöström, L. Eriksson, \"PLS-regression: a basic tool of chemometrics\" (2001), \
                 doi:10.1016/S0169-7439(01)00155-1.",
            ],
        }
    }

    fn takes_several_targets(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::integer(
                "n_components",
                2,
                (1, 10_000),
                "Directions; at most as many as columns and as rows.",
            ),
            ParameterSpec::flag("scale", true, "Divide columns and targets by their standard deviations first."),
            Precision::parameter(),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Projected {
            n_components: parameters.count("n_components"),
            scale: parameters.flag("scale"),
            precision: Precision::of(parameters),
        }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        linear_columns::load(NAME, parameters, arrays, inputs)
    }
}

#[derive(Debug)]
struct Projected {
    n_components: usize,
    scale: bool,
    precision: Precision,
}

impl Estimator for Projected {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let most = training.rows.len().min(training.rows.n_features());
        if self.n_components > most {
            return Err(Error::invalid(format!(
                "pls_regression parameter n_components is {} and there are {} rows of {} columns; at most {most} are there",
                self.n_components,
                training.rows.len(),
                training.rows.n_features()
            )));
        }
        let mut rows = CrossProducts::of(training, true, NAME)?;
        let (scales, target_scales) = (self.scales(&rows), self.target_scales(&rows));
        rows.x /= &scales;
        rows.y /= &target_scales;
        let ask = || training.progress.report(&format!("fitting {NAME}"), 0.0);
        let mut coefficients = coefficients(rows.x.clone(), rows.y.clone(), self.n_components, &ask)?;
        coefficients *= &target_scales;
        coefficients /= &scales.insert_axis(Axis(1));
        linear_columns::model(NAME, self.precision, &coefficients, &rows.intercepts(&coefficients))
    }
}

impl Projected {
    /// What each column is divided by.
    fn scales(&self, rows: &CrossProducts) -> Array1<f64> {
        let degrees = rows.weight - 1.0;
        let deviation = |column: ndarray::ArrayView1<'_, f64>| (column.dot(&column) / degrees).sqrt();
        let columns = rows.x.columns().into_iter().enumerate();
        let scale = |(at, column)| if rows.is_constant(at) { 1.0 } else { deviation(column) };
        columns.map(|column| if self.scale && degrees > 0.0 { scale(column) } else { 1.0 }).collect()
    }

    /// What each target is divided by; that of a single one would cancel out.
    fn target_scales(&self, rows: &CrossProducts) -> Array1<f64> {
        let (degrees, n_targets) = (rows.weight - 1.0, rows.y.ncols());
        let scaled = self.scale && degrees > 0.0 && n_targets > 1;
        let scale = |target| match rows.is_constant_target(target) {
            true => 1.0,
            false => (rows.target_squares[target] / degrees).sqrt(),
        };
        (0..n_targets).map(|target| if scaled { scale(target) } else { 1.0 }).collect()
    }
}

/// Of `x` and `y`, which are centred: `(n_features, n_targets)`.
fn coefficients(
    mut x: Array2<f64>,
    mut y: Array2<f64>,
    n_components: usize,
    ask: &dyn Fn() -> Result<()>,
) -> Result<Array2<f64>> {
    let mut found = Array2::zeros((x.ncols(), y.ncols()));
    let mut known: Vec<(Array1<f64>, Array1<f64>)> = vec![]; // Of each direction the rotation and the loadings.
    let enough = f64::EPSILON * x.t().dot(&y).iter().fold(0.0f64, |most, it| most.max(it.abs()));
    for _ in 0..n_components {
        ask()?;
        let (mut direction, norm) = steepest(x.t().dot(&y), ask)?;
        if norm <= enough || !norm.is_finite() {
            break; // Nothing of the targets is left that columns could explain.
        }
        direction /= norm;
        let scores = x.dot(&direction);
        let squares = scores.dot(&scores);
        let (loadings, shares) = (x.t().dot(&scores) / squares, y.t().dot(&scores) / squares);
        x -= &product(&scores, &loadings);
        y -= &product(&scores, &shares);
        let mut rotation = direction.clone();
        for (earlier, loadings) in &known {
            rotation.scaled_add(-loadings.dot(&direction), earlier);
        }
        found += &product(&rotation, &shares);
        known.push((rotation, loadings));
    }
    Ok(found)
}

/// The direction of the largest covariance, and its length: of one target the only column there is, of several the first left singular
/// vector.
fn steepest(covariances: Array2<f64>, ask: &dyn Fn() -> Result<()>) -> Result<(Array1<f64>, f64)> {
    let direction = match covariances.dim() {
        (_, 1) => covariances.column(0).to_owned(),
        _ if covariances.iter().any(|it| !it.is_finite()) => return Ok((Array1::zeros(0), f64::NAN)),
        (n_features, n_targets) if n_targets <= n_features => {
            let found = singular_values(covariances.t(), Left::LeftOut, ask)?;
            &found.vt.row(0) * found.s[0]
        }
        _ => {
            let found = singular_values(covariances.view(), Left::Found, ask)?;
            &found.u.column(0) * found.s[0]
        }
    };
    let norm = direction.dot(&direction).sqrt();
    Ok((direction, norm))
}

/// Each number of the one times each of the other.
fn product(one: &Array1<f64>, other: &Array1<f64>) -> Array2<f64> {
    one.view().insert_axis(Axis(1)).dot(&other.view().insert_axis(Axis(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::trained;
    use crate::model::{Predictions, Targets};
    use ndarray::array;

    fn fitted(n_components: usize) -> Result<Array1<f64>> {
        let features = array![[0.0, 1.0], [1.0, 3.0], [2.0, 2.0], [4.0, 0.0], [5.0, 7.0]];
        let targets = Targets::Values(array![1.0, 6.0, 5.0, 3.0, 18.0]);
        let unfitted = Projected { n_components, scale: true, precision: Precision::F64 };
        let model = trained(&features, &targets, |training| unfitted.fit(training))?;
        let Predictions::Values(values) = model.predict(features.view()) else { unreachable!() };
        Ok(values)
    }

    #[test]
    fn as_many_directions_as_columns_are_least_squares() {
        let expected = array![1.0, 3.0, 2.0, 0.0, 7.0] * 2.0 + array![0.0, 1.0, 2.0, 4.0, 5.0] - 1.0;

        assert!((fitted(2).unwrap() - expected).iter().all(|it| it.abs() < 1e-12));
    }

    #[test]
    fn more_directions_than_columns_are_refused() {
        let message = fitted(3).unwrap_err().to_string();

        assert!(message.contains("n_components is 3 and there are 5 rows of 2 columns; at most 2"), "{message}");
    }
}
