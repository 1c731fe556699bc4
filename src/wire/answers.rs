//! What a server answers, in plain types: what a client hands to its caller. Fields and units are those of the IDL.

use crate::data::{ColumnSchema, Labels};
use crate::model::search::Candidate;
use crate::model::{Evaluation, Explanation, Importances, Predictions, Schema, StepSpec, TrainingResult, Value};
use crate::registry::VersionStatus;
use crate::training::{Event, Failure, Learned, State};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who is there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Greeting {
    /// "Hello, World!"
    pub greeting: String,
    /// "modelwire"
    pub server: String,
    /// Version of the server.
    pub version: String,
    /// Milliseconds since the server started.
    pub uptime_ms: u64,
    /// The server's clock, milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: i64,
    /// The same, in RFC 3339, UTC.
    pub time: String,
}

/// How a server is.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerStatus {
    /// The process answers.
    pub live: bool,
    /// A model is loaded, every version that was to be loaded when the server started is, none is damaged, and the server
    /// is not draining.
    pub ready: bool,
    /// Why it is not ready.
    pub reason: Option<String>,
    /// How every version is.
    pub models: Vec<VersionStatus>,
    /// Rows that wait for or are in a prediction.
    pub rows_in_flight: u64,
    /// Jobs that wait or run.
    pub jobs_in_flight: u64,
}

/// What a server can do.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerDescription {
    /// Version of the server.
    pub version: String,
    /// SHA-256 of the IDL that the server speaks, in hex.
    pub idl_hash: String,
    /// What it refuses to go beyond.
    pub limits: ServerLimits,
    /// What can be called.
    pub methods: Vec<MethodDescription>,
    /// What can be trained.
    pub algorithms: Vec<AlgorithmDescription>,
}

/// The limits that a client needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerLimits {
    /// Largest message and reply, in bytes.
    pub max_frame_bytes: u64,
    /// Largest sum of the elements of all containers of a message.
    pub max_elements: u64,
    /// Deepest nesting of structs and containers.
    pub max_depth: u64,
    /// Calls of one connection that are worked on at once.
    pub max_calls_in_flight: u64,
    /// Rows that are computed together.
    pub max_batch_rows: u64,
    /// Rows that may wait or be computed at once.
    pub max_queue_rows: u64,
    /// Longest deadline of a call, in milliseconds.
    pub max_deadline_ms: u64,
}

/// A method of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodDescription {
    /// As it is called bare.
    pub name: String,
    /// The service that has it.
    pub service: String,
    /// The least role that may call it.
    pub role: String,
    /// Calling it twice does what calling it once does.
    pub idempotent: bool,
}

/// An algorithm of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct AlgorithmDescription {
    /// As steps name it.
    pub name: String,
    /// "transformer", "regressor", "classifier", "clusterer", "outlier_detector" or "calibrator".
    pub kind: String,
    /// One sentence for people.
    pub summary: String,
    /// Its hyper-parameters.
    pub parameters: Vec<ParameterDescription>,
    /// Whether it says something of the rows that it is trained on, and of no others.
    pub transductive: bool,
}

/// A hyper-parameter of an algorithm.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterDescription {
    /// Unique within the algorithm.
    pub name: String,
    /// "integer", "number", "flag" or "text".
    pub type_name: String,
    /// What an absent parameter means.
    pub default: Value,
    /// In words, for example "greater than 0".
    pub range: String,
    /// What it does.
    pub meaning: String,
}

/// Predictions, and who made them.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Name of the model that answered.
    pub model: String,
    /// Version of the model that answered.
    pub version: u64,
    /// How often the alias that was asked for has been set; `None` where a version was asked for.
    pub generation: Option<u64>,
    /// One for each row, in the order of the rows.
    pub predictions: Predictions,
}

/// What each column adds to answers, and whose they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Name of the model that was explained.
    pub model: String,
    /// Version of the model that was explained.
    pub version: u64,
    /// As in [`Prediction`].
    pub generation: Option<u64>,
    /// The numbers.
    pub explanation: Explanation,
    /// The columns as they reach the estimator.
    pub features: Vec<String>,
    /// Of a classifier: what the answers stand for.
    pub classes: Option<Arc<Labels>>,
    /// Of a regressor of several targets: their names, in the order of the answers.
    pub outputs: Option<Vec<String>>,
}

/// What a transductive model made of its training rows, or a page of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedRows {
    /// Name of the model.
    pub model: String,
    /// The version that was read.
    pub version: u64,
    /// One entry for each row, in the order of training.
    pub result: TrainingResult,
}

/// What a model is worth, and which one.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated {
    /// Name of the model that answered.
    pub model: String,
    /// Version of the model that answered.
    pub version: u64,
    /// How often the alias that was asked for has been set; `None` where a version was asked for.
    pub generation: Option<u64>,
    /// What came of it.
    pub evaluation: Evaluation,
}

/// How much the answers of a model rest on its columns, and which model that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    /// Name of the model that answered.
    pub model: String,
    /// Version of the model that answered.
    pub version: u64,
    /// How often the alias that was asked for has been set; `None` where a version was asked for.
    pub generation: Option<u64>,
    /// What came of it.
    pub importances: Importances,
}

/// What may be said of importances; what is not said is as the server has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportanceOptions {
    /// What the model should answer; absent: the column that it learned.
    pub target: Option<String>,
    /// A column of numbers that say how often each row counts.
    pub sample_weight: Option<String>,
    /// The name of a [`Scoring`](crate::model::Scoring); absent: `r2`, `accuracy` or `adjusted_rand_score`.
    pub scoring: Option<String>,
    /// How often each column is shuffled; absent: 5 times.
    pub n_repeats: Option<u32>,
    /// Of the shuffling; absent: 0.
    pub seed: Option<i64>,
}

/// A model as a file of other programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedModel {
    /// Name of the model.
    pub model: String,
    /// The version that was written.
    pub version: u64,
    /// What the file may be called.
    pub file_name: String,
    /// Of the content, in hex.
    pub sha256: String,
    /// The bytes of the file.
    pub content: Vec<u8>,
}

/// What a version of a model takes, how it was made and how well it fits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelVersion {
    /// Of the model.
    pub name: String,
    /// From 1.
    pub version: u64,
    /// Of the last step: "regressor", "classifier", "clusterer", "outlier_detector" or "transformer".
    pub kind: String,
    /// The pipeline with every hyper-parameter, defaults written out.
    pub steps: Vec<StepSpec>,
    /// The columns that it takes and was taught.
    pub schema: Schema,
    /// What [`metrics`](crate::model::metrics) says: r2 and rmse, or accuracy and log_loss, on held-out rows, and after
    /// "training_" on rows that it was trained on; inertia, or n_clusters and noise; log_likelihood of a mixture.
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
    /// SHA-256 of `model.bin`, in hex.
    pub sha256: String,
    /// Size of `model.bin` in bytes.
    pub size_bytes: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub created_ms: i64,
    /// The aliases that name it.
    pub aliases: Vec<String>,
    /// "loaded", "loading" or "unloaded".
    pub state: String,
}

impl ModelVersion {
    /// The column of this name among those that `predict` takes.
    pub fn feature(&self, name: &str) -> Option<&ColumnSchema> {
        self.schema.features.iter().find(|feature| feature.name == name)
    }
}

/// The table of a search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SearchTable {
    /// What candidates are ranked by.
    pub scoring: String,
    /// Folds.
    pub n_splits: usize,
    /// Best first; those that failed last.
    pub candidates: Vec<Candidate>,
    /// The steps with the values of the best candidate; `None` if all failed.
    pub best_steps: Option<Vec<StepSpec>>,
}

/// A job as it was when the server answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobStatus {
    /// Of the job.
    pub id: String,
    /// Where it is in its life.
    pub state: State,
    /// Name of the model that it trains.
    pub model: String,
    /// The version that it published, once it has succeeded.
    pub version: Option<u64>,
    /// Milliseconds since 1970-01-01T00:00:00Z, as are the next two.
    pub created_ms: i64,
    /// When it began to run.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub finished_ms: Option<i64>,
    /// From 0 to 1.
    pub progress: f64,
    /// Metrics of the published version.
    pub metrics: BTreeMap<String, f64>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// Number of its latest event.
    pub sequence: u64,
}

/// A model that learns batch by batch, as it was when the server answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearnerAnswer {
    /// Its name.
    pub model: String,
    /// With defaults written out.
    pub steps: Vec<StepSpec>,
    /// The column that it learns to predict.
    pub target: Option<String>,
    /// In the order in which a matrix has them.
    pub features: Vec<String>,
    /// Labels of a classifier in ascending order.
    pub classes: Option<Labels>,
    /// Of everything random.
    pub seed: i64,
    /// Batches from version to version; 0: only when asked.
    pub publish_every: u64,
    /// Versions that are kept beside those that an alias names.
    pub keep_versions: u64,
    /// Whether `stable` goes to each new version.
    pub move_stable: bool,
    /// Batches that it has learned from.
    pub batches: u64,
    /// Rows that these had.
    pub samples: u64,
    /// The last ones, oldest first.
    pub recent: Vec<Learned>,
    /// The version that was published last.
    pub last_version: Option<u64>,
}

/// What happened to a job since the caller last looked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Watched {
    /// Empty if nothing happened in time.
    pub events: Vec<Event>,
    /// As it is after them.
    pub job: JobStatus,
}
