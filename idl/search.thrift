/** What a search for hyper-parameters takes and answers; the methods are those of Training. */

namespace rs wire
namespace py modelwire_wire.search
namespace java io.modelwire.wire
namespace go wire

include "types.thrift"

/** What to try for one hyper-parameter: values, or a range to draw from, exactly one of them. */
struct SearchedParameter {
  /** The position of the step, from 0. Absent: the step of `algorithm`, or the last one. */
  1: optional i32 step
  /** The algorithm of the step, in place of its position, where only one step has it. */
  2: optional string algorithm
  /** The name of the parameter. */
  3: optional string name
  /** Values to try, in this order; what they name is not read. */
  4: optional list<types.Parameter> values
  /**
   * "uniform": numbers from `low` to `high`. "log_uniform": numbers whose logarithms are as likely as any other. "integers": whole
   * numbers, both ends included.
   */
  5: optional string distribution
  6: optional double low
  7: optional double high
}

/** How rows are parted into those to learn from and those to measure on. */
struct CrossValidation {
  /**
   * "k_fold", "stratified_k_fold", "group_k_fold" or "time_series_split": the folds of scikit-learn. Absent: by `group` if there is
   * one, stratified for a classifier, else k_fold.
   */
  1: optional string kind
  /** How many folds, 2 or more; 5 if absent. */
  2: optional i32 n_splits
  /** Deal out rows (or groups) by chance, by the seed; absent: in their order. */
  3: optional bool shuffle
  /** The column that names the group of each row: integer, boolean or text. It is no feature unless `features` has it. */
  4: optional string group
  /** time_series_split: rows left out between both sides; 0 if absent. */
  5: optional i64 gap
  /** time_series_split: rows to learn from, at most, the latest ones. Absent: all. */
  6: optional i64 max_train_size
  /** time_series_split: rows of each fold to measure on. Absent: n_samples / (n_splits + 1). */
  7: optional i64 test_size
}

struct SearchRequest {
  1: optional types.RequestContext context
  /** As in TrainRequest; the name that a published version gets. */
  2: optional string model (resource = "model")
  /** As in TrainRequest; what is not searched has the values that stand here. */
  3: optional list<types.Step> steps
  /** The rows, sent along; or `dataset`. */
  4: optional types.Table table
  /** The rows, stored: "wine" (newest version) or "wine@2". */
  5: optional string dataset (resource = "dataset")
  /** The column to predict. */
  6: optional string target
  /** As in TrainRequest. Absent: all but the targets, the weights and the groups. */
  7: optional list<string> features
  /** Seed of everything random; 0 if absent. The same rows, request and seed give the same candidates, folds and scores. */
  8: optional i64 seed
  /** As in TrainRequest; rows count so in scores, too. */
  9: optional string sample_weight
  /** What to try. */
  10: optional list<SearchedParameter> parameters
  /**
   * "grid": every combination of values. "random": `n_candidates` combinations by chance. "halving": all of them, or
   * `n_candidates`, on few rows, and the better ones on more. "grid" if absent.
   */
  11: optional string strategy
  /** Combinations to draw. */
  12: optional i64 n_candidates
  /** halving: one in so many candidates goes on, with so many times the rows; 3 if absent. */
  13: optional i64 factor
  /** halving: rows of the first iteration. Absent: so many that the last one takes all of them, if the first has enough. */
  14: optional i64 min_resources
  15: optional CrossValidation cross_validation
  /**
   * What candidates are ranked by, by a name that `permutation_importance` takes too, as scikit-learn's scorers have it: greater is
   * better, hence "neg_log_loss". docs/metrics.md lists them. "r2" of a regressor and "accuracy" of a classifier if absent.
   */
  16: optional string scoring
  /** Fit the best candidate on all rows and publish it, as `train` does. */
  17: optional bool publish
  /** As in TrainRequest: instead of `target` several columns that a regressor predicts at once. Scores are means over them. */
  18: optional list<string> targets
}

/** A value that a candidate has. */
struct CandidateParameter {
  /** The position of the step, from 0. */
  1: optional i32 step
  2: optional string algorithm
  3: optional types.Parameter parameter
}

/** A row of the table. Without scores it has an error. */
struct SearchCandidate {
  /** From 1, in the order in which candidates were made. */
  1: optional i64 number
  /** 1 is the best one; equal scores have equal ranks. Of a halving, whoever came further ranks before all others. */
  2: optional i64 rank
  3: optional list<CandidateParameter> parameters
  /** The mean over the folds. */
  4: optional double mean_test_score
  /** The standard deviation over the folds (divided by their number). */
  5: optional double std_test_score
  /** The score on each fold. */
  6: optional list<double> split_test_scores
  /** Seconds that a fit took; the mean over the folds. */
  7: optional double mean_fit_seconds
  /** Why it could not be fitted or measured. */
  8: optional string error
  /** Of a halving, from 0; else 0. */
  9: optional i32 iteration
  /** Rows that its folds were made of. */
  10: optional i64 n_resources
}

struct GetSearchResultRequest {
  1: optional types.RequestContext context
  /** The job that `search` answered. */
  2: optional string job_id (resource = "job")
  /** Answer candidates from this place of the table on, counted from 0; 0 if absent. */
  3: optional i64 from_candidate
  /** Most candidates of the answer, 1 to 1000; 1000 if absent. */
  4: optional i32 limit
}

struct GetSearchResultResponse {
  /** Best first. */
  1: optional list<SearchCandidate> candidates
  /** What they are ranked by. */
  2: optional string scoring
  /** Folds. */
  3: optional i32 n_splits
  /** The steps with the values of the best candidate, as `train` takes them. Absent if all failed. */
  4: optional list<types.Step> best_steps
  /** Candidates of the whole table. */
  5: optional i64 total_candidates
  /** There are more: pass it as `from_candidate`. Absent with the last candidate. */
  6: optional i64 next_candidate
}
