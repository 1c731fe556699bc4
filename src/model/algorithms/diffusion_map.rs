//! Places by how long it takes to walk from row to row.

use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::bounds::{RowLimit, bytes_of_pairs};
use crate::model::crew::share_out;
use crate::model::kernels::{Panels, exp_of_negative, table};
use crate::model::neighbours::Metric;
use crate::model::numerics::leading;
use crate::model::{
    About, Algorithm, FittedStep, Inputs, Kind, ParameterSpec, Parameters, Training, TrainingResult, Transduced,
    Transductive, UnfittedStep,
};
use ndarray::Array2;

const NAME: &str = "diffusion_map";

const MOST_COMPONENTS: i64 = 1_999;
/// The share of a fit that goes before the eigenvectors.
const BEFORE: f64 = 0.1;
/// Rows whose kernels a thread computes at once.
const PIECE_ROWS: usize = 16;

/// Puts rows where random walks between neighbours take them.
#[derive(Clone, Copy, Debug)]
pub(super) struct DiffusionMap;

impl Algorithm for DiffusionMap {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Transformer,
            summary: "Puts rows into a few dimensions in which distances tell how long a random walk takes from one to another.",
            details: &[
                "A walk goes from row x to row y with probability `p(x, y) = k(x, y) / d(x)`, where \
                 `k(x, y) = exp(-gamma |x - y|^2)`, of density `d(x) = sum_y k(x, y)` and divided by \
                 `(d(x) d(y))^alpha` first. Component k is `l_k^steps psi_k(x)` with the eigenvalues `l_k` and right \
                 eigenvectors `psi_k` of p, the largest first without that of 1, whose squares have the mean 1 where the walk \
                 is at rest. Of the two signs the one is taken that makes the largest number positive before psi is divided \
                 by the root of d.",
                "It places the rows that it is trained on and no others: `get_training_result` reads the embedding. The \
                 weight of a row counts as so many rows. Scale columns first that have different units.",
                "R. R. Coifman, S. Lafon, \"Diffusion maps\" (2006), doi:10.1016/j.acha.2006.04.006. At most 2,000 rows, or `training.max_diffusion_map_rows`: the \
                 matrix of all pairs is kept, and where many components are asked for or eigenvalues lie close together, all of \
                 its eigenvectors are found.",
            ],
        }
    }

    fn is_transductive(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let n_components = "Dimensions; fewer than there are rows.";
        let gamma = "How fast rows grow apart; scale: 1 / (number of columns * variance of all numbers).";
        let alpha = "How much of the density of rows is left out: 0 nothing, 1 all.";
        vec![
            ParameterSpec::integer("n_components", 2, (1, MOST_COMPONENTS), n_components),
            ParameterSpec::positive_or("gamma", &["scale"], gamma),
            ParameterSpec::integer("steps", 1, (1, 1_000_000), "Steps of a walk."),
            ParameterSpec::number("alpha", 0.0, (0.0, 1.0), alpha),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Transductive(Box::new(Diffusion {
            n_components: parameters.count("n_components"),
            gamma: parameters.number_unless_word("gamma"),
            steps: i32::try_from(parameters.count("steps")).unwrap_or(i32::MAX),
            alpha: parameters.number("alpha"),
        }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, _: &Inputs) -> Result<FittedStep> {
        TrainingResult::load(arrays).map(FittedStep::Result)
    }
}

#[derive(Debug)]
struct Diffusion {
    n_components: usize,
    gamma: Option<f64>,
    steps: i32,
    alpha: f64,
}

impl Transductive for Diffusion {
    fn fit(&self, training: &Training<'_>) -> Result<Transduced> {
        let (rows, n_rows) = (training.rows, training.rows.len());
        self.check(training)?;
        let ask = |share: f64| training.progress.report("fitting diffusion_map", share);
        let mut walk = self.kernel(training, &|share| ask(BEFORE * share))?;
        if self.alpha > 0.0 {
            let densities = densities(&walk, rows.weights);
            let shares: Vec<f64> = densities.iter().map(|density| density.powf(-self.alpha)).collect();
            walk.indexed_iter_mut().for_each(|((one, other), it)| *it *= shares[one] * shares[other]);
        }
        let densities = densities(&walk, rows.weights);
        let whole: f64 = densities.iter().zip(rows.weights).map(|(density, weight)| density * weight).sum();
        let roots: Vec<f64> =
            densities.iter().zip(rows.weights).map(|(density, weight)| (density * weight).sqrt()).collect();
        let factors: Vec<f64> = rows.weights.iter().zip(&roots).map(|(weight, root)| weight / root).collect();
        walk.indexed_iter_mut().for_each(|((one, other), it)| *it *= factors[one] * factors[other]);
        let share_of_all = |share| ask(BEFORE + (1.0 - BEFORE) * share);
        let found = leading(&walk, self.n_components + 1, training.threads, &share_of_all)?;
        let component = |row: usize, at: usize| {
            // No eigenvalue is beyond 1, but for rounding.
            let value = found.values[at + 1].clamp(-1.0, 1.0);
            value.powi(self.steps) * found.vectors[at + 1][row] / roots[row] * whole.sqrt()
        };
        let places = Array2::from_shape_fn((n_rows, self.n_components), |(row, at)| component(row, at));
        if places.iter().any(|place| !place.is_finite()) {
            return Err(Error::invalid(format!("weights of rows are too far apart for {NAME}; make them more alike")));
        }
        let metrics = (0..self.n_components).map(|at| (format!("eigenvalue_{}", at + 1), found.values[at + 1]));
        Ok(Transduced { result: TrainingResult::Embedding(places), metrics: metrics.take(MOST_METRICS).collect() })
    }
}

/// Eigenvalues that are told.
const MOST_METRICS: usize = 10;

impl Diffusion {
    fn check(&self, training: &Training<'_>) -> Result<()> {
        let (rows, n_rows) = (training.rows, training.rows.len());
        training.check_rows(NAME, RowLimit::DiffusionMap, "time grows with their cube")?;
        training.check_memory(NAME, "the walk between all rows and its eigenvectors", bytes_of_pairs(n_rows, 3))?;
        if self.n_components >= n_rows {
            return Err(Error::invalid(format!(
                "{NAME} parameter n_components is {} and there are {n_rows} rows; take fewer components than rows",
                self.n_components
            )));
        }
        match Metric::Euclidean.objection(rows.values(), rows.n_features()) {
            Some(objection) => Err(Error::invalid(format!("{objection} ({NAME})"))),
            None => Ok(()),
        }
    }

    /// `exp(-gamma |x - y|^2)` of all pairs of rows.
    fn kernel(&self, training: &Training<'_>, ask: &dyn Fn(f64) -> Result<()>) -> Result<Array2<f64>> {
        let rows = training.rows;
        let gamma = self.gamma.unwrap_or_else(|| scale(rows.values(), rows.weights, rows.n_features()));
        let panels = Panels::<f64>::new(rows.features().t());
        let pieces: Vec<&[f64]> = rows.values().chunks(PIECE_ROWS * rows.n_features()).collect();
        let report = |done: usize| ask(done as f64 / pieces.len() as f64);
        let kernels = share_out(pieces.len(), training.threads, &report, |piece, ask| {
            ask()?;
            let mut kernels = panels.squared_distances(pieces[piece]);
            kernels.iter_mut().for_each(|it| *it = exp_of_negative(-gamma * *it));
            Ok(kernels)
        })?;
        Ok(table(kernels.concat(), rows.len(), rows.len()))
    }
}

/// What makes an average distance about 1.
fn scale(values: &[f64], weights: &[f64], width: usize) -> f64 {
    let weight: f64 = weights.iter().sum::<f64>() * width as f64;
    let sum = |of: &dyn Fn(f64) -> f64| {
        let rows = values.chunks_exact(width).zip(weights);
        rows.map(|(row, weight)| weight * row.iter().map(|x| of(*x)).sum::<f64>()).sum::<f64>() / weight
    };
    let mean = sum(&|x| x);
    let variance = sum(&|x| (x - mean) * (x - mean));
    let scale = 1.0 / (width as f64 * variance);
    if scale.is_finite() { scale } else { 1.0 }
}

fn densities(walk: &Array2<f64>, weights: &[f64]) -> Vec<f64> {
    walk.rows().into_iter().map(|row| row.iter().zip(weights).map(|(it, weight)| it * weight).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::quiet;
    use crate::model::{Rows, Targets};
    use ndarray::{Axis, array};

    fn fitted(features: &Array2<f64>, weights: &[f64], diffusion: &Diffusion) -> Result<Array2<f64>> {
        let rows = Rows::new(features, Targets::None.view(), weights);
        match diffusion.fit(&Training { rows, seed: 7, threads: 1, progress: &quiet })?.result {
            TrainingResult::Embedding(places) => Ok(places),
            TrainingResult::Labels(_) => unreachable!(),
        }
    }

    fn diffusion(n_components: usize) -> Diffusion {
        Diffusion { n_components, gamma: Some(0.7), steps: 1, alpha: 0.0 }
    }

    fn rows(n_rows: usize) -> Array2<f64> {
        Array2::from_shape_fn((n_rows, 2), |(row, column)| ((row * (3 + 4 * column)) as f64).sin() + row as f64 / 9.0)
    }

    /// Rows of a regular polygon are walked as a circle: the first two components are cosine and sine, and their eigenvalue is
    /// a sum of cosines.
    #[test]
    fn a_polygon_becomes_a_circle() {
        let angle = |row: usize| row as f64 * std::f64::consts::TAU / 12.0;
        let features = Array2::from_shape_fn(
            (12, 2),
            |(row, column)| {
                if column == 0 { angle(row).cos() } else { angle(row).sin() }
            },
        );

        let places = fitted(&features, &[1.0; 12], &diffusion(2)).unwrap();

        let kernel = |row: usize| (-0.7 * (2.0 - 2.0 * angle(row).cos())).exp();
        let sum: f64 = (0..12).map(kernel).sum();
        let value = (0..12).map(|row| kernel(row) * angle(row).cos()).sum::<f64>() / sum;
        for place in places.rows() {
            let radius = place.dot(&place).sqrt();
            approx::assert_abs_diff_eq!(radius, value * 2f64.sqrt(), epsilon = 1e-12);
        }
    }

    /// Distances of places are those of the walks' probabilities, by the law of Coifman and Lafon.
    #[test]
    fn distances_with_all_components_are_those_of_walks() {
        let (features, steps) = (rows(9), 3);
        for alpha in [0.0, 0.5, 1.0] {
            let places = fitted(&features, &[1.0; 9], &Diffusion { steps, alpha, ..diffusion(8) }).unwrap();

            let square =
                |one: usize, other: usize| (&features.row(one) - &features.row(other)).mapv(|by| by * by).sum();
            let kernel = Array2::from_shape_fn((9, 9), |(one, other)| (-0.7 * square(one, other)).exp());
            let first = kernel.sum_axis(Axis(1));
            let kernel = Array2::from_shape_fn((9, 9), |at| kernel[at] / (first[at.0] * first[at.1]).powf(alpha));
            let density = kernel.sum_axis(Axis(1));
            let walk = Array2::from_shape_fn((9, 9), |at| kernel[at] / density[at.0]);
            let walks = (1..steps).fold(walk.clone(), |walks, _| walks.dot(&walk));
            let rest = &density / density.sum();
            for (one, other) in (0..9).flat_map(|one| (0..9).map(move |other| (one, other))) {
                let expected: f64 =
                    (0..9).map(|at| (walks[(one, at)] - walks[(other, at)]).powi(2) / rest[at]).sum::<f64>().sqrt();
                let found = (&places.row(one) - &places.row(other)).mapv(|by| by * by).sum().sqrt();
                approx::assert_abs_diff_eq!(found, expected, epsilon = 1e-7);
            }
        }
    }

    #[test]
    fn a_row_of_weight_two_is_that_row_twice() {
        let (features, weights) = (rows(7), [1.0, 2.0, 1.0, 3.0, 1.0, 2.0, 1.0]);
        let repeated = [0, 1, 1, 2, 3, 3, 3, 4, 5, 5, 6];
        for gamma in [Some(0.7), None] {
            let diffusion = Diffusion { gamma, alpha: 0.5, ..diffusion(2) };

            let weighted = fitted(&features, &weights, &diffusion).unwrap();

            let twice = fitted(&features.select(Axis(0), &repeated), &[1.0; 11], &diffusion).unwrap();
            let weighted = weighted.select(Axis(0), &repeated);
            for (ours, theirs) in weighted.columns().into_iter().zip(twice.columns()) {
                let sign = if (&ours * &theirs).sum() < 0.0 { -1.0 } else { 1.0 };
                assert!((&ours * sign - theirs).iter().all(|by| by.abs() < 1e-9), "{ours} and {theirs}");
            }
        }
    }

    #[test]
    fn what_cannot_be_placed_is_refused_and_what_is_all_the_same_is_placed() {
        let refused = |features: &Array2<f64>| {
            fitted(features, &vec![1.0; features.nrows()], &diffusion(2)).unwrap_err().to_string()
        };

        assert!(refused(&array![[1.0], [2.0]]).contains("n_components is 2 and there are 2 rows"));
        assert!(
            refused(&Array2::zeros((2_001, 1))).contains("at most 2000 rows, because its time grows with their cube")
        );
        assert!(refused(&array![[1e300], [0.0], [1.0]]).contains("overflow"));
        let same = fitted(&Array2::from_elem((5, 2), 0.1), &[1.0; 5], &diffusion(2)).unwrap();
        assert!(same.iter().all(|place| place.abs() < 1e-12), "{same}");
    }
}
