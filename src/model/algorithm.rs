//! What an algorithm is to everybody else.
//!
//! A new algorithm is one file that implements [`Algorithm`] and one line in [`ALGORITHMS`].

use super::arrays::{Arrays, damaged};
use super::{
    ALGORITHMS, Answer, Bounds, Edge, Explanation, Graph, OnlineAlgorithm, OnlineTransformer, Outputs, ParameterSpec,
    Parameters, Predictions, Progress, Rows, TrainingResult, Transductive,
};
use crate::data::Labels;
use crate::error::{Error, Result, quotable};
use ndarray::{Array2, ArrayD, ArrayView2};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::sync::Arc;

/// What an algorithm learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Other columns.
    Transformer,
    /// A number.
    Regressor,
    /// One of several classes.
    Classifier,
    /// Groups of rows, without a target.
    Clusterer,
    /// How unlike the others a row is, without a target.
    #[serde(rename = "outlier_detector")]
    OutlierDetector,
    /// What the scores of the classifier before it mean.
    Calibrator,
}

impl Kind {
    /// Whether it learns without a target.
    pub fn is_unsupervised(self) -> bool {
        matches!(self, Self::Transformer | Self::Clusterer | Self::OutlierDetector)
    }

    /// The word for it in messages and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transformer => "transformer",
            Self::Regressor => "regressor",
            Self::Classifier => "classifier",
            Self::Clusterer => "clusterer",
            Self::OutlierDetector => "outlier_detector",
            Self::Calibrator => "calibrator",
        }
    }
}

/// What people should know of an algorithm.
#[derive(Debug)]
pub struct About {
    /// As steps name it: lower case with underscores.
    pub name: &'static str,
    /// What it learns.
    pub kind: Kind,
    /// One sentence.
    pub summary: &'static str,
    /// Formula, choices and source: paragraphs in Markdown.
    pub details: &'static [&'static str],
}

/// An algorithm: how it is described, set up and loaded.
pub trait Algorithm: Debug + Send + Sync {
    /// What people should know of it.
    fn about(&self) -> &'static About;

    /// As steps name it.
    fn name(&self) -> &'static str {
        self.about().name
    }

    /// What it learns.
    fn kind(&self) -> Kind {
        self.about().kind
    }

    /// Whether it learns from one column alone. A specification that gives it more is refused.
    fn takes_one_column(&self) -> bool {
        false
    }

    /// Whether its models know how likely a row is ([`Model::log_densities`]), so that rows can be held out without a target.
    fn has_density(&self) -> bool {
        false
    }

    /// Whether it says something of the rows that it is trained on and of no others. It is the last step of a specification.
    fn is_transductive(&self) -> bool {
        false
    }

    /// Whether it learns several targets at once, and then answers them as columns. A specification that gives another one several is
    /// refused.
    fn takes_several_targets(&self) -> bool {
        false
    }

    /// Why it learns the same whatever the weights of rows are, for one that does. A specification that names a column of weights is
    /// refused with it.
    fn refuses_weights(&self) -> Option<&'static str> {
        None
    }

    /// How it learns batch by batch; `None` if it learns from all rows at once only.
    fn online(&self) -> Option<&'static dyn OnlineAlgorithm> {
        None
    }

    /// What learns batch by batch as this transformer does, of so many columns, in front of an estimator that does so; `None` if it
    /// learns from all rows at once only.
    fn online_transformer(&self, _: &Parameters, _n_features: usize) -> Option<Box<dyn OnlineTransformer>> {
        None
    }

    /// Its hyper-parameters, in the order in which people should meet them.
    fn parameters(&self) -> Vec<ParameterSpec>;

    /// Sets it up with parameters that were checked against [`Algorithm::parameters`].
    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep;

    /// Builds the fitted step from the arrays that it saved.
    ///
    /// # Errors
    /// [`Error::Damaged`] if an array is missing, of another shape or not finite.
    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep>;
}

/// A step before it has seen rows.
#[derive(Debug)]
pub enum UnfittedStep {
    /// It will make other columns.
    Transformer(Box<dyn Transformer>),
    /// It will predict.
    Estimator(Box<dyn Estimator>),
    /// It will say what the scores of the classifier before it mean.
    Calibrator(Box<dyn Calibrator>),
    /// It will say something of the rows that it learns from.
    Transductive(Box<dyn Transductive>),
}

/// A step that has learned.
#[derive(Debug)]
pub enum FittedStep {
    /// It makes other columns.
    Transformer(Box<dyn FittedTransformer>),
    /// It predicts.
    Model(Box<dyn Model>),
    /// It says what the scores of the classifier before it mean.
    Calibration(Box<dyn Calibration>),
    /// It has said all that it can.
    Result(TrainingResult),
}

/// What a fitted step works on; known before its arrays are read.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The width of the rows that it takes.
    pub n_features: usize,
    /// How many numbers a regressor answers to a row; else 1.
    pub n_targets: usize,
    /// What a classifier answers.
    pub classes: Option<Arc<Labels>>,
}

impl Inputs {
    /// What a classifier answers.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the model has no classes.
    pub fn classes(&self) -> Result<&Arc<Labels>> {
        self.classes.as_ref().ok_or_else(|| damaged("a classifier has no classes"))
    }
}

/// What a fit is given.
#[derive(Clone, Copy)]
pub struct Training<'a> {
    /// What it learns from: at least one row and one column, and the targets of its kind.
    pub rows: Rows<'a>,
    /// Of everything random. The same rows and seed give the same bits.
    pub seed: u64,
    /// Threads for sums over rows, at most. What is learned does not depend on it.
    pub threads: usize,
    /// Asked now and then by a fit that takes long.
    pub progress: &'a dyn Progress,
}

/// A transformer with its parameters, ready to be fitted.
pub trait Transformer: Debug + Send + Sync {
    /// What it will put out of so many columns; `None` if only the rows tell.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it suits no rows of so many columns; it says why.
    fn outputs(&self, _n_features: usize) -> Result<Option<Outputs>> {
        Ok(Some(Outputs::Kept))
    }

    /// Learns from rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing finite can be learned from these rows. What `progress` answers.
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn FittedTransformer>>;
}

/// A regressor, classifier or clusterer with its parameters, ready to be fitted.
pub trait Estimator: Debug + Send + Sync {
    /// Whether it learns from so many rows, as far as that is known before it sees them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] with the limit of `bounds` and what to do.
    fn check_rows(&self, n_rows: usize, bounds: &Bounds) -> Result<()> {
        let _ = (n_rows, bounds);
        Ok(())
    }

    /// Learns from rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing finite can be learned from these rows; it says why. What `progress` answers.
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>>;
}

/// A fitted transformer.
pub trait FittedTransformer: Debug + Send + Sync {
    /// What it puts out.
    fn outputs(&self) -> Outputs {
        Outputs::Kept
    }

    /// Transforms each row on its own: the bits do not depend on the rows around it. `features` has the width that it was
    /// fitted on, the answer that of [`FittedTransformer::outputs`]; no rows stay none.
    fn transform(&self, features: Array2<f64>) -> Array2<f64>;

    /// Writes what [`FittedTransformer::transform`] computes as operators of ONNX; `None` if they cannot say it.
    fn trace(&self, _graph: &mut Graph, _features: &Edge) -> Option<Edge> {
        None
    }

    /// How well it does on the rows that it was fitted on, by name; what is not finite is left out.
    fn metrics(&self) -> Vec<(&'static str, f64)> {
        vec![]
    }

    /// What it learned, by name; [`Algorithm::load`] takes it back.
    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)>;
}

/// A calibrator with its parameters, ready to be fitted.
pub trait Calibrator: Debug + Send + Sync {
    /// Fits the classifier before it on all rows, and learns what its scores mean from those of rows that it has not seen.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing finite can be learned from these rows; it says why. What `progress` answers.
    fn fit(&self, base: &dyn Estimator, training: &Training<'_>) -> Result<Calibrated>;
}

/// A classifier, and what its scores mean.
#[derive(Debug)]
pub struct Calibrated {
    /// Of all rows.
    pub model: Box<dyn Model>,
    /// Of its scores.
    pub calibration: Box<dyn Calibration>,
}

/// A fitted calibrator.
pub trait Calibration: Debug + Send + Sync {
    /// What a classifier answers with probabilities that are calibrated, each row on its own.
    fn predict(&self, base: &dyn Model, features: ArrayView2<'_, f64>) -> Predictions;

    /// What it learned, by name; [`Algorithm::load`] takes it back.
    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)>;
}

/// A fitted estimator.
pub trait Model: Debug + Send + Sync {
    /// Answers each row on its own: the bits do not depend on the rows around it. `features` has the width that it was
    /// fitted on; no rows give no predictions.
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions;

    /// What each column adds to the answers, if that can be said exactly. `ask` is asked between rows.
    ///
    /// # Errors
    /// What `ask` answers.
    fn explain(&self, features: ArrayView2<'_, f64>, ask: &dyn Fn() -> Result<()>) -> Result<Option<Explanation>> {
        let _ = (features, ask);
        Ok(None)
    }

    /// Writes what [`Model::predict`] computes as operators of ONNX; `None` if they cannot say it.
    fn trace(&self, _graph: &mut Graph, _features: &Edge) -> Option<Answer> {
        None
    }

    /// What a classifier decides by, `(n_samples, n_classes)`, if that tells more than its probabilities: the larger, the more it
    /// is that class.
    fn decisions(&self, _features: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
        None
    }

    /// The logarithm of the density of each row, of a model that has one.
    fn log_densities(&self, _features: ArrayView2<'_, f64>) -> Option<Vec<f64>> {
        None
    }

    /// What the answer to one row takes, in bytes: in memory, and about the same on its way.
    fn answer_bytes(&self) -> usize {
        size_of::<f64>()
    }

    /// What it learned, by name; [`Algorithm::load`] takes it back.
    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)>;
}

/// The algorithm of this name.
///
/// # Errors
/// [`Error::InvalidArgument`] that lists those there are.
pub fn find(name: &str) -> Result<&'static dyn Algorithm> {
    ALGORITHMS.iter().copied().find(|algorithm| algorithm.name() == name).ok_or_else(|| {
        let known: Vec<&str> = ALGORITHMS.iter().map(|algorithm| algorithm.name()).collect();
        Error::invalid(format!("algorithm {:?} is not known; there are {}", quotable(name), known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_algorithm_is_refused_with_those_that_are_known() {
        let message = find("svm").unwrap_err().to_string();

        assert!(message.contains("\"svm\"") && message.contains("linear_regression"), "{message}");
    }
}
