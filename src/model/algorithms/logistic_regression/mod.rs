//! Logistic regression for two or many classes.

mod loss;

use self::loss::LogisticLoss;
use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::class_weights;
use crate::model::classification::{self, classified, sigmoid};
use crate::model::kernels::{Dot, Real, in_rows};
use crate::model::linear_scores::LinearScores;
use crate::model::numerics::{Limits, OfColumns, minimise};
use crate::model::precision::Precision;
use crate::model::{
    About, Algorithm, Answer, Edge, Estimator, FittedStep, Graph, Inputs, Kind, Model, ParameterSpec, Parameters,
    Predictions, Rows, Training, UnfittedStep,
};
use ndarray::{Array1, Array2, ArrayD, ArrayView2, Axis};
use std::sync::Arc;

const NAME: &str = "logistic_regression";

/// Logistic regression with a squared penalty, for two or many classes.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogisticRegression;

impl Algorithm for LogisticRegression {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Classifier,
            summary: "Logistic regression with a squared penalty, for two or many classes.",
            details: &[
                "Minimises `C * sum log-loss + |w|^2 / 2`, as scikit-learn and linfa do; the intercept is not \
                 penalised.",
                "By our own L-BFGS, because linfa's line search has no bound: on columns of large numbers it does not \
                 end.",
                "Two classes share one vector of coefficients, more have one each (multinomial). A fit that runs out \
                 of iterations is a model like any other: scale the columns first, for example with `standard_scaler`.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::positive("C", 1.0, "Inverse strength of the penalty."),
            ParameterSpec::integer("max_iter", 100, (1, 100_000), "Most iterations of the solver."),
            ParameterSpec::positive("tol", 1e-4, "Stop when the norm of the gradient of the mean loss is below."),
            ParameterSpec::flag("fit_intercept", true, "Learn an intercept; otherwise it is 0."),
            class_weights::parameter(),
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
        let classes = inputs.classes()?.clone();
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
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let (n_features, fit_intercept) = (training.rows.n_features(), self.fit_intercept);
        let (_, classes) = training.rows.targets.classes()?;
        // The intercept is free, so that centred columns have the same minimum, and a rounder valley around it.
        let moments = training.sum(&OfColumns)?;
        let mean = if fit_intercept { Array1::from(moments.mean.clone()) } else { Array1::zeros(n_features) };
        let centred = &training.rows.features() - &mean;
        let rows = Rows::new(&centred, training.rows.targets, training.rows.weights);
        let training = &Training { rows, ..*training };
        let outputs = if classes.len() == 2 { 1 } else { classes.len() };
        let loss = LogisticLoss { n_features, outputs, alpha: self.alpha, fit_intercept };
        let curvature = loss.curvature(&moments);
        if curvature.iter().any(|value| !value.is_finite()) {
            return Err(overflow());
        }
        let ask = |step: usize, value: f64| {
            training
                .progress
                .report(&format!("fitting {NAME}, loss {value:.6e}"), step as f64 / self.limits.max_iter as f64)
        };
        let limits = Limits { tol: self.limits.tol * moments.weight, ..self.limits };
        let found = minimise(
            Array1::zeros(loss.len()),
            &curvature,
            limits,
            &training.checkpoint(NAME),
            |at| loss.evaluate(training, at),
            ask,
        )?;
        let (coefficients, intercepts) = loss.split(&found);
        let intercepts = &intercepts - &mean.dot(&coefficients);
        if coefficients.iter().chain(&intercepts).any(|value| !value.is_finite()) {
            return Err(overflow());
        }
        Learned { coefficients, intercepts, classes: classes.clone() }.model(self.precision)
    }
}

fn overflow() -> Error {
    Error::overflow(
        "logistic_regression found no finite coefficients because its sums overflow",
        "scale the columns first, for example with standard_scaler, or choose a larger C",
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
        precision.check(NAME, self.coefficients.iter().chain(&self.intercepts))?;
        let Self { coefficients, intercepts, classes } = &self;
        Ok(match (precision, intercepts.len()) {
            (Precision::F64, 1) => Box::new(TwoClasses::<f64>::new(&self)),
            (Precision::F32, 1) => Box::new(TwoClasses::<f32>::new(&self)),
            (Precision::F64, _) => Box::new(LinearScores::<f64>::new(coefficients, intercepts, classes)),
            (Precision::F32, _) => Box::new(LinearScores::<f32>::new(coefficients, intercepts, classes)),
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

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Answer> {
        let coefficients: Array1<f64> = self.coefficients.weights().collect();
        let coefficients = graph.array(&coefficients.insert_axis(Axis(1)));
        let intercept = graph.number(self.intercept.widened());
        let score = graph.apply("Gemm", &[features, &coefficients, &intercept]);
        Some(Answer::Probabilities(graph.of_two_classes(&score)))
    }

    fn answer_bytes(&self) -> usize {
        classification::answer_bytes(&self.classes)
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let coefficients: Array1<f64> = self.coefficients.weights().collect();
        let intercepts = Array1::from_elem(1, self.intercept.widened());
        vec![("coefficients", coefficients.insert_axis(Axis(1)).into_dyn()), ("intercepts", intercepts.into_dyn())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use ndarray::array;

    /// Times a power of two every number is exact, so that the path is the same to the bit.
    #[test]
    fn a_fit_of_each_row_many_times_stops_where_one_of_each_row_once_does() {
        let features = array![[0.3, -1.0], [2.0, 0.5], [-0.7, 1.5], [1.0, 1.0], [0.1, 0.2]];
        let labels = Arc::new(Labels::Integer(vec![0, 1, 2]));
        let targets = Targets::Classes { indices: array![0, 1, 2, 0, 1], labels };
        let fitted = |weight: f64| {
            let weights = [weight; 5];
            let rows = Rows::new(&features, targets.view(), &weights);
            let training = Training { rows, seed: 7, threads: 1, progress: &|_: &str, _| Ok(()) };
            let limits = Limits { max_iter: 100, tol: 1e-2 };
            let unfitted = Logistic { alpha: weight, limits, fit_intercept: true, precision: Precision::F64 };
            unfitted.fit(&training).unwrap().arrays()
        };

        assert_eq!(fitted(1_024.0), fitted(1.0));
    }

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
