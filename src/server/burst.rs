//! Replies that are written together.

use super::Phase;
use super::calls::Calls;
use crate::wire::{Answer, Held, LARGE_BYTES, Pieces};
use bytes::Buf;
use std::cell::Cell;
use std::io::{Cursor, IoSlice};
use std::sync::Arc;

/// Replies are gathered up to this size, so that a burst of calls is answered by one write.
pub(super) const BURST_BYTES: usize = 64 * 1024;

/// Replies, sealed as soon as they are ready, so that a burst of calls is answered by one write.
pub(super) struct Burst {
    bytes: Gathered,
    answers: usize,
    /// No other belongs into the same write.
    pub(super) is_full: bool,
    /// The connection is closed after them.
    pub(super) close: bool,
    /// Until they have been written.
    held: Vec<Arc<Held>>,
    /// What one of them held, if that was nothing.
    pub(super) unused: Option<Arc<Held>>,
}

enum Gathered {
    Small(Cursor<Scratch>),
    /// One reply, as its envelope leaves it.
    Large(Pieces),
}

impl Default for Burst {
    fn default() -> Self {
        let bytes = Gathered::Small(Cursor::new(Scratch::take()));
        Self { bytes, answers: 0, is_full: false, close: false, held: vec![], unused: None }
    }
}

impl Burst {
    /// How many replies it has, those among them that their callers do not want.
    pub(super) fn len(&self) -> usize {
        self.answers
    }

    pub(super) fn is_empty(&self) -> bool {
        self.answers == 0
    }

    /// Adds answers as they are `next`, as many as belong into one write.
    pub(super) fn gather<'a>(
        &mut self,
        calls: &mut Calls<'a>,
        next: impl Fn(&mut Calls<'a>) -> Option<Answer>,
        phase: Phase,
    ) {
        while !self.is_full
            && let Some(answer) = next(calls)
        {
            let is_large = answer.reply_bytes() >= LARGE_BYTES;
            if is_large && !self.is_empty() {
                calls.put_back(answer);
                self.is_full = true;
                return;
            }
            let draining = phase != Phase::Serving && answer.may_tell(calls.len());
            self.add(answer, draining, is_large);
        }
    }

    fn add(&mut self, mut answer: Answer, draining: bool, is_large: bool) {
        self.answers += 1;
        self.close = answer.closes(draining);
        if let Some(mut held) = answer.held.take() {
            match Arc::get_mut(&mut held).is_some_and(|held| held.bytes() == 0) {
                true => self.unused = Some(held), // Nobody else has it, who could let it grow.
                false => self.held.push(held),
            }
        }
        match &mut self.bytes {
            Gathered::Small(all) if !is_large => {
                let all = &mut all.get_mut().0;
                answer.seal_into(draining, all);
                self.is_full = self.close || all.len() >= BURST_BYTES;
            }
            bytes => {
                *bytes = Gathered::Large(answer.seal_in_pieces(draining));
                self.is_full = true;
            }
        }
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
