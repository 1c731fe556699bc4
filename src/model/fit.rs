//! From a specification and a table to a pipeline.

use super::bounds::{Bounded, bytes_of_rows};
use super::columns::Columns;
use super::kernels::{all_finite, in_rows};
use super::last::Last;
use super::overflow::blamed;
use super::pipeline::{Pipeline, TransformerStep, answered};
use super::spec::{Resolved, ResolvedStep, n_transformers};
use super::validation::{Part, Split, VALIDATION_FRACTION, seen};
use super::{
    Bounds, Checkpoints, Kind, Rows, SampleWeights, Schema, Spec, StepSpec, Targets, Training, UnfittedStep, metrics,
};
use crate::data::Table;
use crate::error::{Code, Error, Result};
use ndarray::{Array2, Axis};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Told where a fit is, between its steps and within those that take long. Its error stops the fit: that is how one is cancelled.
///
/// Closures are one: `&|message: &str, fraction: f64| Ok(())`.
pub trait Progress {
    /// `message` is for people ("fitting logistic_regression"); `fraction` goes from 0 to 1.
    ///
    /// # Errors
    /// For example [`Error::Cancelled`]; [`fit`] answers it.
    fn report(&self, message: &str, fraction: f64) -> Result<()>;

    /// Where the fit keeps its state, so that it can go on after a restart; `None` where it would begin again.
    fn checkpoints(&self) -> Option<&Checkpoints<'_>> {
        None
    }

    /// What the fit may take.
    fn bounds(&self) -> Bounds {
        Bounds::default()
    }
}

impl<F: Fn(&str, f64) -> Result<()>> Progress for F {
    fn report(&self, message: &str, fraction: f64) -> Result<()> {
        self(message, fraction)
    }
}

/// The progress of a part of something, which is told to the whole in other words or numbers; all else is that of the whole.
pub struct Within<'a, F> {
    /// The whole.
    pub whole: &'a dyn Progress,
    /// Tells it.
    pub report: F,
}

impl<F: Fn(&str, f64) -> Result<()>> Progress for Within<'_, F> {
    fn report(&self, message: &str, fraction: f64) -> Result<()> {
        (self.report)(message, fraction)
    }

    fn checkpoints(&self) -> Option<&Checkpoints<'_>> {
        self.whole.checkpoints()
    }

    fn bounds(&self) -> Bounds {
        self.whole.bounds()
    }
}

/// What a fit gives.
#[derive(Debug)]
pub struct Fitted {
    /// The model with its preprocessing and schema.
    pub pipeline: Pipeline,
    /// How it does on rows that it was fitted on, and how one of a part of them does on others; see [`metrics`](super::metrics).
    pub metrics: BTreeMap<String, f64>,
    /// How many rows these were; those of weight 0 do not count.
    pub n_samples: usize,
    /// The first of these rows, at most 16, as [`Pipeline::predict`] takes them: `(<= 16, n_features)`.
    pub first_rows: Array2<f64>,
}

/// Rows that a fit keeps, for whoever wants to know whether the model still answers as it did.
const FIRST_ROWS: usize = 16;

/// Fits on one thread; [`fit_on`] says what comes of it.
///
/// # Errors
/// As there.
pub fn fit(spec: &Spec, table: &Table, progress: &dyn Progress) -> Result<Fitted> {
    fit_on(1, spec, table, progress)
}

/// Fits each step on what the step before makes of the rows, and measures what comes of it. Sums over rows take as many threads;
/// what is learned does not depend on them.
///
/// # Errors
/// [`Error::InvalidArgument`] if the specification does not suit the table ([`Spec::check`]), there is no row, a value is missing
/// or not finite, or an algorithm learns nothing finite from these rows. What `progress` answers.
pub fn fit_on(threads: usize, spec: &Spec, table: &Table, progress: &dyn Progress) -> Result<Fitted> {
    let Resolved { steps, kind, mut schema } = spec.resolve(&table.schema())?;
    let fraction = spec.validation_fraction.unwrap_or(VALIDATION_FRACTION);
    // What a transformer or an algorithm makes of them, and the rows that are held out beside the others.
    let copies = if fraction > 0.0 { 2 } else { 1 };
    let bounds = progress.bounds().beside_rows(table, schema.features.len(), copies)?;
    let progress = &Bounded { whole: progress, bounds };
    let all = read(threads, table, spec.sample_weight.as_deref(), kind, &mut schema)?;
    let n_samples = all.features.n_rows();
    if let Some(checkpoints) = progress.checkpoints() {
        checkpoints.begin(&(spec, n_samples))?;
    }
    let first_rows = all.features.select(&(0..n_samples.min(FIRST_ROWS)).collect::<Vec<_>>());
    let fitting = Fitting { threads, spec, schema: &schema, steps: &steps };
    let split = match fitting.has_density() {
        true => Split::of_rows(n_samples, fraction, spec.seed),
        false => Split::of(&all.targets, fraction, spec.seed),
    };
    let parts = split.map(|Split { training, held_out }| (all.select(&training), all.select(&held_out)));
    let whole = if parts.is_some() { 0.5 } else { 1.0 };
    let report = |message: &str, share: f64| progress.report(message, share * whole);
    let first = Within { whole: progress, report };
    let (Learned { transformers, last, columns, .. }, mut metrics) = fitting.learn(all, &first)?;
    if let Some((training, held_out)) = parts {
        let report = |message: &str, share: f64| progress.report(message, whole + share * whole);
        let second = Within { whole: progress, report };
        metrics.extend(fitting.measure(training, held_out, &second)?);
    }
    schema.outputs = answered(&schema, &last, columns);
    let steps = steps.iter().zip(&spec.steps).map(|(step, stated)| written_out(step, stated)).collect();
    let pipeline = Pipeline { schema, kind, steps, transformers, last, sha256: OnceLock::new() };
    Ok(Fitted { pipeline, metrics, n_samples, first_rows })
}

/// What is to be fitted, on whichever rows.
pub(super) struct Fitting<'a> {
    pub(super) threads: usize,
    pub(super) spec: &'a Spec,
    pub(super) schema: &'a Schema,
    pub(super) steps: &'a [ResolvedStep],
}

pub(super) struct Learned {
    pub(super) transformers: Vec<TransformerStep>,
    pub(super) last: Last,
    /// As they reach the last step, or leave the last transformer.
    columns: Columns,
    /// What the fit says of itself.
    metrics: BTreeMap<String, f64>,
}

impl Fitting<'_> {
    /// Fits each step on what the step before makes of the rows, and leaves them as the last one takes them.
    pub(super) fn fit(&self, part: &mut Part, progress: &dyn Progress) -> Result<Learned> {
        let Part { features, targets, weights } = part;
        let (first, last) = self.steps.split_at(n_transformers(self.steps));
        let (mut transformers, mut columns): (Vec<TransformerStep>, _) =
            (Vec::with_capacity(first.len()), Columns::of(self.schema));
        for (index, (step, stated)) in first.iter().zip(&self.spec.steps).enumerate() {
            let report = |message: &str, share: f64| progress.report(message, self.stage(index, share));
            let within = Within { whole: progress, report };
            within.report(&format!("fitting {}", step.algorithm.name()), 0.0)?;
            let chosen = columns.chosen(step.algorithm, stated)?;
            let training = self.training(Rows::of(features, targets.view(), weights), &within);
            let transformer = fit_transformer(step, chosen.clone(), &training)
                .map_err(|error| columns.named(chosen.as_deref(), error))?;
            columns = columns.after(transformer.columns.as_deref(), transformer.fitted.outputs());
            if index + 1 < self.steps.len() {
                let (before, after) = (training.rows.n_features(), columns.width(None));
                let more = bytes_of_rows(training.rows.len() as u64, after.saturating_sub(before));
                training.check_memory(step.algorithm.name(), "the columns that it adds", more)?;
                let transformed = transformer.transform(std::mem::take(features).into_matrix());
                check_finite(step, &transformed)?;
                *features = transformed.into();
            }
            transformers.push(transformer);
        }
        let report = |message: &str, share: f64| progress.report(message, self.stage(first.len(), share));
        let within = Within { whole: progress, report };
        if let Some((step, stated)) = last.first().zip(self.spec.steps.get(first.len())) {
            columns.chosen(step.algorithm, stated)?;
            within.report(&format!("fitting {}", step.algorithm.name()), 0.0)?;
        }
        let training = self.training(Rows::of(features, targets.view(), weights), &within);
        let told = |error| blamed(columns.named(None, error), &training.rows, &columns, self.schema);
        let (last, mut metrics) = Last::fit(last, &training).map_err(told)?;
        if let (Last::Columns, Some(step)) = (&last, transformers.last()) {
            let own = step.fitted.metrics().into_iter().filter(|(_, value)| value.is_finite());
            metrics.extend(own.map(|(name, value)| (name.to_owned(), value)));
        }
        Ok(Learned { transformers, last, columns, metrics })
    }

    fn training<'t>(&self, rows: Rows<'t>, progress: &'t dyn Progress) -> Training<'t> {
        Training { rows, seed: self.spec.seed, threads: self.threads, progress }
    }

    /// Whether rows without targets tell how good a model is.
    fn has_density(&self) -> bool {
        self.steps.last().is_some_and(|step| step.algorithm.has_density())
    }

    /// How far all is, this far into a step; the measuring comes after the last one.
    fn stage(&self, index: usize, share: f64) -> f64 {
        (index as f64 + share) / (self.steps.len() + 1) as f64
    }

    /// The model of all rows, and how it does on those, or on some of them.
    fn learn(&self, mut all: Part, progress: &dyn Progress) -> Result<(Learned, BTreeMap<String, f64>)> {
        let learned = self.fit(&mut all, progress)?;
        let ask =
            |share| progress.report("measuring the model on its training rows", self.stage(self.steps.len(), share));
        ask(0.0)?;
        let has_targets = all.targets != Targets::None || self.has_density();
        let seen = if has_targets { seen(all.features.n_rows(), self.spec.seed) } else { None };
        let rows = match seen {
            Some(some) => all.select(&some),
            None => all,
        };
        let metrics = self.metrics(&learned, &rows, ask)?;
        let shown = |name| if has_targets { format!("training_{name}") } else { name };
        let metrics = metrics.into_iter().map(|(name, value)| (shown(name), value)).collect();
        Ok((learned, metrics))
    }

    /// How a model of some rows does on others; nothing if they are too few for it.
    fn measure(&self, mut training: Part, held_out: Part, progress: &dyn Progress) -> Result<BTreeMap<String, f64>> {
        let (n_training, n_held_out) = (training.features.n_rows(), held_out.features.n_rows());
        let why = "validation_fraction 0 leaves this out";
        progress.report(&format!("measuring a model of {n_training} rows on {n_held_out} others; {why}"), 0.0)?;
        let report = |message: &str, share: f64| progress.report(&format!("{message}, to be measured"), share);
        let within = Within { whole: progress, report };
        let learned = match self.fit(&mut training, &within) {
            Err(error) if error.code() == Code::InvalidArgument => {
                progress.report(&format!("not measured on held-out rows: {error}"), 1.0)?;
                return Ok(BTreeMap::new());
            }
            learned => learned?,
        };
        let features = held_out.features.into_matrix();
        let features = learned.transformers.iter().fold(features, |features, step| step.transform(features)).into();
        let ask = |share| progress.report("measuring on held-out rows", self.stage(self.steps.len(), share));
        self.metrics(&learned, &Part { features, ..held_out }, ask)
    }

    fn metrics(
        &self,
        learned: &Learned,
        rows: &Part,
        ask: impl Fn(f64) -> Result<()>,
    ) -> Result<BTreeMap<String, f64>> {
        match &learned.last {
            Last::Columns | Last::Result(_) => Ok(learned.metrics.clone()),
            Last::Model(model) if self.has_density() => {
                metrics::of_densities(|it| model.log_densities(it), rows.rows(), ask)
            }
            last => metrics::of(|rows| last.predict(rows.into()), rows.rows(), ask),
        }
    }
}

/// Features, targets and weights of the rows that count; the schema learns the classes.
pub(super) fn read(
    threads: usize,
    table: &Table,
    sample_weight: Option<&str>,
    kind: Kind,
    schema: &mut Schema,
) -> Result<Part> {
    if table.n_rows() == 0 {
        return Err(Error::invalid("the table has no rows to learn from"));
    }
    let weights = SampleWeights::read(sample_weight, table)?;
    let table = &*weights.without_others(table)?;
    let SampleWeights { rows, weights } = weights;
    let features = schema.samples(threads, table)?;
    let features = match &rows {
        Some(some) => features.select(some).into(),
        None => features,
    };
    let targets = read_targets(table, rows.as_deref(), kind, schema)?;
    if let Targets::Classes { labels, .. } = &targets {
        schema.classes = Some(labels.clone());
    }
    Ok(Part { features, targets, weights })
}

/// What is to be learned of these rows, or of all.
fn read_targets(table: &Table, rows: Option<&[usize]>, kind: Kind, schema: &Schema) -> Result<Targets> {
    if !schema.targets.is_empty() {
        let columns: Vec<_> = schema.targets.iter().filter_map(|target| table.column(&target.name)).collect();
        let all = Targets::read_several(&columns)?;
        return Ok(rows.map_or_else(|| all.clone(), |some| all.select(some)));
    }
    match (schema.target.as_ref().and_then(|target| table.column(&target.name)), rows) {
        (None, _) => Ok(Targets::None),
        (Some(column), Some(some)) => Targets::read_some(kind, column, some),
        (Some(column), None) => Targets::read(kind, column),
    }
}

fn fit_transformer(
    step: &ResolvedStep,
    columns: Option<Vec<usize>>,
    training: &Training<'_>,
) -> Result<TransformerStep> {
    let UnfittedStep::Transformer(transformer) = step.algorithm.unfitted(&step.parameters) else {
        return Err(Error::internal("a transformer set up no transformer"));
    };
    let fitted = match &columns {
        None => transformer.fit(training)?,
        Some(columns) => {
            let selected = training.rows.features().select(Axis(1), columns);
            let selected = selected.as_standard_layout().into_owned();
            let rows = Rows::new(&selected, training.rows.targets, training.rows.weights);
            transformer.fit(&Training { rows, ..*training })?
        }
    };
    Ok(TransformerStep { columns, fitted })
}

/// The next step learns from finite numbers.
fn check_finite(step: &ResolvedStep, features: &Array2<f64>) -> Result<()> {
    match all_finite(&in_rows(&features.view())) {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "what {} makes of the rows is beyond the range of floats; scale the columns first, for example with \
             standard_scaler",
            step.algorithm.name()
        ))),
    }
}

/// A step as it was stated, with defaults.
fn written_out(step: &ResolvedStep, stated: &StepSpec) -> StepSpec {
    StepSpec { parameters: step.parameters.values().clone(), ..stated.clone() }
}
