//! Regressors of several targets against scikit-learn (`tests/fixtures/make_target_oracles.py`).

use super::oracles::{answers, assert_close, numbers, oracle, parameter};
use super::*;
use crate::model::{Asked, Examination};
use serde_json::Value as Json;

/// The rows of a case: those of a table, some of them, or its own.
fn rows_of(case: &Json) -> Table {
    let Some(name) = case["table"].as_str() else {
        let columns = case["columns"].as_object().unwrap();
        return Table::new(columns.iter().map(|(name, it)| Column::float(name, numbers(it))).collect()).unwrap();
    };
    let part = case.get("rows").map(|rows| [0, 1].map(|at| rows[at].as_u64().unwrap() as usize));
    part.map_or_else(|| table(name), |[first, length]| table(name).slice(first, length))
}

#[track_caller]
fn assert_targets(algorithm: &str, cases: &Json) {
    for case in cases.as_array().unwrap() {
        let what = format!("{algorithm} of {} {}, {}", case["table"], case["columns"], case["parameters"]);
        let given = case["parameters"].as_object().unwrap();
        let given: Vec<_> = given.iter().map(|(name, value)| (name.as_str(), parameter(value))).collect();
        let (rows, tolerance) = (rows_of(case), case["tolerance"].as_f64().unwrap());
        let targets = serde_json::from_value(case["targets"].clone()).unwrap();
        let spec = Spec { targets, ..spec(&[step(algorithm, &given)], "") };

        let Fitted { pipeline, metrics, .. } = fitted(&spec, &rows);

        for (name, expected) in case["arrays"].as_object().unwrap() {
            assert_close(&format!("{what}: {name}"), array(&pipeline, name), numbers(expected), tolerance);
        }
        let answers = answers(pipeline.predict(matrix(&pipeline, &rows).view()));
        let every_third = answers.rows().into_iter().step_by(3).flat_map(|row| row.to_vec());
        assert_close(&what, every_third, numbers(&case["answers"]), tolerance);
        let evaluated = evaluated(&pipeline, &rows);
        for (name, expected) in case["metrics"].as_object().unwrap() {
            assert_close(&format!("{what}: {name}"), [evaluated[name]], numbers(expected), tolerance);
            if let Some(carried) = metrics.get(&format!("training_{name}")) {
                assert_close(&format!("{what}: carried {name}"), [*carried], [evaluated[name]], 1e-12);
            }
        }
    }
}

fn evaluated(pipeline: &Pipeline, rows: &Table) -> crate::model::metrics::Metrics {
    let examination = Examination::new(pipeline, &Asked { table: rows, target: None, sample_weight: None }).unwrap();
    let mut answers = crate::model::metrics::Answers::default();
    answers.add(&pipeline.predict(examination.part(0..rows.n_rows())), examination.weights());
    examination.judge(pipeline, &answers, &|| Ok(())).unwrap().metrics
}

#[test]
fn tasks_that_share_their_columns_agree_with_scikit_learn() {
    for algorithm in ["multi_task_elastic_net", "multi_task_lasso"] {
        assert_targets(algorithm, &oracle(algorithm, "cases"));
    }
}

#[test]
fn regressors_of_several_targets_agree_with_scikit_learn() {
    for algorithm in ["linear_regression", "ridge", "elastic_net", "lasso", "pls_regression"] {
        assert_targets(algorithm, &oracle("several_targets", algorithm));
    }
}

#[test]
fn tasks_of_one_target_are_the_regression_of_it() {
    for (tasks, one) in [("multi_task_elastic_net", "elastic_net"), ("multi_task_lasso", "lasso")] {
        let exactly = [("tol", Value::Number(1e-14)), ("max_iter", Value::Integer(100_000))];
        let [tasks, one] = [tasks, one]
            .map(|algorithm| fitted(&spec(&[step(algorithm, &exactly)], "progression"), &table("diabetes")).pipeline);

        for name in ["coefficients", "intercept"] {
            assert_close(name, array(&tasks, name), array(&one, name), 1e-9);
        }
    }
}

#[test]
fn a_column_counts_for_all_tasks_or_for_none() {
    let spec = Spec {
        targets: vec!["weight".into(), "waist".into(), "pulse".into()],
        ..spec(&[step("multi_task_lasso", &[("alpha", Value::Number(45.0))])], "")
    };

    let pipeline = fitted(&spec, &table("linnerud")).pipeline;

    let coefficients = array(&pipeline, "coefficients").into_dimensionality::<ndarray::Ix2>().unwrap();
    let zeros: Vec<usize> =
        coefficients.rows().into_iter().map(|row| row.iter().filter(|it| **it == 0.0).count()).collect();
    assert!(zeros.contains(&3) && zeros.contains(&0) && zeros.iter().all(|it| [0, 3].contains(it)), "{coefficients}");
}
