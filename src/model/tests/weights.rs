//! Rows that count more or less than others.

use super::oracles::{answers, assert_close, numbers, oracle, parameter};
use super::*;
use crate::data::Values;
use crate::error::Code;
use crate::model::{ALGORITHMS, Algorithm, Asked, Examination, Kind};
use proptest::prelude::*;
use serde_json::Value as Json;

/// The weights that `make_weight_oracles.py` gives rows: 0, 1, 2, 0.5, 1.5 and so on.
fn weights(n_rows: usize) -> Vec<f64> {
    (0..n_rows).map(|row| (row * 7 % 5) as f64 / 2.0).collect()
}

/// The same rows, and how often each counts.
fn weighted(table: &Table, weights: Vec<f64>) -> Table {
    Table::new(table.columns().iter().cloned().chain([Column::float("w", weights)]).collect()).unwrap()
}

fn by_weight(spec: Spec) -> Spec {
    Spec { sample_weight: Some("w".into()), ..spec }
}

/// A column of numbers, each row as often as `times` says.
fn repeated(column: &Column, times: &[usize]) -> Column {
    let rows = || times.iter().enumerate().flat_map(|(row, times)| std::iter::repeat_n(row, *times));
    match &column.values {
        Values::Float(array) => Column::float(&column.name, rows().map(|row| array.value(row)).collect()),
        Values::Integer(array) => Column::integer(&column.name, rows().map(|row| array.value(row)).collect()),
        Values::Text(array) => Column::text(&column.name, &rows().map(|row| array.value(row)).collect::<Vec<_>>()),
        Values::Boolean(_) => unreachable!("no table of the fixtures has them"),
    }
}

#[track_caller]
fn assert_case(case: &Json) {
    let text = |name: &str| case[name].as_str().unwrap();
    let what = format!("{} of {}, {}", text("algorithm"), text("table"), case["parameters"]);
    let given = case["parameters"].as_object().unwrap();
    let given: Vec<_> = given.iter().map(|(name, value)| (name.as_str(), parameter(value))).collect();
    let (table, tolerance) = (table(text("table")), case["tolerance"].as_f64().unwrap());
    let features = serde_json::from_value(case["features"].clone()).unwrap();
    let plain = Spec { features, ..spec(&[step(text("algorithm"), &given)], text("target")) };

    let Fitted { pipeline, metrics, .. } = match case["weighted"].as_bool().unwrap() {
        true => fitted(&by_weight(plain), &weighted(&table, weights(table.n_rows()))),
        false => fitted(&plain, &table),
    };

    let answers = answers(pipeline.predict(matrix(&pipeline, &table).view()));
    let every_seventh = answers.rows().into_iter().step_by(7).flat_map(|row| row.to_vec());
    assert_close(&what, every_seventh, numbers(&case["answers"]), tolerance);
    for (name, expected) in case["metrics"].as_object().unwrap() {
        assert_close(&format!("{what}: {name}"), [metrics[name]], numbers(expected), tolerance);
    }
}

#[test]
fn weighted_fits_and_their_metrics_agree_with_scikit_learn() {
    oracle("sample_weights", "cases").as_array().unwrap().iter().for_each(assert_case);
}

#[test]
fn weighted_rows_have_the_centres_that_scikit_learn_finds() {
    let oracle = oracle("sample_weights", "k_means");
    let parameters = [("n_clusters", Value::Integer(3)), ("tol", Value::Number(1e-12))];
    let flowers = Table::new(table("iris").columns()[..4].to_vec()).unwrap();

    let Fitted { pipeline, metrics, .. } =
        fitted(&by_weight(spec(&[step("k_means", &parameters)], "")), &weighted(&flowers, weights(150)));

    let centres = array(&pipeline, "centres");
    let mut rows: Vec<Vec<f64>> = centres.rows().into_iter().map(|row| row.to_vec()).collect();
    rows.sort_by(|one, other| one[0].total_cmp(&other[0]));
    assert_close("centres", rows.concat(), numbers(&oracle["centres"]), 1e-9);
    assert_close("inertia", [metrics["inertia"]], numbers(&oracle["inertia"]), 1e-9);
}

#[test]
fn a_balanced_class_weight_is_that_of_its_rows_in_a_column() {
    for name in ["logistic_regression", "svc", "decision_tree_classifier", "random_forest_classifier"] {
        let flowers = table("iris").slice(30, 100); // 20 of one class, 50 and 30 of others.
        let balanced = (0..100).map(|row| 100.0 / (3.0 * [20.0, 50.0, 30.0][(row + 30) / 50])).collect();
        let columns = spec(&[step(name, &[])], "species");

        let by_class = spec(&[step(name, &[("class_weight", Value::Text("balanced".into()))])], "species");

        let (ours, theirs) = (fitted(&by_class, &flowers), fitted(&by_weight(columns), &weighted(&flowers, balanced)));
        let [ours, theirs] = [ours, theirs].map(|it| it.pipeline.last.arrays().remove(0));
        for ((name, one), (_, other)) in ours.iter().zip(theirs) {
            assert_close(name, one.iter().copied(), other, 1e-9);
        }
    }
}

#[test]
fn a_column_of_weights_is_neither_learned_from_nor_asked_for() {
    let fitted =
        fitted(&by_weight(spec(&[step("ridge", &[])], "progression")), &weighted(&table("diabetes"), vec![1.0; 442]));

    let schema = fitted.pipeline.schema();
    assert_eq!(schema.features.len(), 10);
    assert!(schema.features.iter().all(|feature| feature.name != "w"), "{schema:?}");
}

#[test]
fn rows_of_weight_nought_leave_no_trace() {
    let flowers = table("iris");
    let kept: Vec<f64> = (0..150).map(|row| f64::from(u8::from(row >= 50))).collect();
    let spec = Spec {
        validation_fraction: None,
        ..spec(&[step("standard_scaler", &[]), step("logistic_regression", &[])], "species")
    };

    let found = fitted(&by_weight(spec.clone()), &weighted(&flowers, kept));

    let expected = fitted(&spec, &flowers.slice(50, 100));
    assert_eq!(found.pipeline.to_bytes(), expected.pipeline.to_bytes());
    assert_eq!((found.metrics, found.n_samples), (expected.metrics, 100));
    assert_eq!(found.first_rows, expected.first_rows);
}

/// The first 50 rows of a table without any of their values.
fn with_gaps(table: &Table) -> Table {
    let columns = table.columns().iter().map(|column| {
        let gaps = |row: usize| row >= 50;
        let values = match &column.values {
            Values::Float(all) => {
                Values::Float(all.iter().zip(0..).map(|(it, row)| it.filter(|_| gaps(row))).collect())
            }
            Values::Text(all) => Values::Text(all.iter().zip(0..).map(|(it, row)| it.filter(|_| gaps(row))).collect()),
            other => other.clone(),
        };
        Column { name: column.name.clone(), values }
    });
    Table::new(columns.collect()).unwrap()
}

#[test]
fn rows_of_weight_nought_may_have_gaps_and_others_are_named_by_their_place_among_all() {
    let flowers = table("iris");
    let kept = |first: usize| (0..150).map(|row| f64::from(u8::from(row >= first))).collect::<Vec<f64>>();
    let spec = spec(&[step("logistic_regression", &[])], "species");
    let gaps = with_gaps(&flowers);

    let found = fitted(&by_weight(spec.clone()), &weighted(&gaps, kept(50)));
    let refused = fit(&by_weight(spec.clone()), &weighted(&gaps, kept(30)), &quiet).unwrap_err();
    let asked = |table, sample_weight| Asked { table, target: None, sample_weight };
    let (with_gaps, without) = (weighted(&gaps, kept(50)), flowers.slice(50, 100));
    let seen = Examination::new(&found.pipeline, &asked(&with_gaps, Some("w"))).unwrap();
    let expected = Examination::new(&found.pipeline, &asked(&without, None)).unwrap();

    assert_eq!(found.pipeline.to_bytes(), fitted(&spec, &without).pipeline.to_bytes());
    assert!(refused.to_string().contains("row 30 is missing"), "{refused}");
    assert_eq!((seen.part(0..100), seen.weights()), (expected.part(0..100), expected.weights()));
}

#[test]
fn two_classes_are_needed_among_the_rows_that_count() {
    let kept: Vec<f64> = (0..150).map(|row| f64::from(u8::from(row < 50))).collect();

    let refused =
        fit(&by_weight(spec(&[step("gaussian_nb", &[])], "species")), &weighted(&table("iris"), kept), &quiet);

    assert_eq!(refused.unwrap_err().to_string(), "target \"species\" has 1 class and two are needed");
}

#[test]
fn an_algorithm_that_counts_rows_refuses_weights_and_says_so() {
    for (algorithm, name, target) in
        [("k_neighbors_classifier", "iris", "species"), ("k_neighbors_regressor", "wine", "quality")]
    {
        let table = table(name);
        let refused = by_weight(spec(&[step(algorithm, &[])], target))
            .check(&weighted(&table, vec![1.0; table.n_rows()]).schema())
            .unwrap_err();

        assert_eq!(refused.code(), Code::InvalidArgument);
        let expected =
            format!("{algorithm} counts rows and not their weights, as in scikit-learn; leave sample_weight \"w\" out");
        assert_eq!(refused.to_string(), expected);
    }
}

#[test]
fn a_column_is_one_of_weight_target_and_feature() {
    let columns = weighted(&table("iris"), vec![1.0; 150]).schema();
    let of = |spec: Spec| spec.check(&columns).unwrap_err().to_string();
    let ridge = |target: &str| spec(&[step("ridge", &[])], target);

    let is_target = of(Spec { sample_weight: Some("petal_width".into()), ..ridge("petal_width") });
    let features = Some(vec!["petal_length".into(), "w".into()]);
    let is_feature = of(Spec { features, ..by_weight(ridge("petal_width")) });
    let is_none = of(Spec { sample_weight: Some("weight".into()), ..ridge("petal_width") });

    assert_eq!(is_target, "column \"petal_width\" is target and sample_weight; name it once");
    assert_eq!(is_feature, "column \"w\" is sample_weight and feature; name it once");
    assert!(is_none.starts_with("sample_weight \"weight\" is not a column; there are sepal_length"), "{is_none}");
}

/// Rows of small numbers and how often each counts.
fn counted(rows: &[(f64, f64, usize)], kind: Kind) -> (Table, Table) {
    let x = |at: fn(&(f64, f64, usize)) -> f64| rows.iter().map(at).collect();
    let mut columns = vec![Column::float("a", x(|row| row.0)), Column::float("b", x(|row| row.1))];
    match kind {
        Kind::Classifier | Kind::Calibrator => {
            columns.push(Column::integer("y", (0..rows.len() as i64).map(|row| row % 3).collect()));
        }
        Kind::Regressor | Kind::Transformer => {
            columns.push(Column::float("y", (0..rows.len()).map(|row| 1.0 + (row * 37 % 101) as f64).collect()));
        }
        Kind::Clusterer | Kind::OutlierDetector => {}
    }
    let once = Table::new(columns).unwrap();
    let times: Vec<usize> = rows.iter().map(|row| row.2).collect();
    let many = Table::new(once.columns().iter().map(|column| repeated(column, &times)).collect()).unwrap();
    (weighted(&once, times.iter().map(|times| *times as f64).collect()), many)
}

/// What draws rows by chance draws others of the one than of the other, calibration parts rows by their places, what is
/// transductive answers each row, and boosting goes on from rounded weights, so that trees tie for the one and not for the other.
fn counts_rows(algorithm: &dyn Algorithm) -> bool {
    matches!(algorithm.kind(), Kind::Clusterer | Kind::Calibrator)
        || algorithm.is_transductive()
        || ["random_forest", "ada_boost", "sgd"].iter().any(|it| algorithm.name().starts_with(it))
}

/// The steps of which an algorithm is one, and their target.
fn around(algorithm: &dyn Algorithm, own: StepSpec) -> (Vec<StepSpec>, &'static str) {
    match algorithm.kind() {
        Kind::Transformer if !algorithm.is_transductive() => (vec![own, step("linear_regression", &[])], "y"),
        Kind::Calibrator => (vec![step("gaussian_nb", &[]), own], "y"),
        kind => (vec![own], if kind.is_unsupervised() { "" } else { "y" }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// With the rows of the first three kept, so that no class is lost.
    #[test]
    fn weights_of_whole_numbers_are_rows_as_often(
        first in prop::collection::vec((0.0f64..10.0, 0.0f64..10.0, 1usize..4), 6),
        others in prop::collection::vec((0.0f64..10.0, 0.0f64..10.0, 0usize..4), 20..30),
    ) {
        let rows = [first, others].concat();
        for algorithm in ALGORITHMS.iter().filter(|it| it.refuses_weights().is_none() && !counts_rows(**it)) {
            let (once, many) = counted(&rows, algorithm.kind());
            let own = step(algorithm.name(), &few(algorithm.name()));
            let (steps, target) = around(*algorithm, own);
            let features = Some(if algorithm.takes_one_column() { vec!["a".to_owned()] } else { vec!["a".into(), "b".into()] });
            let spec = Spec { features, ..spec(&steps, target) };

            let weighted = fitted(&by_weight(spec.clone()), &once);

            let repeated = fitted(&spec, &many);
            for (name, value) in &repeated.metrics {
                let (one, other) = (weighted.metrics[name], value);
                prop_assert!((one - other).abs() <= 1e-4 * other.abs().max(1.0), "{}: {name} {one} and {other}", algorithm.name());
            }
            let rows = matrix(&repeated.pipeline, &many);
            let (ours, theirs) = (answers(weighted.pipeline.predict(rows.view())), answers(repeated.pipeline.predict(rows.view())));
            let close = ours.iter().zip(&theirs).all(|(one, other)| (one - other).abs() <= 1e-3 * other.abs().max(1.0));
            prop_assert!(close, "{} answers {ours} and {theirs}", algorithm.name());
        }
    }

    #[test]
    fn weights_of_every_magnitude_make_no_fit_panic_or_learn_what_is_not_finite(
        powers in prop::collection::vec(prop::sample::select(vec![-100, -30, -9, 0, 3, 30, 100]), 12),
        balanced in any::<bool>(),
    ) {
        let rows: Vec<_> = (0..12).map(|row| (row as f64 * 0.7 % 3.0, row as f64 * 1.3 % 5.0, 1)).collect();
        for algorithm in ALGORITHMS.iter().filter(|it| it.refuses_weights().is_none()) {
            let (once, _) = counted(&rows, algorithm.kind());
            let columns = once.columns()[..once.columns().len() - 1].to_vec();
            let once = weighted(&Table::new(columns).unwrap(), powers.iter().map(|power| 10f64.powi(*power)).collect());
            let has_classes = algorithm.parameters().iter().any(|it| it.name == "class_weight");
            let balanced = (balanced && has_classes).then(|| ("class_weight", Value::Text("balanced".into())));
            let own = step(algorithm.name(), &few(algorithm.name()).into_iter().chain(balanced).collect::<Vec<_>>());
            let (steps, target) = around(*algorithm, own);
            let features = Some(if algorithm.takes_one_column() { vec!["a".to_owned()] } else { vec!["a".into(), "b".into()] });

            match fit(&by_weight(Spec { features, ..spec(&steps, target) }), &once, &quiet) {
                Err(error) => prop_assert_eq!(error.code(), Code::InvalidArgument, "{}: {}", algorithm.name(), error),
                Ok(fitted) => prop_assert!(Pipeline::from_bytes(&fitted.pipeline.to_bytes()).is_ok(), "{}", algorithm.name()),
            }
        }
    }
}

/// Small and short fits.
fn few(algorithm: &str) -> Vec<(&'static str, Value)> {
    match algorithm {
        "gaussian_random_projection" | "sparse_random_projection" => vec![("n_components", Value::Integer(2))],
        "fast_ica" => vec![("max_iter", Value::Integer(3))],
        "k_means" => vec![("n_clusters", Value::Integer(2)), ("n_init", Value::Integer(2))],
        "logistic_regression" => vec![("tol", Value::Number(1e-8)), ("max_iter", Value::Integer(1000))],
        "mlp_classifier" | "mlp_regressor" => vec![("max_iter", Value::Integer(3))],
        "random_forest_classifier" | "random_forest_regressor" => vec![("n_estimators", Value::Integer(3))],
        "svc" | "svr" | "one_class_svm" => vec![("tol", Value::Number(1e-6))],
        _ => vec![],
    }
}
