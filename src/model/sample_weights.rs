//! How often each row counts, by a column of the table.
//!
//! A row of weight 2 counts as the row twice, and one of weight 0 as if it was not there.

use crate::data::{Column, ColumnSchema, ColumnType, Table, Values};
use crate::error::{Error, Result, quotable};
use std::borrow::Cow;

/// Beyond these a square of sums, or its inverse, leaves what numbers hold.
const LARGEST: f64 = 1e100;
const SMALLEST: f64 = 1e-100;

/// Rows that count, and how much.
#[derive(Debug, PartialEq)]
pub struct SampleWeights {
    /// The positions of the rows of a weight above 0, ascending; `None` for all rows.
    pub rows: Option<Vec<usize>>,
    /// One for each of these rows, above 0.
    pub weights: Vec<f64>,
}

impl SampleWeights {
    /// The weights in a column of the table; without one each row counts once.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such column, its type does not suit, a value is missing or no weight, or all
    /// are 0; it names column, row (from 0) and value.
    pub fn read(name: Option<&str>, table: &Table) -> Result<Self> {
        let Some(name) = name else { return Ok(Self { rows: None, weights: vec![1.0; table.n_rows()] }) };
        check(name, &table.schema())?;
        let column = table.column(name).ok_or_else(|| Error::internal("a checked column of weights is gone"))?;
        let weights = weights(column)?;
        if weights.iter().all(|weight| *weight > 0.0) {
            return Ok(Self { rows: None, weights });
        }
        let rows: Vec<usize> = (0..weights.len()).filter(|row| weights[*row] > 0.0).collect();
        if rows.is_empty() {
            return Err(Error::invalid(format!(
                "sample_weight {:?} is 0 in all {} rows, which leaves none; at least one counts",
                quotable(name),
                weights.len()
            )));
        }
        let weights = rows.iter().map(|row| weights[*row]).collect();
        Ok(Self { rows: Some(rows), weights })
    }
}

impl SampleWeights {
    /// The table in which each row that does not count holds what some row holds that does: nobody minds what was missing there, and
    /// all others stand where they stood.
    ///
    /// # Errors
    /// None: columns keep names and lengths.
    pub(super) fn without_others<'t>(&self, table: &'t Table) -> Result<Cow<'t, Table>> {
        let Some(rows) = &self.rows else { return Ok(Cow::Borrowed(table)) };
        let columns = table.columns().iter().map(|column| {
            let whole = rows.iter().find(|row| is_whole(&column.values, **row)).or(rows.first());
            let mut places = vec![whole.copied().unwrap_or_default(); column.len()];
            rows.iter().for_each(|row| places[*row] = *row);
            Column { name: column.name.clone(), values: column.values.take(&places) }
        });
        Table::new(columns.collect()).map(Cow::Owned)
    }
}

/// Whether a value is there, and finite.
fn is_whole(values: &Values, row: usize) -> bool {
    let is_finite = !matches!(values, Values::Float(array) if !array.value(row).is_finite());
    values.as_array().is_valid(row) && is_finite
}

/// Whether there is a column of this name that can have weights.
///
/// # Errors
/// [`Error::InvalidArgument`]
pub(super) fn check(name: &str, columns: &[ColumnSchema]) -> Result<()> {
    let column = super::spec::column("sample_weight", name, columns)?;
    match column.column_type {
        ColumnType::Float | ColumnType::Integer => Ok(()),
        other => Err(Error::invalid(format!(
            "sample_weight {:?} is {other} and weights of rows are float or integer",
            quotable(name)
        ))),
    }
}

fn weights(column: &Column) -> Result<Vec<f64>> {
    let name = quotable(&column.name);
    if let Some(row) = column.first_missing() {
        return Err(Error::invalid(format!(
            "sample_weight {name:?} row {row} is missing; a weight is a number, and 0 leaves the row out"
        )));
    }
    let weights: Vec<f64> = match &column.values {
        Values::Float(array) => array.values().to_vec(),
        Values::Integer(array) => array.values().iter().map(|value| *value as f64).collect(),
        Values::Boolean(_) | Values::Text(_) => vec![], // check() refused them
    };
    let fits = |weight: &f64| *weight == 0.0 || (SMALLEST..=LARGEST).contains(weight);
    match weights.iter().position(|weight| !fits(weight)) {
        None => Ok(weights),
        Some(row) => Err(Error::invalid(format!(
            "sample_weight {name:?} row {row} is {:?}; a weight is 0, which leaves the row out, or from {SMALLEST:e} to {LARGEST:e}",
            weights[row]
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(column: Column) -> Result<SampleWeights> {
        SampleWeights::read(Some("w"), &Table::new(vec![column]).unwrap())
    }

    #[test]
    fn rows_of_weight_nought_do_not_count() {
        let some = read(Column::float("w", vec![0.5, 0.0, 2.0, -0.0])).unwrap();
        let all = read(Column::integer("w", vec![1, 3])).unwrap();

        assert_eq!(some, SampleWeights { rows: Some(vec![0, 2]), weights: vec![0.5, 2.0] });
        assert_eq!(all, SampleWeights { rows: None, weights: vec![1.0, 3.0] });
    }

    #[test]
    fn without_a_column_each_row_counts_once() {
        let table = Table::new(vec![Column::float("w", vec![5.0, 7.0])]).unwrap();

        assert_eq!(SampleWeights::read(None, &table).unwrap().weights, [1.0, 1.0]);
    }

    #[test]
    fn what_is_no_weight_is_refused_with_its_column_row_and_value() {
        let missing = Column { name: "w".into(), values: Values::Float(vec![Some(1.0), None].into()) };
        let cases = [
            (missing, "\"w\" row 1 is missing"),
            (Column::float("w", vec![1.0, -0.5]), "\"w\" row 1 is -0.5"),
            (Column::float("w", vec![f64::NAN]), "\"w\" row 0 is NaN"),
            (Column::float("w", vec![1.0, 1.0, f64::INFINITY]), "\"w\" row 2 is inf"),
            (Column::float("w", vec![1e-101]), "\"w\" row 0 is 1e-101"),
            (Column::integer("w", vec![2, -3]), "\"w\" row 1 is -3"),
            (Column::integer("w", vec![0, 0]), "\"w\" is 0 in all 2 rows"),
            (Column::text("w", &["1"]), "\"w\" is text"),
            (Column::boolean("w", vec![true]), "\"w\" is boolean"),
            (Column::float("v", vec![1.0]), "\"w\" is not a column; there are v"),
        ];
        for (column, expected) in cases {
            let message = read(column).unwrap_err().to_string();

            assert!(message.contains(expected), "{message}");
        }
    }
}
