//! Tunes the batches of a model towards the latency that its user asked for. Arithmetic only.
//!
//! Answers are looked at in windows. If more than one in a hundred of a window was later than the target, rows wait shorter
//! for others, and batches become smaller where their own length is what is late; a queue that is too long is not helped by
//! small batches, which cost more, but by refusing what would wait too long. Where there is time left, they grow again.

use std::time::Duration;

/// Answers of a window.
const WINDOW: u32 = 200;
/// How many of them may be late: one in a hundred.
const MAY_BE_LATE: u32 = WINDOW / 100;
/// Part of the target that a batch may take before it is the batch that makes answers late.
const BATCH_SHARE: f64 = 0.25;
/// With this part of the target unused there is time left.
const NEAR: f64 = 0.75;
/// Delays below this are none.
const SHORTEST_DELAY: Duration = Duration::from_micros(100);

/// What was decided after a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Smaller batches, or a shorter delay.
    Shrink,
    /// Larger ones.
    Grow,
    /// As they are.
    Hold,
}

/// Size and delay of the batches of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) delay: Duration,
}

/// The state of the tuning.
#[derive(Clone, Debug)]
pub(super) struct Tuning {
    target: Duration,
    most: Size,
    size: Size,
    window: Window,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    answers: u32,
    late: u32,
    nearly_late: u32,
}

impl Tuning {
    /// Begins with the largest batches.
    pub(super) fn new(target: Duration, most: Size) -> Self {
        Self { target, most, size: most, window: Window::default() }
    }

    /// As batches should be now.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Takes into account how long an answer took; `cost` tells what a batch of so many rows takes. Decides at the end of a
    /// window.
    pub(super) fn observe(&mut self, latency: Duration, cost: impl Fn(usize) -> Duration) -> Option<Step> {
        let window = &mut self.window;
        window.answers += 1;
        window.late += u32::from(latency > self.target);
        window.nearly_late += u32::from(latency > self.target.mul_f64(NEAR));
        if window.answers < WINDOW {
            return None;
        }
        let before = self.size;
        self.size = match std::mem::take(window) {
            Window { late, .. } if late > MAY_BE_LATE => self.smaller(cost(before.rows)),
            Window { nearly_late, .. } if nearly_late <= MAY_BE_LATE => self.larger(),
            _ => before,
        };
        Some(match (self.size.rows, self.size.delay) {
            (rows, delay) if rows < before.rows || delay < before.delay => Step::Shrink,
            (rows, delay) if rows > before.rows || delay > before.delay => Step::Grow,
            _ => Step::Hold,
        })
    }

    fn smaller(&self, batch: Duration) -> Size {
        let Size { rows, delay } = self.size;
        let is_batch_long = batch > self.target.mul_f64(BATCH_SHARE);
        let delay = if delay / 2 < SHORTEST_DELAY { Duration::ZERO } else { delay / 2 };
        Size { rows: if is_batch_long { (rows - rows.div_ceil(4)).max(1) } else { rows }, delay }
    }

    fn larger(&self) -> Size {
        let (Size { rows, delay }, most) = (self.size, self.most);
        Size { rows: (rows + rows.div_ceil(8)).min(most.rows), delay: (delay + most.delay / 8).min(most.delay) }
    }
}
