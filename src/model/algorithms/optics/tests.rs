//! Orders and clusters against their definitions; `transductive_oracles` has scikit-learn's labels.

use super::*;
use crate::model::tests::quiet;
use crate::model::{NOISE, Rows, Targets};
use ndarray::{Array2, array};
use proptest::prelude::*;

fn fitted(features: &Array2<f64>, ordering: &Ordering) -> Result<Vec<i64>> {
    let weights = vec![1.0; features.nrows()];
    let rows = Rows::new(features, Targets::None.view(), &weights);
    match ordering.fit(&Training { rows, seed: 7, threads: 2, progress: &quiet })?.result {
        TrainingResult::Labels(labels) => Ok(labels),
        TrainingResult::Embedding(_) => unreachable!(),
    }
}

fn steps(min_samples: usize) -> Ordering {
    let read_off = ReadOff::Steps { xi: 0.05, min_cluster_size: min_samples };
    Ordering { min_samples, max_eps: f64::INFINITY, read_off, metric: Metric::Euclidean }
}

fn order(features: &Array2<f64>, min_samples: usize, max_eps: f64) -> Order {
    let weights = vec![1.0; features.nrows()];
    let rows = Rows::new(features, Targets::None.view(), &weights);
    let training = Training { rows, seed: 7, threads: 2, progress: &quiet };
    Order::of(&training, Metric::Euclidean, min_samples, max_eps).unwrap()
}

#[test]
fn rows_are_reached_from_the_nearest_one_before_them() {
    let line = array![[0.0], [1.0], [10.0], [3.0], [11.0], [2.0]];

    let Order { rows, reachability, predecessors, core_distances } = order(&line, 2, f64::INFINITY);

    assert_eq!(rows, [0, 1, 5, 3, 2, 4]);
    assert_eq!(reachability, [f64::INFINITY, 1.0, 1.0, 1.0, 7.0, 1.0]);
    assert_eq!(predecessors, [None, Some(0), Some(1), Some(5), Some(3), Some(2)]);
    assert_eq!(core_distances, [1.0; 6]);
}

#[test]
fn rows_of_two_densities_are_two_clusters() {
    let dense = (0..20).map(|row| f64::from(row % 5) / 100.0 + f64::from(row) / 1_000.0);
    let sparse = (0..20).map(|row| 50.0 + f64::from(row * 7 % 20) + f64::from(row) / 100.0);
    let line: Array2<f64> = Array2::from_shape_vec((40, 1), dense.chain(sparse).collect()).unwrap();

    let labels = fitted(&line, &Ordering { min_samples: 4, ..steps(10) }).unwrap();

    assert_eq!(labels[..20], [labels[0]; 20]);
    assert_eq!(labels[20..], [labels[20]; 20]);
    assert!(labels[0] != NOISE && labels[20] != NOISE && labels[0] != labels[20], "{labels:?}");
}

proptest! {
    #[test]
    fn below_a_reachability_core_rows_are_grouped_as_by_dbscan(
        places in prop::collection::vec((0u8..12, 0u8..12), 6..50), eps in 0.5f64..3.0, min_samples in 2usize..6,
    ) {
        let features = Array2::from_shape_fn((places.len(), 2), |(row, column)| {
            f64::from(if column == 0 { places[row].0 } else { places[row].1 })
        });
        for max_eps in [f64::INFINITY, 3.0] {
            let below = Ordering { max_eps, read_off: ReadOff::Below(eps), ..steps(min_samples) };

            let labels = fitted(&features, &below).unwrap();

            let near = |one: usize, other: usize| {
                (&features.row(one) - &features.row(other)).iter().map(|by| by * by).sum::<f64>().sqrt() <= eps
            };
            let all = 0..places.len();
            let core: Vec<usize> =
                all.clone().filter(|row| all.clone().filter(|other| near(*row, *other)).count() >= min_samples).collect();
            for (one, other) in core.iter().flat_map(|one| core.iter().map(move |other| (*one, *other))) {
                prop_assert!(!near(one, other) || labels[one] == labels[other], "{} and {}", one, other);
            }
            prop_assert!(core.iter().all(|row| labels[*row] != NOISE));
            let alone = |row: &usize| core.iter().all(|other| !near(*row, *other));
            prop_assert!(all.filter(alone).all(|row| labels[row] == NOISE));
        }
    }
}

#[test]
fn the_same_row_again_and_again_is_answered() {
    let same = Array2::from_elem((12, 3), 0.1);

    let labels = fitted(&same, &steps(5)).unwrap();

    assert_eq!(labels.len(), 12);
}

#[test]
fn what_cannot_be_ordered_is_refused_with_the_values() {
    let refused = |features: &Array2<f64>, ordering: Ordering| fitted(features, &ordering).unwrap_err().to_string();
    let (few, many) = (Array2::zeros((4, 1)), Array2::zeros((100_001, 1)));
    let large_eps = Ordering { max_eps: 1.0, read_off: ReadOff::Below(2.0), ..steps(2) };
    let large_clusters = Ordering { read_off: ReadOff::Steps { xi: 0.05, min_cluster_size: 9 }, ..steps(2) };

    assert!(refused(&few, steps(5)).contains("min_samples is 5 and there are 4 rows"));
    assert!(refused(&few, large_clusters).contains("min_cluster_size is 9 and there are 4 rows"));
    assert!(refused(&few, large_eps).contains("eps is 2.0 and max_eps is 1.0"));
    assert!(refused(&many, steps(5)).contains("at most 100000 rows, because its time grows"));
    assert!(refused(&array![[1e300], [0.0]], steps(2)).contains("overflow"));
}

#[test]
fn weights_are_refused_because_rows_are_counted() {
    let features = Array2::zeros((6, 1));
    let rows = Rows::new(&features, Targets::None.view(), &[1.0, 1.0, 2.5, 1.0, 1.0, 1.0]);

    let refused = steps(3).fit(&Training { rows, seed: 7, threads: 1, progress: &quiet }).unwrap_err().to_string();

    assert!(refused.contains("takes no weights, got 2.5"), "{refused}");
}
