//! A model that is ready to answer.

use super::{Pipeline, TrainingResult};
use crate::data::{Features, Name};
use crate::error::{Error, Result};
use ndarray::Array2;
use std::any::Any;
use std::sync::OnceLock;

/// A pipeline under its name and version.
#[derive(Debug)]
pub struct LoadedModel {
    /// The name of the model.
    pub name: Name,
    /// 1, 2, 3, …
    pub version: u64,
    /// What answers.
    pub pipeline: Pipeline,
    /// See [`LoadedModel::beside`].
    beside: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl LoadedModel {
    /// Names a pipeline.
    pub fn new(name: Name, version: u64, pipeline: Pipeline) -> Self {
        Self { name, version, pipeline, beside: OnceLock::new() }
    }

    /// What the layer that runs models keeps beside this one: made when it is first asked for, found without a lookup
    /// from then on, gone with the model. `None` if another type is kept already.
    pub fn beside<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.beside.get_or_init(|| Box::new(make())).downcast_ref()
    }

    /// Whether it answers rows at all: to be known before [`Pipeline::predict`] is asked.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] if it has a training result and no answers; it says how to read that.
    pub fn check_answers(&self) -> Result<()> {
        match self.pipeline.training_result() {
            None => Ok(()),
            Some(_) => Err(Error::precondition(format!(
                "model \"{0}@{1}\" ({2}) says something of the rows that it was trained on and answers no others; \
                 get_training_result reads it, and so does \"modelwire models result {0}@{1}\"",
                self.name,
                self.version,
                self.algorithm()
            ))),
        }
    }

    /// What it made of the rows that it was trained on.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] if it answers rows instead.
    pub fn training_result(&self) -> Result<&TrainingResult> {
        self.pipeline.training_result().ok_or_else(|| {
            let algorithm = self.algorithm();
            Error::precondition(format!(
                "model \"{}@{}\" ({algorithm}) is not transductive and keeps no result of its training rows; predict answers rows",
                self.name, self.version
            ))
        })
    }

    /// Of the last step.
    fn algorithm(&self) -> &str {
        self.pipeline.steps().last().map_or("", |step| &step.algorithm)
    }

    /// The rows as the pipeline takes them, see [`Schema::matrix`](super::Schema::matrix).
    ///
    /// # Errors
    /// [`Error::FeatureCount`] for a matrix of another width, which names the model; otherwise as there.
    pub fn matrix(&self, features: Features) -> Result<Array2<f64>> {
        self.check_width(&features)?;
        self.pipeline.schema().matrix(features)
    }

    /// Whether they can be the rows of this model.
    ///
    /// # Errors
    /// [`Error::FeatureCount`] for a matrix of another width.
    pub fn check_width(&self, features: &Features) -> Result<()> {
        let expected = self.pipeline.schema().features.len();
        let got = match &features {
            Features::Matrix(matrix) => matrix.ncols(),
            Features::Packed(matrix) => matrix.n_columns(),
            Features::Table(_) => return Ok(()),
        };
        if got == expected {
            return Ok(());
        }
        Err(Error::FeatureCount { model: format!("{}@{}", self.name, self.version), expected, got })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, ElementType, PackedMatrix, Table};
    use crate::model::{Spec, StepSpec, fit};

    fn line() -> LoadedModel {
        let table = Table::new(vec![Column::float("x", vec![1.0, 2.0]), Column::float("y", vec![1.0, 2.0])]).unwrap();
        let steps = vec![StepSpec { algorithm: "linear_regression".into(), ..StepSpec::default() }];
        let spec = Spec { steps, target: Some("y".into()), ..Spec::default() };
        let pipeline = fit(&spec, &table, &|_: &str, _| Ok(())).unwrap().pipeline;
        LoadedModel::new(Name::parse("model", "line").unwrap(), 3, pipeline)
    }

    #[test]
    fn what_is_kept_beside_a_model_is_made_once_and_has_one_type() {
        let model = line();

        assert_eq!(model.beside(|| 1_i32), Some(&1));
        assert_eq!(model.beside(|| 2_i32), Some(&1));
        assert_eq!(model.beside(|| 2_u64), None);
    }

    #[test]
    fn a_matrix_of_another_width_is_refused_in_the_name_of_the_model() {
        let model = line();

        let packed = PackedMatrix::new(ElementType::F32, [1, 4], vec![0; 16].into()).unwrap();

        for rows in [Features::Matrix(Array2::zeros((1, 4))), Features::Packed(packed)] {
            let refused = model.matrix(rows).unwrap_err();

            assert_eq!(refused.to_string(), "model \"line@3\" takes 1 features per row, got 4");
        }
    }
}
