//! Merges and cuts against their definitions; `transductive_oracles` has scikit-learn's labels.

use super::*;
use crate::model::random::Philox;
use crate::model::tests::quiet;
use crate::model::{Rows, Targets};
use ndarray::{Array1, Array2, Axis, array};
use proptest::prelude::*;

const LINKAGES: [Linkage; 4] = [Linkage::Ward, Linkage::Complete, Linkage::Average, Linkage::Single];

fn fitted(features: &Array2<f64>, weights: &[f64], linkage: Linkage, until: Until) -> Result<Vec<i64>> {
    let rows = Rows::new(features, Targets::None.view(), weights);
    let merging = Merging { until, linkage, metric: Metric::Euclidean };
    match merging.fit(&Training { rows, seed: 7, threads: 1, progress: &quiet })?.result {
        TrainingResult::Labels(labels) => Ok(labels),
        TrainingResult::Embedding(_) => unreachable!(),
    }
}

/// Labels by their first rows, so that names do not count.
fn unnamed(labels: &[i64]) -> Vec<usize> {
    labels.iter().map(|label| labels.iter().position(|it| it == label).unwrap()).collect()
}

/// How far clusters are from each other, by the definition.
fn distance(features: &Array2<f64>, weights: &[f64], linkage: Linkage, one: &[usize], other: &[usize]) -> f64 {
    let pairs = || one.iter().flat_map(|row| other.iter().map(move |to| (*row, *to)));
    let between = |(row, to): (usize, usize)| {
        (&features.row(row) - &features.row(to)).iter().map(|by| by * by).sum::<f64>().sqrt()
    };
    let weight = |rows: &[usize]| rows.iter().map(|row| weights[*row]).sum::<f64>();
    match linkage {
        Linkage::Single => pairs().map(between).fold(f64::INFINITY, f64::min),
        Linkage::Complete => pairs().map(between).fold(0.0, f64::max),
        Linkage::Average => {
            let sum: f64 = pairs().map(|(row, to)| weights[row] * weights[to] * between((row, to))).sum();
            sum / weight(one) / weight(other)
        }
        Linkage::Ward => {
            let centre = |rows: &[usize]| {
                let zeros = Array1::<f64>::zeros(features.ncols());
                rows.iter().fold(zeros, |sum, row| sum + &features.row(*row) * weights[*row]) / weight(rows)
            };
            let square = (centre(one) - centre(other)).iter().map(|by| by * by).sum::<f64>();
            (2.0 * weight(one) * weight(other) / (weight(one) + weight(other)) * square).sqrt()
        }
    }
}

/// Merges the two nearest clusters, looking at all pairs.
fn by_definition(features: &Array2<f64>, weights: &[f64], linkage: Linkage, n_clusters: usize) -> Vec<usize> {
    let mut clusters: Vec<Vec<usize>> = (0..features.nrows()).map(|row| vec![row]).collect();
    while clusters.len() > n_clusters {
        let pairs = (1..clusters.len()).flat_map(|other| (0..other).map(move |one| (one, other)));
        let far =
            |(one, other): &(usize, usize)| distance(features, weights, linkage, &clusters[*one], &clusters[*other]);
        let (one, other) = pairs.min_by(|a, b| far(a).total_cmp(&far(b))).unwrap();
        let merged = clusters.swap_remove(other);
        clusters[one].extend(merged);
    }
    let label = |row: usize| clusters.iter().position(|rows| rows.contains(&row)).unwrap() as i64;
    unnamed(&(0..features.nrows()).map(label).collect::<Vec<_>>())
}

/// Numbers without equal distances.
fn numbers(n_rows: usize, seed: u64) -> Array2<f64> {
    let philox = Philox::new(seed);
    Array2::from_shape_fn((n_rows, 2), |(row, column)| f64::from(philox.block([row as u32, column as u32, 0, 0])[0]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn clusters_are_those_of_merging_the_two_nearest(n_rows in 1usize..24, few in 1usize..24, seed in any::<u64>()) {
        let (features, n_clusters) = (numbers(n_rows, seed), few.min(n_rows));
        let weights: Vec<f64> = (0..n_rows).map(|row| 1.0 + (row % 3) as f64).collect();
        for linkage in LINKAGES {
            let found = fitted(&features, &weights, linkage, Until::Clusters(n_clusters)).unwrap();

            let expected = by_definition(&features, &weights, linkage, n_clusters);
            prop_assert_eq!(unnamed(&found), expected, "{:?}", linkage);
            prop_assert_eq!(found.iter().max(), Some(&(n_clusters as i64 - 1)));
        }
    }
}

#[test]
fn a_row_of_weight_two_is_that_row_twice() {
    let (features, weights) = (numbers(12, 5), [1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 2.0, 1.0]);
    let repeated: Vec<usize> = (0..12).flat_map(|row| vec![row; weights[row] as usize]).collect();
    let many = features.select(Axis(0), &repeated);
    for linkage in LINKAGES {
        for n_clusters in [1, 2, 5, 12] {
            let weighted = fitted(&features, &weights, linkage, Until::Clusters(n_clusters)).unwrap();

            let twice = fitted(&many, &vec![1.0; many.nrows()], linkage, Until::Clusters(n_clusters)).unwrap();
            let weighted: Vec<i64> = repeated.iter().map(|row| weighted[*row]).collect();
            assert_eq!(unnamed(&weighted), unnamed(&twice), "{linkage:?}");
        }
    }
}

#[test]
fn a_threshold_leaves_apart_what_is_as_far_or_further() {
    let line = array![[0.0], [1.0], [3.0], [7.0]];
    let clusters =
        |linkage, threshold| unnamed(&fitted(&line, &[1.0; 4], linkage, Until::Distance(threshold)).unwrap());

    assert_eq!(clusters(Linkage::Single, 2.0), [0, 0, 2, 3]);
    assert_eq!(clusters(Linkage::Single, 2.1), [0, 0, 0, 3]);
    assert_eq!(clusters(Linkage::Complete, 3.1), [0, 0, 0, 3]);
    assert_eq!(clusters(Linkage::Average, 100.0), [0; 4]);
    assert_eq!(clusters(Linkage::Ward, 1e-9), [0, 1, 2, 3]);
}

#[test]
fn one_row_and_the_same_row_again_and_again_are_clustered() {
    for linkage in LINKAGES {
        assert_eq!(fitted(&array![[3.0]], &[1.0], linkage, Until::Clusters(1)).unwrap(), [0]);
        let same = Array2::from_elem((9, 3), 0.1);
        let labels = fitted(&same, &[1.0; 9], linkage, Until::Clusters(4)).unwrap();
        assert_eq!(labels.iter().max(), Some(&3), "{linkage:?}");
        assert_eq!(fitted(&same, &[1.0; 9], linkage, Until::Distance(0.1)).unwrap(), [0; 9]);
    }
}

#[test]
fn what_cannot_be_clustered_is_refused_with_the_values() {
    let refused = |features: &Array2<f64>, linkage, metric| {
        let weights = vec![1.0; features.nrows()];
        let rows = Rows::new(features, Targets::None.view(), &weights);
        let merging = Merging { until: Until::Clusters(3), linkage, metric };
        merging.fit(&Training { rows, seed: 7, threads: 1, progress: &quiet }).unwrap_err().to_string()
    };

    let few = refused(&array![[1.0], [2.0]], Linkage::Ward, Metric::Euclidean);
    let ward = refused(&array![[1.0], [2.0]], Linkage::Ward, Metric::Manhattan);
    let many = refused(&Array2::zeros((10_001, 1)), Linkage::Average, Metric::Euclidean);
    let far = refused(&array![[1e300], [0.0], [1.0]], Linkage::Average, Metric::Euclidean);

    assert!(few.contains("n_clusters is 3 and there are 2 rows"), "{few}");
    assert!(ward.contains("takes the euclidean metric only"), "{ward}");
    assert!(many.contains("at most 10000 rows, because its memory grows") && many.contains("got 10001"), "{many}");
    assert!(far.contains("overflow"), "{far}");
}
