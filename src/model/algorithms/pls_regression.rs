//! Regression on a few directions in which columns and target vary together.

use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::linear_model::Link;
use crate::model::numerics::CrossProducts;
use crate::model::precision::Precision;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Training, UnfittedStep,
};
use ndarray::{Array1, Array2, Axis};

const NAME: &str = "pls_regression";

/// Partial least squares: regression on a few directions in which columns and target vary together.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlsRegression;

impl Algorithm for PlsRegression {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Regressor,
            summary: "Partial least squares: regression on a few directions in which columns and target vary together.",
            details: &[
                "Each direction `w` maximises the covariance of `Xw` with what is left of the target; what it explains \
                 is taken off `X` and `y` before the next one is looked for. With `scale` columns and target are first \
                 divided by their standard deviations (of samples, `n - 1`); a constant column keeps 1.",
                "S. Wold, M. Sjöström, L. Eriksson, \"PLS-regression: a basic tool of chemometrics\" (2001), \
                 doi:10.1016/S0169-7439(01)00155-1.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::integer(
                "n_components",
                2,
                (1, 10_000),
                "Directions; at most as many as columns and as rows.",
            ),
            ParameterSpec::flag("scale", true, "Divide columns and target by their standard deviations first."),
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
        Link::Identity.load(NAME, parameters, arrays, inputs)
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
        let scales = self.scales(&rows);
        rows.x /= &scales;
        let coefficients = coefficients(rows.x.clone(), rows.y.clone(), self.n_components) / scales;
        Link::Identity.model(NAME, self.precision, &coefficients, rows.intercept(&coefficients))
    }
}

impl Projected {
    /// What each column is divided by. The scale of the target cancels out.
    fn scales(&self, rows: &CrossProducts) -> Array1<f64> {
        let degrees = rows.weight - 1.0;
        let deviation = |column: ndarray::ArrayView1<'_, f64>| (column.dot(&column) / degrees).sqrt();
        let columns = rows.x.columns().into_iter().enumerate();
        let scale = |(at, column)| if rows.is_constant(at) { 1.0 } else { deviation(column) };
        columns.map(|column| if self.scale && degrees > 0.0 { scale(column) } else { 1.0 }).collect()
    }
}

/// Of `x` and `y`, which are centred.
fn coefficients(mut x: Array2<f64>, mut y: Array1<f64>, n_components: usize) -> Array1<f64> {
    let mut found = Array1::zeros(x.ncols());
    let mut known: Vec<(Array1<f64>, Array1<f64>)> = vec![]; // Of each direction the rotation and the loadings.
    let enough = f64::EPSILON * x.t().dot(&y).iter().fold(0.0f64, |most, it| most.max(it.abs()));
    for _ in 0..n_components {
        let mut direction = x.t().dot(&y);
        let norm = direction.dot(&direction).sqrt();
        if norm <= enough || !norm.is_finite() {
            break; // Nothing of the target is left that columns could explain.
        }
        direction /= norm;
        let scores = x.dot(&direction);
        let squares = scores.dot(&scores);
        let (loadings, share) = (x.t().dot(&scores) / squares, y.dot(&scores) / squares);
        x -= &(scores.view().insert_axis(Axis(1)).dot(&loadings.view().insert_axis(Axis(0))));
        y.scaled_add(-share, &scores);
        let mut rotation = direction.clone();
        for (earlier, loadings) in &known {
            rotation.scaled_add(-loadings.dot(&direction), earlier);
        }
        found.scaled_add(share, &rotation);
        known.push((rotation, loadings));
    }
    found
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
