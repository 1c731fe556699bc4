//! Gradients against differences, and what is refused; `embedding_oracles` compares embeddings with scikit-learn's.

use super::*;
use crate::model::numerics::eigen;
use crate::model::random::Philox;
use crate::model::tests::quiet;
use crate::model::{Rows, Targets};
use ndarray::{Array1, Axis, array};

fn embedding(perplexity: f64) -> Embedding {
    Embedding {
        n_components: 2,
        perplexity,
        exaggeration: 12.0,
        learning_rate: None,
        max_iter: 250,
        patience: 300,
        min_grad_norm: 1e-7,
        init: Init::PrincipalComponents,
        method: Method::BarnesHut { angle: 0.5 },
    }
}

fn fitted(features: &Array2<f64>, weights: &[f64], embedding: &Embedding) -> Result<Array2<f64>> {
    let rows = Rows::new(features, Targets::None.view(), weights);
    match embedding.fit(&Training { rows, seed: 7, threads: 2, progress: &quiet })?.result {
        TrainingResult::Embedding(places) => Ok(places),
        TrainingResult::Labels(_) => unreachable!(),
    }
}

fn numbers(n_rows: usize, width: usize) -> Array2<f64> {
    let philox = Philox::new(3);
    Array2::from_shape_fn((n_rows, width), |(row, column)| {
        f64::from(philox.block([row as u32, column as u32, 0, 0])[0]) / f64::from(u32::MAX)
    })
}

/// Calls `act` with an objective of each method and number of components that adds up all pairs, and places.
fn each_objective(act: impl Fn(&str, &dyn Objective, &[f64])) {
    let (features, weights) = (numbers(90, 4), [1.0; 90]);
    let rows = Rows::new(&features, Targets::None.view(), &weights);
    let training = Training { rows, seed: 7, threads: 2, progress: &quiet };
    for method in [Method::Exact, Method::BarnesHut { angle: 0.0 }] {
        let most = if let Method::Exact = method { 4 } else { MOST_COMPONENTS };
        for n_components in 1..=most {
            let places: Vec<f64> = numbers(90, n_components).iter().copied().collect();
            let objective = Embedding { n_components, method, ..embedding(8.0) }.objective(&training).unwrap();
            act(&format!("{method:?} of {n_components}"), &*objective, &places);
        }
    }
}

#[test]
fn the_gradient_is_that_of_the_divergence() {
    each_objective(|what, objective, places| {
        let slope = |places: &[f64]| objective.slope(places, 1.0, Wanted::Divergence, &|| Ok(())).unwrap();

        let gradient = slope(places).gradient;

        for at in [0, 7, places.len() - 1] {
            let moved = |by: f64| {
                let mut moved = places.to_vec();
                moved[at] += by;
                slope(&moved).divergence
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((difference - gradient[at]).abs() < 1e-8, "{what}: {difference} and {}", gradient[at]);
        }
    });
}

#[test]
fn exaggeration_multiplies_what_draws_rows_together_and_not_what_drives_them_apart() {
    each_objective(|what, objective, places| {
        let gradient =
            |exaggeration: f64| objective.slope(places, exaggeration, Wanted::Gradient, &|| Ok(())).unwrap().gradient;

        let (none, plain, exaggerated) = (gradient(0.0), gradient(1.0), gradient(4.0));

        for ((none, plain), exaggerated) in none.iter().zip(&plain).zip(&exaggerated) {
            assert!((exaggerated - none - 4.0 * (plain - none)).abs() < 1e-12, "{what}");
        }
    });
}

#[test]
fn affinities_are_symmetric_and_come_to_one() {
    let features = numbers(70, 3);
    let rows = Rows::new(&features, Targets::None.view(), &[1.0; 70]);

    let found = affinities::of(&Training { rows, seed: 7, threads: 2, progress: &quiet }, 10.0).unwrap();

    assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    for (one, other) in (0..70).flat_map(|one| (0..70).map(move |other| (one, other))) {
        let share = found[one * 70 + other];
        assert_eq!(share, found[other * 70 + one]);
        assert_eq!(share == 0.0, one == other);
    }
}

#[test]
fn groups_that_are_apart_stay_apart() {
    let mut features = numbers(60, 4);
    features.indexed_iter_mut().for_each(|((row, _), x)| *x += (row / 20) as f64 * 9.0);

    let places = fitted(&features, &[1.0; 60], &Embedding { max_iter: 500, ..embedding(8.0) }).unwrap();

    for (row, place) in places.rows().into_iter().enumerate() {
        let square = |other: usize| (&place - &places.row(other)).iter().map(|by| by * by).sum::<f64>();
        let nearest = (0..60).filter(|other| *other != row).min_by(|a, b| square(*a).total_cmp(&square(*b))).unwrap();
        assert_eq!(row / 20, nearest / 20, "{row} is beside {nearest}");
    }
}

#[test]
fn first_places_follow_the_seed_only_where_chance_places_them() {
    let features = numbers(40, 3);
    let rows = Rows::new(&features, Targets::None.view(), &[1.0; 40]);
    let of = |seed| Training { rows, seed, threads: 1, progress: &quiet };

    let components = [1, 2].map(|seed| start::principal_components(&of(seed), 2).unwrap());
    let random = [1, 2].map(|seed| start::random(&of(seed), 2));
    let more = start::principal_components(&of(1), 5).unwrap();

    assert_eq!(components[0], components[1]);
    assert_ne!(random[0], random[1]);
    let deviation = |places: &[f64], at: usize, width: usize| {
        (places.iter().skip(at).step_by(width).map(|y| y * y).sum::<f64>() / 40.0).sqrt()
    };
    assert!((deviation(&components[0], 0, 2) - 1e-4).abs() < 1e-12 && deviation(&components[0], 1, 2) < 1e-4);
    assert!((0..5).all(|at| (1e-5..2e-4).contains(&deviation(&more, at, 5))), "columns that are missing are by chance");
    assert!((0.7e-4..1.3e-4).contains(&deviation(&random[0], 0, 2)));
}

#[test]
fn first_places_are_principal_components() {
    let mut features = numbers(80, 30);
    features.indexed_iter_mut().for_each(|((_, column), x)| *x *= [5.0, 2.0].get(column).copied().unwrap_or(0.01));
    let rows = Rows::new(&features, Targets::None.view(), &[1.0; 80]);

    let places = start::principal_components(&Training { rows, seed: 7, threads: 1, progress: &quiet }, 2).unwrap();

    let centred = &features - &features.mean_axis(Axis(0)).unwrap();
    let exact = eigen(&centred.t().dot(&centred), &|_| Ok(())).unwrap();
    let scale = 1e-4 / (exact.values[0] / 80.0).sqrt();
    for (at, vector) in exact.vectors.into_iter().take(2).enumerate() {
        let expected = centred.dot(&Array1::from(vector)) * scale;
        let found: Array1<f64> = places.iter().skip(at).step_by(2).copied().collect();
        let sign = found.dot(&expected).signum();
        assert!((found * sign - expected).iter().all(|by| by.abs() < 1e-12), "component {at}");
    }
}

#[test]
fn what_cannot_be_placed_is_refused_with_the_values() {
    let refused = |features: &Array2<f64>, weight: f64, embedding: &Embedding| {
        fitted(features, &vec![weight; features.nrows()], embedding).unwrap_err().to_string()
    };

    let exact = Embedding { method: Method::Exact, ..embedding(30.0) };
    let wide = Embedding { n_components: 4, ..embedding(5.0) };

    let pairs = refused(&Array2::zeros((5_001, 1)), 1.0, &exact);
    let many = refused(&Array2::zeros((100_001, 1)), 1.0, &embedding(30.0));
    let dimensions = refused(&numbers(40, 5), 1.0, &wide);
    let few = refused(&numbers(30, 2), 1.0, &embedding(30.0));
    let weighted = refused(&numbers(40, 2), 2.0, &embedding(5.0));
    let far = refused(&array![[1e300], [0.0], [1.0]], 1.0, &embedding(2.0));

    assert!(pairs.contains("at most 5000 rows, because its memory grows") && pairs.contains("got 5001"), "{pairs}");
    assert!(pairs.contains("training.max_exact_tsne_rows"), "{pairs}");
    assert!(many.contains("at most 100000 rows") && many.contains("training.max_tsne_rows"), "{many}");
    assert!(dimensions.contains("n_components is 4 and its method barnes_hut takes at most 3"), "{dimensions}");
    assert!(dimensions.contains("method = \"exact\""), "{dimensions}");
    assert!(fitted(&numbers(40, 5), &[1.0; 40], &Embedding { method: Method::Exact, ..wide }).is_ok());
    assert!(few.contains("perplexity is 30.0 and there are 30 rows"), "{few}");
    assert!(weighted.contains("takes no weights, got 2"), "{weighted}");
    assert!(far.contains("overflow"), "{far}");
}

#[test]
fn rows_that_are_all_the_same_are_placed_and_so_are_groups_of_the_same() {
    let one = Array2::from_elem((120, 3), 0.1);
    let two = Array2::from_shape_fn((120, 3), |(row, _)| (row % 2) as f64);
    let few = numbers(3, 2);
    for method in [Method::Exact, Method::BarnesHut { angle: 0.5 }, Method::BarnesHut { angle: 1.0 }] {
        for (features, perplexity) in [(&one, 4.0), (&two, 4.0), (&few, 0.5), (&few, 2.0)] {
            let weights = vec![1.0; features.nrows()];

            let places = fitted(features, &weights, &Embedding { method, ..embedding(perplexity) }).unwrap();

            assert!(places.iter().all(|place| place.is_finite()), "{method:?}");
        }
    }
}
