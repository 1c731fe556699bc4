//! What holds for every regressor of several targets.

use super::oracles::{answers, assert_close};
use super::*;
use crate::data::Values;
use crate::error::Code;
use crate::model::{ALGORITHMS, Algorithm, Asked, Examination, Predictions, Scale, fit_on};
use ndarray::Axis;
use proptest::prelude::*;

fn able() -> impl Iterator<Item = &'static dyn Algorithm> {
    ALGORITHMS.iter().copied().filter(|it| it.takes_several_targets())
}

/// Of these targets.
fn several(steps: &[StepSpec], targets: &[&str]) -> Spec {
    Spec { targets: targets.iter().map(|&name| name.to_owned()).collect(), ..spec(steps, "") }
}

/// Every algorithm behind a scaler, of progression and s5.
fn each(act: impl Fn(&'static dyn Algorithm, (&Spec, &Table), Fitted)) {
    for algorithm in able() {
        let steps = [step("standard_scaler", &[]), step(algorithm.name(), &[])];
        let (spec, table) = (several(&steps, &["progression", "s5"]), table("diabetes"));
        act(algorithm, (&spec, &table), fitted(&spec, &table));
    }
}

#[test]
fn several_targets_are_answered_as_columns_that_have_their_names() {
    each(|algorithm, (_, table), Fitted { pipeline, .. }| {
        let schema = pipeline.schema();
        let targets: Vec<&str> = schema.targets.iter().map(|target| target.name.as_str()).collect();

        let answer = pipeline.predict(matrix(&pipeline, table));

        let Predictions::Columns(columns) = answer else { panic!("{} answers {answer:?}", algorithm.name()) };
        assert_eq!(columns.dim(), (442, 2), "{}", algorithm.name());
        assert_eq!(targets, ["progression", "s5"]);
        assert_eq!(schema.outputs, Some(vec!["progression".to_owned(), "s5".into()]));
        assert_eq!((schema.target.as_ref(), schema.features.len(), pipeline.answer_bytes()), (None, 9, 16));
    });
}

#[test]
fn several_targets_are_answered_with_the_same_bits_alone_in_a_batch_and_after_they_were_stored() {
    each(|algorithm, (_, table), Fitted { pipeline, .. }| {
        let rows = matrix(&pipeline, table);

        let stored = Pipeline::from_bytes(&pipeline.to_bytes()).unwrap();

        let together = bits(&pipeline, rows.view());
        let alone: Vec<_> = rows.axis_chunks_iter(Axis(0), 1).flat_map(|row| bits(&stored, row)).collect();
        assert_eq!(alone, together, "{}", algorithm.name());
        assert_eq!((stored.to_bytes(), stored.schema()), (pipeline.to_bytes(), pipeline.schema()));
    });
}

#[test]
fn any_number_of_threads_learns_the_same_bytes() {
    each(|algorithm, (spec, _), _| {
        let columns = table("diabetes").columns().iter().map(|it| many(it, 50)).collect();
        let table = Table::new(columns).unwrap();
        let of = |threads| fit_on(threads, spec, &table, &quiet).unwrap().pipeline.to_bytes();

        assert!(of(1) == of(2) && of(1) == of(5), "{}", algorithm.name());
    });
}

/// The same rows so many times.
fn many(column: &Column, times: usize) -> Column {
    match &column.values {
        Values::Float(array) => Column::float(&column.name, array.values().repeat(times)),
        Values::Integer(array) => Column::integer(&column.name, array.values().repeat(times)),
        Values::Boolean(_) | Values::Text(_) => unreachable!("diabetes has no such columns"),
    }
}

#[test]
fn a_single_name_among_the_targets_is_the_target() {
    for algorithm in able() {
        let own = [step(algorithm.name(), &[])];

        let [one, other] = [several(&own, &["progression"]), spec(&own, "progression")];

        let [one, other] = [one, other].map(|spec| fitted(&spec, &table("diabetes")).pipeline.to_bytes());
        assert!(one == other, "{}", algorithm.name());
    }
}

/// Of ordinary and of penalised least squares each target is learned by itself.
#[test]
fn targets_that_have_nothing_in_common_are_learned_as_if_alone() {
    for name in ["linear_regression", "ridge", "elastic_net", "lasso"] {
        let (own, table) = ([step(name, &[])], table("diabetes"));
        let both = fitted(&several(&own, &["progression", "s5"]), &table).pipeline;
        for (at, target) in ["progression", "s5"].into_iter().enumerate() {
            let features = both.schema().features.iter().map(|it| it.name.clone()).collect();

            let alone = fitted(&Spec { features: Some(features), ..spec(&own, target) }, &table).pipeline;

            let [both, alone] = [&both, &alone].map(|pipeline| answers(pipeline.predict(matrix(pipeline, &table))));
            assert_close(name, both.column(at).to_owned(), alone.column(0).to_owned(), 1e-9);
        }
    }
}

#[test]
fn f32_answers_are_near_those_of_f64() {
    for algorithm in able() {
        let steps = |precision: &str| {
            [step("standard_scaler", &[]), step(algorithm.name(), &[("precision", Value::Text(precision.into()))])]
        };
        let table = table("diabetes");

        let [wide, narrow] = ["f64", "f32"].map(|precision| {
            let pipeline = fitted(&several(&steps(precision), &["progression", "s5"]), &table).pipeline;
            let stored = Pipeline::from_bytes(&pipeline.to_bytes()).unwrap();
            answers(stored.predict(matrix(&pipeline, &table)))
        });

        assert_ne!(wide, narrow, "{}", algorithm.name());
        assert_close(algorithm.name(), narrow, wide, 1e-5);
    }
}

#[test]
fn what_each_column_adds_to_each_target_comes_to_the_answers() {
    each(|algorithm, (_, table), Fitted { pipeline, .. }| {
        let rows = matrix(&pipeline, table);

        let explained = pipeline.explain(rows.clone(), &|| Ok(())).unwrap();

        assert_eq!((explained.scale, explained.contributions.dim()), (Scale::Value, (442, 2, 9)));
        assert_close(algorithm.name(), explained.sums(), answers(pipeline.predict(rows)), 1e-9);
    });
}

#[test]
fn several_targets_are_measured_on_rows_that_were_held_out() {
    each(|algorithm, (spec, table), Fitted { metrics, .. }| {
        let held_out = fitted(&Spec { validation_fraction: None, ..spec.clone() }, table).metrics;

        assert_eq!(metrics.keys().collect::<Vec<_>>(), ["training_mae", "training_r2", "training_rmse"]);
        assert_eq!(held_out.len(), 6, "{}: {held_out:?}", algorithm.name());
        assert!(metrics.iter().all(|(name, value)| held_out[name] == *value));
    });
}

fn refusal(spec: &Spec, table: &Table) -> String {
    let refused = fit(spec, table, &quiet).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    refused.to_string()
}

#[test]
fn targets_are_refused_with_their_names() {
    let (table, ridge) = (table("diabetes"), [step("ridge", &[])]);
    let of = |spec: Spec| refusal(&spec, &table);

    let both = of(Spec { target: Some("s5".into()), ..several(&ridge, &["bmi", "bp"]) });
    let twice = of(several(&ridge, &["bmi", "bp", "bmi"]));
    let unknown = of(several(&ridge, &["bmi", "bpp"]));
    let feature = of(Spec { features: Some(vec!["age".into(), "bp".into()]), ..several(&ridge, &["bmi", "bp"]) });
    let weight = of(Spec { sample_weight: Some("bp".into()), ..several(&ridge, &["bmi", "bp"]) });
    let none_left = of(several(&ridge, &table.columns().iter().map(|it| it.name.as_str()).collect::<Vec<_>>()));
    let clusters = of(several(&[step("k_means", &[])], &["bmi", "bp"]));

    assert_eq!(both, "there are a target, \"s5\", and targets, bmi, bp; send one of them");
    assert_eq!(twice, "target \"bmi\" is named twice");
    assert!(unknown.starts_with("target \"bpp\" is not a column; there are age"), "{unknown}");
    assert_eq!(feature, "column \"bp\" is target and feature; name it once");
    assert_eq!(weight, "column \"bp\" is target and sample_weight; name it once");
    assert!(none_left.starts_with("there is no feature"), "{none_left}");
    assert!(clusters.starts_with("a clusterer learns without a target, got \"bmi\""), "{clusters}");
}

#[test]
fn those_that_learn_one_target_refuse_several_and_name_those_that_do_not() {
    let names: Vec<&str> = able().map(|it| it.name()).collect();
    let expected = format!(
        "learns one target, got 2: sepal_width, petal_width; those that learn several are {}",
        names.join(", ")
    );
    for algorithm in ["svr", "mlp_regressor", "poisson_regressor", "lars", "logistic_regression"] {
        let message = refusal(&several(&[step(algorithm, &[])], &["sepal_width", "petal_width"]), &table("iris"));

        assert_eq!(message, format!("{algorithm} {expected}"));
    }
    assert!(names.contains(&"multi_task_lasso") && names.contains(&"ridge"), "{names:?}");
}

#[test]
fn a_target_of_several_that_is_not_finite_is_named_with_its_row() {
    let columns =
        ["x", "y", "z"].map(|name| Column::float(name, vec![1.0, 2.0, if name == "z" { f64::NAN } else { 3.0 }]));

    let message = refusal(&several(&[step("ridge", &[])], &["y", "z"]), &Table::new(columns.into()).unwrap());

    assert_eq!(message, "target \"z\" row 2 is NaN and has to be finite; leave the row out");
}

#[test]
fn a_model_of_several_targets_is_evaluated_on_all_of_them() {
    let (table, spec) = (table("diabetes"), several(&[step("ridge", &[])], &["progression", "s5"]));
    let pipeline = fitted(&spec, &table).pipeline;
    let asked = |target, sample_weight| {
        Examination::new(&pipeline, &Asked { table: &table, target, sample_weight }).unwrap_err().to_string()
    };

    let (other, weight) = (asked(Some("s6"), None), asked(None, Some("s5")));

    assert!(other.starts_with("the model learned 2 targets (\"progression\" first)"), "{other}");
    assert_eq!(weight, "column \"s5\" is target and sample_weight; name it once");
    let columns = table.columns().iter().filter(|it| it.name != "s5").cloned().collect();
    let without = Table::new(columns).unwrap();
    let missing =
        Examination::new(&pipeline, &Asked { table: &without, target: None, sample_weight: None }).unwrap_err();
    assert!(missing.to_string().starts_with("target \"s5\" is not a column"), "{missing}");
}

#[test]
fn what_is_stored_of_targets_fits_each_other_or_is_damaged() {
    let spoil: [fn(&mut Pipeline); 4] = [
        |it| it.schema.targets.truncate(1),
        |it| it.schema.target = it.schema.targets.first().cloned(),
        |it| it.schema.outputs = None,
        |it| it.schema.targets.push(it.schema.features[0].clone()),
    ];
    for spoil in spoil {
        let spec = several(&[step("ridge", &[])], &["progression", "s5"]);
        let mut pipeline = fitted(&spec, &table("diabetes")).pipeline;

        spoil(&mut pipeline);

        let bytes = pipeline.to_bytes();
        assert!(
            matches!(Pipeline::from_bytes(&bytes), Err(crate::error::Error::Damaged { .. })),
            "{:?}",
            pipeline.schema
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Where neither rows nor weights leave the range of floats, and a column is no combination of others.
    #[test]
    fn weights_of_whole_numbers_are_rows_as_often(
        rows in prop::collection::vec((0.0f64..10.0, 0.0f64..10.0, -5.0f64..5.0, 0usize..4), 12..30),
    ) {
        let times: Vec<usize> = rows.iter().enumerate().map(|(at, row)| if at < 6 { 1 } else { row.3 }).collect();
        let of = |times: &[usize], value: &dyn Fn(usize) -> f64| -> Vec<f64> {
            times.iter().enumerate().flat_map(|(row, times)| std::iter::repeat_n(value(row), *times)).collect()
        };
        let table = |times: &[usize]| vec![
            Column::float("a", of(times, &|row| rows[row].0)),
            Column::float("b", of(times, &|row| rows[row].1)),
            Column::float("y", of(times, &|row| rows[row].0 + rows[row].2)),
            Column::float("z", of(times, &|row| rows[row].2 - rows[row].1)),
        ];
        let weights = Column::float("w", times.iter().map(|times| *times as f64).collect());
        let once = Table::new(table(&vec![1; rows.len()]).into_iter().chain([weights]).collect()).unwrap();
        let many = Table::new(table(&times)).unwrap();
        for algorithm in able() {
            let spec = several(&[step(algorithm.name(), &[])], &["y", "z"]);
            let features = Some(vec!["a".into(), "b".into()]);

            let weighted = fitted(&Spec { sample_weight: Some("w".into()), features, ..spec.clone() }, &once);

            let repeated = fitted(&spec, &many);
            let rows = matrix(&repeated.pipeline, &many);
            let [ours, theirs] = [&weighted, &repeated].map(|it| answers(it.pipeline.predict(rows.view())));
            assert_close(algorithm.name(), ours, theirs, 1e-6);
            for (name, value) in &repeated.metrics {
                assert_close(name, [weighted.metrics[name]], [*value], 1e-6);
            }
        }
    }

    #[test]
    fn no_finite_rows_make_a_fit_of_several_targets_panic_or_learn_what_is_not_finite(
        n_rows in 1usize..10,
        magnitudes in prop::collection::vec(prop::sample::select(vec![-300, -160, -20, 0, 3, 20, 150, 300]), 6),
        constant in prop::collection::vec(any::<bool>(), 6),
        seed in any::<u32>(),
    ) {
        let value = |row: usize, column: usize| {
            let mixed = (u64::from(seed) + 1) * (row as u64 * 31 + column as u64 * 7 + 1) % 1009;
            10f64.powi(magnitudes[column]) * if constant[column] { 3.0 } else { mixed as f64 / 77.0 }
        };
        let column = |at: usize| Column::float(format!("x{at}"), (0..n_rows).map(|row| value(row, at)).collect());
        let table = Table::new((0..6).map(column).collect()).unwrap();
        for algorithm in able() {
            match fit(&several(&[step(algorithm.name(), &[])], &["x3", "x4", "x5"]), &table, &quiet) {
                Err(error) => prop_assert_eq!(error.code(), Code::InvalidArgument, "{}: {}", algorithm.name(), error),
                Ok(fitted) => prop_assert!(Pipeline::from_bytes(&fitted.pipeline.to_bytes()).is_ok(), "{}", algorithm.name()),
            }
        }
    }
}
