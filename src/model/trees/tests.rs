//! Trees as a whole, through the catalogue.

use crate::data::Labels;
use crate::error::{Code, Error, Result};
use crate::model::{
    Arrays, FittedStep, Inputs, Model, Parameters, Predictions, Progress, Rows, Targets, Training, UnfittedStep, Value,
    find,
};
use ndarray::{Array1, Array2, ArrayD, Axis, array};
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

const ALL: [&str; 4] =
    ["decision_tree_classifier", "decision_tree_regressor", "random_forest_classifier", "random_forest_regressor"];

fn checked(algorithm: &str, given: &[(&str, Value)]) -> Parameters {
    let given: BTreeMap<String, Value> =
        given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Parameters::check(algorithm, &find(algorithm).unwrap().parameters(), &given).unwrap()
}

/// Rows to learn from, as one test states them.
pub(super) struct Case<'a> {
    features: &'a Array2<f64>,
    targets: &'a Targets,
    weights: Vec<f64>,
    threads: usize,
    progress: &'a dyn Progress,
}

fn quiet(_: &str, _: f64) -> Result<()> {
    Ok(())
}

impl<'a> Case<'a> {
    fn new(features: &'a Array2<f64>, targets: &'a Targets) -> Self {
        Self { features, targets, weights: vec![1.0; features.nrows()], threads: 1, progress: &quiet }
    }

    fn fit(&self, algorithm: &str, given: &[(&str, Value)]) -> Result<Box<dyn Model>> {
        let UnfittedStep::Estimator(estimator) = find(algorithm).unwrap().unfitted(&checked(algorithm, given)) else {
            unreachable!()
        };
        let rows = Rows::new(self.features, self.targets.view(), &self.weights);
        estimator.fit(&Training { rows, seed: 7, threads: self.threads, progress: self.progress })
    }
}

fn numbers(values: &[f64]) -> Targets {
    Targets::Values(values.to_vec().into())
}

/// Of three classes, of which a row may have none.
fn classes(indices: &[usize]) -> Targets {
    Targets::Classes { indices: indices.to_vec().into(), labels: Arc::new(Labels::Integer(vec![0, 1, 2])) }
}

/// The targets of an algorithm's kind.
fn suited(algorithm: &str, indices: &[usize]) -> Targets {
    let values: Vec<f64> = indices.iter().map(|it| *it as f64).collect();
    if algorithm.ends_with("classifier") { classes(indices) } else { numbers(&values) }
}

/// Numbers that repeat themselves now and then, the same on each machine.
fn features(n_rows: usize, n_columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((n_rows, n_columns), |(row, column)| {
        ((row * 7919 + column * 104_729 + row * row * 31 * column) % 1009) as f64 / 8.0
    })
}

fn some_classes(n_rows: usize) -> Vec<usize> {
    (0..n_rows).map(|row| (row * row + row / 5) % 7 % 3).collect()
}

fn array(model: &dyn Model, name: &str) -> Vec<f64> {
    model.arrays().into_iter().find(|(it, _)| *it == name).unwrap().1.into_iter().collect()
}

fn answers(model: &dyn Model, rows: &Array2<f64>) -> Array2<f64> {
    match model.predict(rows.view()) {
        Predictions::Values(values) => values.insert_axis(Axis(1)),
        Predictions::Classes { probabilities, .. } => probabilities,
        Predictions::Clusters { .. } | Predictions::Mixture { .. } | Predictions::Columns(_) => unreachable!(),
    }
}

// What Breiman and others say, without bins, histograms or order: every column, every threshold, every row.

#[derive(Debug, PartialEq)]
enum Naive {
    Leaf(Vec<f64>),
    Node { column: usize, threshold: f64, sides: Box<[Naive; 2]> },
}

/// The impurity of both sides in whole numbers, the larger the better: a numerator and a denominator.
type Score = fn(&[usize], &[usize]) -> (i128, i128);

fn gini(left: &[usize], right: &[usize]) -> (i128, i128) {
    let squares = |side: &[usize]| -> i128 {
        (0..3).map(|class| side.iter().filter(|it| **it == class).count() as i128).map(|n| n * n).sum()
    };
    let (n_left, n_right) = (left.len() as i128, right.len() as i128);
    (squares(left) * n_right + squares(right) * n_left, n_left * n_right)
}

fn squared_error(left: &[usize], right: &[usize]) -> (i128, i128) {
    let sum = |side: &[usize]| side.iter().sum::<usize>() as i128;
    let (n_left, n_right) = (left.len() as i128, right.len() as i128);
    let apart = sum(left) * n_right - sum(right) * n_left;
    (apart * apart, n_left * n_right)
}

struct Exhaustive<'a> {
    features: &'a Array2<f64>,
    targets: &'a [usize],
    score: Score,
    answer: fn(&[usize]) -> Vec<f64>,
    min_samples_leaf: usize,
}

impl Exhaustive<'_> {
    fn grow(&self, rows: &[usize], depth: usize) -> Naive {
        let of = |rows: &[usize]| rows.iter().map(|row| self.targets[*row]).collect::<Vec<_>>();
        let targets = of(rows);
        if depth == 0 || targets.iter().all(|target| *target == targets[0]) {
            return Naive::Leaf((self.answer)(&targets));
        }
        let mut best: Option<((i128, i128), usize, f64)> = None;
        for column in 0..self.features.ncols() {
            let mut values: Vec<f64> = rows.iter().map(|row| self.features[(*row, column)]).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            for pair in values.windows(2) {
                let threshold = f64::midpoint(pair[0], pair[1]);
                let (left, right) = self.sides(rows, column, threshold);
                let score = (self.score)(&of(&left), &of(&right));
                let better = best.is_none_or(|(other, _, _)| score.0 * other.1 > other.0 * score.1);
                if left.len().min(right.len()) >= self.min_samples_leaf && better {
                    best = Some((score, column, threshold));
                }
            }
        }
        let Some((_, column, threshold)) = best else { return Naive::Leaf((self.answer)(&targets)) };
        let (left, right) = self.sides(rows, column, threshold);
        let sides = Box::new([self.grow(&left, depth - 1), self.grow(&right, depth - 1)]);
        Naive::Node { column, threshold, sides }
    }

    fn sides(&self, rows: &[usize], column: usize, threshold: f64) -> (Vec<usize>, Vec<usize>) {
        rows.iter().partition(|row| self.features[(**row, column)] <= threshold)
    }
}

/// A grown tree in the same form.
fn from_arrays(model: &dyn Model) -> Naive {
    let [feature, threshold, left] = ["feature", "threshold", "left"].map(|name| array(model, name));
    let value = model.arrays().into_iter().find(|(it, _)| *it == "value").unwrap().1;
    let leaf_of = |node: usize| left[..node].iter().filter(|left| **left == 0.0).count();
    fn build(node: usize, at: &dyn Fn(usize) -> (usize, f64, usize), leaf: &dyn Fn(usize) -> Vec<f64>) -> Naive {
        match at(node) {
            (_, _, 0) => Naive::Leaf(leaf(node)),
            (column, threshold, left) => {
                Naive::Node { column, threshold, sides: Box::new([build(left, at, leaf), build(left + 1, at, leaf)]) }
            }
        }
    }
    build(0, &|node| (feature[node] as usize, threshold[node], left[node] as usize), &|node| {
        value.index_axis(Axis(0), leaf_of(node)).iter().copied().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_tree_is_that_of_looking_at_every_split(
        rows in prop::collection::vec((prop::collection::vec(-4i8..5, 3), 0usize..3), 1..40),
        max_depth in 1usize..7, min_samples_leaf in 1usize..4,
    ) {
        let features = Array2::from_shape_fn((rows.len(), 3), |(row, column)| f64::from(rows[row].0[column]));
        let targets: Vec<usize> = rows.iter().map(|row| row.1).collect();
        let limits = [
            ("max_depth", Value::Integer(max_depth as i64)),
            ("min_samples_leaf", Value::Integer(min_samples_leaf as i64)),
        ];
        let shares = |targets: &[usize]| -> Vec<f64> {
            let count = |class| targets.iter().filter(|it| **it == class).count() as f64;
            (0..3).map(|class| count(class) / targets.len() as f64).collect()
        };
        let mean = |targets: &[usize]| vec![targets.iter().sum::<usize>() as f64 / targets.len() as f64];
        let all: Vec<usize> = (0..rows.len()).collect();
        let exhaustive = |score, answer| {
            Exhaustive { features: &features, targets: &targets, score, answer, min_samples_leaf }.grow(&all, max_depth)
        };

        let grown = |algorithm| {
            let targets = suited(algorithm, &targets);
            from_arrays(&*Case::new(&features, &targets).fit(algorithm, &limits).unwrap())
        };

        prop_assert_eq!(grown("decision_tree_classifier"), exhaustive(gini, shares));
        prop_assert_eq!(grown("decision_tree_regressor"), exhaustive(squared_error, mean));
    }

    #[test]
    fn a_row_of_weight_two_is_two_rows(
        rows in prop::collection::vec((prop::collection::vec(-4i8..5, 3), 0usize..3, 1usize..4), 2..40),
    ) {
        let features = Array2::from_shape_fn((rows.len(), 3), |(row, column)| f64::from(rows[row].0[column]));
        let targets: Vec<usize> = rows.iter().map(|row| row.1).collect();
        let weights = rows.iter().map(|row| row.2 as f64).collect::<Vec<_>>();
        let again: Vec<usize> = (0..rows.len()).flat_map(|row| vec![row; rows[row].2]).collect();
        let (repeated, targets_again) = (features.select(Axis(0), &again), again.iter().map(|row| targets[*row]));
        let targets_again: Vec<usize> = targets_again.collect();

        for algorithm in ALL {
            let few = if algorithm.starts_with("random") { vec![("n_estimators", Value::Integer(5))] } else { vec![] };
            let (targets, targets_again) = (suited(algorithm, &targets), suited(algorithm, &targets_again));
            let weighted = Case { weights: weights.clone(), ..Case::new(&features, &targets) }.fit(algorithm, &few);
            let repeated = Case::new(&repeated, &targets_again).fit(algorithm, &few);

            prop_assert_eq!(weighted.unwrap().arrays(), repeated.unwrap().arrays(), "{}", algorithm);
        }
    }

    #[test]
    fn no_finite_rows_make_a_tree_panic_or_answer_what_is_not_finite(
        rows in prop::collection::vec(prop::collection::vec(-1.0f64..1.0, 4), 1..30),
        magnitudes in prop::collection::vec(-320i32..309, 4),
        algorithm in prop::sample::select(ALL.to_vec()),
    ) {
        let features =
            Array2::from_shape_fn((rows.len(), 3), |(row, column)| rows[row][column] * 10f64.powi(magnitudes[column]));
        let targets = if algorithm.ends_with("classifier") {
            classes(&some_classes(rows.len()))
        } else {
            numbers(&rows.iter().map(|row| row[3] * 10f64.powi(magnitudes[3])).collect::<Vec<_>>())
        };

        let model = Case::new(&features, &targets).fit(algorithm, &[]).unwrap();

        prop_assert!(model.arrays().iter().all(|(_, array)| array.iter().all(|value| value.is_finite())));
        prop_assert!(answers(&*model, &features).iter().all(|value| value.is_finite()));
    }
}

#[test]
fn a_tree_that_grows_as_deep_as_it_takes_knows_its_rows_by_heart() {
    let (rows, indices) = (features(500, 4), some_classes(500));
    let values: Vec<f64> = (0..500).map(|row| f64::from(row * row % 37) * 1e6 + 0.1).collect();
    let (labels, numbers) = (classes(&indices), numbers(&values));

    let classifier = Case::new(&rows, &labels).fit("decision_tree_classifier", &[]).unwrap();
    let entropy = [("criterion", Value::Text("entropy".into()))];
    let by_entropy = Case::new(&rows, &labels).fit("decision_tree_classifier", &entropy).unwrap();
    let regressor = Case::new(&rows, &numbers).fit("decision_tree_regressor", &[]).unwrap();

    for model in [classifier, by_entropy] {
        let Predictions::Classes { labels, .. } = model.predict(rows.view()) else { unreachable!() };
        assert_eq!(labels, indices);
    }
    assert_eq!(regressor.predict(rows.view()), Predictions::Values(values.into()));
}

#[test]
fn any_number_of_threads_grows_the_same_forest() {
    let (rows, indices) = (features(3_000, 6), some_classes(3_000));
    for algorithm in ALL {
        let targets = suited(algorithm, &indices);
        let few = if algorithm.starts_with("random") { vec![("n_estimators", Value::Integer(7))] } else { vec![] };
        let arrays = |threads| Case { threads, ..Case::new(&rows, &targets) }.fit(algorithm, &few).unwrap().arrays();

        let expected = arrays(1);

        assert!([2, 3, 8].into_iter().all(|threads| arrays(threads) == expected), "{algorithm}");
    }
}

#[test]
fn a_tree_does_not_depend_on_how_many_there_are() {
    let (rows, targets) = (features(200, 6), classes(&some_classes(200)));
    let thresholds = |n_trees| {
        let n_estimators = [("n_estimators", Value::Integer(n_trees))];
        array(&*Case::new(&rows, &targets).fit("random_forest_classifier", &n_estimators).unwrap(), "threshold")
    };

    assert!(thresholds(9).starts_with(&thresholds(4)));
}

/// Histograms that are kept, differences of them, and sums of one column are three ways to the same tree.
#[test]
fn a_large_node_is_split_as_its_rows_alone_would_be() {
    let (rows, values) = (features(6_000, 3).floor(), (0..6_000).map(|row| f64::from(row * row % 1013).sqrt()));
    let (targets, depth) = (numbers(&values.collect::<Vec<_>>()), [("max_depth", Value::Integer(3))]);
    let whole = from_arrays(&*Case::new(&rows, &targets).fit("decision_tree_regressor", &depth).unwrap());

    let Naive::Node { column, threshold, sides } = whole else { panic!("a leaf") };

    for (side, goes_left) in sides.into_iter().zip([true, false]) {
        let own: Vec<usize> = (0..6_000).filter(|row| (rows[(*row, column)] <= threshold) == goes_left).collect();
        let (rows, Targets::Values(values)) = (rows.select(Axis(0), &own), &targets) else { unreachable!() };
        let (targets, depth) = (Targets::Values(values.select(Axis(0), &own)), [("max_depth", Value::Integer(2))]);
        let alone = Case::new(&rows, &targets).fit("decision_tree_regressor", &depth).unwrap();
        assert!(splits(&side).len() >= 2);
        assert_eq!(splits(&side), splits(&from_arrays(&*alone)));
    }
}

/// Columns and thresholds of a tree.
fn splits(tree: &Naive) -> Vec<(usize, f64)> {
    match tree {
        Naive::Leaf(_) => vec![],
        Naive::Node { column, threshold, sides } => {
            [vec![(*column, *threshold)], splits(&sides[0]), splits(&sides[1])].concat()
        }
    }
}

#[test]
fn equal_columns_are_split_at_the_first() {
    let rows = features(5_000, 1).floor();
    let twice = ndarray::concatenate![Axis(1), rows, -&rows, rows].as_standard_layout().into_owned();
    for algorithm in ["decision_tree_classifier", "decision_tree_regressor"] {
        let targets = suited(algorithm, &some_classes(5_000));

        let model = Case::new(&twice, &targets).fit(algorithm, &[]).unwrap();

        assert!(array(&*model, "feature").iter().all(|column| *column == 0.0), "{algorithm}");
    }
}

#[test]
fn a_chain_of_splits_overflows_no_stack() {
    let rows = Array2::from_shape_fn((3_000, 1), |(row, _)| row as f64);
    let values: Vec<f64> = (0..3_000).map(|row| 1.2f64.powi(row)).collect();

    let model = Case::new(&rows, &numbers(&values)).fit("decision_tree_regressor", &[]).unwrap();

    assert!(answers(&*model, &rows).iter().all(|value| value.is_finite()));
}

#[test]
fn what_cannot_be_told_apart_shares_a_leaf() {
    let (rows, one) = (array![[1.0, 5.0], [1.0, 5.0], [1.0, 5.0]], array![[2.0]]);

    let shares = Case::new(&rows, &classes(&[2, 0, 2])).fit("decision_tree_classifier", &[]).unwrap();
    let mean = Case::new(&rows, &numbers(&[1.0, 2.0, 6.0])).fit("random_forest_regressor", &[]).unwrap();
    let lonely = Case::new(&one, &numbers(&[0.1])).fit("random_forest_regressor", &[]).unwrap();

    assert_eq!(answers(&*shares, &rows).row(0), array![1.0 / 3.0, 0.0, 2.0 / 3.0]);
    assert!((1.0..6.0).contains(&answers(&*mean, &rows)[(0, 0)]));
    assert!((answers(&*lonely, &one)[(0, 0)] - 0.1).abs() < 1e-15);
}

#[test]
fn values_far_apart_are_parted_between_them() {
    let rows = array![[-1.7e308], [1.7e308], [5e-324], [0.0]];

    let model = Case::new(&rows, &numbers(&[1.0, 2.0, 3.0, 4.0])).fit("decision_tree_regressor", &[]).unwrap();

    assert_eq!(model.predict(rows.view()), Predictions::Values(array![1.0, 2.0, 3.0, 4.0]));
}

#[test]
fn limits_are_kept() {
    let (rows, targets) = (features(1_000, 5), classes(&some_classes(1_000)));
    let leaves = |name, value| {
        let model = Case::new(&rows, &targets).fit("decision_tree_classifier", &[(name, Value::Integer(value))]);
        array(&*model.unwrap(), "left").into_iter().filter(|left| *left == 0.0).count()
    };

    assert_eq!([leaves("max_depth", 1), leaves("max_depth", 3)], [2, 8]);
    assert_eq!([leaves("min_samples_split", 1_001), leaves("min_samples_leaf", 501)], [1, 1]);
    assert!(leaves("min_samples_leaf", 100) <= 10);
}

#[test]
fn columns_by_chance_are_not_always_the_same() {
    let (rows, targets) = (features(1_000, 16), classes(&some_classes(1_000)));
    let sqrt = [("max_features", Value::Text("sqrt".into()))];

    let model = Case::new(&rows, &targets).fit("decision_tree_classifier", &sqrt).unwrap();

    let looked_at: std::collections::BTreeSet<u64> = array(&*model, "feature").iter().map(|it| *it as u64).collect();
    assert_eq!(looked_at.len(), 16);
}

#[test]
fn a_node_looks_further_than_it_may_where_all_that_it_saw_is_constant() {
    let mut rows = Array2::zeros((50, 9));
    rows.column_mut(8).assign(&Array1::from_iter((0..50).map(f64::from)));
    let (indices, log2) = (some_classes(50), [("max_features", Value::Text("log2".into()))]);

    let model = Case::new(&rows, &classes(&indices)).fit("decision_tree_classifier", &log2).unwrap();

    let Predictions::Classes { labels, .. } = model.predict(rows.view()) else { unreachable!() };
    assert_eq!(labels, indices);
}

#[test]
fn a_fit_stops_within_a_tree_on_any_number_of_threads() {
    let (rows, targets) =
        (features(30_000, 20), numbers(&(0..30_000).map(|row| f64::from(row).sin()).collect::<Vec<_>>()));
    for (algorithm, threads) in
        [("decision_tree_regressor", 1), ("random_forest_regressor", 1), ("random_forest_regressor", 3)]
    {
        let asked = Cell::new(0);
        let progress = |_: &str, fraction: f64| {
            asked.set(asked.get() + 1);
            assert!(fraction < 1.0);
            if asked.get() > 60 { Err(Error::Cancelled { what: "the job" }) } else { Ok(()) }
        };

        let stopped = Case { threads, progress: &progress, ..Case::new(&rows, &targets) }.fit(algorithm, &[]);

        assert_eq!(stopped.unwrap_err().code(), Code::Cancelled, "{algorithm}");
    }
}

fn inputs() -> Inputs {
    Inputs { n_features: 6, n_targets: 1, classes: Some(Arc::new(Labels::Integer(vec![0, 1, 2]))) }
}

fn loaded(algorithm: &str, arrays: Vec<(&str, ArrayD<f64>)>) -> Result<Box<dyn Model>> {
    let mut by_name = Arrays::default();
    for (name, values) in arrays {
        by_name.insert(name, values)?;
    }
    let FittedStep::Model(model) = find(algorithm)?.load(&checked(algorithm, &[]), &mut by_name, &inputs())? else {
        unreachable!()
    };
    by_name.finish()?;
    Ok(model)
}

fn small(algorithm: &str) -> (Array2<f64>, Box<dyn Model>) {
    let (rows, targets) = (features(100, 6), suited(algorithm, &some_classes(100)));
    let few = if algorithm.starts_with("random") { vec![("n_estimators", Value::Integer(3))] } else { vec![] };
    let model = Case::new(&rows, &targets).fit(algorithm, &few).unwrap();
    (rows, model)
}

#[test]
fn what_was_saved_answers_the_same_bits_and_saves_the_same() {
    for algorithm in ALL {
        let (rows, model) = small(algorithm);

        let again = loaded(algorithm, model.arrays()).unwrap();

        assert_eq!((again.predict(rows.view()), again.arrays()), (model.predict(rows.view()), model.arrays()));
    }
}

#[test]
fn a_row_is_answered_alone_as_in_a_batch() {
    for algorithm in ALL {
        let (rows, model) = small(algorithm);
        let together = answers(&*model, &rows);

        let alone = rows.axis_chunks_iter(Axis(0), 1).map(|row| answers(&*model, &row.to_owned()));

        assert!(alone.zip(together.rows()).all(|(alone, expected)| alone.row(0) == expected), "{algorithm}");
    }
}

#[test]
fn damaged_arrays_are_refused() {
    for algorithm in ALL {
        let (rows, model) = small(algorithm);
        for (position, (name, array)) in model.arrays().into_iter().enumerate() {
            let n_features = 6.0;
            for (place, wrong) in [(0, 0.5), (0, -1.0), (0, 1e300), (0, n_features), (1, 0.0), (1, 1.0), (1, 1e9)] {
                let mut arrays = model.arrays();
                let Some(value) = arrays[position].1.iter_mut().nth(place) else { continue };
                *value = wrong;
                // What is still a tree has to answer.
                match loaded(algorithm, arrays) {
                    Err(error) => assert!(matches!(error, Error::Damaged { .. }), "{error}"),
                    Ok(model) => assert_eq!(model.predict(rows.view()).n_rows(), 100),
                }
            }
            let shorter = array.slice_axis(Axis(0), (..array.shape()[0] - 1).into()).to_owned();
            let mut arrays = model.arrays();
            arrays[position].1 = shorter;
            assert!(matches!(loaded(algorithm, arrays), Err(Error::Damaged { .. })), "{algorithm} {name}");
            let mut arrays = model.arrays();
            arrays.remove(position);
            assert!(matches!(loaded(algorithm, arrays), Err(Error::Damaged { .. })), "{algorithm} {name}");
        }
    }
}

#[test]
fn each_fault_of_an_array_is_found() {
    let faults: [(&str, usize, f64); 8] = [
        ("left", 0, 0.0), // a root with a column is no leaf, and one without has no others behind it
        ("left", 0, 1.5),
        ("left", 0, 1e9),
        ("left", 0, -1.0),
        ("feature", 0, 6.0),
        ("feature", 0, 0.5),
        ("value", 0, 0.25),
        ("roots", 1, 0.0),
    ];
    let (_, model) = small("random_forest_classifier");
    for (name, place, wrong) in faults {
        let mut arrays = model.arrays();
        let (_, array) = arrays.iter_mut().find(|(it, _)| *it == name).unwrap();
        *array.iter_mut().nth(place).unwrap() = wrong;

        assert!(matches!(loaded("random_forest_classifier", arrays), Err(Error::Damaged { .. })), "{name} {wrong}");
    }
}

proptest! {
    #[test]
    fn no_arrays_make_a_load_or_an_answer_panic(
        numbers in prop::collection::vec(prop::sample::select(vec![-1.0f64, 0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 1e10]), 21),
        n_nodes in 0usize..8,
    ) {
        let part = |at: usize| Array1::from(numbers[at * 7..at * 7 + n_nodes.min(7)].to_vec()).into_dyn();
        let arrays = vec![
            ("feature", part(0)),
            ("threshold", part(1)),
            ("left", part(2)),
            ("value", Array2::zeros((numbers[20].clamp(0.0, 7.0) as usize, 1)).into_dyn()),
        ];

        if let Ok(model) = loaded("decision_tree_regressor", arrays) {
            prop_assert_eq!(model.predict(features(20, 6).view()).n_rows(), 20);
        }
    }
}
