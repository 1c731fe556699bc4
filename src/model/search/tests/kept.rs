//! Searches that are cut off and go on.

use super::*;
use crate::model::Bounds;
use crate::model::bounds::Bounded;
use crate::model::tests::checkpoints::{Run, Store};

/// Searches until so many states are kept.
fn until(n_kept: usize, store: &Store, spec: &SearchSpec, threads: usize) -> Result<Searched> {
    search(threads, &ridge().0, spec, &table("diabetes"), &Run::until(store, n_kept))
}

/// All candidates on all rows, and fewer and fewer on more and more.
fn searches() -> [SearchSpec; 2] {
    let (_, grid) = ridge();
    let parameters = vec![numbers_of(1, "alpha", &[0.01, 0.1, 1.0, 10.0, 100.0, 1000.0])];
    [grid.clone(), SearchSpec { parameters, strategy: Strategy::Halving, ..grid }]
}

#[test]
fn a_search_that_is_cut_off_after_each_fit_makes_none_twice_and_finds_the_same_table() {
    for spec in searches() {
        let untouched = timeless(searched(&ridge().0, &spec, &table("diabetes")));
        let n_fits: usize = untouched.candidates.iter().map(|it| it.split_test_scores.len()).sum();
        let (store, mut n_runs) = (Store::default(), 0);

        let found = loop {
            n_runs += 1;
            match until(n_runs, &store, &spec, 1) {
                Ok(found) => break found,
                Err(error) => assert_eq!(error.code(), Code::Cancelled, "{error}"),
            }
        };

        assert_eq!(timeless(found), untouched);
        assert_eq!((store.n_kept.get(), n_runs), (n_fits, n_fits + 1));
    }
}

#[test]
fn a_search_that_goes_on_with_other_threads_finds_the_same_table() {
    for spec in searches() {
        let untouched = timeless(searched(&ridge().0, &spec, &table("diabetes")));
        let store = Store::default();
        until(3, &store, &spec, 3).unwrap_err();
        until(5, &store, &spec, 1).unwrap_err();

        assert_eq!(timeless(until(usize::MAX, &store, &spec, 2).unwrap()), untouched);
    }
}

#[test]
fn a_search_does_not_go_on_from_the_state_of_another() {
    let [grid, halving] = searches();
    let store = Store::default();
    until(7, &store, &grid, 1).unwrap_err();
    let run = Run::until(&store, usize::MAX);

    let found = search(1, &ridge().0, &halving, &table("diabetes"), &run).unwrap();

    assert_eq!(run.said("resumed from checkpoint"), 0);
    assert_eq!(timeless(found), timeless(searched(&ridge().0, &halving, &table("diabetes"))));
}

#[test]
fn the_fits_of_a_search_keep_no_states_of_their_own() {
    let network = pipeline(&["mlp_regressor"], "progression");
    let mut sizes = grid(vec![integers_of(0, "max_iter", &[2, 3])], FoldKind::Plain, 2);
    sizes.cross_validation.shuffle = true;
    let store = Store::default();

    search(1, &network, &sizes, &table("diabetes").slice(0, 40), &Run::until(&store, usize::MAX)).unwrap();

    let names: Vec<String> = store.last.into_inner().into_keys().collect();
    assert!(names.len() == 1 && names[0].starts_with("0.search."), "{names:?}");
}

#[test]
fn what_a_fit_failed_by_is_forgotten_only_if_fits_may_take_something_else() {
    let machine = pipeline(&["standard_scaler", "svr"], "progression");
    let strengths = grid(vec![numbers_of(1, "C", &[1.0, 10.0])], FoldKind::Plain, 3);
    let narrow = Bounds { svm_rows: 10, ..Bounds::default() };
    let rows = table("diabetes").slice(0, 60);
    let on = |bounds, run: &Run<'_>| search(1, &machine, &strengths, &rows, &Bounded { whole: run, bounds });
    let store = Store::default();
    on(narrow, &Run::until(&store, 3)).unwrap_err();

    let again = Run::until(&store, usize::MAX);
    let as_before = on(narrow, &again).unwrap();
    let wider = on(Bounds::default(), &Run::until(&store, usize::MAX)).unwrap();

    assert!(again.said("candidate 1 of 2 failed") == 0 && again.said("candidate 2 of 2 failed") > 0);
    assert!(as_before.candidates.iter().all(|it| it.error.as_deref().unwrap().contains("at most 10 rows")));
    assert!(wider.candidates.iter().all(|it| it.error.is_none() && it.split_test_scores.len() == 3));
}
