//! Networks as a whole, and their loss against scikit-learn's (`tests/fixtures/make_oracles.py`).

use super::activation::Activation;
use super::loss::Loss;
use super::network::{Head, Network};
use super::trained::head;
use crate::data::{Labels, Table, Values};
use crate::error::{Code, Error, Result};
use crate::model::arrays::Arrays;
use crate::model::tests::{fixture, table, trained};
use crate::model::{
    FittedStep, Inputs, Kind, Model, Parameters, Predictions, Rows, Targets, Training, UnfittedStep, Value, find,
};
use approx::{assert_abs_diff_eq, assert_relative_eq};
use ndarray::{Array1, Array2, ArrayD, Axis, array};
use serde_json::{Value as Json, json};
use std::cell::RefCell;
use std::sync::Arc;

/// The columns of a table but its last one, scaled; and that one.
fn scaled(table: &Table, kind: Kind) -> (Array2<f64>, Targets) {
    let (target, columns) = table.columns().split_last().unwrap();
    let mut features = Array2::zeros((table.n_rows(), columns.len()));
    for (mut place, column) in features.columns_mut().into_iter().zip(columns) {
        match &column.values {
            Values::Float(values) => place.assign(&Array1::from(values.values().to_vec())),
            Values::Integer(values) => {
                place.assign(&values.values().iter().map(|it| *it as f64).collect::<Array1<_>>())
            }
            _ => unreachable!("features are numbers"),
        }
    }
    let (mean, scale) = (features.mean_axis(Axis(0)).unwrap(), features.std_axis(Axis(0), 0.0));
    ((features - mean) / scale, Targets::read(kind, target).unwrap())
}

fn classes(targets: &Targets) -> Option<&Arc<Labels>> {
    targets.view().classes().ok().map(|(_, labels)| labels)
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
}

#[test]
fn loss_and_gradient_are_those_of_scikit_learn() {
    for (algorithm, kind) in [("mlp_regressor", Kind::Regressor), ("mlp_classifier", Kind::Classifier)] {
        let oracle = std::fs::read_to_string(fixture(&format!("oracles/{algorithm}.json"))).unwrap();
        let oracle: Json = serde_json::from_str(&oracle).unwrap();
        for case in oracle["losses"].as_array().unwrap() {
            let [first, length] = [0, 1].map(|at| case["rows"][at].as_u64().unwrap() as usize);
            let (features, targets) = scaled(&table(case["table"].as_str().unwrap()).slice(first, length), kind);
            let given = &case["parameters"];
            let hidden: Vec<usize> = serde_json::from_value(given["hidden_layer_sizes"].clone()).unwrap();
            let activation = Activation::of(given["activation"].as_str().unwrap());
            let network = Network::new(features.ncols(), &hidden, activation, head(classes(&targets)));
            let at = Array1::from_shape_fn(network.n_weights(), |it| 0.4 * (1.7 * it as f64).sin());
            let loss = Loss { network, alpha: given["alpha"].as_f64().unwrap() };
            let weights: Vec<f64> = (0..length).map(|row| 1.0 + (row % 3) as f64).collect();
            let rows = Rows::new(&features, targets.view(), &weights);

            let training = Training { rows, seed: 7, threads: 1, progress: &|_: &str, _| Ok(()) };
            let (value, gradient) = loss.evaluate(&training, &at, &|| Ok(())).unwrap();

            let close = |ours: f64, theirs: f64| (ours - theirs).abs() <= 1e-10 * theirs.abs().max(1.0);
            assert!(close(value, case["loss"].as_f64().unwrap()), "{algorithm} {given}: {value} and {}", case["loss"]);
            let expected = numbers(&case["gradient"]);
            assert_eq!(gradient.len(), expected.len());
            for (at, (ours, theirs)) in gradient.iter().zip(expected).enumerate() {
                assert!(close(*ours, theirs), "{algorithm} {given}: slope {at} is {ours} and {theirs}");
            }
        }
    }
}

#[test]
fn the_gradient_is_the_slope_of_the_value() {
    let features = array![[0.3, -1.0], [2.0, 0.5], [-0.7, 1.5], [1.0, 1.0]];
    let labels = |n: i64| Arc::new(Labels::Integer((0..n).collect()));
    let indices = array![0, 1, 1, 0];
    let cases = [
        (Head::Value, Targets::Values(array![1.0, -2.0, 0.5, 3.0])),
        (Head::TwoClasses, Targets::Classes { indices: indices.clone(), labels: labels(2) }),
        (Head::Classes(3), Targets::Classes { indices, labels: labels(3) }),
    ];
    for (name, (head, targets)) in Activation::NAMES.iter().flat_map(|name| cases.iter().map(move |it| (name, it))) {
        for hidden in [&[][..], &[4], &[3, 5, 2]] {
            let network = Network::new(2, hidden, Activation::of(name), *head);
            let at = Array1::from_shape_fn(network.n_weights(), |it| (it as f64 * 1.7).sin());
            let loss = Loss { network, alpha: 0.7 };
            trained(&features, targets, |training| {
                let evaluate = |at: &Array1<f64>| loss.evaluate(training, at, &|| Ok(())).unwrap();
                let gradient = evaluate(&at).1;

                for index in 0..at.len() {
                    let value = |shift: f64| {
                        let mut shifted = at.clone();
                        shifted[index] += shift;
                        evaluate(&shifted).0
                    };
                    let slope = (value(1e-5) - value(-1e-5)) / 2e-5;
                    assert_abs_diff_eq!(gradient[index], slope, epsilon = 1e-8);
                }
            });
        }
    }
}

fn parameters(algorithm: &str, given: &Json) -> Parameters {
    let given = serde_json::from_value(given.clone()).unwrap();
    Parameters::check(algorithm, &find(algorithm).unwrap().parameters(), &given).unwrap()
}

fn fit(algorithm: &str, given: &Json, training: &Training<'_>) -> Result<Box<dyn Model>> {
    let UnfittedStep::Estimator(estimator) = find(algorithm).unwrap().unfitted(&parameters(algorithm, given)) else {
        unreachable!()
    };
    estimator.fit(training)
}

/// What is learned from rows of these weights on so many threads.
fn learned(given: &Json, features: &Array2<f64>, targets: &[f64], weights: &[f64], threads: usize) -> Vec<ArrayD<f64>> {
    let targets = Targets::Values(targets.to_vec().into());
    let rows = Rows::new(features, targets.view(), weights);
    let training = Training { rows, seed: 7, threads, progress: &|_: &str, _| Ok(()) };
    fit("mlp_regressor", given, &training).unwrap().arrays().into_iter().map(|(_, array)| array).collect()
}

/// Numbers around 0 whose columns do not depend on each other, and a target that bends.
fn bent(n_rows: usize) -> (Array2<f64>, Vec<f64>) {
    let features = Array2::from_shape_fn((n_rows, 3), |(row, column)| ((row * 7919 + column * 104_729) as f64).sin());
    let targets = features.rows().into_iter().map(|row| row[0] * row[1] + row[2].abs()).collect();
    (features, targets)
}

#[test]
fn any_number_of_threads_learns_the_same_bits_by_each_solver() {
    let (features, targets) = bent(5_000);
    for solver in ["lbfgs", "sgd", "adam"] {
        // More than are worth a thread, also in a mini-batch.
        let given = json!({"solver": solver, "hidden_layer_sizes": [30, 20], "batch_size": 1_000, "max_iter": 3});
        let by = |threads| learned(&given, &features, &targets, &[1.0; 5_000], threads);

        assert!(by(1) == by(2) && by(1) == by(5), "{solver}");
    }
}

#[test]
fn a_row_of_weight_two_is_the_row_twice_where_all_rows_are_in_one_batch() {
    let (features, targets) = bent(30);
    let weights: Vec<f64> = (0..30).map(|row| 1.0 + (row % 2) as f64).collect();
    let twice: Vec<usize> = (0..30).flat_map(|row| vec![row; 1 + row % 2]).collect();
    let (many, many_targets) =
        (features.select(Axis(0), &twice), twice.iter().map(|row| targets[*row]).collect::<Vec<_>>());
    for (solver, rate) in [("lbfgs", "constant"), ("sgd", "constant"), ("sgd", "invscaling"), ("adam", "constant")] {
        let given = json!({
            "solver": solver, "hidden_layer_sizes": [5], "activation": "tanh", "learning_rate": rate, "max_iter": 30,
            "learning_rate_init": 0.05, "tol": 0.0, "alpha": 0.1,
        });

        let weighted = learned(&given, &features, &targets, &weights, 1);

        for (ours, theirs) in weighted.iter().zip(learned(&given, &many, &many_targets, &[1.0; 45], 1)) {
            assert_relative_eq!(*ours, theirs, max_relative = 1e-7, epsilon = 1e-9);
        }
    }
}

#[test]
fn a_hidden_layer_learns_what_no_linear_model_can() {
    let features = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let labels = Arc::new(Labels::Boolean(vec![false, true]));
    let targets = Targets::Classes { indices: array![0, 1, 1, 0], labels };
    let given = json!({"solver": "lbfgs", "hidden_layer_sizes": [6], "activation": "tanh"});

    let model = trained(&features, &targets, |training| fit("mlp_classifier", &given, training)).unwrap();

    let Predictions::Classes { labels, probabilities, .. } = model.predict(features.view()) else { unreachable!() };
    assert_eq!(labels, [0, 1, 1, 0]);
    assert!(probabilities.iter().all(|it| *it < 0.01 || *it > 0.99), "{probabilities}");
}

#[test]
fn one_row_and_columns_that_say_nothing_are_learned_all_the_same() {
    for solver in ["lbfgs", "sgd", "adam"] {
        let given = json!({"solver": solver, "alpha": 0.0, "max_iter": 2_000, "n_iter_no_change": 2_000});
        for (features, targets) in [(array![[0.0, 0.0]], array![3.0]), (array![[1.0], [1.0]], array![2.0, 4.0])] {
            let targets = Targets::Values(targets);

            let model = trained(&features, &targets, |training| fit("mlp_regressor", &given, training)).unwrap();

            let Predictions::Values(values) = model.predict(features.view()) else { unreachable!() };
            assert_abs_diff_eq!(values[0], 3.0, epsilon = 1e-3);
        }
    }
}

#[test]
fn a_network_of_more_weights_than_are_taken_is_refused_with_its_layers() {
    let given = json!({"hidden_layer_sizes": [1_000, 1_000]});
    let targets = Targets::Values(array![1.0, 2.0]);

    let refused = trained(&array![[1.0], [2.0]], &targets, |training| fit("mlp_regressor", &given, training));

    let message = refused.unwrap_err().to_string();
    assert!(message.contains("[1, 1000, 1000, 1] units") && message.contains("1004001 weights"), "{message}");
}

#[test]
fn a_loss_that_overflows_is_refused_with_advice() {
    let targets = Targets::Values(array![1e200, -1e200, 3e200]);
    for solver in ["lbfgs", "sgd", "adam"] {
        let given = json!({"solver": solver});

        let refused =
            trained(&array![[1.0], [2.0], [0.5]], &targets, |training| fit("mlp_regressor", &given, training));

        let error = refused.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.to_string().contains("scale the columns first"), "{solver}: {error}");
    }
}

#[test]
fn too_few_rows_to_hold_some_out_are_refused_with_their_number() {
    let (features, targets) = bent(10);
    for (share, held_out) in [(0.1, 1), (0.0, 0), (1.0, 10)] {
        let given = json!({"early_stopping": true, "validation_fraction": share});
        let targets = Targets::Values(targets.clone().into());

        let refused = trained(&features, &targets, |training| fit("mlp_regressor", &given, training));

        let message = refused.unwrap_err().to_string();
        assert!(message.contains(&format!("holds out {held_out} of 10 rows")), "{message}");
    }
}

#[test]
fn a_fit_tells_its_epochs_and_is_cancelled_between_mini_batches() {
    let (features, targets) = bent(100);
    let (targets, weights) = (Targets::Values(targets.into()), [1.0; 100]);
    let told = RefCell::new(vec![]);
    let progress = |message: &str, _: f64| {
        told.borrow_mut().push(message.to_owned());
        if told.borrow().len() < 15 { Ok(()) } else { Err(Error::Cancelled { what: "the job" }) }
    };
    let rows = Rows::new(&features, targets.view(), &weights);
    let training = Training { rows, seed: 7, threads: 1, progress: &progress };

    let stopped = fit("mlp_regressor", &json!({"batch_size": 10}), &training);

    assert_eq!((stopped.unwrap_err().code(), told.borrow().len()), (Code::Cancelled, 15));
    let told = told.into_inner();
    assert_eq!(told[9], "fitting mlp_regressor");
    assert!(told[10].starts_with("fitting mlp_regressor, epoch 1, loss ") && told[10] == told[14], "{}", told[10]);
}

#[test]
fn a_row_has_the_same_bits_alone_and_among_more_than_go_through_at_once() {
    let (features, targets) = bent(1_000);
    let targets = Targets::Values(targets.into());
    for precision in ["f64", "f32"] {
        let given = json!({"hidden_layer_sizes": [33, 7], "max_iter": 2, "precision": precision});
        let model = trained(&features, &targets, |training| fit("mlp_regressor", &given, training)).unwrap();
        let values = |rows| {
            let Predictions::Values(values) = model.predict(rows) else { unreachable!() };
            values.mapv(f64::to_bits).to_vec()
        };

        let alone: Vec<u64> = features.axis_chunks_iter(Axis(0), 1).flat_map(values).collect();

        assert_eq!(alone, values(features.view()));
    }
}

#[test]
fn sixteen_hidden_layers_are_stored_and_read_back_and_others_are_refused() {
    let (features, targets) = bent(20);
    let targets = Targets::Values(targets.into());
    let deep = json!({"hidden_layer_sizes": vec![2; 16], "max_iter": 1});
    let model = trained(&features, &targets, |training| fit("mlp_regressor", &deep, training)).unwrap();
    let load = |given: &Json| {
        let mut arrays = Arrays::default();
        model.arrays().into_iter().for_each(|(name, array)| arrays.insert(name, array).unwrap());
        let inputs = Inputs { n_features: 3, n_targets: 1, classes: None };
        let step = find("mlp_regressor").unwrap().load(&parameters("mlp_regressor", given), &mut arrays, &inputs)?;
        arrays.finish().map(|()| step)
    };

    let FittedStep::Model(read) = load(&deep).unwrap() else { unreachable!() };

    assert_eq!(read.predict(features.view()), model.predict(features.view()));
    for sizes in [vec![2; 15], vec![3; 16]] {
        assert!(matches!(load(&json!({"hidden_layer_sizes": sizes})), Err(Error::Damaged { .. })));
    }
    let most = [("hidden_layer_sizes".to_owned(), Value::Integers(vec![2; 17]))].into();
    let refused = Parameters::check("mlp_regressor", &find("mlp_regressor").unwrap().parameters(), &most);
    assert!(refused.unwrap_err().to_string().contains("up to 16 integers from 1 to 4096"));
}
