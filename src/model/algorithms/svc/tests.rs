//! What holds for votes of support vector machines.

use super::*;
use crate::data::{Column, Labels};
use crate::error::{Code, Error};
use crate::model::tests::trained;
use crate::model::{Predictions, Rows, Targets, Value};
use ndarray::{Array2, ArrayD, Axis, array};
use std::collections::BTreeMap;
use std::sync::Arc;

fn checked(given: &[(&str, Value)]) -> Parameters {
    let given: BTreeMap<String, Value> = given.iter().map(|(name, it)| ((*name).to_owned(), it.clone())).collect();
    Parameters::check(NAME, &Svc.parameters(), &given).unwrap()
}

fn fit(training: &Training<'_>, given: &[(&str, Value)]) -> Result<Box<dyn Model>> {
    let UnfittedStep::Estimator(estimator) = Svc.unfitted(&checked(given)) else { unreachable!() };
    estimator.fit(training)
}

fn fitted(features: &Array2<f64>, targets: &Targets, given: &[(&str, Value)]) -> Result<Box<dyn Model>> {
    trained(features, targets, |training| fit(training, given))
}

fn linear() -> (&'static str, Value) {
    ("kernel", Value::Text("linear".into()))
}

fn classes(classes: &[i64]) -> Targets {
    Targets::read(Kind::Classifier, &Column::integer("class", classes.to_vec())).unwrap()
}

fn answers(model: &dyn Model, rows: &Array2<f64>) -> (Vec<usize>, Array2<f64>) {
    let Predictions::Classes { labels, probabilities, .. } = model.predict(rows.view()) else { unreachable!() };
    (labels, probabilities)
}

/// Rows of three classes in a circle, some of them twice.
fn circle() -> (Array2<f64>, Vec<i64>) {
    let at = |row: usize| (row % 50) as f64 * 0.37;
    let features =
        Array2::from_shape_fn((60, 2), |(row, column)| (at(row) + column as f64 * 1.6).sin() + at(row) * 0.01);
    (features, (0..60).map(|row| row % 50 % 3).collect())
}

fn array(model: &dyn Model, name: &str) -> ArrayD<f64> {
    model.arrays().into_iter().find(|(it, _)| *it == name).unwrap().1
}

#[test]
fn of_classes_with_as_many_votes_the_first_one_is_the_answer() {
    let inputs = Inputs { n_features: 1, n_targets: 1, classes: Some(Arc::new(Labels::Integer(vec![5, 6, 7]))) };
    let mut arrays = Arrays::default();
    arrays.insert("coefficients", Array2::zeros((1, 3)).into_dyn()).unwrap();
    arrays.insert("intercepts", array![-1.0, 1.0, -1.0].into_dyn()).unwrap(); // 6 beats 5, 5 beats 7, 7 beats 6

    let FittedStep::Model(model) = Svc.load(&checked(&[linear()]), &mut arrays, &inputs).unwrap() else {
        unreachable!()
    };

    assert_eq!(answers(&*model, &array![[3.0]]), (vec![0], array![[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]]));
}

#[test]
fn a_linear_machine_answers_what_its_support_vectors_would() {
    let (features, targets) = circle();
    let polynomial = [
        ("kernel", Value::Text("poly".into())),
        ("degree", Value::Integer(1)),
        ("gamma", Value::Number(1.0)),
        ("tol", Value::Number(1e-9)),
    ];
    let targets = classes(&targets[..]);

    let by_vectors = fitted(&features, &targets, &polynomial).unwrap();
    let by_coefficients = fitted(&features, &targets, &[linear(), ("tol", Value::Number(1e-9))]).unwrap();

    let rows = &features * 1.3 + 0.1;
    assert_eq!(answers(&*by_vectors, &rows), answers(&*by_coefficients, &rows));
    let (one, other) = (array(&*by_vectors, "intercepts"), array(&*by_coefficients, "intercepts"));
    assert!((&one - &other).iter().all(|it| it.abs() < 1e-8), "{one} and {other}");
}

#[test]
fn a_row_of_weight_two_is_the_row_twice_to_the_bit() {
    let (features, targets) = circle();
    let (once, few) = (features.slice_axis(Axis(0), (..50).into()).to_owned(), classes(&targets[..50]));
    let weights: Vec<f64> = (0..50).map(|row| if row < 10 { 2.0 } else { 1.0 }).collect();
    for given in [vec![], vec![linear()]] {
        let rows = Rows::new(&once, few.view(), &weights);

        let weighted = fit(&Training { rows, seed: 7, threads: 2, progress: &|_: &str, _| Ok(()) }, &given).unwrap();

        let repeated = fitted(&features, &classes(&targets), &given).unwrap();
        assert_eq!(weighted.arrays(), repeated.arrays());
    }
}

#[test]
fn a_class_without_rows_is_never_the_answer() {
    let features = array![[1.0, 0.0], [2.0, 1.0], [3.0, 0.5], [9.0, 1.0]];
    for labels in [vec![4, 7], vec![4, 5, 7], vec![3, 4, 5, 6, 7]] {
        let own = labels.iter().position(|label| *label == 4).unwrap();
        let targets =
            Targets::Classes { indices: array![own, own, own, own], labels: Arc::new(Labels::Integer(labels)) };
        for given in [vec![], vec![linear()]] {
            let model = fitted(&features, &targets, &given).unwrap();

            assert_eq!(answers(&*model, &features).0, [own; 4]);
        }
    }
}

#[test]
fn constant_columns_and_equal_rows_of_both_classes_teach_nothing_and_harm_nothing() {
    let features = Array2::from_shape_fn((8, 2), |(row, column)| if column == 0 { 3.0 } else { (row / 2 % 2) as f64 });
    let both = classes(&[0, 1, 0, 1, 0, 1, 0, 1]);
    let one_sided = classes(&[0, 0, 1, 1, 0, 0, 1, 1]);
    for kernel in ["linear", "rbf", "poly", "sigmoid"] {
        let given = [("kernel", Value::Text(kernel.into()))];

        let undecided = answers(&*fitted(&features, &both, &given).unwrap(), &features).1;

        assert!(undecided.iter().all(|it| (it - 0.5).abs() < 1e-3), "{kernel}: {undecided}");
        if kernel != "sigmoid" {
            let decided = answers(&*fitted(&features, &one_sided, &given).unwrap(), &features).0;
            assert_eq!(decided, [0, 0, 1, 1, 0, 0, 1, 1], "{kernel}");
        }
    }
}

#[test]
fn columns_of_any_scale_are_answered_or_refused() {
    let unit = array![[1.0], [2.0], [4.0], [5.0]];
    let targets = classes(&[0, 0, 1, 1]);
    for kernel in ["linear", "rbf", "poly"] {
        let given = [("kernel", Value::Text(kernel.into())), ("C", Value::Number(1e6))];
        let model = fitted(&(&unit * 1e100), &targets, &given);
        match (kernel, model) {
            ("poly", model) => assert!(model.is_ok(), "gamma undoes the scale"),
            (_, model) => {
                let model = model.unwrap();
                assert_eq!(answers(&*model, &(&unit * 1e100)).0, [0, 0, 1, 1], "{kernel}");
                let far = answers(&*model, &array![[f64::MAX], [f64::MIN]]).1;
                assert!(far.iter().all(|it| it.is_finite()), "{far}");
            }
        }
        let refused = fitted(&(&unit * 1e200), &targets, &given).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.to_string().contains("overflow because a column reaches 4.99"), "{refused}");
    }
}

#[test]
fn more_rows_than_a_fit_can_take_are_refused_at_once() {
    let features = Array2::zeros((100_001, 1));

    let refused = fitted(&features, &classes(&(0..100_001).map(|row| row % 2).collect::<Vec<_>>()), &[]).unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.to_string().contains("svc takes at most 100000 rows"), "{refused}");
}

/// Of an array of this name.
type Change<'a> = dyn Fn(&str, ArrayD<f64>) -> Option<ArrayD<f64>> + 'a;

#[test]
fn a_model_that_is_damaged_is_refused() {
    let (features, targets) = circle();
    let targets = classes(&targets);
    let labels = targets.view().classes().unwrap().1.clone();
    for given in [vec![], vec![linear()]] {
        let model = fitted(&features, &targets, &given).unwrap();
        let loaded = |change: &Change<'_>| {
            let mut arrays = Arrays::default();
            for (name, values) in model.arrays() {
                change(name, values).into_iter().for_each(|values| arrays.insert(name, values).unwrap());
            }
            Svc.load(
                &checked(&given),
                &mut arrays,
                &Inputs { n_features: 2, n_targets: 1, classes: Some(labels.clone()) },
            )
        };

        assert!(loaded(&|_, values| Some(values)).is_ok());
        for (wrong, values) in model.arrays() {
            let missing = loaded(&|name, values| (name != wrong).then_some(values));
            assert!(matches!(missing, Err(Error::Damaged { .. })), "{wrong}");
            if values.ndim() > 0 {
                let short = loaded(&|name, values| {
                    Some(if name == wrong { values.slice_axis(Axis(0), (1..).into()).to_owned() } else { values })
                });
                assert!(matches!(short, Err(Error::Damaged { .. })), "{wrong}");
            }
        }
        let negative =
            loaded(&|name, values| Some(if ["gamma", "n_support"].contains(&name) { -values } else { values }));
        assert_eq!(matches!(negative, Err(Error::Damaged { .. })), given.is_empty());
    }
}

#[test]
fn of_classes_with_as_many_votes_the_pairs_say_which_by_less_than_half_a_vote() {
    let decisions: Vec<f64> = votes::one_vs_rest(&[f64::MAX, -f64::MAX, 0.5], 3).collect();

    assert_eq!(decisions, [1.0, 1.0 - 1.0 / 3.0, 1.0 + 1.0 / 3.0]);
    let sums = votes::one_vs_rest(&[2.0, -1.0, 4.0], 3).collect::<Vec<f64>>();
    assert_eq!(sums, [1.0 + 1.0 / 2.0 / 3.0, 1.0 + 2.0 / 3.0 / 3.0, 1.0 - 3.0 / 4.0 / 3.0]);
}
