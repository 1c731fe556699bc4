//! Replies that are written together.

use super::Phase;
use super::calls::Calls;
use crate::wire::{Held, LARGE_BYTES, Pieces};
use bytes::Buf;
use std::cell::Cell;
use std::io::{Cursor, IoSlice};
use std::sync::Arc;

/// Replies are gathered up to this size, so that a burst of calls is answered by one write.
pub(super) const BURST_BYTES: usize = 64 * 1024;

/// All replies that are ready, so that a burst of calls is answered by one write.
pub(super) struct Burst {
    bytes: Gathered,
    /// The connection is closed after them.
    pub(super) close: bool,
    /// Until they have been written.
    _held: Vec<Arc<Held>>,
}

enum Gathered {
    Small(Cursor<Scratch>),
    /// One reply, as its envelope leaves it.
    Large(Pieces),
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
                let bytes = Gathered::Large(answer.seal_in_pieces(draining));
                return Some(Self { bytes, close, _held: held });
            }
            answer.seal_into(draining, &mut all.0);
            next = if close || all.0.len() >= BURST_BYTES { None } else { calls.ready() };
        }
        Some(Self { bytes: Gathered::Small(Cursor::new(all)), close, _held: held })
    }
}

/// What has not been written.
impl Buf for Burst {
    fn remaining(&self) -> usize {
        match &self.bytes {
            Gathered::Small(all) => all.remaining(),
            Gathered::Large(pieces) => pieces.remaining(),
        }
    }

    fn chunk(&self) -> &[u8] {
        match &self.bytes {
            Gathered::Small(all) => all.chunk(),
            Gathered::Large(pieces) => pieces.chunk(),
        }
    }

    fn chunks_vectored<'a>(&'a self, places: &mut [IoSlice<'a>]) -> usize {
        match &self.bytes {
            Gathered::Small(all) => all.chunks_vectored(places),
            Gathered::Large(pieces) => pieces.chunks_vectored(places),
        }
    }

    fn advance(&mut self, count: usize) {
        match &mut self.bytes {
            Gathered::Small(all) => all.advance(count),
            Gathered::Large(pieces) => pieces.advance(count),
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

impl AsRef<[u8]> for Scratch {
    fn as_ref(&self) -> &[u8] {
        &self.0
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
