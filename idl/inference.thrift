/** Predictions. */

namespace rs wire
namespace py modelwire_wire.inference
namespace java io.modelwire.wire
namespace go wire

include "types.thrift"

/** n rows for a model: a matrix by position or a table by name, exactly one of them. */
struct PredictRequest {
  1: optional types.RequestContext context
  /** "churn" (its alias `stable`), "churn@3" (a version), "churn@canary" (an alias) or "churn@latest" (the newest version). */
  2: optional string model (resource = "model")
  /** Shape (n, n_features), or (n_features) for one row; columns in the model's order. */
  3: optional types.Tensor matrix
  /** Columns by name, in any order; all of the model's and no others. */
  4: optional types.Table table
}

/** n predictions, in the order of the rows. What a model has not is absent. */
struct PredictResponse {
  /** Name of the model that answered. */
  1: optional string model
  /** Version of the model that answered. */
  2: optional i64 version
  /** How often the alias that was asked for has been set; absent where a version was asked for. */
  3: optional i64 generation
  /** Regression: F64, shape (n), in the unit of the targets. */
  4: optional types.Tensor values
  /** Classification: the most probable class of each row, n values of the type of the targets. */
  5: optional types.Column labels
  /**
   * Classification: F64, shape (n, n_classes); each row sums to 1; columns as in `classes`. Clustering by a mixture: shape
   * (n, n_components), what a row belongs to each component by.
   */
  6: optional types.Tensor probabilities
  /** Classification: the n_classes labels in ascending order. */
  7: optional types.Column classes
  /** Clustering: I64, shape (n), the nearest centre of each row, or the component that it belongs to most, from 0. */
  8: optional types.Tensor clusters
  /** Clustering around centres: F64, shape (n, n_clusters), Euclidean distance to each centre, in the unit of the model's last step. */
  9: optional types.Tensor distances
  /**
   * Transformation, and regression of several targets: F64, shape (n, n_outputs), the columns that the model's schema names as its
   * `outputs`.
   */
  10: optional types.Tensor transformed
}

/** One of several independent requests in a call: rows for a model, as in PredictRequest. */
struct PredictItem {
  /** As in PredictRequest. Access is judged item by item. */
  1: optional string model (resource = "model")
  /** As in PredictRequest. */
  2: optional types.Tensor matrix
  /** As in PredictRequest. */
  3: optional types.Table table
  /** As in RequestContext, which speaks for the items that say nothing. */
  4: optional i64 min_generation
}

/** Requests that have nothing to do with each other, of any models. */
struct PredictManyRequest {
  1: optional types.RequestContext context
  /** At most 1,000. */
  2: optional list<PredictItem> items
}

/** What became of one item: an answer or an error, exactly one of them. */
struct PredictOutcome {
  /** What `predict` would have answered. */
  1: optional PredictResponse response
  /** What `predict` would have thrown. */
  2: optional types.ServiceError error
}

/** As many outcomes as there were items, in their order. */
struct PredictManyResponse {
  1: optional list<PredictOutcome> outcomes
}

/** n rows whose answers are to be explained, as in PredictRequest. */
struct ExplainRequest {
  1: optional types.RequestContext context
  /** As in PredictRequest. */
  2: optional string model (resource = "model")
  /** As in PredictRequest. */
  3: optional types.Tensor matrix
  /** As in PredictRequest. */
  4: optional types.Table table
}

/**
 * What each column adds: the base value of an answer and the contributions of all columns add up to it, on a scale. A regressor has
 * one answer for each target, a classifier one for each class.
 */
struct ExplainResponse {
  /** Name of the model that is explained. */
  1: optional string model
  /** Version of the model that is explained. */
  2: optional i64 version
  /** As in PredictResponse. */
  3: optional i64 generation
  /**
   * What the sums are: "value" (in the unit of the targets), "log_value" (the natural logarithm of the answer), "probability",
   * "score" (softmax over the classes makes probabilities of them), or "decision" (the class of the largest is the answer).
   */
  4: optional string scale
  /** F64, shape (n_answers): the answer where no column says anything. */
  5: optional types.Tensor base_values
  /** F64, shape (n, n_answers, n_features). */
  6: optional types.Tensor contributions
  /** The n_features columns as they reach the estimator, in order. */
  7: optional list<string> features
  /** Classification: the labels that the answers are of, in ascending order. */
  8: optional types.Column classes
  /** Regression of several targets: their names, in the order of the answers. */
  9: optional list<string> outputs
}

service Inference {
  /**
   * Answers one prediction for each row. Throws NOT_FOUND (model, version or alias), INVALID_ARGUMENT (shape, column, type,
   * missing value or NaN, or a row whose answer is not finite, named; more rows than the queue or a reply holds),
   * FAILED_PRECONDITION (the version is unloaded; the model is transductive: `get_training_result` reads what it has), OVERLOADED,
   * DEADLINE_EXCEEDED.
   */
  PredictResponse predict(1: PredictRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "predictor", hot = "true")

  /**
   * Answers each item as `predict` would alone, to the bit: one that is wrong, denied or late is an error of its own and
   * changes no other. Deadline, token and priority are those of the call. Throws INVALID_ARGUMENT (more than 1,000 items, or
   * answers that together are more than a reply holds; nothing was run), DEADLINE_EXCEEDED.
   */
  PredictManyResponse predict_many(1: PredictManyRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "predictor", hot = "true")

  /**
   * Answers what each column adds to the answers of `predict`: of linear models each column times its coefficient, of trees and
   * forests Shapley values (TreeSHAP, path-dependent). Throws as `predict`, and FAILED_PRECONDITION for other models, whose answers
   * are no such sums.
   */
  ExplainResponse explain(1: ExplainRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "predictor")
}
