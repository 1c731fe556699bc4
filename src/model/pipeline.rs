//! FittedStep preprocessing, a fitted estimator and their schema: what is stored, loaded and served as one.

use super::arrays::{Arrays, damaged};
use super::artefact::{self, Head, Named};
use super::spec::{positions, resolve_steps};
use super::{FittedStep, FittedTransformer, Inputs, Kind, Model, Predictions, Schema, StepSpec, targets};
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
    pub(super) model: Box<dyn Model>,
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
        let transformed = self.fitted.transform(features.select(Axis(1), columns));
        for (column, position) in transformed.columns().into_iter().zip(columns) {
            features.column_mut(*position).assign(&column);
        }
        features
    }
}

impl Pipeline {
    /// Answers each row on its own, bit-equal alone or in any batch.
    ///
    /// `features` is a matrix that [`Schema::matrix`] made, or several of them stacked. One that is handed over (an `Array2`) is
    /// transformed where it stands; a view (`.view()`) is copied if there is a transformer.
    ///
    /// # Panics
    /// If it has another width than `schema().features`.
    pub fn predict<'a>(&self, features: impl Into<CowArray<'a, f64, Ix2>>) -> Predictions {
        self.answer(features.into())
    }

    fn answer(&self, features: CowArray<'_, f64, Ix2>) -> Predictions {
        assert_eq!(features.ncols(), self.schema.features.len(), "Schema::matrix makes matrices of the model's width");
        let Some((first, rest)) = self.transformers.split_first() else { return self.model.predict(features.view()) };
        let owned = first.transform(features.into_owned());
        let transformed = rest.iter().fold(owned, |features, step| step.transform(features));
        self.model.predict(transformed.view())
    }

    /// The rows as they reach the last step.
    ///
    /// # Panics
    /// As [`Pipeline::predict`].
    pub fn transformed(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(features.ncols(), self.schema.features.len(), "Schema::matrix makes matrices of the model's width");
        self.transformers.iter().fold(features.to_owned(), |features, step| step.transform(features))
    }

    /// What the answer to one row takes, in bytes: in memory, and about the same on its way.
    pub fn answer_bytes(&self) -> usize {
        self.model.answer_bytes()
    }

    /// The columns that it takes and what it learned.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The kind of its estimator.
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
        let steps = transformers.chain([self.model.arrays()]).enumerate();
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
    pub(crate) fn around(model: impl Model + 'static, n_features: usize) -> Self {
        let column = |name: String| crate::data::ColumnSchema { name, column_type: ColumnType::Float };
        let features = (0..n_features).map(|number| column(format!("x{number}"))).collect();
        let schema = Schema { features, target: Some(column("y".into())), classes: None };
        let (kind, model, sha256) = (Kind::Regressor, Box::new(model), OnceLock::new());
        Self { schema, kind, steps: vec![], transformers: vec![], model, sha256 }
    }
}

fn load(schema: Schema, steps: Vec<StepSpec>, arrays: Vec<Named>, sha256: OnceLock<[u8; 32]>) -> Result<Pipeline> {
    let resolved = resolve_steps(&steps)?;
    let mut arrays = by_step(steps.len(), arrays)?.into_iter();
    let (mut transformers, mut models) = (vec![], vec![]);
    for (step, stated) in resolved.iter().zip(&steps) {
        let columns = positions(stated, &schema)?;
        let n_features = columns.as_ref().map_or(schema.features.len(), Vec::len);
        let inputs = Inputs { n_features, classes: schema.classes.clone() };
        let mut own = arrays.next().unwrap_or_default();
        match step.algorithm.load(&step.parameters, &mut own, &inputs)? {
            FittedStep::Transformer(fitted) => transformers.push(TransformerStep { columns, fitted }),
            FittedStep::Model(model) => models.push((step.algorithm.kind(), model)),
        }
        own.finish()?;
    }
    let (kind, model) = models.pop().ok_or_else(|| damaged("there is no estimator"))?;
    check_schema(&schema, kind)?;
    Ok(Pipeline { schema, kind, steps, transformers, model, sha256 })
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
        (Kind::Clusterer | Kind::OutlierDetector, None, None) | (Kind::Regressor, Some(_), None) => Ok(()),
        (Kind::Classifier, Some(target), Some(labels)) if targets::are_classes(labels, target.column_type) => Ok(()),
        _ => Err(damaged(format!("its target or classes do not suit a {}", kind.name()))),
    }
}
