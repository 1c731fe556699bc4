//! Fitted preprocessing, a fitted estimator or none, and their schema: what is stored, loaded and served as one.

use super::arrays::{Arrays, damaged};
use super::artefact::{self, Head, Named};
use super::columns::{Columns, passing_by};
use super::kernels::table;
use super::last::Last;
use super::spec::resolve_steps;
use super::{
    Calibrated, Explanation, FittedStep, FittedTransformer, Inputs, Kind, Outputs, Predictions, Schema, StepSpec,
    TrainingResult, targets,
};
use crate::data::ColumnType;
use crate::error::{Error, Result};
use ndarray::{Array2, ArrayView2, Axis, CowArray, Ix2};
use std::collections::HashSet;
use std::sync::OnceLock;

/// A fitted pipeline. Training and serving run the same code, so that they cannot differ.
#[derive(Debug)]
pub struct Pipeline {
    pub(super) schema: Schema,
    pub(super) kind: Kind,
    pub(super) steps: Vec<StepSpec>,
    pub(super) transformers: Vec<TransformerStep>,
    pub(super) last: Last,
    /// Known once the bytes have been made or read.
    pub(super) sha256: OnceLock<[u8; 32]>,
}

/// A fitted transformer and the columns that it works on; `None`: all.
#[derive(Debug)]
pub(super) struct TransformerStep {
    pub(super) columns: Option<Vec<usize>>,
    pub(super) fitted: Box<dyn FittedTransformer>,
}

impl TransformerStep {
    pub(super) fn transform(&self, mut features: Array2<f64>) -> Array2<f64> {
        let Some(columns) = &self.columns else { return self.fitted.transform(features) };
        let transformed = self.fitted.transform(row_major(features.select(Axis(1), columns)));
        if self.fitted.outputs() != Outputs::Kept {
            return behind(&features, columns, &transformed);
        }
        for (column, position) in transformed.columns().into_iter().zip(columns) {
            features.column_mut(*position).assign(&column);
        }
        features
    }
}

fn row_major(matrix: Array2<f64>) -> Array2<f64> {
    if matrix.is_standard_layout() { matrix } else { matrix.as_standard_layout().into_owned() }
}

/// The columns that were not taken, and behind them those that were made of the others; row-major.
fn behind(features: &Array2<f64>, taken: &[usize], made: &Array2<f64>) -> Array2<f64> {
    let passing: Vec<usize> = passing_by(features.ncols(), taken).collect();
    let width = passing.len() + made.ncols();
    let mut values = Vec::with_capacity(features.nrows() * width);
    for (row, made) in features.rows().into_iter().zip(made.rows()) {
        values.extend(passing.iter().map(|position| row[*position]));
        values.extend(made);
    }
    table(values, features.nrows(), width)
}

impl Pipeline {
    /// Answers each row on its own, bit-equal alone or in any batch.
    ///
    /// `features` is a matrix that [`Schema::matrix`] made, or several of them stacked. One that is handed over (an `Array2`) is
    /// transformed where it stands; a view (`.view()`) is copied if there is a transformer.
    ///
    /// # Panics
    /// If it has another width than `schema().features`, or the pipeline answers no rows ([`Pipeline::training_result`]).
    pub fn predict<'a>(&self, features: impl Into<CowArray<'a, f64, Ix2>>) -> Predictions {
        self.answer(features.into())
    }

    fn answer(&self, features: CowArray<'_, f64, Ix2>) -> Predictions {
        self.last.predict(self.transformed(features))
    }

    /// The rows as they reach the last step.
    ///
    /// # Panics
    /// As [`Pipeline::predict`].
    pub fn transformed<'a>(&self, features: impl Into<CowArray<'a, f64, Ix2>>) -> CowArray<'a, f64, Ix2> {
        let features = features.into();
        assert_eq!(features.ncols(), self.schema.features.len(), "Schema::matrix makes matrices of the model's width");
        let Some((first, rest)) = self.transformers.split_first() else { return features };
        let owned = first.transform(features.into_owned());
        rest.iter().fold(owned, |features, step| step.transform(features)).into()
    }

    /// The logarithm of the density of each row as it reaches the last step, of a model that has one.
    pub fn log_densities(&self, transformed: ArrayView2<'_, f64>) -> Option<Vec<f64>> {
        self.last.model()?.log_densities(transformed)
    }

    /// What each column, as it reaches the estimator, adds to the answers. `ask` is asked for each row of a tree.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] if the last step's answers are no sums over columns; [`Error::InvalidArgument`] that names a
    /// row of which the sums overflow. What `ask` answers.
    ///
    /// # Panics
    /// As [`Pipeline::predict`].
    pub fn explain(&self, features: Array2<f64>, ask: &dyn Fn() -> Result<()>) -> Result<Explanation> {
        let explained = match self.last.model() {
            None => None,
            Some(model) => model.explain(self.transformed(features).view(), ask)?,
        };
        let explained = explained.ok_or_else(|| {
            let last = self.steps.last().map_or("it", |step| &step.algorithm);
            Error::precondition(format!(
                "{last} does not answer with a sum over columns; linear models, trees and forests can be explained"
            ))
        })?;
        match explained.first_not_finite() {
            None => Ok(explained),
            Some(row) => Err(Error::invalid(format!(
                "row {row} has values that are too large to say what each of them adds; scale or leave out the row"
            ))),
        }
    }

    /// The names of the columns that reach the estimator, or leave the last transformer.
    pub fn columns(&self) -> Vec<String> {
        let columns = self.transformers.iter().fold(Columns::of(&self.schema), |columns, step| {
            columns.after(step.columns.as_deref(), step.fitted.outputs())
        });
        columns.into_names()
    }

    /// What it made of the rows that it was fitted on, if it answers no others.
    pub fn training_result(&self) -> Option<&TrainingResult> {
        if let Last::Result(result) = &self.last { Some(result) } else { None }
    }

    /// What the answer to one row takes, in bytes: in memory, and about the same on its way.
    pub fn answer_bytes(&self) -> usize {
        self.last.answer_bytes(self.schema.outputs.as_ref().map_or(0, Vec::len))
    }

    /// The columns that it takes and what it learned.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The kind of its estimator; that of transformers if there is none.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its steps, with defaults written out.
    pub fn steps(&self) -> &[StepSpec] {
        &self.steps
    }

    /// The content of `model.bin`. The same fit gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let transformers = self.transformers.iter().map(|step| step.fitted.arrays());
        let steps = transformers.chain(self.last.arrays()).enumerate();
        let arrays: Vec<Named> = steps
            .flat_map(|(step, arrays)| arrays.into_iter().map(move |(name, values)| (format!("{step}.{name}"), values)))
            .collect();
        artefact::write(&self.schema, &self.steps, &arrays)
    }

    /// The SHA-256 that closes its bytes: pipelines that share it answer the same, to the bit.
    pub fn sha256(&self) -> [u8; 32] {
        *self.sha256.get_or_init(|| artefact::digest(&self.to_bytes()))
    }

    /// Reads the content of a `model.bin`.
    ///
    /// # Errors
    /// [`Error::Damaged`] if it is not what was written; [`Error::FailedPrecondition`] if another version of this program wrote
    /// a format or an algorithm that this one does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (Head { schema, steps, .. }, arrays) = artefact::read(bytes)?;
        let sha256 = OnceLock::from(artefact::digest(bytes));
        load(schema, steps, arrays, sha256).map_err(|error| match error {
            Error::InvalidArgument { what } => damaged(what),
            other => other,
        })
    }
}

#[cfg(test)]
impl Pipeline {
    /// Serves a model that a test made up, on float columns `x0`, `x1`, …
    pub(crate) fn around(model: impl super::Model + 'static, n_features: usize) -> Self {
        let column = |name: String| crate::data::ColumnSchema { name, column_type: ColumnType::Float };
        let features = (0..n_features).map(|number| column(format!("x{number}"))).collect();
        let schema =
            Schema { features, target: Some(column("y".into())), targets: vec![], classes: None, outputs: None };
        let (kind, last, sha256) = (Kind::Regressor, Last::Model(Box::new(model)), OnceLock::new());
        Self { schema, kind, steps: vec![], transformers: vec![], last, sha256 }
    }
}

fn load(schema: Schema, steps: Vec<StepSpec>, arrays: Vec<Named>, sha256: OnceLock<[u8; 32]>) -> Result<Pipeline> {
    let resolved = resolve_steps(&steps)?;
    let mut arrays = by_step(steps.len(), arrays)?.into_iter();
    let (mut transformers, mut last, mut kind) = (vec![], Last::Columns, Kind::Transformer);
    let mut there = Columns::of(&schema);
    for (step, stated) in resolved.iter().zip(&steps) {
        let columns = there.chosen(step.algorithm, stated)?;
        let n_features = there.width(columns.as_deref());
        let inputs = Inputs { n_features, n_targets: schema.n_targets(), classes: schema.classes.clone() };
        let mut own = arrays.next().unwrap_or_default();
        match step.algorithm.load(&step.parameters, &mut own, &inputs)? {
            FittedStep::Transformer(fitted) => {
                there = there.after(columns.as_deref(), fitted.outputs());
                transformers.push(TransformerStep { columns, fitted });
            }
            FittedStep::Model(fitted) => (last, kind) = (Last::Model(fitted), step.algorithm.kind()),
            FittedStep::Result(result) => (last, kind) = (Last::Result(result), step.algorithm.kind()),
            FittedStep::Calibration(calibration) => {
                let Last::Model(model) = last else { return Err(damaged("there is no classifier to calibrate")) };
                last = Last::Calibrated(Calibrated { model, calibration });
            }
        }
        own.finish()?;
    }
    check_schema(&schema, kind)?;
    let outputs = answered(&schema, &last, there);
    if schema.outputs != outputs {
        return Err(damaged("the columns that it answers are not those of its last step"));
    }
    Ok(Pipeline { schema, kind, steps, transformers, last, sha256 })
}

/// The names of the columns that a pipeline answers, of one that answers columns.
pub(super) fn answered(schema: &Schema, last: &Last, columns: Columns) -> Option<Vec<String>> {
    match last {
        Last::Columns => Some(columns.into_names()),
        _ if schema.targets.is_empty() => None,
        _ => Some(schema.targets.iter().map(|target| target.name.clone()).collect()),
    }
}

/// Deals out arrays named `<step>.<name>`.
fn by_step(n_steps: usize, arrays: Vec<Named>) -> Result<Vec<Arrays>> {
    let mut dealt: Vec<Arrays> = std::iter::repeat_with(Arrays::default).take(n_steps).collect();
    for (name, values) in arrays {
        let place = name.split_once('.').and_then(|(step, own)| Some((step.parse::<usize>().ok()?, own)));
        match place.and_then(|(step, own)| Some((dealt.get_mut(step)?, own))) {
            Some((step, own)) => step.insert(own, values)?,
            None => return Err(damaged(format!("array {name:?} belongs to no step"))),
        }
    }
    Ok(dealt)
}

/// A schema that [`fit`](super::fit) could have made.
fn check_schema(schema: &Schema, kind: Kind) -> Result<()> {
    let mut names = HashSet::new();
    for feature in &schema.features {
        if feature.column_type == ColumnType::Text || !names.insert(&feature.name) {
            return Err(damaged(format!("feature {:?} is text or there twice", feature.name)));
        }
    }
    match (kind, &schema.target, schema.classes.as_deref()) {
        _ if schema.features.is_empty() => Err(damaged("it has no features")),
        (Kind::Regressor, None, None) if schema.targets.len() > 1 => Ok(()),
        _ if !schema.targets.is_empty() => Err(damaged("its targets do not suit each other")),
        (kind, None, None) if kind.is_unsupervised() => Ok(()),
        (Kind::Regressor, Some(_), None) => Ok(()),
        (Kind::Classifier, Some(target), Some(labels)) if targets::are_classes(labels, target.column_type) => Ok(()),
        _ => Err(damaged(format!("its target or classes do not suit a {}", kind.name()))),
    }
}
