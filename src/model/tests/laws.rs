//! What holds for every model.

use super::*;
use crate::error::{Code, Error};
use crate::model::Predictions;
use ndarray::{Array2, Axis, Zip, array};
use proptest::prelude::*;
use std::cell::RefCell;

/// A regressor or a classifier of as many columns, with coefficients of every magnitude.
fn synthetic(width: usize, n_classes: i64, precision: &str) -> Pipeline {
    let n_rows = 3 * width + 10;
    let value = |row: usize, column: usize| (((row * 7919 + column * 104_729 + row * column * 31) % 1009) as f64).sin();
    let mut columns: Vec<Column> = (0..width)
        .map(|column| Column::float(format!("x{column}"), (0..n_rows).map(|row| value(row, column)).collect()))
        .collect();
    let (algorithm, target) = match n_classes {
        0 => ("linear_regression", Column::float("y", (0..n_rows).map(|row| value(row, width)).collect())),
        n => ("logistic_regression", Column::integer("y", (0..n_rows as i64).map(|row| row * row % 7 % n).collect())),
    };
    columns.push(target);
    let parameters = [("precision", Value::Text(precision.into()))];
    fitted(&spec(&[step(algorithm, &parameters)], "y"), &Table::new(columns).unwrap()).pipeline
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_row_is_answered_with_the_same_bits_alone_and_in_any_batch(
        width in 1usize..70, n_classes in 0i64..5, n_rows in 1usize..40, seed in any::<u64>(),
        precision in prop::sample::select(vec!["f64", "f32"]),
    ) {
        let pipeline = synthetic(width, if n_classes == 1 { 7 } else { n_classes }, precision);
        let rows = Array2::from_shape_fn((n_rows, width), |(row, column)| {
            (seed.wrapping_mul(row as u64 + 1).rotate_left(column as u32) % 2003) as f64 / 77.0 - 13.0
        });

        let together = bits(&pipeline, rows.view());
        let column_major = bits(&pipeline, rows.t().as_standard_layout().t());

        prop_assert_eq!(&together, &column_major);
        for (row, expected) in together.iter().enumerate() {
            let alone = bits(&pipeline, rows.slice_axis(Axis(0), (row..=row).into()));
            let with_the_rest = bits(&pipeline, rows.slice_axis(Axis(0), (row..).into()));
            prop_assert_eq!((&alone[0], &with_the_rest[0]), (expected, expected));
        }
    }

    #[test]
    fn no_finite_rows_make_a_fit_panic_or_run_on(
        rows in prop::collection::vec(prop::collection::vec(-1.0f64..1.0, 4), 4..20),
        magnitudes in prop::collection::vec(-320i32..309, 4),
        algorithm in prop::sample::select(vec!["linear_regression", "logistic_regression", "k_means"]),
        scaled in any::<bool>(),
    ) {
        let column = |at: usize| rows.iter().map(|row| row[at] * 10f64.powi(magnitudes[at])).collect();
        let mut columns: Vec<Column> = (0..3).map(|at| Column::float(format!("x{at}"), column(at))).collect();
        columns.push(Column::float("number", column(3)));
        columns.push(Column::integer("class", (0..rows.len() as i64).map(|row| row % 3).collect()));
        let (target, parameters) = match algorithm {
            "linear_regression" => ("number", vec![]),
            "logistic_regression" => ("class", vec![]),
            _ => ("", vec![("n_clusters", Value::Integer(3))]),
        };
        let steps = [step("standard_scaler", &[]), step(algorithm, &parameters)];
        let features = Some((0..3).map(|at| format!("x{at}")).collect());
        let spec = Spec { features, ..spec(&steps[usize::from(!scaled)..], target) };

        match fit(&spec, &Table::new(columns).unwrap(), &quiet) {
            Err(error) => prop_assert_eq!(error.code(), Code::InvalidArgument, "{}", error),
            Ok(fitted) => prop_assert!(Pipeline::from_bytes(&fitted.pipeline.to_bytes()).is_ok()),
        }
    }
}

#[test]
fn every_kind_of_pipeline_answers_a_row_alone_as_in_a_batch() {
    for (pipeline, rows) in one_of_each_kind() {
        let together = bits(&pipeline, rows.view());

        let alone: Vec<_> = rows.axis_chunks_iter(Axis(0), 1).flat_map(|row| bits(&pipeline, row)).collect();

        assert_eq!(alone, together, "{:?}", pipeline.kind());
    }
}

#[test]
fn no_rows_give_no_predictions() {
    for (pipeline, rows) in one_of_each_kind() {
        let answer = pipeline.predict(rows.slice_axis(Axis(0), (0..0).into()));

        assert_eq!(answer.n_rows(), 0, "{:?}", pipeline.kind());
    }
}

#[test]
fn rows_that_are_handed_over_are_answered_as_those_that_are_shown() {
    for (pipeline, rows) in one_of_each_kind() {
        let shown = pipeline.predict(rows.view());

        assert_eq!(pipeline.predict(rows), shown);
    }
}

#[test]
fn a_slice_of_an_answer_is_the_answer_to_a_slice() {
    for (pipeline, rows) in one_of_each_kind() {
        let own = pipeline.predict(rows.view()).slice(3, 5);

        assert_eq!(own, pipeline.predict(rows.slice_axis(Axis(0), (3..8).into())));
    }
}

#[test]
fn probabilities_sum_to_one_and_the_label_is_the_most_probable() {
    for (pipeline, rows) in one_of_each_kind() {
        let Predictions::Classes { labels, probabilities, .. } = pipeline.predict(rows.view()) else { continue };

        for (label, row) in labels.iter().zip(probabilities.rows()) {
            assert!((row.sum() - 1.0).abs() < 1e-15, "{row}");
            assert!(row.iter().all(|probability| *probability <= row[*label]), "{row}");
        }
    }
}

#[test]
fn a_classifier_of_iris_meets_rows_that_it_has_not_seen() {
    let flowers = table("iris");
    let every_third = |keep: fn(usize) -> bool| {
        let rows: Vec<usize> = (0..flowers.n_rows()).filter(|row| keep(*row)).collect();
        take(&flowers, &rows)
    };
    let (training, held_out) = (every_third(|row| row % 3 != 0), every_third(|row| row % 3 == 0));
    let spec = spec(&[step("standard_scaler", &[]), step("logistic_regression", &[])], "species");

    let pipeline = fitted(&spec, &training).pipeline;

    let rows = pipeline.schema().matrix(features(&held_out, "species")).unwrap();
    let Predictions::Classes { labels, classes, .. } = pipeline.predict(rows.view()) else { unreachable!() };
    let (answered, expected) = (classes.take(&labels).to_column("species"), held_out.column("species").unwrap());
    let (crate::data::Values::Text(answered), crate::data::Values::Text(expected)) =
        (answered.values, &expected.values)
    else {
        unreachable!()
    };
    let hits = answered.iter().zip(expected.iter()).filter(|(one, other)| one == other).count();
    assert!(hits as f64 >= 0.95 * held_out.n_rows() as f64, "{hits} of {} rows", held_out.n_rows());
}

#[test]
fn columns_that_a_transformer_does_not_name_pass_through() {
    let mut scale = step("standard_scaler", &[]);
    scale.columns = Some(vec!["petal_width".into(), "sepal_length".into()]);
    let all = spec(&[step("standard_scaler", &[]), step("k_means", &[("n_clusters", Value::Integer(2))])], "");
    let some = Spec { steps: vec![scale, all.steps[1].clone()], ..all.clone() };
    let flowers = Table::new(table("iris").columns()[..4].to_vec()).unwrap();

    let (all, some) = (fitted(&all, &flowers).pipeline, fitted(&some, &flowers).pipeline);

    let rows = matrix(&all, &flowers);
    let (scaled, mixed) = (all.transformers[0].transform(rows.clone()), some.transformers[0].transform(rows.clone()));
    for (column, expected) in [(0, &scaled), (1, &rows), (2, &rows), (3, &scaled)] {
        assert_eq!(mixed.column(column), expected.column(column), "column {column}");
    }
}

#[test]
fn a_fit_tells_what_it_does_and_stops_when_it_is_told_to() {
    let told = RefCell::new(vec![]);
    let spec = spec(&[step("standard_scaler", &[]), step("linear_regression", &[])], "progression");
    let cancelling = |message: &str, fraction: f64| {
        told.borrow_mut().push((message.to_owned(), fraction));
        if message == "fitting linear_regression" { Err(Error::Cancelled { what: "the job" }) } else { Ok(()) }
    };

    let stopped = fit(&spec, &table("diabetes"), &cancelling);

    assert_eq!(stopped.unwrap_err().code(), Code::Cancelled);
    let told = told.into_inner();
    assert_eq!(told[0], ("fitting standard_scaler".into(), 0.0));
    assert_eq!(told[1], ("fitting linear_regression".into(), 1.0 / 3.0));
}

#[test]
fn k_means_tells_its_runs_and_stops_within_them() {
    let flowers = Table::new(table("iris").columns()[..4].to_vec()).unwrap();
    let spec = spec(&[step("k_means", &[("n_init", Value::Integer(4))])], "");
    let stopped_at = |stop: f64| {
        let told = RefCell::new(vec![]);
        let cancelling = |message: &str, fraction: f64| {
            told.borrow_mut().push((message.to_owned(), fraction));
            if fraction >= stop { Err(Error::Cancelled { what: "the job" }) } else { Ok(()) }
        };
        assert_eq!(fit(&spec, &flowers, &cancelling).unwrap_err().code(), Code::Cancelled);
        told.into_inner()
    };

    let second_iteration = stopped_at(1e-9);
    let third_run = stopped_at(0.25);

    let first = ("fitting k_means, run 1 of 4".to_owned(), 0.0);
    let (stopped, before) = second_iteration.split_last().unwrap();
    assert_eq!(before[..2], [("fitting k_means".to_owned(), 0.0), first.clone()]);
    assert!(before[2..].iter().all(|told| *told == first), "{before:?}"); // Its first centres, one by one.
    assert!(stopped.0.starts_with(&format!("{}, inertia ", first.0)), "{stopped:?}");
    assert_eq!(stopped.1, 1.0 / 300.0 / 4.0 / 2.0);
    assert_eq!(third_run.last(), Some(&("fitting k_means, run 3 of 4".to_owned(), 0.25)));
    assert!(third_run.is_sorted_by(|one, next| one.1 <= next.1), "{third_run:?}");
}

#[test]
fn steps_are_answered_with_their_defaults_written_out() {
    let pipeline = fitted(&spec(&[step("logistic_regression", &[])], "species"), &table("iris")).pipeline;

    assert_eq!(pipeline.steps()[0].parameters["C"], Value::Number(1.0));
    assert_eq!(pipeline.steps()[0].parameters["max_iter"], Value::Integer(100));
}

#[test]
fn one_row_is_enough_where_one_row_can_teach() {
    let one = Table::new(vec![Column::float("a", vec![2.0]), Column::float("y", vec![5.0])]).unwrap();
    let line = fitted(&spec(&[step("standard_scaler", &[]), step("linear_regression", &[])], "y"), &one);
    let centre = fitted(&spec(&[step("k_means", &[("n_clusters", Value::Integer(1))])], ""), &one);

    assert_eq!(line.pipeline.predict(array![[9.0]].view()), Predictions::Values(array![5.0]));
    assert_eq!(centre.metrics["inertia"], 0.0);
}

#[test]
fn more_clusters_than_rows_are_refused() {
    let two = Table::new(vec![Column::float("a", vec![1.0, 2.0])]).unwrap();
    let spec = spec(&[step("k_means", &[("n_clusters", Value::Integer(3))])], "");

    let message = fit(&spec, &two, &quiet).unwrap_err().to_string();

    assert!(message.contains("n_clusters is 3 and there are 2 rows"), "{message}");
}

/// linfa does not end on these rows, see `linfa_facts`.
#[test]
fn a_classifier_of_large_numbers_is_that_of_the_same_rows_in_another_unit() {
    let thousands = [15.0, 352.0, 564.0, 713.0, 902.0, 374.0, -177.0, -282.0, -68.0, -77.0, 807.0];
    let classes = vec![0, 1, 2, 2, 1, 0, 2, 0, 2, 0, 0];
    let probabilities = |unit: f64, c: f64| {
        let balance = Column::float("balance", thousands.iter().map(|it| it * unit).collect());
        let rows = Table::new(vec![balance, Column::integer("class", classes.clone())]).unwrap();
        let parameters = [("C", Value::Number(c)), ("tol", Value::Number(1e-12))];
        let pipeline = fitted(&spec(&[step("logistic_regression", &parameters)], "class"), &rows).pipeline;
        let Predictions::Classes { probabilities, .. } = pipeline.predict(matrix(&pipeline, &rows).view()) else {
            unreachable!()
        };
        probabilities
    };

    // Coefficients shrink with the unit, and their penalty with its square.
    let (large, small) = (probabilities(1e3, 100.0), probabilities(1.0, 1e8));

    Zip::from(&large).and(&small).for_each(|one, other| assert!((one - other).abs() < 1e-7, "{one} and {other}"));
}

#[test]
fn the_seed_decides_and_nothing_else() {
    let flowers = Table::new(table("iris").columns()[..4].to_vec()).unwrap();
    let random = step("k_means", &[("n_init", Value::Integer(1)), ("init", Value::Text("random".into()))]);
    let centres =
        |seed| array(&fitted(&Spec { seed, ..spec(std::slice::from_ref(&random), "") }, &flowers).pipeline, "centres");

    assert_eq!(centres(1), centres(1));
    assert_ne!(centres(1), centres(2));
}

/// Rows of a table of floats and one text column.
fn take(table: &Table, rows: &[usize]) -> Table {
    use crate::data::Values;
    let columns = table.columns().iter().map(|column| match &column.values {
        Values::Float(array) => Column::float(&column.name, rows.iter().map(|row| array.value(*row)).collect()),
        Values::Text(array) => {
            Column::text(&column.name, &rows.iter().map(|row| array.value(*row)).collect::<Vec<_>>())
        }
        _ => unreachable!("iris has no other columns"),
    });
    Table::new(columns.collect()).unwrap()
}

#[test]
fn a_column_whose_squares_leave_the_range_of_floats_is_refused_and_not_taken_for_a_constant() {
    let line = |unit: f64, fit_intercept: bool| {
        let x = (0..20).map(|row| f64::from(row) * unit).collect();
        let ones = Column::float("one", vec![1e-200; 20]);
        let y = (0..20).map(|row| 3.0 * f64::from(row) + 1.0).collect();
        let table = Table::new(vec![ones, Column::float("x", x), Column::float("y", y)]).unwrap();
        let features = if fit_intercept { None } else { Some(vec!["x".to_owned()]) };
        let parameters = [("fit_intercept", Value::Flag(fit_intercept))];
        fit(&Spec { features, ..spec(&[step("linear_regression", &parameters)], "y") }, &table, &quiet)
    };

    for (unit, word) in [(1e155, "overflows"), (1e300, "overflows"), (1e-155, "underflows"), (1e-200, "underflows")] {
        for fit_intercept in [true, false] {
            let refused = line(unit, fit_intercept).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert!(
                [word, "column \"x\" has values up to"].iter().all(|part| refused.to_string().contains(part)),
                "{unit}: {refused}"
            );
        }
    }
    for unit in [1e-140, 1.0, 1e150] {
        let fitted = line(unit, true).unwrap();
        assert!(fitted.metrics["training_r2"] > 1.0 - 1e-12, "{unit}: {:?}", fitted.metrics);
    }
}

#[test]
fn collinear_columns_share_their_coefficient() {
    let x = vec![1.0, 2.0, 3.0, 4.0];
    let line = Table::new(vec![
        Column::float("once", x.clone()),
        Column::float("again", x.clone()),
        Column::float("constant", vec![3.0; 4]),
        Column::float("y", x.iter().map(|x| 4.0 * x + 1.0).collect()),
    ]);

    let pipeline = fitted(&spec(&[step("linear_regression", &[])], "y"), &line.unwrap()).pipeline;

    let (coefficients, intercept) = (array(&pipeline, "coefficients"), array(&pipeline, "intercept"));
    let expected = array![2.0, 2.0, 0.0].into_dyn();
    Zip::from(&coefficients).and(&expected).for_each(|one, other| assert!((one - other).abs() < 1e-12, "{one}"));
    assert!((intercept.first().unwrap() - 1.0).abs() < 1e-11, "{intercept}");
}

/// A column of zeros and 1e-20, a constant, and one of 1e149: beside each other none is too small to count.
#[test]
fn columns_of_scales_that_are_far_apart_count_as_those_of_one_scale() {
    let of = |value: &dyn Fn(u32) -> f64| (0..9).map(value).collect::<Vec<f64>>();
    let answers = |tiny: f64, huge: f64| {
        let table = Table::new(vec![
            Column::float("tiny", of(&|row| f64::from(2_250_658_793_u32 >> row & 1) * tiny)),
            Column::float("constant", of(&|_| 3.0)),
            Column::float("huge", of(&|row| (f64::from(row) + 1.0) * huge)),
            Column::float("y", of(&|row| 1.0 + f64::from(row * 37 % 101))),
        ]);
        let table = table.unwrap();
        let pipeline = fitted(&spec(&[step("linear_regression", &[])], "y"), &table).pipeline;
        assert_eq!(array(&pipeline, "coefficients")[[1]], 0.0, "a constant says nothing");
        match pipeline.predict(matrix(&pipeline, &table)) {
            Predictions::Values(values) => values,
            other => panic!("{other:?}"),
        }
    };

    let (far, near) = (answers(1e-20, 1e149), answers(1.0, 1.0));

    assert!((&far - &near).iter().all(|difference| difference.abs() < 1e-9), "{far} and {near}");
}
