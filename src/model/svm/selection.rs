//! Looks through all rows for the two that a step moves.
//!
//! Both passes go block by block with eight comparisons side by side, and then find the place in the best block, the first one
//! of equals. So they take an instruction or two for a row, and what they find does not depend on how they look.

/// Rows of a block, a multiple of [`LANES`].
const BLOCK: usize = 64;
const LANES: usize = 8;
/// What a curvature that is not positive counts as, as in libsvm.
pub(super) const FLATTEST: f64 = 1e-12;

/// What rows would like: to go up to `up`, or down to `down`. Those that cannot have an infinity there.
#[derive(Debug)]
pub(super) struct Wishes {
    /// Scores, `sum_j beta_j k(x_j, x_i)`.
    pub(super) scores: Vec<f64>,
    pub(super) up: Vec<f64>,
    pub(super) down: Vec<f64>,
}

/// The ends of the wishes; no row wants to move if `highest` is at most `lowest`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gap {
    /// `max (up - score)`, and the first row where it is.
    pub(super) highest: f64,
    pub(super) at: usize,
    /// `min (down - score)`
    pub(super) lowest: f64,
}

impl Gap {
    pub(super) fn width(self) -> f64 {
        self.highest - self.lowest
    }
}

fn larger(one: f64, other: f64) -> f64 {
    if one > other { one } else { other }
}

fn smaller(one: f64, other: f64) -> f64 {
    if one < other { one } else { other }
}

impl Wishes {
    /// Adds `step * (one - other)` to the scores of as many rows as the columns have, and looks at them.
    pub(super) fn advance(&mut self, step: f64, one: &[f64], other: &[f64]) -> Gap {
        let n = one.len();
        let (scores, up, down) = (&mut self.scores[..n], &self.up[..n], &self.down[..n]);
        let (mut best, mut best_block, mut lowest) = (f64::NEG_INFINITY, 0, f64::INFINITY);
        let columns = one.chunks(BLOCK).zip(other.chunks(BLOCK));
        let blocks = scores.chunks_mut(BLOCK).zip(up.chunks(BLOCK)).zip(down.chunks(BLOCK)).zip(columns);
        for (number, (((scores, up), down), (one, other))) in blocks.enumerate() {
            let (highest, least) = advance_block(step, scores, [up, down, one, other]);
            lowest = smaller(least, lowest);
            if highest > best {
                (best, best_block) = (highest, number * BLOCK);
            }
        }
        let is_best = |at: &usize| up[*at] - scores[*at] >= best;
        let at = (best_block..n.min(best_block + BLOCK)).find(is_best).unwrap_or(best_block);
        Gap { highest: best, at, lowest }
    }

    /// The row that goes down while the one at `gap.at` goes up: of those that want to the first one with which the sum to
    /// minimise falls most. `column` and `diagonal` are its kernels, and those of rows with themselves.
    pub(super) fn partner(&self, gap: Gap, column: &[f64], diagonal: &[f64]) -> usize {
        let n = column.len();
        let (scores, down, diagonal) = (&self.scores[..n], &self.down[..n], &diagonal[..n]);
        let own = diagonal[gap.at];
        let gain = |score: f64, down: f64, diagonal: f64, kernel: f64| {
            let distance = larger(gap.highest - (down - score), 0.0);
            let curvature = own + diagonal - 2.0 * kernel;
            distance * distance / if curvature > 0.0 { curvature } else { FLATTEST }
        };
        let (mut best, mut best_block) = (0.0, 0);
        let rows = scores.chunks(BLOCK).zip(down.chunks(BLOCK)).zip(diagonal.chunks(BLOCK)).zip(column.chunks(BLOCK));
        for (number, (((scores, down), diagonal), column)) in rows.enumerate() {
            let most = most_of_block([scores, down, diagonal, column], gain);
            if most > best {
                (best, best_block) = (most, number * BLOCK);
            }
        }
        let is_best = |at: &usize| gain(scores[*at], down[*at], diagonal[*at], column[*at]) >= best;
        (best_block..n.min(best_block + BLOCK)).find(is_best).unwrap_or(best_block)
    }
}

/// The highest and lowest wish of a block whose scores have moved.
fn advance_block(step: f64, scores: &mut [f64], [up, down, one, other]: [&[f64]; 4]) -> (f64, f64) {
    let (mut highest, mut lowest) = ([f64::NEG_INFINITY; LANES], [f64::INFINITY; LANES]);
    let ((ups, up), (downs, down)) = (up.as_chunks::<LANES>(), down.as_chunks::<LANES>());
    let ((ones, one), (others, other)) = (one.as_chunks::<LANES>(), other.as_chunks::<LANES>());
    let (chunks, scores) = scores.as_chunks_mut::<LANES>();
    let mut look = |scores: &mut [f64], up: &[f64], down: &[f64], one: &[f64], other: &[f64]| {
        let columns = one.iter().zip(other);
        let lanes = scores.iter_mut().zip(up.iter().zip(down)).zip(columns).zip(highest.iter_mut().zip(&mut lowest));
        for (((score, (up, down)), (one, other)), (highest, lowest)) in lanes {
            *score += step * (one - other);
            *highest = larger(up - *score, *highest);
            *lowest = smaller(down - *score, *lowest);
        }
    };
    for ((((scores, up), down), one), other) in chunks.iter_mut().zip(ups).zip(downs).zip(ones).zip(others) {
        look(scores, up, down, one, other);
    }
    look(scores, up, down, one, other);
    let least = lowest.into_iter().fold(f64::INFINITY, smaller);
    (highest.into_iter().fold(f64::NEG_INFINITY, larger), least)
}

/// The most that a row of a block gains.
fn most_of_block([scores, down, diagonal, column]: [&[f64]; 4], gain: impl Fn(f64, f64, f64, f64) -> f64) -> f64 {
    let mut most = [0.0; LANES];
    let ((score_chunks, scores), (downs, down)) = (scores.as_chunks::<LANES>(), down.as_chunks::<LANES>());
    let ((diagonals, diagonal), (columns, column)) = (diagonal.as_chunks::<LANES>(), column.as_chunks::<LANES>());
    let mut look = |scores: &[f64], down: &[f64], diagonal: &[f64], column: &[f64]| {
        let lanes = scores.iter().zip(down).zip(diagonal.iter().zip(column)).zip(&mut most);
        for (((score, down), (diagonal, kernel)), most) in lanes {
            *most = larger(gain(*score, *down, *diagonal, *kernel), *most);
        }
    };
    for (((scores, down), diagonal), column) in score_chunks.iter().zip(downs).zip(diagonals).zip(columns) {
        look(scores, down, diagonal, column);
    }
    look(scores, down, diagonal, column);
    most.into_iter().fold(0.0, larger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wishes(n: usize, seed: u64) -> (Wishes, [Vec<f64>; 3]) {
        // Few values, so that there are equals.
        let value =
            |at: usize, of: u64| (((at as u64 + 1) * (seed + of)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 59) as f64;
        let values = |of: u64| (0..n).map(|at| value(at, of)).collect::<Vec<_>>();
        let up = (0..n).map(|at| if value(at, 1) > 20.0 { f64::NEG_INFINITY } else { value(at, 2) }).collect();
        let down = (0..n).map(|at| if value(at, 3) > 20.0 { f64::INFINITY } else { value(at, 4) }).collect();
        (Wishes { scores: values(5), up, down }, [values(6), values(7), values(8)])
    }

    proptest! {
        #[test]
        fn what_is_found_in_blocks_is_what_is_found_row_by_row(n in 1usize..200, seed in 0u64..1000) {
            let (mut wishes, [one, other, diagonal]) = wishes(n, seed);
            let scores: Vec<f64> = (0..n).map(|at| wishes.scores[at] + 0.5 * (one[at] - other[at])).collect();
            let highest = (0..n).map(|at| wishes.up[at] - scores[at]).fold(f64::NEG_INFINITY, f64::max);
            let lowest = (0..n).map(|at| wishes.down[at] - scores[at]).fold(f64::INFINITY, f64::min);
            let at = (0..n).find(|at| wishes.up[*at] - scores[*at] == highest).unwrap();

            let gap = wishes.advance(0.5, &one, &other);

            prop_assert_eq!(gap, Gap { highest, at, lowest });
            prop_assert_eq!(&wishes.scores, &scores);
            if gap.width() > 0.0 {
                let gain = |it: usize| {
                    let distance = (highest - (wishes.down[it] - scores[it])).max(0.0);
                    let curvature = diagonal[at] + diagonal[it] - 2.0 * one[it];
                    distance * distance / if curvature > 0.0 { curvature } else { FLATTEST }
                };
                let most = (0..n).map(gain).fold(0.0, f64::max);
                prop_assert_eq!(wishes.partner(gap, &one, &diagonal), (0..n).find(|it| gain(*it) == most).unwrap());
            }
        }
    }
}
