//! What some algorithms make of the rows that they are trained on, and of no others.

use super::Training;
use super::arrays::{Arrays, damaged};
use crate::error::{Error, Result};
use ndarray::{Array1, Array2, ArrayD, Axis};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Range;

/// One entry for each row that a model was trained on, in the order of the rows.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainingResult {
    /// The cluster of each row, from 0; [`NOISE`] is a row in no cluster.
    Labels(Vec<i64>),
    /// Where each row is put: `(n_samples, n_components)`.
    Embedding(Array2<f64>),
}

/// The label of a row in no cluster.
pub const NOISE: i64 = -1;

const LABELS: &str = "labels";
const EMBEDDING: &str = "embedding";

impl TrainingResult {
    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Labels(labels) => labels.len(),
            Self::Embedding(embedding) => embedding.nrows(),
        }
    }

    /// Bytes of a row, in memory and on its way.
    pub fn row_bytes(&self) -> usize {
        match self {
            Self::Labels(_) => size_of::<i64>(),
            Self::Embedding(embedding) => size_of::<f64>() * embedding.ncols(),
        }
    }

    /// Some of its rows.
    ///
    /// # Panics
    /// If they are not all there.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        match self {
            Self::Labels(labels) => Self::Labels(labels[rows].to_vec()),
            Self::Embedding(embedding) => Self::Embedding(embedding.slice_axis(Axis(0), rows.into()).to_owned()),
        }
    }

    /// The rows of both, its own first; `None` if one has labels and the other an embedding, or one of another width.
    #[must_use]
    pub fn followed_by(self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Labels(labels), Self::Labels(more)) => Some(Self::Labels([labels, more].concat())),
            (Self::Embedding(mut embedding), Self::Embedding(more)) => {
                embedding.append(Axis(0), more.view()).ok()?;
                Some(Self::Embedding(embedding))
            }
            _ => None,
        }
    }

    /// SHA-256 of its values, little-endian: results that share it are the same, to the bit.
    pub fn sha256(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        match self {
            Self::Labels(labels) => labels.iter().for_each(|label| digest.update(label.to_le_bytes())),
            Self::Embedding(embedding) => embedding.iter().for_each(|value| digest.update(value.to_le_bytes())),
        }
        digest.finalize().into()
    }

    /// Of labels, how many clusters there are and the share of rows in none of them.
    pub(super) fn metrics(&self) -> BTreeMap<String, f64> {
        let Self::Labels(labels) = self else { return BTreeMap::new() };
        let n_clusters = labels.iter().max().map_or(0, |last| last + 1);
        let noise = labels.iter().filter(|label| **label == NOISE).count() as f64 / labels.len() as f64;
        BTreeMap::from([("n_clusters".into(), n_clusters as f64), ("noise".into(), noise)])
    }

    /// As a step stores it; [`TrainingResult::load`] takes it back.
    pub(super) fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        match self {
            Self::Labels(labels) => {
                // Numbers of rows are far below 2^53.
                let labels: Array1<f64> = labels.iter().map(|label| *label as f64).collect();
                vec![(LABELS, labels.into_dyn())]
            }
            Self::Embedding(embedding) => vec![(EMBEDDING, embedding.clone().into_dyn())],
        }
    }

    /// From the arrays of a step.
    ///
    /// # Errors
    /// [`Error::Damaged`] if there is no row, or a label is none.
    pub(super) fn load(arrays: &mut Arrays) -> Result<Self> {
        let shape = |name: &str| arrays.shape(name).map(<[usize]>::to_vec);
        match (shape(LABELS).as_deref(), shape(EMBEDDING).as_deref()) {
            (Some(&[n_rows]), None) if n_rows > 0 => {
                let labels = arrays.take(LABELS, n_rows)?;
                let is_label = |label: &f64| label.fract() == 0.0 && (NOISE as f64..n_rows as f64).contains(label);
                match labels.iter().find(|label| !is_label(label)) {
                    None => Ok(Self::Labels(labels.iter().map(|label| *label as i64).collect())),
                    Some(label) => Err(damaged(format!("{label} is no label of {n_rows} rows"))),
                }
            }
            (None, Some(&[n_rows, n_components])) if n_rows * n_components > 0 => {
                arrays.take(EMBEDDING, (n_rows, n_components)).map(Self::Embedding)
            }
            (labels, embedding) => Err(damaged(format!(
                "it has labels of shape {labels:?} and an embedding of shape {embedding:?}; one of them has rows"
            ))),
        }
    }
}

/// An algorithm with its parameters that can say something of the rows that it is fitted on, and of no others.
pub trait Transductive: Debug + Send + Sync {
    /// Looks at all rows together.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing finite can be learned from these rows; it says why. What `progress` answers.
    fn fit(&self, training: &Training<'_>) -> Result<Transduced>;
}

/// What came of a fit.
#[derive(Clone, Debug)]
pub struct Transduced {
    /// What is stored.
    pub result: TrainingResult,
    /// What is told of it.
    pub metrics: BTreeMap<String, f64>,
}

impl From<TrainingResult> for Transduced {
    fn from(result: TrainingResult) -> Self {
        Self { metrics: result.metrics(), result }
    }
}

/// Why a fit that wants more the more rows there are takes no more of them.
///
/// # Errors
/// [`Error::InvalidArgument`] with the limit and what to do.
pub(super) fn check_rows(algorithm: &str, n_rows: usize, most: usize, what_grows: &str, setting: &str) -> Result<()> {
    if n_rows <= most {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{algorithm} takes at most {most} rows, because its {what_grows}, got {n_rows}; fit a sample of the rows, or raise {setting}"
    )))
}

/// Why an algorithm that counts rows takes no weights.
///
/// # Errors
/// [`Error::InvalidArgument`] if not all rows count the same.
pub(super) fn check_weights(algorithm: &str, weights: &[f64]) -> Result<()> {
    match weights.iter().find(|weight| **weight != 1.0) {
        None => Ok(()),
        Some(weight) => Err(Error::invalid(format!(
            "{algorithm} counts rows and takes no weights, got {weight}; leave the weights out, or repeat rows"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn stored(result: &TrainingResult) -> Result<TrainingResult> {
        loaded(result.arrays())
    }

    fn loaded(arrays: Vec<(&'static str, ArrayD<f64>)>) -> Result<TrainingResult> {
        let mut by_name = Arrays::default();
        arrays.into_iter().for_each(|(name, values)| by_name.insert(name, values).unwrap());
        TrainingResult::load(&mut by_name)
    }

    #[test]
    fn results_survive_being_stored() {
        for result in
            [TrainingResult::Labels(vec![0, NOISE, 1]), TrainingResult::Embedding(array![[0.1, -0.0], [2.0, 3.0]])]
        {
            let back = stored(&result).unwrap();

            assert_eq!(back, result);
            assert_eq!(back.sha256(), result.sha256());
        }
    }

    #[test]
    fn what_is_no_result_is_damaged() {
        let labels = |values: Vec<f64>| (LABELS, Array1::from(values).into_dyn());
        let wrong = [
            vec![],
            vec![labels(vec![])],
            vec![labels(vec![0.5, 0.0])],
            vec![labels(vec![-2.0, 0.0])],
            vec![labels(vec![2.0, 0.0])],
            vec![labels(vec![0.0]), (EMBEDDING, array![[0.0]].into_dyn())],
            vec![(EMBEDDING, Array2::zeros((0, 2)).into_dyn())],
            vec![(EMBEDDING, array![0.0].into_dyn())],
        ];
        for arrays in wrong {
            assert!(matches!(loaded(arrays.clone()), Err(Error::Damaged { .. })), "{arrays:?}");
        }
    }

    #[test]
    fn pages_of_a_result_make_the_whole() {
        for result in
            [TrainingResult::Labels(vec![0, NOISE, 1]), TrainingResult::Embedding(array![[0.1], [2.0], [3.0]])]
        {
            let whole = result.slice(0..1).followed_by(result.slice(1..3)).unwrap();

            assert_eq!(whole, result);
            assert_ne!(result.slice(0..2).sha256(), result.slice(1..3).sha256());
        }
        assert_eq!(TrainingResult::Labels(vec![]).followed_by(TrainingResult::Embedding(array![[0.0]])), None);
    }

    #[test]
    fn clusters_are_counted_and_noise_is_a_share() {
        let metrics = TrainingResult::Labels(vec![0, NOISE, 1, 1]).metrics();

        assert_eq!(metrics, BTreeMap::from([("n_clusters".to_owned(), 2.0), ("noise".to_owned(), 0.25)]));
        assert_eq!(TrainingResult::Labels(vec![NOISE]).metrics()["n_clusters"], 0.0);
    }
}
