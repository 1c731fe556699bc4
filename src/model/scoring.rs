//! What counts as better, by scikit-learn's names: greater is better, and errors are negated.
//!
//! [`search`](super::search) ranks candidates by it, and [`Importances`](super::Importances) are by how much it falls. Both know
//! the same names of regressors and of classifiers: [`metrics`](super::metrics) under their names where greater is better.

use super::metrics::{Judged, Metrics, Wanted};
use super::{Algorithm, Kind, TargetView};
use crate::error::{Error, Result, quotable};

/// A metric, and how a score is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scoring {
    /// As it was asked for.
    pub name: &'static str,
    /// As in [`Evaluation::metrics`](super::Evaluation::metrics).
    pub(super) metric: &'static str,
    make: Make,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Make {
    Kept,
    Negated,
    SquaredAndNegated,
}

const fn of(name: &'static str, metric: &'static str, make: Make) -> Scoring {
    Scoring { name, metric, make }
}

/// The first one of each table is that of callers who name none, as in scikit-learn.
const REGRESSION: &[Scoring] = &[
    of("r2", "r2", Make::Kept),
    of("explained_variance", "explained_variance", Make::Kept),
    of("neg_root_mean_squared_error", "rmse", Make::Negated),
    of("neg_mean_squared_error", "rmse", Make::SquaredAndNegated),
    of("neg_mean_absolute_error", "mae", Make::Negated),
    of("neg_median_absolute_error", "median_absolute_error", Make::Negated),
    of("neg_rmse", "rmse", Make::Negated),
    of("neg_mae", "mae", Make::Negated),
];
const CLASSIFICATION: &[Scoring] = &[
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
/// Of clusterers whose columns are shuffled.
const CLUSTERING: &[Scoring] = &[
    of("adjusted_rand_score", "adjusted_rand", Make::Kept),
    of("adjusted_rand", "adjusted_rand", Make::Kept),
    of("neg_inertia", "inertia", Make::Negated),
];
/// Of mixtures that are searched.
const DENSITY: &[Scoring] = &[of("log_likelihood", "log_likelihood", Make::Kept)];

impl Scoring {
    /// What candidates of this kind are ranked by, `last` being the algorithm of their last step: by its name, or the usual one.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the kind has no such score, or none at all on rows that it has not seen.
    pub(super) fn to_rank(kind: Kind, last: Option<&dyn Algorithm>, name: Option<&str>) -> Result<Self> {
        let of_density = || last.is_some_and(|it| it.has_density()).then_some(DENSITY);
        let known = of_targets(kind).or_else(of_density).ok_or_else(|| {
            Error::invalid(format!(
                "a {} has no score on rows that it has not seen; search a regressor, a classifier or a mixture",
                kind.name()
            ))
        })?;
        named(known, kind, name)
    }

    /// What falls when columns of a model of this kind are shuffled: by its name, or the usual one.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the kind has no such score; [`Error::FailedPrecondition`] if it has none at all.
    pub fn to_shuffle(kind: Kind, name: Option<&str>) -> Result<Self> {
        let of_clusters = || (kind == Kind::Clusterer).then_some(CLUSTERING);
        let known = of_targets(kind).or_else(of_clusters).ok_or_else(|| {
            Error::precondition(format!(
                "the answers of a model of kind {} are neither right nor wrong, so that no score falls; importances are those of \
                 regressors, classifiers and clusterers",
                kind.name()
            ))
        })?;
        named(known, kind, name)
    }

    /// `None` if the metric is not defined for the rows.
    pub(super) fn of(&self, metrics: &Metrics) -> Option<f64> {
        let value = *metrics.get(self.metric)?;
        let score = match self.make {
            Make::Kept => value,
            // Taken from 0, so that no error is 0 and not -0.
            Make::Negated => 0.0 - value,
            Make::SquaredAndNegated => 0.0 - value * value,
        };
        score.is_finite().then_some(score)
    }

    /// That of answers beside what they should have been; `None` if it is not defined for them. `ask` is asked between parts that take
    /// long.
    ///
    /// # Errors
    /// What `ask` answers.
    pub(super) fn of_answers(&self, judged: &Judged<'_>, ask: &dyn Fn() -> Result<()>) -> Result<Option<f64>> {
        let wanted = Wanted::One(self.metric);
        Ok(match judged.truth {
            TargetView::Several { .. } => self.of_several(&judged.of_each_target(wanted)),
            _ => self.of(&judged.metrics(wanted, ask)?.0),
        })
    }

    /// The mean over targets, as scikit-learn's `multioutput="uniform_average"`; `metrics` are those of each.
    fn of_several(&self, metrics: &[Metrics]) -> Option<f64> {
        let scores = metrics.iter().map(|metrics| self.of(metrics)).collect::<Option<Vec<f64>>>()?;
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        mean.is_finite().then_some(mean)
    }
}

/// Of kinds that learn targets.
fn of_targets(kind: Kind) -> Option<&'static [Scoring]> {
    match kind {
        Kind::Regressor => Some(REGRESSION),
        Kind::Classifier | Kind::Calibrator => Some(CLASSIFICATION),
        _ => None,
    }
}

fn named(known: &[Scoring], kind: Kind, name: Option<&str>) -> Result<Scoring> {
    let Some(name) = name else { return Ok(known[0]) };
    known.iter().find(|it| it.name == name).copied().ok_or_else(|| {
        let is_score = |it: &&Scoring| it.metric == name || it.name.strip_prefix("neg_") == Some(name);
        let advice = known.iter().filter(|it| it.make != Make::Kept).find(is_score).map_or_else(
            || format!("there are {}", known.iter().map(|it| it.name).collect::<Vec<_>>().join(", ")),
            |score| format!("a lower one is better, and its score is named {:?}", score.name),
        );
        Error::invalid(format!("scoring {:?} is not known for a {}; {advice}", quotable(name), kind.name()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::model::find;

    const KINDS: [(Kind, &[Scoring]); 2] = [(Kind::Regressor, REGRESSION), (Kind::Classifier, CLASSIFICATION)];

    fn scoring(name: &str) -> Result<Scoring> {
        Scoring::to_rank(Kind::Regressor, None, Some(name))
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
        for (plain, score) in
            [("rmse", "neg_root_mean_squared_error"), ("mean_squared_error", "neg_mean_squared_error")]
        {
            let refusal = scoring(plain).unwrap_err().to_string();
            assert!(refusal.ends_with(&format!("better, and its score is named {score:?}")), "{refusal}");
        }
    }

    #[test]
    fn a_search_and_importances_know_and_refuse_the_same_names() {
        for (kind, known) in KINDS {
            let names = known.iter().map(|it| it.name).chain(known.iter().map(|it| it.metric)).chain(["beauty"]);
            for name in names.map(Some).chain([None]) {
                let [ranked, shuffled] = [Scoring::to_rank(kind, None, name), Scoring::to_shuffle(kind, name)]
                    .map(|found| found.map_err(|error| (error.code(), error.to_string())));

                assert_eq!(ranked, shuffled);
            }
        }
    }

    #[test]
    fn clusters_have_scores_of_their_own() {
        let shuffled = |name| Scoring::to_shuffle(Kind::Clusterer, name).map(|it| it.name);
        let mixture = find("gaussian_mixture").unwrap();

        assert_eq!(shuffled(None).unwrap(), "adjusted_rand_score");
        assert_eq!(shuffled(Some("neg_inertia")).unwrap(), "neg_inertia");
        assert!(shuffled(Some("inertia")).unwrap_err().to_string().contains("its score is named \"neg_inertia\""));
        assert_eq!(Scoring::to_rank(Kind::Clusterer, Some(mixture), None).unwrap().name, "log_likelihood");
    }

    /// scikit-learn's `mean_squared_error` of errors 3 and 1 is 5, and its `root_mean_squared_error` 2.
    #[test]
    fn a_score_of_several_targets_is_the_mean_of_those_of_each() {
        let errors = [3.0, 1.0].map(|rmse| Metrics::from([("rmse".into(), rmse)]));

        let scores =
            ["neg_mean_squared_error", "neg_rmse", "neg_mae"].map(|it| scoring(it).unwrap().of_several(&errors));

        assert_eq!(scores, [Some(-5.0), Some(-2.0), None]);
    }

    #[test]
    fn what_has_no_score_on_other_rows_is_refused() {
        let message = Scoring::to_rank(Kind::Clusterer, None, None).unwrap_err().to_string();

        assert!(message.contains("a clusterer has no score"), "{message}");
        for kind in [Kind::Transformer, Kind::OutlierDetector] {
            assert_eq!(Scoring::to_shuffle(kind, None).unwrap_err().code(), Code::FailedPrecondition);
        }
    }

    #[test]
    fn every_score_stands_in_the_documentation() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md")).unwrap();
        let section = page.split("\n## ").find(|it| it.starts_with("Scores")).unwrap();

        for it in [REGRESSION, CLASSIFICATION, CLUSTERING, DENSITY].concat() {
            assert!(section.contains(&format!("`{}`", it.name)), "{} is not there", it.name);
        }
    }
}
