//! The shape of a network, and where each of its weights stands.

use super::activation::Activation;
use crate::error::{Error, Result};
use crate::model::random::Philox;
use ndarray::{Array1, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

/// Hidden layers, and units of each.
pub(super) const MOST_LAYERS: usize = 16;
pub(super) const MOST_UNITS: i64 = 4_096;
/// Coefficients and intercepts of all layers: the solvers keep up to 25 vectors as long.
const MOST_WEIGHTS: usize = 500_000;
/// What random numbers are for; part of their counter.
const START: u32 = 0;

/// What the last layer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// A number.
    Value,
    /// The log-odds of the second of two classes.
    TwoClasses,
    /// A score for each class.
    Classes(usize),
}

/// Layers of units; each is fed by all units of the one before.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// Units of each layer, from the columns of the rows to the outputs.
    pub(super) sizes: Vec<usize>,
    pub(super) activation: Activation,
    pub(super) head: Head,
}

/// What feeds a layer: `(units before, units)` and `(units,)`.
pub(super) type Layer<'a> = (ArrayView2<'a, f64>, ArrayView1<'a, f64>);
pub(super) type LayerMut<'a> = (ArrayViewMut2<'a, f64>, ArrayViewMut1<'a, f64>);

impl Network {
    pub(super) fn new(n_features: usize, hidden: &[usize], activation: Activation, head: Head) -> Self {
        let outputs = if let Head::Classes(classes) = head { classes } else { 1 };
        Self { sizes: [&[n_features], hidden, &[outputs]].concat(), activation, head }
    }

    /// Refuses more weights than are taken, before memory is.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] with the layers and the limit.
    pub(super) fn check(&self, algorithm: &str) -> Result<()> {
        match self.n_weights() {
            0..=MOST_WEIGHTS => Ok(()),
            many => Err(Error::invalid(format!(
                "{algorithm} with layers of {:?} units, the columns first, has {many} weights and at most {MOST_WEIGHTS} are \
                 taken; choose smaller hidden_layer_sizes",
                self.sizes
            ))),
        }
    }

    /// The pairs of layers, each with the one that it feeds.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.sizes.windows(2).map(|pair| (pair[0], pair[1]))
    }

    /// How many coefficients there are; they come before the intercepts, both from the first layer to the last.
    pub(super) fn n_coefficients(&self) -> usize {
        self.pairs().map(|(before, units)| before * units).sum()
    }

    /// Coefficients and intercepts.
    pub(super) fn n_weights(&self) -> usize {
        self.n_coefficients() + self.sizes[1..].iter().sum::<usize>()
    }

    /// The units of all layers but the first.
    pub(super) fn n_units(&self) -> usize {
        self.sizes[1..].iter().sum()
    }

    /// The weights of each layer, from all of them.
    pub(super) fn layers<'a>(&self, weights: &'a [f64]) -> Vec<Layer<'a>> {
        let (mut coefficients, mut intercepts) = weights.split_at(self.n_coefficients());
        let layers = self.pairs().map(|(before, units)| {
            let (own, own_intercepts);
            (own, coefficients) = coefficients.split_at(before * units);
            (own_intercepts, intercepts) = intercepts.split_at(units);
            (ArrayView2::from_shape((before, units), own).expect(FITS), ArrayView1::from(own_intercepts))
        });
        layers.collect()
    }

    /// The same, to be written.
    pub(super) fn layers_mut<'a>(&self, weights: &'a mut [f64]) -> Vec<LayerMut<'a>> {
        let (mut coefficients, mut intercepts) = weights.split_at_mut(self.n_coefficients());
        let layers = self.pairs().map(|(before, units)| {
            let (own, rest) = std::mem::take(&mut coefficients).split_at_mut(before * units);
            coefficients = rest;
            let (own_intercepts, rest) = std::mem::take(&mut intercepts).split_at_mut(units);
            intercepts = rest;
            (ArrayViewMut2::from_shape((before, units), own).expect(FITS), ArrayViewMut1::from(own_intercepts))
        });
        layers.collect()
    }

    /// Weights to begin with, each a function of the seed and its place.
    ///
    /// Uniform from `-b` to `b`, `b = sqrt(6 / (units before + units))`, or `sqrt(2 / ...)` for logistic units. X. Glorot,
    /// Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
    pub(super) fn start(&self, seed: u64) -> Array1<f64> {
        let factor = if self.activation == Activation::Logistic { 2.0 } else { 6.0 };
        let bound = |(before, units): (usize, usize)| (factor / (before + units) as f64).sqrt();
        let coefficients = self.pairs().flat_map(|pair| std::iter::repeat_n(bound(pair), pair.0 * pair.1));
        let intercepts = self.pairs().flat_map(|pair| std::iter::repeat_n(bound(pair), pair.1));
        let philox = Philox::new(seed);
        let places = coefficients.chain(intercepts).zip(0..);
        places.map(|(bound, place)| bound * (2.0 * uniform(philox.block([place, 0, START, 0])) - 1.0)).collect()
    }
}

const FITS: &str = "a layer has as many coefficients as units times units before";

/// From 0 to 1, in steps of 2^-53.
fn uniform([high, low, ..]: [u32; 4]) -> f64 {
    ((u64::from(high) << 32 | u64::from(low)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(hidden: &[usize]) -> Network {
        Network::new(3, hidden, Activation::Relu, Head::Classes(2))
    }

    #[test]
    fn layers_share_out_all_weights() {
        let network = network(&[4, 5]);
        let mut weights: Vec<f64> = (0..network.n_weights()).map(|it| it as f64).collect();

        let layers = network.layers(&weights);

        let shapes: Vec<_> = layers.iter().map(|(coefficients, _)| coefficients.dim()).collect();
        assert_eq!((network.n_weights(), shapes), (53, vec![(3, 4), (4, 5), (5, 2)]));
        assert_eq!((layers[1].0[(0, 1)], layers[1].1[0], layers[2].1[1]), (13.0, 46.0, 52.0));
        network.layers_mut(&mut weights)[1].0[(0, 1)] = -1.0;
        assert_eq!(network.layers(&weights)[1].0[(0, 1)], -1.0);
    }

    #[test]
    fn first_weights_are_within_their_bounds_and_differ_by_seed_and_place() {
        let network = network(&[400]);

        let start = network.start(7);

        let bound = (6.0_f64 / 403.0).sqrt();
        let first = start.iter().take(1_200);
        assert!(first.clone().all(|it| it.abs() <= bound) && first.clone().any(|it| it.abs() > 0.99 * bound));
        assert!((first.sum::<f64>() / 1_200.0).abs() < 0.1 * bound);
        assert_ne!((start[0], start[0]), (start[1], network.start(8)[0]));
    }

    #[test]
    fn more_weights_than_are_taken_are_refused_with_the_layers() {
        let most = MOST_UNITS as usize;

        let message = network(&[most; MOST_LAYERS]).check("mlp_classifier").unwrap_err().to_string();

        assert!(message.contains("[3, 4096, ") && message.contains("at most 500000 are taken"), "{message}");
        network(&[700, 700]).check("mlp_classifier").unwrap();
    }
}
