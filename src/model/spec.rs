//! What to fit: steps, target and features, as a caller states them; and all that can be checked before rows are read.

use super::columns::Columns;
use super::schema::listed;
use super::{
    ALGORITHMS, Algorithm, Kind, Outputs, Parameters, Schema, UnfittedStep, Value, find, sample_weights, targets,
};
use crate::data::{ColumnSchema, ColumnType};
use crate::error::{Error, Result, quotable};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// Steps there can be. More is a mistake, and each costs a pass over the rows.
const MAX_STEPS: usize = 32;
/// Targets of a regressor there can be: it keeps coefficients for each.
const MAX_TARGETS: usize = 1_000;

/// What to fit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Transformers, then one estimator; behind a classifier perhaps its calibration. Without an estimator the model answers the
    /// columns that the last transformer puts out.
    pub steps: Vec<StepSpec>,
    /// The column to predict; absent where nothing is: clustering, looking for outliers, transforming.
    pub target: Option<String>,
    /// Instead of `target`: the columns that a regressor predicts at once, in the order in which it answers them. A single one is the
    /// same as `target`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// The columns to learn from, in the order in which a matrix has them; absent: all but the targets and the weights.
    pub features: Option<Vec<String>>,
    /// Seed of everything random. The same rows, steps and seed give the same model.
    pub seed: u64,
    /// The share of rows that a second model is measured on, from 0, which leaves it out, up to 1, which is left out itself;
    /// absent: [`VALIDATION_FRACTION`](super::VALIDATION_FRACTION). What is learned does not depend on it.
    #[serde(default)]
    pub validation_fraction: Option<f64>,
    /// The column that says how often each row counts; absent: each once. See [`SampleWeights`](super::SampleWeights).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_weight: Option<String>,
}

/// One step of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSpec {
    /// Its name in [`ALGORITHMS`](super::ALGORITHMS).
    pub algorithm: String,
    /// Hyper-parameters; absent ones take their defaults.
    #[serde(default)]
    pub parameters: BTreeMap<String, Value>,
    /// The columns that a transformer works on, by their names as they are at this step; absent: all of them. The others pass
    /// through. A transformer that keeps its columns leaves them where they are; one that makes others (`pca0`, `pca1`, …) takes
    /// its own away and puts these behind those that pass through.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
}

impl StepSpec {
    /// The place of the only step of an algorithm, from 0.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is none, or more than one.
    pub fn place(steps: &[Self], algorithm: &str) -> Result<usize> {
        let mut found = (0..steps.len()).filter(|at| steps[*at].algorithm == algorithm);
        match (found.next(), found.next()) {
            (Some(step), None) => Ok(step),
            (first, _) => Err(Error::invalid(format!(
                "{:?} is {} of the steps {}; name the position of the step, from 0",
                quotable(algorithm),
                if first.is_some() { "more than one" } else { "none" },
                listed(steps.iter().map(|step| step.algorithm.as_str()))
            ))),
        }
    }
}

impl Spec {
    /// Checks all that can be known without rows: algorithms, their order and parameters, columns and their types.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that names the step, parameter or column.
    pub fn check(&self, columns: &[ColumnSchema]) -> Result<()> {
        self.resolve(columns).map(drop)
    }

    /// The same check, and what it found out.
    pub(super) fn resolve(&self, columns: &[ColumnSchema]) -> Result<Resolved> {
        let steps = resolve_steps(&self.steps)?;
        self.check_validation_fraction()?;
        self.check_sample_weight(&steps, columns)?;
        let kind = steps.get(n_transformers(&steps)).map_or(Kind::Transformer, |step| step.algorithm.kind());
        let learns = Learns { kind, targets: self.target_names()?, estimator: steps.get(n_transformers(&steps)) };
        let (target, targets) = learns.columns(columns)?;
        let features = self.feature_columns(columns)?;
        let schema = Schema { features, target, targets, classes: None, outputs: None };
        self.check_columns(&steps, Columns::of(&schema))?;
        Ok(Resolved { steps, kind, schema })
    }

    /// Checks the columns of each step, up to one that tells its own by the rows alone.
    fn check_columns(&self, steps: &[ResolvedStep], mut there: Columns) -> Result<()> {
        for (step, stated) in steps.iter().zip(&self.steps) {
            let chosen = there.chosen(step.algorithm, stated)?;
            let Some(outputs) = step.outputs(there.width(chosen.as_deref()))? else { break };
            there = there.after(chosen.as_deref(), outputs);
        }
        Ok(())
    }

    fn check_validation_fraction(&self) -> Result<()> {
        match self.validation_fraction {
            Some(share) if !(0.0..1.0).contains(&share) => Err(Error::invalid(format!(
                "validation_fraction is {share}; a share of the rows from 0, which holds none out, to below 1 is taken"
            ))),
            _ => Ok(()),
        }
    }

    fn check_sample_weight(&self, steps: &[ResolvedStep], columns: &[ColumnSchema]) -> Result<()> {
        let Some(name) = &self.sample_weight else { return Ok(()) };
        sample_weights::check(name, columns)?;
        let refusal = |step: &ResolvedStep| Some((step.algorithm.name(), step.algorithm.refuses_weights()?));
        if let Some((algorithm, why)) = steps.iter().find_map(refusal) {
            return Err(Error::invalid(format!("{algorithm} {why}; leave sample_weight {:?} out", quotable(name))));
        }
        if self.is_target(name) {
            return Err(Error::invalid(format!(
                "column {:?} is target and sample_weight; name it once",
                quotable(name)
            )));
        }
        Ok(())
    }

    /// The columns to predict, whichever way they are named.
    fn target_names(&self) -> Result<&[String]> {
        match (&self.target, self.targets.as_slice()) {
            (None, names) => Ok(names),
            (Some(name), []) => Ok(std::slice::from_ref(name)),
            (Some(name), names) => Err(Error::invalid(format!(
                "there are a target, {:?}, and targets, {}; send one of them",
                quotable(name),
                listed(names.iter().map(String::as_str))
            ))),
        }
    }

    fn is_target(&self, name: &str) -> bool {
        self.target.iter().chain(&self.targets).any(|target| target == name)
    }

    fn feature_columns(&self, columns: &[ColumnSchema]) -> Result<Vec<ColumnSchema>> {
        let is_target = |name: &str| self.is_target(name);
        let is_weight = |name: &str| self.sample_weight.as_deref() == Some(name);
        let features: Vec<ColumnSchema> = match &self.features {
            None => columns.iter().filter(|it| !is_target(&it.name) && !is_weight(&it.name)).cloned().collect(),
            Some(names) => names.iter().map(|name| column("feature", name, columns).cloned()).collect::<Result<_>>()?,
        };
        if features.is_empty() {
            return Err(Error::invalid("there is no feature to learn from; at least one column is needed"));
        }
        let mut seen = HashSet::new();
        for feature in &features {
            if is_target(&feature.name) {
                return Err(Error::invalid(format!("column {:?} is target and feature; name it once", feature.name)));
            }
            if is_weight(&feature.name) {
                let name = &feature.name;
                return Err(Error::invalid(format!("column {name:?} is sample_weight and feature; name it once")));
            }
            if !seen.insert(&feature.name) {
                return Err(Error::invalid(format!("feature {:?} is named twice", feature.name)));
            }
            if feature.column_type == ColumnType::Text {
                return Err(Error::invalid(format!(
                    "feature {:?} is text and models take numbers; encode it as numbers or leave it out of the features",
                    feature.name
                )));
            }
        }
        Ok(features)
    }
}

/// What an estimator is to predict.
struct Learns<'a> {
    kind: Kind,
    targets: &'a [String],
    estimator: Option<&'a ResolvedStep>,
}

impl Learns<'_> {
    /// The column of one target, or those of several.
    fn columns(&self, columns: &[ColumnSchema]) -> Result<(Option<ColumnSchema>, Vec<ColumnSchema>)> {
        let Self { kind, targets, .. } = *self;
        match targets {
            [] if kind.is_unsupervised() => return Ok((None, vec![])),
            [] => return Err(Error::invalid(format!("a {} needs a target; name its column", kind.name()))),
            [name, ..] if kind.is_unsupervised() => {
                return Err(Error::invalid(format!(
                    "{} {} learns without a target, got {:?}; leave it out{}",
                    if kind == Kind::OutlierDetector { "an" } else { "a" },
                    kind.name(),
                    quotable(name),
                    if kind == Kind::Transformer { ", or end with an estimator" } else { "" }
                )));
            }
            [_] => {}
            several => self.check_several(several)?,
        }
        let mut found = targets.iter().map(|name| {
            let column = column("target", name, columns)?;
            targets::check_type(kind, column)?;
            Ok(column.clone())
        });
        match targets.len() {
            1 => Ok((found.next().transpose()?, vec![])),
            _ => Ok((None, found.collect::<Result<_>>()?)),
        }
    }

    /// Whether the estimator takes several, and each is there once.
    fn check_several(&self, names: &[String]) -> Result<()> {
        let shown = listed(names.iter().map(String::as_str));
        if let Some(step) = self.estimator.filter(|step| !step.algorithm.takes_several_targets()) {
            let able = ALGORITHMS.iter().filter(|it| it.takes_several_targets()).map(|it| it.name());
            return Err(Error::invalid(format!(
                "{} learns one target, got {}: {shown}; those that learn several are {}",
                step.algorithm.name(),
                names.len(),
                able.collect::<Vec<_>>().join(", ")
            )));
        }
        if names.len() > MAX_TARGETS {
            return Err(Error::invalid(format!("there are {} targets; at most {MAX_TARGETS} are taken", names.len())));
        }
        let mut seen = HashSet::new();
        match names.iter().find(|name| !seen.insert(*name)) {
            None => Ok(()),
            Some(name) => Err(Error::invalid(format!("target {:?} is named twice", quotable(name)))),
        }
    }
}

/// What a specification means for a table of certain columns.
pub(super) struct Resolved {
    pub(super) steps: Vec<ResolvedStep>,
    /// Of the estimator.
    pub(super) kind: Kind,
    /// Without the classes, which only the rows tell.
    pub(super) schema: Schema,
}

/// A step whose algorithm is known and whose parameters are checked.
pub(super) struct ResolvedStep {
    pub(super) algorithm: &'static dyn Algorithm,
    pub(super) parameters: Parameters,
}

impl ResolvedStep {
    /// The columns that it will put out of so many; `None` if only the rows tell.
    fn outputs(&self, n_features: usize) -> Result<Option<Outputs>> {
        match self.algorithm.unfitted(&self.parameters) {
            UnfittedStep::Transformer(transformer) => transformer.outputs(n_features),
            _ => Ok(Some(Outputs::Kept)),
        }
    }
}

/// How many of checked steps make other columns: all of them, or those before the estimator.
pub(super) fn n_transformers(steps: &[ResolvedStep]) -> usize {
    steps.iter().take_while(|step| transforms(step.algorithm)).count()
}

/// Whether an algorithm makes other columns of any rows.
fn transforms(algorithm: &dyn Algorithm) -> bool {
    algorithm.kind() == Kind::Transformer && !algorithm.is_transductive()
}

/// Finds algorithms and checks parameters and order: transformers, then one estimator or none, and behind a classifier at most one
/// calibrator.
pub(super) fn resolve_steps(steps: &[StepSpec]) -> Result<Vec<ResolvedStep>> {
    if steps.is_empty() || steps.len() > MAX_STEPS {
        return Err(Error::invalid(format!("there are {} steps; 1 to {MAX_STEPS} are taken", steps.len())));
    }
    let algorithms = steps.iter().map(|step| find(&step.algorithm)).collect::<Result<Vec<_>>>()?;
    let calibrated = check_calibrator(&algorithms)?;
    let mut resolved = Vec::with_capacity(steps.len());
    for ((number, step), algorithm) in (1..).zip(steps).zip(algorithms) {
        let (last, transforms) = (number >= steps.len() - calibrated, transforms(algorithm));
        if algorithm.is_transductive() && number < steps.len() {
            return Err(Error::invalid(format!(
                "step {number} of {}, {}, says something of its training rows only; no step can follow it",
                steps.len(),
                algorithm.name()
            )));
        }
        if !last && !transforms || algorithm.kind() == Kind::Calibrator && number < steps.len() {
            return Err(Error::invalid(format!(
                "step {number} of {}, {}, is a {}; transformers come first and one estimator last",
                steps.len(),
                algorithm.name(),
                algorithm.kind().name()
            )));
        }
        if !transforms && step.columns.is_some() {
            return Err(Error::invalid(format!(
                "{} is {} and takes all columns; choose them with features",
                algorithm.name(),
                if algorithm.kind() == Kind::Calibrator { "a calibrator" } else { "an estimator" }
            )));
        }
        let parameters = Parameters::check(algorithm.name(), &algorithm.parameters(), &step.parameters)?;
        resolved.push(ResolvedStep { algorithm, parameters });
    }
    Ok(resolved)
}

/// How many calibrators there are at the end: one at most, behind a classifier.
fn check_calibrator(algorithms: &[&dyn Algorithm]) -> Result<usize> {
    let [before @ .., last] = algorithms else { return Ok(0) };
    match before.last().map(|it| it.kind()) {
        _ if last.kind() != Kind::Calibrator => Ok(0),
        Some(Kind::Classifier) => Ok(1),
        other => Err(Error::invalid(format!(
            "step {} of {0}, {}, calibrates the classifier before it, and there is {}; put a classifier there",
            algorithms.len(),
            last.name(),
            other.map_or("none".to_owned(), |kind| format!("a {}", kind.name()))
        ))),
    }
}

pub(super) fn column<'a>(what: &str, name: &str, columns: &'a [ColumnSchema]) -> Result<&'a ColumnSchema> {
    columns.iter().find(|column| column.name == name).ok_or_else(|| {
        let there = listed(columns.iter().map(|column| column.name.as_str()));
        Error::invalid(format!("{what} {:?} is not a column; there are {there}", quotable(name)))
    })
}
