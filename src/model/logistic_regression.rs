//! Logistic regression for two or many classes.

use super::arrays::Arrays;
use super::lbfgs::{Limits, minimise};
use super::logistic_loss::{LogisticLoss, sigmoid, softmax};
use super::{
    Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Predictions, Progress, Targets,
    UnfittedStep,
};
use crate::data::Labels;
use crate::error::{Error, Result};
use ndarray::{Array1, Array2, ArrayD, ArrayView1, ArrayView2, Axis};
use std::sync::Arc;

/// Minimises `C * sum log-loss + |w|^2 / 2`, as scikit-learn and linfa do; the intercept is not penalised.
///
/// By our own L-BFGS, because linfa's line search has no bound: on columns of large numbers it does not end.
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
            limits: Limits { max_iter: parameters.count("max_iter"), tol: parameters.number("tol") },
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
    limits: Limits,
    fit_intercept: bool,
}

impl Estimator for Logistic {
    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: &Targets,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Model>> {
        let (indices, classes) = targets.classes()?;
        // The intercept is free, so that centred columns have the same minimum, and a rounder valley around it.
        let (n_features, fit_intercept) = (features.ncols(), self.fit_intercept);
        let mean = features.mean_axis(Axis(0)).filter(|_| fit_intercept).unwrap_or_else(|| Array1::zeros(n_features));
        let centred = &features - &mean;
        let outputs = if classes.len() == 2 { 1 } else { classes.len() };
        let (features, alpha) = (centred.view(), self.alpha);
        let loss = LogisticLoss { features, classes: indices, outputs, alpha, fit_intercept };
        let curvature = loss.curvature();
        if curvature.iter().any(|value| !value.is_finite()) {
            return Err(overflow());
        }
        let found = minimise(Array1::zeros(loss.len()), &curvature, self.limits, |at| loss.evaluate(at));
        let (coefficients, intercepts) = loss.split(&found);
        let intercepts = &intercepts - &mean.dot(&coefficients);
        if coefficients.iter().chain(&intercepts).any(|value| !value.is_finite()) {
            return Err(overflow());
        }
        Ok(Box::new(LogisticModel { coefficients, intercepts, classes: classes.clone() }))
    }
}

fn overflow() -> Error {
    Error::invalid(
        "logistic_regression found no finite coefficients because its sums overflow; scale the columns first, for example \
         with standard_scaler, or choose a larger C",
    )
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
            // A score that overflowed counts as the largest number there is, so that no infinities are subtracted.
            scores.mapv_inplace(|score| score.clamp(f64::MIN / 2.0, f64::MAX / 2.0));
            for row in scores.rows_mut() {
                softmax(row);
            }
            scores
        };
        let labels = probabilities.rows().into_iter().map(most_probable).collect();
        Predictions::Classes { labels, probabilities, classes: self.classes.clone() }
    }

    fn answer_bytes(&self) -> usize {
        self.classes.longest() + self.classes.len() * size_of::<f64>()
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
    use ndarray::array;

    #[test]
    fn a_score_that_overflows_still_answers_a_class() {
        let (coefficients, classes) = (array![[2.0, -2.0, 0.0]], Arc::new(Labels::Integer(vec![1, 2, 3])));
        let model = LogisticModel { coefficients, intercepts: array![0.0, 0.0, 0.0], classes: classes.clone() };

        let answer = model.predict(array![[1e308]].view());

        let probabilities = array![[1.0, 0.0, 0.0]];
        assert_eq!(answer, Predictions::Classes { labels: vec![0], probabilities, classes });
    }

    #[test]
    fn equals_go_to_the_first_label() {
        assert_eq!(most_probable(array![0.25, 0.375, 0.375].view()), 1);
    }
}
