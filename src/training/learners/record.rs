//! What is kept of a learner.

use super::asked::Batch;
use crate::data::Name;
use crate::error::{Error, Result};
use crate::model::{Learner, Schema, StepSpec};
use crate::storage::StoredFile;
use serde::{Deserialize, Serialize};

/// Versions that are kept, if nobody says.
const KEEP_VERSIONS: u64 = 5;

/// When what was learned becomes a version, and what becomes of older ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// After so many batches; 0: only when a call asks for it.
    pub publish_every: u64,
    /// Versions beyond the newest so many are deleted, but for those that an alias names.
    pub keep_versions: u64,
    /// Whether `stable` goes to each new version.
    pub move_stable: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { publish_every: 1, keep_versions: KEEP_VERSIONS, move_stable: true }
    }
}

impl Policy {
    /// As a batch states it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if no version would be kept.
    pub(super) fn stated(self, batch: &Batch) -> Result<Self> {
        let keep_versions = batch.keep_versions.unwrap_or(self.keep_versions);
        if !(1..=1_000).contains(&keep_versions) {
            return Err(Error::invalid(format!("keep_versions is {keep_versions}; it is from 1 to 1000")));
        }
        Ok(Self {
            publish_every: batch.publish_every.unwrap_or(self.publish_every),
            keep_versions,
            move_stable: batch.move_stable.unwrap_or(self.move_stable),
        })
    }
}

/// What was learned from a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// 1, 2, 3, … within the learner.
    pub batch: u64,
    /// Rows of the batch.
    pub n_samples: u64,
    /// Mean loss of the batch, before anything was learned from it; `None` while there was nothing to predict it with.
    pub loss: Option<f64>,
    /// The version that was published after it.
    pub version: Option<u64>,
    /// What else there is to know: columns that were passed over, a version that is not served, an alias that stayed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How a learner is.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnerStatus {
    /// The model that learns.
    pub model: Name,
    /// With defaults written out.
    pub steps: Vec<StepSpec>,
    /// What it takes and learns.
    pub schema: Schema,
    /// Of everything random.
    pub seed: u64,
    /// When versions are published.
    pub policy: Policy,
    /// Batches that it has learned from.
    pub batches: u64,
    /// Rows that these had.
    pub samples: u64,
    /// The last batches, oldest first, at most 100.
    pub recent: Vec<Learned>,
    /// The version that was published last.
    pub last_version: Option<u64>,
}

/// What changes with each batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) policy: Policy,
    pub(super) batches: u64,
    pub(super) samples: u64,
    /// Of the rows of all batches: each one's hash behind that of those before.
    pub(super) data_sha256: String,
    pub(super) snapshot: StoredFile,
    /// The last batch that is in the snapshot.
    pub(super) snapshot_batch: u64,
    /// Of the batches since.
    pub(super) log_bytes: u64,
    /// The version that this state becomes, while it does.
    pub(super) publishing: Option<u64>,
    /// The last batch that is in a version.
    pub(super) published_batch: u64,
    pub(super) last_version: Option<u64>,
    /// Those that it has published and not deleted, oldest first.
    pub(super) versions: Vec<u64>,
}

/// What never changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shape {
    pub(super) steps: Vec<StepSpec>,
    pub(super) schema: Schema,
    pub(super) seed: u64,
}

impl Shape {
    pub(super) fn of(learner: &Learner) -> Self {
        Self { steps: learner.steps().to_vec(), schema: learner.schema().clone(), seed: learner.seed() }
    }
}

/// A batch as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptBatch {
    pub(super) learned: Learned,
    pub(super) key_sha256: Option<String>,
    /// Of its rows; a repeated key has to have the same. A batch that was kept before there was one has none.
    #[serde(default)]
    pub(super) rows_sha256: Option<String>,
    /// Its rows; `None` if a snapshot was taken after it.
    pub(super) file: Option<StoredFile>,
}

/// All that is kept of a learner in `coordination`.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) name: Name,
    pub(super) shape: Shape,
    pub(super) record: Record,
    /// The last batches, oldest first.
    pub(super) batches: Vec<KeptBatch>,
}
