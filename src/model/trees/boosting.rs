//! What boosting has in common, of classes and of numbers: trees one after the other, on rows that weigh more or less, each of which
//! counts differently.

use super::chance::{PowerOfTwo, exponent};
use super::flat::Tree;
use super::parameters::{Limits, MaxFeatures};
use crate::error::{Error, Result};
use crate::model::archive::{Archive, State};
use crate::model::{Parameters, Training};

/// How trees are grown, and how many.
#[derive(Debug)]
pub(super) struct Boosting {
    pub(super) algorithm: &'static str,
    pub(super) n_trees: usize,
    pub(super) learning_rate: f64,
    pub(super) limits: Limits,
}

impl Boosting {
    pub(super) fn of(algorithm: &'static str, parameters: &Parameters) -> Self {
        let limits = Limits {
            max_depth: parameters.count("max_depth"),
            min_samples_split: 2,
            min_samples_leaf: 1,
            max_features: MaxFeatures::All,
        };
        let (n_trees, learning_rate) = (parameters.count("n_estimators"), parameters.number("learning_rate"));
        Self { algorithm, n_trees, learning_rate, limits }
    }

    /// Tells that the columns are looked at.
    ///
    /// # Errors
    /// What the progress answers.
    pub(super) fn begins(&self, training: &Training<'_>) -> Result<()> {
        training.progress.report(&format!("fitting {}", self.algorithm), 0.0)
    }

    /// Tells which tree, from 0, is grown.
    ///
    /// # Errors
    /// What the progress answers.
    pub(super) fn grows(&self, training: &Training<'_>, number: usize) -> Result<()> {
        let message = format!("fitting {}, tree {} of {}", self.algorithm, number + 1, self.n_trees);
        training.progress.report(&message, number as f64 / self.n_trees as f64)
    }

    /// What a tree counts, if that is above 0 and finite for as many trees; `what` names what counts.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that names the learning rate.
    pub(super) fn checked(&self, what: &str, voice: f64) -> Result<f64> {
        if voice > 0.0 && (voice * self.n_trees as f64).is_finite() {
            return Ok(voice);
        }
        Err(Error::invalid(format!(
            "{what} in {} would count {voice:e}; choose a learning_rate nearer to 1 (it is {:e})",
            self.algorithm, self.learning_rate
        )))
    }
}

/// How far boosting is.
#[derive(Clone)]
pub(super) struct Boosted {
    pub(super) trees: Vec<Tree>,
    /// What each counts.
    pub(super) voices: Vec<f64>,
    /// How much each row weighs for the next tree.
    pub(super) weights: Vec<f64>,
    /// No tree comes behind these.
    pub(super) has_ended: bool,
}

impl Boosted {
    pub(super) fn begin(weights: &[f64]) -> Self {
        Self { trees: vec![], voices: vec![], weights: weights.to_vec(), has_ended: false }
    }

    /// One more tree.
    pub(super) fn push(&mut self, tree: Tree, voice: f64) {
        self.trees.push(tree);
        self.voices.push(voice);
    }
}

impl State for Boosted {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        archive.list(&mut self.trees, Tree::blank, Tree::pass)?;
        archive.numbers_of_any_length(&mut self.voices)?;
        archive.numbers(&mut self.weights)?;
        archive.flag(&mut self.has_ended)
    }
}

/// Brings weights, which only matter relative to each other, near 1, and none is smaller than what all of them together are off
/// by; answers their sum.
pub(super) fn floored(weights: &mut [f64]) -> f64 {
    let scale = PowerOfTwo(-exponent(weights.iter().copied().fold(0.0, f64::max)));
    weights.iter_mut().for_each(|weight| *weight = scale.times(*weight));
    let least = f64::EPSILON * weights.iter().sum::<f64>();
    weights.iter_mut().for_each(|weight| *weight = weight.max(least));
    weights.iter().sum()
}
