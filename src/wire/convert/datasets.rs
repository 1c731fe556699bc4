//! Stored tables.

use super::models::{columns_from, known_schema, name_from, number, number_from};
use super::table::schema_to;
use crate::datasets;
use crate::error::{Error, Result};
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

/// A version of a data set, as a client received it.
///
/// # Errors
/// [`Error::InvalidArgument`] if there is none, or a column has a type that is not known here.
pub fn dataset_from(dataset: Option<Dataset>) -> Result<datasets::Dataset> {
    let dataset = dataset.ok_or_else(|| Error::invalid("there is no data set in it"))?;
    Ok(datasets::Dataset {
        name: name_from("data set", dataset.name)?,
        version: number_from(dataset.version),
        n_rows: number_from(dataset.n_rows),
        columns: columns_from(dataset.columns)?,
        sha256: dataset.sha256.unwrap_or_default(),
        size_bytes: number_from(dataset.size_bytes),
        created_ms: dataset.created_ms.unwrap_or_default(),
    })
}

/// What is in a column, as a client received it.
///
/// # Errors
/// [`Error::InvalidArgument`] if the column has a type that is not known here.
pub fn statistics_from(statistics: ColumnStatistics) -> Result<datasets::ColumnStatistics> {
    Ok(datasets::ColumnStatistics {
        column: known_schema(statistics.column.unwrap_or_else(crate::wire::empty))?,
        count: number_from(statistics.count),
        missing: number_from(statistics.missing),
        mean: statistics.mean.map(OrderedFloat::into_inner),
        deviation: statistics.deviation.map(OrderedFloat::into_inner),
        minimum: statistics.minimum.map(OrderedFloat::into_inner),
        maximum: statistics.maximum.map(OrderedFloat::into_inner),
    })
}
