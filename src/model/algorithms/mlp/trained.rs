//! A network that has learned.

use super::activation::Activation;
use super::network::{Head, Network};
use crate::data::Labels;
use crate::model::classification::{self, classified, sigmoid, softmax};
use crate::model::kernels::{Panels, Real, in_rows};
use crate::model::{Answer, Edge, Graph, Model, Predictions};
use ndarray::{Array1, ArrayD, ArrayView2};
use std::borrow::Cow;
use std::sync::Arc;

/// The names of what a layer has learned: scikit-learn's, with the number of the layer.
pub(super) const COEFFICIENTS: [&str; 17] = [
    "coefs_0", "coefs_1", "coefs_2", "coefs_3", "coefs_4", "coefs_5", "coefs_6", "coefs_7", "coefs_8", "coefs_9",
    "coefs_10", "coefs_11", "coefs_12", "coefs_13", "coefs_14", "coefs_15", "coefs_16",
];
pub(super) const INTERCEPTS: [&str; 17] = [
    "intercepts_0",
    "intercepts_1",
    "intercepts_2",
    "intercepts_3",
    "intercepts_4",
    "intercepts_5",
    "intercepts_6",
    "intercepts_7",
    "intercepts_8",
    "intercepts_9",
    "intercepts_10",
    "intercepts_11",
    "intercepts_12",
    "intercepts_13",
    "intercepts_14",
    "intercepts_15",
    "intercepts_16",
];

/// Rows that go through all layers before the next ones: their outputs stay near, however many rows there are.
const BLOCK: usize = 256;

/// Layers in the numbers that they are computed in.
#[derive(Debug)]
pub(super) struct TrainedNetwork<T> {
    /// Intercepts are rounded like coefficients; their addition is f64.
    layers: Vec<(Panels<T>, Vec<f64>)>,
    activation: Activation,
    /// What is answered instead of numbers.
    classes: Option<Arc<Labels>>,
}

impl<T: Real> TrainedNetwork<T> {
    /// Of all weights of a network, rounded.
    pub(super) fn new(network: &Network, weights: &[f64], classes: Option<Arc<Labels>>) -> Self {
        let rounded = |intercept: &f64| T::rounded(*intercept).widened();
        let layers = network.layers(weights).into_iter();
        let layers =
            layers.map(|(coefficients, own)| (Panels::new(coefficients), own.iter().map(rounded).collect())).collect();
        Self { layers, activation: network.activation, classes }
    }

    /// The scores of some rows, row by row.
    fn scores(&self, rows: &[f64]) -> Vec<f64> {
        let mut outputs = Cow::Borrowed(rows);
        for (number, (coefficients, intercepts)) in (1..).zip(&self.layers) {
            let mut sums = coefficients.products(&outputs);
            for row in sums.chunks_exact_mut(intercepts.len()) {
                row.iter_mut().zip(intercepts).for_each(|(sum, intercept)| *sum += intercept);
            }
            if number < self.layers.len() {
                self.activation.apply(&mut sums);
            }
            outputs = Cow::Owned(sums);
        }
        outputs.into_owned()
    }
}

impl<T: Real> Model for TrainedNetwork<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let rows = in_rows(&features);
        let blocks = rows.chunks(BLOCK * features.ncols().max(1));
        let mut scores: Vec<f64> = blocks.flat_map(|block| self.scores(block)).collect();
        let Some(classes) = &self.classes else { return Predictions::Values(scores.into()) };
        // A score that overflowed counts as the largest number there is, so that no infinities are subtracted.
        scores.iter_mut().for_each(|it| *it = it.clamp(f64::MIN / 2.0, f64::MAX / 2.0));
        if classes.len() == 2 {
            return classified(scores.iter().flat_map(|it| [sigmoid(-it), sigmoid(*it)]).collect(), classes);
        }
        scores.chunks_exact_mut(classes.len()).for_each(|row| {
            softmax(row);
        });
        classified(scores, classes)
    }

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Answer> {
        let mut outputs = features.clone();
        for (number, (coefficients, intercepts)) in (1..).zip(&self.layers) {
            let coefficients = graph.array(&coefficients.to_array());
            let intercepts = graph.array(&Array1::from(intercepts.clone()));
            outputs = graph.apply("Gemm", &[&outputs, &coefficients, &intercepts]);
            if number < self.layers.len() {
                outputs = self.activation.trace(graph, outputs);
            }
        }
        Some(match self.classes.as_ref().map(|classes| classes.len()) {
            None => {
                let axis = graph.integers(&[1]);
                Answer::Values(graph.apply("Squeeze", &[&outputs, &axis]))
            }
            Some(2) => Answer::Probabilities(graph.of_two_classes(&outputs)),
            Some(_) => Answer::Probabilities(graph.of_classes(&outputs)),
        })
    }

    fn answer_bytes(&self) -> usize {
        self.classes.as_ref().map_or(size_of::<f64>(), |classes| classification::answer_bytes(classes))
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let coefficients = COEFFICIENTS.into_iter().zip(self.layers.iter().map(|it| it.0.to_array().into_dyn()));
        let intercepts = self.layers.iter().map(|it| Array1::from(it.1.clone()).into_dyn());
        coefficients.chain(INTERCEPTS.into_iter().zip(intercepts)).collect()
    }
}

/// What a network of these classes answers; none: a number.
pub(super) fn head(classes: Option<&Arc<Labels>>) -> Head {
    match classes.map(|it| it.len()) {
        None => Head::Value,
        Some(2) => Head::TwoClasses,
        Some(many) => Head::Classes(many),
    }
}
