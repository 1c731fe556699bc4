//! A model that learns batch by batch: what it takes, what it has learned, and how it becomes a pipeline.

use super::arrays::{Arrays, damaged};
use super::artefact::{self, Head, Named};
use super::columns::Columns;
use super::front::Front;
use super::last::Last;
use super::online::{Online, OnlineAlgorithm, halves, numbers, online_algorithms, whole};
use super::overflow::blamed;
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
    /// With defaults written out: transformers that learn batch by batch too, and the estimator.
    steps: Vec<StepSpec>,
    kind: Kind,
    seed: u64,
    batches: u64,
    samples: u64,
    bytes: u64,
    front: Front,
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
        let OnlineSteps { before, last: step, algorithm } = online_steps(&spec.steps)?;
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
        let front = Front::begin(&schema, &before, &spec.steps)?;
        let state = algorithm.begin(&step.parameters, &inputs, spec.seed)?;
        Ok(Self {
            schema,
            steps: Self::written_out(&spec.steps)?,
            kind,
            seed: spec.seed,
            batches: 0,
            samples: 0,
            bytes: bytes_of(&front, &*state),
            front,
            state,
        })
    }

    /// Steps with defaults written out, of a learner that could be.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is none of them.
    pub fn written_out(steps: &[StepSpec]) -> Result<Vec<StepSpec>> {
        let OnlineSteps { before, last, .. } = online_steps(steps)?;
        let resolved = before.iter().chain([&last]).zip(steps);
        Ok(resolved
            .map(|(step, stated)| StepSpec { parameters: step.parameters.values().clone(), ..stated.clone() })
            .collect())
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
        let first_rows = features.slice_axis(Axis(0), (..features.nrows().min(FIRST_ROWS)).into()).to_owned();
        let (mut front, mut state) = (self.front.copy(), self.state.copy());
        progress.report("learning from a batch", 0.0)?;
        let n_rows = features.nrows();
        let columns = Columns::of(&self.schema); // Those before the last step keep them.
        let features = front.learn(features, &weights, &columns, (self.seed, threads, progress))?;
        let rows = Rows::new(&features, targets.view(), &weights);
        let told = |error| blamed(columns.named(None, error), &rows, &columns, &self.schema);
        let loss = state.learn(&Training { rows, seed: self.seed, threads, progress }).map_err(told)?;
        if state.arrays().iter().any(|(_, array)| array.iter().any(|it| !it.is_finite())) {
            return Err(told(overflow(self.algorithm())));
        }
        let learner = Self {
            schema: self.schema.clone(),
            steps: self.steps.clone(),
            batches: self.batches + 1,
            samples: self.samples + n_rows as u64,
            bytes: bytes_of(&front, &*state),
            front,
            state,
            ..*self
        };
        Ok(Lesson { learner, loss: loss.filter(|it| it.is_finite()), first_rows })
    }

    /// The name of the estimator.
    fn algorithm(&self) -> &str {
        self.steps.last().map_or("a learner", |step| &step.algorithm)
    }

    fn targets(&self, batch: &Table) -> Result<Targets> {
        if self.schema.target.is_none() {
            return Ok(Targets::None);
        }
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
            transformers: self.front.fitted()?,
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

    /// What it takes in memory, but for names and numbers.
    pub fn bytes(&self) -> u64 {
        self.bytes
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
        let named: Vec<Named> = [counts].into_iter().chain(self.front.arrays()).chain(arrays).collect();
        artefact::write(&self.schema, &self.steps, &named)
    }

    /// Reads such bytes.
    ///
    /// # Errors
    /// [`Error::Damaged`] if they are not what was written; [`Error::FailedPrecondition`] if another version of this program
    /// wrote what this one does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (Head { schema, steps, .. }, named) = artefact::read(bytes)?;
        let (mut counts, mut own) = (Arrays::default(), Arrays::default());
        let OnlineSteps { before, last: step, algorithm } = online_steps(&steps)?;
        let mut front = Front::begin(&schema, &before, &steps)?;
        for (name, values) in front.restore(named)? {
            match name.strip_prefix(STATE) {
                Some(own_name) => own.insert(own_name, values)?,
                None => counts.insert(&name, values)?,
            }
        }
        let counted = counts.take("counts", 6)?;
        let count = |at: usize| whole(counted[2 * at], counted[2 * at + 1]);
        let (batches, samples, seed) = (count(0)?, count(1)?, count(2)?);
        counts.finish()?;
        check_classes(&schema)?;
        let inputs = Inputs { n_features: schema.features.len(), n_targets: 1, classes: schema.classes.clone() };
        let state = algorithm.resume(&step.parameters, &mut own, &inputs)?;
        own.finish()?;
        Ok(Self {
            schema,
            steps,
            kind: step.algorithm.kind(),
            seed,
            batches,
            samples,
            bytes: bytes_of(&front, &*state),
            front,
            state,
        })
    }
}

fn bytes_of(front: &Front, state: &dyn Online) -> u64 {
    let numbers = |arrays: usize| (arrays * size_of::<f64>()) as u64;
    let front: usize = front.arrays().iter().map(|(_, array)| array.len()).sum();
    numbers(front + state.arrays().iter().map(|(_, array)| array.len()).sum::<usize>())
}

/// What stands before the names of arrays of the state.
const STATE: &str = "state.";

/// Transformers, and the estimator and how that learns batch by batch.
struct OnlineSteps {
    before: Vec<ResolvedStep>,
    last: ResolvedStep,
    algorithm: &'static dyn OnlineAlgorithm,
}

fn online_steps(steps: &[StepSpec]) -> Result<OnlineSteps> {
    let mut before = resolve_steps(steps)?;
    let last = before.pop().ok_or_else(|| Error::internal("a checked specification has no step"))?;
    match last.algorithm.online() {
        Some(algorithm) => Ok(OnlineSteps { before, last, algorithm }),
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
    Error::overflow(
        format!(
            "{algorithm} found nothing finite in this batch, of which nothing was learned, because its sums overflow"
        ),
        "scale the columns first",
    )
}
