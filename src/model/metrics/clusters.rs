//! Groups of rows: how well they are apart, and how well they meet others.

use crate::error::Result;
use ndarray::{Array2, ArrayView1, ArrayView2};
use std::collections::BTreeMap;

/// Rows that a silhouette is taken of, at most: it looks at each pair.
const SILHOUETTE_ROWS: usize = 10_000;
/// Differences of two numbers that it looks at, at most.
const DIFFERENCES: usize = 1 << 31;

/// Rows that are looked at between two questions.
const AT_ONCE: usize = 64;

/// Rows of so many columns that a silhouette is taken of, at most.
pub fn silhouette_rows(n_columns: usize) -> usize {
    SILHOUETTE_ROWS.min((DIFFERENCES / n_columns.max(1)).isqrt()).max(2)
}

/// The mean of `(b - a) / max(a, b)` over rows, 0 for a row that is alone in its cluster: `a` is the mean Euclidean distance to
/// the other rows of the cluster, `b` that to the rows of the nearest other one. Work grows with the square of rows.
///
/// `None` where fewer than two clusters have rows, or each row is one.
///
/// Source: P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis" (1987).
///
/// # Errors
/// What `ask` answers.
pub fn silhouette(rows: ArrayView2<'_, f64>, clusters: &[usize], ask: &dyn Fn() -> Result<()>) -> Result<Option<f64>> {
    let (own, counts) = numbered(clusters);
    if counts.len() < 2 || counts.len() >= rows.nrows() {
        return Ok(None);
    }
    let (mut sum, mut distances) = (0.0, vec![0.0; counts.len()]);
    for (at, (row, cluster)) in rows.rows().into_iter().zip(&own).enumerate() {
        if at % AT_ONCE == 0 {
            ask()?;
        }
        distances.fill(0.0);
        rows.rows().into_iter().zip(&own).for_each(|(other, of)| distances[*of] += distance(row, other));
        if counts[*cluster] > 1.0 {
            let inside = distances[*cluster] / (counts[*cluster] - 1.0);
            let others = (0..counts.len()).filter(|of| of != cluster);
            let outside = others.map(|of| distances[of] / counts[of]).fold(f64::INFINITY, f64::min);
            let larger = inside.max(outside);
            sum += if larger > 0.0 { (outside - inside) / larger } else { 0.0 };
        }
    }
    Ok(Some(sum / rows.nrows() as f64))
}

fn distance(one: ArrayView1<'_, f64>, other: ArrayView1<'_, f64>) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other) * (one - other)).sum::<f64>().sqrt()
}

/// The mean over clusters of the largest `(s_i + s_j) / d_ij`: `s` is the mean distance of rows to their mean, `d` that between
/// two means. Small is good. `None` where fewer than two clusters have rows, or each row is one.
///
/// Source: D. L. Davies, D. W. Bouldin, "A cluster separation measure" (1979), doi:10.1109/TPAMI.1979.4766909.
///
/// # Errors
/// What `ask` answers.
pub fn davies_bouldin(
    rows: ArrayView2<'_, f64>,
    clusters: &[usize],
    ask: &dyn Fn() -> Result<()>,
) -> Result<Option<f64>> {
    let (own, counts) = numbered(clusters);
    if counts.len() < 2 || counts.len() >= rows.nrows() {
        return Ok(None);
    }
    let mut means = Array2::<f64>::zeros((counts.len(), rows.ncols()));
    for (row, cluster) in rows.rows().into_iter().zip(&own) {
        means.row_mut(*cluster).scaled_add(1.0 / counts[*cluster], &row);
    }
    let mut spreads = vec![0.0; counts.len()];
    for (row, cluster) in rows.rows().into_iter().zip(&own) {
        spreads[*cluster] += distance(row, means.row(*cluster)) / counts[*cluster];
    }
    let mut sum = 0.0;
    for one in 0..counts.len() {
        ask()?;
        let worst = (0..counts.len()).filter(|other| *other != one).map(|other| {
            let apart = distance(means.row(one), means.row(other));
            if apart > 0.0 { (spreads[one] + spreads[other]) / apart } else { 0.0 }
        });
        sum += worst.fold(0.0, f64::max);
    }
    Ok(Some(sum / counts.len() as f64))
}

/// How many pairs of rows are together in both groupings, or apart in both, beyond what chance would do: 1 where they are the
/// same, about 0 by chance.
///
/// Source: L. Hubert, P. Arabie, "Comparing partitions" (1985), doi:10.1007/BF01908075.
pub fn adjusted_rand(truth: &[usize], clusters: &[usize]) -> f64 {
    let mut both: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    truth.iter().zip(clusters).for_each(|(one, other)| *both.entry((*one, *other)).or_default() += 1.0);
    let squares = |counts: &[f64]| counts.iter().map(|count| count * count).sum::<f64>();
    let n = truth.len() as f64;
    let together = squares(&both.values().copied().collect::<Vec<_>>());
    let (in_truth, in_clusters) = (squares(&numbered(truth).1), squares(&numbered(clusters).1));
    // Ordered pairs: together in both, in one alone, in neither.
    let (hits, only_truth, only_clusters) = (together - n, in_truth - together, in_clusters - together);
    let neither = n * n - together - only_truth - only_clusters;
    if only_truth == 0.0 && only_clusters == 0.0 {
        return 1.0;
    }
    let chance = (hits + only_truth) * (only_truth + neither) + (hits + only_clusters) * (only_clusters + neither);
    2.0 * (hits * neither - only_truth * only_clusters) / chance
}

/// The same groups numbered from 0, and how many rows each has.
fn numbered(groups: &[usize]) -> (Vec<usize>, Vec<f64>) {
    let mut numbers: BTreeMap<usize, usize> = groups.iter().map(|group| (*group, 0)).collect();
    numbers.values_mut().enumerate().for_each(|(at, number)| *number = at);
    let mut counts = vec![0.0; numbers.len()];
    let own: Vec<usize> = groups.iter().map(|group| numbers[group]).collect();
    own.iter().for_each(|group| counts[*group] += 1.0);
    (own, counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Error};
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    fn on() -> Result<()> {
        Ok(())
    }

    #[test]
    fn groups_that_are_apart_have_a_silhouette_near_one() {
        let rows = array![[0.0], [1.0], [100.0], [101.0]];

        let value = silhouette(rows.view(), &[3, 3, 0, 0], &on).unwrap().unwrap();

        // (100.5 - 1) / 100.5 of the outer rows, (99.5 - 1) / 99.5 of the inner ones.
        assert_abs_diff_eq!(value, (99.5 / 100.5 + 98.5 / 99.5) / 2.0, epsilon = 1e-15);
    }

    #[test]
    fn one_group_or_as_many_as_rows_have_neither() {
        let rows = array![[0.0], [1.0], [5.0]];
        for clusters in [[2, 2, 2], [0, 1, 2]] {
            assert_eq!(silhouette(rows.view(), &clusters, &on).unwrap(), None);
            assert_eq!(davies_bouldin(rows.view(), &clusters, &on).unwrap(), None);
        }
    }

    #[test]
    fn pairs_are_looked_at_only_as_long_as_they_are_wanted_and_not_too_many() {
        let rows = array![[0.0], [1.0], [100.0], [101.0]];
        let stop = || Err(Error::Cancelled { what: "the call" });

        assert_eq!(silhouette(rows.view(), &[0, 0, 1, 1], &stop).unwrap_err().code(), Code::Cancelled);
        assert_eq!(davies_bouldin(rows.view(), &[0, 0, 1, 1], &stop).unwrap_err().code(), Code::Cancelled);
        assert_eq!([1, 10, 2_000, usize::MAX].map(silhouette_rows), [10_000, 10_000, 1_036, 2]);
    }

    #[test]
    fn the_same_groups_by_other_names_meet_fully() {
        assert_eq!(adjusted_rand(&[0, 0, 1, 1, 2], &[7, 7, 3, 3, 0]), 1.0);
        assert_eq!(adjusted_rand(&[0, 0, 0], &[1, 1, 1]), 1.0);
        assert_abs_diff_eq!(adjusted_rand(&[0, 0, 1, 1], &[0, 1, 0, 1]), -0.5, epsilon = 1e-15);
    }
}
