//! The arrays that a fitted step is made of, on their way back from a file.

use crate::error::{Error, Result};
use ndarray::{Array, ArrayD, Dimension, IntoDimension};
use std::collections::BTreeMap;

/// Arrays by name; a step takes out its own, each of the shape that it must have.
#[derive(Debug, Default)]
pub struct Arrays(BTreeMap<String, ArrayD<f64>>);

impl Arrays {
    /// Adds an array.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the name is taken or a value is not finite.
    pub fn insert(&mut self, name: &str, values: ArrayD<f64>) -> Result<()> {
        if values.iter().any(|value| !value.is_finite()) {
            return Err(damaged(format!("array {name:?} holds a value that is not finite")));
        }
        match self.0.insert(name.to_owned(), values) {
            None => Ok(()),
            Some(_) => Err(damaged(format!("array {name:?} is there twice"))),
        }
    }

    /// The shape of an array.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.0.get(name).map(|array| array.shape())
    }

    /// Takes an array of this shape: `take("mean", 4)`, `take("centres", (3, 4))`. Its values are finite and row-major.
    ///
    /// # Errors
    /// [`Error::Damaged`] if it is not there or of another shape.
    pub fn take<D: IntoDimension>(&mut self, name: &str, shape: D) -> Result<Array<f64, D::Dim>> {
        let shape = shape.into_dimension();
        let array = self.0.remove(name).ok_or_else(|| damaged(format!("array {name:?} is missing")))?;
        if array.shape() != shape.slice() {
            let found = array.shape();
            return Err(damaged(format!("array {name:?} has shape {found:?} and should have {:?}", shape.slice())));
        }
        array.into_dimensionality().map_err(|error| Error::internal(error.to_string()))
    }

    /// Nothing may be left when all steps have taken theirs.
    ///
    /// # Errors
    /// [`Error::Damaged`] that names an array which no step took.
    pub fn finish(self) -> Result<()> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(damaged(format!("array {name:?} belongs to no step"))),
        }
    }
}

/// A model file is not what was written.
pub(super) fn damaged(why: impl Into<String>) -> Error {
    Error::Damaged { path: "model.bin".into(), why: why.into() }
}
