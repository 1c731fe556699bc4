//! Networks that learn batch by batch: each batch is an epoch, as in scikit-learn's `partial_fit`.

use super::activation::Activation;
use super::epochs::Epochs;
use super::fit::{Mlp, Solver, model, overflow};
use super::loss::Loss;
use super::network::Network;
use super::optimizer::Optimizer;
use super::trained::head;
use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::online::{halves, numbers, whole};
use crate::model::precision::Precision;
use crate::model::{Inputs, Model, Online, OnlineAlgorithm, Parameters, Training};
use ndarray::{Array1, ArrayD};
use std::sync::Arc;

/// Networks, by the name of the algorithm.
#[derive(Debug)]
pub(super) struct OnlineMlp(pub(super) &'static str);

impl OnlineMlp {
    /// One that has seen nothing, and whose weights are 0.
    fn fresh(&self, parameters: &Parameters, inputs: &Inputs) -> Result<Learning> {
        let name = self.0;
        let given = Mlp::new(name, parameters);
        let Solver::Epochs(rule) = given.solver() else {
            return Err(Error::invalid(format!(
                "{name} learns batch by batch with the solver adam or sgd and not with lbfgs, which takes all rows in each step; \
                 choose one of them, or train on all rows"
            )));
        };
        if parameters.flag("early_stopping") {
            return Err(Error::invalid(format!(
                "{name} holds out no rows of a batch; leave early_stopping out, and stop sending batches where the loss falls no \
                 further"
            )));
        }
        let epochs = given.epochs(rule);
        let activation = Activation::of(parameters.text("activation"));
        let hidden = parameters.counts("hidden_layer_sizes");
        let network = Network::new(inputs.n_features, &hidden, activation, head(inputs.classes.as_ref()));
        network.check(name)?;
        let n_weights = network.n_weights();
        Ok(Learning {
            name,
            precision: Precision::of(parameters),
            classes: inputs.classes.clone(),
            optimizer: Optimizer::new(rule, epochs.learning_rate, n_weights),
            epochs,
            loss: Loss { network, alpha: parameters.number("alpha") },
            weights: Array1::zeros(n_weights),
            batches: 0,
            rows: 0,
            best: f64::MAX,
            batches_since: 0,
        })
    }
}

impl OnlineAlgorithm for OnlineMlp {
    fn begin(&self, parameters: &Parameters, inputs: &Inputs, seed: u64) -> Result<Box<dyn Online>> {
        let mut learning = self.fresh(parameters, inputs)?;
        learning.weights = learning.loss.network.start(seed);
        Ok(Box::new(learning))
    }

    fn resume(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<Box<dyn Online>> {
        let mut learning = self.fresh(parameters, inputs)?;
        let n_weights = learning.weights.len();
        learning.weights = arrays.take("weights", n_weights)?;
        learning.optimizer.means = arrays.take("means", n_weights)?;
        learning.optimizer.squares = arrays.take("squares", n_weights)?;
        let way = arrays.take("way", 9)?;
        learning.batches = whole(way[0], way[1])?;
        learning.rows = whole(way[2], way[3])?;
        learning.batches_since = whole(way[4], way[5])?;
        learning.best = way[6];
        learning.optimizer.rate = way[7];
        learning.optimizer.steps = way[8];
        Ok(Box::new(learning))
    }
}

#[derive(Clone, Debug)]
struct Learning {
    name: &'static str,
    precision: Precision,
    classes: Option<Arc<Labels>>,
    epochs: Epochs,
    loss: Loss,
    weights: Array1<f64>,
    optimizer: Optimizer,
    batches: u64,
    rows: u64,
    /// The least loss of a batch so far, and how many in a row were no better: an adaptive learning rate depends on it.
    best: f64,
    batches_since: u64,
}

impl Online for Learning {
    fn learn(&mut self, batch: &Training<'_>) -> Result<Option<f64>> {
        let number = self.batches as usize;
        let value = self.epochs.pass(self.name, &self.loss, batch, number, &mut self.optimizer, &mut self.weights)?;
        if self.weights.iter().any(|it| !it.is_finite()) {
            return Err(overflow(self.name));
        }
        self.batches += 1;
        self.rows += batch.rows.len() as u64;
        self.batches_since = if value > self.best - self.epochs.tol { self.batches_since + 1 } else { 0 };
        self.best = self.best.min(value);
        self.optimizer.end_epoch(self.rows as f64);
        if self.batches_since > self.epochs.n_iter_no_change as u64 && self.optimizer.slow_down() {
            self.batches_since = 0;
        }
        Ok(Some(value))
    }

    fn model(&self) -> Result<Box<dyn Model>> {
        self.precision.check(self.name, &self.weights)?;
        Ok(model(self.precision, &self.loss.network, &self.weights.to_vec(), self.classes.clone()))
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let [[a, b], [c, d], [e, f]] = [self.batches, self.rows, self.batches_since].map(halves);
        let way = numbers([a, b, c, d, e, f, self.best, self.optimizer.rate, self.optimizer.steps]);
        let long = |array: &Array1<f64>| array.clone().into_dyn();
        vec![
            ("weights", long(&self.weights)),
            ("means", long(&self.optimizer.means)),
            ("squares", long(&self.optimizer.squares)),
            ("way", way),
        ]
    }

    fn copy(&self) -> Box<dyn Online> {
        Box::new(self.clone())
    }
}
