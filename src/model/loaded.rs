//! A model that is ready to answer.

use super::Pipeline;
use crate::data::{Features, Name};
use crate::error::{Error, Result};
use ndarray::Array2;

/// A pipeline under its name and version.
#[derive(Debug)]
pub struct LoadedModel {
    /// The name of the model.
    pub name: Name,
    /// 1, 2, 3, …
    pub version: u64,
    /// What answers.
    pub pipeline: Pipeline,
}

impl LoadedModel {
    /// Names a pipeline.
    pub fn new(name: Name, version: u64, pipeline: Pipeline) -> Self {
        Self { name, version, pipeline }
    }

    /// The rows as the pipeline takes them, see [`Schema::matrix`](super::Schema::matrix).
    ///
    /// # Errors
    /// [`Error::FeatureCount`] for a matrix of another width, which names the model; otherwise as there.
    pub fn matrix(&self, features: &Features) -> Result<Array2<f64>> {
        let expected = self.pipeline.schema().features.len();
        match features {
            Features::Matrix(matrix) if matrix.ncols() != expected => Err(Error::FeatureCount {
                model: format!("{}@{}", self.name, self.version),
                expected,
                got: matrix.ncols(),
            }),
            _ => self.pipeline.schema().matrix(features),
        }
    }
}
