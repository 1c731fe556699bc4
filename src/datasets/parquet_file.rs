//! Tables as Parquet files. The same table always gives the same bytes.

use crate::data::{Column, ColumnType, Table, Values};
use crate::error::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

/// Writes rows as a Parquet file.
///
/// # Errors
/// [`Error::Internal`] if the Parquet library refuses them.
pub fn encode(table: &Table) -> Result<Bytes> {
    let batch = to_batch(table).map_err(internal)?;
    // Not the version of the library: an update of it should not change the bytes.
    let properties =
        WriterProperties::builder().set_created_by("modelwire".into()).set_compression(Compression::SNAPPY);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.build())).map_err(internal)?;
    writer.write(&batch).map_err(internal)?;
    writer.close().map_err(internal)?;
    Ok(bytes.into())
}

/// Reads rows that [`encode`] wrote. The bytes are ours: a hash has vouched for them.
///
/// # Errors
/// [`Error::Internal`] if it is no Parquet file or has columns that a table has not.
pub fn decode(bytes: Bytes) -> Result<Table> {
    let file = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(internal)?;
    let schema = Arc::clone(file.schema());
    let n_rows = usize::try_from(file.metadata().file_metadata().num_rows()).map_err(internal)?;
    let batches = file.with_batch_size(n_rows.max(1)).build().map_err(internal)?;
    let mut tables = batches.map(|batch| to_table(&batch.map_err(internal)?)).collect::<Result<Vec<_>>>()?;
    if tables.is_empty() {
        tables.push(to_table(&RecordBatch::new_empty(schema))?);
    }
    super::concat::concat(&tables)
}

fn to_batch(table: &Table) -> std::result::Result<RecordBatch, arrow_schema::ArrowError> {
    let fields: Vec<_> =
        table.columns().iter().map(|column| Field::new(&column.name, data_type(column), true)).collect();
    let arrays = table.columns().iter().map(|column| column.values.to_array()).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

fn data_type(column: &Column) -> DataType {
    match column.values.column_type() {
        ColumnType::Float => DataType::Float64,
        ColumnType::Integer => DataType::Int64,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Text => DataType::Utf8,
    }
}

fn to_table(batch: &RecordBatch) -> Result<Table> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
        let values = Values::from_array(array)
            .ok_or_else(|| Error::internal(format!("column {:?} of a file is {}", field.name(), field.data_type())))?;
        Ok(Column { name: field.name().clone(), values })
    });
    Table::new(columns.collect::<Result<_>>()?)
}

fn internal(cause: impl std::error::Error) -> Error {
    Error::internal(format!("a Parquet file: {cause}"))
}
