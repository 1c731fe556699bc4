//! What wakes a task seldom, while the task has turns all the time.

mod ringing;

#[cfg(test)]
mod shuttled;
#[cfg(test)]
mod tests;

pub(super) use ringing::Bell;

/// What the concurrent part stands on. A test puts another one in its place, which plays every order of events.
mod sync {
    pub(super) use std::sync::atomic::{AtomicBool, Ordering};
}
