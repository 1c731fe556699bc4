//! What the answers of a model rest on, as sklearn.inspection says it (`tests/fixtures/make_importance_oracles.py`).

use super::oracles::{assert_close, numbers, oracle};
use super::*;
use crate::error::Code;
use crate::model::metrics::Answers;
use crate::model::{Asked, Examination, Importances, Kind, Scoring, Shuffled};

/// As the server does it, all rows at once.
fn importances(
    pipeline: &Pipeline,
    asked: &Asked<'_>,
    scoring: Option<&str>,
    (n_repeats, seed): (usize, u64),
) -> Result<Importances> {
    let (scoring, examination) = (Scoring::to_shuffle(pipeline.kind(), scoring)?, Examination::new(pipeline, asked)?);
    let n_rows = examination.n_rows();
    let score = |rows: Array2<f64>| {
        let mut answers = Answers::default();
        answers.add(&pipeline.predict(rows), examination.weights());
        examination.score(scoring, &answers, &|| Ok(())).unwrap().unwrap()
    };
    let baseline = score(examination.part(0..n_rows));
    let features: Vec<String> = pipeline.schema().features.iter().map(|it| it.name.clone()).collect();
    let importances = Array2::from_shape_fn((features.len(), n_repeats), |(column, repeat)| {
        let shuffled = Shuffled::new(n_rows, column, repeat, seed);
        baseline - score(examination.part_of(&shuffled, 0..n_rows))
    });
    Ok(Importances { n_samples: n_rows, scoring: scoring.name.into(), baseline, features, importances })
}

fn on(table: &Table) -> Asked<'_> {
    Asked { table, target: None, sample_weight: None }
}

#[test]
fn importances_are_those_of_scikit_learn_for_the_same_shuffles() {
    for case in oracle("permutation_importance", "cases").as_array().unwrap() {
        let text = |name: &str| case[name].as_str();
        let (table, target) = (table(text("data").unwrap()), text("target").unwrap());
        let steps: Vec<StepSpec> =
            case["steps"].as_array().unwrap().iter().map(|name| step(name.as_str().unwrap(), &[])).collect();
        let pipeline = fitted(&spec(&steps, target), &table).pipeline;
        let weights = Column::float("weight", (0..table.n_rows()).map(|row| (row % 3) as f64 + 1.0).collect());
        let table = Table::new(table.columns().iter().cloned().chain([weights]).collect()).unwrap();
        let sample_weight = case["weighted"].as_bool().unwrap().then_some("weight");
        let asked = Asked { table: &table, target: Some(target), sample_weight };
        let drawn = (case["n_repeats"].as_u64().unwrap() as usize, case["seed"].as_u64().unwrap());

        let found = importances(&pipeline, &asked, text("scoring"), drawn).unwrap();

        let what = format!("{:?} of {:?}", text("scoring"), steps.last().unwrap().algorithm);
        assert_close(&what, found.importances.iter().copied(), numbers(&case["importances"]), 1e-9);
        assert_close(&what, found.mean(), numbers(&case["mean"]), 1e-9);
        assert_close(&what, found.deviation(), numbers(&case["std"]), 1e-9);
    }
}

#[test]
fn a_column_that_does_not_matter_has_importances_of_exactly_zero() {
    let x = [1.0, 2.0, 3.0, 4.0, 7.0, 6.0];
    let columns = vec![
        Column::float("x", x.to_vec()),
        Column::float("constant", vec![5.0; 6]),
        Column::float("noise", vec![0.3, 0.1, 0.9, 0.2, 0.6, 0.4]),
        Column::float("y", x.map(|x| 3.0 * x).to_vec()),
    ];
    let table = Table::new(columns).unwrap();
    let lasso = step("lasso", &[("alpha", Value::Number(1.0))]);
    let pipeline = fitted(&spec(&[lasso], "y"), &table).pipeline;

    let found = importances(&pipeline, &on(&table), None, (20, 3)).unwrap();

    assert!(found.importances.row(0).iter().any(|it| *it > 0.1), "{found:?}");
    assert!(found.importances.row(1).iter().chain(&found.importances.row(2)).all(|it| *it == 0.0), "{found:?}");
}

/// `y = 3 x`, so that `r2` falls by `sum (x - x')^2 / sum (x - mean)^2`.
#[test]
fn an_importance_is_how_far_values_were_moved() {
    let x: Vec<f64> = (0..50).map(|row| f64::from(row * row % 17)).collect();
    let y = x.iter().map(|x| 3.0 * x).collect();
    let table = Table::new(vec![Column::float("x", x.clone()), Column::float("y", y)]).unwrap();
    let pipeline = fitted(&spec(&[step("linear_regression", &[])], "y"), &table).pipeline;

    let found = importances(&pipeline, &on(&table), Some("r2"), (4, 11)).unwrap();

    let mean = x.iter().sum::<f64>() / 50.0;
    let spread: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
    for repeat in 0..4 {
        let order = Shuffled::new(50, 0, repeat, 11).order;
        let moved: f64 = x.iter().zip(order).map(|(value, other)| (value - x[other as usize]).powi(2)).sum();
        assert_close("r2", [found.importances[[0, repeat]]], [moved / spread], 1e-12);
    }
}

#[test]
fn the_same_seed_gives_the_same_importances_and_another_one_others() {
    let flowers = table("iris");
    let pipeline = fitted(&spec(&[step("gaussian_nb", &[])], "species"), &flowers).pipeline;
    let of = |seed| importances(&pipeline, &on(&flowers), Some("neg_log_loss"), (2, seed)).unwrap();

    assert_eq!(of(5), of(5));
    assert_ne!(of(5), of(6));
}

#[test]
fn every_metric_of_a_kind_has_a_score_to_shuffle_by_and_others_are_refused_with_them() {
    let cases = [("iris", "species", "gaussian_nb"), ("diabetes", "progression", "ridge")];
    for (data, target, algorithm) in cases {
        let table = table(data);
        let pipeline = fitted(&spec(&[step(algorithm, &[])], target), &table).pipeline;
        let examination = Examination::new(&pipeline, &on(&table)).unwrap();
        let mut answers = Answers::default();
        answers.add(&pipeline.predict(examination.part(0..table.n_rows())), examination.weights());
        let metrics = examination.judge(&pipeline, &answers, &|| Ok(())).unwrap().metrics;

        let scoring = |name: Option<&str>| Scoring::to_shuffle(pipeline.kind(), name);
        let score = |scoring| examination.score(scoring, &answers, &|| Ok(())).unwrap();
        for (name, value) in metrics {
            match scoring(Some(&name)) {
                Ok(same) => assert_eq!(score(same), Some(value), "{name}"),
                Err(refused) => {
                    let refused = refused.to_string();
                    let named = refused.split("its score is named ").nth(1).unwrap_or_else(|| panic!("{refused}"));
                    assert_eq!(score(scoring(Some(named.trim_matches('"'))).unwrap()), Some(-value), "{name}");
                }
            }
        }
        let refused = scoring(Some("beauty")).unwrap_err().to_string();
        let first = scoring(None).unwrap().name;
        assert!(refused.contains("\"beauty\"") && refused.contains(&format!("there are {first}, ")), "{refused}");
    }
    let measures = Table::new(table("iris").columns()[..4].to_vec()).unwrap();
    let scaler = fitted(&spec(&[step("standard_scaler", &[])], ""), &measures).pipeline;
    assert_eq!(scaler.kind(), Kind::Transformer);
    assert_eq!(Scoring::to_shuffle(scaler.kind(), None).unwrap_err().code(), Code::FailedPrecondition);
}

/// Answers of 3 and 1 too little: scikit-learn's `mean_squared_error` is (9 + 1) / 2, and its `root_mean_squared_error` (3 + 1) / 2.
#[test]
fn a_score_of_several_targets_is_the_mean_of_those_of_each() {
    let lines = |first: f64, second: f64| {
        let rows = (0..9).map(f64::from);
        let column = |name: &str, of: &dyn Fn(f64) -> f64| Column::float(name, rows.clone().map(of).collect());
        Table::new(vec![column("x", &|x| x), column("y", &|x| 2.0 * x + first), column("z", &|x| 5.0 - x + second)])
    };
    let targets = vec!["y".to_owned(), "z".to_owned()];
    let spec = Spec { targets, ..spec(&[step("linear_regression", &[])], "") };
    let (pipeline, table) = (fitted(&spec, &lines(0.0, 0.0).unwrap()).pipeline, lines(3.0, 1.0).unwrap());

    let baseline = |scoring| importances(&pipeline, &on(&table), Some(scoring), (1, 0)).unwrap().baseline;

    assert_close("squares", [baseline("neg_mean_squared_error")], [-5.0], 1e-9);
    assert_close("roots", [baseline("neg_root_mean_squared_error")], [-2.0], 1e-9);
}
