//! The region where most rows are.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::svm::{self, Distinct, Problem, Settings, solve, tell};
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Training, UnfittedStep,
};

const NAME: &str = "one_class_svm";

/// A support vector machine that tells rows of a kind from others.
#[derive(Clone, Copy, Debug)]
pub(super) struct OneClassSvm;

impl Algorithm for OneClassSvm {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::OutlierDetector,
            summary: "Encloses most rows, in the space of a kernel, and tells how far inside others are.",
            details: &[
                "Finds `f(x) = sum_i beta_i k(x_i, x) - rho` that minimises `|w|^2 / 2 - nu n rho + sum_i max(0, \
                 -f(x_i))`, with `|w|^2 = sum_ij beta_i beta_j k(x_i, x_j)`. The answer is `f(x)`, scikit-learn's \
                 `decision_function`: below 0 is an outlier, as at most about the share `nu` of the training rows is.",
                "A linear model keeps a coefficient for each column, others their support vectors. Work grows \
                 with the square of rows, of which 100,000 are the most that are taken. Scale the columns first, for \
                 example with `standard_scaler`.",
                "B. Schölkopf, J. C. Platt, J. Shawe-Taylor, A. J. Smola, R. C. Williamson, \"Estimating the support of a \
                 high-dimensional distribution\" (2001), doi:10.1162/089976601750264965; solved as `svc` is.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let (kernel, solver) = Settings::parameters();
        let nu = "Share of rows outside, at most, and of support vectors, at least.";
        [&[ParameterSpec::number("nu", 0.5, (1e-6, 1.0), nu)], &kernel[..], &solver].concat()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Enclosure { nu: parameters.number("nu"), settings: Settings::of(parameters) }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        svm::load(NAME, parameters, arrays, inputs)
    }
}

#[derive(Debug)]
struct Enclosure {
    nu: f64,
    settings: Settings,
}

impl Estimator for Enclosure {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        self.settings.check_size(NAME, training)?;
        let rows = Distinct::of(training.rows, |_| 0.0);
        let kernel = self.settings.kernel(NAME, &rows)?;
        let mut left = self.nu * rows.weights.iter().sum::<f64>();
        let fill = |weight: &f64| {
            let own = weight.min(left);
            left -= own;
            own
        };
        let start: Vec<f64> = rows.weights.iter().map(fill).collect();
        let problem = Problem {
            kernel,
            rows: rows.values.clone(),
            width: rows.width,
            targets: vec![0.0; rows.len()],
            epsilon: 0.0,
            lower: vec![0.0; rows.len()],
            upper: rows.weights.clone(),
            start,
        };
        let limits = self.settings.limits;
        let solution = solve(problem, limits, training.threads, &tell(NAME, training, limits.tol))?;
        svm::fitted(NAME, &self.settings, kernel, &rows, &solution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::trained;
    use crate::model::{Predictions, Rows, Targets, Value};
    use ndarray::{Array2, Axis};
    use std::collections::BTreeMap;

    fn estimator(nu: f64) -> Box<dyn Estimator> {
        let given = BTreeMap::from([("nu".to_owned(), Value::Number(nu)), ("tol".to_owned(), Value::Number(1e-9))]);
        let parameters = Parameters::check(NAME, &OneClassSvm.parameters(), &given).unwrap();
        let UnfittedStep::Estimator(estimator) = OneClassSvm.unfitted(&parameters) else { unreachable!() };
        estimator
    }

    fn scores(model: &dyn Model, rows: &Array2<f64>) -> Vec<f64> {
        let Predictions::Values(values) = model.predict(rows.view()) else { unreachable!() };
        values.to_vec()
    }

    fn spiral(n_rows: usize) -> Array2<f64> {
        Array2::from_shape_fn((n_rows, 2), |(row, column)| {
            (row as f64 * 2.4 + column as f64 * 1.57).sin() * (row as f64 / n_rows as f64).sqrt()
        })
    }

    #[test]
    fn at_most_the_share_nu_of_rows_is_outside_and_what_is_far_away_is() {
        let rows = spiral(200);
        for nu in [0.05, 0.3, 1.0] {
            let model = trained(&rows, &Targets::None, |training| estimator(nu).fit(training)).unwrap();

            let outside = scores(&*model, &rows).iter().filter(|score| **score < -1e-6).count();

            assert!(outside as f64 <= nu * 200.0, "{outside} of 200, nu {nu}");
            assert!(model.arrays()[0].1.shape()[0] as f64 >= nu * 200.0 - 1e-6, "support vectors, nu {nu}");
            assert!(nu == 1.0 || scores(&*model, &(&rows + 9.0)).iter().all(|score| *score < 0.0));
        }
    }

    #[test]
    fn a_row_of_weight_two_is_the_row_twice_to_the_bit() {
        let once = spiral(40);
        let twice = once.select(Axis(0), &(0..40).flat_map(|row| vec![row; 1 + row % 2]).collect::<Vec<_>>());
        let weights: Vec<f64> = (0..40).map(|row| (1 + row % 2) as f64).collect();
        let rows = Rows::new(&once, Targets::None.view(), &weights);

        let weighted =
            estimator(0.3).fit(&Training { rows, seed: 7, threads: 1, progress: &|_: &str, _| Ok(()) }).unwrap();

        let repeated = trained(&twice, &Targets::None, |training| estimator(0.3).fit(training)).unwrap();
        assert_eq!(weighted.arrays(), repeated.arrays());
    }
}
