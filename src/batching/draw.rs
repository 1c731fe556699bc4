//! Chance, for what is done now and then.

use std::cell::Cell;

/// A number that differs from call to call of this thread: threads that drew from one source would wait for each other, and models
/// that are asked in turn would be treated in turn if it only counted. The source is Marsaglia's xorshift, J. Stat. Soft. 8 (2003).
pub(super) fn draw() -> u32 {
    thread_local! {
        static LAST: Cell<u32> = const { Cell::new(0x9e37_79b9) };
    }
    let mut drawn = LAST.get();
    drawn ^= drawn << 13;
    drawn ^= drawn >> 17;
    drawn ^= drawn << 5;
    LAST.replace(drawn)
}
