//! Answers beside what they should have been.

use super::regression::{mean_of, of_each};
use super::{Answers, ClassReport, Classified, Metrics, Wanted};
use crate::error::Result;
use crate::model::TargetView;

/// What a model answered to some rows, and what it should have answered.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// One for each row.
    pub answers: &'a Answers,
    /// One for each row, or nothing.
    pub truth: TargetView<'a>,
    /// Where each of the model's classes is among the labels of the truth; nothing of what has no classes.
    pub known: &'a [usize],
    /// How often each row counts, above 0.
    pub weights: &'a [f64],
}

impl Judged<'_> {
    /// The metrics that are wanted, and the report of a classifier. Of several targets they are means. `ask` is asked between parts
    /// that take long.
    ///
    /// # Errors
    /// What `ask` answers.
    pub fn metrics(&self, wanted: Wanted, ask: &dyn Fn() -> Result<()>) -> Result<(Metrics, Option<ClassReport>)> {
        let Self { answers, known, weights, .. } = *self;
        Ok(match self.truth {
            TargetView::None => (answers.sums(), None),
            TargetView::Values(_) | TargetView::Several { .. } => (mean_of(self.of_each_target(wanted)), None),
            TargetView::Classes { indices, labels } => {
                let classified = Classified { truth: indices, labels, known, answers, weights };
                let report = classified.report();
                (classified.those(&report, wanted, ask)?, Some(report))
            }
        })
    }

    /// The metrics that are wanted of each target of a regressor, in their order; none of what is no regressor.
    pub fn of_each_target(&self, wanted: Wanted) -> Vec<Metrics> {
        let (truth, n_targets) = self.truth.numbers().unwrap_or_default();
        of_each(self.answers.values(), truth, n_targets, self.weights, wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;
    use crate::model::{Predictions, Targets};
    use ndarray::array;
    use std::cell::Cell;
    use std::sync::Arc;

    fn of_classes() -> (Answers, Targets) {
        let probabilities = array![[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.4, 0.5, 0.1], [0.1, 0.2, 0.7]];
        let classes = Arc::new(Labels::Integer(vec![1, 2, 3]));
        let mut answers = Answers::default();
        let predictions =
            Predictions::Classes { labels: vec![0, 1, 1, 2], probabilities, classes: Arc::clone(&classes) };
        answers.add(&predictions, &[1.0; 4]);
        (answers, Targets::Classes { indices: array![0, 1, 0, 2], labels: classes })
    }

    fn of_numbers(truth: Targets) -> (Answers, Targets) {
        let mut answers = Answers::default();
        answers.add(&Predictions::Columns(array![[1.0, 5.0], [2.5, 4.0]]), &[1.0; 2]);
        (answers, truth)
    }

    #[test]
    fn a_metric_that_is_computed_alone_is_the_one_among_all() {
        let several = of_numbers(Targets::Several(array![[1.5, 4.0], [2.0, 5.0]]));
        let one = of_numbers(Targets::Values(array![1.5, 4.0, 2.0, 5.0]));
        for ((answers, truth), n_metrics) in [(of_classes(), 12), (several, 5), (one, 5)] {
            let n_rows = if matches!(truth, Targets::Several(_)) { 2 } else { 4 };
            let weights = vec![1.0; n_rows];
            let judged = Judged { answers: &answers, truth: truth.view(), known: &[0, 1, 2], weights: &weights };
            let all = judged.metrics(Wanted::All, &|| Ok(())).unwrap().0;
            assert_eq!(all.len(), n_metrics, "{all:?}");

            for (name, value) in &all {
                let name: &'static str = name.clone().leak();
                let alone = judged.metrics(Wanted::One(name), &|| Ok(())).unwrap().0;
                assert_eq!(alone, Metrics::from([(name.into(), *value)]));
            }
        }
    }

    #[test]
    fn rows_are_sorted_only_for_metrics_that_need_it() {
        let (answers, truth) = of_classes();
        let judged = Judged { answers: &answers, truth: truth.view(), known: &[0, 1, 2], weights: &[1.0; 4] };
        // It is asked before the rows are sorted for each class.
        let sorted = |name| {
            let times = Cell::new(0);
            let ask = || {
                times.set(times.get() + 1);
                Ok(())
            };
            judged.metrics(Wanted::One(name), &ask).unwrap();
            times.get()
        };

        assert_eq!(["accuracy", "log_loss", "roc_auc", "average_precision"].map(sorted), [0, 0, 3, 3]);
    }
}
