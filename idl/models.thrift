/** Models, their versions and aliases. */

namespace rs wire
namespace py modelwire_wire.models
namespace java io.modelwire.wire
namespace go wire

include "types.thrift"

/** A name for a version. A name alone ("churn") means its alias `stable`; `latest` is reserved for the newest version. */
struct Alias {
  1: optional string name
  2: optional i64 version
  /** How often this alias has been set, from 1; what `set_alias` compares. */
  3: optional i64 generation
}

/** What a version takes and was taught. */
struct ModelSchema {
  /** The columns that `predict` takes, in order. */
  1: optional list<types.ColumnSchema> features
  /** The column that it learnt to predict; absent where there is none (clustering, outliers, transformation) or several. */
  2: optional types.ColumnSchema target
  /** Classification: the labels in ascending order. */
  3: optional types.Column classes
  /**
   * The names of the columns that `predict` answers as `transformed`, of shape (n, outputs), in order: of a transformer, or of several
   * targets. Absent where an estimator of one target or none is the last step.
   */
  4: optional list<string> outputs
  /** Regression of several targets: the columns that it learnt to predict, in the order of `outputs`. Absent elsewhere. */
  5: optional list<types.ColumnSchema> targets
}

struct ModelVersion {
  1: optional string name
  2: optional i64 version
  /** The kind of the last step: "regressor", "classifier", "clusterer", "outlier_detector" or "transformer". */
  3: optional string kind
  /** The pipeline with every hyper-parameter, defaults written out. */
  4: optional list<types.Step> steps
  5: optional ModelSchema schema
  /**
   * r2 and rmse, or accuracy and log_loss: measured on rows that were held out, by a second model that has not seen them; absent
   * where there were none. After "training_" the same on rows that it was trained on, which flatters it. Of a clusterer: inertia,
   * or n_clusters and noise (the share of rows in no cluster); of a mixture log_likelihood, on held-out rows as well.
   */
  6: optional map<string, double> metrics
  /** Rows that it was trained on. */
  7: optional i64 n_samples
  8: optional i64 seed
  /** The job that trained it. */
  9: optional string job_id
  /** "wine@2" if it was trained on a stored data set. */
  10: optional string dataset
  /** SHA-256 of the rows that it was trained on, in hex. */
  11: optional string data_sha256
  /** SHA-256 of model.bin, in hex. */
  12: optional string sha256
  /** Size of model.bin in bytes. */
  13: optional i64 size_bytes
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  14: optional i64 created_ms
  /** The aliases that name it. */
  15: optional list<string> aliases
  /** "loaded", "loading", "unloaded" or "damaged". */
  16: optional string state
}

struct ModelSummary {
  1: optional string name
  /** Ascending. */
  2: optional list<i64> versions
  /** By name. */
  3: optional list<Alias> aliases
  /** One for each of `versions`, in their order: "loaded", "loading", "unloaded" or "damaged". */
  4: optional list<string> states
}

struct ListModelsRequest {
  1: optional types.RequestContext context
  /** Answer names after this one; `next_page` of the page before. */
  2: optional string after
  /** Most entries of a page, 1 to 1000; 1000 if absent. */
  3: optional i32 limit
}

struct ListModelsResponse {
  /** By name. */
  1: optional list<ModelSummary> models
  /** There are more: pass it as `after`. Absent on the last page. */
  2: optional string next_page
}

struct DescribeModelRequest {
  1: optional types.RequestContext context
  /** As in `predict`. */
  2: optional string model (resource = "model")
}

struct DescribeModelResponse {
  1: optional ModelVersion model
}

struct GetTrainingResultRequest {
  1: optional types.RequestContext context
  /** As in `predict`. */
  2: optional string model (resource = "model")
  /** Answer rows from this one on, counted from 0 in the order of training; 0 if absent. */
  3: optional i64 from_row
  /** Most rows of the answer; absent: as many as fit a message, which are the most there are at once. */
  4: optional i64 limit
}

/** What a transductive model made of its training rows: labels or an embedding. */
struct GetTrainingResultResponse {
  /** Name of the model. */
  1: optional string model
  /** The version that was read: name it to read on, since an alias may move. */
  2: optional i64 version
  /** I64, shape (n): the cluster of each row, from 0; -1 is a row in no cluster. */
  3: optional types.Tensor labels
  /** F64, shape (n, n_components). */
  4: optional types.Tensor embedding
  /** Rows that the model was trained on. */
  5: optional i64 total_rows
  /** There are more: pass it as `from_row`. Absent with the last row. */
  6: optional i64 next_row
}

struct ExportModelRequest {
  1: optional types.RequestContext context
  /** As in `predict`. */
  2: optional string model (resource = "model")
  /** "onnx". */
  3: optional string format
  /** Answer bytes of the file from this one on, counted from 0; 0 if absent. */
  4: optional i64 from_byte
}

/** A model as a file that other programs read, or a piece of it. */
struct ExportModelResponse {
  /** Name of the model. */
  1: optional string model
  /** The version that was written: name it to read on, since an alias may move. */
  2: optional i64 version
  /** What the file may be called: "wine-3.onnx". */
  3: optional string file_name
  /** As many bytes as fit a message. */
  4: optional binary content
  /** Size of the whole file. */
  5: optional i64 total_bytes
  /** SHA-256 of the whole file, in hex. The same version gives the same file as long as the server is not replaced by another release. */
  6: optional string sha256
  /** There are more: pass it as `from_byte`. Absent with the last byte. */
  7: optional i64 next_byte
}

struct SetAliasRequest {
  1: optional types.RequestContext context
  /** Name of the model. */
  2: optional string model (resource = "model")
  /** Name of the alias: `[A-Za-z][A-Za-z0-9_.-]{0,63}`, not `latest`. */
  3: optional string alias_name (resource = "alias")
  /** The version that it shall name; 0 removes the alias (never `stable`). */
  4: optional i64 version (resource = "version")
  /** The generation that the caller has seen, 0 for an alias that is new. Absent: whatever it is now. */
  5: optional i64 expected_generation
}

struct SetAliasResponse {
  /** As it is now; absent if it was removed. */
  1: optional Alias current
}

struct LoadModelRequest {
  1: optional types.RequestContext context
  /** Name of the model. */
  2: optional string model (resource = "model")
  3: optional i64 version (resource = "version")
  /**
   * "swap": beside what is loaded, for which there has to be room. "drop_first": where there is no room, other versions of
   * the model that no alias names are unloaded first, lowest first. Absent: as the server is set.
   */
  4: optional string replacement
}

struct LoadModelResponse {
  /** What it counts for against the server's budget, in bytes. */
  1: optional i64 model_bytes
}

struct UnloadModelRequest {
  1: optional types.RequestContext context
  /** Name of the model. */
  2: optional string model (resource = "model")
  3: optional i64 version (resource = "version")
}

struct UnloadModelResponse {
}

struct DeleteVersionRequest {
  1: optional types.RequestContext context
  /** Name of the model. */
  2: optional string model (resource = "model")
  3: optional i64 version (resource = "version")
}

struct DeleteVersionResponse {
}

service Models {
  /** Answers the models with their versions and aliases, a page at a time. Throws INVALID_ARGUMENT (limit). */
  ListModelsResponse list_models(1: ListModelsRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /** Answers what a version takes, how it was made and how well it fits. Throws NOT_FOUND, INVALID_ARGUMENT (reference). */
  DescribeModelResponse describe_model(1: DescribeModelRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /**
   * Answers what a transductive model (such as dbscan) made of the rows that it was trained on, in their order. Throws NOT_FOUND,
   * INVALID_ARGUMENT (reference, from_row, limit), FAILED_PRECONDITION (the model is not transductive: it answers `predict`; or it
   * is not loaded), UNAVAILABLE (it is being loaded, or damaged).
   */
  GetTrainingResultResponse get_training_result(1: GetTrainingResultRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /**
   * Answers a version as a file that other programs compute predictions with, in pieces where it is large. Throws NOT_FOUND,
   * INVALID_ARGUMENT (reference, format, from_byte), FAILED_PRECONDITION (a step cannot be written in this format, and which can;
   * it is not loaded; or writing it takes more memory than the server gives to messages), OVERLOADED (so much is not free now),
   * UNAVAILABLE (it is being loaded, or damaged).
   */
  ExportModelResponse export_model(1: ExportModelRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "trainer", audit = "true")

  /**
   * Reads a version from disk, verifies it and serves it once it answers its stored rows as it did when it was trained; a
   * restart loads it again. Loading what is loaded changes nothing. Throws NOT_FOUND, INVALID_ARGUMENT (replacement),
   * FAILED_PRECONDITION (no room in the server's budget, and then nothing was read; damaged, with the reason).
   */
  LoadModelResponse load_model(1: LoadModelRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "trainer", audit = "true")

  /**
   * Stops serving a version, which stays on disk, and stays unloaded after a restart. Calls that have begun are answered, and
   * then its memory is freed. Unloading what is not loaded changes nothing. Throws NOT_FOUND, FAILED_PRECONDITION (an alias
   * names it).
   */
  UnloadModelResponse unload_model(1: UnloadModelRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "trainer", audit = "true")

  /**
   * Points an alias at a version, if the alias is still as the caller has seen it. Throws NOT_FOUND (model or version),
   * INVALID_ARGUMENT (name), FAILED_PRECONDITION (another generation; removing `stable`; a version that is not loaded).
   */
  SetAliasResponse set_alias(1: SetAliasRequest request) throws (1: types.ServiceError error) (role = "trainer", audit = "true")

  /**
   * Deletes a version for good. Throws NOT_FOUND, FAILED_PRECONDITION (an alias names it; `stable` goes with the last
   * version of a model).
   */
  DeleteVersionResponse delete_version(1: DeleteVersionRequest request) throws (1: types.ServiceError error) (role = "admin", audit = "true")
}
