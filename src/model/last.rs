//! What a pipeline ends in, behind its transformers.

use super::class_weights::ByClass;
use super::spec::ResolvedStep;
use super::{Calibrated, Estimator, Model, Predictions, Training, TrainingResult, UnfittedStep};
use crate::error::{Error, Result};
use ndarray::{ArrayD, CowArray, Ix2};
use std::collections::BTreeMap;

/// The last steps of a pipeline, fitted.
#[derive(Debug)]
pub(super) enum Last {
    /// There is none: the columns that the last transformer puts out are the answer.
    Columns,
    /// It answers rows.
    Model(Box<dyn Model>),
    /// A classifier, and what its scores mean.
    Calibrated(Calibrated),
    /// It has answered the rows that it was fitted on, and answers no others.
    Result(TrainingResult),
}

impl Last {
    /// Fits the steps behind the transformers: none, one, or a classifier with its calibrator. Answers with them what the fit says of
    /// itself.
    pub(super) fn fit(steps: &[ResolvedStep], training: &Training<'_>) -> Result<(Self, BTreeMap<String, f64>)> {
        let Some((first, rest)) = steps.split_first() else { return Ok((Self::Columns, BTreeMap::new())) };
        let unfitted = |step: &ResolvedStep| step.algorithm.unfitted(&step.parameters);
        let last = match (unfitted(first), rest.first().map(unfitted)) {
            (UnfittedStep::Estimator(estimator), None) => {
                Self::Model(ByClass::new(&*estimator, &first.parameters).fit(training)?)
            }
            (UnfittedStep::Estimator(estimator), Some(UnfittedStep::Calibrator(calibrator))) => {
                Self::Calibrated(calibrator.fit(&ByClass::new(&*estimator, &first.parameters), training)?)
            }
            (UnfittedStep::Transductive(it), None) => {
                return it.fit(training).map(|fitted| (Self::Result(fitted.result), fitted.metrics));
            }
            _ => return Err(Error::internal("a checked specification ends in no estimator")),
        };
        Ok((last, BTreeMap::new()))
    }

    /// The answer to rows as they reach it.
    ///
    /// # Panics
    /// If it answers none: [`LoadedModel::check_answers`](super::LoadedModel::check_answers) is asked before.
    pub(super) fn predict(&self, features: CowArray<'_, f64, Ix2>) -> Predictions {
        match self {
            Self::Columns => Predictions::Columns(features.into_owned()),
            Self::Model(model) => model.predict(features.view()),
            Self::Calibrated(Calibrated { model, calibration }) => calibration.predict(&**model, features.view()),
            Self::Result(_) => unreachable!("nobody asks a pipeline that answers no rows"),
        }
    }

    /// What answers, if it is that alone.
    pub(super) fn model(&self) -> Option<&dyn Model> {
        if let Self::Model(model) = self { Some(&**model) } else { None }
    }

    /// What the answer to one row takes, in bytes; `n_columns` reach the end of the pipeline.
    pub(super) fn answer_bytes(&self, n_columns: usize) -> usize {
        match self {
            Self::Result(_) => 0,
            Self::Columns => n_columns * size_of::<f64>(),
            Self::Model(model) | Self::Calibrated(Calibrated { model, .. }) => model.answer_bytes(),
        }
    }

    /// What each of these steps learned, by name.
    pub(super) fn arrays(&self) -> Vec<Vec<(&'static str, ArrayD<f64>)>> {
        match self {
            Self::Columns => vec![],
            Self::Result(result) => vec![result.arrays()],
            Self::Model(model) => vec![model.arrays()],
            Self::Calibrated(Calibrated { model, calibration }) => vec![model.arrays(), calibration.arrays()],
        }
    }
}
