//! First places.

use crate::error::Result;
use crate::model::Training;
use crate::model::numerics::eigen;
use crate::model::random::Philox;
use ndarray::{Array2, Axis};

/// The deviation of first places: near to each other, so that they can go anywhere.
const DEVIATION: f64 = 1e-4;
/// Directions that are looked for beside those that are wanted, and how often they are turned.
const MORE: usize = 10;
const TURNS: usize = 8;
/// What a number is for; part of its counter.
const PLACES: u32 = 0;
const DIRECTIONS: u32 = 1;

/// The first principal components, about, at the scale of the first one; those that are not there, or have no variance, by
/// chance.
///
/// D. Kobak, P. Berens, "The art of using t-SNE for single-cell transcriptomics" (2019), doi:10.1038/s41467-019-13056-x. They
/// are found from random directions as by N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness" (2011),
/// doi:10.1137/090771806.
pub(super) fn principal_components(training: &Training<'_>, n_components: usize) -> Result<Vec<f64>> {
    let mut places = random(training, n_components);
    let mut rows = training.rows.features().to_owned();
    if let Some(mean) = rows.mean_axis(Axis(0)) {
        rows -= &mean;
    }
    let largest = rows.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    if largest == 0.0 {
        return Ok(places);
    }
    rows /= largest;
    let width = rows.ncols();
    let n_directions = (n_components + MORE).min(width).min(rows.nrows());
    let philox = Philox::new(0); // Whatever the seed: components are no matter of chance.
    let mut directions: Vec<Vec<f64>> = (0..n_directions)
        .map(|direction| (0..width).map(|column| normal(&philox, direction * width + column, DIRECTIONS)).collect())
        .collect();
    for turn in 0..TURNS {
        orthonormalise(&mut directions);
        let share = 0.05 * turn as f64 / TURNS as f64;
        let ask = || training.progress.report("fitting tsne, looking for principal components", share);
        directions = turned(&rows, &directions, &ask)?;
    }
    orthonormalise(&mut directions);
    let seen: Vec<Vec<f64>> = directions
        .iter()
        .map(|direction| rows.rows().into_iter().map(|row| dot(row.iter().zip(direction))).collect())
        .collect();
    let products =
        Array2::from_shape_fn((n_directions, n_directions), |(one, other)| dot(seen[one].iter().zip(&seen[other])));
    let found = eigen(&products, &|_| Ok(()))?;
    let scale = DEVIATION / (found.values[0] / rows.nrows() as f64).sqrt();
    for (component, (value, shares)) in found.values.iter().zip(&found.vectors).enumerate().take(n_components) {
        if *value > f64::EPSILON * found.values[0] {
            for (row, place) in places.chunks_exact_mut(n_components).enumerate() {
                place[component] = scale * dot(seen.iter().map(|places| &places[row]).zip(shares));
            }
        }
    }
    Ok(places)
}

/// Rows transposed, times rows, times each direction.
fn turned(rows: &Array2<f64>, directions: &[Vec<f64>], ask: &dyn Fn() -> Result<()>) -> Result<Vec<Vec<f64>>> {
    let mut turned = vec![vec![0.0; rows.ncols()]; directions.len()];
    for row in rows.rows() {
        ask()?;
        for (direction, sum) in directions.iter().zip(&mut turned) {
            let place = dot(row.iter().zip(direction));
            sum.iter_mut().zip(&row).for_each(|(sum, x)| *sum += place * x);
        }
    }
    Ok(turned)
}

/// Of length 1 and at right angles, by Gram and Schmidt, twice; what depends on those before becomes 0.
fn orthonormalise(directions: &mut [Vec<f64>]) {
    for at in 0..directions.len() {
        let (before, own) = directions.split_at_mut(at);
        let own = &mut own[0];
        let length = dot(own.iter().zip(&*own)).sqrt();
        for _ in 0..2 {
            for other in &*before {
                let share = dot(own.iter().zip(other));
                own.iter_mut().zip(other).for_each(|(it, other)| *it -= share * other);
            }
        }
        let left = dot(own.iter().zip(&*own)).sqrt();
        let factor = if left > 1e-12 * length { 1.0 / left } else { 0.0 };
        own.iter_mut().for_each(|it| *it *= factor);
    }
}

fn dot<'a>(pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> f64 {
    pairs.map(|(one, other)| one * other).sum()
}

/// Normal numbers.
pub(super) fn random(training: &Training<'_>, n_components: usize) -> Vec<f64> {
    let philox = Philox::new(training.seed);
    (0..training.rows.len() * n_components).map(|number| DEVIATION * normal(&philox, number, PLACES)).collect()
}

/// G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates" (1958), doi:10.1214/aoms/1177706645.
fn normal(philox: &Philox, number: usize, purpose: u32) -> f64 {
    let number = number as u64;
    let [a, b, c, d] = philox.block([number as u32, (number >> 32) as u32, purpose, 0]);
    let share =
        |high: u32, low: u32| ((u64::from(high) << 21 | u64::from(low) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    (-2.0 * share(a, b).ln()).sqrt() * (std::f64::consts::TAU * share(c, d)).cos()
}
