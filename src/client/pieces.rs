//! Rows cut into pieces that fit a call.

use crate::data::{Table, Values};
use arrow_array::Array;
use std::ops::Range;

/// Most bytes of rows in one call; what is larger goes in pieces.
pub const MAX_PIECE_BYTES: usize = 8 << 20;

/// Consecutive rows, all of them, in ranges of at most `max_bytes` each as they travel. A row that is larger than that has
/// a range of its own. A table without rows has none.
pub fn pieces(table: &Table, max_bytes: usize) -> Vec<Range<usize>> {
    let (mut ranges, mut start, mut bytes) = (vec![], 0, 0);
    for row in 0..table.n_rows() {
        let more = row_bytes(table, row);
        if bytes + more > max_bytes && row > start {
            ranges.push(start..row);
            (start, bytes) = (row, 0);
        }
        bytes += more;
    }
    if start < table.n_rows() {
        ranges.push(start..table.n_rows());
    }
    ranges
}

/// Bytes of all rows as they travel.
pub fn encoded_bytes(table: &Table) -> usize {
    (0..table.n_rows()).map(|row| row_bytes(table, row)).sum()
}

fn row_bytes(table: &Table, row: usize) -> usize {
    let value_bytes = |values: &Values| match values {
        Values::Float(_) | Values::Integer(_) => 8,
        Values::Boolean(_) => 1,
        Values::Text(array) if array.is_null(row) => 4,
        Values::Text(array) => 4 + array.value(row).len(),
    };
    // The bitmap of what is missing has a bit a value; a byte is enough for it.
    table.columns().iter().map(|column| 1 + value_bytes(&column.values)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;
    use crate::wire::convert::table_to;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn table(texts: &[String]) -> Table {
        let numbers = vec![1.0; texts.len()];
        Table::new(vec![Column::float("a", numbers), Column::text("b", texts)]).unwrap()
    }

    fn sent_bytes(table: &Table) -> usize {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let columns = table_to(table).columns.unwrap();
        columns
            .iter()
            .map(|it| {
                let tensor = it.tensor.as_ref().map_or(0, |tensor| length(&tensor.data));
                tensor + length(&it.text_data) + length(&it.text_offsets) + length(&it.missing)
            })
            .sum()
    }

    proptest! {
        #[test]
        fn pieces_follow_each_other_and_keep_to_the_limit(texts in proptest::collection::vec("[a-z]{0,30}", 0..40), limit in 1usize..200) {
            let table = table(&texts);

            let ranges = pieces(&table, limit);

            prop_assert_eq!(ranges.iter().flat_map(Clone::clone).collect::<Vec<_>>(), (0..texts.len()).collect::<Vec<_>>());
            for range in ranges {
                let piece = table.slice(range.start, range.len());
                prop_assert!(range.len() == 1 || sent_bytes(&piece) <= limit + 4, "{range:?}"); // 4: the offset before the first
            }
        }
    }
}
