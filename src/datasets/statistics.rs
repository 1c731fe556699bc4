//! Count, mean, deviation and range of each column, in one pass over the rows.

use crate::data::{Column, ColumnSchema, Table, Values};
use serde::{Deserialize, Serialize};

/// What is in a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnStatistics {
    /// Name and type.
    pub column: ColumnSchema,
    /// Values that are there.
    pub count: u64,
    /// Values that are missing; NaN counts as missing here.
    pub missing: u64,
    /// Of the values that are there, true as 1 and false as 0. `None` for text, without values, or where it is not
    /// finite, as for the others.
    pub mean: Option<f64>,
    /// Population standard deviation (divided by `count`).
    pub deviation: Option<f64>,
    /// The least value.
    pub minimum: Option<f64>,
    /// The greatest value.
    pub maximum: Option<f64>,
}

/// Statistics of rows that come in pieces. The result does not depend on the pieces, because rows are taken one by one.
pub(super) struct Statistics {
    columns: Vec<Moments>,
}

impl Statistics {
    pub(super) fn new(n_columns: usize) -> Self {
        Self { columns: vec![Moments::default(); n_columns] }
    }

    /// Takes the next rows, which have the columns that this was made for.
    pub(super) fn update(&mut self, table: &Table) {
        for (moments, column) in self.columns.iter_mut().zip(table.columns()) {
            moments.update(column);
        }
    }

    pub(super) fn finish(self, schema: &[ColumnSchema]) -> Vec<ColumnStatistics> {
        self.columns.into_iter().zip(schema).map(|(moments, column)| moments.finish(column.clone())).collect()
    }
}

/// Running mean and sum of squared differences from it: B. P. Welford, "Note on a method for calculating corrected
/// sums of squares and products" (1962), doi:10.1080/00401706.1962.10490022. Sums of squares lose all digits at a
/// large offset.
#[derive(Clone, Debug)]
struct Moments {
    count: u64,
    missing: u64,
    mean: f64,
    squares: f64,
    minimum: f64,
    maximum: f64,
}

impl Default for Moments {
    fn default() -> Self {
        let (minimum, maximum) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { count: 0, missing: 0, mean: 0.0, squares: 0.0, minimum, maximum }
    }
}

impl Moments {
    fn update(&mut self, column: &Column) {
        match &column.values {
            Values::Float(array) => array.iter().for_each(|value| self.add(value)),
            Values::Integer(array) => array.iter().for_each(|value| self.add(value.map(|value| value as f64))),
            Values::Boolean(array) => {
                array.iter().for_each(|value| self.add(value.map(|value| f64::from(u8::from(value)))))
            }
            Values::Text(array) => {
                let missing = array.iter().filter(Option::is_none).count() as u64;
                self.missing += missing;
                self.count += column.len() as u64 - missing;
            }
        }
    }

    fn add(&mut self, value: Option<f64>) {
        let Some(value) = value.filter(|value| !value.is_nan()) else {
            self.missing += 1;
            return;
        };
        self.count += 1;
        let difference = value - self.mean;
        self.mean += difference / self.count as f64;
        self.squares += difference * (value - self.mean);
        self.minimum = self.minimum.min(value);
        self.maximum = self.maximum.max(value);
    }

    fn finish(self, column: ColumnSchema) -> ColumnStatistics {
        let is_text = column.column_type == crate::data::ColumnType::Text;
        let known = |value: f64| (!is_text && self.count > 0 && value.is_finite()).then_some(value);
        ColumnStatistics {
            count: self.count,
            missing: self.missing,
            mean: known(self.mean),
            deviation: known((self.squares / self.count as f64).sqrt()),
            minimum: known(self.minimum),
            maximum: known(self.maximum),
            column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use arrow_array::Float64Array;

    fn of(columns: Vec<Column>) -> Vec<ColumnStatistics> {
        let table = Table::new(columns).unwrap();
        let mut statistics = Statistics::new(table.columns().len());
        statistics.update(&table);
        statistics.finish(&table.schema())
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let values = (0..1_000).map(|row| 1e9 + f64::from(row % 5)).collect();

        let statistics = of(vec![Column::float("x", values)]);

        // The variance of 0, 1, 2, 3, 4 is 2.
        assert_abs_diff_eq!(statistics[0].deviation.unwrap(), 2f64.sqrt(), epsilon = 1e-6);
        assert_abs_diff_eq!(statistics[0].mean.unwrap(), 1e9 + 2.0, epsilon = 1e-6);
    }

    #[test]
    fn missing_values_and_nan_are_counted_and_left_out() {
        let values = Float64Array::from(vec![Some(1.0), None, Some(f64::NAN), Some(3.0)]);

        let statistics = of(vec![Column { name: "x".into(), values: Values::Float(values) }]);

        assert_eq!((statistics[0].count, statistics[0].missing), (2, 2));
        assert_eq!((statistics[0].mean, statistics[0].deviation), (Some(2.0), Some(1.0)));
        assert_eq!((statistics[0].minimum, statistics[0].maximum), (Some(1.0), Some(3.0)));
    }

    #[test]
    fn text_has_no_numbers_and_neither_has_nothing() {
        let text = of(vec![Column::text("x", &["a", "b"])]);
        let nothing = of(vec![Column::float("x", vec![])]);

        assert_eq!((text[0].count, text[0].mean, text[0].minimum), (2, None, None));
        assert_eq!((nothing[0].count, nothing[0].mean, nothing[0].minimum), (0, None, None));
    }

    #[test]
    fn truth_values_count_as_zero_and_one() {
        let statistics = of(vec![Column::boolean("x", vec![true, false, true, true])]);

        assert_eq!((statistics[0].mean, statistics[0].maximum), (Some(0.75), Some(1.0)));
    }
}
