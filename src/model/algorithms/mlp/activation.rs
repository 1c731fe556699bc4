//! What a unit makes of the sum of its inputs.

use crate::model::classification::sigmoid;
use crate::model::{Edge, Graph};

/// By scikit-learn's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    Relu,
    Tanh,
    Logistic,
    Identity,
}

impl Activation {
    pub(super) const NAMES: &[&str] = &["relu", "tanh", "logistic", "identity"];

    /// By one of [`Activation::NAMES`].
    pub(super) fn of(name: &str) -> Self {
        match name {
            "tanh" => Self::Tanh,
            "logistic" => Self::Logistic,
            "identity" => Self::Identity,
            _ => Self::Relu,
        }
    }

    /// Puts the output of each unit in the place of its sum.
    pub(super) fn apply(self, sums: &mut [f64]) {
        match self {
            // Not `max`, which would make 0 of what is not a number.
            Self::Relu => sums.iter_mut().for_each(|it| *it = if *it < 0.0 { 0.0 } else { *it }),
            Self::Tanh => sums.iter_mut().for_each(|it| *it = it.tanh()),
            Self::Logistic => sums.iter_mut().for_each(|it| *it = sigmoid(*it)),
            Self::Identity => {}
        }
    }

    /// The same as an operator of ONNX.
    pub(super) fn trace(self, graph: &mut Graph, sums: Edge) -> Edge {
        match self {
            Self::Relu => graph.apply("Relu", &[&sums]),
            Self::Tanh => graph.apply("Tanh", &[&sums]),
            Self::Logistic => graph.apply("Sigmoid", &[&sums]),
            Self::Identity => sums,
        }
    }

    /// From derivatives by outputs to derivatives by sums, in their place.
    pub(super) fn derive(self, outputs: &[f64], derivatives: &mut [f64]) {
        let each = derivatives.iter_mut().zip(outputs);
        match self {
            Self::Relu => each.for_each(|(it, output)| *it = if *output == 0.0 { 0.0 } else { *it }),
            Self::Tanh => each.for_each(|(it, output)| *it *= 1.0 - output * output),
            Self::Logistic => each.for_each(|(it, output)| *it *= output * (1.0 - output)),
            Self::Identity => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_stays_so_and_is_noticed() {
        for name in Activation::NAMES {
            let mut sums = [f64::NAN];

            Activation::of(name).apply(&mut sums);

            assert!(sums[0].is_nan(), "{name}");
        }
    }
}
