//! What trees answer together: the mean of what each answers.

use super::contributions::contributions;
use super::flat::{Tree, whole};
use super::forest::Size;
use crate::data::Labels;
use crate::error::Result;
use crate::model::arrays::{Arrays, damaged};
use crate::model::classification::{self, classified};
use crate::model::kernels::in_rows;
use crate::model::{Explanation, FittedStep, Inputs, Kind, Model, Predictions, Scale};
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

    /// The nodes of all trees in a row: their column, threshold and left child (as a number within their tree, and the right
    /// one follows it), zeros of leaves. `value` has a row for each leaf, in the order of nodes, and `share` what part of a tree's
    /// rows each has. A forest adds where its trees begin.
    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let of_nodes = |which: usize| -> ArrayD<f64> {
            let numbers: Array1<f64> =
                self.trees.iter().flat_map(|tree| tree.nodes().map(move |it| it[which])).collect();
            numbers.into_dyn()
        };
        let values: Array1<f64> = self.trees.iter().flat_map(|tree| tree.answers().iter().copied()).collect();
        let shape = (values.len() / self.answer.n_outputs(), self.answer.n_outputs());
        let values = values.into_shape_with_order(shape).expect("a leaf answers as many numbers as there are outputs");
        let mut arrays = vec![
            ("feature", of_nodes(0)),
            ("threshold", of_nodes(1)),
            ("left", of_nodes(2)),
            ("value", values.into_dyn()),
            ("share", self.trees.iter().flat_map(|tree| tree.shares()).copied().collect::<Array1<f64>>().into_dyn()),
        ];
        if self.size == Size::Forest {
            let roots = self.trees.iter().scan(0, |next, tree| {
                let root = *next;
                *next += tree.n_nodes();
                Some(root as f64)
            });
            arrays.push(("roots", roots.collect::<Array1<f64>>().into_dyn()));
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
    let rows_of = |arrays: &Arrays, name: &str| arrays.shape(name).and_then(|it| it.first().copied()).unwrap_or(0);
    let (n_nodes, n_leaves, n_outputs) = (rows_of(arrays, "feature"), rows_of(arrays, "value"), answer.n_outputs());
    let (feature, threshold, left) =
        (arrays.take("feature", n_nodes)?, arrays.take("threshold", n_nodes)?, arrays.take("left", n_nodes)?);
    let (values, shares) = (arrays.take("value", (n_leaves, n_outputs))?, arrays.take("share", n_leaves)?);
    if shares.iter().any(|share| !(*share > 0.0 && *share <= 1.0)) {
        return Err(damaged("a leaf has no share of the rows from above 0 to 1"));
    }
    if kind == Kind::Classifier && values.axis_iter(Axis(0)).any(|shares| !are_shares(shares.iter())) {
        return Err(damaged("the shares of classes in a leaf do not sum to 1"));
    }
    let roots = match size {
        Size::Tree => vec![0],
        Size::Forest => {
            let n_trees = rows_of(arrays, "roots");
            let roots: Option<Vec<usize>> = arrays.take("roots", n_trees)?.iter().map(|root| whole(*root)).collect();
            roots.unwrap_or_default()
        }
    };
    let ends = roots.iter().skip(1).copied().chain([n_nodes]);
    if roots.first() != Some(&0) || roots.iter().zip(ends.clone()).any(|(root, end)| *root >= end) {
        return Err(damaged("trees do not begin one behind the other"));
    }
    let nodes =
        feature.iter().zip(&threshold).zip(&left).map(|((feature, threshold), left)| [*feature, *threshold, *left]);
    let nodes: Vec<[f64; 3]> = nodes.collect();
    let (mut values, mut shares) = (values.iter().copied(), shares.iter().copied());
    let trees = roots.iter().zip(ends).map(|(root, end)| {
        Tree::load(&nodes[*root..end], inputs.n_features, n_outputs, |n_leaves| {
            let own: Vec<f64> = values.by_ref().take(n_leaves * n_outputs).collect();
            let shares = shares.by_ref().take(n_leaves).collect();
            if own.len() == n_leaves * n_outputs { Ok((own, shares)) } else { Err(damaged("leaves have no answers")) }
        })
    });
    let trees: Vec<Tree> = trees.collect::<Result<_>>()?;
    match values.next() {
        None => Ok(FittedStep::Model(Box::new(Average::new(trees, size, answer)))),
        Some(_) => Err(damaged("there are answers of leaves that no tree has")),
    }
}

fn are_shares<'a>(shares: impl Iterator<Item = &'a f64> + Clone) -> bool {
    shares.clone().all(|share| (0.0..=1.0).contains(share)) && (shares.sum::<f64>() - 1.0).abs() <= TOLERANCE
}
