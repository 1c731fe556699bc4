//! What counts as better, by scikit-learn's names.

use super::spec::SearchSpec;
use crate::error::{Error, Result, quotable};
use crate::model::metrics::Metrics;
use crate::model::{Algorithm, Kind};

/// A metric, and how a score is made of it: greater is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scoring {
    /// As it was asked for.
    pub(super) name: &'static str,
    metric: &'static str,
    make: Make,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Make {
    Kept,
    Negated,
    SquaredAndNegated,
}

const fn of(name: &'static str, metric: &'static str, make: Make) -> Scoring {
    Scoring { name, metric, make }
}

const REGRESSION: [Scoring; 8] = [
    of("r2", "r2", Make::Kept),
    of("explained_variance", "explained_variance", Make::Kept),
    of("neg_root_mean_squared_error", "rmse", Make::Negated),
    of("neg_mean_squared_error", "rmse", Make::SquaredAndNegated),
    of("neg_mean_absolute_error", "mae", Make::Negated),
    of("neg_median_absolute_error", "median_absolute_error", Make::Negated),
    of("neg_rmse", "rmse", Make::Negated),
    of("neg_mae", "mae", Make::Negated),
];
const CLASSIFICATION: [Scoring; 12] = [
    of("accuracy", "accuracy", Make::Kept),
    of("balanced_accuracy", "balanced_accuracy", Make::Kept),
    of("f1_macro", "f1_macro", Make::Kept),
    of("f1_weighted", "f1_weighted", Make::Kept),
    of("precision_macro", "precision_macro", Make::Kept),
    of("precision_weighted", "precision_weighted", Make::Kept),
    of("recall_macro", "recall_macro", Make::Kept),
    of("recall_weighted", "recall_weighted", Make::Kept),
    of("roc_auc", "roc_auc", Make::Kept),
    of("average_precision", "average_precision", Make::Kept),
    of("neg_log_loss", "log_loss", Make::Negated),
    of("neg_brier_score", "brier_score_loss", Make::Negated),
];
const DENSITY: [Scoring; 1] = [of("log_likelihood", "log_likelihood", Make::Kept)];

impl Scoring {
    /// `None` if the metric is not defined for the rows.
    pub(super) fn of(&self, metrics: &Metrics) -> Option<f64> {
        let value = *metrics.get(self.metric)?;
        let score = match self.make {
            Make::Kept => value,
            Make::Negated => -value,
            Make::SquaredAndNegated => -value * value,
        };
        score.is_finite().then_some(score)
    }
}

impl SearchSpec {
    /// What candidates of this kind are ranked by.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the kind has no such score, or none at all.
    pub(super) fn scoring(&self, kind: Kind, last: Option<&dyn Algorithm>) -> Result<Scoring> {
        let known: &[Scoring] = match kind {
            Kind::Regressor => &REGRESSION,
            Kind::Classifier | Kind::Calibrator => &CLASSIFICATION,
            _ if last.is_some_and(|it| it.has_density()) => &DENSITY,
            other => {
                return Err(Error::invalid(format!(
                    "a {} has no score on rows that it has not seen; search a regressor, a classifier or a mixture",
                    other.name()
                )));
            }
        };
        let Some(name) = &self.scoring else { return Ok(known[0]) };
        known.iter().find(|it| it.name == name).copied().ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|it| it.name).collect();
            let negated = known.iter().find(|it| it.metric == name.as_str()).map(|it| it.name);
            let advice = negated.map_or_else(
                || format!("there are {}", names.join(", ")),
                |negated| format!("a lower one is better, and its score is named {negated:?}"),
            );
            Error::invalid(format!("scoring {:?} is not known for a {}; {advice}", quotable(name), kind.name()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scoring(name: &str) -> Result<Scoring> {
        SearchSpec { scoring: Some(name.into()), ..SearchSpec::default() }.scoring(Kind::Regressor, None)
    }

    #[test]
    fn errors_are_negated_so_that_greater_is_better() {
        let metrics = Metrics::from([("rmse".into(), 3.0), ("r2".into(), 0.5)]);

        let scores =
            ["r2", "neg_rmse", "neg_mean_squared_error", "neg_mae"].map(|it| scoring(it).unwrap().of(&metrics));

        assert_eq!(scores, [Some(0.5), Some(-3.0), Some(-9.0), None]);
    }

    #[test]
    fn a_metric_whose_lower_value_is_better_is_refused_with_the_name_of_its_score() {
        let (lower, unknown) = (scoring("mae").unwrap_err().to_string(), scoring("accuracy").unwrap_err().to_string());

        assert!(lower.contains("\"neg_mean_absolute_error\""), "{lower}");
        assert!(unknown.contains("\"accuracy\" is not known for a regressor; there are r2"), "{unknown}");
    }

    #[test]
    fn what_has_no_score_on_other_rows_is_refused() {
        let message = SearchSpec::default().scoring(Kind::Clusterer, None).unwrap_err().to_string();

        assert!(message.contains("a clusterer has no score"), "{message}");
    }
}
