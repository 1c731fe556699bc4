//! Classes of few rows, weighed as much as those of many.

use super::{Estimator, Model, ParameterSpec, Parameters, Rows, Training, Value};
use crate::error::{Error, Result};

/// The parameter of the estimators that can.
const NAME: &str = "class_weight";
const BALANCED: &str = "balanced";

/// `class_weight`, for an estimator that has it; what it means is done here, before the fit.
pub(super) fn parameter() -> ParameterSpec {
    let meaning = "Whether rows count as their weights say, or balanced: each also by n / (k count) of its class, so that the \
                   k classes weigh the same.";
    ParameterSpec::one_of(NAME, &["none", BALANCED], meaning)
}

/// An estimator whose rows count as its `class_weight` says, wherever it is fitted: also on the parts of a calibration.
#[derive(Debug)]
pub(super) struct ByClass<'a> {
    estimator: &'a dyn Estimator,
    parameters: &'a Parameters,
}

impl<'a> ByClass<'a> {
    pub(super) fn new(estimator: &'a dyn Estimator, parameters: &'a Parameters) -> Self {
        Self { estimator, parameters }
    }
}

impl Estimator for ByClass<'_> {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        match balanced(self.parameters, &training.rows)? {
            None => self.estimator.fit(training),
            Some(weights) => self.estimator.fit(&Training { rows: training.rows.weighing(&weights), ..*training }),
        }
    }
}

/// The weights of rows for an estimator with these parameters; `None` for those that they have.
///
/// Each is multiplied by `n / (k n_c)`: `n` is the weight of all rows, `n_c` that of its class, `k` the number of classes. Source:
/// scikit-learn's `compute_class_weight`, after G. King, L. Zeng, "Logistic regression in rare events data" (2001).
///
/// # Errors
/// [`Error::InvalidArgument`] if one of them leaves what a number holds.
fn balanced(parameters: &Parameters, rows: &Rows<'_>) -> Result<Option<Vec<f64>>> {
    if !matches!(parameters.values().get(NAME), Some(Value::Text(it)) if it == BALANCED) {
        return Ok(None);
    }
    let (classes, labels) = rows.targets.classes()?;
    let mut of_class = vec![0.0; labels.len()];
    classes.iter().zip(rows.weights).for_each(|(class, weight)| of_class[*class] += weight);
    // Of those that have rows: a part of a table may lack a class.
    let there: Vec<f64> = of_class.iter().copied().filter(|weight| *weight > 0.0).collect();
    let mean = there.iter().sum::<f64>() / there.len() as f64;
    let weights: Vec<f64> =
        classes.iter().zip(rows.weights).map(|(it, weight)| weight * (mean / of_class[*it])).collect();
    if weights.iter().all(|weight| *weight > 0.0 && weight.is_finite()) {
        return Ok(Some(weights));
    }
    Err(Error::invalid(
        "class_weight \"balanced\" and these weights of rows leave what a number holds; bring the weights nearer to 1",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;
    use crate::model::{Kind, Targets};
    use ndarray::Array2;

    fn weights(class_weight: &str, of_rows: &[f64]) -> Option<Vec<f64>> {
        let given = [(NAME.to_owned(), Value::Text(class_weight.into()))].into();
        let parameters = Parameters::check("svc", &[parameter()], &given).unwrap();
        let classes = Column::text("y", &["a", "b", "a", "a"]);
        let (features, targets) = (Array2::zeros((4, 1)), Targets::read(Kind::Classifier, &classes).unwrap());
        balanced(&parameters, &Rows::new(&features, targets.view(), of_rows)).unwrap()
    }

    #[test]
    fn balanced_classes_weigh_the_same_and_all_rows_what_they_did() {
        let third = 4.0 / (2.0 * 3.0);

        assert_eq!(weights(BALANCED, &[1.0; 4]), Some(vec![third, 2.0, third, third]));
        assert_eq!(weights("none", &[1.0; 4]), None);
    }

    #[test]
    fn a_class_counts_by_the_weights_of_its_rows() {
        assert_eq!(weights(BALANCED, &[1.0, 6.0, 2.0, 3.0]), Some(vec![1.0, 6.0, 2.0, 3.0]));
        assert_eq!(weights(BALANCED, &[1.0, 3.0, 2.0, 6.0]), Some(vec![2.0 / 3.0, 6.0, 4.0 / 3.0, 4.0]));
    }

    #[test]
    fn an_estimator_without_the_parameter_takes_rows_as_they_are() {
        let parameters = Parameters::check("ridge", &[], &[].into()).unwrap();
        let (features, targets) = (Array2::zeros((1, 1)), Targets::None);

        assert_eq!(balanced(&parameters, &Rows::new(&features, targets.view(), &[1.0])).unwrap(), None);
    }
}
