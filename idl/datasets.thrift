/** Stored tables, in versions. */

namespace rs wire
namespace py modelwire_wire.datasets
namespace java io.modelwire.wire
namespace go wire

include "types.thrift"

struct Dataset {
  1: optional string name
  2: optional i64 version
  3: optional i64 n_rows
  4: optional list<types.ColumnSchema> columns
  /** SHA-256 of its rows, in hex. It does not depend on the pieces in which they came. */
  5: optional string sha256
  /** Size of its files in bytes. */
  6: optional i64 size_bytes
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  7: optional i64 created_ms
}

/** What is in a column. Numbers of a TEXT column are absent. */
struct ColumnStatistics {
  1: optional types.ColumnSchema column
  /** Values that are there. */
  2: optional i64 count
  /** Values that are missing. */
  3: optional i64 missing
  /** BOOLEAN counts as 0 and 1. */
  4: optional double mean
  /** Population standard deviation (divided by count). */
  5: optional double deviation
  6: optional double minimum
  7: optional double maximum
}

struct CreateDatasetRequest {
  1: optional types.RequestContext context
  /** `[A-Za-z][A-Za-z0-9_.-]{0,63}` */
  2: optional string name (resource = "dataset")
}

struct CreateDatasetResponse {
  /** Pass it to `append_rows` and `commit_dataset`. It is good for a day. */
  1: optional string upload_id
}

struct AppendRowsRequest {
  1: optional types.RequestContext context
  2: optional string upload_id (resource = "upload")
  /** Rows that were appended before these. Sending the same rows at the same offset again changes nothing. */
  3: optional i64 offset
  /** The first call fixes names, types and order of the columns. */
  4: optional types.Table table
  /**
   * CRC-32 (IEEE) of the rows as sent: for each column, in order, the bytes of tensor.data, text_data, text_offsets and
   * missing, one after the other. Absent: not checked.
   */
  5: optional i64 crc32
}

struct AppendRowsResponse {
  /** Rows that are stored now, these included: the next offset. */
  1: optional i64 n_rows
}

struct CommitDatasetRequest {
  1: optional types.RequestContext context
  2: optional string upload_id (resource = "upload")
  /** Rows that the caller has sent; another number is refused. Absent: not checked. */
  3: optional i64 n_rows
}

struct CommitDatasetResponse {
  1: optional Dataset dataset
}

struct DescribeDatasetRequest {
  1: optional types.RequestContext context
  /** "wine" (newest version) or "wine@2". */
  2: optional string dataset (resource = "dataset")
}

struct DescribeDatasetResponse {
  1: optional Dataset dataset
  /** In the order of the columns. */
  2: optional list<ColumnStatistics> statistics
}

struct ListDatasetsRequest {
  1: optional types.RequestContext context
  /** Answer names after this one; `next_page` of the page before. */
  2: optional string after
  /** Most names of a page, 1 to 1000; 1000 if absent. */
  3: optional i32 limit
}

struct ListDatasetsResponse {
  /** By name, then by version; all versions of a name are on one page. */
  1: optional list<Dataset> datasets
  /** There are more: pass it as `after`. Absent on the last page. */
  2: optional string next_page
}

struct DeleteDatasetRequest {
  1: optional types.RequestContext context
  2: optional string name (resource = "dataset")
  /** Absent: all of them. */
  3: optional i64 version (resource = "version")
}

struct DeleteDatasetResponse {
}

service Datasets {
  /** Starts a new version of a data set. Throws INVALID_ARGUMENT (name), OVERLOADED (too many open uploads). */
  CreateDatasetResponse create_dataset(1: CreateDatasetRequest request) throws (1: types.ServiceError error) (role = "trainer", audit = "false")

  /**
   * Appends rows; what is answered is on disk. Throws NOT_FOUND (upload), INVALID_ARGUMENT (column, type, checksum),
   * FAILED_PRECONDITION (an offset that is not where the last piece ended; already committed).
   */
  AppendRowsResponse append_rows(1: AppendRowsRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "trainer", audit = "false")

  /**
   * Makes the rows a version that never changes. Committing again answers the same version. Throws NOT_FOUND (upload),
   * FAILED_PRECONDITION (no rows, or another number of rows).
   */
  CommitDatasetResponse commit_dataset(1: CommitDatasetRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "trainer", audit = "true")

  /** Answers schema and statistics of a version. Throws NOT_FOUND, INVALID_ARGUMENT (reference). */
  DescribeDatasetResponse describe_dataset(1: DescribeDatasetRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /** Answers the data sets, a page at a time. Throws INVALID_ARGUMENT (limit). */
  ListDatasetsResponse list_datasets(1: ListDatasetsRequest request) throws (1: types.ServiceError error) (idempotent = "true", role = "reader")

  /** Deletes a version, or all versions of a name. Throws NOT_FOUND. */
  DeleteDatasetResponse delete_dataset(1: DeleteDatasetRequest request) throws (1: types.ServiceError error) (role = "admin", audit = "true")
}
