//! Pieces of one upload have the same columns.

use crate::data::{Column, ColumnSchema, ColumnType, Table, Values};
use crate::error::{Error, Result};

/// The largest whole number below which all whole numbers are exact in an f64.
const EXACT: u64 = 1 << 53;

/// The rows with these columns: the same names in the same order; whole numbers become real where real ones are wanted.
///
/// # Errors
/// [`Error::InvalidArgument`] naming the first column that does not fit.
pub(super) fn conform(table: Table, schema: &[ColumnSchema]) -> Result<Table> {
    if table.schema() == schema {
        return Ok(table);
    }
    if let Some(column) = schema.get(table.columns().len()) {
        return Err(Error::invalid(format!(
            "column {:?} is missing; the first piece of this upload has it",
            column.name
        )));
    }
    let columns = table.columns().iter().enumerate().map(|(at, column)| fit(column, schema.get(at)));
    Table::new(columns.collect::<Result<_>>()?)
}

fn fit(column: &Column, wanted: Option<&ColumnSchema>) -> Result<Column> {
    let name = &column.name;
    let Some(wanted) = wanted else {
        return Err(Error::invalid(format!("column {name:?} is not in the first piece of this upload")));
    };
    if *name != wanted.name {
        return Err(Error::invalid(format!(
            "column {name:?} is where the first piece of this upload has {:?}; names and order stay the same",
            wanted.name
        )));
    }
    let values = match (&column.values, wanted.column_type) {
        (values, same) if values.column_type() == same => values.clone(),
        (Values::Integer(whole), ColumnType::Float) => {
            let inexact = |value: &Option<i64>| value.is_some_and(|value| value.unsigned_abs() > EXACT);
            if let Some(row) = whole.iter().position(|value| inexact(&value)) {
                return Err(Error::invalid(format!(
                    "column {name:?} row {row} is {}, which a float column cannot hold exactly",
                    whole.value(row)
                )));
            }
            Values::Float(whole.iter().map(|value| value.map(|value| value as f64)).collect())
        }
        (values, wanted) => {
            let is = values.column_type();
            return Err(Error::invalid(format!(
                "column {name:?} is {is} and the first piece of this upload has {wanted} there"
            )));
        }
    };
    Ok(Column { name: name.clone(), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Vec<ColumnSchema> {
        let columns = vec![Column::float("x", vec![]), Column::text("label", &[] as &[&str])];
        Table::new(columns).unwrap().schema()
    }

    fn fault(columns: Vec<Column>) -> String {
        conform(Table::new(columns).unwrap(), &schema()).unwrap_err().to_string()
    }

    #[test]
    fn whole_numbers_are_widened_where_real_ones_are_wanted() {
        let table = Table::new(vec![Column::integer("x", vec![1 << 53]), Column::text("label", &["a"])]).unwrap();

        let fitted = conform(table, &schema()).unwrap();

        assert_eq!(fitted.columns()[0], Column::float("x", vec![9_007_199_254_740_992.0]));
    }

    #[test]
    fn a_fault_names_the_column() {
        let label = || Column::text("label", &["a"]);

        assert!(fault(vec![Column::boolean("x", vec![true]), label()]).contains("column \"x\" is boolean"));
        assert!(fault(vec![label(), Column::float("x", vec![1.0])]).contains("column \"label\" is where"));
        assert!(fault(vec![Column::float("x", vec![1.0])]).contains("column \"label\" is missing"));
        let surplus = vec![Column::float("x", vec![1.0]), label(), Column::float("y", vec![1.0])];
        assert!(fault(surplus).contains("column \"y\" is not in the first piece"));
        let large = vec![Column::integer("x", vec![(1 << 53) + 1]), label()];
        assert!(fault(large).contains("column \"x\" row 0 is 9007199254740993"));
    }
}
