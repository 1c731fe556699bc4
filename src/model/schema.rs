//! The columns that a model was fitted on, and how a caller's rows become its matrix.

use super::kernels::{all_finite, in_rows_mut};
use super::samples::{ROWS_AT_ONCE, Samples, write_rows};
use crate::data::{Column, ColumnSchema, ColumnType, Features, Labels, Table, Values};
use crate::error::{Error, Result, quotable};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Columns of the rows that a model takes and of what it learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The features, in the order in which a matrix has them.
    pub features: Vec<ColumnSchema>,
    /// What the model learned to predict; absent where there is nothing to (clusters, outliers, columns), or several.
    pub target: Option<ColumnSchema>,
    /// What a model of several targets learned to predict, in the order in which it answers; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<ColumnSchema>,
    /// The classes of a classifier in ascending order.
    pub classes: Option<Arc<Labels>>,
    /// The columns that a transformer answers, or the names of several targets, in order; absent where one number, class or cluster
    /// is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Vec<String>>,
}

impl Schema {
    /// How many numbers a regressor answers to a row.
    pub fn n_targets(&self) -> usize {
        self.targets.len().max(1)
    }

    /// Bytes of a row as the model takes it.
    pub fn row_bytes(&self) -> usize {
        size_of::<f64>() * self.features.len()
    }

    /// The rows as the model takes them: `(n_samples, n_features)`, row-major, finite. No rows are fine.
    ///
    /// A matrix is read by position. A table is read by name, in any order. Float and integer columns stand for each other
    /// (integers beyond 2^53 are rounded); a boolean column is taken only where a boolean was learned, as 0 and 1.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the width differs, a column is missing, unknown or of a type that does not suit, or a
    /// value is missing, NaN or infinite; it names column and row (from 0).
    pub fn matrix(&self, features: Features) -> Result<Array2<f64>> {
        match features {
            Features::Matrix(matrix) => self.by_position(matrix),
            Features::Packed(matrix) => self.by_position(matrix.to_array()),
            Features::Table(table) => self.by_name(&table),
        }
    }

    fn by_position(&self, matrix: Array2<f64>) -> Result<Array2<f64>> {
        if matrix.ncols() != self.features.len() {
            return Err(Error::invalid(format!(
                "the model takes {} features per row, got {}; it takes {}",
                self.features.len(),
                matrix.ncols(),
                listed(self.features.iter().map(|feature| feature.name.as_str()))
            )));
        }
        self.check_finite(matrix)
    }

    fn by_name(&self, table: &Table) -> Result<Array2<f64>> {
        let known = |name: &str| self.features.iter().any(|feature| feature.name == name);
        if let Some(unknown) = table.columns().iter().find(|column| !known(&column.name)) {
            return Err(Error::invalid(format!(
                "column {:?} is unknown to the model: the rows have {} columns and it takes {}, by their names; send {} and no others",
                quotable(&unknown.name),
                table.columns().len(),
                self.features.len(),
                listed(self.features.iter().map(|feature| feature.name.as_str()))
            )));
        }
        self.select(table)
    }

    /// Like [`Schema::matrix`] for a table that may have further columns.
    pub(super) fn select(&self, table: &Table) -> Result<Array2<f64>> {
        let columns = self.columns_of(table)?;
        let (mut matrix, mut finite) = (Array2::zeros((table.n_rows(), columns.len())), true);
        let blocks = in_rows_mut(&mut matrix).chunks_mut((ROWS_AT_ONCE * columns.len()).max(1));
        for (number, block) in blocks.enumerate() {
            write_rows(&columns, number * ROWS_AT_ONCE, block);
            finite &= all_finite(block);
        }
        if finite { Ok(matrix) } else { self.check_finite(matrix) }
    }

    /// The same for a fit, which reads them itself, on at most as many threads.
    pub(super) fn samples(&self, threads: usize, table: &Table) -> Result<Samples> {
        let columns = self.columns_of(table)?.into_iter().cloned().collect();
        match Samples::of(columns, table.n_rows(), threads) {
            Some(samples) => Ok(samples),
            None => self.select(table).map(Samples::from),
        }
    }

    fn columns_of<'t>(&self, table: &'t Table) -> Result<Vec<&'t Values>> {
        let mut columns = Vec::with_capacity(self.features.len());
        for feature in &self.features {
            let column = table.column(&feature.name).ok_or_else(|| {
                Error::invalid(format!("column {:?} ({}) is missing", feature.name, feature.column_type))
            })?;
            check_type(feature, column)?;
            if let Some(row) = column.first_missing() {
                return Err(Error::invalid(format!(
                    "column {:?} row {row} is missing and the model has no rule for missing values; fill it",
                    feature.name
                )));
            }
            columns.push(&column.values);
        }
        Ok(columns)
    }

    /// The same values, row-major.
    fn check_finite(&self, mut matrix: Array2<f64>) -> Result<Array2<f64>> {
        if all_finite(in_rows_mut(&mut matrix)) {
            return Ok(matrix);
        }
        let Some(((row, column), value)) = matrix.indexed_iter().find(|(_, value)| !value.is_finite()) else {
            return Ok(matrix);
        };
        Err(Error::invalid(format!(
            "column {:?} row {row} is {value} and the model takes finite numbers only; fill it or leave the row out",
            self.features[column].name
        )))
    }
}

fn check_type(feature: &ColumnSchema, column: &Column) -> Result<()> {
    use ColumnType::{Float, Integer};
    let found = column.values.column_type();
    match (feature.column_type, found) {
        (Float | Integer, Float | Integer) => Ok(()),
        (learned, _) if learned == found => Ok(()),
        (learned, _) => {
            Err(Error::invalid(format!("column {:?} is {found} and the model learned it as {learned}", feature.name)))
        }
    }
}

/// Names for a message, a dozen at most.
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(12);
    let mut text = names.take(12).map(quotable).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn schema() -> Schema {
        let feature = |name: &str, column_type| ColumnSchema { name: name.into(), column_type };
        Schema {
            features: vec![
                feature("age", ColumnType::Float),
                feature("visits", ColumnType::Integer),
                feature("member", ColumnType::Boolean),
            ],
            target: None,
            targets: vec![],
            classes: None,
            outputs: None,
        }
    }

    fn refusal(columns: Vec<Column>) -> String {
        schema().matrix(Features::Table(Table::new(columns).unwrap())).unwrap_err().to_string()
    }

    #[test]
    fn a_table_is_read_by_name_and_integers_stand_for_floats() {
        let table = Table::new(vec![
            Column::boolean("member", vec![true, false]),
            Column::integer("age", vec![30, 40]),
            Column::float("visits", vec![1.0, 2.0]),
        ]);

        let matrix = schema().matrix(Features::Table(table.unwrap())).unwrap();

        assert_eq!(matrix, array![[30.0, 1.0, 1.0], [40.0, 2.0, 0.0]]);
    }

    #[test]
    fn a_matrix_of_another_width_is_refused() {
        let message = schema().matrix(Features::Matrix(array![[1.0, 2.0]])).unwrap_err().to_string();

        assert_eq!(message, "the model takes 3 features per row, got 2; it takes age, visits, member");
    }

    #[test]
    fn a_matrix_in_column_order_becomes_row_major() {
        let transposed = array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]].reversed_axes();

        let matrix = schema().matrix(Features::Matrix(transposed)).unwrap();

        assert!(matrix.is_standard_layout());
        assert_eq!(matrix, array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    }

    #[test]
    fn a_large_table_is_read_the_same_on_any_number_of_threads() {
        let (n_rows, number) = (30_001, |row: usize, column: usize| (row * (column + 3) % 1_000) as f64);
        let table = |last: f64| {
            let mut visits: Vec<f64> = (0..n_rows).map(|row| number(row, 1)).collect();
            visits[n_rows - 1] = last;
            let age = Column::integer("age", (0..n_rows).map(|row| number(row, 0) as i64).collect());
            let member = Column::boolean("member", (0..n_rows).map(|row| row % 2 == 0).collect());
            Table::new(vec![age, Column::float("visits", visits), member]).unwrap()
        };
        let expected = Array2::from_shape_fn((n_rows, 3), |(row, column)| match column {
            2 => (1 - row % 2) as f64,
            _ if (row, column) == (n_rows - 1, 1) => 7.0,
            _ => number(row, column),
        });
        for threads in [0, 1, 2, 5] {
            assert_eq!(schema().samples(threads, &table(7.0)).unwrap().into_matrix(), expected);

            let message = schema().samples(threads, &table(f64::NAN)).unwrap_err().to_string();
            assert!(message.contains("\"visits\" row 30000 is NaN"), "{message}");
        }
    }

    #[test]
    fn no_rows_are_an_empty_matrix() {
        assert_eq!(schema().matrix(Features::Matrix(Array2::zeros((0, 3)))).unwrap().dim(), (0, 3));
    }

    #[test]
    fn a_refusal_names_the_column_and_the_row() {
        let (member, visits) = (|| Column::boolean("member", vec![true]), || Column::integer("visits", vec![1]));
        let values = Values::Float(vec![None].into());

        let missing_column = refusal(vec![member(), visits()]);
        let unknown = refusal(vec![member(), visits(), Column::float("height", vec![1.0])]);
        let text = refusal(vec![member(), visits(), Column::text("age", &["x"])]);
        let boolean = refusal(vec![member(), visits(), Column::boolean("age", vec![true])]);
        let missing_value = refusal(vec![member(), visits(), Column { name: "age".into(), values }]);
        let nan = refusal(vec![member(), visits(), Column::float("age", vec![f64::NAN])]);

        assert!(missing_column.contains("\"age\" (float) is missing"), "{missing_column}");
        assert!(
            unknown.contains("\"height\" is unknown to the model: the rows have 3 columns and it takes 3"),
            "{unknown}"
        );
        assert!(text.contains("\"age\" is text") && text.contains("float"), "{text}");
        assert!(boolean.contains("\"age\" is boolean"), "{boolean}");
        assert!(missing_value.contains("\"age\" row 0 is missing"), "{missing_value}");
        assert!(nan.contains("\"age\" row 0 is NaN"), "{nan}");
    }
}
