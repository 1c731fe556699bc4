//! From a specification and a table to a pipeline.

use super::pipeline::{Pipeline, TransformerStep};
use super::spec::{Resolved, ResolvedStep, positions};
use super::{Kind, Model, Rows, Schema, Spec, StepSpec, Targets, Training, UnfittedStep, metrics};
use crate::data::Table;
use crate::error::{Error, Result};
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
}

impl<F: Fn(&str, f64) -> Result<()>> Progress for F {
    fn report(&self, message: &str, fraction: f64) -> Result<()> {
        self(message, fraction)
    }
}

/// What a fit gives.
#[derive(Debug)]
pub struct Fitted {
    /// The model with its preprocessing and schema.
    pub pipeline: Pipeline,
    /// How it does on the rows that it was fitted on, see [`metrics`](super::metrics).
    pub metrics: BTreeMap<String, f64>,
    /// How many rows these were.
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

/// Fits each step on what the step before makes of the rows. Sums over rows take as many threads; what is learned does not
/// depend on them.
///
/// # Errors
/// [`Error::InvalidArgument`] if the specification does not suit the table ([`Spec::check`]), there is no row, a value is missing
/// or not finite, or an algorithm learns nothing finite from these rows. What `progress` answers.
pub fn fit_on(threads: usize, spec: &Spec, table: &Table, progress: &dyn Progress) -> Result<Fitted> {
    let Resolved { steps, kind, mut schema } = spec.resolve(&table.schema())?;
    let (mut features, targets) = read(table, kind, &mut schema)?;
    let first_rows = features.slice_axis(Axis(0), (..features.nrows().min(FIRST_ROWS)).into()).to_owned();
    let weights = vec![1.0; features.nrows()];
    let stages = (steps.len() + 1) as f64;
    let (last, first) = steps.split_last().ok_or_else(|| Error::internal("a checked specification has no step"))?;
    let mut transformers = Vec::with_capacity(first.len());
    for (index, (step, stated)) in first.iter().zip(&spec.steps).enumerate() {
        let within = |message: &str, share: f64| progress.report(message, (index as f64 + share) / stages);
        within(&format!("fitting {}", step.algorithm.name()), 0.0)?;
        let rows = Rows::new(&features, targets.view(), &weights);
        let training = Training { rows, seed: spec.seed, threads, progress: &within };
        let transformer = fit_transformer(step, positions(stated, &schema)?, &training)?;
        features = transformer.transform(features);
        transformers.push(transformer);
    }
    let within = |message: &str, share: f64| progress.report(message, (first.len() as f64 + share) / stages);
    within(&format!("fitting {}", last.algorithm.name()), 0.0)?;
    let rows = Rows::new(&features, targets.view(), &weights);
    let model = fit_estimator(last, &Training { rows, seed: spec.seed, threads, progress: &within })?;
    let metrics = metrics::of(
        |rows| model.predict(rows),
        features.view(),
        &targets,
        |share| progress.report("measuring the model on its training rows", (steps.len() as f64 + share) / stages),
    )?;
    let steps = steps.iter().zip(&spec.steps).map(|(step, stated)| written_out(step, stated)).collect();
    let pipeline = Pipeline { schema, kind, steps, transformers, model, sha256: OnceLock::new() };
    Ok(Fitted { pipeline, metrics, n_samples: table.n_rows(), first_rows })
}

/// Features and targets of a table; the schema learns the classes.
fn read(table: &Table, kind: Kind, schema: &mut Schema) -> Result<(Array2<f64>, Targets)> {
    if table.n_rows() == 0 {
        return Err(Error::invalid("the table has no rows to learn from"));
    }
    let features = schema.select(table)?;
    let target = schema.target.as_ref().and_then(|target| table.column(&target.name));
    let targets = target.map_or(Ok(Targets::None), |column| Targets::read(kind, column))?;
    if let Targets::Classes { labels, .. } = &targets {
        schema.classes = Some(labels.clone());
    }
    Ok((features, targets))
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

fn fit_estimator(step: &ResolvedStep, training: &Training<'_>) -> Result<Box<dyn Model>> {
    match step.algorithm.unfitted(&step.parameters) {
        UnfittedStep::Estimator(estimator) => estimator.fit(training),
        UnfittedStep::Transformer(_) => Err(Error::internal("an estimator set up no estimator")),
    }
}

/// A step as it was stated, with defaults.
fn written_out(step: &ResolvedStep, stated: &StepSpec) -> StepSpec {
    StepSpec { parameters: step.parameters.values().clone(), ..stated.clone() }
}
