//! Merges along chains of nearest neighbours.

use super::{Linkage, Merge, NAME};
use crate::error::{Error, Result};
use crate::model::neighbours::Metric;
use crate::model::{Rows, Training};

/// Merges between two questions whether to go on: each looks at all rows a few times.
const AT_ONCE: usize = 256;

/// Follows each cluster to its nearest one until two are nearest to each other, and merges these. It finds what merging the two
/// nearest ones again and again finds, in another order: linkages other than the median and the centroid allow that.
///
/// Steps and ties are those of SciPy's `nn_chain`.
pub(super) fn merges(linkage: Linkage, metric: Metric, training: &Training<'_>) -> Result<Vec<Merge>> {
    let n_rows = training.rows.len();
    let ask = |done: f64| training.progress.report("fitting agglomerative_clustering", done);
    let mut distances = Distances::between(training.rows, metric, linkage, &|share| ask(0.5 * share))?;
    let mut sizes = training.rows.weights.to_vec();
    let (mut merges, mut chain) = (Vec::with_capacity(n_rows - 1), Vec::with_capacity(n_rows));
    for number in 0..n_rows - 1 {
        if number % AT_ONCE == 0 {
            ask(0.5 + 0.5 * number as f64 / n_rows as f64)?;
        }
        if chain.is_empty() {
            chain.extend(sizes.iter().position(|size| *size > 0.0));
        }
        let merge = nearest_pair(&mut chain, &distances, &sizes)
            .filter(|merge| merge.distance.is_finite())
            .ok_or_else(|| Error::invalid(format!("distances overflow in {NAME}; scale the columns first")))?;
        let [x, y] = merge.clusters;
        let size = |cluster: usize| sizes[cluster];
        for other in (0..n_rows).filter(|it| sizes[*it] > 0.0 && *it != x && *it != y) {
            let (to_x, to_y) = (distances.get(other, x), distances.get(other, y));
            let to_both = match linkage {
                Linkage::Ward => ward([to_x, to_y, merge.distance], [size(x), size(y), size(other)]),
                Linkage::Average => (size(x) * to_x + size(y) * to_y) / (size(x) + size(y)),
                Linkage::Complete | Linkage::Single => to_x.max(to_y),
            };
            distances.set(other, y, to_both);
        }
        sizes[y] += std::mem::take(&mut sizes[x]);
        merges.push(merge);
    }
    Ok(merges)
}

/// The end of the chain, which it leaves; the lower number first.
fn nearest_pair(chain: &mut Vec<usize>, distances: &Distances, sizes: &[f64]) -> Option<Merge> {
    loop {
        let last = *chain.last()?;
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        // The one before is the nearest of equals: no chain goes in circles.
        let mut nearest = before.map(|before| (before, distances.get(last, before)));
        for other in (0..sizes.len()).filter(|it| sizes[*it] > 0.0 && *it != last) {
            let distance = distances.get(last, other);
            if nearest.is_none_or(|(_, least)| distance < least) {
                nearest = Some((other, distance));
            }
        }
        let (nearest, distance) = nearest?;
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
    values: Vec<f64>,
    /// Where the pairs of each row with later ones begin, less its number and one.
    offsets: Vec<isize>,
}

impl Distances {
    fn between(rows: Rows<'_>, metric: Metric, linkage: Linkage, ask: &dyn Fn(f64) -> Result<()>) -> Result<Self> {
        let n_rows = rows.len();
        let mut values = Vec::with_capacity(n_rows * (n_rows - 1) / 2);
        let mut offsets = Vec::with_capacity(n_rows);
        for (number, row) in rows.iter().enumerate() {
            ask(number as f64 / n_rows as f64)?;
            offsets.push(values.len() as isize - number as isize - 1);
            let weight = rows.weights[number];
            let later = rows.slice(number + 1..n_rows);
            values.extend(later.iter().zip(later.weights).map(|(other, own)| {
                let distance = metric.distance(metric.between(row, other));
                // Rows of these weights are as many clusters of one place.
                if linkage == Linkage::Ward {
                    distance * (2.0 * weight * own / (weight + own)).sqrt()
                } else {
                    distance
                }
            }));
        }
        Ok(Self { values, offsets })
    }

    fn place(&self, one: usize, other: usize) -> usize {
        (self.offsets[one.min(other)] + one.max(other) as isize) as usize
    }

    fn get(&self, one: usize, other: usize) -> f64 {
        self.values[self.place(one, other)]
    }

    fn set(&mut self, one: usize, other: usize, distance: f64) {
        let place = self.place(one, other);
        self.values[place] = distance;
    }
}
