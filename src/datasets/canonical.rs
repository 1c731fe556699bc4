//! The hash of rows, whatever pieces and files they are in.
//!
//! Canonical form: SHA-256 over the number of rows (u64) and, for each column in order, the length of its name (u64),
//! its name, a byte for its type (0 float, 1 integer, 2 boolean, 3 text) and the SHA-256 of its values. Those are,
//! one after the other, a byte 0 where the value is missing, else a byte 1 and the value: the bits of an f64, an i64,
//! a byte 0 or 1, or the length of a text (u64) and its UTF-8. All numbers are little-endian.

use crate::data::{ColumnSchema, ColumnType, Table, Values};
use crate::storage::hex;
use sha2::{Digest, Sha256};

/// SHA-256 of rows, in hex. It depends on the columns and the values and on nothing else.
pub fn rows_sha256(table: &Table) -> String {
    let schema = table.schema();
    let mut rows = RowsHash::new(&schema);
    rows.update(table);
    rows.finish(&schema)
}

/// The hash of rows that come in pieces.
pub(super) struct RowsHash {
    n_rows: u64,
    columns: Vec<Sha256>,
}

impl RowsHash {
    pub(super) fn new(schema: &[ColumnSchema]) -> Self {
        Self { n_rows: 0, columns: vec![Sha256::new(); schema.len()] }
    }

    /// Takes the next rows, which have the columns that this was made for.
    pub(super) fn update(&mut self, table: &Table) {
        self.n_rows += table.n_rows() as u64;
        for (hash, column) in self.columns.iter_mut().zip(table.columns()) {
            update(hash, &column.values);
        }
    }

    pub(super) fn finish(self, schema: &[ColumnSchema]) -> String {
        let mut whole = Sha256::new_with_prefix(self.n_rows.to_le_bytes());
        for (values, column) in self.columns.into_iter().zip(schema) {
            whole.update((column.name.len() as u64).to_le_bytes());
            whole.update(&column.name);
            whole.update([tag(column.column_type)]);
            whole.update(values.finalize());
        }
        hex(&whole.finalize())
    }
}

fn tag(column_type: ColumnType) -> u8 {
    match column_type {
        ColumnType::Float => 0,
        ColumnType::Integer => 1,
        ColumnType::Boolean => 2,
        ColumnType::Text => 3,
    }
}

fn update(hash: &mut Sha256, values: &Values) {
    match values {
        Values::Float(array) => each(hash, array.iter(), |value, bytes| bytes.extend(value.to_le_bytes())),
        Values::Integer(array) => each(hash, array.iter(), |value, bytes| bytes.extend(value.to_le_bytes())),
        Values::Boolean(array) => each(hash, array.iter(), |value, bytes| bytes.push(u8::from(value))),
        Values::Text(array) => each(hash, array.iter(), |value, bytes| {
            bytes.extend((value.len() as u64).to_le_bytes());
            bytes.extend(value.as_bytes());
        }),
    }
}

fn each<T>(hash: &mut Sha256, values: impl Iterator<Item = Option<T>>, write: impl Fn(T, &mut Vec<u8>)) {
    /// Hashing a few bytes at a time would take several times as long.
    const ENOUGH: usize = 16 * 1024;
    let mut bytes = Vec::with_capacity(2 * ENOUGH);
    for value in values {
        bytes.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(value, &mut bytes);
        }
        if bytes.len() >= ENOUGH {
            hash.update(&bytes);
            bytes.clear();
        }
    }
    hash.update(&bytes);
}
