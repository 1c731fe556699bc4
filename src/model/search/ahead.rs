//! What is known of rows before they are read.

use crate::error::{Error, Result};
use crate::model::{Bounds, ResolvedStep, UnfittedStep};

/// Rows that are to be searched with.
#[derive(Clone, Copy, Debug)]
pub struct Ahead {
    /// How many there are.
    pub n_rows: usize,
    /// Whether the best candidate will be fitted on all of them.
    pub publishes: bool,
    /// What the fits may take.
    pub bounds: Bounds,
}

/// A fit that will be made.
pub(super) struct FitAhead {
    pub(super) n_rows: usize,
    /// Which rows these are.
    pub(super) what: String,
}

impl FitAhead {
    /// Whether each estimator learns from so many rows.
    pub(super) fn check(&self, steps: &[ResolvedStep], bounds: &Bounds) -> Result<()> {
        steps
            .iter()
            .try_for_each(|step| match step.algorithm.unfitted(&step.parameters) {
                UnfittedStep::Estimator(estimator) => estimator.check_rows(self.n_rows, bounds),
                _ => Ok(()),
            })
            .map_err(|error| match error {
                Error::InvalidArgument { what } => Error::invalid(format!("{what} (these are {})", self.what)),
                other => other,
            })
    }
}

#[cfg(test)]
mod tests {
    use crate::data::{ColumnSchema, ColumnType};
    use crate::error::Result;
    use crate::model::search::{Ahead, Choices, CrossValidation, Dimension, FoldKind, SearchSpec, Strategy};
    use crate::model::{Bounds, Spec, StepSpec, Value};

    fn pipeline(algorithm: &str) -> Spec {
        let step = |algorithm: &str| StepSpec { algorithm: algorithm.into(), ..StepSpec::default() };
        Spec { steps: vec![step("standard_scaler"), step(algorithm)], target: Some("y".into()), ..Spec::default() }
    }

    fn four_folds(kind: Option<FoldKind>) -> SearchSpec {
        let choices = Choices::Values(vec![Value::Number(0.5), Value::Number(2.0)]);
        let parameters = vec![Dimension { step: 1, name: "C".into(), choices }];
        let cross_validation = CrossValidation { kind, n_splits: Some(4), ..CrossValidation::default() };
        SearchSpec { parameters, cross_validation, ..SearchSpec::default() }
    }

    /// Of a machine that takes 75 rows.
    fn checked(search: &SearchSpec, pipeline: &Spec, n_rows: usize, publishes: bool) -> Result<()> {
        let column = |name: &str| ColumnSchema { name: name.into(), column_type: ColumnType::Integer };
        let bounds = Bounds { svm_rows: 75, ..Bounds::default() };
        search.check_on(pipeline, &["x", "w", "y"].map(column), &Ahead { n_rows, publishes, bounds })
    }

    #[test]
    fn a_fold_that_no_candidate_can_learn_from_is_refused_before_rows_are_read() {
        for algorithm in ["svr", "svc"] {
            let refused = checked(&four_folds(None), &pipeline(algorithm), 101, false).unwrap_err().to_string();

            assert!(refused.starts_with(&format!("{algorithm} takes at most 75 rows, ")), "{refused}");
            assert!(refused.contains("got 76; ") && refused.contains("training.max_svm_rows"), "{refused}");
            assert!(refused.ends_with("(these are the largest training part of 4 folds of 101 rows)"), "{refused}");
            assert!(checked(&four_folds(None), &pipeline(algorithm), 100, false).is_ok());
        }
    }

    #[test]
    fn what_is_to_be_published_is_fitted_on_all_rows() {
        let refused = checked(&four_folds(None), &pipeline("svr"), 76, true).unwrap_err().to_string();

        assert!(refused.contains("got 76; ") && refused.contains("to be published"), "{refused}");
        assert!(checked(&four_folds(None), &pipeline("svr"), 75, true).is_ok());
    }

    #[test]
    fn folds_by_time_are_as_long_as_the_last_one() {
        let whole = four_folds(Some(FoldKind::TimeSeries));
        let cross_validation = CrossValidation { gap: Some(3), test_size: Some(22), ..whole.cross_validation.clone() };
        let gap = SearchSpec { cross_validation, ..whole.clone() };
        let cross_validation = CrossValidation { max_train_size: Some(75), ..whole.cross_validation.clone() };
        let limited = SearchSpec { cross_validation, ..whole.clone() };

        let most = |search: &SearchSpec| {
            (50..1_000).take_while(|it| checked(search, &pipeline("svr"), *it, false).is_ok()).last()
        };

        assert_eq!([most(&whole), most(&gap), most(&limited)], [Some(93), Some(100), Some(999)]);
    }

    #[test]
    fn no_folds_are_refused_before_their_rows_are_counted() {
        let none = CrossValidation { n_splits: Some(0), ..CrossValidation::default() };
        let search = SearchSpec { cross_validation: none, ..four_folds(None) };

        let refused = checked(&search, &pipeline("svr"), 50, false).unwrap_err().to_string();

        assert_eq!(refused, "n_splits is 0; 2 folds or more are taken");
    }

    #[test]
    fn what_only_the_rows_tell_is_not_refused() {
        let weighted = Spec { sample_weight: Some("w".into()), ..pipeline("svr") };
        let halving = SearchSpec { strategy: Strategy::Halving, ..four_folds(None) };

        assert!(checked(&four_folds(None), &weighted, 1_000, true).is_ok());
        assert!(checked(&halving, &pipeline("svr"), 1_000, false).is_ok());
        assert!(checked(&four_folds(None), &pipeline("logistic_regression"), 1_000, true).is_ok());
    }

    #[test]
    fn rows_that_cannot_be_held_are_refused_before_they_are_read() {
        let (search, column) =
            (four_folds(None), |name: &str| ColumnSchema { name: name.into(), column_type: ColumnType::Float });
        let bounds = Bounds { max_bytes: 1_000, ..Bounds::default() };

        let refused = search.check_on(
            &pipeline("svr"),
            &["x", "y"].map(column),
            &Ahead { n_rows: 100, publishes: false, bounds },
        );

        assert!(refused.unwrap_err().to_string().contains("training.max_job_bytes"));
    }
}
