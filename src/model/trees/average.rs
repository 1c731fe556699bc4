//! What trees answer together: the mean of what each answers.

use super::contributions::contributions;
use super::flat::Tree;
use super::forest::Size;
use super::stored::{nodes, roots, rows_of, take_roots, take_trees};
use crate::data::Labels;
use crate::error::Result;
use crate::model::arrays::{Arrays, damaged};
use crate::model::classification::{self, classified};
use crate::model::kernels::in_rows;
use crate::model::{Answer as Traced, Edge, Explanation, FittedStep, Graph, Inputs, Kind, Model, Predictions, Scale};
use ndarray::{Array1, ArrayD, ArrayView2, Axis};
use std::sync::Arc;

/// Numbers of the rows that go through all trees before the next ones do: they stay in a cache, and so does a tree meanwhile.
const BLOCK: usize = 1 << 15;
/// Rows of a block at least.
const FEWEST_ROWS: usize = 64;
/// There are fewer trees than 2 to the power of this.
const MOST_TREES_BITS: i32 = 32;
/// What the shares of a leaf may be off by together, as they come from a file.
const TOLERANCE: f64 = 1e-9;

/// What the numbers of a leaf are.
#[derive(Debug)]
pub(super) enum Answer {
    /// One, in the unit of the targets.
    Mean,
    /// The share of each of these classes.
    Shares(Arc<Labels>),
}

impl Answer {
    fn n_outputs(&self) -> usize {
        match self {
            Self::Mean => 1,
            Self::Shares(classes) => classes.len(),
        }
    }
}

/// Grown trees.
#[derive(Debug)]
pub(super) struct Average {
    trees: Vec<Tree>,
    size: Size,
    answer: Answer,
    /// What answers are multiplied with before they are added up: 1, or a power of two where their sum could overflow.
    unit: f64,
}

impl Average {
    pub(super) fn new(trees: Vec<Tree>, size: Size, answer: Answer) -> Self {
        let answers = trees.iter().flat_map(|tree| tree.answers());
        let largest = answers.fold(0.0, |largest: f64, answer| largest.max(answer.abs()));
        let unit = if largest <= f64::MAX / trees.len() as f64 { 1.0 } else { 0.5f64.powi(MOST_TREES_BITS) };
        Self { trees, size, answer, unit }
    }

    /// `(n_samples, n_outputs)`. A row's sum is over the trees in their order, whatever rows stand around it.
    fn answers(&self, features: &ArrayView2<'_, f64>) -> Vec<f64> {
        let (n_features, n_outputs) = (features.ncols(), self.answer.n_outputs());
        let n_rows = (BLOCK / n_features.max(1)).max(FEWEST_ROWS);
        let mut answers = vec![0.0; features.nrows() * n_outputs];
        let rows = in_rows(features);
        for (rows, answers) in rows.chunks(n_rows * n_features).zip(answers.chunks_mut(n_rows * n_outputs)) {
            self.trees.iter().for_each(|tree| tree.add_answers(rows, n_features, self.unit, answers));
        }
        let n_trees = self.trees.len() as f64 * self.unit;
        answers.iter_mut().for_each(|answer| *answer /= n_trees);
        answers
    }
}

impl Model for Average {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let answers = self.answers(&features);
        match &self.answer {
            Answer::Mean => Predictions::Values(answers.into()),
            Answer::Shares(classes) => classified(answers, classes),
        }
    }

    fn answer_bytes(&self) -> usize {
        match &self.answer {
            Answer::Mean => size_of::<f64>(),
            Answer::Shares(classes) => classification::answer_bytes(classes),
        }
    }

    fn explain(&self, features: ArrayView2<'_, f64>, ask: &dyn Fn() -> Result<()>) -> Result<Option<Explanation>> {
        let scale = match &self.answer {
            Answer::Mean => Scale::Value,
            Answer::Shares(_) => Scale::Probability,
        };
        contributions(&self.trees, self.answer.n_outputs(), features, ask)
            .map(|(base_values, contributions)| Some(Explanation { scale, base_values, contributions }))
    }

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Traced> {
        let answers: Array1<f64> = self.trees.iter().flat_map(|tree| tree.answers()).map(|it| it * self.unit).collect();
        let n_outputs = self.answer.n_outputs();
        let answers = answers.to_shape((answers.len() / n_outputs, n_outputs)).ok()?.into_owned();
        let sums = graph.forest(features, self.trees.iter().map(Tree::traced), answers.view());
        let n_trees = graph.number(self.trees.len() as f64 * self.unit);
        let means = graph.apply("Div", &[&sums, &n_trees]);
        if matches!(self.answer, Answer::Shares(_)) {
            return Some(Traced::Probabilities(means));
        }
        let axis = graph.integers(&[1]);
        Some(Traced::Values(graph.apply("Squeeze", &[&means, &axis])))
    }

    /// The nodes of all trees in a row: their column, threshold and left child (as a number within their tree, and the right
    /// one follows it), zeros of leaves. `value` has a row for each leaf, in the order of nodes. A forest adds where its trees
    /// begin.
    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let values: Array1<f64> = self.trees.iter().flat_map(|tree| tree.answers().iter().copied()).collect();
        let shape = (values.len() / self.answer.n_outputs(), self.answer.n_outputs());
        let values = values.into_shape_with_order(shape).expect("a leaf answers as many numbers as there are outputs");
        let mut arrays = nodes(&self.trees);
        arrays.push(("value", values.into_dyn()));
        if self.size == Size::Forest {
            arrays.push(roots(&self.trees));
        }
        arrays
    }
}

/// The trees that saved these arrays.
///
/// # Errors
/// [`Error::Damaged`](crate::error::Error::Damaged) if they are no trees.
pub(in crate::model) fn load(kind: Kind, size: Size, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
    let answer = match kind {
        Kind::Classifier => Answer::Shares(inputs.classes()?.clone()),
        _ => Answer::Mean,
    };
    let (n_leaves, n_outputs) = (rows_of(arrays, "value"), answer.n_outputs());
    let values = arrays.take("value", (n_leaves, n_outputs))?;
    if kind == Kind::Classifier && values.axis_iter(Axis(0)).any(|shares| !are_shares(shares.iter())) {
        return Err(damaged("the shares of classes in a leaf do not sum to 1"));
    }
    let roots = match size {
        Size::Tree => vec![0],
        Size::Forest => take_roots(arrays)?,
    };
    let values: Vec<f64> = values.into_iter().collect();
    let trees = take_trees(arrays, &roots, inputs.n_features, (&values, n_outputs))?;
    Ok(FittedStep::Model(Box::new(Average::new(trees, size, answer))))
}

fn are_shares<'a>(shares: impl Iterator<Item = &'a f64> + Clone) -> bool {
    shares.clone().all(|share| (0.0..=1.0).contains(share)) && (shares.sum::<f64>() - 1.0).abs() <= TOLERANCE
}
