//! Naive Bayes for counts, and for what is there or not.

use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::kernels::{extremes, in_rows, table};
use crate::model::linear_scores::LinearScores;
use crate::model::online::{log_loss, unseen};
use crate::model::summation::Summation;
use crate::model::{
    About, Algorithm, Answer, Edge, Estimator, FittedStep, Graph, Inputs, Kind, Model, Online, OnlineAlgorithm,
    ParameterSpec, Parameters, Predictions, Rows, Training, UnfittedStep,
};
use ndarray::{Array1, Array2, ArrayD, ArrayView2, Axis};
use std::sync::Arc;

/// Naive Bayes for counts, such as those of words.
#[derive(Clone, Copy, Debug)]
pub(super) struct MultinomialNb;

/// Naive Bayes for what is there or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct BernoulliNb;

impl Algorithm for MultinomialNb {
    fn about(&self) -> &'static About {
        &About {
            name: "multinomial_nb",
            kind: Kind::Classifier,
            summary: "Naive Bayes for counts, such as those of words.",
            details: &[
                "Takes columns as numbers of events of as many kinds: `P(k | x)` is proportional to `P(k) prod_j \
                 p_kj^x_j`, where `p_kj = (N_kj + alpha) / (N_k + alpha n_features)` of the `N_kj` events of kind `j` \
                 in class `k`.",
                "Source: C. D. Manning, P. Raghavan, H. Schütze, \"Introduction to information retrieval\" (2008), \
                 section 13.2.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        parameters().into()
    }

    fn online(&self) -> Option<&'static dyn OnlineAlgorithm> {
        Some(&MultinomialNb)
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        unfitted(Events::Counted, parameters)
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        load(Events::Counted, arrays, inputs)
    }
}

impl Algorithm for BernoulliNb {
    fn about(&self) -> &'static About {
        &About {
            name: "bernoulli_nb",
            kind: Kind::Classifier,
            summary: "Naive Bayes for what is there or not.",
            details: &[
                "Takes columns as events that happen or do not: `P(k | x)` is proportional to `P(k) prod_j p_kj^b_j (1 \
                 - p_kj)^(1 - b_j)`, where `b_j` is 1 if `x_j > binarize`, else 0, and `p_kj = (N_kj + alpha) / (N_k + \
                 2 alpha)` of the `N_k` rows of class `k`, in `N_kj` of which event `j` happens.",
                "Source: C. D. Manning, P. Raghavan, H. Schütze, \"Introduction to information retrieval\" (2008), \
                 section 13.3.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let binarize =
            ParameterSpec::number("binarize", 0.0, (f64::MIN, f64::MAX), "An event happens above this value.");
        parameters().into_iter().chain([binarize]).collect()
    }

    fn online(&self) -> Option<&'static dyn OnlineAlgorithm> {
        Some(&BernoulliNb)
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        unfitted(Events::Above(parameters.number("binarize")), parameters)
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        load(Events::Above(parameters.number("binarize")), arrays, inputs)
    }
}

/// Those that both have.
fn parameters() -> [ParameterSpec; 2] {
    [
        ParameterSpec::positive("alpha", 1.0, "Events that are added to those of each kind (Laplace: 1)."),
        ParameterSpec::flag("fit_prior", true, "Learn how frequent classes are; otherwise they are taken as equal."),
    ]
}

fn unfitted(events: Events, parameters: &Parameters) -> UnfittedStep {
    UnfittedStep::Estimator(Box::new(discrete(events, parameters)))
}

fn discrete(events: Events, parameters: &Parameters) -> Discrete {
    let (alpha, fit_prior) = (parameters.number("alpha"), parameters.flag("fit_prior"));
    Discrete { events, alpha, fit_prior }
}

fn load(events: Events, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
    let classes = inputs.classes()?.clone();
    let coefficients = arrays.take("coefficients", (inputs.n_features, classes.len()))?;
    let intercepts = arrays.take("intercepts", classes.len())?;
    Ok(FittedStep::Model(events.model(&coefficients, &intercepts, &classes)))
}

/// What a number says.
#[derive(Clone, Copy, Debug)]
enum Events {
    /// How often something happened.
    Counted,
    /// That it happened, if it is above.
    Above(f64),
}

impl Events {
    fn of(self, value: f64) -> f64 {
        match self {
            Self::Counted => value,
            Self::Above(threshold) => f64::from(u8::from(value > threshold)),
        }
    }

    fn model(self, coefficients: &Array2<f64>, intercepts: &Array1<f64>, classes: &Arc<Labels>) -> Box<dyn Model> {
        let scores = LinearScores::<f64>::new(coefficients, intercepts, classes);
        match self {
            Self::Counted => Box::new(scores),
            Self::Above(threshold) => Box::new(Thresholded { threshold, scores }),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Discrete {
    events: Events,
    alpha: f64,
    fit_prior: bool,
}

/// Events by class and kind, and the weight of each class.
#[derive(Clone, Debug)]
struct Counts {
    /// `(n_classes, n_features)`
    events: Array2<f64>,
    weights: Array1<f64>,
}

struct ByClass {
    n_classes: usize,
    events: Events,
}

impl Summation for ByClass {
    type Partial = Counts;

    fn partial(&self, shard: Rows<'_>) -> Counts {
        let width = shard.n_features();
        let mut events = vec![0.0; self.n_classes * width];
        let mut weights = Array1::zeros(self.n_classes);
        if let Ok((classes, _)) = shard.targets.classes() {
            for ((row, class), weight) in shard.iter().zip(classes).zip(shard.weights) {
                weights[*class] += weight;
                let counts = &mut events[class * width..(class + 1) * width];
                counts.iter_mut().zip(row).for_each(|(count, value)| *count += weight * self.events.of(*value));
            }
        }
        Counts { events: table(events, self.n_classes, width), weights }
    }

    fn merge(&self, left: Counts, right: Counts) -> Counts {
        Counts { events: left.events + right.events, weights: left.weights + right.weights }
    }
}

impl Estimator for Discrete {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let (_, classes) = training.rows.targets.classes()?;
        self.model(self.count(training, classes.len())?, classes)
    }
}

impl Discrete {
    fn count(&self, training: &Training<'_>, n_classes: usize) -> Result<Counts> {
        if matches!(self.events, Events::Counted) {
            check_counts(training.rows.features())?;
        }
        training.sum(&ByClass { n_classes, events: self.events })
    }

    /// What predicts by these counts.
    fn model(&self, Counts { events, weights }: Counts, classes: &Arc<Labels>) -> Result<Box<dyn Model>> {
        if events.iter().any(|count| !count.is_finite()) {
            return Err(Error::overflow("counts of a class overflow in multinomial_nb", "scale the columns first"));
        }
        let prior = if self.fit_prior {
            &weights / weights.sum()
        } else {
            Array1::from_elem(weights.len(), 1.0 / weights.len() as f64)
        };
        let smoothed = &events + self.alpha;
        let (coefficients, offsets) = match self.events {
            Events::Counted => {
                let totals = smoothed.sum_axis(Axis(1)).insert_axis(Axis(1));
                ((smoothed / totals).ln(), Array1::zeros(weights.len()))
            }
            Events::Above(_) => {
                // Counted, and not what is left of the share: beside large weights that would be nothing.
                let others = (weights.view().insert_axis(Axis(1)).to_owned() - events).mapv(|count| count.max(0.0));
                let totals = (&weights + 2.0 * self.alpha).insert_axis(Axis(1));
                let not = ((others + self.alpha) / &totals).ln();
                ((smoothed / totals).ln() - &not, not.sum_axis(Axis(1)))
            }
        };
        let coefficients = coefficients.t().as_standard_layout().into_owned();
        Ok(self.events.model(&coefficients, &(prior.ln() + offsets), classes))
    }
}

impl OnlineAlgorithm for MultinomialNb {
    fn begin(&self, parameters: &Parameters, inputs: &Inputs, _: u64) -> Result<Box<dyn Online>> {
        Ok(Box::new(Growing::new(discrete(Events::Counted, parameters), inputs)?))
    }

    fn resume(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<Box<dyn Online>> {
        Growing::new(discrete(Events::Counted, parameters), inputs)?.resumed(arrays)
    }
}

impl OnlineAlgorithm for BernoulliNb {
    fn begin(&self, parameters: &Parameters, inputs: &Inputs, _: u64) -> Result<Box<dyn Online>> {
        Ok(Box::new(Growing::new(discrete(Events::Above(parameters.number("binarize")), parameters), inputs)?))
    }

    fn resume(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<Box<dyn Online>> {
        Growing::new(discrete(Events::Above(parameters.number("binarize")), parameters), inputs)?.resumed(arrays)
    }
}

/// Counts of all batches so far.
#[derive(Clone, Debug)]
struct Growing {
    discrete: Discrete,
    counts: Counts,
    classes: Arc<Labels>,
}

impl Growing {
    fn new(discrete: Discrete, inputs: &Inputs) -> Result<Self> {
        let classes = inputs.classes()?.clone();
        let events = Array2::zeros((classes.len(), inputs.n_features));
        Ok(Self { discrete, counts: Counts { events, weights: Array1::zeros(classes.len()) }, classes })
    }

    fn resumed(mut self, arrays: &mut Arrays) -> Result<Box<dyn Online>> {
        let shape = self.counts.events.dim();
        let counts = Counts { events: arrays.take("events", shape)?, weights: arrays.take("weights", shape.0)? };
        if counts.events.iter().chain(&counts.weights).any(|it| *it < 0.0) {
            return Err(damaged("a count is below 0"));
        }
        self.counts = counts;
        Ok(Box::new(self))
    }
}

impl Online for Growing {
    fn learn(&mut self, batch: &Training<'_>) -> Result<Option<f64>> {
        let Counts { events, weights } = self.discrete.count(batch, self.classes.len())?;
        let loss = log_loss(self.model(), batch)?;
        self.counts.events += &events;
        self.counts.weights += &weights;
        Ok(loss)
    }

    fn model(&self) -> Result<Box<dyn Model>> {
        let name = match self.discrete.events {
            Events::Counted => "multinomial_nb",
            Events::Above(_) => "bernoulli_nb",
        };
        match self.counts.weights.iter().position(|it| *it == 0.0) {
            Some(class) => Err(unseen(name, &self.classes, class)),
            None => self.discrete.model(self.counts.clone(), &self.classes),
        }
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        vec![("events", self.counts.events.clone().into_dyn()), ("weights", self.counts.weights.clone().into_dyn())]
    }

    fn copy(&self) -> Box<dyn Online> {
        Box::new(self.clone())
    }
}

/// # Errors
/// [`Error::InvalidArgument`] that names the first number which is negative.
fn check_counts(features: ArrayView2<'_, f64>) -> Result<()> {
    if extremes(&in_rows(&features)).0 >= 0.0 {
        return Ok(());
    }
    match features.indexed_iter().find(|(_, value)| **value < 0.0) {
        None => Ok(()),
        Some(((row, column), value)) => Err(Error::column(
            column,
            format!(
                "row {row} is {value} and multinomial_nb takes counts, 0 or greater; use gaussian_nb, or bernoulli_nb"
            ),
        )),
    }
}

#[derive(Debug)]
struct Thresholded {
    threshold: f64,
    scores: LinearScores<f64>,
}

impl Model for Thresholded {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let happened: Vec<f64> =
            in_rows(&features).iter().map(|value| Events::Above(self.threshold).of(*value)).collect();
        match ArrayView2::from_shape(features.dim(), &happened) {
            Ok(happened) => self.scores.predict(happened),
            Err(_) => unreachable!("as many events as numbers"),
        }
    }

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Answer> {
        let threshold = graph.number(self.threshold);
        let above = graph.apply("Greater", &[features, &threshold]);
        let happened = graph.numbers(&above);
        self.scores.trace(graph, &happened)
    }

    fn answer_bytes(&self) -> usize {
        self.scores.answer_bytes()
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        self.scores.arrays()
    }
}
