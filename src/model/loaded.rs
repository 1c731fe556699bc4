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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Table};
    use crate::model::{Spec, StepSpec, fit};

    #[test]
    fn a_matrix_of_another_width_is_refused_in_the_name_of_the_model() {
        let table = Table::new(vec![Column::float("x", vec![1.0, 2.0]), Column::float("y", vec![1.0, 2.0])]).unwrap();
        let steps = vec![StepSpec { algorithm: "linear_regression".into(), ..StepSpec::default() }];
        let spec = Spec { steps, target: Some("y".into()), ..Spec::default() };
        let pipeline = fit(&spec, &table, &|_: &str, _| Ok(())).unwrap().pipeline;
        let model = LoadedModel::new(Name::parse("model", "line").unwrap(), 3, pipeline);

        let refused = model.matrix(&Features::Matrix(Array2::zeros((1, 4)))).unwrap_err();

        assert_eq!(refused.to_string(), "model \"line@3\" takes 1 features per row, got 4");
    }
}
