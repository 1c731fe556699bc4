//! Merges along chains of nearest neighbours.

use super::{Linkage, Merge, NAME};
use crate::error::{Error, Result};
use crate::model::Training;
use crate::model::crew::share_out;
use crate::model::kernels::Panels;
use crate::model::neighbours::Metric;

/// Merges between two questions whether to go on: each looks at all rows a few times.
const AT_ONCE: usize = 256;
/// Rows of a tile, which stays in a cache, and rows whose distances to all a thread computes at once.
const TILE_ROWS: usize = 256;
const PIECE_ROWS: usize = 16;

/// Follows each cluster to its nearest one until two are nearest to each other, and merges these. It finds what merging the two
/// nearest ones again and again finds, in another order: linkages other than the median and the centroid allow that.
///
/// Steps and ties are those of SciPy's `nn_chain`.
pub(super) fn merges(linkage: Linkage, metric: Metric, training: &Training<'_>) -> Result<Vec<Merge>> {
    let n_rows = training.rows.len();
    let ask = |done: f64| training.progress.report("fitting agglomerative_clustering", done);
    let mut distances = Distances::between(training, metric, linkage, &|share| ask(0.5 * share))?;
    let mut sizes = training.rows.weights.to_vec();
    // Those that are clusters still, each under the last of its rows.
    let mut clusters: Vec<usize> = (0..n_rows).collect();
    let (mut merges, mut chain) = (Vec::with_capacity(n_rows - 1), Vec::with_capacity(n_rows));
    for number in 0..n_rows - 1 {
        if number % AT_ONCE == 0 {
            ask(0.5 + 0.5 * number as f64 / n_rows as f64)?;
        }
        if chain.is_empty() {
            chain.extend(clusters.first());
        }
        let merge = nearest_pair(&mut chain, &distances, &clusters)
            .filter(|merge| merge.distance.is_finite())
            .ok_or_else(|| Error::invalid(format!("distances overflow in {NAME}; scale the columns first")))?;
        let [x, y] = merge.clusters;
        clusters.binary_search(&x).map(|at| clusters.remove(at)).ok();
        let size = |cluster: usize| sizes[cluster];
        for other in clusters.iter().copied().filter(|it| *it != y) {
            let (to_x, to_y) = (distances.get(other, x), distances.get(other, y));
            let to_both = match linkage {
                Linkage::Ward => ward([to_x, to_y, merge.distance], [size(x), size(y), size(other)]),
                Linkage::Average => (size(x) * to_x + size(y) * to_y) / (size(x) + size(y)),
                Linkage::Complete | Linkage::Single => to_x.max(to_y),
            };
            distances.set(other, y, to_both);
        }
        sizes[y] += sizes[x];
        merges.push(merge);
    }
    Ok(merges)
}

/// The end of the chain, which it leaves; the lower number first.
fn nearest_pair(chain: &mut Vec<usize>, distances: &Distances, clusters: &[usize]) -> Option<Merge> {
    loop {
        let last = *chain.last()?;
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        // The one before is the nearest of equals: no chain goes in circles.
        let mut nearest = before.map_or((last, f64::INFINITY), |before| (before, distances.get(last, before)));
        for other in clusters.iter().copied().filter(|it| *it != last) {
            let distance = distances.get(last, other);
            if distance < nearest.1 {
                nearest = (other, distance);
            }
        }
        let (nearest, distance) = nearest;
        if nearest == last {
            return None; // All are infinitely far.
        }
        if Some(nearest) == before {
            chain.truncate(chain.len() - 2);
            return Some(Merge { clusters: [last.min(nearest), last.max(nearest)], distance });
        }
        chain.push(nearest);
    }
}

/// G. N. Lance, W. T. Williams, "A general theory of classificatory sorting strategies" (1967), doi:10.1093/comjnl/9.4.373.
fn ward([to_x, to_y, between]: [f64; 3], [x, y, other]: [f64; 3]) -> f64 {
    let share = 1.0 / (x + y + other);
    let square =
        (other + x) * share * to_x * to_x + (other + y) * share * to_y * to_y - other * share * between * between;
    square.max(0.0).sqrt()
}

/// Of all pairs, once each.
struct Distances {
    /// Of each row those to later ones.
    to_later: Vec<Vec<f64>>,
}

impl Distances {
    fn between(
        training: &Training<'_>,
        metric: Metric,
        linkage: Linkage,
        ask: &dyn Fn(f64) -> Result<()>,
    ) -> Result<Self> {
        let (rows, n_rows) = (training.rows, training.rows.len());
        let some = |first: usize, n_some: usize| rows.slice(first..n_rows.min(first + n_some));
        let tile = |first| Panels::<f64>::new(some(first, TILE_ROWS).features().t());
        let tiles: Vec<Panels<f64>> = (0..n_rows).step_by(TILE_ROWS).map(tile).collect();
        let is_weighted = linkage == Linkage::Ward && rows.weights.iter().any(|weight| *weight != 1.0);
        let n_pieces = n_rows.div_ceil(PIECE_ROWS);
        let report = |done: usize| ask(done as f64 / n_pieces as f64);
        let pieces = share_out(n_pieces, training.threads, &report, |piece, ask| {
            ask()?;
            let (first, own) = (piece * PIECE_ROWS, some(piece * PIECE_ROWS, PIECE_ROWS));
            let mut to_later: Vec<Vec<f64>> =
                (0..own.len()).map(|row| Vec::with_capacity(n_rows - 1 - first - row)).collect();
            for (number, tile) in tiles.iter().enumerate().skip(first / TILE_ROWS) {
                let compared = metric.between_all(own.values(), tile);
                let of_rows = compared.chunks_exact(tile.n_outputs()).zip(&mut to_later).zip(first..);
                for ((compared, to_later), row) in of_rows {
                    let n_earlier = (row + 1).saturating_sub(number * TILE_ROWS).min(compared.len());
                    to_later.extend(compared[n_earlier..].iter().map(|it| metric.distance(*it)));
                }
            }
            if is_weighted {
                for (row, distances) in (first..).zip(&mut to_later) {
                    // Rows of these weights are as many clusters of one place.
                    let weight = rows.weights[row];
                    for (distance, own) in distances.iter_mut().zip(&rows.weights[row + 1..]) {
                        *distance *= (2.0 * weight * own / (weight + own)).sqrt();
                    }
                }
            }
            Ok(to_later)
        })?;
        Ok(Self { to_later: pieces.into_iter().flatten().collect() })
    }

    fn get(&self, one: usize, other: usize) -> f64 {
        let (first, last) = (one.min(other), one.max(other));
        self.to_later[first][last - first - 1]
    }

    fn set(&mut self, one: usize, other: usize, distance: f64) {
        let (first, last) = (one.min(other), one.max(other));
        self.to_later[first][last - first - 1] = distance;
    }
}
