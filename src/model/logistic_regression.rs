//! Logistic regression for two or many classes.

use super::arrays::Arrays;
use super::{
    Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Predictions, Targets,
    UnfittedStep,
};
use crate::data::Labels;
use crate::error::{Error, Result};
use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayD, ArrayView1, ArrayView2, ArrayViewMut1, Axis};
use std::sync::Arc;

/// Minimises `C * sum log-loss + |w|^2 / 2` by linfa's L-BFGS; the intercept is not penalised.
///
/// Two classes share one vector of coefficients, more have one each (multinomial). A fit that runs out of iterations is a model
/// like any other: scale the columns first, for example with `standard_scaler`.
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `C` | 1.0 | above 0 | inverse strength of the penalty (linfa's alpha is 1/C) |
/// | `max_iter` | 100 | 1 to 100,000 | most iterations of the solver |
/// | `tol` | 1e-4 | above 0 | stop when the norm of the gradient of the summed loss is below |
/// | `fit_intercept` | true | true or false | learn an intercept; otherwise it is 0 |
#[derive(Clone, Copy, Debug)]
pub struct LogisticRegression;

impl Algorithm for LogisticRegression {
    fn name(&self) -> &'static str {
        "logistic_regression"
    }

    fn kind(&self) -> Kind {
        Kind::Classifier
    }

    fn summary(&self) -> &'static str {
        "Logistic regression with a squared penalty, for two or many classes."
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::positive("C", 1.0, "Inverse strength of the penalty."),
            ParameterSpec::integer("max_iter", 100, (1, 100_000), "Most iterations of the solver."),
            ParameterSpec::positive("tol", 1e-4, "Stop when the norm of the gradient of the summed loss is below."),
            ParameterSpec::flag("fit_intercept", true, "Learn an intercept; otherwise it is 0."),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Logistic {
            alpha: 1.0 / parameters.number("C"),
            max_iter: parameters.count("max_iter"),
            tol: parameters.number("tol"),
            fit_intercept: parameters.flag("fit_intercept"),
        }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let classes = inputs.classes.clone().ok_or_else(|| super::arrays::damaged("a classifier has no classes"))?;
        let outputs = if classes.len() == 2 { 1 } else { classes.len() };
        let coefficients = arrays.take("coefficients", (inputs.n_features, outputs))?;
        let intercepts = arrays.take("intercepts", outputs)?;
        Ok(FittedStep::Model(Box::new(LogisticModel { coefficients, intercepts, classes })))
    }
}

#[derive(Debug)]
struct Logistic {
    alpha: f64,
    max_iter: usize,
    tol: f64,
    fit_intercept: bool,
}

impl Estimator for Logistic {
    fn fit(&self, features: ArrayView2<'_, f64>, targets: &Targets, _seed: u64) -> Result<Box<dyn Model>> {
        let (indices, classes) = targets.classes()?;
        let (coefficients, intercepts) =
            if classes.len() == 2 { self.binary(features, indices)? } else { self.multinomial(features, indices)? };
        if coefficients.iter().chain(&intercepts).any(|value| !value.is_finite()) {
            return Err(Error::invalid(
                "logistic_regression found no finite coefficients because its sums overflow; scale the columns first, for \
                 example with standard_scaler",
            ));
        }
        Ok(Box::new(LogisticModel { coefficients, intercepts, classes: classes.clone() }))
    }
}

/// Coefficients `(n_features, outputs)` and intercepts `(outputs,)`.
type Weights = (Array2<f64>, Array1<f64>);

impl Logistic {
    fn binary(&self, features: ArrayView2<'_, f64>, indices: &Array1<usize>) -> Result<Weights> {
        let fitted = linfa_logistic::LogisticRegression::default()
            .alpha(self.alpha)
            .with_intercept(self.fit_intercept)
            .max_iterations(self.max_iter as u64)
            .gradient_tolerance(self.tol)
            .fit(&DatasetBase::new(features, indices.view()))
            .map_err(|error| Error::invalid(format!("logistic_regression: {error}")))?;
        // linfa's positive class is the more frequent one; ours is the second label.
        let sign = if fitted.labels().pos.class == 1 { 1.0 } else { -1.0 };
        let coefficients = fitted.params().clone().insert_axis(Axis(1));
        Ok((coefficients * sign, Array1::from_elem(1, fitted.intercept() * sign)))
    }

    fn multinomial(&self, features: ArrayView2<'_, f64>, indices: &Array1<usize>) -> Result<Weights> {
        let fitted = linfa_logistic::MultiLogisticRegression::default()
            .alpha(self.alpha)
            .with_intercept(self.fit_intercept)
            .max_iterations(self.max_iter as u64)
            .gradient_tolerance(self.tol)
            .fit(&DatasetBase::new(features, indices.view()))
            .map_err(|error| Error::invalid(format!("logistic_regression: {error}")))?;
        // linfa orders these classes by their value, here the position of the label.
        Ok((fitted.params().as_standard_layout().into_owned(), fitted.intercept().clone()))
    }
}

#[derive(Debug)]
struct LogisticModel {
    /// `(n_features, outputs)`, row-major; one output for two classes, otherwise one for each.
    coefficients: Array2<f64>,
    intercepts: Array1<f64>,
    classes: Arc<Labels>,
}

impl Model for LogisticModel {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        // Row-major: the bits of a product depend on the layout, and a row must not see how it came.
        let features = features.as_standard_layout();
        let probabilities = if self.intercepts.len() == 1 {
            two_classes(&(features.dot(&self.coefficients.column(0)) + self.intercepts[0]))
        } else {
            let mut scores = features.dot(&self.coefficients) + &self.intercepts;
            scores.rows_mut().into_iter().for_each(softmax);
            scores
        };
        let labels = probabilities.rows().into_iter().map(most_probable).collect();
        Predictions::Classes { labels, probabilities, classes: self.classes.clone() }
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let (coefficients, intercepts) = (self.coefficients.clone(), self.intercepts.clone());
        vec![("coefficients", coefficients.into_dyn()), ("intercepts", intercepts.into_dyn())]
    }
}

fn two_classes(scores: &Array1<f64>) -> Array2<f64> {
    let mut probabilities = Array2::zeros((scores.len(), 2));
    for (mut row, score) in probabilities.rows_mut().into_iter().zip(scores) {
        row[0] = sigmoid(-score);
        row[1] = sigmoid(*score);
    }
    probabilities
}

/// `1 / (1 + exp(-x))` without overflow, exact to the last digits at both ends.
fn sigmoid(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    if x < 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }
}

/// Scores to probabilities; the largest score is subtracted first, so that no exponential overflows.
fn softmax(mut row: ArrayViewMut1<'_, f64>) {
    // A score that overflowed counts as the largest number there is.
    row.mapv_inplace(|score| score.clamp(f64::MIN / 2.0, f64::MAX / 2.0));
    let largest = row.iter().copied().fold(f64::MIN, f64::max);
    row.mapv_inplace(|score| (score - largest).exp());
    let sum = row.sum();
    row.mapv_inplace(|weight| weight / sum);
}

/// The position of the largest value, the first one of equals.
fn most_probable(row: ArrayView1<'_, f64>) -> usize {
    let mut best = 0;
    for (position, probability) in row.iter().enumerate() {
        if *probability > row[best] {
            best = position;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    #[test]
    fn probabilities_stay_finite_where_exponentials_overflow() {
        let mut scores = array![800.0, 0.0, -800.0];

        softmax(scores.view_mut());

        assert_eq!(scores, array![1.0, 0.0, 0.0]);
        assert_eq!((sigmoid(-800.0), sigmoid(800.0), sigmoid(0.0)), (0.0, 1.0, 0.5));
        assert_abs_diff_eq!(sigmoid(-30.0), 9.357_622_968_839_299e-14, epsilon = 1e-28);
    }

    #[test]
    fn a_score_that_overflowed_still_answers_a_class() {
        let mut scores = array![f64::INFINITY, f64::NEG_INFINITY, 0.0];

        softmax(scores.view_mut());

        assert_eq!(scores, array![1.0, 0.0, 0.0]);
    }

    #[test]
    fn equals_go_to_the_first_label() {
        assert_eq!(most_probable(array![0.25, 0.375, 0.375].view()), 1);
    }
}
