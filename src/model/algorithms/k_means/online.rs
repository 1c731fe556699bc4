//! Centres that learn batch by batch: each is a step, as in scikit-learn's `partial_fit`.

use super::batch::{BatchStep, step};
use super::mini_batch::{Clusterer, Draws, Fit, Learned, NAME, Purpose};
use super::{check, in_order, model};
use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::online::{halves, numbers, whole};
use crate::model::{Inputs, Model, Online, OnlineAlgorithm, Parameters, Training};
use ndarray::{Array1, Array2, ArrayD, Axis};

/// Centres that go on learning.
#[derive(Debug)]
pub(super) struct OnlineCentres;

impl OnlineAlgorithm for OnlineCentres {
    fn begin(&self, parameters: &Parameters, inputs: &Inputs, _: u64) -> Result<Box<dyn Online>> {
        Ok(Box::new(Growing::new(parameters, inputs.n_features)))
    }

    fn resume(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<Box<dyn Online>> {
        let mut growing = Growing::new(parameters, inputs.n_features);
        let n_centres = arrays.shape("centres").and_then(|shape| shape.first().copied()).unwrap_or(0);
        if n_centres != 0 && n_centres != growing.settings.n_clusters {
            return Err(damaged(format!("{n_centres} centres are there of {}", growing.settings.n_clusters)));
        }
        growing.centres = arrays.take("centres", (n_centres, inputs.n_features))?;
        growing.counts = arrays.take("counts", n_centres)?.to_vec();
        if growing.counts.iter().any(|count| *count < 0.0) {
            return Err(damaged("a centre has been given fewer than no rows"));
        }
        let way = arrays.take("way", 6)?;
        growing.steps = whole(way[0], way[1])?;
        growing.batch_size = whole(way[2], way[3])?;
        growing.since_reassigned = whole(way[4], way[5])?;
        Ok(Box::new(growing))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Growing {
    settings: Clusterer,
    /// `(n_clusters, n_features)`; none before the first batch.
    pub(super) centres: Array2<f64>,
    /// Rows that each has been given.
    pub(super) counts: Vec<f64>,
    steps: u64,
    /// Rows of the first batch, at most `batch_size`: as many count as seen with each batch, until centres may move again.
    batch_size: u64,
    since_reassigned: u64,
}

impl Growing {
    /// Starts are those of a fit with one of them: what is better is not asked of rows that have not come yet.
    pub(super) fn new(parameters: &Parameters, n_features: usize) -> Self {
        let mut settings = Clusterer::of(parameters);
        settings.n_init = 1;
        let centres = Array2::zeros((0, n_features));
        Self { settings, centres, counts: vec![], steps: 0, batch_size: 0, since_reassigned: 0 }
    }

    /// Begins with these centres, which have seen nothing.
    pub(super) fn start(&mut self, centres: Array2<f64>, n_rows: usize) {
        self.counts = vec![0.0; centres.nrows()];
        self.centres = centres;
        self.batch_size = self.settings.batch_size.min(n_rows) as u64;
    }
}

impl Online for Growing {
    fn learn(&mut self, batch: &Training<'_>) -> Result<Option<f64>> {
        let is_first = self.centres.is_empty();
        let n_clusters = self.settings.n_clusters;
        check(NAME, ("n_clusters", if is_first { n_clusters } else { 1 }), batch)?;
        if is_first {
            let centres = Fit::new(&self.settings, batch).start()?;
            self.start(centres.select(Axis(0), &in_order(&centres)), batch.rows.len());
        }
        self.since_reassigned += self.batch_size;
        let reassigns = self.counts.contains(&0.0) || self.since_reassigned >= 10 * n_clusters as u64;
        let mut found = step(batch, &self.centres, &self.counts)?;
        if reassigns {
            self.since_reassigned = 0;
            let (draws, number) = (Draws::of(batch.seed), self.steps as usize);
            found.reassign(batch.rows.features(), self.settings.reassignment_ratio, |count| {
                draws.different((Purpose::Reassign, number), batch.rows.len(), count)
            });
        }
        let BatchStep { centres, counts, inertia } = found;
        (self.centres, self.counts) = (centres, counts);
        self.steps += 1;
        Ok((!is_first).then(|| inertia / batch.rows.weights.iter().sum::<f64>()))
    }

    fn model(&self) -> Result<Box<dyn Model>> {
        if self.centres.is_empty() {
            return Err(Error::precondition(format!(
                "{NAME} has seen no rows and has no centres yet; send a batch first"
            )));
        }
        let centres = model(NAME, self.settings.precision, &self.centres)?;
        Ok(Box::new(Learned { centres, counts: Array1::from(self.counts.clone()) }))
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let [[a, b], [c, d], [e, f]] = [self.steps, self.batch_size, self.since_reassigned].map(halves);
        vec![
            ("centres", self.centres.clone().into_dyn()),
            ("counts", Array1::from(self.counts.clone()).into_dyn()),
            ("way", numbers([a, b, c, d, e, f])),
        ]
    }

    fn copy(&self) -> Box<dyn Online> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::{oracle, table_features, trained};
    use crate::model::{Algorithm, Targets};

    /// From first centres that are rows of the table; it draws the rows that we draw where centres move.
    #[test]
    fn each_batch_moves_centres_as_in_scikit_learn() {
        for case in oracle("mini_batch_k_means", "partial_fit").as_array().unwrap() {
            let features = table_features(case["table"].as_str().unwrap());
            let given = serde_json::from_value(case["parameters"].clone()).unwrap();
            let parameters = Parameters::check(NAME, &super::super::MiniBatchKMeans.parameters(), &given).unwrap();
            let start: Vec<usize> = serde_json::from_value(case["start"].clone()).unwrap();
            let length = case["length"].as_u64().unwrap() as usize;
            let mut growing = Growing::new(&parameters, features.ncols());

            growing.start(features.select(Axis(0), &start), length);
            for first in (0..features.nrows()).step_by(length) {
                let rows: Vec<usize> = (first..features.nrows().min(first + length)).collect();
                let batch = features.select(Axis(0), &rows);
                trained(&batch, &Targets::None, |training| growing.learn(training)).unwrap();
            }

            let centres: Vec<f64> = serde_json::from_value(case["centres"].clone()).unwrap();
            let counts: Vec<f64> = serde_json::from_value(case["counts"].clone()).unwrap();
            let far =
                growing.centres.iter().zip(&centres).map(|(one, other)| (one - other).abs() / other.abs().max(1.0));
            let far = far.fold(0.0, f64::max);
            assert!(far < 1e-9 && growing.centres.len() == centres.len(), "{}: {far}", case["parameters"]);
            assert_eq!(growing.counts, counts, "{}", case["parameters"]);
        }
    }

    #[test]
    fn fewer_rows_than_clusters_are_too_few_to_begin_with_and_enough_to_go_on() {
        let parameters = Parameters::check(NAME, &super::super::MiniBatchKMeans.parameters(), &Default::default());
        let mut growing = Growing::new(&parameters.unwrap(), 1);
        let rows = |n: usize| Array2::from_shape_fn((n, 1), |(row, _)| row as f64);
        let mut learn = |n: usize| trained(&rows(n), &Targets::None, |training| growing.learn(training));

        let few = learn(3).unwrap_err().to_string();
        let losses = [learn(20).unwrap(), learn(1).unwrap()];

        assert!(few.contains("n_clusters is 8 and there are 3 rows"), "{few}");
        assert!(losses[0].is_none() && losses[1].is_some_and(|it| it < 4.0), "{losses:?}");
    }
}
