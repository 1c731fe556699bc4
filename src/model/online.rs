//! Learning batch by batch, for ever.
//!
//! An algorithm that can do so says how by [`Algorithm::online`](super::Algorithm::online). What it has learned is [`Online`]:
//! the weights, and whatever else the next batch needs, as arrays that are stored like those of a model.

use super::arrays::{Arrays, damaged};
use super::{ALGORITHMS, FittedTransformer, Inputs, Model, Parameters, Predictions, Training};
use crate::data::Labels;
use crate::error::{Error, Result};
use ndarray::{Array1, ArrayD};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// An algorithm that learns batch by batch.
pub trait OnlineAlgorithm: Debug + Send + Sync {
    /// What has seen no rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it does not learn batch by batch with these parameters.
    fn begin(&self, parameters: &Parameters, inputs: &Inputs, seed: u64) -> Result<Box<dyn Online>>;

    /// What has learned these arrays, as [`Online::arrays`] gave them.
    ///
    /// # Errors
    /// [`Error::Damaged`] if one is missing or of another shape; as [`OnlineAlgorithm::begin`].
    fn resume(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<Box<dyn Online>>;
}

/// What was learned so far, and goes on learning.
pub trait Online: Debug + Send + Sync {
    /// Learns from a batch, in the order of its rows, and answers its mean loss before that; `None` while there is nothing to
    /// predict it with. After an error it is of no use any more.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing finite can be learned from these rows. What `progress` answers.
    fn learn(&mut self, batch: &Training<'_>) -> Result<Option<f64>>;

    /// What predicts as it would now.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] if it has not seen enough for that, [`Error::InvalidArgument`] if nothing finite predicts.
    fn model(&self) -> Result<Box<dyn Model>>;

    /// All that the next batch needs, by name; [`OnlineAlgorithm::resume`] takes it back.
    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)>;

    /// Another one that has learned the same.
    fn copy(&self) -> Box<dyn Online>;
}

/// A transformer that learns batch by batch, in front of an estimator that does, and keeps its columns.
pub trait OnlineTransformer: Debug + Send + Sync {
    /// Learns from a batch. After an error it is of no use any more.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing finite can be learned from these rows. What `progress` answers.
    fn learn(&mut self, batch: &Training<'_>) -> Result<()>;

    /// What transforms as it would now.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] if it has seen no rows, [`Error::InvalidArgument`] if nothing finite transforms.
    fn fitted(&self) -> Result<Box<dyn FittedTransformer>>;

    /// All that the next batch needs, by name.
    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)>;

    /// Goes on from such arrays.
    ///
    /// # Errors
    /// [`Error::Damaged`] if one is missing or of another shape.
    fn restore(&mut self, arrays: &mut Arrays) -> Result<()>;

    /// Another one that has learned the same.
    fn copy(&self) -> Box<dyn OnlineTransformer>;
}

/// The names of the transformers that learn batch by batch, in front of an estimator that does.
pub fn online_transformers() -> impl Iterator<Item = &'static str> {
    let defaults = |it: &&&dyn super::Algorithm| Parameters::check(it.name(), &it.parameters(), &BTreeMap::new());
    let learns = move |it: &&&dyn super::Algorithm| {
        defaults(it).is_ok_and(|defaults| it.online_transformer(&defaults, 1).is_some())
    };
    ALGORITHMS.iter().filter(learns).map(|it| it.name())
}

/// The names of the algorithms that learn batch by batch.
pub fn online_algorithms() -> impl Iterator<Item = &'static str> {
    ALGORITHMS.iter().filter(|it| it.online().is_some()).map(|it| it.name())
}

/// Numbers of 64 bits as two whole numbers each, which a float holds without loss.
pub(super) fn halves(number: u64) -> [f64; 2] {
    [(number >> 32) as f64, f64::from(number as u32)]
}

/// The number of such halves.
///
/// # Errors
/// [`Error::Damaged`] if they are none.
pub(super) fn whole(high: f64, low: f64) -> Result<u64> {
    let half = |it: f64| {
        let whole = it as u32;
        (f64::from(whole) == it).then_some(u64::from(whole)).ok_or_else(|| damaged("a count is no whole number"))
    };
    Ok(half(high)? << 32 | half(low)?)
}

/// Some numbers of a state under one name.
pub(super) fn numbers<const N: usize>(values: [f64; N]) -> ArrayD<f64> {
    Array1::from(values.to_vec()).into_dyn()
}

/// Mean loss of what a classifier predicts for some rows, `-ln p` of the class of each, a probability of 0 being the least that a
/// float tells from 1; `None` if it does not predict yet.
pub(super) fn log_loss(model: Result<Box<dyn Model>>, batch: &Training<'_>) -> Result<Option<f64>> {
    let (classes, _) = batch.rows.targets.classes()?;
    let Ok(model) = model else { return Ok(None) };
    let Predictions::Classes { probabilities, .. } = model.predict(batch.rows.features()) else { return Ok(None) };
    let each = probabilities.rows().into_iter().zip(classes).zip(batch.rows.weights);
    let sum: f64 = each.map(|((row, class), weight)| -weight * row[*class].max(f64::EPSILON).ln()).sum();
    Ok(Some(sum / batch.rows.weights.iter().sum::<f64>()))
}

/// A classifier is not asked to predict before it has seen a row of each class: the first one of which it has seen none is named.
pub(super) fn unseen(algorithm: &str, classes: &Labels, class: usize) -> Error {
    Error::precondition(format!(
        "{algorithm} has seen no row of class {} and cannot predict before it has seen one of each class; send a batch with rows of it \
         before a version is published, or begin a learner whose classes are those that there are",
        classes.shown(class)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_of_which_no_row_was_seen_is_named_by_its_label() {
        let named = |classes: Labels| unseen("gaussian_nb", &classes, 1).to_string();

        let text = named(Labels::Text(vec!["setosa".into(), "virginica".into()]));

        assert!(text.contains("has seen no row of class \"virginica\" and cannot predict"), "{text}");
        assert!(named(Labels::Integer(vec![-1, 7])).contains("no row of class 7 and"));
        assert!(named(Labels::Boolean(vec![false, true])).contains("no row of class true and"));
    }

    #[test]
    fn a_number_of_64_bits_survives_as_floats() {
        for number in [0, 1, u64::from(u32::MAX), 1 << 32, u64::MAX - 1, u64::MAX] {
            let [high, low] = halves(number);

            assert_eq!(whole(high, low).unwrap(), number);
        }
        assert!(whole(0.5, 0.0).is_err() && whole(-1.0, 0.0).is_err() && whole(0.0, 4_294_967_296.0).is_err());
    }
}
