//! Batch by batch: each is a pass over its rows, as in scikit-learn's `partial_fit`.

use super::descent::{Rule, Scorer};
use super::{REGRESSOR, Scores, model, n_scores};
use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::online::{halves, numbers, whole};
use crate::model::{Inputs, Model, Online, OnlineAlgorithm, Parameters, Training};
use ndarray::{Array2, ArrayD};
use std::sync::Arc;

/// Linear models, by the name of the algorithm.
#[derive(Debug)]
pub(super) struct OnlineSgd {
    pub(super) name: &'static str,
}

impl OnlineSgd {
    fn fresh(&self, parameters: &Parameters, inputs: &Inputs) -> Result<Learning> {
        let name = self.name;
        let rule = Rule::of(name, name == REGRESSOR, parameters);
        rule.check()?;
        let is_balanced = parameters.values().contains_key("class_weight") && parameters.text("class_weight") != "none";
        if is_balanced {
            return Err(Error::invalid(format!(
                "{name} parameter class_weight is \"balanced\", which counts all rows before the first one is learned; leave it out, or \
                 train on all rows"
            )));
        }
        let n_scores = inputs.classes.as_ref().map_or(1, |classes| n_scores(classes.len()));
        Ok(Learning {
            rule,
            parameters: parameters.clone(),
            classes: inputs.classes.clone(),
            scorers: vec![Scorer::new(inputs.n_features); n_scores],
            batches: 0,
            rows: 0,
        })
    }
}

impl OnlineAlgorithm for OnlineSgd {
    fn begin(&self, parameters: &Parameters, inputs: &Inputs, _: u64) -> Result<Box<dyn Online>> {
        Ok(Box::new(self.fresh(parameters, inputs)?))
    }

    fn resume(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<Box<dyn Online>> {
        let mut learning = self.fresh(parameters, inputs)?;
        let n_scores = learning.scorers.len();
        let [now, means] = ["coefficients", "means"].map(|name| arrays.take(name, (n_scores, inputs.n_features + 1)));
        let (now, means) = (now?, means?);
        let way = arrays.take("way", 5)?;
        for ((scorer, now), means) in learning.scorers.iter_mut().zip(now.rows()).zip(means.rows()) {
            let split = |row: ndarray::ArrayView1<'_, f64>| {
                (row.iter().copied().take(inputs.n_features).collect(), row[inputs.n_features])
            };
            (scorer.coefficients, scorer.intercept) = split(now);
            (scorer.mean_coefficients, scorer.mean_intercept) = split(means);
            scorer.averaged = way[4];
        }
        (learning.batches, learning.rows) = (whole(way[0], way[1])?, whole(way[2], way[3])?);
        Ok(Box::new(learning))
    }
}

#[derive(Clone, Debug)]
struct Learning {
    rule: Rule,
    parameters: Parameters,
    classes: Option<Arc<Labels>>,
    scorers: Vec<Scorer>,
    batches: u64,
    rows: u64,
}

impl Online for Learning {
    /// The loss of a row of more than two classes is the sum of those of its scores.
    fn learn(&mut self, batch: &Training<'_>) -> Result<Option<f64>> {
        let (rows, first) = (batch.rows, 1.0 + self.rows as f64);
        let order = self.rule.order(batch.seed, self.batches, rows.len());
        let scores = Scores::of(rows.targets)?;
        let message = format!("learning from a batch by {}", self.rule.name);
        let ask = || batch.progress.report(&message, 0.0);
        let mut loss = 0.0;
        for (score, scorer) in self.scorers.iter_mut().enumerate() {
            loss += self.rule.learn(rows, &scores.targets(score), order.as_deref(), first, scorer, &ask)?;
        }
        self.batches += 1;
        self.rows += rows.len() as u64;
        Ok(Some(loss / rows.len() as f64))
    }

    fn model(&self) -> Result<Box<dyn Model>> {
        model(self.rule.name, &self.parameters, &self.scorers, self.classes.as_ref())
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let n_features = self.scorers.first().map_or(0, |it| it.coefficients.len());
        let shape = (self.scorers.len(), n_features + 1);
        let with_last = |of: &dyn Fn(&Scorer) -> (&[f64], f64)| {
            Array2::from_shape_fn(shape, |(score, column)| {
                let (coefficients, intercept) = of(&self.scorers[score]);
                coefficients.get(column).copied().unwrap_or(intercept)
            })
        };
        let now = with_last(&|it| (&it.coefficients, it.intercept));
        let means = with_last(&|it| (&it.mean_coefficients, it.mean_intercept));
        let [[a, b], [c, d]] = [self.batches, self.rows].map(halves);
        let averaged = self.scorers.first().map_or(0.0, |it| it.averaged);
        let way = numbers([a, b, c, d, averaged]);
        vec![("coefficients", now.into_dyn()), ("means", means.into_dyn()), ("way", way)]
    }

    fn copy(&self) -> Box<dyn Online> {
        Box::new(self.clone())
    }
}
