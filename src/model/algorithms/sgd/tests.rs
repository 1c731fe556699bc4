//! What is not a comparison with scikit-learn: refusals, probabilities at their ends, and averages.

use super::*;
use crate::data::Column;
use crate::error::Code;
use crate::model::tests::trained;
use crate::model::{Predictions, Targets};
use ndarray::{Array2, array};
use std::collections::BTreeMap;

fn fitted(
    algorithm: &dyn Algorithm,
    features: &Array2<f64>,
    targets: &Targets,
    given: &[(&str, Value)],
) -> Result<Box<dyn Model>> {
    let given: BTreeMap<String, Value> = given.iter().map(|(name, it)| ((*name).to_owned(), it.clone())).collect();
    let parameters = Parameters::check(algorithm.name(), &algorithm.parameters(), &given)?;
    let UnfittedStep::Estimator(estimator) = algorithm.unfitted(&parameters) else { unreachable!() };
    trained(features, targets, |training| estimator.fit(training))
}

fn numbers(features: &Array2<f64>, targets: &[f64], given: &[(&str, Value)]) -> Result<Box<dyn Model>> {
    fitted(&SgdRegressor, features, &Targets::Values(targets.to_vec().into()), given)
}

fn classes(features: &Array2<f64>, targets: &[i64], given: &[(&str, Value)]) -> Result<Box<dyn Model>> {
    let targets = Targets::read(Kind::Classifier, &Column::integer("y", targets.to_vec())).unwrap();
    fitted(&SgdClassifier, features, &targets, given)
}

fn word(name: &'static str, value: &str) -> (&'static str, Value) {
    (name, Value::Text(value.into()))
}

#[test]
fn a_line_without_noise_is_found() {
    let features = Array2::from_shape_fn((40, 1), |(row, _)| f64::from(row as u32) / 20.0 - 1.0);
    let targets: Vec<f64> = features.iter().map(|x| 3.0 - 2.0 * x).collect();
    let given = [("tol", Value::Number(0.0)), ("eta0", Value::Number(0.1)), word("penalty", "none")];

    let model = numbers(&features, &targets, &given).unwrap();

    let Predictions::Values(values) = model.predict(array![[0.5], [-3.0]].view()) else { unreachable!() };
    assert!((values[0] - 2.0).abs() < 1e-6 && (values[1] - 9.0).abs() < 1e-6, "{values}");
}

#[test]
fn steps_that_lead_away_are_refused_with_advice_and_not_answered() {
    for (scale, given) in [(1e3, vec![]), (1e200, vec![]), (1e200, vec![word("loss", "huber")])] {
        let features = Array2::from_shape_fn((30, 2), |(row, column)| scale * ((row * 7 + column * 3) % 11) as f64);

        let refused = numbers(&features, &[1.0, 2.0, 4.0].repeat(10), &given).unwrap_err();

        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.to_string().contains("with standard_scaler, or choose a smaller eta0"), "{refused}");
    }
}

#[test]
fn a_learning_rate_that_has_nothing_to_begin_with_is_refused() {
    let given = [("alpha", Value::Integer(0))];

    let refused = classes(&array![[1.0], [2.0]], &[0, 1], &given).unwrap_err().to_string();

    assert!(refused.contains("alpha is 0") && refused.contains("another learning_rate"), "{refused}");
    classes(&array![[1.0], [2.0]], &[0, 1], &[given[0].clone(), word("learning_rate", "constant")]).unwrap();
}

fn answering(intercepts: &[f64], loss: &str) -> Box<dyn Model> {
    let n_classes = if intercepts.len() == 1 { 2 } else { intercepts.len() };
    let labels = Arc::new(Labels::Integer((0..n_classes as i64).collect()));
    let coefficients = Array2::from_elem((1, intercepts.len()), 0.0);
    let learned = Learned { coefficients, intercepts: intercepts.to_vec().into(), classes: labels };
    let given = [("loss".to_owned(), Value::Text(loss.into()))].into();
    learned.model(CLASSIFIER, &Parameters::check(CLASSIFIER, &SgdClassifier.parameters(), &given).unwrap()).unwrap()
}

fn answer(model: &dyn Model) -> (usize, Vec<f64>) {
    let Predictions::Classes { labels, probabilities, .. } = model.predict(array![[1.0]].view()) else {
        unreachable!()
    };
    (labels[0], probabilities.into_raw_vec_and_offset().0)
}

#[test]
fn the_largest_score_decides_also_where_probabilities_are_the_same() {
    assert_eq!(answer(&*answering(&[40.0, 50.0, -3.0], "hinge")).0, 1);
    assert_eq!(answer(&*answering(&[2.0, 3.0, 3.0], "modified_huber")), (1, vec![1.0 / 3.0; 3]));
    assert_eq!(answer(&*answering(&[-5.0, -2.0, -3.0], "modified_huber")), (1, vec![1.0 / 3.0; 3]));
    assert_eq!(answer(&*answering(&[-2000.0, -1000.0, -3000.0], "log_loss")), (1, vec![0.0, 1.0, 0.0]));
    assert_eq!(answer(&*answering(&[0.5], "modified_huber")), (1, vec![0.25, 0.75]));
    assert_eq!(answer(&*answering(&[0.0], "perceptron")), (0, vec![0.5, 0.5]));
}

#[test]
fn a_score_that_overflows_still_answers_a_class() {
    let classes = Arc::new(Labels::Integer(vec![0, 1, 2]));
    let learned = Learned { coefficients: array![[1e300, -1e300, 0.0]], intercepts: array![0.0, 0.0, 0.0], classes };
    let given = BTreeMap::new();
    let model = learned.model(CLASSIFIER, &Parameters::check(CLASSIFIER, &SgdClassifier.parameters(), &given).unwrap());

    let Predictions::Classes { labels, probabilities, .. } = model.unwrap().predict(array![[1e300]].view()) else {
        unreachable!()
    };

    assert_eq!((labels, probabilities), (vec![0], array![[2.0 / 3.0, 0.0, 1.0 / 3.0]]));
}

#[test]
fn averages_begin_with_their_step_and_answer_nothing_before_it() {
    let (features, targets) = (array![[1.0], [2.0], [-1.0]], [1.0, 2.0, 3.0]);
    let fit = |average: Value| {
        let given = [("average", average), ("max_iter", Value::Integer(1)), ("shuffle", Value::Flag(false))];
        numbers(&features, &targets, &given).unwrap().arrays()
    };

    let [never, late, last, first, always] =
        [Value::Integer(0), Value::Integer(4), Value::Integer(3), Value::Integer(1), Value::Flag(true)].map(fit);

    // The mean of the last step alone is what that came to.
    assert!(never == late && never == last && first == always && first != never);
}

#[test]
fn another_seed_takes_rows_in_another_order_and_unshuffled_they_are_taken_as_they_stand() {
    let rule = |shuffle| {
        let given = [("shuffle".to_owned(), Value::Flag(shuffle))].into();
        let parameters = Parameters::check(REGRESSOR, &SgdRegressor.parameters(), &given).unwrap();
        Rule::of(REGRESSOR, true, &parameters)
    };

    let orders: Vec<_> = [(7, 0), (8, 0), (7, 1)].map(|(seed, pass)| rule(true).order(seed, pass, 50).unwrap()).into();

    assert!(orders[0] != orders[1] && orders[0] != orders[2] && orders[1] != orders[2]);
    for mut order in orders {
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
    }
    assert_eq!(rule(false).order(7, 0, 50), None);
}
