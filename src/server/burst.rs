//! Replies that are written together.

use super::Phase;
use super::calls::Calls;
use crate::wire::Held;
use bytes::Bytes;
use std::cell::Cell;
use std::sync::Arc;

/// Replies are gathered up to this size, so that a burst of calls is answered by one write.
pub(super) const BURST_BYTES: usize = 64 * 1024;
/// A reply from this size on is written from where it stands.
const LARGE_BYTES: usize = 16 * 1024;

/// All replies that are ready, so that a burst of calls is answered by one write.
pub(super) struct Burst {
    bytes: Gathered,
    /// The connection is closed after them.
    pub(super) close: bool,
    /// Until they have been written.
    _held: Vec<Arc<Held>>,
}

enum Gathered {
    Small(Scratch),
    /// One reply that is not moved.
    Large(Bytes),
}

impl Burst {
    /// The answers that are ready, as many as belong into one write; `None` if there is none.
    pub(super) fn of(calls: &mut Calls<'_>, phase: Phase) -> Option<Self> {
        let mut next = Some(calls.ready()?);
        let (mut all, mut close, mut held) = (Scratch::take(), false, vec![]);
        while let Some(answer) = next {
            let is_large = answer.reply_bytes() >= LARGE_BYTES;
            if is_large && !all.0.is_empty() {
                calls.put_back(answer);
                break;
            }
            let draining = phase != Phase::Serving && answer.may_tell(calls.len());
            close = answer.closes(draining);
            held.extend(answer.held.clone().filter(|held| held.bytes() > 0));
            if is_large {
                let bytes = Gathered::Large(answer.seal(draining));
                return Some(Self { bytes, close, _held: held });
            }
            answer.seal_into(draining, &mut all.0);
            next = if close || all.0.len() >= BURST_BYTES { None } else { calls.ready() };
        }
        Some(Self { bytes: Gathered::Small(all), close, _held: held })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Gathered::Small(all) => &all.0,
            Gathered::Large(bytes) => bytes,
        }
    }
}

thread_local! {
    /// A connection that waits has no buffer; the next one of this thread that writes finds that of the last.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer that goes back to the thread that it ends on.
struct Scratch(Vec<u8>);

impl Scratch {
    fn take() -> Self {
        Self(SCRATCH.take())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.0.capacity() <= 2 * (BURST_BYTES + LARGE_BYTES) {
            self.0.clear();
            SCRATCH.set(std::mem::take(&mut self.0));
        }
    }
}
