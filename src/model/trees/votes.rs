//! What trees answer together that vote, each with a voice of its own.

use super::flat::{Tree, whole};
use super::stored::{nodes, roots, rows_of, take_roots, take_trees, take_voices};
use crate::data::Labels;
use crate::error::Result;
use crate::model::arrays::{Arrays, damaged};
use crate::model::classification::{self, classified, softmax};
use crate::model::kernels::{first_largest, in_rows};
use crate::model::{FittedStep, Inputs, Model, Predictions};
use ndarray::{Array1, ArrayD, ArrayView2};
use std::sync::Arc;

/// Numbers of the rows that go through all trees before the next ones do.
const BLOCK: usize = 1 << 15;
/// Rows of a block at least.
const FEWEST_ROWS: usize = 64;

/// Trees whose leaves vote for a class: 1 for it, `-1 / (n_classes - 1)` for each other.
#[derive(Debug)]
pub(super) struct Votes {
    trees: Vec<Tree>,
    /// What the vote of each tree counts, above 0.
    voices: Vec<f64>,
    classes: Arc<Labels>,
}

impl Votes {
    pub(super) fn new(trees: Vec<Tree>, voices: Vec<f64>, classes: Arc<Labels>) -> Self {
        Self { trees, voices, classes }
    }
}

impl Model for Votes {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let (n_features, n_classes) = (features.ncols(), self.classes.len());
        let n_rows = (BLOCK / n_features.max(1)).max(FEWEST_ROWS);
        // What all voices come to, and scikit-learn's 1 / (n_classes - 1) of it.
        let all = self.voices.iter().sum::<f64>() * (n_classes as f64 - 1.0);
        let mut votes = vec![0.0; features.nrows() * n_classes];
        let rows = in_rows(&features);
        for (rows, votes) in rows.chunks(n_rows * n_features).zip(votes.chunks_mut(n_rows * n_classes)) {
            for (tree, voice) in self.trees.iter().zip(&self.voices) {
                tree.add_answers(rows, n_features, *voice, votes);
            }
        }
        for row in votes.chunks_exact_mut(n_classes) {
            row.iter_mut().for_each(|vote| *vote /= all);
            softmax(row);
        }
        classified(votes, &self.classes)
    }

    fn answer_bytes(&self) -> usize {
        classification::answer_bytes(&self.classes)
    }

    /// The nodes of all trees in a row, where each begins, the class that each leaf votes for, and what each vote counts.
    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let leaves = self.trees.iter().flat_map(|tree| tree.answers().chunks_exact(self.classes.len()));
        let classes: Array1<f64> = leaves.map(|votes| first_largest(votes) as f64).collect();
        let voices = Array1::from(self.voices.clone());
        let own = [roots(&self.trees), ("class", classes.into_dyn()), ("estimator_weights", voices.into_dyn())];
        nodes(&self.trees).into_iter().chain(own).collect()
    }
}

/// The trees that saved these arrays.
///
/// # Errors
/// [`Error::Damaged`](crate::error::Error::Damaged) if they are no trees, or vote for no class.
pub(in crate::model) fn load_votes(arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
    let classes = inputs.classes()?.clone();
    let n_leaves = rows_of(arrays, "class");
    let mut votes = Vec::with_capacity(n_leaves * classes.len());
    for class in arrays.take("class", n_leaves)? {
        let class = whole(class).filter(|class| *class < classes.len());
        let class = class.ok_or_else(|| damaged("a leaf votes for no class"))?;
        let other = -1.0 / (classes.len() as f64 - 1.0);
        votes.extend((0..classes.len()).map(|it| if it == class { 1.0 } else { other }));
    }
    let roots = take_roots(arrays)?;
    let voices = take_voices(arrays, roots.len(), "votes")?;
    let trees = take_trees(arrays, &roots, inputs.n_features, (&votes, classes.len()))?;
    Ok(FittedStep::Model(Box::new(Votes::new(trees, voices, classes))))
}
