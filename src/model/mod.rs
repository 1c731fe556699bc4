//! Models: fitted from a table by a specification, stored as bytes, asked for predictions.
//!
//! A [`Spec`] names steps: transformers, then one estimator or none, behind a classifier perhaps its calibration, each an
//! [`Algorithm`] of the catalogue [`ALGORITHMS`]. [`fit`] makes it a [`Pipeline`], which is what is stored ([`Pipeline::to_bytes`])
//! and served ([`Pipeline::predict`]). Its [`Schema`] turns a caller's rows into its matrix, or says which column does not suit.
//!
//! ```
//! use modelwire::data::{Column, Features, Table};
//! use modelwire::model::{Pipeline, Predictions, Spec, StepSpec, fit};
//!
//! # fn main() -> modelwire::error::Result<()> {
//! let flowers = Table::new(vec![
//!     Column::float("petal_length", vec![1.4, 1.3, 1.5, 4.7, 4.5, 4.9]),
//!     Column::float("petal_width", vec![0.2, 0.2, 0.4, 1.4, 1.5, 1.5]),
//!     Column::text("species", &["setosa", "setosa", "setosa", "versicolor", "versicolor", "versicolor"]),
//! ])?;
//! let step = |algorithm: &str| StepSpec { algorithm: algorithm.into(), ..StepSpec::default() };
//! let spec = Spec {
//!     steps: vec![step("standard_scaler"), step("logistic_regression")],
//!     target: Some("species".into()),
//!     ..Spec::default()
//! };
//!
//! let fitted = fit(&spec, &flowers, &|_: &str, _| Ok(()))?;
//! assert_eq!(fitted.metrics["training_accuracy"], 1.0);
//!
//! let model = Pipeline::from_bytes(&fitted.pipeline.to_bytes())?;
//! let rows = Features::Table(Table::new(vec![
//!     Column::float("petal_width", vec![0.3]),
//!     Column::float("petal_length", vec![1.6]),
//! ])?);
//! let answer = model.predict(model.schema().matrix(rows)?);
//! let Predictions::Classes { labels, classes, .. } = answer else { unreachable!() };
//! assert_eq!(classes.take(&labels).to_column("species"), Column::text("species", &["setosa"]));
//! # Ok(())
//! # }
//! ```

mod spec;

mod class_weights;
mod fit;
pub mod metrics;
mod sample_weights;
mod schema;
mod targets;
mod validation;

mod evaluation;
mod explanation;
mod importance;
mod last;
mod loaded;
mod pipeline;
mod predictions;
mod scoring;

mod front;
mod learner;
mod online;

pub mod search;

mod onnx;

mod archive;
mod arrays;
mod artefact;
mod checkpoint;

mod algorithm;
mod algorithms;
mod bounds;
mod column_scaling;
mod columns;
mod overflow;
mod parameters;
mod precision;

mod rows;
mod samples;
mod summation;
mod transduction;

mod classification;
mod crew;
mod kernels;
mod linear_columns;
mod linear_model;
mod linear_scores;
mod neighbours;
mod numerics;
mod projection;
mod random;
mod svm;
mod trees;

use spec::{Resolved, ResolvedStep};

#[cfg(test)]
mod tests;

pub use algorithm::{
    About, Algorithm, Calibrated, Calibration, Calibrator, Estimator, FittedStep, FittedTransformer, Inputs, Kind,
    Model, Training, Transformer, UnfittedStep, find,
};
pub use algorithms::ALGORITHMS;
pub use arrays::Arrays;
pub use bounds::Bounds;
pub use checkpoint::{Checkpoints, Kept, MAX_STATE_BYTES, StateStore};
pub use columns::Outputs;
pub use evaluation::{Asked, Evaluation, Examination};
pub use explanation::{Explanation, Scale};
pub use fit::{Fitted, Progress, Within, fit, fit_on};
pub use importance::{Importances, MOST_REPEATS, REPEATS, Shuffled};
pub use learner::{Learner, Lesson};
pub use loaded::LoadedModel;
pub use online::{Online, OnlineAlgorithm, OnlineTransformer, online_algorithms, online_transformers};
pub use onnx::{Answer, EXPORTED, Edge, Graph};
pub use parameters::{ParameterSpec, Parameters, Range, Value};
pub use pipeline::Pipeline;
pub use predictions::Predictions;
pub use rows::Rows;
pub use sample_weights::SampleWeights;
pub use schema::Schema;
pub use scoring::Scoring;
pub use spec::{Spec, StepSpec};
pub use targets::{MAX_CLASSES, TargetView, Targets};
pub use transduction::{NOISE, TrainingResult, Transduced, Transductive};
pub use validation::VALIDATION_FRACTION;
