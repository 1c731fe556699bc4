//! Probabilities from the scores of a classifier.

mod folds;
mod sigmoid;
#[cfg(test)]
mod tests;

use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::classification::{classified, sigmoid};
use crate::model::fit::Within;
use crate::model::{
    About, Algorithm, Calibrated, Calibration, Calibrator, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec,
    Parameters, Predictions, Progress, Rows, Targets, Training, UnfittedStep,
};
use folds::stratified;
use ndarray::{Array1, Array2, ArrayD, ArrayView1, ArrayView2, Axis, arr0};
use sigmoid::Scored;
use std::sync::Arc;

const NAME: &str = "platt_calibration";

/// Platt's calibration of the classifier before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlattCalibration;

impl Algorithm for PlattCalibration {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Calibrator,
            summary: "Makes the probabilities of the classifier before it agree with how often classes come.",
            details: &[
                "The last step of a pipeline, behind any classifier. That is fitted on all rows, and `cv` times more on all \
                 parts of the rows but one; what those answer to the rows that they have not seen are scores. For each \
                 class `1 / (1 + exp(a_k f_k + b_k))` is fitted to the scores `f_k` by likelihood, with Platt's targets \
                 `(n_own + 1) / (n_own + 2)` and `1 / (n_others + 2)` in the place of 1 and 0; probabilities are these, \
                 divided by their sum, and the class of the largest is the answer. Two classes have one sigmoid, that of \
                 the second one. In scikit-learn it is `CalibratedClassifierCV(method=\"sigmoid\", ensemble=False)`, with \
                 the same parts: `StratifiedKFold(cv)`, without shuffling. Each class needs `cv` rows at least.",
                "The score of a class is what `svc` decides by, as scikit-learn's `decision_function` (for more than two \
                 classes the votes, and which of equals by how far). Of every other classifier it is the log-odds of \
                 its probability, which is what logistic regression of two classes decides by, where scikit-learn takes \
                 the probability itself of those that have no `decision_function`. A probability counts as no nearer to \
                 0 or 1 than `1 / (n + 2)`, which is all that `n` rows can tell.",
                "J. Platt, \"Probabilistic outputs for support vector machines\" (1999); by Newton's method with \
                 backtracking: H.-T. Lin, C.-J. Lin, R. C. Weng, \"A note on Platt's probabilistic outputs for support \
                 vector machines\" (2007), doi:10.1007/s10994-007-5018-6.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![ParameterSpec::integer(
            "cv",
            5,
            (2, 100),
            "Parts of the rows, each of which is scored by a fit on the others.",
        )]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Calibrator(Box::new(CrossValidated { n_folds: parameters.count("cv") }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let classes = inputs.classes()?.clone();
        let n_sigmoids = if classes.len() == 2 { 1 } else { classes.len() };
        let (a, b) = (arrays.take("a", n_sigmoids)?, arrays.take("b", n_sigmoids)?);
        let least = arrays.take("least", ())?.into_scalar();
        if !(0.0 < least && least < 0.5) {
            return Err(damaged("no probability can be told from 0"));
        }
        Ok(FittedStep::Calibration(Box::new(Sigmoids { a, b, scores: Scores { least }, classes })))
    }
}

#[derive(Debug)]
struct CrossValidated {
    n_folds: usize,
}

impl Calibrator for CrossValidated {
    fn fit(&self, base: &dyn Estimator, training: &Training<'_>) -> Result<Calibrated> {
        let rows = training.rows;
        let (indices, classes) = rows.targets.classes()?;
        self.check(indices, classes)?;
        let scores = Scores { least: 1.0 / (rows.weights.iter().sum::<f64>() + 2.0) };
        let parts = self.n_folds + 1;
        let within = |part: usize, what: String| {
            let report = move |message: &str, share: f64| {
                let share = (part as f64 + share) / parts as f64;
                training.progress.report(&format!("{message}{what}"), share)
            };
            Within { whole: training.progress, report }
        };
        let fold_of = stratified(indices, classes.len(), self.n_folds);
        let mut found = Array2::zeros((rows.len(), classes.len()));
        for fold in 0..self.n_folds {
            let others: Vec<usize> = (0..rows.len()).filter(|row| fold_of[*row] != fold).collect();
            let own: Vec<usize> = (0..rows.len()).filter(|row| fold_of[*row] == fold).collect();
            let features = rows.features().select(Axis(0), &others);
            let targets = others.iter().map(|row| indices[*row]).collect();
            let targets = Targets::Classes { indices: targets, labels: classes.clone() };
            let weights: Vec<f64> = others.iter().map(|row| rows.weights[*row]).collect();
            let progress = within(fold, format!(", to be calibrated, {} of {}", fold + 1, self.n_folds));
            let part =
                Training { rows: Rows::new(&features, targets.view(), &weights), progress: &progress, ..*training };
            progress.report("fitting", 0.0)?;
            let model = base.fit(&part)?;
            let answers = scores.of(&*model, rows.features().select(Axis(0), &own).view(), classes.len());
            own.iter().zip(answers.rows()).for_each(|(row, answer)| found.row_mut(*row).assign(&answer));
        }
        let progress = within(self.n_folds, String::new());
        let model = base.fit(&Training { progress: &progress, ..*training })?;
        let calibration = Box::new(Sigmoids::fitted(&found, training.rows, scores, classes)?);
        Ok(Calibrated { model, calibration })
    }
}

impl CrossValidated {
    fn check(&self, indices: &[usize], classes: &Labels) -> Result<()> {
        let mut counts = vec![0; classes.len()];
        indices.iter().for_each(|class| counts[*class] += 1);
        match counts.iter().min() {
            Some(fewest) if *fewest < self.n_folds => Err(Error::invalid(format!(
                "{NAME} parameter cv is {} and a class has {fewest} rows; at least one row of each class for each part",
                self.n_folds
            ))),
            _ => Ok(()),
        }
    }
}

/// How a classifier scores classes.
#[derive(Clone, Copy, Debug)]
struct Scores {
    /// What a probability is at least, and 1 less it at least.
    least: f64,
}

impl Scores {
    /// `(n_samples, n_classes)`
    fn of(self, model: &dyn Model, features: ArrayView2<'_, f64>, n_classes: usize) -> Array2<f64> {
        if let Some(decisions) = model.decisions(features) {
            return decisions;
        }
        match model.predict(features) {
            Predictions::Classes { probabilities, .. } => probabilities.mapv_into(|share| {
                let share = share.clamp(self.least, 1.0 - self.least);
                (share / (1.0 - share)).ln()
            }),
            _ => Array2::zeros((features.nrows(), n_classes)), // Only classifiers are calibrated.
        }
    }
}

/// A sigmoid for each class, or that of the second one of two.
#[derive(Debug)]
struct Sigmoids {
    a: Array1<f64>,
    b: Array1<f64>,
    scores: Scores,
    classes: Arc<Labels>,
}

impl Sigmoids {
    fn fitted(found: &Array2<f64>, rows: Rows<'_>, scores: Scores, classes: &Arc<Labels>) -> Result<Self> {
        let (indices, _) = rows.targets.classes()?;
        let first = usize::from(classes.len() == 2);
        let each = (first..classes.len()).map(|class| {
            let of_rows = found.column(class).into_iter().zip(indices).zip(rows.weights);
            let scored =
                of_rows.map(|((score, own), weight)| Scored { score: *score, is_own: *own == class, weight: *weight });
            sigmoid::fitted(&scored.collect::<Vec<_>>())
        });
        let (a, b): (Vec<f64>, Vec<f64>) = each.map(|[a, b]| (a, b)).unzip();
        if a.iter().chain(&b).any(|it| !it.is_finite()) {
            return Err(Error::invalid(format!(
                "{NAME} found no finite sigmoid because scores overflow; scale the columns first, for example with \
                 standard_scaler"
            )));
        }
        Ok(Self { a: a.into(), b: b.into(), scores, classes: classes.clone() })
    }

    /// The probabilities of a row.
    fn probabilities(&self, scores: ArrayView1<'_, f64>, probabilities: &mut Vec<f64>) {
        let of = |class: usize, score: f64| sigmoid(-(self.a[class] * score + self.b[class]));
        if self.classes.len() == 2 {
            let second = of(0, scores[1]);
            probabilities.extend([1.0 - second, second]);
            return;
        }
        let from = probabilities.len();
        probabilities.extend(scores.iter().enumerate().map(|(class, score)| of(class, *score)));
        let own = &mut probabilities[from..];
        let all: f64 = own.iter().sum();
        let n_classes = own.len() as f64;
        own.iter_mut().for_each(|it| *it = if all > 0.0 { *it / all } else { 1.0 / n_classes });
    }
}

impl Calibration for Sigmoids {
    fn predict(&self, base: &dyn Model, features: ArrayView2<'_, f64>) -> Predictions {
        let scores = self.scores.of(base, features, self.classes.len());
        let mut probabilities = Vec::with_capacity(scores.len());
        scores.rows().into_iter().for_each(|row| self.probabilities(row, &mut probabilities));
        classified(probabilities, &self.classes)
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let (a, b) = (self.a.clone().into_dyn(), self.b.clone().into_dyn());
        vec![("a", a), ("b", b), ("least", arr0(self.scores.least).into_dyn())]
    }
}
