//! What a search refuses before it measures anything, and how it says so.

use super::*;

#[test]
fn what_cannot_be_searched_is_refused_with_the_values() {
    let (ridge, good) = ridge();
    let with = |change: &dyn Fn(&mut SearchSpec)| {
        let mut spec = good.clone();
        change(&mut spec);
        refusal(&ridge, &spec, &grouped())
    };
    let range = |choices: Choices| vec![Dimension { step: 1, name: "alpha".into(), choices }];
    let many: Vec<f64> = (0..2_000).map(f64::from).collect();
    let cases: Vec<(String, &str)> = vec![
        (with(&|it| it.parameters.clear()), "there are 0 parameters to search"),
        (with(&|it| it.parameters[0].step = 2), "searched in step 2, and there are 2 steps"),
        (with(&|it| it.parameters[0].name = "beta".into()), "ridge has no parameter \"beta\""),
        (with(&|it| it.parameters = vec![numbers_of(1, "alpha", &[1.0, -2.0])]), "alpha is -2.0"),
        (with(&|it| it.parameters.extend(good.parameters.clone())), "\"alpha\" of ridge is searched twice"),
        (
            with(&|it| it.parameters = vec![numbers_of(1, "alpha", &many)]),
            "2000 candidates on 5 folds are more than the 5000",
        ),
        (with(&|it| it.parameters = vec![it.parameters[0].clone(); 65]), "there are 65 parameters to search; 1 to 64"),
        (with(&|it| it.parameters = vec![numbers_of(1, "alpha", &vec![1.0; 5_001])]), "there are 5001 values to try"),
        (with(&|it| it.parameters = range(Choices::Uniform(0.0, 1.0))), "is a range and a grid takes lists"),
        (with(&|it| it.parameters = range(Choices::LogUniform(0.0, 1.0))), "log-uniformly from 0.0 to 1.0"),
        (with(&|it| it.parameters = range(Choices::Values(vec![]))), "has no values to try"),
        (with(&|it| it.strategy = Strategy::Random), "needs n_candidates"),
        (with(&|it| it.n_candidates = Some(3)), "n_candidates is 3 and a grid tries every combination"),
        (with(&|it| it.factor = Some(2)), "factor and min_resources are for strategy halving"),
        (with(&|it| it.scoring = Some("accuracy".into())), "scoring \"accuracy\" is not known for a regressor"),
        (with(&|it| it.scoring = Some("mae".into())), "its score is named \"neg_mean_absolute_error\""),
        (with(&|it| it.cross_validation.n_splits = Some(0)), "n_splits is 0; 2 folds or more are taken"),
        (with(&|it| it.cross_validation.n_splits = Some(1)), "n_splits is 1"),
        (with(&|it| it.cross_validation.n_splits = Some(1_000_000)), "that a search takes; use fewer folds"),
        (with(&|it| it.cross_validation.n_splits = Some(500)), "there are 442 rows and n_splits is 500"),
        (with(&|it| it.cross_validation.gap = Some(1)), "gap is 1 and is for time_series_split only"),
        (with(&|it| it.cross_validation.kind = Some(FoldKind::Stratified)), "a regressor has none; use k_fold"),
        (with(&|it| it.cross_validation.kind = Some(FoldKind::Group)), "group_k_fold needs group"),
        (with(&|it| it.cross_validation.group = Some("patient".into())), "the kind is k_fold"),
        (
            with(&|it| {
                it.cross_validation = CrossValidation { group: Some("bmi".into()), ..CrossValidation::default() }
            }),
            "group \"bmi\" is float",
        ),
        (
            with(&|it| {
                let (group, n_splits) = (Some("patient".into()), Some(100));
                it.cross_validation = CrossValidation { group, n_splits, ..CrossValidation::default() };
            }),
            "groups and n_splits is 100",
        ),
    ];
    for (message, expected) in cases {
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    }
}
