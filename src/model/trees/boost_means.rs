//! Small trees for numbers, each grown on a sample in which rows that those before it missed are frequent.

use super::bins::Column;
use super::boosting::{Boosted, Boosting, floored};
use super::chance::{Chance, Weights};
use super::forest::{check_memory, check_size};
use super::grow::grow;
use super::median::Median;
use super::objective::Means;
use crate::error::Result;
use crate::model::{Estimator, Model, Parameters, Training};

/// How much a miss matters, as a share of the largest one.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Linear,
    Square,
    Exponential,
}

impl Loss {
    fn of(self, share: f64) -> f64 {
        match self {
            Self::Linear => share,
            Self::Square => share * share,
            Self::Exponential => -(-share).exp_m1(),
        }
    }
}

/// AdaBoost.R2.
#[derive(Debug)]
pub(in crate::model) struct BoostMeans {
    boosting: Boosting,
    loss: Loss,
}

impl BoostMeans {
    pub(in crate::model) fn new(algorithm: &'static str, parameters: &Parameters) -> Self {
        let loss = match parameters.text("loss") {
            "square" => Loss::Square,
            "exponential" => Loss::Exponential,
            _ => Loss::Linear,
        };
        Self { boosting: Boosting::of(algorithm, parameters), loss }
    }
}

impl Estimator for BoostMeans {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let (Self { boosting, loss }, Training { rows, seed, .. }) = (self, *training);
        check_size(boosting.algorithm, rows.len())?;
        let targets = rows.targets.values()?;
        let columns = Column::all_of(training, &|_| boosting.begins(training))?;
        let objective = Means { values: targets };
        let mut so_far = Boosted::begin(rows.weights);
        let checkpoint = training.checkpoint(boosting.algorithm);
        checkpoint.resume(&mut so_far)?;
        while so_far.trees.len() < boosting.n_trees {
            let (number, weights) = (so_far.trees.len(), &mut so_far.weights);
            let ask = || boosting.grows(training, number);
            ask()?;
            let all = floored(weights);
            weights.iter_mut().for_each(|weight| *weight /= all);
            let chance = Chance::of(seed, number);
            let drawn = chance.bootstrap(&Weights::of(weights), &ask)?;
            let tree = grow(&columns, &objective, &drawn, &boosting.limits, chance, &ask)?;
            let mut misses = vec![0.0; rows.len()];
            tree.add_answers(rows.values(), rows.n_features(), 1.0, &mut misses);
            // Halves, because a difference could overflow.
            misses.iter_mut().zip(targets).for_each(|(answer, target)| *answer = (*answer / 2.0 - target / 2.0).abs());
            let largest = misses.iter().copied().fold(0.0, f64::max);
            if largest > 0.0 {
                misses.iter_mut().for_each(|miss| *miss = loss.of(*miss / largest));
            }
            let error: f64 = misses.iter().zip(&*weights).map(|(miss, weight)| miss * weight).sum();
            if error <= 0.0 || error >= 0.5 {
                if error <= 0.0 || so_far.trees.is_empty() {
                    so_far.push(tree, 1.0);
                }
                break;
            }
            let beta = error / (1.0 - error);
            let voice = boosting.checked("an answer", boosting.learning_rate * beta.recip().ln())?;
            let both = weights.iter_mut().zip(&misses);
            both.for_each(|(weight, miss)| *weight *= beta.powf((1.0 - miss) * boosting.learning_rate));
            so_far.push(tree, voice);
            check_memory(boosting.algorithm, training, so_far.trees.iter())?;
            checkpoint.offer(so_far.trees.len(), &mut so_far)?;
        }
        Ok(Box::new(Median::new(so_far.trees, so_far.voices)))
    }
}
