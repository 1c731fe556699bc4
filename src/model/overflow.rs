//! Who is to blame where sums over rows leave the range of floats: the largest number that went into them, by its name.

use super::columns::Columns;
use super::{Rows, Schema};
use crate::error::{Error, quotable};

/// An error of overflow with the name and the value of the largest number of these rows; any other error as it is.
pub(super) fn blamed(error: Error, rows: &Rows<'_>, columns: &Columns, schema: &Schema) -> Error {
    let Error::Overflow { what, advice } = error else { return error };
    let ranges = rows.ranges();
    let columns = columns.names().zip(ranges.iter().map(|(least, most)| least.abs().max(most.abs())));
    let column = columns.max_by(|(_, one), (_, other)| one.total_cmp(other));
    match (column, target(rows, schema)) {
        (Some((_, largest)), Some((name, reached))) if reached > largest => Error::invalid(format!(
            "{what}; target {:?} reaches {reached:e}: divide it, for example so that its values are around 1",
            quotable(name)
        )),
        (Some((name, largest)), _) => {
            Error::invalid(format!("{what}; column {:?} reaches {largest:e}: {advice}", quotable(name)))
        }
        _ => Error::Overflow { what, advice },
    }
}

/// The target of the largest number, and that number, where targets are numbers.
fn target<'s>(rows: &Rows<'_>, schema: &'s Schema) -> Option<(&'s str, f64)> {
    let (values, n_targets) = rows.targets.numbers().ok()?;
    let names = schema.target.iter().chain(&schema.targets).map(|target| target.name.as_str());
    let reached = |at| values.iter().skip(at).step_by(n_targets).fold(0.0, |most: f64, value| most.max(value.abs()));
    names.enumerate().map(|(at, name)| (name, reached(at))).max_by(|(_, one), (_, other)| one.total_cmp(other))
}
