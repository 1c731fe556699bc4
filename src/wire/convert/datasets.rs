//! Stored tables.

use super::models::number;
use super::table::schema_to;
use crate::datasets;
use crate::wire::datasets::{ColumnStatistics, Dataset};
use thrift::OrderedFloat;

/// A version of a data set.
pub fn dataset(dataset: &datasets::Dataset) -> Dataset {
    Dataset {
        name: Some(dataset.name.to_string()),
        version: Some(number(dataset.version)),
        n_rows: Some(number(dataset.n_rows)),
        columns: Some(dataset.columns.iter().map(schema_to).collect()),
        sha256: Some(dataset.sha256.clone()),
        size_bytes: Some(number(dataset.size_bytes)),
        created_ms: Some(dataset.created_ms),
    }
}

/// What is in a column.
pub fn statistics(statistics: &datasets::ColumnStatistics) -> ColumnStatistics {
    ColumnStatistics {
        column: Some(schema_to(&statistics.column)),
        count: Some(number(statistics.count)),
        missing: Some(number(statistics.missing)),
        mean: statistics.mean.map(OrderedFloat),
        deviation: statistics.deviation.map(OrderedFloat),
        minimum: statistics.minimum.map(OrderedFloat),
        maximum: statistics.maximum.map(OrderedFloat),
    }
}
