//! What holds for generalized linear models.

use super::*;
use crate::error::Code;
use crate::model::tests::trained;
use crate::model::{Predictions, Rows, Targets, Value};
use approx::{assert_abs_diff_eq, assert_relative_eq};
use ndarray::{Array1, Array2, ArrayD, Axis, array};
use std::collections::BTreeMap;

const ALL: [&dyn Algorithm; 3] = [&GammaRegressor, &PoissonRegressor, &TweedieRegressor];

fn checked(algorithm: &dyn Algorithm, given: &[(&str, Value)]) -> Parameters {
    let given: BTreeMap<String, Value> =
        given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Parameters::check(algorithm.name(), &algorithm.parameters(), &given).unwrap()
}

fn fit(training: &Training<'_>, algorithm: &dyn Algorithm, given: &[(&str, Value)]) -> Result<Box<dyn Model>> {
    let UnfittedStep::Estimator(estimator) = algorithm.unfitted(&checked(algorithm, given)) else { unreachable!() };
    estimator.fit(training)
}

fn fitted(
    algorithm: &dyn Algorithm,
    given: &[(&str, Value)],
    features: &Array2<f64>,
    targets: &[f64],
) -> Result<Box<dyn Model>> {
    let targets = Targets::Values(targets.to_vec().into());
    trained(features, &targets, |training| fit(training, algorithm, given))
}

/// Coefficients, then the intercept.
fn learned(model: &dyn Model) -> Vec<f64> {
    model.arrays().into_iter().flat_map(|(_, values)| values).collect()
}

fn answers(model: &dyn Model, features: &Array2<f64>) -> Array1<f64> {
    let Predictions::Values(values) = model.predict(features.view()) else { unreachable!() };
    values
}

fn exact() -> Vec<(&'static str, Value)> {
    vec![("tol", Value::Number(1e-12)), ("max_iter", Value::Integer(10_000))]
}

fn rows() -> (Array2<f64>, Vec<f64>) {
    let features = Array2::from_shape_fn((40, 3), |(row, column)| ((row * (column + 3) * 37 + row) as f64).sin());
    let targets = (0..40).map(|row| (row % 7) as f64 + 0.5 + f64::from(features[(row, 1)] > 0.0)).collect();
    (features, targets)
}

#[test]
fn the_intercept_alone_is_the_logarithm_of_the_mean() {
    let constant = Array2::from_elem((4, 1), 0.1);
    for algorithm in [&GammaRegressor as &dyn Algorithm, &PoissonRegressor] {
        let model = fitted(algorithm, &exact(), &constant, &[1.0, 2.0, 3.0, 6.0]).unwrap();

        assert_eq!(learned(&*model)[0], 0.0);
        assert_relative_eq!(learned(&*model)[1], 3f64.ln(), max_relative = 1e-14);
    }
}

#[test]
fn a_tweedie_power_of_one_is_poisson_and_two_is_gamma() {
    let (features, targets) = rows();
    for (power, algorithm) in [(1.0, &PoissonRegressor as &dyn Algorithm), (2.0, &GammaRegressor)] {
        let own = fitted(algorithm, &[], &features, &targets).unwrap();

        let tweedie = fitted(&TweedieRegressor, &[("power", Value::Number(power))], &features, &targets).unwrap();

        assert_eq!(learned(&*tweedie), learned(&*own));
    }
}

#[test]
fn a_tweedie_power_of_zero_is_ridge_of_the_mean_loss() {
    let (features, targets) = rows();

    let model = fitted(&TweedieRegressor, &exact(), &features, &targets).unwrap();

    let centred = &features - &features.mean_axis(Axis(0)).unwrap();
    let residual = Array1::from(targets) - answers(&*model, &features);
    let coefficients = Array1::from(learned(&*model)[..3].to_vec());
    assert_abs_diff_eq!(centred.t().dot(&residual) / 40.0, coefficients, epsilon = 1e-8);
    assert_abs_diff_eq!(residual.sum(), 0.0, epsilon = 1e-7);
}

/// Slopes of `sum d / (2 n) + alpha / 2 |w|^2` for a log link, with columns as they are.
fn largest_slope(features: &Array2<f64>, targets: &[f64], model: &dyn Model, power: f64) -> f64 {
    let means = answers(model, features);
    let slopes = Array1::from_iter(means.iter().zip(targets).map(|(mean, y)| (mean - y) * mean.powf(1.0 - power)));
    let coefficients = Array1::from(learned(model)[..features.ncols()].to_vec());
    let of_columns = features.t().dot(&slopes) / targets.len() as f64 + coefficients;
    of_columns.iter().chain([&slopes.mean().unwrap()]).fold(0.0, |largest: f64, slope| largest.max(slope.abs()))
}

#[test]
fn where_a_fit_stops_no_slope_of_the_columns_as_they_are_is_above_the_tolerance() {
    let (mut features, targets) = rows();
    features.column_mut(0).mapv_inplace(|x| 300.0 + 20.0 * x);
    for (power, algorithm) in [(1.0, &PoissonRegressor as &dyn Algorithm), (2.0, &GammaRegressor)] {
        for tol in [1e-2, 1e-3, 1e-4] {
            for unit in [1e-3, 1.0, 100.0] {
                let targets: Vec<f64> = targets.iter().map(|y| y * unit).collect();
                let parameters = [("tol", Value::Number(tol)), ("max_iter", Value::Integer(10_000))];

                let model = fitted(algorithm, &parameters, &features, &targets).unwrap();

                let largest = largest_slope(&features, &targets, &*model, power);
                assert!(largest <= tol, "{}: {largest} and {tol}, unit {unit}", algorithm.name());
            }
        }
    }
}

#[test]
fn a_row_of_weight_two_is_that_row_twice() {
    let (features, targets) = rows();
    let weights: Vec<f64> = (0..40).map(|row| f64::from(1 + row % 2)).collect();
    let twice: Vec<usize> = (0..40).flat_map(|row| vec![row; 1 + row % 2]).collect();
    let repeated: Vec<f64> = twice.iter().map(|row| targets[*row]).collect();
    for algorithm in ALL {
        let own = Targets::Values(targets.clone().into());
        let training = Training {
            rows: Rows::new(&features, own.view(), &weights),
            seed: 7,
            threads: 1,
            progress: &|_: &str, _| Ok(()),
        };

        let weighted = fit(&training, algorithm, &exact()).unwrap();

        let repeated = fitted(algorithm, &exact(), &features.select(Axis(0), &twice), &repeated).unwrap();
        for (one, other) in learned(&*weighted).iter().zip(learned(&*repeated)) {
            assert_relative_eq!(*one, other, epsilon = 1e-7);
        }
    }
}

#[test]
fn the_unit_of_targets_moves_the_intercept_alone_where_there_is_no_penalty() {
    let (features, targets) = rows();
    let parameters: Vec<_> = exact().into_iter().chain([("alpha", Value::Number(0.0))]).collect();
    for algorithm in [&GammaRegressor as &dyn Algorithm, &PoissonRegressor] {
        let of = |unit: f64| {
            let targets: Vec<f64> = targets.iter().map(|target| target * unit).collect();
            learned(&*fitted(algorithm, &parameters, &features, &targets).unwrap())
        };

        let (small, plain, large) = (of(1e-250), of(1.0), of(1e250));

        for ((small, plain), large) in small.iter().zip(&plain).zip(&large).take(3) {
            assert!((small - plain).abs() < 1e-6 && (large - plain).abs() < 1e-6, "{small} {plain} {large}");
        }
    }
}

#[test]
fn degenerate_rows_are_learned_or_refused_and_never_half_learned() {
    let repeated = array![[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]];
    let collinear = Array2::from_shape_fn((6, 3), |(row, column)| row as f64 * (column + 1) as f64);
    let wide = Array2::from_shape_fn((3, 8), |(row, column)| ((row * 8 + column) as f64).cos());
    for features in [array![[2.0]], repeated, collinear, wide] {
        let targets: Vec<f64> = (0..features.nrows()).map(|row| 1.0 + row as f64).collect();
        for algorithm in ALL {
            for alpha in [0.0, 1.0] {
                let model = fitted(algorithm, &[("alpha", Value::Number(alpha))], &features, &targets).unwrap();

                assert!(learned(&*model).iter().all(|value| value.is_finite()), "{}: {features}", algorithm.name());
                assert!(answers(&*model, &features).iter().all(|mean| mean.is_finite()));
            }
        }
    }
}

#[test]
fn columns_whose_squares_leave_the_range_of_floats_are_refused_by_number() {
    for (unit, word) in [(1e300, "overflows"), (1e-300, "underflows")] {
        let features = Array2::from_shape_fn((5, 2), |(row, column)| if column == 0 { 1.0 } else { row as f64 * unit });
        for algorithm in ALL {
            let refused = fitted(algorithm, &[], &features, &[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap_err();

            assert_eq!(refused.code(), Code::InvalidArgument);
            assert!(
                refused.to_string().contains("column 1 (from 0)") && refused.to_string().contains(word),
                "{refused}"
            );
        }
    }
}

#[test]
fn targets_without_a_mean_above_zero_are_refused() {
    let features = array![[1.0], [2.0]];

    let nothing = fitted(&PoissonRegressor, &[], &features, &[0.0, 0.0]).unwrap_err();
    let negative = fitted(&PoissonRegressor, &[], &features, &[1.0, -1.0]).unwrap_err();
    let zero = fitted(&GammaRegressor, &[], &features, &[0.0, 1.0]).unwrap_err();

    assert!(nothing.to_string().contains("mean of the targets is 0"), "{nothing}");
    assert!(negative.to_string().contains("row 1 (from 0) is -1"), "{negative}");
    assert!(zero.to_string().contains("row 0 (from 0) is 0"), "{zero}");
}

#[test]
fn powers_without_a_distribution_are_refused_with_their_value() {
    let parameters = [("power", Value::Number(0.5))];

    let refused = fitted(&TweedieRegressor, &parameters, &array![[1.0], [2.0]], &[1.0, 2.0]).unwrap_err();

    assert!(refused.to_string().contains("power is 0.5"), "{refused}");
}

#[test]
fn an_identity_link_of_a_mean_that_has_to_be_positive_needs_an_intercept() {
    let own = [("power", Value::Number(1.5)), ("link", Value::Text("identity".into()))];
    let without: Vec<_> = own.iter().cloned().chain([("fit_intercept", Value::Flag(false))]).collect();
    let (features, targets) = (array![[1.0], [2.0], [3.0]], [1.0, 2.5, 3.0]);

    let refused = fitted(&TweedieRegressor, &without, &features, &targets).unwrap_err();
    let model = fitted(&TweedieRegressor, &own, &features, &targets).unwrap();

    assert!(refused.to_string().contains("fit_intercept"), "{refused}");
    assert!(answers(&*model, &features).iter().all(|mean| *mean > 0.0));
}

/// What becomes of an array by its name; `None`: it is left out.
type Change<'a> = &'a dyn Fn(&str, ArrayD<f64>) -> Option<ArrayD<f64>>;

#[test]
fn a_model_that_was_stored_answers_the_same_bits_and_a_damaged_one_is_refused() {
    let (features, targets) = rows();
    for algorithm in ALL {
        for precision in ["f64", "f32"] {
            let given = [("precision", Value::Text(precision.into()))];
            let model = fitted(algorithm, &given, &features, &targets).unwrap();
            let load = |change: Change<'_>| {
                let mut arrays = Arrays::default();
                for (name, values) in model.arrays() {
                    change(name, values).into_iter().for_each(|values| arrays.insert(name, values).unwrap());
                }
                algorithm.load(
                    &checked(algorithm, &given),
                    &mut arrays,
                    &Inputs { n_features: 3, n_targets: 1, classes: None },
                )
            };

            let FittedStep::Model(stored) = load(&|_, values| Some(values)).unwrap() else { unreachable!() };

            assert_eq!(answers(&*stored, &features), answers(&*model, &features));
            let missing = load(&|name, values| (name != "intercept").then_some(values));
            let short = load(&|name, values| match name {
                "coefficients" => Some(values.slice_axis(Axis(0), (..2).into()).to_owned()),
                _ => Some(values),
            });
            assert!([missing, short].into_iter().all(|it| matches!(it, Err(Error::Damaged { .. }))));
        }
    }
}

#[test]
fn a_fit_stops_when_it_is_told_to() {
    let (features, targets) = rows();
    let (targets, weights) = (Targets::Values(targets.into()), vec![1.0; 40]);
    let stop = |message: &str, share: f64| {
        assert!(message.starts_with("fitting poisson_regressor, loss "), "{message}");
        if share > 0.0 { Err(Error::Cancelled { what: "the job" }) } else { Ok(()) }
    };
    let rows = Rows::new(&features, targets.view(), &weights);

    let stopped = fit(&Training { rows, seed: 7, threads: 1, progress: &stop }, &PoissonRegressor, &[]);

    assert_eq!(stopped.unwrap_err().code(), Code::Cancelled);
}
