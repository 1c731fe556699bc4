//! What is known of a version beside its rows.

use super::ColumnStatistics;
use crate::data::{ColumnSchema, Name, Reference, Selector};
use crate::storage::StoredFile;
use serde::{Deserialize, Serialize};

/// The name of the file; a version exists from the moment this one does.
pub(super) const MANIFEST: &str = "manifest.json";

/// The folder of a version.
pub(super) fn folder(name: &Name, version: u64) -> String {
    format!("datasets/{name}/{version}")
}

/// A stored table that never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Of all its versions.
    pub name: Name,
    /// From 1.
    pub version: u64,
    /// At least 1.
    pub n_rows: u64,
    /// In order.
    pub columns: Vec<ColumnSchema>,
    /// [Of its rows](super::rows_sha256), in hex.
    pub sha256: String,
    /// Of its files.
    pub size_bytes: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub created_ms: i64,
}

impl Dataset {
    /// "wine@2"
    pub fn reference(&self) -> Reference {
        Reference { name: self.name.clone(), selector: Selector::Version(self.version) }
    }
}

/// A file of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    #[serde(flatten)]
    pub(super) file: StoredFile,
    pub(super) n_rows: u64,
}

/// `manifest.json`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) dataset: Dataset,
    /// In the order of the columns.
    pub(super) statistics: Vec<ColumnStatistics>,
    /// In the order of the rows.
    pub(super) parts: Vec<Part>,
}
