//! The smallest tree that connects all rows, whose edges are the merges of single linkage.

use super::Merge;
use crate::error::Result;
use crate::model::Training;
use crate::model::neighbours::Metric;

/// From the first row on, always the row that is nearest to those that are connected.
///
/// Steps and ties are those of scikit-learn's `mst_linkage_core`.
pub(super) fn merges(metric: Metric, training: &Training<'_>) -> Result<Vec<Merge>> {
    let rows = training.rows;
    let row = |number: usize| rows.slice(number..number + 1).values();
    let mut unconnected: Vec<usize> = (1..rows.len()).collect();
    let mut nearest = vec![f64::INFINITY; rows.len()];
    let (mut merges, mut last) = (Vec::with_capacity(unconnected.len()), 0);
    while !unconnected.is_empty() {
        let done = merges.len() as f64 / rows.len() as f64;
        training.progress.report("fitting agglomerative_clustering", done)?;
        let mut next = (0, f64::INFINITY);
        for (at, other) in unconnected.iter().enumerate() {
            let distance = metric.distance(metric.between(row(last), row(*other)));
            nearest[*other] = nearest[*other].min(distance);
            if nearest[*other] < next.1 {
                next = (at, nearest[*other]);
            }
        }
        let connected = unconnected.remove(next.0); // In their order: of equals the first is taken.
        merges.push(Merge { clusters: [last, connected], distance: next.1 });
        last = connected;
    }
    Ok(merges)
}
