//! Regression within a tube.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::svm::{self, Distinct, Problem, Settings, solve, tell};
use crate::model::{
    About, Algorithm, Bounds, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Training,
    UnfittedStep,
};

const NAME: &str = "svr";

/// A support vector machine for numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Svr;

impl Algorithm for Svr {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Regressor,
            summary: "Passes all targets at a small distance, as flat as it can in the space of a kernel.",
            details: &[
                "Finds `f(x) = sum_i beta_i k(x_i, x) + b` that minimises `|w|^2 / 2 + C sum_i max(0, |y_i - f(x_i)| - \
                 epsilon)`, with `|w|^2 = sum_ij beta_i beta_j k(x_i, x_j)`.",
                "A linear model keeps a coefficient for each column, others their support vectors: the rows that are not \
                 within the tube. Work grows with the square of rows, of which 100,000 are the most that are \
                 taken. Scale the columns first, for example with `standard_scaler`.",
                "A. J. Smola, B. Schölkopf, \"A tutorial on support vector regression\" (2004), \
                 doi:10.1023/B:STCO.0000035301.49549.88; solved as `svc` is.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let (kernel, solver) = Settings::parameters();
        let own = [
            ParameterSpec::positive("C", 1.0, "What a row costs outside the tube, for each unit of its distance."),
            ParameterSpec::not_negative("epsilon", 0.1, "Half the width of the tube, in the unit of the targets."),
        ];
        [&own[..], &kernel, &solver].concat()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Tube {
            cost: parameters.number("C"),
            epsilon: parameters.number("epsilon"),
            settings: Settings::of(parameters),
        }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        svm::load(NAME, parameters, arrays, inputs)
    }
}

#[derive(Debug)]
struct Tube {
    cost: f64,
    epsilon: f64,
    settings: Settings,
}

impl Estimator for Tube {
    fn check_rows(&self, n_rows: usize, bounds: &Bounds) -> Result<()> {
        Settings::check_rows(NAME, n_rows, bounds)
    }

    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        self.settings.check_size(NAME, training)?;
        let targets = training.rows.targets.values()?;
        let rows = Distinct::of(training.rows, |row| targets[row]);
        let kernel = self.settings.kernel(NAME, &rows)?;
        let costs: Vec<f64> = rows.weights.iter().map(|weight| (self.cost * weight).min(f64::MAX)).collect();
        let problem = Problem {
            kernel,
            rows: rows.values.clone(),
            width: rows.width,
            targets: rows.targets.clone(),
            epsilon: self.epsilon,
            lower: costs.iter().map(|cost| -cost).collect(),
            upper: costs,
            start: vec![0.0; rows.len()],
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
    use crate::model::{Predictions, Targets, Value};
    use ndarray::{Array2, array};
    use std::collections::BTreeMap;

    fn fitted(features: &Array2<f64>, targets: &[f64], given: &[(&str, Value)]) -> Result<Box<dyn Model>> {
        let given: BTreeMap<String, Value> = given.iter().map(|(name, it)| ((*name).to_owned(), it.clone())).collect();
        let parameters = Parameters::check(NAME, &Svr.parameters(), &given)?;
        let UnfittedStep::Estimator(estimator) = Svr.unfitted(&parameters) else { unreachable!() };
        trained(features, &Targets::Values(targets.to_vec().into()), |training| estimator.fit(training))
    }

    fn values(model: &dyn Model, rows: &Array2<f64>) -> Vec<f64> {
        let Predictions::Values(values) = model.predict(rows.view()) else { unreachable!() };
        values.to_vec()
    }

    #[test]
    fn targets_within_one_tube_need_no_support_vector() {
        let given = [("epsilon", Value::Number(0.5))];
        for (features, targets, middle) in [
            (array![[1.0], [2.0], [7.0]], vec![3.0, 3.5, 3.25], 3.25),
            (array![[1.0]], vec![-4.0], -4.0),
            (array![[2.0, 0.0], [2.0, 0.0]], vec![1.0, 2.0], 1.5),
        ] {
            let model = fitted(&features, &targets, &given).unwrap();

            assert_eq!(values(&*model, &features), vec![middle; targets.len()]);
            assert_eq!(model.arrays()[0].1.len(), 0, "support vectors");
        }
    }

    #[test]
    fn a_line_is_met_at_the_rim_of_its_tube() {
        let kernel = ("kernel", Value::Text("linear".into()));
        let given = [kernel, ("epsilon", Value::Number(0.5)), ("C", Value::Number(1e3)), ("tol", Value::Number(1e-9))];

        let model = fitted(&array![[0.0], [1.0], [4.0]], &[1.0, 3.0, 9.0], &given).unwrap();

        // The flattest line that is at most 0.5 away from 1 + 2 x everywhere.
        let answers = values(&*model, &array![[0.0], [4.0], [2.0]]);
        assert!(answers.iter().zip([1.5, 8.5, 5.0]).all(|(one, other)| (one - other).abs() < 1e-8), "{answers:?}");
    }

    #[test]
    fn f32_answers_what_f64_answers_to_its_seven_digits() {
        let features = Array2::from_shape_fn((80, 2), |(row, column)| ((row * (column + 3) * 37) as f64).sin());
        let targets: Vec<f64> = features.rows().into_iter().map(|row| (2.0 * row[0]).cos() + row[1]).collect();
        for kernel in ["linear", "rbf", "poly", "sigmoid"] {
            let kernel = ("kernel", Value::Text(kernel.into()));
            let narrow = [kernel.clone(), ("precision", Value::Text("f32".into()))];

            let (wide, narrow) = (fitted(&features, &targets, &[kernel]), fitted(&features, &targets, &narrow));

            let (wide, narrow) = (values(&*wide.unwrap(), &features), values(&*narrow.unwrap(), &features));
            let furthest = wide.iter().zip(&narrow).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
            assert!(furthest > 0.0 && furthest < 1e-5, "{furthest}");
        }
    }

    #[test]
    fn numbers_whose_kernels_overflow_are_refused() {
        let refused = fitted(&array![[1e200], [2e200]], &[1.0, 2.0], &[]).unwrap_err().to_string();

        assert!(refused.contains("a column reaches 2e200; scale the columns first"), "{refused}");
    }
}
