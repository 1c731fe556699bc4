//! What classifiers against the rest answer.

use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::classification::{self, sigmoid, softmax};
use crate::model::kernels::{Panels, Real, first_largest, in_rows, table};
use crate::model::precision::Precision;
use crate::model::{Explanation, Inputs, Model, Parameters, Predictions, Scale};
use ndarray::{Array1, Array2, ArrayD, ArrayView2, Axis, concatenate};
use std::sync::Arc;

/// What a fit found, or a file holds.
pub(super) struct Learned {
    /// `(n_features, n_scores)`; one score for two classes, otherwise one for each.
    pub(super) coefficients: Array2<f64>,
    pub(super) intercepts: Array1<f64>,
    pub(super) classes: Arc<Labels>,
}

impl Learned {
    /// # Errors
    /// [`Error::Damaged`] if an array is missing or of another shape.
    pub(super) fn read(arrays: &mut Arrays, inputs: &Inputs) -> Result<Self> {
        let classes = inputs.classes()?.clone();
        let n_scores = super::n_scores(classes.len());
        let coefficients = arrays.take("coefficients", (inputs.n_features, n_scores))?;
        Ok(Self { coefficients, intercepts: arrays.take("intercepts", n_scores)?, classes })
    }

    /// # Errors
    /// [`Error::InvalidArgument`] if a number is not finite or outside the range of the precision.
    pub(super) fn model(&self, name: &str, parameters: &Parameters) -> Result<Box<dyn Model>> {
        let precision = Precision::of(parameters);
        let numbers = || self.coefficients.iter().chain(&self.intercepts);
        if numbers().any(|it| !it.is_finite()) {
            return Err(Error::internal(format!("{name} made a model of numbers that are not finite")));
        }
        precision.check(name, numbers())?;
        let is_clipped = parameters.text("loss") == "modified_huber";
        Ok(match precision {
            Precision::F64 => Box::new(AgainstTheRest::<f64>::new(self, is_clipped)),
            Precision::F32 => Box::new(AgainstTheRest::<f32>::new(self, is_clipped)),
        })
    }
}

#[derive(Debug)]
struct AgainstTheRest<T> {
    coefficients: Panels<T>,
    /// Rounded like the coefficients; the addition is f64.
    intercepts: Vec<f64>,
    classes: Arc<Labels>,
    /// Whether probabilities are scores between -1 and 1, and not their logistic function.
    is_clipped: bool,
}

impl<T: Real> AgainstTheRest<T> {
    fn new(learned: &Learned, is_clipped: bool) -> Self {
        let intercepts = learned.intercepts.iter().map(|it| T::rounded(*it).widened()).collect();
        let coefficients = Panels::new(learned.coefficients.view());
        Self { coefficients, intercepts, classes: learned.classes.clone(), is_clipped }
    }

    /// Of each row, one for each class; of two classes those of the first are the others' with another sign.
    fn scores(&self, features: ArrayView2<'_, f64>) -> Vec<f64> {
        let n_scores = self.intercepts.len();
        let mut scores = self.coefficients.products(&in_rows(&features));
        for row in scores.chunks_exact_mut(n_scores) {
            // A score that overflowed counts as the largest number there is; what overflowed both ways says nothing.
            row.iter_mut().zip(&self.intercepts).for_each(|(score, it)| *score = finite(*score + it));
        }
        if n_scores > 1 { scores } else { scores.into_iter().flat_map(|score| [-score, score]).collect() }
    }

    fn probability(&self, score: f64) -> f64 {
        if self.is_clipped { (score.clamp(-1.0, 1.0) + 1.0) / 2.0 } else { sigmoid(score) }
    }
}

fn finite(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score.clamp(f64::MIN / 2.0, f64::MAX / 2.0) }
}

impl<T: Real> Model for AgainstTheRest<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let n_classes = self.classes.len();
        let mut scores = self.scores(features);
        let labels: Vec<usize> = scores.chunks_exact(n_classes).map(first_largest).collect();
        for row in scores.chunks_exact_mut(n_classes) {
            let mut probabilities: Vec<f64> = row.iter().map(|score| self.probability(*score)).collect();
            let sum: f64 = probabilities.iter().sum();
            if n_classes == 2 {
                row.copy_from_slice(&probabilities);
            } else if sum > 0.0 {
                probabilities.iter_mut().zip(row).for_each(|(probability, at)| *at = *probability / sum);
            } else if self.is_clipped {
                row.fill(1.0 / n_classes as f64);
            } else {
                // Logistic functions of scores so small are their exponentials.
                softmax(row);
            }
        }
        let probabilities = table(scores, labels.len(), n_classes);
        Predictions::Classes { labels, probabilities, classes: self.classes.clone() }
    }

    fn explain(&self, features: ArrayView2<'_, f64>, _: &dyn Fn() -> Result<()>) -> Result<Option<Explanation>> {
        let (mut coefficients, mut intercepts) = (self.coefficients.to_array(), Array1::from(self.intercepts.clone()));
        if self.classes.len() == 2 {
            let both = |it: &Array1<f64>| Array1::from_iter([-it[0], it[0]]);
            (coefficients, intercepts) = (concatenate![Axis(1), -&coefficients, coefficients], both(&intercepts));
        }
        Ok(Some(Explanation::of_products(Scale::Decision, intercepts, features, coefficients.view())))
    }

    fn decisions(&self, features: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
        Some(table(self.scores(features), features.nrows(), self.classes.len()))
    }

    fn answer_bytes(&self) -> usize {
        classification::answer_bytes(&self.classes)
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let intercepts = Array1::from(self.intercepts.clone());
        vec![("coefficients", self.coefficients.to_array().into_dyn()), ("intercepts", intercepts.into_dyn())]
    }
}
