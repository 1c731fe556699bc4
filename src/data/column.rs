//! A named column: numbers, truth values or text, with missing values marked.

use crate::error::quotable;
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Real numbers, f64.
    Float,
    /// Whole numbers, i64.
    Integer,
    /// Truth values.
    Boolean,
    /// UTF-8 text.
    Text,
}

impl ColumnType {
    /// The word for it in messages, manifests and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Text => "text",
        }
    }
}

impl std::fmt::Display for ColumnType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Name and type of a column, without its values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ColumnSchema {
    /// Unique within its table.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
}

/// The values of a column. Missing ones are nulls of the array; cloning and slicing copy nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Real numbers.
    Float(Float64Array),
    /// Whole numbers.
    Integer(Int64Array),
    /// Truth values.
    Boolean(BooleanArray),
    /// UTF-8 text.
    Text(StringArray),
}

impl Values {
    /// The type of these values.
    pub fn column_type(&self) -> ColumnType {
        match self {
            Self::Float(_) => ColumnType::Float,
            Self::Integer(_) => ColumnType::Integer,
            Self::Boolean(_) => ColumnType::Boolean,
            Self::Text(_) => ColumnType::Text,
        }
    }

    /// The same values without their type, for what treats all types alike.
    pub fn as_array(&self) -> &dyn Array {
        match self {
            Self::Float(array) => array,
            Self::Integer(array) => array,
            Self::Boolean(array) => array,
            Self::Text(array) => array,
        }
    }

    /// Shares the values with an Arrow record batch.
    pub fn to_array(&self) -> ArrayRef {
        match self {
            Self::Float(array) => Arc::new(array.clone()),
            Self::Integer(array) => Arc::new(array.clone()),
            Self::Boolean(array) => Arc::new(array.clone()),
            Self::Text(array) => Arc::new(array.clone()),
        }
    }

    /// The values of an Arrow array; `None` if a column has no such type.
    pub fn from_array(array: &dyn Array) -> Option<Self> {
        let any = array.as_any();
        any.downcast_ref()
            .cloned()
            .map(Self::Float)
            .or_else(|| any.downcast_ref().cloned().map(Self::Integer))
            .or_else(|| any.downcast_ref().cloned().map(Self::Boolean))
            .or_else(|| any.downcast_ref().cloned().map(Self::Text))
    }

    /// Rows `from .. from + length`.
    #[must_use]
    pub fn slice(&self, from: usize, length: usize) -> Self {
        match self {
            Self::Float(array) => Self::Float(array.slice(from, length)),
            Self::Integer(array) => Self::Integer(array.slice(from, length)),
            Self::Boolean(array) => Self::Boolean(array.slice(from, length)),
            Self::Text(array) => Self::Text(array.slice(from, length)),
        }
    }

    /// These rows, in this order, some of them perhaps several times.
    ///
    /// # Panics
    /// If one is not there.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let rows = rows.iter().copied();
        match self {
            Self::Float(array) => Self::Float(rows.map(|row| array.is_valid(row).then(|| array.value(row))).collect()),
            Self::Integer(array) => {
                Self::Integer(rows.map(|row| array.is_valid(row).then(|| array.value(row))).collect())
            }
            Self::Boolean(array) => {
                Self::Boolean(rows.map(|row| array.is_valid(row).then(|| array.value(row))).collect())
            }
            Self::Text(array) => Self::Text(rows.map(|row| array.is_valid(row).then(|| array.value(row))).collect()),
        }
    }
}

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Unique within its table.
    pub name: String,
    /// One for each row.
    pub values: Values,
}

impl Column {
    /// A column of real numbers, none missing.
    pub fn float(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), values: Values::Float(values.into()) }
    }

    /// A column of whole numbers, none missing.
    pub fn integer(name: impl Into<String>, values: Vec<i64>) -> Self {
        Self { name: name.into(), values: Values::Integer(values.into()) }
    }

    /// A column of truth values, none missing.
    pub fn boolean(name: impl Into<String>, values: Vec<bool>) -> Self {
        Self { name: name.into(), values: Values::Boolean(values.into()) }
    }

    /// A column of text, none missing.
    pub fn text<T: AsRef<str>>(name: impl Into<String>, values: &[T]) -> Self {
        Self { name: name.into(), values: Values::Text(StringArray::from_iter_values(values)) }
    }

    /// Name and type.
    pub fn schema(&self) -> ColumnSchema {
        ColumnSchema { name: self.name.clone(), column_type: self.values.column_type() }
    }

    /// How many values there are, missing ones included.
    pub fn len(&self) -> usize {
        self.values.as_array().len()
    }

    /// There is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first row whose value is missing.
    pub fn first_missing(&self) -> Option<usize> {
        let array = self.values.as_array();
        (array.null_count() > 0).then(|| (0..array.len()).find(|row| array.is_null(*row))).flatten()
    }
}

/// Labels of classes or of rows: what a classifier was taught and what it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Truth values.
    Boolean(Vec<bool>),
    /// UTF-8 text.
    Text(Vec<String>),
}

impl Labels {
    /// Each once, in ascending order.
    #[must_use]
    pub fn ascending(mut self) -> Self {
        fn sort<T: Ord>(labels: &mut Vec<T>) {
            labels.sort_unstable();
            labels.dedup();
        }
        match &mut self {
            Self::Integer(labels) => sort(labels),
            Self::Boolean(labels) => sort(labels),
            Self::Text(labels) => sort(labels),
        }
        self
    }

    /// One of them for people: text in quotes.
    ///
    /// # Panics
    /// If there is none at this place.
    pub fn shown(&self, place: usize) -> String {
        match self {
            Self::Integer(labels) => labels[place].to_string(),
            Self::Boolean(labels) => labels[place].to_string(),
            Self::Text(labels) => format!("{:?}", quotable(&labels[place])),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Integer(labels) => labels.len(),
            Self::Boolean(labels) => labels.len(),
            Self::Text(labels) => labels.len(),
        }
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the longest label.
    pub fn longest(&self) -> usize {
        match self {
            Self::Integer(_) => size_of::<i64>(),
            Self::Boolean(_) => size_of::<bool>(),
            Self::Text(labels) => size_of::<i32>() + labels.iter().map(String::len).max().unwrap_or_default(),
        }
    }

    /// Bytes of all labels, one after the other.
    pub fn encoded_bytes(&self) -> usize {
        match self {
            Self::Integer(labels) => size_of_val(&labels[..]),
            Self::Boolean(labels) => size_of_val(&labels[..]),
            Self::Text(labels) => labels.iter().map(|label| size_of::<i32>() + label.len()).sum(),
        }
    }

    /// The labels at these positions, in their order.
    ///
    /// # Panics
    /// If a position is not below [`Labels::len`].
    #[must_use]
    pub fn take(&self, positions: &[usize]) -> Self {
        match self {
            Self::Integer(labels) => Self::Integer(positions.iter().map(|at| labels[*at]).collect()),
            Self::Boolean(labels) => Self::Boolean(positions.iter().map(|at| labels[*at]).collect()),
            Self::Text(labels) => Self::Text(positions.iter().map(|at| labels[*at].clone()).collect()),
        }
    }

    /// As a column.
    pub fn to_column(&self, name: &str) -> Column {
        match self {
            Self::Integer(labels) => Column::integer(name, labels.clone()),
            Self::Boolean(labels) => Column::boolean(name, labels.clone()),
            Self::Text(labels) => Column::text(name, labels),
        }
    }
}
