//! Learning batch by batch: the same as scikit-learn's `partial_fit`, as all rows at once where that can be, and as after a restart.

use super::oracles::{assert_close, numbers, oracle, parameter};
use super::*;
use crate::data::Labels;
use crate::error::Code;
use crate::model::{ALGORITHMS, Algorithm, Kind, Learner, Lesson};
use serde_json::Value as Json;

/// Columns `x0`, `x1`, … and the target `y`, as a case of an oracle has them.
fn rows_of(case: &Json) -> Table {
    let x: Vec<Vec<f64>> = serde_json::from_value(case["x"].clone()).unwrap();
    let columns = (0..x[0].len()).map(|at| Column::float(format!("x{at}"), x.iter().map(|row| row[at]).collect()));
    let y = match serde_json::from_value::<Vec<f64>>(case["y"].clone()) {
        Ok(numbers) => Column::float("y", numbers),
        Err(_) => Column::text("y", &serde_json::from_value::<Vec<String>>(case["y"].clone()).unwrap()),
    };
    Table::new(columns.chain([y]).collect()).unwrap()
}

fn batches(table: &Table, length: usize) -> Vec<Table> {
    let firsts = (0..table.n_rows()).step_by(length);
    firsts.map(|first| table.slice(first, length.min(table.n_rows() - first))).collect()
}

fn learn(learner: &Learner, batch: &Table) -> Result<Lesson> {
    learner.partial_fit(batch, 1, &quiet)
}

/// After all batches.
fn taught(learner: Learner, batches: &[Table]) -> Learner {
    batches.iter().fold(learner, |learner, batch| learn(&learner, batch).unwrap().learner)
}

/// All classes of a table's target, if that has classes.
fn classes(table: &Table, kind: Kind, target: &str) -> Option<Labels> {
    match Targets::read(kind, table.column(target)?) {
        Ok(Targets::Classes { labels, .. }) => Some(Labels::clone(&labels)),
        _ => None,
    }
}

#[test]
fn batch_by_batch_losses_and_weights_are_those_of_the_oracle() {
    for algorithm in ["mlp_regressor", "mlp_classifier", "ftrl_classifier", "sgd_regressor", "sgd_classifier"] {
        let (file, key) =
            if algorithm.starts_with("mlp") { ("partial_fit", algorithm) } else { (algorithm, "partial_fit") };
        for case in oracle(file, key).as_array().unwrap() {
            let what = format!("{algorithm} {}", case["parameters"]);
            let given = case["parameters"].as_object().unwrap();
            let given: Vec<_> = given.iter().map(|(name, value)| (name.as_str(), parameter(value))).collect();
            let table = rows_of(case);
            let spec = spec(&[step(algorithm, &given)], "y");
            let kind = if algorithm.ends_with("regressor") { Kind::Regressor } else { Kind::Classifier };

            let mut learner = Learner::begin(&spec, classes(&table, kind, "y"), &table).unwrap();
            let mut losses = vec![];
            for batch in batches(&table, case["length"].as_u64().unwrap() as usize) {
                let lesson = learn(&learner, &batch).unwrap();
                losses.extend(lesson.loss);
                learner = lesson.learner;
            }

            assert_close(&format!("{what}: losses"), losses, numbers(&case["losses"]), 1e-9);
            let pipeline = learner.pipeline().unwrap();
            for (name, expected) in case["arrays"].as_object().unwrap() {
                assert_close(&format!("{what}: {name}"), array(&pipeline, name), numbers(expected), 1e-9);
            }
        }
    }
}

#[test]
fn behind_a_scaler_that_learns_too_batches_are_learned_as_by_scikit_learn() {
    for case in oracle("online_pipelines", "cases").as_array().unwrap() {
        let (table, algorithm) = (rows_of(case), case["algorithm"].as_str().unwrap());
        let given = case["parameters"].as_object().unwrap();
        let given: Vec<_> = given.iter().map(|(name, value)| (name.as_str(), parameter(value))).collect();
        let columns = serde_json::from_value(case["columns"].clone()).unwrap();
        let steps = [StepSpec { columns, ..step("standard_scaler", &[]) }, step(algorithm, &given)];
        let kind = if algorithm.ends_with("regressor") { Kind::Regressor } else { Kind::Classifier };

        let learner = Learner::begin(&spec(&steps, "y"), classes(&table, kind, "y"), &table).unwrap();
        let pipeline = taught(learner, &batches(&table, case["length"].as_u64().unwrap() as usize)).pipeline().unwrap();

        for (name, expected) in case["arrays"].as_object().unwrap() {
            assert_close(&format!("{algorithm}: {name}"), array(&pipeline, name), numbers(expected), 1e-9);
        }
        let stored = Pipeline::from_bytes(&pipeline.to_bytes()).unwrap();
        let rows = matrix(&pipeline, &table);
        assert_eq!(stored.predict(rows.view()), pipeline.predict(rows.view()), "{algorithm}");
    }
}

#[test]
fn what_was_stored_half_way_behind_a_scaler_goes_on_to_the_same_bytes() {
    let table = table("iris");
    let some = StepSpec { columns: Some(vec!["petal_length".into()]), ..step("standard_scaler", &[]) };
    let spec = spec(&[step("standard_scaler", &[]), some, step("sgd_classifier", &[])], "species");
    let begun = || Learner::begin(&spec, classes(&table, Kind::Classifier, "species"), &table).unwrap();
    let batches = batches(&table, 40);

    let half = taught(begun(), &batches[..2]).to_bytes();

    let (resumed, straight) = (taught(Learner::from_bytes(&half).unwrap(), &batches[2..]), taught(begun(), &batches));
    assert_eq!(resumed.to_bytes(), straight.to_bytes());
    assert_eq!(begun().pipeline().unwrap_err().code(), Code::FailedPrecondition);
}

#[test]
fn one_batch_is_one_pass_of_a_fit_by_ftrl() {
    let case = &oracle("ftrl_classifier", "partial_fit")[1];
    let table = rows_of(case);
    let spec = spec(&[step("ftrl_classifier", &[("max_iter", Value::Integer(1)), ("l1", Value::Number(1.0))])], "y");
    let learner = Learner::begin(&spec, None, &table).unwrap();

    let learned = taught(learner, std::slice::from_ref(&table)).pipeline().unwrap();

    assert_eq!(learned.to_bytes(), fitted(&spec, &table).pipeline.to_bytes());
}

#[test]
fn naive_bayes_learns_batch_by_batch_what_it_learns_from_all_rows() {
    for (algorithm, name, target, tolerance) in [
        ("gaussian_nb", "iris", "species", 1e-12),
        ("bernoulli_nb", "iris", "species", 0.0),
        ("multinomial_nb", "counts", "kind", 0.0),
    ] {
        let (table, spec) = (table(name), spec(&[step(algorithm, &[])], target));
        let learner = Learner::begin(&spec, classes(&table, Kind::Classifier, target), &table).unwrap();

        let learned = taught(learner, &batches(&table, 7)).pipeline().unwrap();

        let offline = fitted(&spec, &table).pipeline;
        for ((name, ours), (_, theirs)) in
            learned.last.arrays().remove(0).into_iter().zip(offline.last.arrays().remove(0))
        {
            assert_close(&format!("{algorithm}: {name}"), ours, theirs, tolerance);
        }
    }
}

/// Each algorithm that learns batch by batch, with a table, the specification, and its classes.
fn each(act: impl Fn(&'static dyn Algorithm, Table, Spec, Option<Labels>)) {
    for algorithm in ALGORITHMS.iter().filter(|it| it.online().is_some()) {
        let (name, target) = match algorithm.kind() {
            Kind::Classifier => ("iris", "species"),
            Kind::Clusterer => ("synthetic", ""),
            _ => ("synthetic", "y"),
        };
        let table = table(name);
        let stated = classes(&table, algorithm.kind(), target);
        act(*algorithm, table, spec(&scaled_if_it_must(algorithm.name()), target), stated);
    }
}

#[test]
fn what_was_stored_half_way_goes_on_to_the_same_bytes() {
    each(|algorithm, table, spec, classes| {
        let batches = batches(&table, 25);
        let begun = || Learner::begin(&spec, classes.clone(), &table).unwrap();
        let straight = taught(begun(), &batches);

        let half = taught(begun(), &batches[..1]).to_bytes();
        let resumed = taught(Learner::from_bytes(&half).unwrap(), &batches[1..]);

        assert_eq!(resumed.to_bytes(), straight.to_bytes(), "{}", algorithm.name());
        let published = [resumed, straight].map(|it| it.pipeline().unwrap().to_bytes());
        assert_eq!(published[0], published[1], "{}", algorithm.name());
        let counts = Learner::from_bytes(&begun().to_bytes()).unwrap();
        assert_eq!((counts.batches(), counts.samples(), counts.seed()), (0, 0, 7));
    });
}

#[test]
fn any_number_of_threads_learns_the_same_bits_from_a_batch() {
    each(|algorithm, _, spec, classes| {
        let many = many(spec.target.as_deref().unwrap_or("y"), algorithm.kind());
        let learner = Learner::begin(&spec, classes, &many).unwrap();

        let by = |threads| learner.partial_fit(&many, threads, &quiet).unwrap().learner.to_bytes();

        assert!(by(1) == by(2) && by(1) == by(5), "{}", algorithm.name());
    });
}

/// More rows than are worth a thread.
fn many(target: &str, kind: Kind) -> Table {
    let number = |at: usize| (at * 7_919 % 1_009) as f64 / 100.0;
    let features = (0..4)
        .map(|column| Column::float(format!("c{column}"), (0..20_000).map(|row| number(row * 4 + column)).collect()));
    let species = ["setosa", "versicolor", "virginica"];
    let y = match kind {
        Kind::Classifier => {
            Column::text(target, &(0..20_000).map(|row| species[row * row % 7 % 3]).collect::<Vec<_>>())
        }
        _ => Column::float(target, (0..20_000).map(|row| number(row * 3)).collect()),
    };
    Table::new(features.chain([y]).collect()).unwrap()
}

#[test]
fn a_batch_that_is_cancelled_or_refused_leaves_the_learner_as_it_was() {
    each(|algorithm, table, spec, classes| {
        let learner = taught(Learner::begin(&spec, classes, &table).unwrap(), std::slice::from_ref(&table));
        let before = learner.to_bytes();
        let cancelled = |_: &str, _| Err(crate::error::Error::Cancelled { what: "the batch" });
        let huge = huge(&table);

        let answers = [
            learner.partial_fit(&table, 1, &cancelled).unwrap_err().code(),
            learn(&learner, &table.slice(0, 0)).unwrap_err().code(),
        ];
        let overflowed = learn(&learner, &huge);

        assert_eq!(answers, [Code::Cancelled, Code::InvalidArgument], "{}", algorithm.name());
        assert!(overflowed.is_err_and(|it| it.code() == Code::InvalidArgument) || algorithm.name() == "bernoulli_nb");
        assert_eq!(learner.to_bytes(), before, "{}", algorithm.name());
    });
}

/// Features near the largest number there is.
fn huge(table: &Table) -> Table {
    let column = |column: &Column| match &column.values {
        crate::data::Values::Float(array) => {
            Column::float(&column.name, array.iter().map(|it| it.unwrap_or_default().abs().max(1.0) * 1e307).collect())
        }
        _ => column.clone(),
    };
    Table::new(table.columns().iter().map(column).collect()).unwrap()
}

#[test]
fn a_first_batch_without_rows_is_refused_as_such_and_not_for_its_classes() {
    let nothing = table("iris").slice(0, 0);

    let refused = Learner::begin(&spec(&[step("gaussian_nb", &[])], "species"), None, &nothing).unwrap_err();

    assert_eq!(refused.to_string(), "the batch has no rows to learn from");
}

#[test]
fn what_does_not_learn_batch_by_batch_is_refused_with_what_does() {
    let table = table("iris");
    let refused =
        |steps: &[StepSpec], classes| Learner::begin(&spec(steps, "species"), classes, &table).unwrap_err().to_string();
    let text = |name, value: &str| [(name, Value::Text(value.into()))];

    let tree = refused(&[step("decision_tree_classifier", &[])], None);
    let projected = refused(&[step("pca", &[]), step("gaussian_nb", &[])], None);
    let lbfgs = refused(&[step("mlp_classifier", &text("solver", "lbfgs"))], None);
    let stopping = refused(&[step("mlp_classifier", &[("early_stopping", Value::Flag(true))])], None);
    let integers = refused(&[step("gaussian_nb", &[])], Some(Labels::Integer(vec![1, 2])));

    assert!(tree.contains("gaussian_nb") && tree.contains("mlp_regressor"), "{tree}");
    assert!(projected.contains("pca comes before") && projected.contains("standard_scaler does"), "{projected}");
    assert!(lbfgs.contains("adam or sgd") && stopping.contains("early_stopping"), "{lbfgs} {stopping}");
    assert!(integers.contains("2 stated classes") && integers.contains("text"), "{integers}");
}

#[test]
fn a_class_that_was_not_stated_is_refused_with_its_row_and_one_that_was_may_come_later() {
    let (table, spec) = (table("iris"), spec(&[step("gaussian_nb", &[])], "species"));
    let (two, third) = (table.slice(0, 100), table.slice(100, 50));
    let stated = Labels::Text(["virginica", "setosa", "versicolor"].map(str::to_owned).to_vec());

    let unstated = taught(Learner::begin(&spec, None, &two).unwrap(), std::slice::from_ref(&two));
    let learner = taught(Learner::begin(&spec, Some(stated), &two).unwrap(), std::slice::from_ref(&two));

    let refused = learn(&unstated, &third).unwrap_err().to_string();
    assert!(refused.contains("\"species\" row 0") && refused.contains("does not know"), "{refused}");
    assert_eq!(learner.pipeline().unwrap_err().code(), Code::FailedPrecondition);
    let lesson = learn(&learner, &third).unwrap();
    assert_eq!(lesson.loss, None);
    assert_eq!(lesson.learner.pipeline().unwrap().schema().classes.as_ref().map(|it| it.len()), Some(3));
}

#[test]
fn damaged_bytes_are_no_learner() {
    let (table, spec) = (table("iris"), spec(&[step("ftrl_classifier", &[])], "species"));
    let bytes = Learner::begin(&spec, None, &table).unwrap().to_bytes();

    let cut = Learner::from_bytes(&bytes[..bytes.len() - 40]).unwrap_err();
    let model = Learner::from_bytes(&fitted(&spec, &table).pipeline.to_bytes()).unwrap_err();

    assert!(matches!(cut, crate::error::Error::Damaged { .. }), "{cut}");
    assert!(matches!(model, crate::error::Error::Damaged { .. }), "{model}");
}
