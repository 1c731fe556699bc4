//! Folds, row for row.

use super::*;
use crate::data::Labels;
use crate::model::search::folds::{Fold, Folds, Parted};
use crate::model::{Kind, Targets};
use std::sync::Arc;

pub(super) fn positions(json: &Json) -> Vec<usize> {
    serde_json::from_value(json.clone()).unwrap()
}

pub(super) fn size(case: &Json, name: &str) -> Option<usize> {
    case.get(name).and_then(Json::as_u64).map(|it| it as usize)
}

fn all(folds: &Folds) -> Vec<Fold> {
    (0..folds.len()).map(|at| folds.fold(at)).collect()
}

fn folds_of(case: &Json) -> Vec<Fold> {
    let kind: FoldKind = FoldKind::ALL.into_iter().find(|it| case["kind"] == it.name()).unwrap();
    let cross_validation = CrossValidation {
        kind: Some(kind),
        n_splits: size(case, "n_splits"),
        gap: size(case, "gap"),
        max_train_size: size(case, "max_train_size"),
        test_size: size(case, "test_size"),
        ..CrossValidation::default()
    };
    let groups: Option<Vec<usize>> = serde_json::from_value(case["groups"].clone()).unwrap();
    let ranked = groups.map(|all| {
        let mut distinct = all.clone();
        distinct.sort_unstable();
        distinct.dedup();
        all.iter().map(|it| distinct.binary_search(it).unwrap()).collect::<Vec<_>>()
    });
    let targets = match serde_json::from_value::<Option<Vec<usize>>>(case["classes"].clone()).unwrap() {
        None => Targets::None,
        Some(classes) => Targets::Classes { indices: classes.into(), labels: Arc::new(Labels::Integer(vec![0, 1, 2])) },
    };
    let n_rows = size(case, "n_rows").unwrap();
    let parted = Parted { n_rows, targets: &targets, groups: ranked.as_deref(), seed: 0 };
    all(&cross_validation.split(Kind::Classifier, &parted).unwrap())
}

#[test]
fn folds_are_those_of_scikit_learn() {
    for case in oracle("search", "folds").as_array().unwrap() {
        let what = format!("{} of {} rows", case["kind"], case["n_rows"]);

        let folds = folds_of(case);

        let tests: Vec<Vec<usize>> = folds.iter().map(|it| it.test.clone()).collect();
        assert_eq!(tests, case["test"].as_array().unwrap().iter().map(positions).collect::<Vec<_>>(), "{what}");
        if let Some(expected) = case["training"].as_array() {
            let training: Vec<Vec<usize>> = folds.iter().map(|it| it.training.clone()).collect();
            assert_eq!(training, expected.iter().map(positions).collect::<Vec<_>>(), "{what}");
        }
    }
}

#[test]
fn dealt_out_by_chance_each_row_is_measured_once_and_classes_and_groups_hold() {
    let groups: Vec<usize> = (0..60).map(|row| row * row % 7).collect();
    let targets = Targets::Classes {
        indices: (0..60).map(|row| usize::from(row % 3 == 0)).collect(),
        labels: Arc::new(Labels::Integer(vec![0, 1])),
    };
    for kind in [FoldKind::Plain, FoldKind::Stratified, FoldKind::Group] {
        let cross_validation =
            CrossValidation { kind: Some(kind), n_splits: Some(4), shuffle: true, ..CrossValidation::default() };
        let split = |seed| {
            let parted = Parted { n_rows: 60, targets: &targets, groups: Some(&groups), seed };
            all(&cross_validation.split(Kind::Classifier, &parted).unwrap())
        };

        let folds = split(3);

        assert_eq!(folds, split(3), "{kind:?}");
        assert_ne!(folds, split(4), "{kind:?}");
        let mut tested: Vec<usize> = folds.iter().flat_map(|it| it.test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..60).collect::<Vec<_>>(), "{kind:?}");
        for Fold { training, test } in &folds {
            assert_eq!(training.len() + test.len(), 60);
            let third = test.iter().filter(|row| *row % 3 == 0).count();
            assert!(kind != FoldKind::Stratified || third == 5, "{third} of {}", test.len());
            let apart = test.iter().all(|row| training.iter().all(|other| groups[*row] != groups[*other]));
            assert!(kind != FoldKind::Group || apart);
        }
    }
}
