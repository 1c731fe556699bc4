//! What is known of a version beside its bytes.

use crate::data::Name;
use crate::model::{Kind, Schema, StepSpec};
use crate::storage::StoredFile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the file; a version exists from the moment this one does.
pub(super) const MANIFEST: &str = "manifest.json";
/// The name of the file that holds the pipeline.
pub(super) const MODEL: &str = "model.bin";

/// What a version is, how it was made and which files it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of the model.
    pub name: Name,
    /// From 1.
    pub version: u64,
    /// What it predicts.
    pub kind: Kind,
    /// The pipeline with every hyper-parameter, defaults written out.
    pub steps: Vec<StepSpec>,
    /// The columns that it takes and was taught.
    pub schema: Schema,
    /// What [`metrics`](crate::model::metrics) says, in the unit of each metric.
    pub metrics: BTreeMap<String, f64>,
    /// Rows that it was trained on.
    pub n_samples: u64,
    /// Of everything random.
    pub seed: i64,
    /// The job that trained it.
    pub job_id: String,
    /// "wine@2" if it was trained on a stored data set.
    pub dataset: Option<String>,
    /// SHA-256 of the rows that it was trained on, in hex.
    pub data_sha256: String,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub created_ms: i64,
    /// In the folder of the manifest.
    pub files: Vec<StoredFile>,
}

impl Manifest {
    /// `model.bin` as it is listed.
    pub fn model_file(&self) -> Option<&StoredFile> {
        self.files.iter().find(|file| file.path == MODEL)
    }

    /// What the model takes in memory: its arrays are as large there as in `model.bin`.
    pub fn model_bytes(&self) -> u64 {
        self.model_file().map_or(0, |file| file.size)
    }
}
