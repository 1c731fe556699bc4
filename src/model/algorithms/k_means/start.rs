//! First centres.

use super::Chance;
use crate::error::Result;
use crate::model::kernels::Panels;
use crate::model::summation::Summation;
use crate::model::{Rows, Training};
use ndarray::{Array2, Axis};
use std::iter::repeat_with;

/// As many rows, different ones, by chance.
pub(super) fn random(training: &Training<'_>, n_clusters: usize, chance: &mut Chance) -> Array2<f64> {
    let mut left: Vec<usize> = (0..training.rows.len()).collect();
    let chosen: Vec<usize> = repeat_with(|| left.swap_remove(chance.below(left.len()))).take(n_clusters).collect();
    training.rows.features().select(Axis(0), &chosen)
}

/// Rows far from each other: each is drawn with a chance in proportion to its squared distance from the nearest one before it,
/// the best one of a few draws. `ask` is told the number of each centre.
///
/// D. Arthur, S. Vassilvitskii, "k-means++: the advantages of careful seeding" (2007), with the greedy choice of its section 8,
/// of `2 + ln(n_clusters)` draws as in scikit-learn.
pub(super) fn plus_plus(
    training: &Training<'_>,
    n_clusters: usize,
    chance: &mut Chance,
    ask: impl Fn(usize) -> Result<()>,
) -> Result<Array2<f64>> {
    let (rows, n_draws) = (training.rows, 2 + (n_clusters as f64).ln() as usize);
    let mut chosen = vec![drawn(rows.weights.iter().copied(), chance)];
    let mut nearest = training.sum(&Nearest { nearest: None, centre: row(rows, chosen[0]) })?;
    for number in 1..n_clusters {
        ask(number)?;
        let potentials = || nearest.iter().zip(rows.weights).map(|(square, weight)| square * weight);
        let draws: Vec<usize> = repeat_with(|| drawn(potentials(), chance)).take(n_draws).collect();
        let candidates = Panels::new(rows.features().select(Axis(0), &draws).t());
        let left = training.sum(&Left { nearest: &nearest, candidates })?;
        let best = crate::model::kernels::first_smallest(&left);
        chosen.push(draws[best]);
        nearest = training.sum(&Nearest { nearest: Some(&nearest), centre: row(rows, draws[best]) })?;
    }
    Ok(rows.features().select(Axis(0), &chosen))
}

fn row(rows: Rows<'_>, number: usize) -> Panels<f64> {
    Panels::new(rows.features().select(Axis(0), &[number]).t())
}

/// A position, with a chance in proportion to its weight; the first one if all weigh nothing.
fn drawn(weights: impl Iterator<Item = f64> + Clone, chance: &mut Chance) -> usize {
    let mut rest = chance.share() * weights.clone().sum::<f64>();
    let mut last = 0;
    for (position, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
        last = position;
        rest -= weight;
        if rest < 0.0 {
            break;
        }
    }
    last
}

/// The squared distance of each row to the nearest centre, when there is one more.
struct Nearest<'a> {
    nearest: Option<&'a [f64]>,
    centre: Panels<f64>,
}

impl Summation for Nearest<'_> {
    type Partial = Vec<f64>;

    fn partial(&self, shard: Rows<'_>) -> Vec<f64> {
        let mut squares = self.centre.squared_distances(shard.values());
        if let Some(nearest) = self.nearest {
            squares
                .iter_mut()
                .zip(&nearest[shard.first()..])
                .for_each(|(square, before)| *square = square.min(*before));
        }
        squares
    }

    fn merge(&self, mut left: Vec<f64>, right: Vec<f64>) -> Vec<f64> {
        left.extend(right);
        left
    }
}

/// What the squared distances of all rows to their nearest centres would come to with each of some candidates.
struct Left<'a> {
    nearest: &'a [f64],
    candidates: Panels<f64>,
}

impl Summation for Left<'_> {
    type Partial = Vec<f64>;

    fn partial(&self, shard: Rows<'_>) -> Vec<f64> {
        let n_candidates = self.candidates.n_outputs();
        let squares = self.candidates.squared_distances(shard.values());
        let mut sums = vec![0.0; n_candidates];
        let known = self.nearest[shard.first()..].iter().zip(shard.weights);
        for (squares, (before, weight)) in squares.chunks_exact(n_candidates).zip(known) {
            sums.iter_mut().zip(squares).for_each(|(sum, square)| *sum += weight * square.min(*before));
        }
        sums
    }

    fn merge(&self, mut left: Vec<f64>, right: Vec<f64>) -> Vec<f64> {
        left.iter_mut().zip(right).for_each(|(left, right)| *left += right);
        left
    }
}
