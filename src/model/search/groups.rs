//! Groups of rows that stay together.

use super::folds::part_at;
use crate::data::Table;
use crate::error::{Error, Result, quotable};
use crate::model::random::Chance;
use crate::model::targets::classes_of;

/// The group of each row that counts, counted from 0 in ascending order of what the column says.
///
/// # Errors
/// [`Error::InvalidArgument`] if a row has none.
pub(super) fn read(name: &str, table: &Table, counted: Option<&[usize]>) -> Result<Vec<usize>> {
    let column = table.column(name).ok_or_else(|| Error::internal("a checked column of groups is gone"))?;
    if let Some(row) = column.first_missing() {
        return Err(Error::invalid(format!(
            "group {:?} row {row} is missing; name a group, or leave the row out",
            quotable(name)
        )));
    }
    let all = classes_of(column).0;
    let there: Vec<usize> = counted.map_or_else(|| all.to_vec(), |rows| rows.iter().map(|row| all[*row]).collect());
    let mut distinct = there.clone();
    distinct.sort_unstable();
    distinct.dedup();
    Ok(there.iter().map(|group| distinct.partition_point(|it| it < group)).collect())
}

/// The part of each row: the largest groups first, each into the part that has the fewest rows; by chance, parts of as many groups.
pub(super) fn parts(of_row: &[usize], n_splits: usize, chance: Option<Chance>) -> Result<Vec<usize>> {
    let n_groups = of_row.iter().max().map_or(0, |last| last + 1);
    if n_splits > n_groups {
        return Err(Error::invalid(format!("there are {n_groups} groups and n_splits is {n_splits}; use fewer folds")));
    }
    let mut order: Vec<usize> = (0..n_groups).collect();
    let mut part_of_group = vec![0; n_groups];
    if let Some(chance) = chance {
        chance.sort(&mut order);
        order.iter().enumerate().for_each(|(at, group)| part_of_group[*group] = part_at(at, n_groups, n_splits));
    } else {
        let mut n_rows = vec![0_usize; n_groups];
        of_row.iter().for_each(|group| n_rows[*group] += 1);
        // Of groups of equal size the last one first, as scikit-learn has it.
        order.sort_by_key(|group| std::cmp::Reverse((n_rows[*group], *group)));
        let mut filled = vec![0; n_splits];
        for group in order {
            let lightest = (0..n_splits).min_by_key(|part| filled[*part]).unwrap_or(0);
            filled[lightest] += n_rows[group];
            part_of_group[group] = lightest;
        }
    }
    Ok(of_row.iter().map(|group| part_of_group[*group]).collect())
}
