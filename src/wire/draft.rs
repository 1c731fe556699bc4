//! A reply that is written, and not sealed yet.

use bytes::{Buf, Bytes};
use std::cell::Cell;
use std::collections::VecDeque;
use std::io::IoSlice;

/// From this size on, bytes of an answer are sent from where they stand: a copy would cost more than a piece does.
pub const LARGE_BYTES: usize = 16 * 1024;
/// Most replies to hot calls fit.
const SMALL_REPLY: usize = 256;

thread_local! {
    /// The buffer of the last small reply that was copied to where it is sent from, for the next one.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A reply behind its headroom. What is large in it stays where it stands until the reply is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    written: Vec<u8>,
    /// Each belongs behind so many of the bytes that were written.
    shared: Vec<(usize, Bytes)>,
}

impl From<Vec<u8>> for Draft {
    fn from(written: Vec<u8>) -> Self {
        Self { written, shared: vec![] }
    }
}

impl Draft {
    /// An empty one with room for a small reply.
    pub(super) fn small() -> Self {
        let mut written = SPARE.take();
        written.reserve(SMALL_REPLY);
        written.into()
    }

    /// How many bytes it has, with its headroom.
    pub fn len(&self) -> usize {
        self.written.len() + self.shared.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }

    /// Whether there is nothing, not even a headroom.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is written next is appended to this.
    pub(super) fn written(&mut self) -> &mut Vec<u8> {
        &mut self.written
    }

    /// Appends bytes of an answer.
    pub(super) fn share(&mut self, bytes: &Bytes) {
        if bytes.len() < LARGE_BYTES {
            self.written.extend_from_slice(bytes);
        } else {
            self.shared.push((self.written.len(), bytes.clone()));
        }
    }

    /// The reply in one.
    pub(super) fn into_vec(self) -> Vec<u8> {
        if self.shared.is_empty() {
            return self.written;
        }
        let mut whole = Vec::with_capacity(self.len());
        self.into_pieces().0.iter().for_each(|piece| whole.extend_from_slice(piece));
        whole
    }

    /// The reply in as many pieces as it stands in.
    pub(super) fn into_pieces(self) -> Pieces {
        let mut written = Bytes::from(self.written);
        let (mut pieces, mut before) = (VecDeque::with_capacity(2 * self.shared.len() + 1), 0);
        for (at, bytes) in self.shared {
            pieces.extend([written.split_to(at - before), bytes]);
            before = at;
        }
        pieces.push_back(written);
        pieces.into_iter().collect()
    }
}

/// Takes back the buffer of a reply that was copied, unless it is too large to be kept by every thread.
pub(super) fn spare(mut written: Vec<u8>) {
    if written.capacity() <= LARGE_BYTES {
        written.clear();
        SPARE.set(written);
    }
}

/// Bytes that are sent one behind the other; none of them is empty.
#[derive(Clone, Debug, Default)]
pub struct Pieces(VecDeque<Bytes>);

impl FromIterator<Bytes> for Pieces {
    fn from_iter<I: IntoIterator<Item = Bytes>>(pieces: I) -> Self {
        Self(pieces.into_iter().filter(|piece| !piece.is_empty()).collect())
    }
}

impl Buf for Pieces {
    fn remaining(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.0.front().map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, places: &mut [IoSlice<'a>]) -> usize {
        let filled = places.iter_mut().zip(&self.0);
        filled.map(|(place, piece)| *place = IoSlice::new(piece)).count()
    }

    fn advance(&mut self, mut count: usize) {
        while let Some(piece) = self.0.front_mut().filter(|_| count > 0) {
            let own = count.min(piece.len());
            piece.advance(own);
            count -= own;
            if piece.is_empty() {
                self.0.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_reply_is_the_same_in_one_and_in_pieces_however_it_is_taken(
            parts in vec((any::<bool>(), prop_oneof![0usize..9, LARGE_BYTES - 1..LARGE_BYTES + 2], any::<u8>()), 0..7),
            step in 1usize..40_000,
        ) {
            let (mut draft, mut whole) = (Draft::default(), vec![]);
            for (is_shared, length, byte) in parts {
                let bytes = vec![byte; length];
                whole.extend_from_slice(&bytes);
                match is_shared {
                    true => draft.share(&bytes.into()),
                    false => draft.written().extend(bytes),
                }
            }
            prop_assert_eq!(draft.len(), whole.len());
            prop_assert_eq!(&draft.clone().into_vec(), &whole);

            let (mut pieces, mut taken) = (draft.into_pieces(), vec![]);
            while pieces.has_remaining() {
                let mut places = [IoSlice::new(&[]); 16];
                let count = pieces.chunks_vectored(&mut places);
                prop_assert_eq!(places[..count].iter().map(|it| it.len()).sum::<usize>(), pieces.remaining());
                let now = step.min(pieces.remaining());
                taken.extend(pieces.copy_to_bytes(now));
            }

            prop_assert_eq!(taken, whole);
        }
    }

    #[test]
    fn large_bytes_are_sent_from_where_they_stand() {
        let bytes = Bytes::from(vec![7; LARGE_BYTES]);
        let mut draft = Draft::from(vec![1, 2, 3]);

        draft.share(&bytes);

        assert!(draft.into_pieces().0.iter().any(|piece| piece.as_ptr() == bytes.as_ptr()));
    }
}
