/** Training as jobs. */

namespace rs wire
namespace py modelwire_wire.training
namespace java io.modelwire.wire
namespace go wire

include "search.thrift"
include "types.thrift"

/** State of a job. It travels as i32 with `state_name`. */
enum JobState {
  JOB_STATE_UNSPECIFIED = 0
  QUEUED = 1
  RUNNING = 2
  SUCCEEDED = 3
  FAILED = 4
  CANCELLED = 5
}

struct Job {
  1: optional string id
  /** A JobState. */
  2: optional i32 state
  /** The name of `state`. */
  3: optional string state_name
  /** Name of the model that it trains. */
  4: optional string model
  /** The version that it published, once it has succeeded; absent of a search that was not to publish. */
  5: optional i64 version
  /** Milliseconds since 1970-01-01T00:00:00Z, as are the next two. */
  6: optional i64 created_ms
  7: optional i64 started_ms
  8: optional i64 finished_ms
  /** From 0 to 1. */
  9: optional double progress
  /** Metrics of the published version, see ModelVersion. */
  10: optional map<string, double> metrics
  /** Why it failed. */
  11: optional types.ServiceError error
  /** Number of its latest event. */
  12: optional i64 sequence
}

/** Something that happened to a job. */
struct JobEvent {
  /** 1, 2, 3, … within the job. */
  1: optional i64 sequence
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  2: optional i64 time_ms
  /** A JobState. */
  3: optional i32 state
  /** The name of `state`. */
  4: optional string state_name
  /** For people: "fitting logistic_regression". */
  5: optional string message
  /** From 0 to 1. */
  6: optional double progress
}

struct TrainRequest {
  1: optional types.RequestContext context
  /** Name of the model to publish a version of: `[A-Za-z][A-Za-z0-9_.-]{0,63}`. */
  2: optional string model (resource = "model")
  /**
   * Transformers, then one estimator; behind a classifier perhaps its calibration. Without an estimator `predict` answers the
   * columns that the last transformer puts out.
   */
  3: optional list<types.Step> steps
  /** The rows, sent along; or `dataset`. */
  4: optional types.Table table
  /** The rows, stored: "wine" (newest version) or "wine@2". */
  5: optional string dataset (resource = "dataset")
  /** The column to predict. Absent for clusterers, outlier detectors and transformers. */
  6: optional string target
  /** The columns to learn from, in the order in which `predict` takes them. Absent: all but the targets and the weights. */
  7: optional list<string> features
  /** Seed of everything random; 0 if absent. The same rows, steps and seed give the same model. */
  8: optional i64 seed
  /**
   * The share of rows, from 0 to below 1, that metrics are measured on: a second model is fitted the same way without them. 0
   * leaves that out, and the time that it takes. 0.2 if absent. The model learns from all rows whatever it is.
   */
  9: optional double validation_fraction
  /**
   * A column of numbers, 0 or greater, that say how often each row counts in what is learned and in metrics; it is no feature. A
   * row of weight 2 is the row twice, and one of weight 0 is left out. Absent: each row counts once.
   */
  10: optional string sample_weight
  /**
   * Instead of `target`: the columns that a regressor predicts at once. `predict` answers them as `transformed`, in this order. One
   * name is the same as `target`.
   */
  11: optional list<string> targets
}

struct TrainResponse {
  1: optional Job job
}

struct SearchResponse {
  1: optional Job job
}

struct GetJobRequest {
  1: optional types.RequestContext context
  2: optional string job_id (resource = "job")
}

struct GetJobResponse {
  1: optional Job job
}

struct WatchJobRequest {
  1: optional types.RequestContext context
  2: optional string job_id (resource = "job")
  /** Answer events after this one; 0 or absent: from the first. */
  3: optional i64 after_sequence
  /** Milliseconds to wait for one, at most 30000; 0 or absent: answer at once. */
  4: optional i64 wait_ms
}

struct WatchJobResponse {
  /** Empty if nothing happened in time. The oldest events of a long job may be gone; sequence numbers show the gap. */
  1: optional list<JobEvent> events
  2: optional Job job
}

struct ListJobsRequest {
  1: optional types.RequestContext context
  /** Answer jobs after (older than) this id; `next_page` of the page before. */
  2: optional string after
  /** Most entries of a page, 1 to 1000; 1000 if absent. */
  3: optional i32 limit
}

struct ListJobsResponse {
  /** Newest first. */
  1: optional list<Job> jobs
  /** There are more: pass it as `after`. Absent on the last page. */
  2: optional string next_page
}

struct CancelJobRequest {
  1: optional types.RequestContext context
  2: optional string job_id (resource = "job")
}

struct CancelJobResponse {
  1: optional Job job
}

struct EvaluateRequest {
  1: optional types.RequestContext context
  /** "wine" (its alias `stable`), "wine@3" or "wine@canary". */
  2: optional string model (resource = "model")
  /** The rows, sent along; or `dataset`. Columns that the model does not take are passed over. */
  3: optional types.Table table
  /** The rows, stored: "wine" (newest version) or "wine@2". */
  4: optional string dataset (resource = "dataset")
  /**
   * What the model should answer. Absent: the column or columns that it learned, and of several it is always these. Of a clusterer
   * the groups to compare with, if any.
   */
  5: optional string target
  /** A column of numbers that say how often each row counts, as in TrainRequest. A clusterer takes none. */
  6: optional string sample_weight
}

/** How well one class is told from the others. */
struct ClassMetrics {
  /** Of the rows that were answered with the class, the share that is of it; absent if there are none. */
  1: optional double precision
  /** Of the rows of the class, the share that was answered with it; absent if there are none. */
  2: optional double recall
  /** The harmonic mean of both. */
  3: optional double f1
  /** The weight of the rows of the class; without weights how many there are. */
  4: optional double support
}

struct EvaluateResponse {
  /** Which model answered. */
  1: optional string model
  2: optional i64 version
  /** How often the alias that was asked for has been set; absent where a version was asked for. */
  3: optional i64 generation
  /** Rows that count. */
  4: optional i64 n_samples
  /** By name, with scikit-learn's values: docs/metrics.md. What is not defined for these rows is absent. */
  5: optional map<string, double> metrics
  /** Classification: the classes that rows are of, or were answered with, in ascending order. */
  6: optional types.Column labels
  /** Classification: one for each of `labels`. */
  7: optional list<ClassMetrics> classes
  /**
   * Classification: F64 of shape (labels, labels), the weight of rows by their class (rows) and by what was answered (columns).
   * Absent for more than 1000 labels.
   */
  8: optional types.Tensor confusion
  /** Clustering: of how many rows the silhouette is, where there is one; of many rows some are drawn by chance. */
  9: optional i64 silhouette_samples
}

struct PermutationImportanceRequest {
  1: optional types.RequestContext context
  /** "wine" (its alias `stable`), "wine@3" or "wine@canary". */
  2: optional string model (resource = "model")
  /** The rows, sent along; or `dataset`. Columns that the model does not take are passed over. */
  3: optional types.Table table
  /** The rows, stored: "wine" (newest version) or "wine@2". */
  4: optional string dataset (resource = "dataset")
  /** What the model should answer. Absent: the column that it learned. Of a clusterer the groups to compare with. */
  5: optional string target
  /** A column of numbers that say how often each row counts, as in TrainRequest. A clusterer takes none. */
  6: optional string sample_weight
  /**
   * What falls, by a name that `search` takes too, as scikit-learn's scorers have it: greater is better, hence "neg_log_loss".
   * docs/metrics.md lists them. Absent: r2 of a regressor, accuracy of a classifier, adjusted_rand_score of a clusterer.
   */
  7: optional string scoring
  /** How often each column is shuffled, 1 to 1000; 5 if absent. */
  8: optional i32 n_repeats
  /** Of the shuffling; 0 if absent. The same rows and seed give the same answer. */
  9: optional i64 seed
}

struct PermutationImportanceResponse {
  /** Which model answered. */
  1: optional string model
  2: optional i64 version
  /** How often the alias that was asked for has been set; absent where a version was asked for. */
  3: optional i64 generation
  /** Rows that count. */
  4: optional i64 n_samples
  /** What falls. */
  5: optional string scoring
  /** The score of the rows as they are; of a negated error 0 or less. */
  6: optional double baseline
  /** The columns that the model takes, in their order. */
  7: optional list<string> features
  /** F64, shape (features): the mean of each row of `importances`. */
  8: optional types.Tensor importances_mean
  /** F64, shape (features): the standard deviation of each row of `importances`, as of a whole population. */
  9: optional types.Tensor importances_std
  /** F64, shape (features, n_repeats): by how much the score falls once the column is shuffled; below 0 it rises. */
  10: optional types.Tensor importances
}

/** Rows to learn from. The first batch of a model makes its learner; further ones may leave out what is said of it. */
struct PartialFitRequest {
  1: optional types.RequestContext context
  /** Name of the model that learns: `[A-Za-z][A-Za-z0-9_.-]{0,63}`. */
  2: optional string model (resource = "model")
  /** The rows, with their target. */
  3: optional types.Table table
  /** An algorithm that learns batch by batch, perhaps behind a transformer that does. Needed with the first batch; stated again it has to be the same, as have the next four. */
  4: optional list<types.Step> steps
  /** The column to predict. */
  5: optional string target
  /** The columns to learn from, in the order in which `predict` takes them. Absent: all but the target. */
  6: optional list<string> features
  /** The classes that there will be, of the type of the target. Absent: those of the first batch. */
  7: optional types.Column classes
  /** Seed of everything random; 0 if absent. The same batches in the same order give the same model. */
  8: optional i64 seed
  /** Publish a version after so many batches, 1 if absent; 0: only where `publish` asks for it. Stated again it holds from then on, as do the next two. */
  9: optional i64 publish_every
  /** Versions beyond the newest so many are deleted, but for those that an alias names; 5 if absent. */
  10: optional i64 keep_versions
  /**
   * Whether the alias `stable` goes to each new version; true if absent. The first batch of a model that has versions already has
   * to say it.
   */
  11: optional bool move_stable
  /** The number that this batch should get, from 1; refused if it would be another. Absent: whichever is next. */
  12: optional i64 expected_batch
  /** Publish a version after this batch. */
  13: optional bool publish
}

struct PartialFitResponse {
  /** Number of the batch: 1, 2, 3, … within the learner. */
  1: optional i64 batch
  /** Rows of the batch. */
  2: optional i64 n_samples
  /** Mean loss of the batch, before anything was learned from it. Absent while there was nothing to predict it with. */
  3: optional double loss
  /** The version that was published after it. Absent if none was. */
  4: optional i64 version
  /**
   * What else there is to know, in sentences: columns that were passed over, a version that is still being published, is not
   * served or could not be published, the alias `stable` that stayed where it was. Absent if there is nothing.
   */
  5: optional list<string> notes
}

/** What was learned from one batch. */
struct LearnedBatch {
  /** 1, 2, 3, … within the learner. */
  1: optional i64 batch
  2: optional i64 n_samples
  /** As in PartialFitResponse. */
  3: optional double loss
  /** As in PartialFitResponse, as is the next one. */
  4: optional i64 version
  5: optional list<string> notes
}

/** A model that learns batch by batch. */
struct Learner {
  1: optional string model
  /** With defaults written out. */
  2: optional list<types.Step> steps
  3: optional string target
  /** In the order in which `predict` takes them. */
  4: optional list<string> features
  /** Labels of a classifier in ascending order. */
  5: optional types.Column classes
  6: optional i64 seed
  /** As in PartialFitRequest, as are the next two. */
  7: optional i64 publish_every
  8: optional i64 keep_versions
  9: optional bool move_stable
  /** Batches that it has learned from; the next one gets the number after. */
  10: optional i64 batches
  /** Rows that these had. */
  11: optional i64 samples
  /** The last ones, oldest first, at most 100. */
  12: optional list<LearnedBatch> recent
  /** The version that was published last. */
  13: optional i64 last_version
}

struct GetLearnerRequest {
  1: optional types.RequestContext context
  2: optional string model (resource = "model")
}

struct GetLearnerResponse {
  1: optional Learner learner
}

struct DeleteLearnerRequest {
  1: optional types.RequestContext context
  2: optional string model (resource = "model")
}

struct DeleteLearnerResponse {
}

service Training {
  /**
   * Stores what is needed to train and answers a job at once; the job outlives a restart of the server. Throws
   * INVALID_ARGUMENT (name, step, hyper-parameter, column, value, named), NOT_FOUND (data set), OVERLOADED (too many jobs wait).
   */
  TrainResponse train(1: TrainRequest request) throws (1: types.ServiceError error) (role = "trainer", audit = "true")

  /**
   * Tries hyper-parameters by cross-validation: answers a job at once, as `train` does, whose table `get_search_result` answers
   * when it has ended, and which publishes the best pipeline if asked to. A candidate that cannot be fitted ends nothing. Throws
   * INVALID_ARGUMENT (as `train`; too many fits, what is searched, folds, scoring, named), NOT_FOUND (data set), OVERLOADED (too
   * many jobs wait).
   */
  SearchResponse search(1: search.SearchRequest request) throws (1: types.ServiceError error) (role = "trainer", audit = "true")

  /**
   * Answers the table of a search, 1000 candidates at a time. Throws NOT_FOUND, FAILED_PRECONDITION (the job is no search, or has no
   * table: it has not ended, was cancelled, or failed before it had measured all candidates), INVALID_ARGUMENT (from_candidate, limit).
   */
  search.GetSearchResultResponse get_search_result(1: search.GetSearchResultRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /**
   * Answers what a model is worth on rows whose targets are known: metrics with scikit-learn's values. Throws NOT_FOUND (model,
   * data set), INVALID_ARGUMENT (column, row, value, named), FAILED_PRECONDITION (the version is not loaded), OVERLOADED,
   * DEADLINE_EXCEEDED.
   */
  EvaluateResponse evaluate(1: EvaluateRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /**
   * Answers by how much a score of a model falls when the values of one column are shuffled among the rows: of each column the
   * model takes, several times. Throws NOT_FOUND (model, data set), INVALID_ARGUMENT (column, row, value, scoring, n_repeats,
   * named), FAILED_PRECONDITION (the version is not loaded), OVERLOADED, DEADLINE_EXCEEDED (every shuffle predicts all rows).
   */
  PermutationImportanceResponse permutation_importance(1: PermutationImportanceRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /** Answers a job as it is now. Throws NOT_FOUND. */
  GetJobResponse get_job(1: GetJobRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /** Answers the events of a job after a sequence number, waiting for one if there is none. Throws NOT_FOUND, INVALID_ARGUMENT (wait_ms). */
  WatchJobResponse watch_job(1: WatchJobRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /** Answers the jobs, newest first, a page at a time. Throws INVALID_ARGUMENT (limit). */
  ListJobsResponse list_jobs(1: ListJobsRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /** Cancels a job that waits or runs; one that has ended is answered as it is. Throws NOT_FOUND. */
  CancelJobResponse cancel_job(1: CancelJobRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "trainer", audit = "true")

  /**
   * Learns from a batch of rows, one call after the other, and answers when that is durable. `predict` goes by versions as ever:
   * `publish_every` and `publish` make them; a version that is not published when the call has to be answered is so afterwards, and
   * `notes` say it. A repeated idempotency key answers what the first answered, of the last 1000 batches; with other rows it is
   * INVALID_ARGUMENT.
   * After any error nothing was learned. Throws INVALID_ARGUMENT (name, step, hyper-parameter, column, value, class, or what is
   * said otherwise than before), NOT_FOUND (no learner, and no steps), FAILED_PRECONDITION (expected_batch, or not all classes seen),
   * OVERLOADED (too many learners, or calls that wait), DEADLINE_EXCEEDED.
   */
  PartialFitResponse partial_fit(1: PartialFitRequest request) throws (1: types.ServiceError error) (role = "trainer", audit = "true")

  /** Answers how a learner is. Throws NOT_FOUND. */
  GetLearnerResponse get_learner(1: GetLearnerRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /** Deletes a learner; the versions that it published stay. Throws NOT_FOUND. */
  DeleteLearnerResponse delete_learner(1: DeleteLearnerRequest request) throws (1: types.ServiceError error) (role = "trainer", audit = "true")
}
