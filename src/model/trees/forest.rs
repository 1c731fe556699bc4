//! Trees to be grown, which will answer together.

use super::average::{Answer, Average};
use super::bins::Column;
use super::chance::{Chance, Weights};
use super::flat::Tree;
use super::grow::grow;
use super::objective::{Impurity, Means, Objective, Shares};
use super::parameters::Limits;
use crate::error::{Error, Result};
use crate::model::archive::{Archive, State};
use crate::model::crew::{Ask, share_out_rest};
use crate::model::{Estimator, Kind, Model, Parameters, Training};

/// Rows are numbered in 32 bits, and so are nodes, of which there may be twice as many.
const MOST_ROWS: usize = u32::MAX as usize / 2;

/// How many trees answer together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model) enum Size {
    /// One, grown on all rows.
    Tree,
    /// `n_estimators`, each grown on all rows or with `bootstrap` on a sample of them.
    Forest,
}

/// An estimator whose parameters are those of trees.
#[derive(Debug)]
pub(in crate::model) struct Forest {
    algorithm: &'static str,
    kind: Kind,
    size: Size,
    n_trees: usize,
    bootstrap: bool,
    impurity: Impurity,
    limits: Limits,
}

impl Forest {
    /// A classifier or a regressor.
    pub(in crate::model) fn new(algorithm: &'static str, kind: Kind, size: Size, parameters: &Parameters) -> Self {
        let (n_trees, bootstrap) = match size {
            Size::Tree => (1, false),
            Size::Forest => (parameters.count("n_estimators"), parameters.flag("bootstrap")),
        };
        let impurity = match kind {
            Kind::Classifier if parameters.text("criterion") != "gini" => Impurity::Entropy,
            _ => Impurity::Gini,
        };
        Self { algorithm, kind, size, n_trees, bootstrap, impurity, limits: Limits::of(parameters) }
    }

    /// One tree after the other, or some at a time.
    fn trees<O: Objective>(&self, training: &Training<'_>, objective: &O) -> Result<Vec<Tree>> {
        let Training { rows, seed, threads, progress } = *training;
        check_size(self.algorithm, rows.len())?;
        let fitting = format!("fitting {}", self.algorithm);
        let columns = Column::all_of(training, &|_| progress.report(&fitting, 0.0))?;
        let weights = Weights::of(rows.weights);
        let report = |done: usize| {
            let tree = format!("{fitting}, tree {} of {}", (done + 1).min(self.n_trees), self.n_trees);
            let message = if self.size == Size::Tree { &fitting } else { &tree };
            progress.report(message, done as f64 / self.n_trees as f64)
        };
        let mut grown = vec![None; self.n_trees];
        let checkpoint = training.checkpoint(self.algorithm);
        checkpoint.resume(&mut grown)?;
        let grow_one = |tree: usize, ask: &Ask<'_>| {
            let chance = Chance::of(seed, tree);
            let drawn = if self.bootstrap { Some(chance.bootstrap(&weights, ask)?) } else { None };
            grow(&columns, objective, drawn.as_ref().unwrap_or(&weights.units), &self.limits, chance, ask)
        };
        share_out_rest(grown, threads, &report, grow_one, &mut |done, grown| {
            check_memory(self.algorithm, training, grown.iter().flatten())?;
            checkpoint.offer(done, grown)
        })
    }
}

/// The trees that are grown, each in its place.
impl State for Vec<Option<Tree>> {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        self.iter_mut().try_for_each(|tree| archive.optional(tree, Tree::blank, Tree::pass))
    }
}

/// # Errors
/// [`Error::FailedPrecondition`] if these trees, and the model that they become, are more than the job may hold.
pub(super) fn check_memory<'t>(
    algorithm: &str,
    training: &Training<'_>,
    trees: impl Iterator<Item = &'t Tree>,
) -> Result<()> {
    let bytes: usize = trees.map(Tree::bytes).sum();
    training.check_memory(algorithm, "its trees and the model of them", 2 * bytes as u64)
}

/// # Errors
/// [`Error::InvalidArgument`] if there are more rows than can be numbered.
pub(super) fn check_size(algorithm: &str, n_rows: usize) -> Result<()> {
    if n_rows <= MOST_ROWS {
        return Ok(());
    }
    Err(Error::invalid(format!("{algorithm} takes at most {MOST_ROWS} rows, got {n_rows}; leave some out")))
}

impl Estimator for Forest {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let (trees, answer) = if self.kind == Kind::Classifier {
            let (indices, classes) = training.rows.targets.classes()?;
            let objective = Shares { classes: indices, n_classes: classes.len(), impurity: self.impurity };
            (self.trees(training, &objective)?, Answer::Shares(classes.clone()))
        } else {
            let objective = Means { values: training.rows.targets.values()? };
            (self.trees(training, &objective)?, Answer::Mean)
        };
        Ok(Box::new(Average::new(trees, self.size, answer)))
    }
}
