//! Rows that are predicted between two questions.

use std::ops::Range;
use std::time::{Duration, Instant};

/// The most: a model answers a number for each class or centre of each row.
pub const CHUNK: usize = 4_096;
/// So many are the first.
const FIRST: usize = 64;
/// What fewer rows than the most should take: who wants to stop waits no longer.
const LONG_ENOUGH: Duration = Duration::from_millis(50);

/// Ranges of rows that follow each other, each twice as long as the one before, or half, by the time that was taken. What a model
/// answers to a row is the same in each of them.
#[derive(Debug)]
pub(in crate::model) struct Chunks {
    n_rows: usize,
    next: usize,
    size: usize,
    begun: Option<Instant>,
}

impl Chunks {
    pub(in crate::model) fn of(n_rows: usize) -> Self {
        Self { n_rows, next: 0, size: FIRST, begun: None }
    }
}

impl Iterator for Chunks {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if let Some(begun) = self.begun.replace(Instant::now()) {
            self.size = after(self.size, begun.elapsed());
        }
        let chunk = self.next..self.n_rows.min(self.next + self.size);
        self.next = chunk.end;
        (!chunk.is_empty()).then_some(chunk)
    }
}

/// The size of the next chunk after one of this size.
fn after(size: usize, took: Duration) -> usize {
    let next = if took < LONG_ENOUGH { size * 2 } else { size / 2 };
    next.clamp(1, CHUNK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_have_each_row_once_in_order() {
        for n_rows in [0, 1, FIRST, FIRST + 1, 3 * CHUNK + 5] {
            let rows: Vec<usize> = Chunks::of(n_rows).flatten().collect();

            assert_eq!(rows, (0..n_rows).collect::<Vec<_>>());
        }
    }

    #[test]
    fn rows_that_take_long_come_in_smaller_chunks_and_others_in_larger_ones() {
        let (short, long) = (Duration::from_millis(1), Duration::from_secs(1));

        assert_eq!([after(FIRST, short), after(FIRST, long)], [2 * FIRST, FIRST / 2]);
        assert_eq!([after(CHUNK, short), after(1, long)], [CHUNK, 1]);
    }
}
