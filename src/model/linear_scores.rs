//! What classifiers learn that give each class a coefficient for each column.

use super::classification::{self, classified, softmax};
use super::kernels::{Panels, Real, in_rows};
use super::{Answer, Edge, Explanation, Graph, Model, Predictions, Scale};
use crate::data::Labels;
use crate::error::Result;
use ndarray::{Array1, Array2, ArrayD, ArrayView2};
use std::sync::Arc;

/// A score for each class: `softmax(x . coefficients + intercepts)`.
#[derive(Debug)]
pub(super) struct LinearScores<T> {
    coefficients: Panels<T>,
    /// Rounded like the coefficients; the addition is f64.
    intercepts: Vec<f64>,
    classes: Arc<Labels>,
}

impl<T: Real> LinearScores<T> {
    /// Of `(n_features, n_classes)` coefficients, rounded.
    pub(super) fn new(coefficients: &Array2<f64>, intercepts: &Array1<f64>, classes: &Arc<Labels>) -> Self {
        let intercepts = intercepts.iter().map(|intercept| T::rounded(*intercept).widened()).collect();
        Self { coefficients: Panels::new(coefficients.view()), intercepts, classes: classes.clone() }
    }
}

impl<T: Real> Model for LinearScores<T> {
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
            softmax(row);
        });
        classified(scores, &self.classes)
    }

    fn explain(&self, features: ArrayView2<'_, f64>, _: &dyn Fn() -> Result<()>) -> Result<Option<Explanation>> {
        let (coefficients, intercepts) = (self.coefficients.to_array(), Array1::from(self.intercepts.clone()));
        Ok(Some(Explanation::of_products(Scale::Score, intercepts, features, coefficients.view())))
    }

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Answer> {
        let coefficients = graph.array(&self.coefficients.to_array());
        let intercepts = graph.array(&Array1::from(self.intercepts.clone()));
        let scores = graph.apply("Gemm", &[features, &coefficients, &intercepts]);
        Some(Answer::Probabilities(graph.of_classes(&scores)))
    }

    fn answer_bytes(&self) -> usize {
        classification::answer_bytes(&self.classes)
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let (coefficients, intercepts) = (self.coefficients.to_array(), Array1::from(self.intercepts.clone()));
        vec![("coefficients", coefficients.into_dyn()), ("intercepts", intercepts.into_dyn())]
    }
}
