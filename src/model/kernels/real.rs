//! The numbers that a kernel computes in.

use std::fmt::Debug;
use std::ops::{Add, Mul, Sub};

/// Numbers of a block, unless rows are long: few enough that they stay in the cache nearest to the processor, and on the stack.
const BLOCK: usize = 1024;
/// Rows of a block at least, a multiple of four: what a model has learned is read once for each block, and may be larger than the
/// caches of a core.
const FEWEST_ROWS: usize = 16;

/// `f64` or `f32`.
pub(in crate::model) trait Real:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Send
    + Sync
    + 'static
{
    /// The nearest of them; beyond their range the outermost.
    fn rounded(value: f64) -> Self;

    /// The same number.
    fn widened(self) -> f64;

    /// Without its sign.
    fn magnitude(self) -> Self;

    /// Hands over rows, each of `width` numbers, rounded, some at a time. All but the last time it is a multiple of four rows.
    fn in_blocks(rows: &[f64], width: usize, each: impl FnMut(&[Self]));
}

impl Real for f64 {
    fn rounded(value: f64) -> Self {
        value
    }

    fn widened(self) -> f64 {
        self
    }

    fn magnitude(self) -> Self {
        self.abs()
    }

    fn in_blocks(rows: &[f64], width: usize, each: impl FnMut(&[Self])) {
        rows.chunks(block_length(width)).for_each(each);
    }
}

impl Real for f32 {
    fn rounded(value: f64) -> Self {
        value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
    }

    fn widened(self) -> f64 {
        self.into()
    }

    fn magnitude(self) -> Self {
        self.abs()
    }

    fn in_blocks(rows: &[f64], width: usize, mut each: impl FnMut(&[Self])) {
        let (mut near, mut far) = ([0.0; BLOCK], vec![]);
        let length = block_length(width);
        let block = if length.min(rows.len()) <= BLOCK {
            &mut near[..]
        } else {
            far.resize(length.min(rows.len()), 0.0);
            &mut far[..]
        };
        for rows in rows.chunks(length) {
            let block = &mut block[..rows.len()];
            block.iter_mut().zip(rows).for_each(|(rounded, value)| *rounded = Self::rounded(*value));
            each(block);
        }
    }
}

/// How many numbers a block has.
fn block_length(width: usize) -> usize {
    let width = width.max(1);
    (BLOCK / width / 4 * 4).max(FEWEST_ROWS) * width
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_beyond_the_range_of_f32_is_its_outermost_number() {
        assert_eq!([1e300, -1e300, 0.1].map(f32::rounded), [f32::MAX, f32::MIN, 0.1]);
    }

    proptest! {
        #[test]
        fn blocks_are_all_rows_in_their_order(width in 1usize..700, n_rows in 0usize..300) {
            let rows: Vec<f64> = (0..width * n_rows).map(|it| it as f64).collect();
            let (mut wide, mut narrow) = (vec![], vec![]);

            f64::in_blocks(&rows, width, |block| wide.extend_from_slice(block));
            f32::in_blocks(&rows, width, |block| narrow.extend(block.iter().map(|it| it.widened())));

            prop_assert!(wide == rows && narrow == rows);
        }
    }
}
