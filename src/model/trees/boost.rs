//! Small trees for classes, each grown on what those before it got wrong.

use super::bins::Column;
use super::chance::{Chance, PowerOfTwo, Weights, exponent};
use super::flat::Tree;
use super::grow::grow;
use super::objective::{Impurity, Shares};
use super::parameters::{Limits, MaxFeatures};
use super::votes::Votes;
use crate::error::{Error, Result};
use crate::model::{Estimator, Model, Parameters, Training};

/// Rows that are answered at once.
const BLOCK: usize = 4_096;

/// Discrete AdaBoost for two or many classes (SAMME).
#[derive(Debug)]
pub(in crate::model) struct Boost {
    algorithm: &'static str,
    n_trees: usize,
    learning_rate: f64,
    limits: Limits,
}

impl Boost {
    pub(in crate::model) fn new(algorithm: &'static str, parameters: &Parameters) -> Self {
        let limits = Limits {
            max_depth: parameters.count("max_depth"),
            min_samples_split: 2,
            min_samples_leaf: 1,
            max_features: MaxFeatures::All,
        };
        let (n_trees, learning_rate) = (parameters.count("n_estimators"), parameters.number("learning_rate"));
        Self { algorithm, n_trees, learning_rate, limits }
    }
}

impl Estimator for Boost {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let Training { rows, seed, progress, .. } = *training;
        super::forest::check_size(self.algorithm, rows.len())?;
        let (indices, classes) = rows.targets.classes()?;
        let n_classes = classes.len();
        let fitting = format!("fitting {}", self.algorithm);
        let columns = Column::all_of(training, &|_| progress.report(&fitting, 0.0))?;
        let objective = Shares { classes: indices, n_classes, impurity: Impurity::Gini };
        let mut weights = rows.weights.to_vec();
        let (mut trees, mut voices) = (vec![], vec![]);
        while trees.len() < self.n_trees {
            let number = trees.len();
            let message = format!("{fitting}, tree {} of {}", number + 1, self.n_trees);
            let ask = || progress.report(&message, number as f64 / self.n_trees as f64);
            ask()?;
            let all = floored(&mut weights);
            let units = Weights::of(&weights).units;
            let tree = grow(&columns, &objective, &units, &self.limits, Chance::of(seed, number), &ask)?;
            let tree = tree.answering(vote);
            let missed = missed(&tree, rows.values(), rows.n_features(), (indices, n_classes));
            let error = missed.iter().map(|row| weights[*row]).sum::<f64>() / all;
            if missed.is_empty() {
                trees.push(tree);
                voices.push(1.0);
                break;
            }
            if error >= 1.0 - 1.0 / n_classes as f64 {
                break;
            }
            let voice = self.learning_rate * (((1.0 - error) / error).ln() + (n_classes as f64 - 1.0).ln());
            if !(voice > 0.0 && (voice * self.n_trees as f64).is_finite()) {
                return Err(Error::invalid(format!(
                    "a vote in {} would count {voice:e}; choose a learning_rate nearer to 1 (it is {:e})",
                    self.algorithm, self.learning_rate
                )));
            }
            trees.push(tree);
            voices.push(voice);
            let factor = voice.exp();
            missed.iter().for_each(|row| weights[*row] *= factor);
            if !weights.iter().sum::<f64>().is_finite() {
                break;
            }
        }
        if trees.is_empty() {
            return Err(Error::invalid(format!(
                "the first tree of {} is no better than chance among {n_classes} classes; its columns may say nothing about \
                 them, or raise max_depth (it is {})",
                self.algorithm, self.limits.max_depth
            )));
        }
        Ok(Box::new(Votes::new(trees, voices, classes.clone())))
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

/// 1 for the class of the largest share, the first one of equals, and what makes the sum 0 for each other.
fn vote(shares: &[f64], votes: &mut Vec<f64>) {
    let winner = crate::model::kernels::first_largest(shares);
    let other = -1.0 / (shares.len() as f64 - 1.0);
    votes.extend((0..shares.len()).map(|class| if class == winner { 1.0 } else { other }));
}

/// The rows whose class the tree does not vote for.
fn missed(tree: &Tree, rows: &[f64], n_features: usize, (indices, n_classes): (&[usize], usize)) -> Vec<usize> {
    let (mut missed, mut votes) = (vec![], vec![0.0; BLOCK * n_classes]);
    for (block, (rows, classes)) in rows.chunks(BLOCK * n_features).zip(indices.chunks(BLOCK)).enumerate() {
        let votes = &mut votes[..classes.len() * n_classes];
        votes.fill(0.0);
        tree.add_answers(rows, n_features, 1.0, votes);
        let own = classes.iter().zip(votes.chunks_exact(n_classes)).enumerate();
        missed.extend(own.filter(|(_, (class, votes))| votes[**class] < 0.0).map(|(row, _)| block * BLOCK + row));
    }
    missed
}
