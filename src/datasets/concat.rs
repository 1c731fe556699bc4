//! Tables one below the other.

use crate::data::{Column, Table, Values};
use crate::error::{Error, Result};

/// One table of the rows of all, which have the same columns.
///
/// # Errors
/// [`Error::FailedPrecondition`] if a text column gets more than 2 GiB, which is all that its offsets can count.
pub(super) fn concat(tables: &[Table]) -> Result<Table> {
    if let [only] = tables {
        return Ok(only.clone());
    }
    let first = tables.first().ok_or_else(|| Error::internal("there are no rows to put together"))?;
    let columns = (0..first.columns().len()).map(|at| {
        let pieces: Vec<_> = tables.iter().map(|table| &table.columns()[at]).collect();
        Ok(Column { name: pieces[0].name.clone(), values: values(&pieces)? })
    });
    Table::new(columns.collect::<Result<_>>()?)
}

/// The values of every piece that has this type; that all have it was checked when they came.
macro_rules! of_type {
    ($type:ident, $pieces:ident) => {
        $pieces.iter().filter_map(|piece| match &piece.values {
            Values::$type(array) => Some(array),
            _ => None,
        })
    };
}

fn values(pieces: &[&Column]) -> Result<Values> {
    Ok(match &pieces[0].values {
        Values::Float(_) => Values::Float(of_type!(Float, pieces).flatten().collect()),
        Values::Integer(_) => Values::Integer(of_type!(Integer, pieces).flatten().collect()),
        Values::Boolean(_) => Values::Boolean(of_type!(Boolean, pieces).flatten().collect()),
        Values::Text(_) => {
            let bytes: usize = of_type!(Text, pieces).flatten().flatten().map(str::len).sum();
            if i32::try_from(bytes).is_err() {
                let name = &pieces[0].name;
                return Err(Error::precondition(format!(
                    "column {name:?} has {bytes} bytes of text; 2 GiB can be read"
                )));
            }
            Values::Text(of_type!(Text, pieces).flatten().collect())
        }
    })
}
