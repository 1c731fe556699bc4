//! Named columns of equal length.

use super::{Column, ColumnSchema};
use crate::error::{Error, Result};
use std::collections::HashSet;

/// Columns of equal length with unique names, at least one of them; it may have no rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
}

impl Table {
    /// Checks columns and makes them a table.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no column, a name is empty or used twice, or lengths differ.
    pub fn new(columns: Vec<Column>) -> Result<Self> {
        let Some(first) = columns.first() else {
            return Err(Error::invalid("a table has no columns; at least one is needed"));
        };
        let mut names = HashSet::new();
        for column in &columns {
            if column.name.is_empty() {
                return Err(Error::invalid("a column has no name; give each column one"));
            }
            if !names.insert(column.name.as_str()) {
                return Err(Error::invalid(format!("column {:?} is there twice; names are unique", column.name)));
            }
            if column.len() != first.len() {
                return Err(Error::invalid(format!(
                    "column {:?} has {} values and column {:?} has {}; all columns have the same length",
                    column.name,
                    column.len(),
                    first.name,
                    first.len()
                )));
            }
        }
        Ok(Self { columns })
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.columns[0].len()
    }

    /// The columns in their order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Names and types in their order.
    pub fn schema(&self) -> Vec<ColumnSchema> {
        self.columns.iter().map(Column::schema).collect()
    }

    /// Rows `from .. from + length`; copies nothing.
    ///
    /// # Panics
    /// If they are not all there.
    #[must_use]
    pub fn slice(&self, from: usize, length: usize) -> Self {
        let columns = self.columns.iter();
        Self {
            columns: columns
                .map(|it| Column { name: it.name.clone(), values: it.values.slice(from, length) })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_different_length_are_refused_by_name() {
        let refused = Table::new(vec![Column::float("a", vec![1.0]), Column::integer("b", vec![])]);

        assert!(refused.unwrap_err().to_string().contains("column \"b\" has 0 values"));
    }

    #[test]
    fn a_name_that_is_used_twice_is_refused() {
        let refused = Table::new(vec![Column::float("a", vec![1.0]), Column::float("a", vec![2.0])]);

        assert!(refused.unwrap_err().to_string().contains("twice"));
    }
}
