//! Small trees for classes, each grown on what those before it got wrong.

use super::bins::Column;
use super::boosting::{Boosted, Boosting, floored};
use super::chance::{Chance, Weights};
use super::flat::Tree;
use super::forest::{check_memory, check_size};
use super::grow::grow;
use super::objective::{Impurity, Shares};
use super::votes::Votes;
use crate::error::{Error, Result};
use crate::model::{Estimator, Model, Parameters, Training};

/// Rows that are answered at once.
const BLOCK: usize = 4_096;

/// Discrete AdaBoost for two or many classes (SAMME).
#[derive(Debug)]
pub(in crate::model) struct Boost(Boosting);

impl Boost {
    pub(in crate::model) fn new(algorithm: &'static str, parameters: &Parameters) -> Self {
        Self(Boosting::of(algorithm, parameters))
    }
}

impl Estimator for Boost {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let (Self(boosting), Training { rows, seed, .. }) = (self, *training);
        check_size(boosting.algorithm, rows.len())?;
        let (indices, classes) = rows.targets.classes()?;
        let n_classes = classes.len();
        let columns = Column::all_of(training, &|_| boosting.begins(training))?;
        let objective = Shares { classes: indices, n_classes, impurity: Impurity::Gini };
        let mut so_far = Boosted::begin(rows.weights);
        let checkpoint = training.checkpoint(boosting.algorithm);
        checkpoint.resume(&mut so_far)?;
        while so_far.trees.len() < boosting.n_trees && !so_far.has_ended {
            let number = so_far.trees.len();
            let ask = || boosting.grows(training, number);
            ask()?;
            let all = floored(&mut so_far.weights);
            let units = Weights::of(&so_far.weights).units;
            let tree = grow(&columns, &objective, &units, &boosting.limits, Chance::of(seed, number), &ask)?;
            let tree = tree.answering(vote);
            let missed = missed(&tree, rows.values(), rows.n_features(), (indices, n_classes));
            let error = missed.iter().map(|row| so_far.weights[*row]).sum::<f64>() / all;
            if missed.is_empty() {
                so_far.push(tree, 1.0);
                break;
            }
            if error >= 1.0 - 1.0 / n_classes as f64 {
                break;
            }
            let voice = ((1.0 - error) / error).ln() + (n_classes as f64 - 1.0).ln();
            let voice = boosting.checked("a vote", boosting.learning_rate * voice)?;
            so_far.push(tree, voice);
            let factor = voice.exp();
            missed.iter().for_each(|row| so_far.weights[*row] *= factor);
            so_far.has_ended = !so_far.weights.iter().sum::<f64>().is_finite();
            check_memory(boosting.algorithm, training, so_far.trees.iter())?;
            checkpoint.offer(so_far.trees.len(), &mut so_far)?;
        }
        let Boosted { trees, voices, .. } = so_far;
        if trees.is_empty() {
            return Err(Error::invalid(format!(
                "the first tree of {} is no better than chance among {n_classes} classes; its columns may say nothing about \
                 them, or raise max_depth (it is {})",
                boosting.algorithm, boosting.limits.max_depth
            )));
        }
        Ok(Box::new(Votes::new(trees, voices, classes.clone())))
    }
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
