//! Transformers that learn batch by batch, in front of an estimator that learns from what they make of it.

use super::arrays::{Arrays, damaged};
use super::artefact::Named;
use super::columns::Columns;
use super::kernels::{all_finite, in_rows};
use super::online::online_transformers;
use super::pipeline::TransformerStep;
use super::spec::ResolvedStep;
use super::{OnlineTransformer, Progress, Rows, Schema, StepSpec, TargetView, Training};
use crate::error::{Error, Result};
use ndarray::{Array2, Axis};
use std::collections::BTreeMap;

/// What stands before the names of their arrays, with the number of the transformer.
const ARRAYS: &str = "transformer";

/// In the order of the steps.
#[derive(Debug, Default)]
pub(super) struct Front(Vec<Step>);

#[derive(Debug)]
struct Step {
    name: &'static str,
    /// `None`: all.
    columns: Option<Vec<usize>>,
    state: Box<dyn OnlineTransformer>,
}

impl Front {
    /// Have seen nothing.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if one of them does not learn batch by batch, or works on columns that are not there.
    pub(super) fn begin(schema: &Schema, steps: &[ResolvedStep], stated: &[StepSpec]) -> Result<Self> {
        let there = Columns::of(schema);
        let step = |(step, stated): (&ResolvedStep, &StepSpec)| {
            let (name, columns) = (step.algorithm.name(), there.chosen(step.algorithm, stated)?);
            let state = step.algorithm.online_transformer(&step.parameters, there.width(columns.as_deref()));
            Ok(Step { name, columns, state: state.ok_or_else(|| refused(name))? })
        };
        Ok(Self(steps.iter().zip(stated).map(step).collect::<Result<_>>()?))
    }

    /// Learns from rows, and answers what it makes of them with that.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing finite comes of them.
    pub(super) fn learn(
        &mut self,
        mut features: Array2<f64>,
        weights: &[f64],
        columns: &Columns,
        (seed, threads, progress): (u64, usize, &dyn Progress),
    ) -> Result<Array2<f64>> {
        for step in &mut self.0 {
            let chosen = step.columns.as_ref().map(|it| features.select(Axis(1), it).as_standard_layout().into_owned());
            let rows = Rows::new(chosen.as_ref().unwrap_or(&features), TargetView::None, weights);
            let learned = step.state.learn(&Training { rows, seed, threads, progress });
            learned.map_err(|error| columns.named(step.columns.as_deref(), error))?;
            features = step.fitted()?.transform(features);
            if !all_finite(&in_rows(&features.view())) {
                return Err(Error::invalid(format!(
                    "what {} makes of the batch is beyond the range of floats; bring the values nearer to those before",
                    step.name
                )));
            }
        }
        Ok(features)
    }

    /// As they transform now.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] if one of them has seen no rows.
    pub(super) fn fitted(&self) -> Result<Vec<TransformerStep>> {
        self.0.iter().map(Step::fitted).collect()
    }

    pub(super) fn arrays(&self) -> Vec<Named> {
        let named = |(at, step): (usize, &Step)| {
            step.state
                .arrays()
                .into_iter()
                .map(move |(name, values)| (format!("{ARRAYS}{at}.{name}"), values))
                .collect()
        };
        self.0.iter().enumerate().flat_map(|it| -> Vec<Named> { named(it) }).collect()
    }

    /// Goes on from such arrays, and answers those that are others'.
    ///
    /// # Errors
    /// [`Error::Damaged`] if one is missing, of another shape, or left over.
    pub(super) fn restore(&mut self, arrays: Vec<Named>) -> Result<Vec<Named>> {
        let (mut own, mut others): (BTreeMap<usize, Arrays>, Vec<Named>) = (BTreeMap::new(), vec![]);
        for (name, values) in arrays {
            let place = name.strip_prefix(ARRAYS).and_then(|rest| rest.split_once('.'));
            match place.and_then(|(at, name)| Some((at.parse::<usize>().ok()?, name))) {
                Some((at, name)) => own.entry(at).or_default().insert(name, values)?,
                None => others.push((name, values)),
            }
        }
        for (at, step) in self.0.iter_mut().enumerate() {
            let mut arrays = own.remove(&at).unwrap_or_default();
            step.state.restore(&mut arrays)?;
            arrays.finish()?;
        }
        if own.is_empty() { Ok(others) } else { Err(damaged("there are arrays of more transformers than steps")) }
    }

    /// Others that have learned the same.
    pub(super) fn copy(&self) -> Self {
        let copy = |step: &Step| Step { columns: step.columns.clone(), state: step.state.copy(), ..*step };
        Self(self.0.iter().map(copy).collect())
    }
}

impl Step {
    fn fitted(&self) -> Result<TransformerStep> {
        Ok(TransformerStep { columns: self.columns.clone(), fitted: self.state.fitted()? })
    }
}

fn refused(name: &str) -> Error {
    Error::invalid(format!(
        "{name} comes before the estimator and does not learn batch by batch; {} does; or send rows that are transformed already, and \
         leave it out",
        online_transformers().collect::<Vec<_>>().join(", ")
    ))
}
