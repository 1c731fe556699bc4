//! Classes and what they should have been.

use super::ranking::{Areas, Scored, areas};
use super::{Answers, Metrics, Wanted};
use crate::data::Labels;
use crate::error::Result;
use ndarray::Array2;

/// Probabilities below are taken for this one, as in scikit-learn, lest a single row has an infinite loss.
const LEAST: f64 = f64::EPSILON;

/// The classes of rows, and what a model answered.
#[derive(Clone, Copy, Debug)]
pub struct Classified<'a> {
    /// The class of each row, as a position in `labels`.
    pub truth: &'a [usize],
    /// In ascending order; those of the model, and maybe others.
    pub labels: &'a Labels,
    /// Where each of the model's classes is in `labels`.
    pub known: &'a [usize],
    /// One for each row.
    pub answers: &'a Answers,
    /// How often each row counts, above 0.
    pub weights: &'a [f64],
}

/// How well one class is told from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassMetrics {
    /// Of the rows that were answered with the class, the share that is of it; `None` if there are none.
    pub precision: Option<f64>,
    /// Of the rows of the class, the share that was answered with it; `None` if there are none.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: f64,
    /// The weight of the rows of the class.
    pub support: f64,
}

/// Class by class; of those that rows are of, or were answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassReport {
    /// In ascending order.
    pub labels: Labels,
    /// One for each label.
    pub classes: Vec<ClassMetrics>,
    /// The weight of rows, by their class and by what was answered, `(n_labels, n_labels)`.
    pub confusion: Array2<f64>,
}

impl Classified<'_> {
    /// Class by class.
    pub fn report(&self) -> ClassReport {
        let answered = || self.answers.labels().iter().map(|class| self.known[*class]);
        let mut there = vec![false; self.labels.len()];
        self.truth.iter().copied().chain(answered()).for_each(|label| there[label] = true);
        let shown: Vec<usize> = (0..there.len()).filter(|label| there[*label]).collect();
        let mut place = vec![0; there.len()];
        shown.iter().enumerate().for_each(|(at, label)| place[*label] = at);
        let mut confusion = Array2::zeros((shown.len(), shown.len()));
        for ((truth, answer), weight) in self.truth.iter().zip(answered()).zip(self.weights) {
            confusion[[place[*truth], place[answer]]] += weight;
        }
        let classes = (0..shown.len()).map(|label| class_metrics(&confusion, label)).collect();
        ClassReport { labels: self.labels.take(&shown), classes, confusion }
    }

    /// What there is to say of all classes together. `ask` is asked between parts that take long.
    ///
    /// # Errors
    /// What `ask` answers.
    pub fn metrics(&self, report: &ClassReport, ask: &dyn Fn() -> Result<()>) -> Result<Metrics> {
        self.those(report, Wanted::All, ask)
    }

    /// Those of them that are wanted.
    ///
    /// # Errors
    /// What `ask` answers.
    pub(super) fn those(&self, report: &ClassReport, wanted: Wanted, ask: &dyn Fn() -> Result<()>) -> Result<Metrics> {
        let mut metrics = report.metrics(wanted);
        let mut class_of = vec![None; self.labels.len()];
        self.known.iter().enumerate().for_each(|(class, label)| class_of[*label] = Some(class));
        // Of a class that the model does not know it says no probability.
        let Some(classes) = self.truth.iter().map(|label| class_of[*label]).collect::<Option<Vec<usize>>>() else {
            return Ok(metrics);
        };
        let sorts_rows = wanted.has("roc_auc") || wanted.has("average_precision");
        let areas = if sorts_rows { self.areas(&classes, ask)? } else { None };
        metrics.extend(wanted.defined(&[
            ("log_loss", &|| Some(self.log_loss(&classes))),
            ("brier_score_loss", &|| Some(self.brier(&classes))),
            ("roc_auc", &|| areas.map(|it| it.roc_auc)),
            ("average_precision", &|| areas.map(|it| it.average_precision)),
        ]));
        Ok(metrics)
    }

    fn probabilities(&self) -> impl Iterator<Item = &[f64]> {
        self.answers.probabilities().chunks_exact(self.known.len().max(1))
    }

    fn mean(&self, of_rows: impl Iterator<Item = f64>) -> f64 {
        super::weighted_sum(of_rows, self.weights) / self.weights.iter().sum::<f64>()
    }

    fn log_loss(&self, classes: &[usize]) -> f64 {
        self.mean(self.probabilities().zip(classes).map(|(row, class)| -row[*class].max(LEAST).ln()))
    }

    /// The mean of squared differences of probabilities from 1 and 0, summed over the classes; half of it for two classes.
    ///
    /// Source: G. W. Brier, "Verification of forecasts expressed in terms of probability" (1950).
    fn brier(&self, classes: &[usize]) -> f64 {
        let of_row = |(row, own): (&[f64], &usize)| -> f64 {
            row.iter().enumerate().map(|(class, it)| (f64::from(u8::from(class == *own)) - it).powi(2)).sum()
        };
        let sum = self.mean(self.probabilities().zip(classes).map(of_row));
        if self.known.len() == 2 { sum / 2.0 } else { sum }
    }

    /// Of two classes by the probability of the second one; of more the mean over all, each against the rest.
    fn areas(&self, classes: &[usize], ask: &dyn Fn() -> Result<()>) -> Result<Option<Areas>> {
        let asked = if self.known.len() == 2 { 1..2 } else { 0..self.known.len() };
        let (n, mut mean) = (asked.len() as f64, Areas { roc_auc: 0.0, average_precision: 0.0 });
        for class in asked {
            ask()?;
            let rows = self.probabilities().zip(classes).zip(self.weights);
            let rows: Vec<Scored> = rows.map(|((row, own), weight)| (row[class], *own == class, *weight)).collect();
            let Some(Areas { roc_auc, average_precision }) = areas(rows) else { return Ok(None) };
            mean.roc_auc += roc_auc / n;
            mean.average_precision += average_precision / n;
        }
        Ok(Some(mean))
    }
}

fn class_metrics(confusion: &Array2<f64>, label: usize) -> ClassMetrics {
    let (hits, support, answered) =
        (confusion[[label, label]], confusion.row(label).sum(), confusion.column(label).sum());
    let share = |of: f64| (of > 0.0).then(|| hits / of);
    ClassMetrics {
        precision: share(answered),
        recall: share(support),
        f1: share((support + answered) / 2.0).unwrap_or(0.0),
        support,
    }
}

impl ClassReport {
    /// A precision that is not defined counts as 0 in a mean, as in scikit-learn; so does a recall, but in `balanced_accuracy`.
    fn metrics(&self, wanted: Wanted) -> Metrics {
        let all: f64 = self.confusion.sum();
        let hits: f64 = self.confusion.diag().sum();
        let recalls: Vec<f64> = self.classes.iter().filter_map(|class| class.recall).collect();
        let of = |value: fn(&ClassMetrics) -> f64, weight: fn(&ClassMetrics) -> f64| {
            let weights: f64 = self.classes.iter().map(weight).sum();
            Some(self.classes.iter().map(|class| weight(class) * value(class)).sum::<f64>() / weights)
        };
        let precision = |class: &ClassMetrics| class.precision.unwrap_or(0.0);
        let recall = |class: &ClassMetrics| class.recall.unwrap_or(0.0);
        let (f1, one, support) = (|it: &ClassMetrics| it.f1, |_: &ClassMetrics| 1.0, |it: &ClassMetrics| it.support);
        wanted.defined(&[
            ("accuracy", &|| Some(hits / all)),
            ("balanced_accuracy", &|| Some(recalls.iter().sum::<f64>() / recalls.len() as f64)),
            ("precision_macro", &|| of(precision, one)),
            ("precision_weighted", &|| of(precision, support)),
            ("recall_macro", &|| of(recall, one)),
            ("recall_weighted", &|| of(recall, support)),
            ("f1_macro", &|| of(f1, one)),
            ("f1_weighted", &|| of(f1, support)),
        ])
    }
}
