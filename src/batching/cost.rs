//! What a model costs: a part for each run and a part for each row, learned from the runs. Arithmetic only.
//!
//! Runs are kept apart by size, so that a million runs of one row do not wipe out what one run of a thousand has told.
//! Through the means of the sizes goes a line, found by least squares.

use std::time::Duration;

/// Sizes: 0, 1 to 3, 4 to 15, 16 to 63, … rows; the last one has no end.
const SIZES: usize = 13;
/// The share in the mean of its size of a new run that was faster, and of one that was slower. Caches that are cold and threads
/// that wait for a core make a run slower than it is, and nothing makes it faster.
const SHARES: (f64, f64) = (1.0 / 4.0, 1.0 / 16.0);
/// A run that takes this many times what is usual was held up by something else, and counts as this much; one that takes
/// as little of it shows that the mean was held up.
const UNUSUAL: f64 = 4.0;
/// Runs from which on the mean of a size counts in full. The first ones are the slowest, and a size may never be seen again.
const KNOWN: f64 = 32.0;
/// The weight of "no rows cost nothing" beside the runs. It decides only where all runs had the same size: then it makes
/// the cost grow with the rows, so that what was never seen is thought too expensive rather than too cheap.
const ANCHOR: f64 = 1e-6;
/// Small runs are so short that learning from each would be felt: one in so many has to do, after the first ones.
const LEARN_EVERY: u32 = 8;

/// What a run costs, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Estimate {
    /// Whatever its rows.
    pub(super) fixed: f64,
    /// Each of its rows.
    pub(super) per_row: f64,
}

impl Estimate {
    /// Of a run of this many rows.
    pub(super) fn of(self, rows: usize) -> Duration {
        Duration::from_nanos((self.fixed + self.per_row * rows as f64) as u64)
    }

    /// Of a run, whatever its rows.
    pub(super) fn run(self) -> Duration {
        Duration::from_nanos(self.fixed as u64)
    }

    /// Rows whose run takes this long; 0 if not even one does.
    pub(super) fn rows_within(self, time: Duration) -> usize {
        let left = time.as_nanos() as f64 - self.fixed;
        if left <= 0.0 { 0 } else { (left / self.per_row.max(f64::MIN_POSITIVE)) as usize }
    }
}

/// Whether to learn from a run of so many rows, of a model that so many runs have been learned from; `drawn` is another number
/// for each run.
pub(super) fn is_telling(rows: usize, known: u32, drawn: u32) -> bool {
    rows >= 16 || known < 16 || drawn.is_multiple_of(LEARN_EVERY)
}

/// What the runs of a model have told so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    sizes: [Option<Mean>; SIZES],
}

/// The usual run of a size.
#[derive(Clone, Copy, Debug)]
struct Mean {
    rows: f64,
    nanos: f64,
    /// Runs it was learned from, up to [`KNOWN`].
    runs: f64,
}

impl Runs {
    /// Takes a run into account.
    pub(super) fn learn(&mut self, rows: usize, took: Duration) {
        let (rows, nanos) = (rows as f64, took.as_secs_f64() * 1e9);
        let mean = &mut self.sizes[size(rows as usize)];
        *mean = Some(mean.map_or(Mean { rows, nanos, runs: 1.0 }, |mean| mean.and(rows, nanos)));
    }

    /// The means, of which none costs more than one of more rows that is known as well: it was held up, then.
    fn unheld(&self) -> impl Iterator<Item = Mean> {
        self.sizes.iter().enumerate().filter_map(|(size, mean)| {
            let mean = (*mean)?;
            let larger = self.sizes[size + 1..].iter().flatten().filter(|larger| larger.runs >= mean.runs);
            Some(Mean { nanos: larger.fold(mean.nanos, |least, larger| least.min(larger.nanos)), ..mean })
        })
    }

    /// What the next run costs; `None` before the first one.
    ///
    /// Weighted least squares over the means: a mean counts by its runs, and by the square of what it costs for each row, so that
    /// it is the relative error that is kept small.
    pub(super) fn estimate(&self) -> Option<Estimate> {
        let (mut weight, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for Mean { rows, nanos, runs } in self.unheld() {
            let own = runs / ((1.0 + rows) * (1.0 + rows));
            (weight, x, y) = (weight + own, x + own * rows, y + own * nanos);
            (xx, xy) = (xx + own * rows * rows, xy + own * rows * nanos);
        }
        if weight == 0.0 {
            return None;
        }
        let anchored = weight * (1.0 + ANCHOR);
        let spread = anchored * xx - x * x;
        let slope = if spread > 0.0 { (anchored * xy - x * y) / spread } else { 0.0 };
        Some(match (slope, y - slope * x) {
            (slope, _) if slope < 0.0 => Estimate { fixed: y / weight, per_row: 0.0 },
            (_, rest) if rest < 0.0 => Estimate { fixed: 0.0, per_row: xy / xx },
            (slope, rest) => Estimate { fixed: rest / anchored, per_row: slope },
        })
    }
}

impl Mean {
    /// The mean with one more run in it.
    fn and(self, rows: f64, nanos: f64) -> Self {
        let usual = self.nanos * (1.0 + rows) / (1.0 + self.rows);
        let (faster, slower) = SHARES;
        let share = match nanos / usual {
            ratio if ratio * UNUSUAL < 1.0 => 0.5,
            ratio if ratio < 1.0 => faster,
            _ => slower,
        };
        let nanos = nanos.min(UNUSUAL * usual.max(1.0));
        let runs = (self.runs + 1.0).min(KNOWN);
        Self { rows: self.rows + share * (rows - self.rows), nanos: self.nanos + share * (nanos - self.nanos), runs }
    }
}

fn size(rows: usize) -> usize {
    ((usize::BITS - rows.leading_zeros()).div_ceil(2) as usize).min(SIZES - 1)
}
