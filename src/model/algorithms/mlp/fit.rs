//! The fit of a network, and the model that it makes.

use super::activation::Activation;
use super::epochs::Epochs;
use super::loss::Loss;
use super::network::Network;
use super::optimizer::{Rule, Schedule};
use super::trained::{COEFFICIENTS, INTERCEPTS, TrainedNetwork, head};
use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::numerics::{Limits, minimise};
use crate::model::precision::Precision;
use crate::model::{Estimator, FittedStep, Model, Parameters, Training};
use ndarray::Array1;
use std::sync::Arc;

#[derive(Clone, Copy, Debug)]
pub(super) enum Solver {
    Lbfgs,
    Epochs(Rule),
}

/// A network with its parameters, ready to be fitted.
#[derive(Debug)]
pub(super) struct Mlp {
    algorithm: &'static str,
    parameters: Parameters,
}

impl Mlp {
    pub(super) fn new(algorithm: &'static str, parameters: &Parameters) -> Self {
        Self { algorithm, parameters: parameters.clone() }
    }

    pub(super) fn solver(&self) -> Solver {
        let given = &self.parameters;
        let number = |name| given.number(name);
        match given.text("solver") {
            "lbfgs" => Solver::Lbfgs,
            "sgd" => {
                let schedule = match given.text("learning_rate") {
                    "invscaling" => Schedule::InvScaling { power_t: number("power_t") },
                    "adaptive" => Schedule::Adaptive,
                    _ => Schedule::Constant,
                };
                let nesterov = given.flag("nesterovs_momentum");
                Solver::Epochs(Rule::Sgd { schedule, momentum: number("momentum"), nesterov })
            }
            _ => {
                let [beta_1, beta_2, epsilon] = ["beta_1", "beta_2", "epsilon"].map(number);
                Solver::Epochs(Rule::Adam { beta_1, beta_2, epsilon })
            }
        }
    }

    pub(super) fn epochs(&self, rule: Rule) -> Epochs {
        let given = &self.parameters;
        Epochs {
            rule,
            learning_rate: given.number("learning_rate_init"),
            batch_size: given.count("batch_size"),
            shuffle: given.flag("shuffle"),
            max_iter: given.count("max_iter"),
            tol: given.number("tol"),
            n_iter_no_change: given.count("n_iter_no_change"),
            validation_fraction: given.flag("early_stopping").then(|| given.number("validation_fraction")),
        }
    }

    fn lbfgs(&self, loss: &Loss, training: &Training<'_>, start: Array1<f64>) -> Result<Array1<f64>> {
        let limits = Limits { max_iter: self.parameters.count("max_iter"), tol: self.parameters.number("tol") };
        let message = format!("fitting {}", self.algorithm);
        let pause = || training.progress.report(&message, 0.0);
        let (value, gradient) = loss.evaluate(training, &start, &pause)?;
        let norm = gradient.dot(&gradient).sqrt();
        if !value.is_finite() || !norm.is_finite() {
            return Err(overflow(self.algorithm));
        }
        // The first step has the length 1.
        let curvature = Array1::from_elem(start.len(), if norm > 0.0 { norm } else { 1.0 });
        let ask = |step: usize, value: f64| {
            let share = step as f64 / limits.max_iter as f64;
            training.progress.report(&format!("fitting {}, loss {value:.6e}", self.algorithm), share)
        };
        let checkpoint = training.checkpoint(self.algorithm);
        minimise(start, &curvature, limits, &checkpoint, |at| loss.evaluate(training, at, &pause), ask)
    }
}

impl Estimator for Mlp {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let (rows, given) = (training.rows, &self.parameters);
        let classes = rows.targets.classes().ok().map(|(_, labels)| labels.clone());
        let activation = Activation::of(given.text("activation"));
        let network =
            Network::new(rows.n_features(), &given.counts("hidden_layer_sizes"), activation, head(classes.as_ref()));
        network.check(self.algorithm)?;
        let start = network.start(training.seed);
        let loss = Loss { network, alpha: given.number("alpha") };
        let weights = match self.solver() {
            Solver::Lbfgs => self.lbfgs(&loss, training, start)?,
            Solver::Epochs(rule) => self.epochs(rule).run(self.algorithm, &loss, training, start)?,
        };
        if weights.iter().any(|it| !it.is_finite()) {
            return Err(overflow(self.algorithm));
        }
        let precision = Precision::of(given);
        precision.check(self.algorithm, &weights)?;
        Ok(model(precision, &loss.network, &weights.to_vec(), classes))
    }
}

pub(super) fn model(
    precision: Precision,
    network: &Network,
    weights: &[f64],
    classes: Option<Arc<Labels>>,
) -> Box<dyn Model> {
    match precision {
        Precision::F64 => Box::new(TrainedNetwork::<f64>::new(network, weights, classes)),
        Precision::F32 => Box::new(TrainedNetwork::<f32>::new(network, weights, classes)),
    }
}

/// From its arrays.
///
/// # Errors
/// [`Error::Damaged`] if one is missing or of another shape.
pub(super) fn load(
    parameters: &Parameters,
    arrays: &mut Arrays,
    n_features: usize,
    classes: Option<Arc<Labels>>,
) -> Result<FittedStep> {
    let activation = Activation::of(parameters.text("activation"));
    let network =
        Network::new(n_features, &parameters.counts("hidden_layer_sizes"), activation, head(classes.as_ref()));
    let mut weights = vec![];
    for (name, shape) in COEFFICIENTS.into_iter().zip(network.pairs()) {
        weights.extend(arrays.take(name, shape)?);
    }
    for (name, (_, units)) in INTERCEPTS.into_iter().zip(network.pairs()) {
        weights.extend(arrays.take(name, units)?);
    }
    Ok(FittedStep::Model(model(Precision::of(parameters), &network, &weights, classes)))
}

pub(super) fn overflow(algorithm: &str) -> Error {
    Error::overflow(
        format!("{algorithm} found no finite weights because its loss overflows"),
        "scale the columns first, for example with standard_scaler, take a unit in which targets are around 1, or choose a smaller \
         learning_rate_init",
    )
}
