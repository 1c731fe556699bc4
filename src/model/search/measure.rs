//! One candidate on one fold.

use super::folds::Fold;
use crate::error::{Code, Error, Result};
use crate::model::fit::{Fitting, Learned};
use crate::model::metrics::{self, Answers, Chunks, Judged};
use crate::model::validation::Part;
use crate::model::{Progress, Scoring, Targets};
use ndarray::Axis;
use std::time::Instant;

/// Who learns from which rows, and what counts.
pub(super) struct Asked<'a> {
    pub(super) fitting: Fitting<'a>,
    pub(super) all: &'a Part,
    pub(super) fold: &'a Fold,
    pub(super) scoring: Scoring,
}

/// What came of a fold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    /// Or why there is none.
    pub(super) score: std::result::Result<f64, String>,
    /// What the fit took.
    pub(super) seconds: f64,
}

/// Fits on the training rows of a fold and holds what the model answers to the others against their targets.
///
/// # Errors
/// What `progress` answers, and faults of ours; what these rows or parameters do not allow is what came of it.
pub(super) fn measure(asked: &Asked<'_>, progress: &dyn Progress) -> Result<Measured> {
    let mut seconds = 0.0;
    let score = match scored(asked, progress, &mut seconds) {
        Err(error) if is_theirs(&error) => Err(error.to_string()),
        score => Ok(score?),
    };
    Ok(Measured { score, seconds })
}

/// Whether an error is about the candidate, and not about us or the search as a whole.
pub(super) fn is_theirs(error: &Error) -> bool {
    matches!(error.code(), Code::InvalidArgument | Code::FailedPrecondition)
}

/// `seconds` are those of the fit.
fn scored(asked: &Asked<'_>, progress: &dyn Progress, seconds: &mut f64) -> Result<f64> {
    let Asked { fitting, all, fold, scoring } = asked;
    let started = Instant::now();
    let mut training = all.select(&fold.training);
    let mut known = None;
    if let Some((targets, places)) = training.targets.there()? {
        (training.targets, known) = (targets, Some(places));
    }
    let learned = fitting.fit(&mut training, progress);
    *seconds = started.elapsed().as_secs_f64();
    drop(training);
    let score = score_of(*scoring, &learned?, all.select(&fold.test), known.as_deref(), progress)?;
    score.ok_or_else(|| {
        Error::invalid(format!(
            "{} is not defined for what the model answers to {} rows",
            scoring.name,
            fold.test.len()
        ))
    })
}

/// `None` if it is not defined for these rows.
fn score_of(
    scoring: Scoring,
    learned: &Learned,
    test: Part,
    known: Option<&[usize]>,
    progress: &dyn Progress,
) -> Result<Option<f64>> {
    let ask = || progress.report("measuring on other rows", 1.0);
    let Part { features, targets, weights } = test;
    let features = learned.transformers.iter().fold(features.into_matrix(), |features, step| step.transform(features));
    if let (Targets::None, Some(model)) = (&targets, learned.last.model()) {
        let test = Part { features: features.into(), targets, weights };
        let metrics = metrics::of_densities(|rows| model.log_densities(rows), test.rows(), |_| ask())?;
        return Ok(scoring.of(&metrics));
    }
    let mut answers = Answers::default();
    for chunk in Chunks::of(weights.len()) {
        ask()?;
        let rows = features.slice_axis(Axis(0), chunk.clone().into());
        answers.add(&learned.last.predict(rows.into()), &weights[chunk]);
    }
    let judged =
        Judged { answers: &answers, truth: targets.view(), known: known.unwrap_or_default(), weights: &weights };
    scoring.of_answers(&judged, &ask)
}
