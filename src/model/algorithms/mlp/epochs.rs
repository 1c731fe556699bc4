//! Steps by some rows at a time, all rows in each epoch.

use super::fit::overflow;
use super::loss::{Ask, Loss};
use super::optimizer::{Optimizer, Rule};
use crate::error::{Error, Result};
use crate::model::archive::{Archive, State};
use crate::model::random::Philox;
use crate::model::{Rows, TargetView, Targets, Training};
use ndarray::{Array1, Array2};

/// Rows of a mini-batch, if nobody says.
const BATCH: usize = 200;
/// What random numbers are for; part of their counter.
const ORDER: u32 = 1;
const VALIDATION: u32 = 2;

/// How epochs go, and when they end.
#[derive(Clone, Debug)]
pub(super) struct Epochs {
    pub(super) rule: Rule,
    pub(super) learning_rate: f64,
    /// Rows of a mini-batch; 0 is 200.
    pub(super) batch_size: usize,
    /// In another order in each epoch.
    pub(super) shuffle: bool,
    /// Epochs at most.
    pub(super) max_iter: usize,
    /// By how much an epoch has to be better than the best one so far.
    pub(super) tol: f64,
    /// So many epochs in a row may not be.
    pub(super) n_iter_no_change: usize,
    /// The share of rows that are held out to judge epochs by; none: by the loss.
    pub(super) validation_fraction: Option<f64>,
}

impl Epochs {
    /// The weights that they lead to.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are too few rows to hold some out, or the loss overflows. What `progress` answers.
    pub(super) fn run(
        &self,
        algorithm: &str,
        loss: &Loss,
        training: &Training<'_>,
        weights: Array1<f64>,
    ) -> Result<Array1<f64>> {
        let all = training.rows;
        let mut ids: Vec<usize> = (all.first()..all.first() + all.len()).collect();
        let held_out = self.validation_fraction.map(|share| hold_out(algorithm, training, share)).transpose()?;
        let mut train = all;
        if let Some((kept, _)) = &held_out {
            (ids, train) = (kept.ids.clone(), kept.rows());
        }
        let seen: f64 = train.weights.iter().sum();
        let optimizer = Optimizer::new(self.rule, self.learning_rate, weights.len());
        let mut way = Way { weights, optimizer, best: Best::default(), epoch: 0, has_ended: false };
        let checkpoint = training.checkpoint(algorithm);
        checkpoint.resume(&mut way)?;
        let mut message = format!("fitting {algorithm}");
        while way.epoch < self.max_iter && !way.has_ended {
            let share = way.epoch as f64 / self.max_iter as f64;
            let ask = || training.progress.report(&message, share);
            // A sum over all rows is the same in any order.
            let shuffle = self.shuffle && self.batch_length(train.len()) < train.len();
            let order = shuffle.then(|| shuffled(training.seed, ORDER, way.epoch, &ids));
            let within = &Training { rows: train, ..*training };
            let value = self.epoch(loss, within, order.as_deref(), &mut way.optimizer, &mut way.weights, &ask)?;
            if !value.is_finite() {
                return Err(overflow(algorithm));
            }
            let value = match &held_out {
                None => value,
                // The smaller the better.
                Some((_, rows)) => -loss.score(&Training { rows: rows.rows(), ..*training }, &way.weights, &ask)?,
            };
            message = self.message(algorithm, way.epoch, value);
            way.best.judge(value, self.tol, held_out.is_some().then_some(&way.weights));
            way.epoch += 1;
            way.optimizer.end_epoch(seen * way.epoch as f64);
            if way.best.epochs_since > self.n_iter_no_change {
                way.best.epochs_since = 0;
                way.has_ended = !way.optimizer.slow_down();
            }
            checkpoint.offer(way.epoch, &mut way)?;
        }
        Ok(way.best.weights.unwrap_or(way.weights))
    }

    /// One pass over the rows of a batch, which is the `number`th one from 0; answers their mean loss, each before its step.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the loss overflows. What `progress` answers.
    pub(super) fn pass(
        &self,
        algorithm: &str,
        loss: &Loss,
        training: &Training<'_>,
        number: usize,
        optimizer: &mut Optimizer,
        weights: &mut Array1<f64>,
    ) -> Result<f64> {
        let n_rows = training.rows.len();
        let ids: Vec<usize> = (0..n_rows).collect();
        let shuffle = self.shuffle && self.batch_length(n_rows) < n_rows;
        let order = shuffle.then(|| shuffled(training.seed, ORDER, number, &ids));
        let message = format!("learning from a batch by {algorithm}");
        let ask = || training.progress.report(&message, 0.0);
        let value = self.epoch(loss, training, order.as_deref(), optimizer, weights, &ask)?;
        if value.is_finite() { Ok(value) } else { Err(overflow(algorithm)) }
    }

    fn batch_length(&self, n_rows: usize) -> usize {
        if self.batch_size == 0 { BATCH } else { self.batch_size }.min(n_rows)
    }

    fn message(&self, algorithm: &str, epoch: usize, value: f64) -> String {
        let number = epoch + 1;
        match self.validation_fraction {
            None => format!("fitting {algorithm}, epoch {number}, loss {value:.6e}"),
            Some(_) => format!("fitting {algorithm}, epoch {number}, validation score {:.6}", -value),
        }
    }

    /// One step for each mini-batch; answers their mean loss, each before its step.
    fn epoch(
        &self,
        loss: &Loss,
        training: &Training<'_>,
        order: Option<&[usize]>,
        optimizer: &mut Optimizer,
        weights: &mut Array1<f64>,
        ask: Ask<'_>,
    ) -> Result<f64> {
        let n_rows = training.rows.len();
        let length = self.batch_length(n_rows);
        let (mut sum, mut weight) = (0.0, 0.0);
        for first in (0..n_rows).step_by(length) {
            let range = first..n_rows.min(first + length);
            let drawn = order.map(|order| Part::of(training.rows, &order[range.clone()]));
            let rows = drawn.as_ref().map_or_else(|| training.rows.slice(range), Part::rows);
            let (value, gradient) = loss.evaluate(&Training { rows, ..*training }, weights, ask)?;
            let own: f64 = rows.weights.iter().sum();
            sum += own * value;
            weight += own;
            optimizer.step(weights, &gradient);
        }
        Ok(sum / weight)
    }
}

/// Where epochs have led.
#[derive(Clone)]
struct Way {
    weights: Array1<f64>,
    optimizer: Optimizer,
    best: Best,
    /// The next one.
    epoch: usize,
    has_ended: bool,
}

impl State for Way {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        let Optimizer { rate, steps, means, squares, .. } = &mut self.optimizer;
        [&mut self.weights, means, squares].into_iter().try_for_each(|numbers| archive.numbers(numbers))?;
        [rate, steps, &mut self.best.value].into_iter().try_for_each(|number| archive.number(number))?;
        archive.count(&mut self.best.epochs_since)?;
        let blank = || Array1::zeros(self.weights.len());
        archive.optional(&mut self.best.weights, blank, |weights, archive| archive.numbers(weights))?;
        archive.count(&mut self.epoch)?;
        archive.flag(&mut self.has_ended)
    }
}

/// The best epoch so far.
#[derive(Clone)]
struct Best {
    value: f64,
    epochs_since: usize,
    /// Those after it, if they are kept.
    weights: Option<Array1<f64>>,
}

impl Default for Best {
    fn default() -> Self {
        Self { value: f64::INFINITY, epochs_since: 0, weights: None }
    }
}

impl Best {
    /// Takes an epoch into account; the smaller `value`, the better.
    fn judge(&mut self, value: f64, tol: f64, weights: Option<&Array1<f64>>) {
        self.epochs_since = if value > self.value - tol { self.epochs_since + 1 } else { 0 };
        if value < self.value {
            self.value = value;
            self.weights = weights.cloned();
        }
    }
}

/// Some rows, copied.
struct Part {
    ids: Vec<usize>,
    features: Array2<f64>,
    targets: Targets,
    weights: Vec<f64>,
}

impl Part {
    fn of(rows: Rows<'_>, positions: &[usize]) -> Self {
        let (all, width) = (rows.values(), rows.n_features());
        let mut values = Vec::with_capacity(positions.len() * width);
        positions.iter().for_each(|it| values.extend_from_slice(&all[it * width..(it + 1) * width]));
        let targets = match rows.targets {
            TargetView::None | TargetView::Several { .. } => Targets::None,
            TargetView::Values(values) => Targets::Values(positions.iter().map(|it| values[*it]).collect()),
            TargetView::Classes { indices, labels } => {
                let indices = positions.iter().map(|it| indices[*it]).collect();
                Targets::Classes { indices, labels: labels.clone() }
            }
        };
        Self {
            ids: positions.iter().map(|it| rows.first() + it).collect(),
            features: Array2::from_shape_vec((positions.len(), width), values).expect("each row has the same width"),
            targets,
            weights: positions.iter().map(|it| rows.weights[*it]).collect(),
        }
    }

    fn rows(&self) -> Rows<'_> {
        Rows::new(&self.features, self.targets.view(), &self.weights)
    }
}

/// Rows to learn from, and a share of them to judge by: those that chance puts first.
fn hold_out(algorithm: &str, training: &Training<'_>, share: f64) -> Result<(Part, Part)> {
    let n_rows = training.rows.len();
    let n_held_out = (share * n_rows as f64).ceil() as usize;
    if n_held_out < 2 || n_held_out >= n_rows {
        return Err(Error::invalid(format!(
            "{algorithm} parameter validation_fraction is {share:?}, which holds out {n_held_out} of {n_rows} rows, and early \
             stopping takes 2 at least and leaves 1; send more rows, choose another fraction, or set early_stopping to false"
        )));
    }
    let ids: Vec<usize> = (training.rows.first()..).take(n_rows).collect();
    let mut positions = shuffled(training.seed, VALIDATION, 0, &ids);
    let (held_out, kept) = positions.split_at_mut(n_held_out);
    held_out.sort_unstable();
    kept.sort_unstable();
    Ok((Part::of(training.rows, kept), Part::of(training.rows, held_out)))
}

/// Positions in an order that depends on the seed, the epoch and the row at each, and not on the other rows.
fn shuffled(seed: u64, purpose: u32, epoch: usize, ids: &[usize]) -> Vec<usize> {
    let philox = Philox::new(seed);
    let number = |id: usize| {
        let [high, low, ..] = philox.block([id as u32, (id as u64 >> 32) as u32, purpose, epoch as u32]);
        u64::from(high) << 32 | u64::from(low)
    };
    let mut places: Vec<(u64, usize)> = ids.iter().enumerate().map(|(at, id)| (number(*id), at)).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_all_rows_in_an_order_of_its_own() {
        let ids: Vec<usize> = (10..1_010).collect();
        let order = |seed, epoch| shuffled(seed, ORDER, epoch, &ids);

        let mut sorted = order(7, 0);
        sorted.sort_unstable();

        assert_eq!(sorted, (0..1_000).collect::<Vec<_>>());
        assert!(order(7, 0) == order(7, 0) && order(7, 0) != order(7, 1) && order(7, 0) != order(8, 0));
    }

    #[test]
    fn two_rows_stand_in_the_same_order_whatever_other_rows_there_are() {
        let ids: Vec<usize> = (0..100).collect();
        let all = shuffled(7, ORDER, 3, &ids);

        let some = shuffled(7, ORDER, 3, &ids[50..]);

        let expected: Vec<usize> = all.into_iter().filter(|it| *it >= 50).map(|it| it - 50).collect();
        assert_eq!(some, expected);
    }
}
