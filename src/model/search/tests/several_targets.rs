//! Searches of several targets.

use super::*;

fn of_targets(steps: &[&str], targets: &[&str]) -> Spec {
    let targets = targets.iter().map(|&name| name.to_owned()).collect();
    Spec { target: None, targets, ..pipeline(steps, "") }
}

#[test]
fn scores_of_several_targets_are_the_means_that_scikit_learn_ranks_by() {
    let body = of_targets(&["ridge"], &["weight", "waist", "pulse"]);
    let alphas = grid(vec![numbers_of(0, "alpha", &[0.5, 5.0, 50.0])], FoldKind::Plain, 4);
    for expected in oracle("search", "ridge_of_several").as_array().unwrap() {
        let scoring = expected["scoring"].as_str().unwrap();
        let spec = SearchSpec { scoring: Some(scoring.into()), ..alphas.clone() };

        assert_found(scoring, expected, &searched(&body, &spec, &table("linnerud")), 1e-9);
    }
}

#[test]
fn a_search_of_tasks_is_that_of_scikit_learn() {
    let mut tasks = of_targets(&["standard_scaler", "multi_task_lasso"], &["progression", "s5"]);
    let exact = [("tol".to_owned(), Value::Number(1e-12)), ("max_iter".to_owned(), Value::Integer(100_000))];
    tasks.steps[1].parameters = exact.into();
    let penalties = grid(vec![numbers_of(1, "alpha", &[0.1, 1.0, 10.0])], FoldKind::Plain, 4);

    let found = searched(&tasks, &penalties, &table("diabetes"));

    assert_table("tasks", &found, 1e-7);
    assert_eq!(found.best.unwrap().targets, ["progression", "s5"]);
}

#[test]
fn a_single_name_among_the_targets_is_searched_as_the_target() {
    let (ridge, spec) = ridge();
    let one = of_targets(&["standard_scaler", "ridge"], &["progression"]);

    let found = timeless(searched(&one, &spec, &table("diabetes")));

    assert_eq!(found.candidates, timeless(searched(&ridge, &spec, &table("diabetes"))).candidates);
}

#[test]
fn several_targets_are_no_features_beside_groups_and_are_refused_where_one_is_learned() {
    let (_, mut by_group) = ridge();
    by_group.cross_validation = CrossValidation { group: Some("patient".into()), ..CrossValidation::default() };
    let several = of_targets(&["standard_scaler", "ridge"], &["progression", "s5"]);

    let best = searched(&several, &by_group, &grouped()).best.unwrap();

    assert_eq!(best.features.unwrap().len(), 9);
    let mut unable = several;
    unable.steps[1].algorithm = "svr".into();
    let strengths = grid(vec![numbers_of(1, "C", &[1.0])], FoldKind::Plain, 5);
    let refused = refusal(&unable, &strengths, &grouped());
    assert!(refused.contains("svr learns one target, got 2: progression, s5"), "{refused}");
}
