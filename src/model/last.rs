//! What a pipeline ends in, behind its transformers.

use super::spec::ResolvedStep;
use super::{Calibrated, Model, Predictions, Training, UnfittedStep};
use crate::error::{Error, Result};
use ndarray::{ArrayD, CowArray, Ix2};

/// The last steps of a pipeline, fitted.
#[derive(Debug)]
pub(super) enum Last {
    /// There is none: the columns that the last transformer puts out are the answer.
    Columns,
    /// It answers rows.
    Model(Box<dyn Model>),
    /// A classifier, and what its scores mean.
    Calibrated(Calibrated),
}

impl Last {
    /// Fits the steps behind the transformers: none, an estimator, or one with its calibrator.
    pub(super) fn fit(steps: &[ResolvedStep], training: &Training<'_>) -> Result<Self> {
        let unfitted = steps.iter().map(|step| step.algorithm.unfitted(&step.parameters));
        match unfitted.collect::<Vec<_>>().as_slice() {
            [] => Ok(Self::Columns),
            [UnfittedStep::Estimator(estimator)] => estimator.fit(training).map(Self::Model),
            [UnfittedStep::Estimator(estimator), UnfittedStep::Calibrator(calibrator)] => {
                calibrator.fit(&**estimator, training).map(Self::Calibrated)
            }
            _ => Err(Error::internal("a checked specification ends in no estimator")),
        }
    }

    /// The answer to rows as they reach it.
    pub(super) fn predict(&self, features: CowArray<'_, f64, Ix2>) -> Predictions {
        match self {
            Self::Columns => Predictions::Columns(features.into_owned()),
            Self::Model(model) => model.predict(features.view()),
            Self::Calibrated(Calibrated { model, calibration }) => calibration.predict(&**model, features.view()),
        }
    }

    /// What answers, if it is that alone.
    pub(super) fn model(&self) -> Option<&dyn Model> {
        if let Self::Model(model) = self { Some(&**model) } else { None }
    }

    /// What the answer to one row takes, in bytes; `n_columns` reach the end of the pipeline.
    pub(super) fn answer_bytes(&self, n_columns: usize) -> usize {
        match self {
            Self::Columns => n_columns * size_of::<f64>(),
            Self::Model(model) | Self::Calibrated(Calibrated { model, .. }) => model.answer_bytes(),
        }
    }

    /// What each of these steps learned, by name.
    pub(super) fn arrays(&self) -> Vec<Vec<(&'static str, ArrayD<f64>)>> {
        match self {
            Self::Columns => vec![],
            Self::Model(model) => vec![model.arrays()],
            Self::Calibrated(Calibrated { model, calibration }) => vec![model.arrays(), calibration.arrays()],
        }
    }
}
