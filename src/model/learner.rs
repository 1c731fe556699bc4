//! A model that learns batch by batch: what it takes, what it has learned, and how it becomes a pipeline.

use super::arrays::{Arrays, damaged};
use super::artefact::{self, Head, Named};
use super::last::Last;
use super::online::{Online, OnlineAlgorithm, halves, numbers, online_algorithms, whole};
use super::pipeline::Pipeline;
use super::spec::{Resolved, ResolvedStep, resolve_steps};
use super::{Inputs, Kind, Progress, Rows, Schema, Spec, StepSpec, Targets, Training};
use crate::data::{Column, Labels, Table};
use crate::error::{Error, Result};
use ndarray::{Array2, Axis};
use std::sync::{Arc, OnceLock};

/// Rows of a batch that a version has to answer as it did; see `Fitted::first_rows`.
const FIRST_ROWS: usize = 16;

/// What was learned from some batches. It never changes: the next batch makes another one.
#[derive(Debug)]
pub struct Learner {
    schema: Schema,
    /// With defaults written out; one, the estimator.
    steps: Vec<StepSpec>,
    kind: Kind,
    seed: u64,
    batches: u64,
    samples: u64,
    state: Box<dyn Online>,
}

/// What a batch gives.
#[derive(Debug)]
pub struct Lesson {
    /// What was learned from it and those before.
    pub learner: Learner,
    /// Of the batch, before anything was learned from it; `None` while there was nothing to predict it with.
    pub loss: Option<f64>,
    /// The first of its rows, as [`Pipeline::predict`] takes them.
    pub first_rows: Array2<f64>,
}

impl Learner {
    /// Has seen nothing. The schema is that of the first batch; so are the classes, if none are stated.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the specification does not suit the batch, does not learn batch by batch, or the stated
    /// classes are not of the type of the target.
    pub fn begin(spec: &Spec, classes: Option<Labels>, first: &Table) -> Result<Self> {
        check_rows(first)?;
        let (step, algorithm) = online_step(&spec.steps)?;
        let Resolved { kind, mut schema, .. } = spec.resolve(&first.schema())?;
        schema.classes = match (kind, classes) {
            (Kind::Classifier, Some(stated)) => Some(Arc::new(stated.ascending())),
            (Kind::Classifier, None) => found(target(&schema, first)?)?,
            (_, None) => None,
            (_, Some(_)) => {
                let (name, kind) = (step.algorithm.name(), kind.name());
                return Err(Error::invalid(format!("{name} is a {kind} and has no classes; leave them out")));
            }
        };
        check_classes(&schema)?;
        let inputs = Inputs { n_features: schema.features.len(), n_targets: 1, classes: schema.classes.clone() };
        let state = algorithm.begin(&step.parameters, &inputs, spec.seed)?;
        Ok(Self {
            schema,
            steps: Self::written_out(&spec.steps)?,
            kind,
            seed: spec.seed,
            batches: 0,
            samples: 0,
            state,
        })
    }

    /// Steps with defaults written out, of a learner that could be.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is none of them.
    pub fn written_out(steps: &[StepSpec]) -> Result<Vec<StepSpec>> {
        let (step, _) = online_step(steps)?;
        Ok(vec![StepSpec { parameters: step.parameters.values().clone(), ..steps[0].clone() }])
    }

    /// Learns from a batch; this one stays as it is.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no row, a column does not suit, a class is not known, or nothing finite can be
    /// learned. What `progress` answers.
    pub fn partial_fit(&self, batch: &Table, threads: usize, progress: &dyn Progress) -> Result<Lesson> {
        check_rows(batch)?;
        let features = self.schema.select(batch)?;
        let targets = self.targets(batch)?;
        let weights = vec![1.0; features.nrows()];
        let rows = Rows::new(&features, targets.view(), &weights);
        let mut state = self.state.copy();
        progress.report("learning from a batch", 0.0)?;
        let loss = state.learn(&Training { rows, seed: self.seed, threads, progress })?;
        if state.arrays().iter().any(|(_, array)| array.iter().any(|it| !it.is_finite())) {
            return Err(overflow(&self.steps[0].algorithm));
        }
        let learner = Self {
            schema: self.schema.clone(),
            steps: self.steps.clone(),
            batches: self.batches + 1,
            samples: self.samples + features.nrows() as u64,
            state,
            ..*self
        };
        let first_rows = features.slice_axis(Axis(0), (..features.nrows().min(FIRST_ROWS)).into()).to_owned();
        Ok(Lesson { learner, loss: loss.filter(|it| it.is_finite()), first_rows })
    }

    fn targets(&self, batch: &Table) -> Result<Targets> {
        let column = target(&self.schema, batch)?;
        match &self.schema.classes {
            None => Targets::read(self.kind, column),
            Some(classes) => Targets::among(classes, column),
        }
    }

    /// What predicts as it would now.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] if it has not seen enough for that.
    pub fn pipeline(&self) -> Result<Pipeline> {
        Ok(Pipeline {
            schema: self.schema.clone(),
            kind: self.kind,
            steps: self.steps.clone(),
            transformers: vec![],
            last: Last::Model(self.state.model()?),
            sha256: OnceLock::new(),
        })
    }

    /// The columns that it takes and what it learns.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Its steps, with defaults written out.
    pub fn steps(&self) -> &[StepSpec] {
        &self.steps
    }

    /// Of everything random.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many batches it has seen.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// How many rows these had.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// All that the next batch needs. The same batches in the same order give the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let [[a, b], [c, d], [e, f]] = [self.batches, self.samples, self.seed].map(halves);
        let counts = ("counts".to_owned(), numbers([a, b, c, d, e, f]));
        let arrays = self.state.arrays().into_iter().map(|(name, values)| (format!("{STATE}{name}"), values));
        artefact::write(&self.schema, &self.steps, &[counts].into_iter().chain(arrays).collect::<Vec<Named>>())
    }

    /// Reads such bytes.
    ///
    /// # Errors
    /// [`Error::Damaged`] if they are not what was written; [`Error::FailedPrecondition`] if another version of this program
    /// wrote what this one does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (Head { schema, steps, .. }, named) = artefact::read(bytes)?;
        let (mut counts, mut own) = (Arrays::default(), Arrays::default());
        for (name, values) in named {
            match name.strip_prefix(STATE) {
                Some(own_name) => own.insert(own_name, values)?,
                None => counts.insert(&name, values)?,
            }
        }
        let counted = counts.take("counts", 6)?;
        let count = |at: usize| whole(counted[2 * at], counted[2 * at + 1]);
        let (batches, samples, seed) = (count(0)?, count(1)?, count(2)?);
        counts.finish()?;
        let (step, algorithm) = online_step(&steps)?;
        check_classes(&schema)?;
        let inputs = Inputs { n_features: schema.features.len(), n_targets: 1, classes: schema.classes.clone() };
        let state = algorithm.resume(&step.parameters, &mut own, &inputs)?;
        own.finish()?;
        Ok(Self { schema, steps, kind: step.algorithm.kind(), seed, batches, samples, state })
    }
}

/// What stands before the names of arrays of the state.
const STATE: &str = "state.";

/// The one step, and how it learns batch by batch.
fn online_step(steps: &[StepSpec]) -> Result<(ResolvedStep, &'static dyn OnlineAlgorithm)> {
    let mut resolved = resolve_steps(steps)?;
    let last = resolved.pop().ok_or_else(|| Error::internal("a checked specification has no step"))?;
    if let Some(first) = resolved.first() {
        return Err(Error::invalid(format!(
            "{} comes before {} and is not learned batch by batch; send rows that are transformed already, and leave it out",
            first.algorithm.name(),
            last.algorithm.name()
        )));
    }
    match last.algorithm.online() {
        Some(online) => Ok((last, online)),
        None => Err(Error::invalid(format!(
            "{} does not learn batch by batch; train it on all rows, or take one of {}",
            last.algorithm.name(),
            online_algorithms().collect::<Vec<_>>().join(", ")
        ))),
    }
}

fn check_rows(batch: &Table) -> Result<()> {
    match batch.n_rows() {
        0 => Err(Error::invalid("the batch has no rows to learn from")),
        _ => Ok(()),
    }
}

fn target<'a>(schema: &Schema, table: &'a Table) -> Result<&'a Column> {
    let name = schema.target.as_ref().map(|it| it.name.as_str()).ok_or_else(|| damaged("a learner has no target"))?;
    table.column(name).ok_or_else(|| Error::invalid(format!("target {name:?} is missing in the batch")))
}

/// The classes of a column.
fn found(column: &Column) -> Result<Option<Arc<Labels>>> {
    match Targets::read(Kind::Classifier, column)? {
        Targets::Classes { labels, .. } => Ok(Some(labels)),
        _ => Ok(None),
    }
}

fn check_classes(schema: &Schema) -> Result<()> {
    match (&schema.classes, &schema.target) {
        (Some(classes), Some(target)) => super::targets::check_classes(classes, target),
        _ => Ok(()),
    }
}

pub(super) fn overflow(algorithm: &str) -> Error {
    Error::invalid(format!(
        "{algorithm} found nothing finite in this batch because its sums overflow; scale the columns first; nothing was learned"
    ))
}
