//! From a tree of merges to labels.

use super::Merge;

/// The labels of rows when so many clusters are left, which are at least one and at most one for each row.
///
/// Clusters are numbered by their place in the heap by which scikit-learn's `_hc_cut` takes the tree apart, youngest first.
pub(super) fn labels(merges: &[Merge], n_clusters: usize) -> Vec<i64> {
    let n_rows = merges.len() + 1;
    let mut clusters = vec![n_rows + merges.len() - 1];
    for _ in 1..n_clusters {
        let [one, other] = merges[clusters[0] - n_rows].clusters;
        clusters.push(one);
        let last = clusters.len() - 1;
        rise(&mut clusters, last);
        clusters[0] = other;
        sink(&mut clusters);
    }
    let mut labels = vec![0; n_rows];
    for (label, cluster) in (0..).zip(&clusters) {
        let mut left = vec![*cluster];
        while let Some(cluster) = left.pop() {
            match cluster.checked_sub(n_rows) {
                None => labels[cluster] = label,
                Some(merge) => left.extend(merges[merge].clusters),
            }
        }
    }
    labels
}

/// Moves an entry up, past all that are smaller. Python's `heapq._siftdown`.
fn rise(heap: &mut [usize], mut at: usize) {
    while at > 0 && heap[at] > heap[(at - 1) / 2] {
        heap.swap(at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

/// Moves the first entry down to the end of the larger children, and up again from there. Python's `heapq._siftup`.
fn sink(heap: &mut [usize]) {
    let (mut at, mut child) = (0, 1);
    while child < heap.len() {
        if child + 1 < heap.len() && heap[child + 1] >= heap[child] {
            child += 1;
        }
        heap.swap(at, child);
        (at, child) = (child, 2 * child + 1);
    }
    rise(heap, at);
}
