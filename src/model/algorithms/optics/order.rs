//! The order of rows, and how they are reached.

use crate::error::Result;
use crate::model::crew::share_out;
use crate::model::neighbours::{Metric, Neighbours};
use crate::model::{Rows, Training};

/// Numbers that are looked at between two questions whether to go on, at most; and rows whose neighbours are.
const AT_ONCE: usize = 1 << 26;
const MOST_AT_ONCE: usize = 2_048;

/// Rows in their order.
#[derive(Debug)]
pub(super) struct Order {
    /// The numbers of the rows.
    pub(super) rows: Vec<usize>,
    /// At each place, how far the row is reached from; infinite for one that is not.
    pub(super) reachability: Vec<f64>,
    /// At each place, the row that it is reached from.
    pub(super) predecessors: Vec<Option<usize>>,
    /// At each place, the row's distance to its `min_samples`-th neighbour; infinite beyond `max_eps`.
    pub(super) core_distances: Vec<f64>,
}

impl Order {
    /// Always the row that is reached at the smallest distance, the first of equals, as in scikit-learn's `compute_optics_graph`.
    pub(super) fn of(training: &Training<'_>, metric: Metric, min_samples: usize, max_eps: f64) -> Result<Self> {
        let rows = training.rows;
        let neighbours = Neighbours::new(rows.samples(), metric).prepared();
        let core_distances = core_distances(training, &neighbours, min_samples, max_eps)?;
        let (mut reachability, mut predecessors) = (vec![f64::INFINITY; rows.len()], vec![None; rows.len()]);
        let (mut is_left, mut order) = (vec![true; rows.len()], Vec::with_capacity(rows.len()));
        let mut asked_at = 0;
        while let Some(next) = first_smallest(&reachability, &is_left) {
            if order.len() >= asked_at {
                let share = 0.5 + 0.5 * order.len() as f64 / rows.len() as f64;
                training.progress.report("fitting optics, ordering rows", share)?;
                asked_at = order.len() + at_once(rows);
            }
            is_left[next] = false;
            order.push(next);
            let core_distance = core_distances[next];
            if core_distance.is_infinite() {
                continue;
            }
            let mut reach = |row: usize, distance: f64| {
                let reached = rounded(distance.max(core_distance));
                if is_left[row] && reached < reachability[row] {
                    (reachability[row], predecessors[row]) = (reached, Some(next));
                }
            };
            let own = rows.slice(next..next + 1).values();
            if max_eps.is_finite() {
                neighbours
                    .for_each_within(own, max_eps, |found| found.iter().for_each(|it| reach(it.row, it.distance)));
            } else {
                let distances = rows.iter().map(|other| metric.distance(metric.between(own, other)));
                distances.enumerate().for_each(|(row, distance)| reach(row, distance));
            }
        }
        Ok(Self {
            reachability: order.iter().map(|row| reachability[*row]).collect(),
            predecessors: order.iter().map(|row| predecessors[*row]).collect(),
            core_distances: order.iter().map(|row| core_distances[*row]).collect(),
            rows: order,
        })
    }
}

/// The first of those that are left that none is smaller than.
fn first_smallest(values: &[f64], is_left: &[bool]) -> Option<usize> {
    let left = values.iter().zip(is_left).enumerate().filter(|(_, (_, is_left))| **is_left);
    left.map(|(row, (value, _))| (row, *value))
        .reduce(|least, it| if it.1 < least.1 { it } else { least })
        .map(|it| it.0)
}

/// The distance of each row to its `min_samples`-th neighbour, itself the first.
fn core_distances(
    training: &Training<'_>,
    neighbours: &Neighbours,
    min_samples: usize,
    max_eps: f64,
) -> Result<Vec<f64>> {
    let (rows, at_once) = (training.rows, at_once(training.rows));
    let n_pieces = rows.len().div_ceil(at_once);
    let report = |done: usize| {
        training.progress.report("fitting optics, looking for neighbours", 0.5 * done as f64 / n_pieces as f64)
    };
    let pieces = share_out(n_pieces, training.threads, &report, |piece, ask| {
        ask()?;
        let own = rows.slice(piece * at_once..((piece + 1) * at_once).min(rows.len()));
        let mut distances = Vec::with_capacity(own.len());
        neighbours.for_each(own.values(), min_samples, |found| {
            let distance = found.last().map_or(f64::INFINITY, |it| it.distance);
            distances.push(if distance > max_eps { f64::INFINITY } else { rounded(distance) });
        });
        Ok(distances)
    })?;
    Ok(pieces.into_iter().flatten().collect())
}

/// To 15 digits after the point, as scikit-learn rounds distances so that equal ones are.
fn rounded(distance: f64) -> f64 {
    let scaled = distance * 1e15;
    if scaled.is_finite() { scaled.round_ties_even() / 1e15 } else { distance }
}

/// Rows whose neighbours are found in less than a second, all pairs looked at.
fn at_once(rows: Rows<'_>) -> usize {
    (AT_ONCE / rows.values().len().max(1)).clamp(1, MOST_AT_ONCE)
}
