//! What holds for each algorithm of the catalogue, on rows that suit its kind.

use super::*;
use crate::error::{Code, Error};
use crate::model::{ALGORITHMS, Algorithm, EXPORTED, Kind, LoadedModel, Rows, Targets, Training, UnfittedStep};
use ndarray::Axis;
use proptest::prelude::*;

/// Real rows for an algorithm, and the pipelines that it is the first or only step of.
fn of(algorithm: &dyn Algorithm) -> Vec<(Spec, Table)> {
    let is_long = algorithm.is_transductive() && algorithm.parameters().iter().any(|it| it.name == "max_iter");
    // By default these ask for as many columns as few tables have.
    let is_random = algorithm.name().ends_with("random_projection");
    let chosen = [(is_long, "max_iter", 250), (is_random, "n_components", 2)];
    let chosen = chosen.into_iter().filter(|(own, ..)| *own).map(|(_, name, value)| (name, Value::Integer(value)));
    let own = step(algorithm.name(), &chosen.collect::<Vec<_>>());
    let measures = || Table::new(table("iris").columns()[..4].to_vec()).unwrap();
    match algorithm.kind() {
        _ if algorithm.is_transductive() => vec![(spec(&[own], ""), measures())],
        Kind::Transformer => {
            let some = StepSpec { columns: Some(vec!["bmi".into(), "s5".into(), "age".into()]), ..own.clone() };
            let before = |first: StepSpec| spec(&[first, step("linear_regression", &[])], "progression");
            vec![
                (spec(std::slice::from_ref(&own), ""), measures()),
                (before(own), table("diabetes")),
                (before(some), table("diabetes")),
            ]
        }
        Kind::Regressor if algorithm.takes_one_column() => {
            vec![(Spec { features: Some(vec!["bmi".into()]), ..spec(&[own], "progression") }, table("diabetes"))]
        }
        Kind::Regressor => vec![(spec(&scaled_if_it_must(algorithm.name()), "progression"), table("diabetes"))],
        Kind::Classifier => vec![(spec(&[own], "species"), table("iris"))],
        Kind::Calibrator => vec![(spec(&[step("gaussian_nb", &[]), own], "species"), table("iris"))],
        Kind::Clusterer | Kind::OutlierDetector => vec![(spec(&[own], ""), measures())],
    }
}

/// Calls `act` with each algorithm, what it was fitted on, and the pipeline.
fn each(act: impl Fn(&'static dyn Algorithm, (&Spec, &Table), Pipeline)) {
    each_where(|_| true, act);
}

fn each_where(suits: impl Fn(&dyn Algorithm) -> bool, act: impl Fn(&'static dyn Algorithm, (&Spec, &Table), Pipeline)) {
    for algorithm in ALGORITHMS.iter().filter(|it| suits(**it)) {
        for (spec, table) in of(*algorithm) {
            let pipeline = fitted(&spec, &table).pipeline;
            act(*algorithm, (&spec, &table), pipeline);
        }
    }
}

#[test]
fn every_transductive_algorithm_has_a_result_of_each_row_that_is_the_same_after_it_was_stored() {
    each_where(
        |it| it.is_transductive(),
        |algorithm, (_, table), pipeline| {
            let result = pipeline.training_result().unwrap();

            let stored = Pipeline::from_bytes(&pipeline.to_bytes()).unwrap();

            assert_eq!(result.n_rows(), table.n_rows(), "{}", algorithm.name());
            assert_eq!(stored.training_result().unwrap().sha256(), result.sha256(), "{}", algorithm.name());
            assert_eq!(stored.to_bytes(), pipeline.to_bytes(), "{}", algorithm.name());
        },
    );
}

#[test]
fn every_transductive_algorithm_works_behind_a_transformer_and_is_the_last_step() {
    for algorithm in ALGORITHMS.iter().filter(|it| it.is_transductive()) {
        let (own, table) = of(*algorithm).remove(0);
        let steps = [step("standard_scaler", &[]), own.steps[0].clone()];

        let scaled = fitted(&spec(&steps, ""), &table);
        let followed = spec(&[own.steps[0].clone(), step("k_means", &[])], "").check(&table.schema()).unwrap_err();

        let unscaled = fitted(&own, &table).pipeline;
        assert!(scaled.pipeline.training_result() != unscaled.training_result(), "{}", algorithm.name());
        assert!(followed.to_string().contains("no step can follow it"), "{followed}");
        assert_eq!(Pipeline::from_bytes(&scaled.pipeline.to_bytes()).unwrap().to_bytes(), scaled.pipeline.to_bytes());
    }
}

fn answers(algorithm: &dyn Algorithm) -> bool {
    !algorithm.is_transductive()
}

#[test]
fn every_algorithm_answers_the_same_bits_after_it_was_stored() {
    each_where(answers, |algorithm, (_, table), pipeline| {
        let rows = matrix(&pipeline, table);

        let stored = Pipeline::from_bytes(&pipeline.to_bytes()).unwrap();

        assert_eq!(bits(&stored, rows.view()), bits(&pipeline, rows.view()), "{}", algorithm.name());
        assert_eq!(stored.to_bytes(), pipeline.to_bytes(), "{}", algorithm.name());
        assert_eq!(stored.schema(), pipeline.schema(), "{}", algorithm.name());
    });
}

#[test]
fn every_algorithm_answers_a_row_alone_as_in_a_batch() {
    each_where(answers, |algorithm, (_, table), pipeline| {
        let rows = matrix(&pipeline, table);

        let alone: Vec<_> = rows.axis_chunks_iter(Axis(0), 1).flat_map(|row| bits(&pipeline, row)).collect();

        assert_eq!(alone, bits(&pipeline, rows.view()), "{}", algorithm.name());
        assert_eq!(pipeline.predict(rows.slice_axis(Axis(0), (0..0).into())).n_rows(), 0, "{}", algorithm.name());
    });
}

#[test]
fn the_same_rows_parameters_and_seed_make_the_same_bytes() {
    each(|algorithm, (spec, table), pipeline| {
        assert_eq!(fitted(spec, table).pipeline.to_bytes(), pipeline.to_bytes(), "{}", algorithm.name());
    });
}

/// What an algorithm learns from these rows by itself.
fn learned(algorithm: &dyn Algorithm, rows: Rows<'_>, threads: usize) -> Result<Vec<(&'static str, ArrayD<f64>)>> {
    let specs = algorithm.parameters();
    let (takes_steps, is_quadratic) = (
        ["mlp", "sgd"].iter().any(|it| algorithm.name().starts_with(it)),
        specs.iter().any(|it| it.name == "cache_size"),
    );
    let few = |name: &str| match name {
        "n_estimators" => Some(Value::Integer(3)),
        "max_iter" if takes_steps || algorithm.name() == "fast_ica" => Some(Value::Integer(3)),
        "max_iter" if is_quadratic => Some(Value::Integer(30)),
        "max_iter" if algorithm.is_transductive() => Some(Value::Integer(250)),
        "perplexity" | "min_samples" => Some(Value::Integer(2)),
        "nu" => Some(Value::Number(0.001)),
        "n_components" if algorithm.name().ends_with("random_projection") => Some(Value::Integer(2)),
        _ => None,
    };
    let few = specs.iter().filter_map(|it| Some((it.name.to_owned(), few(it.name)?)));
    let parameters = crate::model::Parameters::check(algorithm.name(), &specs, &few.collect())?;
    let training = Training { rows, seed: 7, threads, progress: &quiet };
    match algorithm.unfitted(&parameters) {
        UnfittedStep::Transformer(it) => it.fit(&training).map(|fitted| fitted.arrays()),
        UnfittedStep::Estimator(it) => it.fit(&training).map(|fitted| fitted.arrays()),
        UnfittedStep::Calibrator(it) => it.fit(&*classifier(), &training).map(|fitted| fitted.calibration.arrays()),
        UnfittedStep::Transductive(it) => it.fit(&training).map(|fitted| fitted.result.arrays()),
    }
}

/// What a calibrator is behind.
fn classifier() -> Box<dyn crate::model::Estimator> {
    let naive = crate::model::find("gaussian_nb").unwrap();
    let defaults = crate::model::Parameters::check(naive.name(), &naive.parameters(), &BTreeMap::new()).unwrap();
    let UnfittedStep::Estimator(estimator) = naive.unfitted(&defaults) else { unreachable!() };
    estimator
}

/// Targets of a kind for so many rows.
fn targets(kind: Kind, n_rows: usize) -> Targets {
    let classes = Column::integer("class", (0..n_rows as i64).map(|row| row * row % 7 % 3).collect());
    let numbers = Column::float("number", (0..n_rows).map(|row| 1.0 + (row * 37 % 101) as f64).collect());
    match kind {
        Kind::Classifier | Kind::Calibrator => Targets::read(Kind::Classifier, &classes).unwrap(),
        Kind::Regressor => Targets::read(kind, &numbers).unwrap(),
        Kind::Transformer | Kind::Clusterer | Kind::OutlierDetector => Targets::None,
    }
}

/// Numbers from 0 to 10 whose columns do not depend on each other.
fn numbers(n_rows: usize, n_features: usize) -> Array2<f64> {
    Array2::from_shape_fn((n_rows, n_features), |(row, column)| {
        let mixed = (row as u64 * 2_654_435_761 + column as u64 * 40_503).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed.rotate_left(29) % 10_007) as f64 / 1000.7
    })
}

#[test]
fn any_number_of_threads_learns_the_same_bits() {
    for algorithm in ALGORITHMS {
        let n_features = if algorithm.takes_one_column() { 1 } else { 4 };
        // More than are worth a thread, or as many as their square allows.
        let n_rows = match algorithm.name() {
            "dbscan" | "optics" => 2_500,
            _ if algorithm.is_transductive() => 200,
            _ => 80_000 / n_features,
        };
        let features = numbers(n_rows, n_features);
        let weights = vec![1.0; features.nrows()];
        let targets = targets(algorithm.kind(), features.nrows());
        let rows = Rows::new(&features, targets.view(), &weights);

        let by = |threads| learned(*algorithm, rows, threads).unwrap();

        assert!(by(1) == by(2) && by(1) == by(5), "{}", algorithm.name());
    }
}

/// Clusterers, forests and boosted regressors draw rows, and those of the one are not those of the other; neighbours and parts are
/// counted by rows; what is transductive says something of each row; and a weight of sgd is the length of a step, not their number.
#[test]
fn a_row_of_weight_two_is_the_row_twice() {
    let counts_rows = |it: &dyn Algorithm| {
        matches!(it.kind(), Kind::Clusterer | Kind::Calibrator)
            || it.is_transductive()
            || ["random_forest", "ada_boost_regressor", "k_neighbors", "sgd"]
                .iter()
                .any(|kind| it.name().starts_with(kind))
    };
    for algorithm in ALGORITHMS.iter().filter(|it| !counts_rows(**it)) {
        let n_features = if algorithm.takes_one_column() { 1 } else { 3 };
        let features = numbers(40, n_features);
        let twice = |row: usize| 1 + row % 2;
        let weights: Vec<f64> = (0..40).map(|row| twice(row) as f64).collect();
        let repeated: Vec<usize> = (0..40).flat_map(|row| vec![row; twice(row)]).collect();
        let targets = targets(algorithm.kind(), 40);
        let many_targets = targets.select(&repeated);
        let many = features.select(Axis(0), &repeated);

        let weighted = learned(*algorithm, Rows::new(&features, targets.view(), &weights), 1).unwrap();

        let rows = Rows::new(&many, many_targets.view(), &[1.0; 60]);
        for ((name, ours), (_, theirs)) in weighted.iter().zip(learned(*algorithm, rows, 1).unwrap()) {
            let close = ours.iter().zip(&theirs).all(|(one, other)| (one - other).abs() <= 1e-4 * other.abs().max(1.0));
            assert!(close && ours.len() == theirs.len(), "{}: {name} is {ours} and {theirs}", algorithm.name());
        }
    }
}

#[test]
fn a_fit_that_is_cancelled_answers_so() {
    let cancelled = |_: &str, _| Err(Error::Cancelled { what: "the job" });
    for algorithm in ALGORITHMS {
        for (spec, table) in of(*algorithm) {
            assert_eq!(fit(&spec, &table, &cancelled).unwrap_err().code(), Code::Cancelled, "{}", algorithm.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// One row, constant and repeated columns, more columns than rows, and every scale.
    #[test]
    fn no_finite_rows_make_a_fit_panic_or_learn_what_is_not_finite(
        n_rows in 1usize..12,
        magnitudes in prop::collection::vec(prop::sample::select(vec![-300, -160, -20, -3, 0, 3, 20, 150, 160, 300]), 1..6),
        kinds in prop::collection::vec(0u8..4, 6),
        seed in any::<u32>(),
    ) {
        let value = |row: usize, column: usize| match kinds[column] {
            0 => 3.0,                                                      // constant
            1 => (row as f64 + 1.0) * 0.1,                                 // the same as others of its kind
            2 => f64::from((seed >> (row % 31)) & 1),                      // one of two
            _ => ((u64::from(seed) + 1) * (row as u64 * 31 + column as u64 * 7 + 1) % 1009) as f64 / 77.0,
        };
        let features = Array2::from_shape_fn((n_rows, magnitudes.len()), |(row, column)| {
            value(row, column) * 10f64.powi(magnitudes[column])
        });
        let weights = vec![1.0; n_rows];
        for algorithm in ALGORITHMS {
            let of_classes = matches!(algorithm.kind(), Kind::Classifier | Kind::Calibrator);
            let n_classes = if of_classes && n_rows < 2 { continue } else { n_rows };
            let targets = match algorithm.kind() {
                Kind::Classifier | Kind::Calibrator => Targets::read(
                    Kind::Classifier,
                    &Column::integer("class", (0..n_classes as i64).map(|row| row % 2).collect()),
                ).unwrap(),
                kind => targets(kind, n_rows),
            };
            let suits = if algorithm.takes_one_column() { 1 } else { magnitudes.len() };
            let features = features.slice_axis(Axis(1), (..suits).into()).as_standard_layout().into_owned();
            match learned(*algorithm, Rows::new(&features, targets.view(), &weights), 1) {
                Err(error) => prop_assert_eq!(error.code(), Code::InvalidArgument, "{}: {}", algorithm.name(), error),
                Ok(arrays) => for (name, array) in arrays {
                    prop_assert!(array.iter().all(|it| it.is_finite()), "{}: {} is {}", algorithm.name(), name, array);
                },
            }
        }
    }
}

#[test]
fn every_algorithm_that_is_said_to_be_exported_is_and_no_other() {
    each(|algorithm, _, pipeline| {
        let name = algorithm.name();
        let model = LoadedModel::new(crate::data::Name::parse("model", "any").unwrap(), 1, pipeline);

        let exported = model.to_onnx().map(|bytes| bytes.len());

        assert_eq!(exported.is_ok(), EXPORTED.contains(&name), "{name}: {exported:?}");
    });
}
