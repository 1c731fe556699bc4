//! A model that stalls, panics and takes notes as a test wants it.

use crate::data::{Features, Name};
use crate::model::{LoadedModel, Model, Pipeline, Predictions};
use crossbeam::channel::{Receiver, Sender, unbounded};
use ndarray::{Array1, Array2, ArrayD, ArrayView2, Axis};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};

/// A model answers its own number beside what it makes of the tag.
const COLUMNS: usize = 3;

/// Rows of `[model, poison, tag]`, `tag` counting from `first_tag`.
pub(super) fn rows(model: usize, n_rows: usize, first_tag: usize) -> Array2<f64> {
    Array2::from_shape_fn((n_rows, COLUMNS), |(row, column)| [model, 0, first_tag + row][column] as f64)
}

/// The same, and the answer to the last of them is no number.
pub(super) fn too_large(n_rows: usize, first_tag: usize) -> Array2<f64> {
    let mut rows = rows(0, n_rows, first_tag);
    rows[(n_rows - 1, 0)] = f64::MAX;
    rows
}

/// The same, and whoever computes them panics.
pub(super) fn poison(model: usize, n_rows: usize, first_tag: usize) -> Array2<f64> {
    let mut rows = rows(model, n_rows, first_tag);
    rows.column_mut(1).fill(1.0);
    rows
}

/// Models over one gate and one book of what they computed.
pub(super) struct Stage {
    gate: Option<Sender<()>>,
    gate_of_models: Receiver<()>,
    has_begun: Receiver<()>,
    begun: Sender<()>,
    book: Arc<Mutex<Vec<Array2<f64>>>>,
}

impl Stage {
    /// Models stall until [`Stage::open`].
    pub(super) fn closed() -> Self {
        let ((gate, gate_of_models), (begun, has_begun)) = (unbounded(), unbounded());
        Self { gate: Some(gate), gate_of_models, has_begun, begun, book: Arc::default() }
    }

    /// Lets every model run, from now on.
    pub(super) fn open(&mut self) {
        self.gate = None;
    }

    /// Waits for a model to begin with a batch.
    pub(super) fn wait_for_a_batch(&self) {
        self.has_begun.recv().unwrap();
    }

    /// The batches that were computed, poisonous ones too.
    pub(super) fn batches(&self) -> Vec<Array2<f64>> {
        self.book.lock().unwrap().clone()
    }

    /// The tags of the rows that were computed.
    pub(super) fn tags(&self) -> Vec<usize> {
        self.batches().iter().flat_map(|batch| batch.column(2).to_vec()).map(|tag| tag as usize).collect()
    }

    /// Model number `number` under a name and version.
    pub(super) fn model(&self, name: &str, version: u64) -> Arc<LoadedModel> {
        let (gate, begun) = (self.gate_of_models.clone(), self.begun.clone());
        load(name, version, Scripted { gate, begun, book: Arc::clone(&self.book) })
    }
}

pub(super) fn load(name: &str, version: u64, model: impl Model + 'static) -> Arc<LoadedModel> {
    let name = Name::parse("model", name).unwrap();
    Arc::new(LoadedModel::new(name, version, Pipeline::around(model, COLUMNS)))
}

#[derive(Debug)]
struct Scripted {
    gate: Receiver<()>,
    begun: Sender<()>,
    book: Arc<Mutex<Vec<Array2<f64>>>>,
}

impl Model for Scripted {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        self.book.lock().unwrap().push(features.to_owned());
        let _ = self.begun.send(());
        let _ = self.gate.recv(); // Nothing is ever sent: it waits for the other end to be dropped.
        if features.column(1).iter().any(|poison| *poison != 0.0) {
            resume_unwind(Box::new("on purpose")); // A panic that the log of the test does not show.
        }
        Predictions::Values(answers(features))
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        vec![]
    }
}

/// What a model answers to each row, whatever is around it.
pub(super) fn answers(features: ArrayView2<'_, f64>) -> Array1<f64> {
    features.map_axis(Axis(1), |row| (row[2] + 0.1).sin() * 1e3 + 2.0 * row[0])
}

pub(super) fn matrix(rows: Array2<f64>) -> Features {
    Features::Matrix(rows)
}
