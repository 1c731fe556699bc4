//! What trees answer together whose answers count differently: the weighted median of what each answers.

use super::flat::Tree;
use super::stored::{nodes, roots, rows_of, take_roots, take_trees, take_voices};
use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::kernels::in_rows;
use crate::model::{FittedStep, Inputs, Model, Predictions};
use ndarray::{Array1, ArrayD, ArrayView2};

/// Rows that are answered at once.
const BLOCK: usize = 256;

/// Trees of numbers.
#[derive(Debug)]
pub(super) struct Median {
    trees: Vec<Tree>,
    /// What the answer of each tree counts, above 0.
    voices: Vec<f64>,
}

impl Median {
    pub(super) fn new(trees: Vec<Tree>, voices: Vec<f64>) -> Self {
        Self { trees, voices }
    }

    /// The least answer of a tree that half of the voices are for, or for less.
    fn of(&self, answers: &mut [(f64, f64)]) -> f64 {
        answers.sort_by(|one, other| one.0.total_cmp(&other.0));
        let half = 0.5 * answers.iter().map(|(_, voice)| voice).sum::<f64>();
        let mut below = 0.0;
        let median = answers.iter().find(|(_, voice)| {
            below += voice;
            below >= half
        });
        median.or(answers.last()).map_or(0.0, |(answer, _)| *answer)
    }
}

impl Model for Median {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let (n_features, rows) = (features.ncols(), in_rows(&features));
        let mut medians = Vec::with_capacity(features.nrows());
        for rows in rows.chunks(BLOCK * n_features) {
            let n_rows = rows.len() / n_features;
            let mut answers = vec![0.0; n_rows * self.trees.len()];
            for (tree, own) in self.trees.iter().zip(answers.chunks_exact_mut(n_rows)) {
                tree.add_answers(rows, n_features, 1.0, own);
            }
            medians.extend((0..n_rows).map(|row| {
                let of_row = answers.iter().skip(row).step_by(n_rows).copied();
                self.of(&mut of_row.zip(self.voices.iter().copied()).collect::<Vec<_>>())
            }));
        }
        Predictions::Values(medians.into())
    }

    /// The nodes of all trees in a row, where each begins, what each leaf answers, and what the answers of each tree count.
    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let values: Array1<f64> = self.trees.iter().flat_map(|tree| tree.answers().iter().copied()).collect();
        let voices = Array1::from(self.voices.clone());
        let own = [roots(&self.trees), ("value", values.into_dyn()), ("estimator_weights", voices.into_dyn())];
        nodes(&self.trees).into_iter().chain(own).collect()
    }
}

/// The trees that saved these arrays.
///
/// # Errors
/// [`Error::Damaged`](crate::error::Error::Damaged) if they are no trees, or count nothing.
pub(in crate::model) fn load_median(arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
    let n_leaves = rows_of(arrays, "value");
    let values = arrays.take("value", n_leaves)?.to_vec();
    let roots = take_roots(arrays)?;
    let voices = take_voices(arrays, roots.len(), "answers")?;
    let trees = take_trees(arrays, &roots, inputs.n_features, (&values, 1))?;
    Ok(FittedStep::Model(Box::new(Median::new(trees, voices))))
}
