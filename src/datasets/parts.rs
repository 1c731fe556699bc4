//! Cutting rows into files, by the rows alone: a part ends before the row that would make it too large.

use super::concat::concat;
use crate::data::{Table, Values};
use crate::error::Result;
use arrow_array::Array;

/// Most bytes of a part, counted as [`size_of_rows`] does; Parquet's encoding adds less than as much again.
pub(super) const PART_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes of all rows: 8 for a number, 1 for a truth value, 4 and its UTF-8 for a text.
pub(super) fn size_of_rows(table: &Table) -> u64 {
    (0..table.n_rows()).map(|row| size_of_row(table, row)).sum()
}

fn size_of_row(table: &Table, row: usize) -> u64 {
    let size = |values: &Values| match values {
        Values::Float(_) | Values::Integer(_) => 8,
        Values::Boolean(_) => 1,
        Values::Text(array) if array.is_null(row) => 4,
        Values::Text(array) => 4 + array.value_length(row).unsigned_abs() as u64,
    };
    table.columns().iter().map(|column| size(&column.values)).sum()
}

/// Takes rows in pieces and gives them back in parts.
pub(super) struct Cutter {
    part_bytes: u64,
    waiting: Vec<Table>,
    waiting_bytes: u64,
}

impl Cutter {
    pub(super) fn new(part_bytes: u64) -> Self {
        Self { part_bytes, waiting: Vec::new(), waiting_bytes: 0 }
    }

    /// Takes the next rows; the result is the parts that they complete.
    pub(super) fn push(&mut self, table: &Table) -> Result<Vec<Table>> {
        let (mut parts, mut from) = (Vec::new(), 0);
        for row in 0..table.n_rows() {
            let size = size_of_row(table, row);
            if self.waiting_bytes > 0 && self.waiting_bytes + size > self.part_bytes {
                self.keep(table, from, row);
                parts.extend(self.finish()?);
                from = row;
            }
            self.waiting_bytes += size;
        }
        self.keep(table, from, table.n_rows());
        Ok(parts)
    }

    /// The last part.
    pub(super) fn finish(&mut self) -> Result<Option<Table>> {
        self.waiting_bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() { Ok(None) } else { concat(&waiting).map(Some) }
    }

    fn keep(&mut self, table: &Table, from: usize, to: usize) {
        if from < to {
            self.waiting.push(table.slice(from, to - from));
        }
    }
}
