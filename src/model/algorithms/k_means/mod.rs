//! Clustering around centres.

pub(in crate::model) mod batch;
mod chance;
mod mini_batch;
mod online;
mod start;
mod step;

pub(super) use mini_batch::MiniBatchKMeans;

use crate::error::{Error, Result};
use crate::model::archive::{Archive, State};
use crate::model::arrays::{Arrays, damaged};
use crate::model::checkpoint::Checkpoint;
use crate::model::kernels::{Panels, Real, first_smallest, in_rows, table};
use crate::model::numerics::OfColumns;
use crate::model::precision::Precision;
use crate::model::random::Philox;
use crate::model::{
    About, Algorithm, Answer, Edge, Estimator, FittedStep, Graph, Inputs, Kind, Model, ParameterSpec, Parameters,
    Predictions, Training, UnfittedStep,
};
use chance::{Chance, share};
use ndarray::{Array2, ArrayD, ArrayView2, Axis};
use step::{Step, step};

const NAME: &str = "k_means";

/// Groups rows around the centres that minimise the sum of squared distances.
#[derive(Clone, Copy, Debug)]
pub(super) struct KMeans;

impl Algorithm for KMeans {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Clusterer,
            summary: "Groups rows around the centres that minimise the sum of squared distances.",
            details: &[
                "Minimises the sum of squared distances of rows to their nearest centre: each row goes to its nearest \
                 centre, each centre to the mean of its rows, until all centres together move by no more than `tol` \
                 times the mean variance of the columns. A centre without rows stays where it is. Clusters are \
                 numbered in the order of their centres (first coordinate first).",
                "S. P. Lloyd, \"Least squares quantization in PCM\" (1982), doi:10.1109/TIT.1982.1056489; first \
                 centres by D. Arthur, S. Vassilvitskii, \"k-means++: the advantages of careful seeding\" (2007), the \
                 best of a few draws each.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::integer("n_clusters", 8, (1, 10_000), "Centres to find; at most one for each row."),
            ParameterSpec::integer("n_init", 10, (1, 1_000), "Fresh starts, of which the best counts."),
            ParameterSpec::integer("max_iter", 300, (1, 100_000), "Most iterations of each start."),
            ParameterSpec::not_negative(
                "tol",
                1e-4,
                "Stop when squared moves are below this share of the mean variance.",
            ),
            Init::parameter(),
            Precision::parameter(),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Clusterer {
            n_clusters: parameters.count("n_clusters"),
            n_init: parameters.count("n_init"),
            max_iter: parameters.count("max_iter"),
            tol: parameters.number("tol"),
            init: Init::of(parameters),
            precision: Precision::of(parameters),
        }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let centres = take_centres(arrays, inputs)?;
        Ok(FittedStep::Model(model(NAME, Precision::of(parameters), &centres)?))
    }
}

/// Those of a model that was stored, one at least.
fn take_centres(arrays: &mut Arrays, inputs: &Inputs) -> Result<Array2<f64>> {
    let n_clusters = arrays.shape("centres").and_then(|shape| shape.first().copied()).unwrap_or(0);
    if n_clusters == 0 {
        return Err(damaged("there are no centres"));
    }
    arrays.take("centres", (n_clusters, inputs.n_features))
}

#[derive(Clone, Copy, Debug)]
enum Init {
    PlusPlus,
    Random,
}

impl Init {
    fn parameter() -> ParameterSpec {
        let meaning = "First centres: rows far from each other, or by chance.";
        ParameterSpec::one_of("init", &["k-means++", "random"], meaning)
    }

    fn of(parameters: &Parameters) -> Self {
        match parameters.text("init") {
            "random" => Self::Random,
            _ => Self::PlusPlus,
        }
    }

    /// First centres; `ask` is told nothing, but asked between any two of them.
    fn centres(
        self,
        training: &Training<'_>,
        n_clusters: usize,
        chance: &mut Chance,
        ask: impl Fn() -> Result<()>,
    ) -> Result<Array2<f64>> {
        match self {
            Self::PlusPlus => start::plus_plus(training, n_clusters, chance, |_| ask()),
            Self::Random => Ok(start::random(training, n_clusters, chance)),
        }
    }
}

#[derive(Debug)]
struct Clusterer {
    n_clusters: usize,
    n_init: usize,
    max_iter: usize,
    tol: f64,
    init: Init,
    precision: Precision,
}

impl Estimator for Clusterer {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        check(NAME, ("n_clusters", self.n_clusters), training)?;
        let enough = self.enough(training)?;
        let mut way = self.way(training, Chance::of(training.seed));
        let checkpoint = training.checkpoint(NAME);
        checkpoint.resume(&mut way)?;
        while way.run < self.n_init {
            let run = way.run;
            self.run(training, enough, &mut way, &checkpoint, &|found: &str, share: f64| {
                let message = format!("fitting {NAME}, run {} of {}{found}", run + 1, self.n_init);
                training.progress.report(&message, (run as f64 + share) / self.n_init as f64)
            })?;
        }
        let (_, best) = way.best.ok_or_else(|| Error::internal("k_means was to make no run"))?;
        model(NAME, self.precision, &best.select(Axis(0), &in_order(&best)))
    }
}

/// How far a fit is.
#[derive(Clone)]
struct Way {
    chance: Chance,
    /// Of the start that is under way, or comes next.
    run: usize,
    has_begun: bool,
    centres: Array2<f64>,
    iteration: usize,
    /// The last iteration moved centres by no more than is enough.
    stands: bool,
    /// Inertia and centres of the best start so far.
    best: Option<(f64, Array2<f64>)>,
    /// Of all starts.
    n_iterations: usize,
}

impl State for Way {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        let mut n_drawn = self.chance.n_drawn;
        archive.count(&mut n_drawn)?;
        // One that is read draws again what was drawn before.
        while self.chance.n_drawn < n_drawn {
            self.chance.draw();
        }
        archive.count(&mut self.run)?;
        archive.flag(&mut self.has_begun)?;
        archive.numbers(&mut self.centres)?;
        archive.count(&mut self.iteration)?;
        archive.flag(&mut self.stands)?;
        archive.optional(
            &mut self.best,
            || (0.0, self.centres.clone()),
            |(inertia, centres), archive| {
                archive.number(inertia)?;
                archive.numbers(centres)
            },
        )?;
        archive.count(&mut self.n_iterations)
    }
}

/// What random numbers of [`centres`] are for; part of their counter.
const OF_OTHERS: u32 = 13;

/// Centres in the order of their coordinates, for an algorithm that begins with them: those of one start. Each `run` has another.
///
/// # Errors
/// [`Error::InvalidArgument`] if there are fewer rows than clusters, in the words of `algorithm` and its parameter, or squared
/// distances overflow. What `ask` answers.
pub(super) fn centres(
    training: &Training<'_>,
    (algorithm, parameter, n_clusters): (&str, &str, usize),
    run: usize,
    ask: &dyn Fn() -> Result<()>,
) -> Result<Array2<f64>> {
    check(algorithm, (parameter, n_clusters), training)?;
    let (init, precision) = (Init::PlusPlus, Precision::F64);
    let clusterer = Clusterer { n_clusters, n_init: 1, max_iter: 300, tol: 1e-4, init, precision };
    let enough = clusterer.enough(training)?;
    let mut way = clusterer.way(training, Chance::at(Philox::new(training.seed), OF_OTHERS, run));
    clusterer.run(training, enough, &mut way, &Checkpoint::none(training.progress), &|_: &str, _| ask())?;
    let (_, found) = way.best.ok_or_else(|| Error::internal("a run of k_means found nothing"))?;
    Ok(found.select(Axis(0), &in_order(&found)))
}

impl Clusterer {
    fn way(&self, training: &Training<'_>, chance: Chance) -> Way {
        let centres = Array2::zeros((self.n_clusters, training.rows.n_features()));
        Way { chance, run: 0, has_begun: false, centres, iteration: 0, stands: false, best: None, n_iterations: 0 }
    }

    /// Squared moves of all centres that are none.
    fn enough(&self, training: &Training<'_>) -> Result<f64> {
        let moments = training.sum(&OfColumns)?;
        Ok(self.tol * moments.variances().sum::<f64>() / training.rows.n_features() as f64)
    }

    /// One start and its iterations, until all centres together move by no more than `enough`; or what is left of them. `ask` is
    /// told what was found last, and how much of the run is done.
    fn run(
        &self,
        training: &Training<'_>,
        enough: f64,
        way: &mut Way,
        checkpoint: &Checkpoint<'_>,
        ask: &dyn Fn(&str, f64) -> Result<()>,
    ) -> Result<()> {
        ask("", 0.0)?;
        if !way.has_begun {
            way.centres = self.init.centres(training, self.n_clusters, &mut way.chance, || ask("", 0.0))?;
            way.has_begun = true;
        }
        while way.iteration < self.max_iter && !way.stands {
            let Step { centres, inertia, moved } = step(training, &way.centres)?;
            (way.centres, way.stands) = (centres, moved <= enough);
            way.iteration += 1;
            way.n_iterations += 1;
            checkpoint.offer(way.n_iterations, way)?;
            ask(&format!(", inertia {inertia:.6e}"), way.iteration as f64 / self.max_iter as f64)?;
        }
        let Step { inertia, .. } = step(training, &way.centres)?;
        if way.best.as_ref().is_none_or(|(least, _)| inertia < *least) {
            way.best = Some((inertia, way.centres.clone()));
        }
        (way.run, way.has_begun, way.iteration, way.stands) = (way.run + 1, false, 0, false);
        Ok(())
    }
}

/// That there is a row for each cluster, and that squared distances are numbers.
fn check(algorithm: &str, (name, n_clusters): (&str, usize), training: &Training<'_>) -> Result<()> {
    let n_samples = training.rows.len();
    if n_clusters > n_samples {
        return Err(Error::invalid(format!(
            "{algorithm} parameter {name} is {n_clusters} and there are {n_samples} rows; at most one cluster for each row"
        )));
    }
    // No sum of squared distances exceeds this one.
    let squares: f64 = training.rows.values().iter().map(|value| value * value).sum();
    if (squares * 4.0 * n_samples as f64).is_finite() {
        Ok(())
    } else {
        Err(Error::overflow(
            format!("squared distances overflow in {algorithm}"),
            "scale the columns first, for example with standard_scaler",
        ))
    }
}

/// Where centres stand when they are sorted by their coordinates, because the order in which they were found is that of chance.
pub(super) fn in_order(centres: &Array2<f64>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..centres.nrows()).collect();
    order.sort_by(|one, other| {
        let pairs = centres.row(*one).into_iter().zip(centres.row(*other));
        pairs.map(|(a, b)| a.total_cmp(b)).find(|ordering| ordering.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    order
}

fn model(algorithm: &str, precision: Precision, centres: &Array2<f64>) -> Result<Box<dyn Model>> {
    precision.check(algorithm, centres)?;
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

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Answer> {
        let centres = self.centres.to_array().reversed_axes().insert_axis(Axis(0));
        let (centres, axis) = (graph.array(&centres), graph.integers(&[1]));
        let rows = graph.apply("Unsqueeze", &[features, &axis]);
        let difference = graph.apply("Sub", &[&rows, &centres]);
        let squares = graph.apply("Mul", &[&difference, &difference]);
        let squares = graph.summed(2, &squares);
        Some(Answer::Distances(graph.apply("Sqrt", &[&squares]), self.centres.n_outputs()))
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
        let order = in_order(&array![[1.0, 5.0], [0.0, 9.0], [1.0, -5.0]]);

        assert_eq!(order, [1, 2, 0]);
    }

    #[test]
    fn the_nearest_centre_is_the_first_one_of_equals() {
        for precision in [Precision::F64, Precision::F32] {
            let model = model(NAME, precision, &array![[0.0], [2.0]]).unwrap();

            let answer = model.predict(array![[1.0], [1.5], [-3.0]].view());

            let distances = array![[1.0, 1.0], [1.5, 0.5], [3.0, 5.0]];
            assert_eq!(answer, Predictions::Clusters { clusters: vec![0, 1, 0], distances });
        }
    }
}
