use super::fit::End;
use super::*;
use crate::model::checkpoint::Checkpoint;
use crate::model::tests::{oracle_cases, quiet, table_features, trained};
use crate::model::{Estimator, Rows, Targets, Training};
use ndarray::{Array2, Axis, array};
use serde_json::Value as Json;

fn parameters(given: &Json) -> Parameters {
    let given = serde_json::from_value(given.clone()).unwrap();
    Parameters::check(NAME, &GaussianMixture.parameters(), &given).unwrap()
}

fn numbers(json: &Json) -> Vec<f64> {
    serde_json::from_value(json.clone()).unwrap()
}

fn columns(case: &Json) -> Array2<f64> {
    let columns: Vec<usize> = serde_json::from_value(case["columns"].clone()).unwrap();
    table_features(case["table"].as_str().unwrap()).select(Axis(1), &columns).as_standard_layout().into_owned()
}

#[track_caller]
fn assert_close(what: &str, ours: impl IntoIterator<Item = f64>, theirs: &Json, tolerance: f64) {
    let (ours, theirs) = (ours.into_iter().collect::<Vec<_>>(), numbers(theirs));
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (one, other) in ours.iter().zip(&theirs) {
        assert!((one - other).abs() <= tolerance * other.abs().max(1.0), "{what}: {one} and {other}");
    }
}

/// Where iterations from these components end.
fn run(settings: &Expectations, training: &Training<'_>, start: Densities) -> End {
    let mut way = Expectations::way(start);
    settings.run(training, &mut way, &Checkpoint::none(&quiet), &|_, _| Ok(())).unwrap();
    way.now
}

#[test]
fn from_the_same_start_components_are_those_of_scikit_learn() {
    for case in oracle_cases(NAME) {
        let (features, parameters) = (columns(&case), parameters(&case["parameters"]));
        let what = format!("{} of {}", case["parameters"], case["table"]);
        let (settings, n_components) = (Expectations::of(&parameters), parameters.count("n_components"));
        let rows: Vec<usize> = serde_json::from_value(case["start"]["rows"].clone()).unwrap();
        let shape = IxDyn(&settings.covariance.shape(n_components, features.ncols()));
        let start = Mixture {
            covariance: settings.covariance,
            weights: vec![1.0 / n_components as f64; n_components].into(),
            means: features.select(Axis(0), &rows),
            covariances: ArrayD::from_shape_vec(shape, numbers(&case["start"]["covariances"])).unwrap(),
        };

        let start = Densities::new(start, &|| Ok(())).unwrap().unwrap();
        let end = trained(&features, &Targets::None, |training| run(&settings, training, start));

        let Mixture { weights, means, covariances, .. } = &end.densities.mixture;
        assert_eq!(Some(end.n_iter as u64), case["n_iter"].as_u64(), "{what}");
        assert_close(&what, [end.lower_bound], &serde_json::json!([case["lower_bound"]]), 1e-9);
        assert_close(&what, weights.iter().copied(), &case["weights"], 1e-7);
        assert_close(&what, means.iter().copied(), &case["means"], 1e-7);
        assert_close(&what, covariances.iter().copied(), &case["covariances"], 1e-7);
        let Predictions::Mixture { probabilities, .. } = end.densities.predict(features.view()) else { unreachable!() };
        let some = probabilities.rows().into_iter().step_by(7).flat_map(|row| row.to_vec());
        assert_close(&what, some, &case["probabilities"], 1e-6);
        let densities = end.densities.log_densities(features.view()).unwrap();
        assert_close(&what, densities.into_iter().step_by(7), &case["log_densities"], 1e-6);
    }
}

#[test]
fn of_ten_starts_of_its_own_the_best_is_about_as_likely_as_that_of_scikit_learn() {
    for case in oracle_cases(NAME) {
        let (features, mut given) = (columns(&case), case["parameters"].clone());
        given["n_init"] = 10.into();
        let parameters = parameters(&given);

        let model = trained(&features, &Targets::None, |training| Expectations::of(&parameters).fit(training)).unwrap();

        let densities = model.log_densities(features.view()).unwrap();
        let score = densities.iter().sum::<f64>() / densities.len() as f64;
        let theirs = case["best_score"].as_f64().unwrap();
        assert!(score >= theirs - 0.02, "{} of {}: {score} and {theirs}", case["parameters"], case["table"]);
    }
}

/// Groups around (0, 0), (8, 0) and (0, 8), in turns, of enough rows that several threads take part.
fn three_groups(n_rows: usize) -> Array2<f64> {
    Array2::from_shape_fn((n_rows, 2), |(row, column)| {
        let noise = ((row * (column + 3) * 7919) as f64).sin() + ((row + 11) as f64 * 0.37).cos();
        noise + if row % 3 == column + 1 { 8.0 } else { 0.0 }
    })
}

#[test]
fn any_number_of_threads_finds_the_same_components_to_the_bit() {
    let (features, weights) = (three_groups(40_000), vec![1.0; 40_000]);
    for (covariance_type, init) in [("full", "kmeans"), ("tied", "random"), ("diag", "kmeans"), ("spherical", "random")]
    {
        let given = serde_json::json!({
            "n_components": 3, "covariance_type": covariance_type, "init_params": init, "max_iter": 4,
        });
        let estimator = Expectations::of(&parameters(&given));
        let by = |threads| {
            let rows = Rows::new(&features, Targets::None.view(), &weights);
            estimator.fit(&Training { rows, seed: 7, threads, progress: &quiet }).unwrap().arrays()
        };

        assert!(by(1) == by(2) && by(1) == by(5), "{covariance_type}");
    }
}

#[test]
fn a_weight_in_an_iteration_is_a_number_of_rows() {
    let features = three_groups(60);
    let repeated: Vec<usize> = (0..60).flat_map(|row| vec![row; 1 + row % 4]).collect();
    let weights: Vec<f64> = (0..60).map(|row| (1 + row % 4) as f64).collect();
    let many = features.select(Axis(0), &repeated);
    for covariance_type in ["full", "tied", "diag", "spherical"] {
        let given =
            serde_json::json!({ "n_components": 3, "covariance_type": covariance_type, "tol": 0.0, "max_iter": 5 });
        let settings = Expectations::of(&parameters(&given));
        let start = || {
            let means = features.select(Axis(0), &[0, 1, 2]);
            let shape = settings.covariance.shape(3, 2);
            let eye = ArrayD::from_shape_fn(IxDyn(&shape), |at| match shape.len() {
                1 => 1.0,
                2 if shape[0] == 3 => 1.0,
                _ => f64::from(u8::from(at[shape.len() - 1] == at[shape.len() - 2])),
            });
            let weights = vec![1.0 / 3.0; 3].into();
            let mixture = Mixture { covariance: settings.covariance, weights, means, covariances: eye };
            Densities::new(mixture, &|| Ok(())).unwrap().unwrap()
        };
        let run = |features: &Array2<f64>, weights: &[f64]| {
            let rows = Rows::new(features, Targets::None.view(), weights);
            let training = Training { rows, seed: 7, threads: 1, progress: &quiet };
            run(&settings, &training, start()).densities.mixture
        };

        let (weighted, repeated) = (run(&features, &weights), run(&many, &vec![1.0; many.nrows()]));

        let all =
            |it: &Mixture| it.weights.iter().chain(&it.means).chain(&it.covariances).copied().collect::<Vec<f64>>();
        let far = all(&weighted).iter().zip(all(&repeated)).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
        assert!(far < 1e-9, "{covariance_type}: {far}");
    }
}

#[test]
fn components_are_in_the_order_of_their_means_and_rows_belong_to_theirs() {
    let given = serde_json::json!({ "n_components": 3, "n_init": 2 });

    let model =
        trained(&three_groups(300), &Targets::None, |training| Expectations::of(&parameters(&given)).fit(training))
            .unwrap();

    let Predictions::Mixture { clusters, probabilities } =
        model.predict(array![[8.0, 0.0], [0.0, 8.0], [0.0, 0.0]].view())
    else {
        unreachable!()
    };
    assert_eq!(clusters, [2, 1, 0]);
    assert!(probabilities.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12));
    assert!(clusters.iter().zip(probabilities.rows()).all(|(own, row)| row[*own] > 0.99));
}

#[test]
fn equal_rows_are_refused_where_nothing_is_added_to_their_variance() {
    let rows = array![[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]];
    for covariance_type in ["full", "tied", "diag", "spherical"] {
        let fit = |reg_covar: f64| {
            let given = serde_json::json!({ "covariance_type": covariance_type, "reg_covar": reg_covar });
            trained(&rows, &Targets::None, |training| Expectations::of(&parameters(&given)).fit(training))
        };

        let refused = fit(0.0).unwrap_err().to_string();

        assert!(refused.contains("raise reg_covar (it is 0e0)"), "{refused}");
        assert!(fit(1e-6).is_ok(), "{covariance_type}");
    }
}

#[test]
fn more_components_than_rows_are_refused_in_the_words_of_the_mixture() {
    let given = serde_json::json!({ "n_components": 4 });

    let refused =
        trained(&three_groups(3), &Targets::None, |training| Expectations::of(&parameters(&given)).fit(training))
            .unwrap_err();

    assert!(
        refused.to_string().contains("gaussian_mixture parameter n_components is 4 and there are 3 rows"),
        "{refused}"
    );
}

#[test]
fn a_row_too_far_away_to_be_told_apart_has_an_answer_that_is_no_number() {
    let mixture = Mixture {
        covariance: Covariance::Spherical,
        weights: ndarray::array![0.5, 0.5],
        means: ndarray::array![[0.0], [1.0]],
        covariances: ArrayD::ones(IxDyn(&[2])),
    };
    let model = Densities::new(mixture, &|| Ok(())).unwrap().unwrap();

    let answers = crate::model::Model::predict(&model, ndarray::array![[1e200], [1e100]].view());

    let crate::model::Predictions::Mixture { probabilities, .. } = answers else { unreachable!() };
    assert!(probabilities.row(0).iter().all(|it| it.is_nan()));
    assert!(probabilities.row(1).iter().all(|it| it.is_finite()));
}
