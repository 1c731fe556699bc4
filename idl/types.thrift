/**
 * What the services share: the context of a call, numbers, tables, hyper-parameters, errors.
 *
 * The rules of every file here: each method takes one request struct, returns one response struct and throws one
 * ServiceError; every field is optional and none has a default; no unions; ids are never reused or retyped. An enum that
 * may grow travels as i32 with its name beside it, because some languages drop numbers that they do not know.
 *
 * A method says which role may call it, and a request which of its fields name what (`resource`); the server judges access
 * by that, before the method is called. What the items of a list in a request name is judged item by item: a denied one is
 * an error of that item. `audit` says whether a change stands in the audit log.
 */

namespace rs wire
namespace py modelwire_wire.types
namespace java io.modelwire.wire
namespace go wire

/** What a caller says about a call beside its arguments. Field 1 of every request. */
struct RequestContext {
  /** Milliseconds that the caller will wait, from now. Work that is late is dropped, not computed. Absent: the server's limit. */
  1: optional i64 deadline_ms
  /** Any text of at most 128 characters; it comes back in errors and stands in the server's log. */
  2: optional string request_id
  /** W3C trace context, passed on as it is. */
  3: optional string traceparent
  /** Who calls. A server without access rules does not read it. */
  4: optional string token
  /** Higher goes first; 0 if absent. A server without priorities treats all calls alike. */
  5: optional i32 priority
  /** At most 128 characters. `train`, `search` and `create_dataset` answer a repeated key with what the first call made. */
  6: optional string idempotency_key
  /** The caller has seen this generation of an alias; a server that is behind answers UNAVAILABLE. */
  7: optional i64 min_generation
}

/** Codes of ServiceError. They travel as i32 with `code_name`. */
enum ErrorCode {
  ERROR_CODE_UNSPECIFIED = 0
  /** The request is wrong and stays wrong: a shape, a name, a value. The message says which. */
  INVALID_ARGUMENT = 1
  /** No such model, version, alias, job, data set or upload. */
  NOT_FOUND = 2
  /** The name is taken. */
  ALREADY_EXISTS = 3
  /** Right request, wrong state; also a compare-and-swap that lost. */
  FAILED_PRECONDITION = 4
  /** A bound is reached. Nothing was run; retry after `retry_after_ms`. */
  OVERLOADED = 5
  /** The deadline passed. `executed` says whether work was done. */
  DEADLINE_EXCEEDED = 6
  /** Somebody cancelled it. */
  CANCELLED = 7
  /** The call needs a token, or the token is unknown. */
  UNAUTHENTICATED = 8
  /** The token does not allow this. */
  PERMISSION_DENIED = 9
  /** The server cannot answer now: it starts, drains or has lost a part. */
  UNAVAILABLE = 10
  /** A fault of the server. The detail is in its log, under `request_id`. */
  INTERNAL = 11
}

/** The one exception of every method. */
exception ServiceError {
  /** An ErrorCode. */
  1: optional i32 code
  /** The name of `code`, for languages that drop unknown numbers. */
  2: optional string code_name
  /** What happened and what was expected, with the values. */
  3: optional string message
  /** What to do about it. */
  4: optional string hint
  /** False: nothing was run, a retry is safe. True: it was run. Absent: not known. */
  5: optional bool executed
  /** Milliseconds after which a retry may succeed. */
  6: optional i64 retry_after_ms
  /** The id of the call: the caller's own, or the server's. */
  7: optional string request_id
}

/** Element type of a Tensor. */
enum DType {
  DTYPE_UNSPECIFIED = 0
  /** One byte, 0 or 1. */
  BOOL = 1
  I32 = 2
  I64 = 3
  F32 = 4
  F64 = 5
}

/** Numbers: little-endian, row-major, without gaps. The product of `shape` times the element size is the length of `data`. */
struct Tensor {
  1: optional DType dtype
  /** At most 8 dimensions. */
  2: optional list<i64> shape
  3: optional binary data
}

/** Type of a column. It travels as i32 with `type_name`. */
enum ColumnType {
  COLUMN_TYPE_UNSPECIFIED = 0
  /** Real numbers; a tensor of F64 or F32. */
  FLOAT = 1
  /** Whole numbers; a tensor of I64 or I32. */
  INTEGER = 2
  /** Truth values; a tensor of BOOL. */
  BOOLEAN = 3
  /** UTF-8 text; `text_data` and `text_offsets`. */
  TEXT = 4
}

/** One named column of n values: a tensor of shape (n), or text. */
struct Column {
  1: optional string name
  /** A ColumnType. Absent: what the values say. */
  2: optional i32 type
  /** The name of `type`. */
  3: optional string type_name
  /** The values of a FLOAT, INTEGER or BOOLEAN column, shape (n). */
  4: optional Tensor tensor
  /** The values of a TEXT column, UTF-8, one after the other. */
  5: optional binary text_data
  /** n + 1 little-endian i32: value i is the bytes from offset i to offset i + 1. */
  6: optional binary text_offsets
  /** A bitmap of n bits, lowest bit of each byte first, 1 = missing. Absent: none is missing. */
  7: optional binary missing
}

/** Columns of equal length. Names are unique and not empty. */
struct Table {
  1: optional list<Column> columns
}

/** Name and type of a column, without its values. */
struct ColumnSchema {
  1: optional string name
  /** A ColumnType. */
  2: optional i32 type
  /** The name of `type`. */
  3: optional string type_name
}

/** One hyper-parameter. Exactly one value is set. `describe` lists names, types, defaults and ranges. */
struct Parameter {
  1: optional string name
  2: optional i64 integer
  3: optional double number
  4: optional bool flag
  5: optional string text
  /** A list of whole numbers: I64 or I32, shape (n). */
  6: optional Tensor tensor
}

/** One step of a pipeline: a transformer, or the estimator that may end it. */
struct Step {
  /** The name of an algorithm of `describe`, for example "standard_scaler". */
  1: optional string algorithm
  /** What is absent has its default. */
  2: optional list<Parameter> parameters
  /**
   * The columns that a transformer works on, by their names as they are at this step; the others pass through unchanged. Absent:
   * all. A transformer that makes other columns ("pca0", "pca1", ...) takes its own away and puts these behind the others.
   */
  3: optional list<string> columns
}
