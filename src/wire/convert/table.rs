//! Tables: named columns with a bitmap of what is missing.

use super::tensor::{booleans_to, checked, floats_to, integers_to};
use crate::data::{Column, ColumnSchema, ColumnType, ElementType, Labels, Table, Values};
use crate::error::{Error, Result, quotable};
use crate::wire::types;
use arrow_array::builder::StringBuilder;
use arrow_array::{Array, BooleanArray, Float64Array, Int64Array};
use bytes::Bytes;

/// Which rows of a column are missing.
struct Missing {
    bitmap: Option<Bytes>,
}

impl Missing {
    fn at(&self, row: usize) -> bool {
        self.bitmap.as_ref().is_some_and(|bitmap| bitmap[row / 8] >> (row % 8) & 1 == 1)
    }
}

/// The columns of a table as they came.
///
/// # Errors
/// [`Error::InvalidArgument`] naming the column and what does not fit.
pub fn table_from(table: types::Table) -> Result<Table> {
    let columns = table.columns.unwrap_or_default().into_iter().map(column_from).collect::<Result<_>>()?;
    Table::new(columns)
}

/// A table as it travels.
pub fn table_to(table: &Table) -> types::Table {
    types::Table { columns: Some(table.columns().iter().map(column_to).collect()) }
}

/// One column as it came.
///
/// # Errors
/// [`Error::InvalidArgument`] naming the column and what does not fit.
pub fn column_from(column: types::Column) -> Result<Column> {
    let name = column.name.unwrap_or_default();
    let what = format!("column {:?}", quotable(&name));
    let values = match (column.tensor, column.text_data, column.text_offsets) {
        (Some(tensor), None, None) => numbers(&what, tensor, column.missing)?,
        (None, data, Some(offsets)) => text(&what, &data.unwrap_or_default(), &offsets, column.missing)?,
        _ => {
            return Err(Error::invalid(format!(
                "{what} has neither a tensor nor text_data with text_offsets, or both; send one of them"
            )));
        }
    };
    let found = values.column_type();
    match column.type_ {
        Some(declared) if declared != wire_type(found) => Err(Error::invalid(format!(
            "{what} says that its type is {declared} ({}) and its values are {found}",
            column.type_name.unwrap_or_default()
        ))),
        _ => Ok(Column { name, values }),
    }
}

fn numbers(what: &str, tensor: types::Tensor, missing: Option<Bytes>) -> Result<Values> {
    let checked = checked(what, tensor)?;
    let Some([rows]) = checked.lengths() else {
        return Err(Error::invalid(format!("{what} has shape {:?}; a column has one dimension", checked.shape)));
    };
    let missing = bitmap(what, rows, missing)?;
    Ok(match (checked.element, checked.to_i64()) {
        (ElementType::Bool, _) => {
            Values::Boolean(marked(&missing, checked.data.iter().map(|byte| *byte != 0)).collect::<BooleanArray>())
        }
        (_, Some(integers)) => Values::Integer(marked(&missing, integers.into_iter()).collect::<Int64Array>()),
        _ if missing.bitmap.is_none() => Values::Float(checked.to_f64().into()),
        _ => Values::Float(marked(&missing, checked.to_f64().into_iter()).collect::<Float64Array>()),
    })
}

fn marked<T>(missing: &Missing, values: impl Iterator<Item = T>) -> impl Iterator<Item = Option<T>> {
    values.enumerate().map(|(row, value)| (!missing.at(row)).then_some(value))
}

fn bitmap(what: &str, rows: usize, bitmap: Option<Bytes>) -> Result<Missing> {
    match bitmap {
        Some(bytes) if bytes.len() != rows.div_ceil(8) => Err(Error::invalid(format!(
            "{what} has {rows} values and {} bytes of missing; {} are needed, one bit a value",
            bytes.len(),
            rows.div_ceil(8)
        ))),
        bitmap => Ok(Missing { bitmap }),
    }
}

fn text(what: &str, data: &[u8], offsets: &[u8], missing: Option<Bytes>) -> Result<Values> {
    let (offsets, rest) = offsets.as_chunks::<4>();
    let bad_offsets = || {
        Error::invalid(format!(
            "{what} has text_offsets that do not fit; they are n + 1 little-endian i32, ascending from 0 to the {} bytes of text_data",
            data.len()
        ))
    };
    if offsets.is_empty() || !rest.is_empty() {
        return Err(bad_offsets());
    }
    let offsets: Option<Vec<usize>> =
        offsets.iter().map(|bytes| usize::try_from(i32::from_le_bytes(*bytes)).ok()).collect();
    let offsets =
        offsets.filter(|it| it[0] == 0 && it[it.len() - 1] == data.len() && it.is_sorted()).ok_or_else(bad_offsets)?;
    let missing = bitmap(what, offsets.len() - 1, missing)?;
    let mut values = StringBuilder::with_capacity(offsets.len() - 1, data.len());
    for (row, ends) in offsets.windows(2).enumerate() {
        let value = str::from_utf8(&data[ends[0]..ends[1]])
            .map_err(|_| Error::invalid(format!("{what} row {row} is not UTF-8")))?;
        values.append_option((!missing.at(row)).then_some(value));
    }
    Ok(Values::Text(values.finish()))
}

/// One column as it travels.
pub fn column_to(column: &Column) -> types::Column {
    let schema = schema_to(&column.schema());
    let mut sent = types::Column {
        name: schema.name,
        type_: schema.type_,
        type_name: schema.type_name,
        tensor: None,
        text_data: None,
        text_offsets: None,
        missing: missing_to(column.values.as_array()),
    };
    match &column.values {
        Values::Float(values) => sent.tensor = Some(floats_to(values)),
        Values::Integer(values) => sent.tensor = Some(integers_to(values)),
        Values::Boolean(values) => sent.tensor = Some(booleans_to(values)),
        Values::Text(values) => write_text(values.iter().map(Option::unwrap_or_default), &mut sent),
    }
    sent
}

/// The label of each row as it travels; `positions` are those of the labels in `classes`. No label is copied but to where it
/// is sent.
pub(super) fn labels_to(classes: &Labels, positions: &[usize]) -> types::Column {
    let Labels::Text(texts) = classes else { return column_to(&classes.take(positions).to_column("labels")) };
    let schema = schema_to(&ColumnSchema { name: "labels".into(), column_type: ColumnType::Text });
    let mut sent =
        types::Column { name: schema.name, type_: schema.type_, type_name: schema.type_name, ..crate::wire::empty() };
    write_text(positions.iter().map(|at| texts[*at].as_str()), &mut sent);
    sent
}

fn write_text<'a>(values: impl Iterator<Item = &'a str>, sent: &mut types::Column) {
    let mut data = vec![];
    let mut offsets = vec![0i32.to_le_bytes()];
    for value in values {
        data.extend_from_slice(value.as_bytes());
        offsets.push(i32::try_from(data.len()).unwrap_or(i32::MAX).to_le_bytes());
    }
    (sent.text_data, sent.text_offsets) = (Some(data.into()), Some(offsets.into_flattened().into()));
}

fn missing_to(array: &dyn Array) -> Option<Bytes> {
    (array.null_count() > 0).then(|| {
        let mut bitmap = vec![0; array.len().div_ceil(8)];
        (0..array.len()).filter(|row| array.is_null(*row)).for_each(|row| bitmap[row / 8] |= 1 << (row % 8));
        bitmap.into()
    })
}

fn wire_type(column_type: ColumnType) -> i32 {
    match column_type {
        ColumnType::Float => types::ColumnType::FLOAT.into(),
        ColumnType::Integer => types::ColumnType::INTEGER.into(),
        ColumnType::Boolean => types::ColumnType::BOOLEAN.into(),
        ColumnType::Text => types::ColumnType::TEXT.into(),
    }
}

/// Name and type as they travel.
pub fn schema_to(schema: &ColumnSchema) -> types::ColumnSchema {
    types::ColumnSchema {
        name: Some(schema.name.clone()),
        type_: Some(wire_type(schema.column_type)),
        type_name: Some(schema.column_type.name().to_uppercase()),
    }
}

/// Name and type as they came; `None` for a type that a newer server has.
pub fn schema_from(schema: types::ColumnSchema) -> Option<ColumnSchema> {
    let known = [ColumnType::Float, ColumnType::Integer, ColumnType::Boolean, ColumnType::Text];
    let column_type = known.into_iter().find(|it| Some(wire_type(*it)) == schema.type_)?;
    Some(ColumnSchema { name: schema.name.unwrap_or_default(), column_type })
}

/// CRC-32 (IEEE) of the rows as sent: for each column in order its tensor data, text data, text offsets and missing bitmap.
pub fn rows_crc32(table: &types::Table) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    for column in table.columns.iter().flatten() {
        let parts = [
            column.tensor.as_ref().and_then(|it| it.data.as_ref()),
            column.text_data.as_ref(),
            column.text_offsets.as_ref(),
            column.missing.as_ref(),
        ];
        parts.into_iter().flatten().for_each(|bytes| crc.update(bytes));
    }
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringArray;
    use proptest::prelude::*;

    fn arbitrary_column() -> impl Strategy<Value = Column> {
        fn optional<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<Option<T>>> {
            proptest::collection::vec(proptest::option::of(value), 3)
        }
        let values = prop_oneof![
            optional(-1e300..1e300f64).prop_map(|it| Values::Float(Float64Array::from(it))),
            optional(any::<i64>()).prop_map(|it| Values::Integer(Int64Array::from(it))),
            optional(any::<bool>()).prop_map(|it| Values::Boolean(BooleanArray::from(it))),
            optional(".*").prop_map(|it| Values::Text(StringArray::from(it))),
        ];
        values.prop_map(|values| Column { name: "c".into(), values })
    }

    proptest! {
        #[test]
        fn a_column_survives_the_wire_with_what_is_missing(column in arbitrary_column()) {
            prop_assert_eq!(column_from(column_to(&column)).unwrap(), column);
        }

        #[test]
        fn no_column_panics(
            offsets in proptest::collection::vec(any::<u8>(), 0..20),
            data in proptest::collection::vec(any::<u8>(), 0..20),
            missing in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..4)),
        ) {
            let column = types::Column { text_data: Some(data.into()), text_offsets: Some(offsets.into()), missing: missing.map(Bytes::from), ..crate::wire::empty() };
            let _ = column_from(column);
        }
    }

    #[test]
    fn labels_travel_as_the_column_of_them_would() {
        let text = Labels::Text(vec!["no".into(), "ja".into(), "".into()]);
        for classes in [text, Labels::Integer(vec![3, 4, 5]), Labels::Boolean(vec![false, true, true])] {
            let column = column_to(&classes.take(&[1, 0, 2, 1]).to_column("labels"));

            assert_eq!(labels_to(&classes, &[1, 0, 2, 1]), column);
        }
    }

    #[test]
    fn a_declared_type_that_is_not_the_type_of_the_values_is_refused() {
        let column = types::Column { type_: Some(4), ..column_to(&Column::float("age", vec![1.0])) };

        assert!(column_from(column).unwrap_err().to_string().contains("column \"age\" says that its type is 4"));
    }
}
