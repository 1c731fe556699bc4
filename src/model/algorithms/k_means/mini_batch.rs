//! Centres that learn from some rows at a time.

use super::batch::{BatchStep, step};
use super::online::OnlineCentres;
use super::step::members;
use super::{Chance, Init, check, in_order, model, share, take_centres};
use crate::error::{Error, Result};
use crate::model::archive::{Archive, State};
use crate::model::arrays::{Arrays, damaged};
use crate::model::numerics::OfColumns;
use crate::model::precision::Precision;
use crate::model::random::Philox;
use crate::model::{
    About, Algorithm, Answer, Edge, Estimator, FittedStep, Graph, Inputs, Kind, Model, OnlineAlgorithm, ParameterSpec,
    Parameters, Predictions, Progress, Rows, Targets, Training, UnfittedStep,
};
use ndarray::{Array1, Array2, ArrayD, ArrayView2, Axis};

pub(super) const NAME: &str = "mini_batch_k_means";

/// Groups rows around centres that learn from some rows at a time.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct MiniBatchKMeans;

impl Algorithm for MiniBatchKMeans {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Clusterer,
            summary: "Groups rows as k_means does, and learns from some of them at a time.",
            details: &[
                "Draws a batch of rows with replacement, each with the chance that its weight gives it; each row of the \
                 batch goes to its nearest centre, and each centre becomes the mean of all rows that it has been given \
                 so far: `c_k <- (n_k c_k + sum_i x_i) / (n_k + m_k)` for the `m_k` rows of the batch that are its own. \
                 Centres that were given fewer rows than `reassignment_ratio` times what the one of most was given move \
                 to rows of the batch, chosen by chance, now and then.",
                "It stops after `max_iter` times as many rows as there are, when the squared moves of all centres are \
                 below `tol` times the mean variance of the columns, or when the smoothed inertia of batches has not \
                 become smaller `max_no_improvement` times in a row. First centres are those of `n_init` starts, each \
                 on three batches of rows, that suit three other batches best. Steps, rules and defaults are those of \
                 scikit-learn; clusters are numbered in the order of their centres (first coordinate first).",
                "A batch of `partial_fit` is one such step; the first one holds a row for each cluster at least, begins with \
                 centres of one start on its rows, and numbers the clusters: they keep their numbers.",
                "D. Sculley, \"Web-scale k-means clustering\" (2010), doi:10.1145/1772690.1772862.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::integer("n_clusters", 8, (1, 10_000), "Centres to find; at most one for each row."),
            Init::parameter(),
            ParameterSpec::integer("max_iter", 100, (1, 100_000), "Passes at most, each as many rows as there are."),
            ParameterSpec::integer("batch_size", 1_024, (1, 1_000_000), "Rows of a batch; at most all."),
            ParameterSpec::not_negative(
                "tol",
                0.0,
                "Stop when squared moves are below this share of the mean variance; 0 is never.",
            ),
            ParameterSpec::integer(
                "max_no_improvement",
                10,
                (0, 1_000_000),
                "Stop after so many batches in a row without a smaller smoothed inertia; 0 is never.",
            ),
            ParameterSpec::integer("n_init", 1, (1, 1_000), "Starts, of which the best one is gone on with."),
            ParameterSpec::number(
                "reassignment_ratio",
                0.01,
                (0.0, 1.0),
                "Centres of less than this share of the rows of the one of most move to other rows.",
            ),
            Precision::parameter(),
        ]
    }

    fn online(&self) -> Option<&'static dyn OnlineAlgorithm> {
        Some(&OnlineCentres)
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Clusterer::of(parameters)))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let centres = take_centres(arrays, inputs)?;
        let counts = arrays.take("counts", centres.nrows())?;
        if counts.iter().any(|count| *count < 0.0) {
            return Err(damaged("a centre has been given fewer than no rows"));
        }
        let centres = model(NAME, Precision::of(parameters), &centres)?;
        Ok(FittedStep::Model(Box::new(Learned { centres, counts })))
    }
}

/// Centres, and how many rows each has been given: where learning would go on.
#[derive(Debug)]
pub(super) struct Learned {
    pub(super) centres: Box<dyn Model>,
    pub(super) counts: Array1<f64>,
}

impl Model for Learned {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        self.centres.predict(features)
    }

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Answer> {
        self.centres.trace(graph, features)
    }

    fn answer_bytes(&self) -> usize {
        self.centres.answer_bytes()
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let counts = ("counts", self.counts.clone().into_dyn());
        self.centres.arrays().into_iter().chain([counts]).collect()
    }
}

/// What a random number is for; part of its counter, beside which of it and the number of the step.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The rows of a batch.
    Batch = 8,
    /// The rows that centres move to.
    Reassign = 9,
    /// First centres.
    Start = 10,
    /// The rows that a start sees.
    Seen = 11,
    /// The rows that all starts are measured on.
    Measured = 12,
}

#[derive(Clone, Copy)]
pub(super) struct Draws(Philox);

impl Draws {
    pub(super) fn of(seed: u64) -> Self {
        Self(Philox::new(seed))
    }

    fn number(self, purpose: Purpose, at: usize, step: usize) -> u64 {
        let [high, low, ..] = self.0.block([at as u32, step as u32, purpose as u32, (step >> 32) as u32]);
        u64::from(high) << 32 | u64::from(low)
    }

    /// So many places below the last of `ends`, each with the chance of its length.
    fn places(self, (purpose, step): (Purpose, usize), ends: &[f64], count: usize) -> Vec<usize> {
        let all = ends.last().copied().unwrap_or_default();
        let place = |at: usize| {
            let far = share(self.number(purpose, at, step)) * all;
            ends.partition_point(|end| *end <= far).min(ends.len() - 1)
        };
        (0..count).map(place).collect()
    }

    /// So many different places below `bound`.
    pub(super) fn different(self, (purpose, step): (Purpose, usize), bound: usize, count: usize) -> Vec<usize> {
        let mut places: Vec<usize> = (0..bound).collect();
        places.sort_by_key(|place| self.number(purpose, *place, step));
        places.truncate(count);
        places
    }
}

#[derive(Clone, Debug)]
pub(super) struct Clusterer {
    pub(super) n_clusters: usize,
    init: Init,
    max_iter: usize,
    pub(super) batch_size: usize,
    tol: f64,
    max_no_improvement: Option<usize>,
    pub(super) n_init: usize,
    pub(super) reassignment_ratio: f64,
    pub(super) precision: Precision,
}

impl Clusterer {
    pub(super) fn of(parameters: &Parameters) -> Self {
        Self {
            n_clusters: parameters.count("n_clusters"),
            init: Init::of(parameters),
            max_iter: parameters.count("max_iter"),
            batch_size: parameters.count("batch_size"),
            tol: parameters.number("tol"),
            max_no_improvement: Some(parameters.count("max_no_improvement")).filter(|most| *most > 0),
            n_init: parameters.count("n_init"),
            reassignment_ratio: parameters.number("reassignment_ratio"),
            precision: Precision::of(parameters),
        }
    }
}

impl Estimator for Clusterer {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        check(NAME, ("n_clusters", self.n_clusters), training)?;
        let fit = Fit::new(self, training);
        let BatchStep { centres, counts, .. } = fit.run(fit.start()?)?;
        let order = in_order(&centres);
        let counts = Array1::from(counts).select(Axis(0), &order);
        let centres = model(NAME, self.precision, &centres.select(Axis(0), &order))?;
        Ok(Box::new(Learned { centres, counts }))
    }
}

/// One fit.
pub(super) struct Fit<'a> {
    settings: &'a Clusterer,
    training: &'a Training<'a>,
    draws: Draws,
    /// Where each row ends if all stand in a line, each as long as its weight.
    ends: Vec<f64>,
    batch_size: usize,
}

impl<'a> Fit<'a> {
    pub(super) fn new(settings: &'a Clusterer, training: &'a Training<'a>) -> Self {
        let sums = training.rows.weights.iter().scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        let (ends, draws) = (sums.collect(), Draws::of(training.seed));
        Self { settings, training, draws, ends, batch_size: settings.batch_size.min(training.rows.len()) }
    }

    /// First centres.
    pub(super) fn start(&self) -> Result<Array2<f64>> {
        let (settings, n_rows) = (self.settings, self.training.rows.len());
        let three = 3 * self.batch_size;
        let size = if three < settings.n_clusters { 3 * settings.n_clusters } else { three }.min(n_rows);
        let uniform: Vec<f64> = (1..=n_rows).map(|end| end as f64).collect();
        let rows_of = |purpose, start| Batch::of(self.training, &self.draws.places((purpose, start), &uniform, size));
        let measured = rows_of(Purpose::Measured, 0);
        let mut best: Option<(f64, Array2<f64>)> = None;
        for start in 0..settings.n_init {
            let message = format!("fitting {NAME}, start {} of {}", start + 1, settings.n_init);
            let ask = || self.training.progress.report(&message, 0.0);
            ask()?;
            let seen = (size < n_rows).then(|| rows_of(Purpose::Seen, start));
            let mut chance = Chance::at(self.draws.0, Purpose::Start as u32, start);
            let own = seen.as_ref().map(|seen| seen.training(self.training, self.training.progress));
            let centres =
                settings.init.centres(own.as_ref().unwrap_or(self.training), settings.n_clusters, &mut chance, ask)?;
            let inertia = members(&measured.training(self.training, self.training.progress), &centres, &ask)?.inertia;
            if best.as_ref().is_none_or(|(least, _)| inertia < *least) {
                best = Some((inertia, centres));
            }
        }
        best.map(|(_, centres)| centres).ok_or_else(|| Error::internal("mini_batch_k_means was to make no start"))
    }

    /// From first centres to the last ones.
    fn run(&self, centres: Array2<f64>) -> Result<BatchStep> {
        let (settings, n_rows) = (self.settings, self.training.rows.len());
        let moments = self.training.sum(&OfColumns)?;
        let enough = settings.tol * moments.variances().sum::<f64>() / centres.ncols() as f64;
        let n_steps = (settings.max_iter * n_rows) / self.batch_size;
        let now = BatchStep { counts: vec![0.0; centres.nrows()], centres, inertia: f64::INFINITY };
        let trend = Trend::new(self.batch_size, n_rows);
        let mut way = Way { now, trend, since_reassigned: 0, number: 0, has_ended: false };
        let checkpoint = self.training.checkpoint(NAME);
        checkpoint.resume(&mut way)?;
        let mut message = format!("fitting {NAME}");
        while way.number < n_steps && !way.has_ended {
            let number = way.number;
            if number * self.batch_size / n_rows != number.saturating_sub(1) * self.batch_size / n_rows || number == 0 {
                let (pass, smoothed) = (number * self.batch_size / n_rows + 1, way.trend.in_words());
                message = format!("fitting {NAME}, pass {pass} of at most {}{smoothed}", settings.max_iter);
            }
            let share = number as f64 / n_steps as f64;
            let progress = |_: &str, _| self.training.progress.report(&message, share);
            let places = self.draws.places((Purpose::Batch, number), &self.ends, self.batch_size);
            let batch = Batch::of(self.training, &places);
            way.since_reassigned += self.batch_size;
            let reassigns = way.now.counts.contains(&0.0) || way.since_reassigned >= 10 * settings.n_clusters;
            let mut next = step(&batch.training(self.training, &progress), &way.now.centres, &way.now.counts)?;
            if reassigns {
                way.since_reassigned = 0;
                next.reassign(batch.features.view(), settings.reassignment_ratio, |count| {
                    self.draws.different((Purpose::Reassign, number), self.batch_size, count)
                });
            }
            let moved: f64 = (&next.centres - &way.now.centres).iter().map(|by| by * by).sum();
            way.now = next;
            // The first step tells of the start.
            if number > 0 {
                way.trend.add(way.now.inertia / self.batch_size as f64);
                let stands = settings.max_no_improvement.is_some_and(|most| way.trend.since_smallest >= most);
                way.has_ended = stands || settings.tol > 0.0 && moved <= enough;
            }
            way.number += 1;
            checkpoint.offer(way.number, &mut way)?;
        }
        Ok(way.now)
    }
}

/// How far a fit is.
#[derive(Clone)]
struct Way {
    now: BatchStep,
    trend: Trend,
    /// Rows since centres were moved to others.
    since_reassigned: usize,
    /// Of the next step.
    number: usize,
    has_ended: bool,
}

impl State for Way {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        archive.numbers(&mut self.now.centres)?;
        archive.numbers(&mut self.now.counts)?;
        archive.number(&mut self.now.inertia)?;
        archive.optional(&mut self.trend.smoothed, || 0.0, |smoothed, archive| archive.number(smoothed))?;
        archive.number(&mut self.trend.smallest)?;
        let Self { trend, since_reassigned, number, .. } = self;
        [&mut trend.since_smallest, since_reassigned, number].into_iter().try_for_each(|count| archive.count(count))?;
        archive.flag(&mut self.has_ended)
    }
}

/// Some rows of a fit, each of weight 1.
struct Batch {
    features: Array2<f64>,
    weights: Vec<f64>,
}

impl Batch {
    fn of(training: &Training<'_>, rows: &[usize]) -> Self {
        Self { features: training.rows.features().select(Axis(0), rows), weights: vec![1.0; rows.len()] }
    }

    fn training<'t>(&'t self, training: &Training<'t>, progress: &'t dyn Progress) -> Training<'t> {
        Training { rows: Rows::new(&self.features, Targets::None.view(), &self.weights), progress, ..*training }
    }
}

/// The inertia of batches for each row, smoothed by an exponentially weighted mean.
#[derive(Clone)]
struct Trend {
    alpha: f64,
    smoothed: Option<f64>,
    smallest: f64,
    since_smallest: usize,
}

impl Trend {
    fn new(batch_size: usize, n_rows: usize) -> Self {
        let alpha = (2.0 * batch_size as f64 / (n_rows + 1) as f64).min(1.0);
        Self { alpha, smoothed: None, smallest: f64::INFINITY, since_smallest: 0 }
    }

    fn add(&mut self, inertia: f64) {
        let smoothed = self.smoothed.map_or(inertia, |before| before * (1.0 - self.alpha) + inertia * self.alpha);
        self.smoothed = Some(smoothed);
        self.since_smallest = if smoothed < self.smallest { 0 } else { self.since_smallest + 1 };
        self.smallest = self.smallest.min(smoothed);
    }

    fn in_words(&self) -> String {
        self.smoothed.map_or(String::new(), |smoothed| format!(", inertia of a row {smoothed:.6e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::{oracle_cases, table_features, trained};

    /// From first centres that are rows of the table, in scikit-learn's order: it draws the rows that we draw.
    #[test]
    fn each_batch_moves_centres_as_in_scikit_learn() {
        for case in oracle_cases("mini_batch_k_means") {
            let features = table_features(case["table"].as_str().unwrap());
            let given = serde_json::from_value(case["parameters"].clone()).unwrap();
            let parameters = Parameters::check(NAME, &MiniBatchKMeans.parameters(), &given).unwrap();
            let settings = Clusterer::of(&parameters);
            let start: Vec<usize> = serde_json::from_value(case["start"].clone()).unwrap();

            let found = trained(&features, &Targets::None, |training| {
                Fit::new(&settings, training).run(features.select(Axis(0), &start))
            });

            let BatchStep { centres, counts, .. } = found.unwrap();
            let expected: Vec<Vec<f64>> = serde_json::from_value(case["centres"].clone()).unwrap();
            let far = centres
                .iter()
                .zip(expected.iter().flatten())
                .map(|(one, other)| (one - other).abs() / other.abs().max(1.0));
            let far = far.fold(0.0, f64::max);
            assert!(far < 1e-9 && centres.len() == expected.concat().len(), "{}: {far}", case["parameters"]);
            let expected: Vec<f64> = serde_json::from_value(case["counts"].clone()).unwrap();
            assert_eq!(counts, expected, "{}", case["parameters"]);
        }
    }
}
