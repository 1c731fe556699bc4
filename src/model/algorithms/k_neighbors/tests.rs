//! What holds for answers of the nearest rows.

use super::*;
use crate::data::Column;
use crate::error::Code;
use crate::model::tests::trained;
use crate::model::{Rows, Targets, Value};
use ndarray::{Array2, Axis, array};
use std::collections::BTreeMap;

fn checked(algorithm: &dyn Algorithm, given: &[(&str, Value)]) -> Parameters {
    let given: BTreeMap<String, Value> =
        given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Parameters::check(algorithm.name(), &algorithm.parameters(), &given).unwrap()
}

fn fit(training: &Training<'_>, given: &[(&str, Value)]) -> Result<Box<dyn Model>> {
    let algorithm: &dyn Algorithm = match training.rows.targets {
        TargetView::Values(_) => &KNeighborsRegressor,
        _ => &KNeighborsClassifier,
    };
    let UnfittedStep::Estimator(estimator) = algorithm.unfitted(&checked(algorithm, given)) else { unreachable!() };
    estimator.fit(training)
}

fn fitted(features: &Array2<f64>, targets: &Targets, given: &[(&str, Value)]) -> Result<Box<dyn Model>> {
    trained(features, targets, |training| fit(training, given))
}

fn neighbours(number: i64) -> (&'static str, Value) {
    ("n_neighbors", Value::Integer(number))
}

fn by_distance() -> (&'static str, Value) {
    ("weights", Value::Text("distance".into()))
}

fn values(values: &[f64]) -> Targets {
    Targets::Values(values.to_vec().into())
}

fn classes(classes: &[i64]) -> Targets {
    Targets::read(Kind::Classifier, &Column::integer("class", classes.to_vec())).unwrap()
}

fn numbers(model: &dyn Model, rows: &Array2<f64>) -> Vec<f64> {
    match model.predict(rows.view()) {
        Predictions::Values(values) => values.to_vec(),
        Predictions::Classes { probabilities, .. } => probabilities.into_iter().collect(),
        Predictions::Clusters { .. } | Predictions::Mixture { .. } | Predictions::Columns(_) => unreachable!(),
    }
}

#[test]
fn a_regressor_answers_the_mean_of_the_nearest_rows() {
    let model =
        fitted(&array![[0.0], [1.0], [2.0], [9.0]], &values(&[1.0, 2.0, 6.0, 100.0]), &[neighbours(3)]).unwrap();

    assert_eq!(numbers(&*model, &array![[-5.0], [1.1]]), [3.0, 3.0]);
}

#[test]
fn a_classifier_answers_the_shares_of_votes_and_the_first_of_equals() {
    let model = fitted(&array![[0.0], [1.0], [2.0], [9.0]], &classes(&[7, 5, 5, 7]), &[neighbours(4)]).unwrap();

    let Predictions::Classes { labels, probabilities, classes } = model.predict(array![[0.0]].view()) else {
        unreachable!()
    };

    assert_eq!((labels, probabilities), (vec![0], array![[0.5, 0.5]]));
    assert_eq!(*classes, Labels::Integer(vec![5, 7]));
}

#[test]
fn votes_fall_with_distance_and_a_row_that_was_met_decides_alone() {
    let given = [neighbours(3), by_distance()];
    let model = fitted(&array![[0.0], [1.0], [4.0], [0.0]], &values(&[1.0, 3.0, 100.0, 2.0]), &given).unwrap();

    let answers = numbers(&*model, &array![[0.0], [2.0], [1.0]]);

    // From 2 row 1 is 1 away, and rows 0, 2 and 3 are 2 away, of which the first two are asked.
    assert_eq!(answers, [1.5, 0.5 * 3.0 + 0.25 * 1.0 + 0.25 * 100.0, 3.0]);
}

#[test]
fn of_rows_at_the_same_distance_those_that_came_first_are_asked() {
    let model = fitted(&Array2::zeros((6, 2)), &values(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), &[neighbours(2)]).unwrap();

    assert_eq!(numbers(&*model, &array![[0.0, 0.0], [3.0, -1.0]]), [1.5, 1.5]);
}

#[test]
fn metrics_differ_in_who_is_near() {
    let features = array![[3.0, 3.0], [0.0, 5.0], [3.5, 0.5]];
    let nearest = |metric: &str| {
        let given = [neighbours(1), ("metric", Value::Text(metric.into()))];
        numbers(&*fitted(&features, &values(&[1.0, 2.0, 3.0]), &given).unwrap(), &array![[0.0, 0.0]])
    };

    assert_eq!(["euclidean", "manhattan", "chebyshev"].map(nearest), [[3.0], [3.0], [1.0]]);
}

#[test]
fn a_row_of_weight_two_is_that_row_twice() {
    let features = array![[0.0], [1.0], [3.0]];
    let twice = features.select(Axis(0), &[0, 1, 1, 2]);
    for (targets, repeated) in
        [(values(&[1.0, 2.0, 6.0]), values(&[1.0, 2.0, 2.0, 6.0])), (classes(&[1, 2, 3]), classes(&[1, 2, 2, 3]))]
    {
        for given in [vec![], vec![by_distance()]] {
            let weights = [1.0, 2.0, 1.0];
            let rows = Rows::new(&features, targets.view(), &weights);
            let training = Training { rows, seed: 7, threads: 1, progress: &|_: &str, _| Ok(()) };

            let weighted = fit(&training, &[given.clone(), vec![neighbours(3)]].concat()).unwrap();

            let repeated = fitted(&twice, &repeated, &[given, vec![neighbours(4)]].concat()).unwrap();
            let asked = array![[0.0], [0.2], [7.0]];
            for (one, other) in numbers(&*weighted, &asked).iter().zip(numbers(&*repeated, &asked)) {
                assert!((one - other).abs() < 1e-14, "{one} and {other}");
            }
        }
    }
}

#[test]
fn more_neighbours_than_rows_are_refused_with_both_numbers() {
    let refused = fitted(&array![[1.0], [2.0]], &values(&[1.0, 2.0]), &[]).unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.to_string().contains("n_neighbors is 5 and there are 2 rows"), "{refused}");
}

#[test]
fn one_row_and_rows_of_constant_or_repeated_columns_are_enough() {
    for features in [array![[2.0]], Array2::from_elem((1, 9), 0.1)] {
        for given in [vec![neighbours(1)], vec![neighbours(1), by_distance()]] {
            let model = fitted(&features, &values(&[4.0]), &given).unwrap();

            assert_eq!(numbers(&*model, &(&features + 1.0)), [4.0]);
        }
    }
}

#[test]
fn numbers_at_the_ends_of_their_range_are_answered_or_refused() {
    let line = |unit: f64| Array2::from_shape_fn((4, 1), |(row, _)| row as f64 * unit);
    let targets = values(&[f64::MAX, f64::MAX, f64::MIN, 1.0]);
    for metric in ["euclidean", "manhattan", "chebyshev"] {
        let given = [neighbours(2), by_distance(), ("metric", Value::Text(metric.into()))];
        let refused = |unit| fitted(&line(unit), &targets, &given).is_err();
        assert_eq!([1e300, 1e-300].map(refused), [metric == "euclidean"; 2], "{metric}");
        for unit in [1e-140, 1e140] {
            let model = fitted(&line(unit), &targets, &given).unwrap();

            let asked = array![[0.5 * unit], [1e308], [-1e308], [unit]];

            let answers = numbers(&*model, &asked);
            assert!(answers.iter().all(|value| value.is_finite()), "{metric}: {answers:?}");
            assert_eq!((answers[0], answers[3]), (f64::MAX, f64::MAX));
        }
    }
}

#[test]
fn weights_whose_sum_overflows_are_refused() {
    let (features, targets, weights) = (array![[1.0], [2.0]], values(&[1.0, 2.0]), [f64::MAX; 2]);
    let rows = Rows::new(&features, targets.view(), &weights);

    let refused = fit(&Training { rows, seed: 7, threads: 1, progress: &|_: &str, _| Ok(()) }, &[neighbours(1)]);

    assert!(refused.unwrap_err().to_string().contains("weights"));
}

/// What loading answers once an array was changed.
fn loaded(
    algorithm: &dyn Algorithm,
    model: &dyn Model,
    classes: Option<&Arc<Labels>>,
    change: impl Fn(&str, ArrayD<f64>) -> Option<ArrayD<f64>>,
) -> Result<Box<dyn Model>> {
    let mut arrays = Arrays::default();
    for (name, values) in model.arrays() {
        change(name, values).into_iter().for_each(|values| arrays.insert(name, values).unwrap());
    }
    let inputs = Inputs { n_features: 2, n_targets: 1, classes: classes.cloned() };
    match algorithm.load(&checked(algorithm, &[by_distance()]), &mut arrays, &inputs)? {
        FittedStep::Model(model) => Ok(model),
        _ => unreachable!(),
    }
}

#[test]
fn a_model_that_was_stored_answers_the_same_bits_and_a_damaged_one_is_refused() {
    let features = Array2::from_shape_fn((300, 2), |(row, column)| ((row * (column + 3) * 37) as f64).sin());
    let numbers_of = |model: &dyn Model| numbers(model, &(&features * 1.1));
    let of_classes = classes(&(0..300).map(|row| row % 3).collect::<Vec<_>>());
    let labels = of_classes.view().classes().unwrap().1.clone();
    let of_values = values(&(0..300).map(f64::from).collect::<Vec<_>>());
    let cases: [(&dyn Algorithm, Targets, Option<&Arc<Labels>>); 2] =
        [(&KNeighborsClassifier, of_classes, Some(&labels)), (&KNeighborsRegressor, of_values, None)];
    for (algorithm, targets, labels) in cases {
        let model = fitted(&features, &targets, &[by_distance()]).unwrap();

        let stored = loaded(algorithm, &*model, labels, |_, values| Some(values)).unwrap();

        assert_eq!(numbers_of(&*stored), numbers_of(&*model));
        for wrong in ["rows", "targets", "sample_weights"] {
            let missing = loaded(algorithm, &*model, labels, |name, values| (name != wrong).then_some(values));
            let short = loaded(algorithm, &*model, labels, |name, values| {
                Some(if name == wrong { values.slice_axis(Axis(0), (..299).into()).to_owned() } else { values })
            });
            assert!([missing, short].into_iter().all(|it| matches!(it, Err(Error::Damaged { .. }))), "{wrong}");
        }
        let few =
            loaded(algorithm, &*model, labels, |_, values| Some(values.slice_axis(Axis(0), (..4).into()).to_owned()));
        let far = loaded(algorithm, &*model, labels, |name, values| {
            Some(if name == "rows" { values * 1e300 } else { values })
        });
        let light = loaded(algorithm, &*model, labels, |name, values| {
            Some(if name == "sample_weights" { values - 1.0 } else { values })
        });
        assert!([few, far, light].into_iter().all(|it| matches!(it, Err(Error::Damaged { .. }))));
        for shift in [0.5, 1.0, -1.0] {
            let shifted = loaded(algorithm, &*model, labels, |name, values| {
                Some(if name == "targets" { values + shift } else { values })
            });
            assert_eq!(matches!(shifted, Err(Error::Damaged { .. })), labels.is_some());
        }
    }
}
