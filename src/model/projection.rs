//! Columns that are sums of others: what linear transformers put out.

use super::arrays::{Arrays, damaged};
use super::kernels::{Panels, in_rows_mut, table};
use super::{Edge, FittedTransformer, Graph, Outputs};
use crate::error::{Error, Result};
use ndarray::{Array1, Array2, ArrayD};

/// `(x - mean) components^T / scale`, where mean and scale may be left out.
#[derive(Debug)]
pub(super) struct Projection {
    word: &'static str,
    mean: Option<Array1<f64>>,
    components: Panels<f64>,
    scale: Option<Array1<f64>>,
    /// What else was learned, by name.
    more: Vec<(&'static str, ArrayD<f64>)>,
    metrics: Vec<(&'static str, f64)>,
}

impl Projection {
    /// By `(n_components, n_features)`; the columns are named by the word.
    pub(super) fn new(word: &'static str, components: &Array2<f64>) -> Self {
        let components = Panels::new(components.t());
        Self { word, mean: None, components, scale: None, more: vec![], metrics: vec![] }
    }

    /// With the mean of each column.
    pub(super) fn centred(self, mean: Array1<f64>) -> Self {
        Self { mean: Some(mean), ..self }
    }

    /// With what each component is divided by.
    pub(super) fn scaled(self, scale: Array1<f64>) -> Self {
        Self { scale: Some(scale), ..self }
    }

    /// With an array that says something about it.
    pub(super) fn with(mut self, name: &'static str, array: ArrayD<f64>) -> Self {
        self.more.push((name, array));
        self
    }

    /// With how well it does on its rows.
    pub(super) fn measured(mut self, name: &'static str, value: f64) -> Self {
        self.metrics.push((name, value));
        self
    }

    /// The same if all that it is made of is finite.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] otherwise; it names `algorithm`.
    pub(super) fn finite(self, algorithm: &str) -> Result<Box<dyn FittedTransformer>> {
        match self.arrays().iter().find(|(_, array)| array.iter().any(|value| !value.is_finite())) {
            None => Ok(Box::new(self)),
            Some((name, _)) => Err(Error::invalid(format!(
                "{name} of {algorithm} is beyond the range of floats; scale the columns first, for example with \
                 standard_scaler"
            ))),
        }
    }
}

/// Takes `components`, as many as there are, from what was stored.
///
/// # Errors
/// [`Error::Damaged`] if there is none, or its rows are of another width.
pub(super) fn stored_components(arrays: &mut Arrays, n_features: usize) -> Result<Array2<f64>> {
    match arrays.shape("components") {
        Some(&[n_components, _]) if n_components > 0 => arrays.take("components", (n_components, n_features)),
        shape => Err(damaged(format!("its components have the shape {shape:?}"))),
    }
}

impl FittedTransformer for Projection {
    fn outputs(&self) -> Outputs {
        Outputs::Others { word: self.word, count: self.components.n_outputs() }
    }

    fn transform(&self, mut features: Array2<f64>) -> Array2<f64> {
        let n_rows = features.nrows();
        let rows = in_rows_mut(&mut features);
        if let Some(mean) = &self.mean {
            each(rows, mean, |x, mean| *x -= mean);
        }
        let mut projected = self.components.products(rows);
        if let Some(scale) = &self.scale {
            each(&mut projected, scale, |x, scale| *x /= scale);
        }
        table(projected, n_rows, self.components.n_outputs())
    }

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Edge> {
        let mut columns = features.clone();
        if let Some(mean) = &self.mean {
            let mean = graph.array(mean);
            columns = graph.apply("Sub", &[&columns, &mean]);
        }
        let components = graph.array(&self.components.to_array());
        columns = graph.apply("MatMul", &[&columns, &components]);
        let Some(scale) = &self.scale else { return Some(columns) };
        let scale = graph.array(scale);
        Some(graph.apply("Div", &[&columns, &scale]))
    }

    fn metrics(&self) -> Vec<(&'static str, f64)> {
        self.metrics.clone()
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let components = self.components.to_array().t().as_standard_layout().into_owned().into_dyn();
        let vector = |name, values: &Option<Array1<f64>>| values.clone().map(|values| (name, values.into_dyn()));
        let (mean, scale) = (vector("mean", &self.mean), vector("scale", &self.scale));
        [("components", components)].into_iter().chain(mean).chain(scale).chain(self.more.clone()).collect()
    }
}

/// Calls `act` with each number and that of its column.
fn each(rows: &mut [f64], of_columns: &Array1<f64>, act: impl Fn(&mut f64, f64)) {
    for row in rows.chunks_exact_mut(of_columns.len().max(1)) {
        row.iter_mut().zip(of_columns).for_each(|(value, other)| act(value, *other));
    }
}
