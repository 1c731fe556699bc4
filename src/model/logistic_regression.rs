//! Logistic regression for two or many classes.

use super::arrays::Arrays;
use super::kernels::{Dot, Panels, Real, first_largest, in_rows, table};
use super::lbfgs::{Limits, minimise};
use super::logistic_loss::{LogisticLoss, sigmoid, softmax};
use super::precision::Precision;
use super::{
    Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Predictions, Progress, Targets,
    UnfittedStep,
};
use crate::data::Labels;
use crate::error::{Error, Result};
use ndarray::{Array1, Array2, ArrayD, ArrayView2, Axis};
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
/// | `precision` | f64 | f64, f32 | numbers that scores are computed in; probabilities are made of them in f64 |
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
            Precision::parameter(),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Logistic {
            alpha: 1.0 / parameters.number("C"),
            limits: Limits { max_iter: parameters.count("max_iter"), tol: parameters.number("tol") },
            fit_intercept: parameters.flag("fit_intercept"),
            precision: Precision::of(parameters),
        }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let classes = inputs.classes.clone().ok_or_else(|| super::arrays::damaged("a classifier has no classes"))?;
        let outputs = if classes.len() == 2 { 1 } else { classes.len() };
        let coefficients = arrays.take("coefficients", (inputs.n_features, outputs))?;
        let intercepts = arrays.take("intercepts", outputs)?;
        let learned = Learned { coefficients, intercepts, classes };
        Ok(FittedStep::Model(learned.model(Precision::of(parameters))?))
    }
}

#[derive(Debug)]
struct Logistic {
    alpha: f64,
    limits: Limits,
    fit_intercept: bool,
    precision: Precision,
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
        Learned { coefficients, intercepts, classes: classes.clone() }.model(self.precision)
    }
}

fn overflow() -> Error {
    Error::invalid(
        "logistic_regression found no finite coefficients because its sums overflow; scale the columns first, for example \
         with standard_scaler, or choose a larger C",
    )
}

/// What a fit found, or a file holds.
#[derive(Clone)]
struct Learned {
    /// `(n_features, outputs)`; one output for two classes, otherwise one for each.
    coefficients: Array2<f64>,
    intercepts: Array1<f64>,
    classes: Arc<Labels>,
}

impl Learned {
    fn model(self, precision: Precision) -> Result<Box<dyn Model>> {
        precision.check("logistic_regression", self.coefficients.iter().chain(&self.intercepts))?;
        Ok(match (precision, self.intercepts.len()) {
            (Precision::F64, 1) => Box::new(TwoClasses::<f64>::new(&self)),
            (Precision::F32, 1) => Box::new(TwoClasses::<f32>::new(&self)),
            (Precision::F64, _) => Box::new(ManyClasses::<f64>::new(&self)),
            (Precision::F32, _) => Box::new(ManyClasses::<f32>::new(&self)),
        })
    }
}

/// One score decides.
#[derive(Debug)]
struct TwoClasses<T> {
    coefficients: Dot<T>,
    intercept: T,
    classes: Arc<Labels>,
}

impl<T: Real> TwoClasses<T> {
    fn new(Learned { coefficients, intercepts, classes }: &Learned) -> Self {
        let intercept = T::rounded(intercepts[0]);
        Self { coefficients: Dot::new(coefficients), intercept, classes: classes.clone() }
    }
}

impl<T: Real> Model for TwoClasses<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let mut probabilities = Vec::with_capacity(2 * features.nrows());
        self.coefficients.for_each(&in_rows(&features), |product| {
            let score = (product + self.intercept).widened();
            probabilities.extend([sigmoid(-score), sigmoid(score)]);
        });
        classified(probabilities, &self.classes)
    }

    fn answer_bytes(&self) -> usize {
        answer_bytes(&self.classes)
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let coefficients: Array1<f64> = self.coefficients.weights().collect();
        let intercepts = Array1::from_elem(1, self.intercept.widened());
        vec![("coefficients", coefficients.insert_axis(Axis(1)).into_dyn()), ("intercepts", intercepts.into_dyn())]
    }
}

/// A score for each class.
#[derive(Debug)]
struct ManyClasses<T> {
    coefficients: Panels<T>,
    /// Rounded like the coefficients; the addition is f64.
    intercepts: Vec<f64>,
    classes: Arc<Labels>,
}

impl<T: Real> ManyClasses<T> {
    fn new(Learned { coefficients, intercepts, classes }: &Learned) -> Self {
        let intercepts = intercepts.iter().map(|intercept| T::rounded(*intercept).widened()).collect();
        Self { coefficients: Panels::new(coefficients.view()), intercepts, classes: classes.clone() }
    }
}

impl<T: Real> Model for ManyClasses<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let mut scores = self.coefficients.products(&in_rows(&features));
        for row in scores.chunks_exact_mut(self.classes.len()) {
            for (score, intercept) in row.iter_mut().zip(&self.intercepts) {
                // A score that overflowed counts as the largest number there is, so that no infinities are subtracted.
                *score = (*score + intercept).clamp(f64::MIN / 2.0, f64::MAX / 2.0);
            }
        }
        // In a pass of its own: a processor that has just stored numbers one by one waits before it can load them in pairs.
        scores.chunks_exact_mut(self.classes.len()).for_each(|row| {
            softmax(row.into());
        });
        classified(scores, &self.classes)
    }

    fn answer_bytes(&self) -> usize {
        answer_bytes(&self.classes)
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let (coefficients, intercepts) = (self.coefficients.to_array(), Array1::from(self.intercepts.clone()));
        vec![("coefficients", coefficients.into_dyn()), ("intercepts", intercepts.into_dyn())]
    }
}

/// The answer to rows of these probabilities, row-major.
fn classified(probabilities: Vec<f64>, classes: &Arc<Labels>) -> Predictions {
    let labels: Vec<usize> = probabilities.chunks_exact(classes.len()).map(first_largest).collect();
    let probabilities = table(probabilities, labels.len(), classes.len());
    Predictions::Classes { labels, probabilities, classes: classes.clone() }
}

fn answer_bytes(classes: &Labels) -> usize {
    classes.longest() + classes.len() * size_of::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_score_that_overflows_still_answers_a_class() {
        let (coefficients, classes) = (array![[2.0, -2.0, 0.0]], Arc::new(Labels::Integer(vec![1, 2, 3])));
        let learned = Learned { coefficients, intercepts: array![0.0, 0.0, 0.0], classes: classes.clone() };
        for precision in [Precision::F64, Precision::F32] {
            let model = learned.clone().model(precision).unwrap();

            let answer = model.predict(array![[1e308]].view());

            let probabilities = array![[1.0, 0.0, 0.0]];
            assert_eq!(answer, Predictions::Classes { labels: vec![0], probabilities, classes: classes.clone() });
        }
    }
}
