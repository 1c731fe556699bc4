/** Who is there, what can it do, how is it. */

namespace rs wire
namespace py modelwire_wire.health
namespace java io.modelwire.wire
namespace go wire

include "types.thrift"

struct HelloRequest {
  1: optional types.RequestContext context
  /** Whom to greet; "World" if absent. At most 256 characters. */
  2: optional string name
}

struct HelloResponse {
  /** "Hello, World!" */
  1: optional string greeting
  /** "modelwire" */
  2: optional string server
  /** Version of the server, for example "0.1.0". */
  3: optional string version
  /** Milliseconds since the server started. */
  4: optional i64 uptime_ms
  /** The server's clock, milliseconds since 1970-01-01T00:00:00Z. */
  5: optional i64 time_ms
  /** The same, in RFC 3339, UTC. */
  6: optional string time
}

struct StatusRequest {
  1: optional types.RequestContext context
}

/** How one version of a model is. */
struct ModelStatus {
  1: optional string name
  2: optional i64 version
  /** It is loaded and answers. */
  3: optional bool ready
  /** Why it is not ready. */
  4: optional string reason
  /** "loaded", "loading", "unloaded" or "damaged". */
  5: optional string state
}

struct StatusResponse {
  /** The process answers. */
  1: optional bool live
  /**
   * A model is loaded, every version that was to be loaded when the server started is, none is damaged, and the server is not
   * draining. What is unloaded on purpose, or is being loaded, does not count.
   */
  2: optional bool ready
  /** Why it is not ready. */
  3: optional string reason
  4: optional list<ModelStatus> models
  /** Rows that wait for or are in a prediction. */
  5: optional i64 rows_in_flight
  /** Jobs that wait or run. */
  6: optional i64 jobs_in_flight
}

struct DescribeRequest {
  1: optional types.RequestContext context
}

/** The limits that a client needs to know. */
struct Limits {
  /** Largest frame, unframed message and reply, in bytes. */
  1: optional i64 max_frame_bytes
  /** Largest sum of the elements of all containers of a message. */
  2: optional i64 max_elements
  /** Deepest nesting of structs and containers. */
  3: optional i32 max_depth
  /** Calls of one connection that are worked on at once; the server reads no further. */
  4: optional i32 max_calls_in_flight
  /** Rows that are computed together. */
  5: optional i64 max_batch_rows
  /** Rows that may wait or be computed at once; more is OVERLOADED. */
  6: optional i64 max_queue_rows
  /** Longest deadline of a call, in milliseconds; a longer one is cut to it. */
  7: optional i64 max_deadline_ms
}

struct MethodDescription {
  /** The name as it is called bare; multiplexed it is "Service:method". */
  1: optional string name
  2: optional string service_name
  /** The least role that may call it: public, reader, predictor, trainer, admin, worker. */
  3: optional string role
  /** Calling it twice does what calling it once does. */
  4: optional bool idempotent
}

struct ParameterDescription {
  1: optional string name
  /** "integer", "number", "flag" or "text": the field of Parameter that carries it; or "integers", which `tensor` carries. */
  2: optional string type_name
  /** What an absent parameter means. */
  3: optional types.Parameter default_value
  /** In words, for example "greater than 0". */
  4: optional string range
  5: optional string meaning
}

struct AlgorithmDescription {
  1: optional string name
  /** "transformer", "regressor", "classifier", "clusterer", "outlier_detector" or "calibrator". */
  2: optional string kind
  3: optional string summary
  4: optional list<ParameterDescription> parameters
  /** Whether it says something of the rows that it is trained on, and of no others: `get_training_result` reads it. */
  5: optional bool transductive
}

struct DescribeResponse {
  1: optional string version
  /** SHA-256 of the IDL that the server speaks, in hex. */
  2: optional string idl_hash
  3: optional Limits limits
  4: optional list<MethodDescription> methods
  5: optional list<AlgorithmDescription> algorithms
}

struct EchoRequest {
  1: optional types.RequestContext context
  2: optional binary payload
  /** So many bytes are answered in place of the payload, at most as many as a message may have: to measure each way alone. */
  3: optional i64 reply_bytes
}

struct EchoResponse {
  /** What was sent, or zeros if a number of bytes was asked for. */
  1: optional binary payload
}

service Health {
  /** Greets. Throws INVALID_ARGUMENT (a name of more than 256 characters). */
  HelloResponse hello(1: HelloRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "public")

  /** Answers whether the server and each model are live and ready. Throws nothing of its own. */
  StatusResponse status(1: StatusRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "public")

  /** Answers version, limits, methods, and the algorithms with their hyper-parameters. Throws nothing of its own. */
  DescribeResponse describe(1: DescribeRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /** Sends the payload back: for measuring latency and bandwidth. Throws INVALID_ARGUMENT (reply_bytes). */
  EchoResponse echo(1: EchoRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader", hot = "true")
}
