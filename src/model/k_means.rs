//! Clustering around centres.

use super::arrays::{Arrays, damaged};
use super::kernels::{Panels, Real, first_smallest, in_rows, table};
use super::precision::Precision;
use super::{
    Algorithm, Estimator, FittedStep, Inputs, Kind, Model, ParameterSpec, Parameters, Predictions, Progress, Targets,
    UnfittedStep,
};
use crate::error::{Error, Result};
use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use linfa_clustering::KMeansInit;
use ndarray::{Array2, ArrayD, ArrayView2, Axis};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{self, RngCore, SeedableRng};
use std::cell::RefCell;

/// Minimises the sum of squared distances of rows to their nearest centre, by linfa.
///
/// Lloyd's iteration: S. P. Lloyd, "Least squares quantization in PCM" (1982), doi:10.1109/TIT.1982.1056489, in linfa's variant
/// where a centre counts as one more point of its cluster, so that no cluster runs empty; it takes a few more steps. Clusters
/// are numbered in the order of their centres (first coordinate first).
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `n_clusters` | 8 | 1 to 10,000 | centres to find; at most one for each row |
/// | `n_init` | 10 | 1 to 1,000 | fresh starts, of which the best counts |
/// | `max_iter` | 300 | 1 to 100,000 | most iterations of each start |
/// | `tol` | 1e-4 | above 0 | stop when all centres together moved by less, in the unit of the columns |
/// | `init` | k-means++ | k-means++, random | first centres: far from each other, or rows by chance |
/// | `precision` | f64 | f64, f32 | numbers that distances are computed in; f32 has none above 1.8e19 but infinity |
#[derive(Clone, Copy, Debug)]
pub struct KMeans;

impl Algorithm for KMeans {
    fn name(&self) -> &'static str {
        "k_means"
    }

    fn kind(&self) -> Kind {
        Kind::Clusterer
    }

    fn summary(&self) -> &'static str {
        "Groups rows around the centres that minimise the sum of squared distances."
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::integer("n_clusters", 8, (1, 10_000), "Centres to find; at most one for each row."),
            ParameterSpec::integer("n_init", 10, (1, 1_000), "Fresh starts, of which the best counts."),
            ParameterSpec::integer("max_iter", 300, (1, 100_000), "Most iterations of each start."),
            ParameterSpec::positive("tol", 1e-4, "Stop when all centres together moved by less."),
            ParameterSpec::one_of(
                "init",
                &["k-means++", "random"],
                "First centres: rows far from each other, or by chance.",
            ),
            Precision::parameter(),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Clusterer {
            n_clusters: parameters.count("n_clusters"),
            n_init: parameters.count("n_init"),
            max_iter: parameters.count("max_iter"),
            tol: parameters.number("tol"),
            init: match parameters.text("init") {
                "random" => KMeansInit::Random,
                _ => KMeansInit::KMeansPlusPlus,
            },
            precision: Precision::of(parameters),
        }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let n_clusters = arrays.shape("centres").and_then(|shape| shape.first().copied()).unwrap_or(0);
        if n_clusters == 0 {
            return Err(damaged("there are no centres"));
        }
        let centres = arrays.take("centres", (n_clusters, inputs.n_features))?;
        Ok(FittedStep::Model(model(Precision::of(parameters), &centres)?))
    }
}

/// What an iteration came to.
struct Step {
    centres: Array2<f64>,
    /// Of the centres before it, for each row.
    inertia: f64,
}

/// Random numbers that go on from run to run: linfa works on a clone of its generator, and a plain one would start each
/// run at the same place.
#[derive(Clone, Copy)]
struct Chance<'a>(&'a RefCell<Xoshiro256Plus>);

impl RngCore for Chance<'_> {
    fn next_u32(&mut self) -> u32 {
        self.0.borrow_mut().next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.borrow_mut().next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.borrow_mut().fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), rand_core::Error> {
        self.0.borrow_mut().try_fill_bytes(bytes)
    }
}

#[derive(Debug)]
struct Clusterer {
    n_clusters: usize,
    n_init: usize,
    max_iter: usize,
    tol: f64,
    init: KMeansInit<f64>,
    precision: Precision,
}

impl Estimator for Clusterer {
    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        _targets: &Targets,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Model>> {
        self.check(features)?;
        let chance = RefCell::new(Xoshiro256Plus::seed_from_u64(seed));
        let mut best: Option<Step> = None;
        for run in 0..self.n_init {
            let last = self.run(features, Chance(&chance), &|step| {
                let share = (run as f64 + step as f64 / self.max_iter as f64) / self.n_init as f64;
                progress.report(&format!("fitting k_means, run {} of {}", run + 1, self.n_init), share)
            })?;
            if best.as_ref().is_none_or(|best| last.inertia < best.inertia) {
                best = Some(last);
            }
        }
        let best = best.ok_or_else(|| Error::internal("k_means was to make no run"))?;
        model(self.precision, &in_order(&best.centres))
    }
}

impl Clusterer {
    /// One start and its iterations, each a call of linfa's: nothing could stop all of them in one call. `ask` is told the number
    /// of each from 0. At least two are made where they may be, because linfa does not tell how far the first one moved.
    fn run(
        &self,
        features: ArrayView2<'_, f64>,
        chance: Chance<'_>,
        ask: &dyn Fn(usize) -> Result<()>,
    ) -> Result<Step> {
        ask(0)?;
        let mut last = self.step(features, self.init.clone(), chance)?;
        for number in 1..self.max_iter {
            ask(number)?;
            let next = self.step(features, KMeansInit::Precomputed(last.centres.clone()), chance)?;
            let moved = (&next.centres - &last.centres).mapv(|by| by * by).sum().sqrt();
            last = next;
            if moved < self.tol {
                break;
            }
        }
        Ok(last)
    }

    fn step(&self, features: ArrayView2<'_, f64>, from: KMeansInit<f64>, chance: Chance<'_>) -> Result<Step> {
        let parameters = linfa_clustering::KMeans::params_with_rng(self.n_clusters, chance)
            .n_runs(1)
            .max_n_iterations(1)
            .init_method(from);
        let checked = parameters.check().map_err(|error| Error::invalid(format!("k_means: {error}")))?;
        let fitted =
            checked.fit(&DatasetBase::from(features)).map_err(|error| Error::invalid(format!("k_means: {error}")))?;
        Ok(Step { centres: fitted.centroids().clone(), inertia: fitted.inertia() })
    }

    fn check(&self, features: ArrayView2<'_, f64>) -> Result<()> {
        let n_samples = features.nrows();
        if self.n_clusters > n_samples {
            return Err(Error::invalid(format!(
                "k_means parameter n_clusters is {} and there are {n_samples} rows; at most one cluster for each row",
                self.n_clusters
            )));
        }
        // No sum of squared distances exceeds this one; an infinite sum would panic in linfa's random choice.
        let squares: f64 = features.iter().map(|value| value * value).sum();
        if (squares * 4.0 * n_samples as f64).is_finite() {
            Ok(())
        } else {
            Err(Error::invalid(
                "squared distances overflow in k_means; scale the columns first, for example with standard_scaler",
            ))
        }
    }
}

/// Sorted by their coordinates, because the order of linfa's is that of its random choices.
fn in_order(centres: &Array2<f64>) -> Array2<f64> {
    let mut order: Vec<usize> = (0..centres.nrows()).collect();
    order.sort_by(|one, other| {
        let pairs = centres.row(*one).into_iter().zip(centres.row(*other));
        pairs.map(|(a, b)| a.total_cmp(b)).find(|ordering| ordering.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    centres.select(Axis(0), &order)
}

fn model(precision: Precision, centres: &Array2<f64>) -> Result<Box<dyn Model>> {
    precision.check("k_means", centres)?;
    Ok(match precision {
        Precision::F64 => Box::new(Centres::<f64>::new(centres)),
        Precision::F32 => Box::new(Centres::<f32>::new(centres)),
    })
}

#[derive(Debug)]
struct Centres<T> {
    /// A column for each centre.
    centres: Panels<T>,
}

impl<T: Real> Centres<T> {
    /// Of `(n_clusters, n_features)`.
    fn new(centres: &Array2<f64>) -> Self {
        Self { centres: Panels::new(centres.t()) }
    }
}

impl<T: Real> Model for Centres<T> {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let mut distances = self.centres.squared_distances(&in_rows(&features));
        distances.iter_mut().for_each(|square| *square = square.sqrt());
        let clusters: Vec<usize> = distances.chunks_exact(self.centres.n_outputs()).map(first_smallest).collect();
        let distances = table(distances, clusters.len(), self.centres.n_outputs());
        Predictions::Clusters { clusters, distances }
    }

    fn answer_bytes(&self) -> usize {
        size_of::<i64>() + self.centres.n_outputs() * size_of::<f64>()
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        vec![("centres", self.centres.to_array().reversed_axes().as_standard_layout().into_owned().into_dyn())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn centres_are_in_the_order_of_their_coordinates() {
        let sorted = in_order(&array![[1.0, 5.0], [0.0, 9.0], [1.0, -5.0]]);

        assert_eq!(sorted, array![[0.0, 9.0], [1.0, -5.0], [1.0, 5.0]]);
    }

    #[test]
    fn the_nearest_centre_is_the_first_one_of_equals() {
        for precision in [Precision::F64, Precision::F32] {
            let model = model(precision, &array![[0.0], [2.0]]).unwrap();

            let answer = model.predict(array![[1.0], [1.5], [-3.0]].view());

            let distances = array![[1.0, 1.0], [1.5, 0.5], [3.0, 5.0]];
            assert_eq!(answer, Predictions::Clusters { clusters: vec![0, 1, 0], distances });
        }
    }
}
