//! A place in the bytes of a message, and what reading on from it may still cost.

use super::super::budget::{STRING_BYTES, STRUCT_BYTES, covered};
use super::super::limits::Limits;
use super::super::message::Message;
use bytes::Bytes;

/// More elements than this take longer than a thread that serves connections has for one call: the library's reader takes
/// them elsewhere if their message is large.
const MOST_ELEMENTS: usize = 4096;

/// The next byte to read, within the limits of a message.
pub(super) struct Cursor<'a> {
    body: &'a Bytes,
    at: usize,
    elements_left: usize,
    depth_left: usize,
    /// Memory that is paid for; whoever needs more asks the library's reader, which can get more.
    memory_left: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(message: &'a Message, limits: &Limits) -> Self {
        Self {
            body: &message.body,
            at: 0,
            elements_left: limits.max_elements.min(MOST_ELEMENTS),
            depth_left: limits.max_depth,
            memory_left: covered(message.body.len(), limits, message.held.as_deref()),
        }
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let byte = self.body.get(self.at).copied();
        self.at += 1;
        byte
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = self.body.get(self.at..)?.first_chunk().copied();
        self.at += N;
        array
    }

    /// A number in groups of seven bits, the lowest first, of at most `bits` bits.
    pub(super) fn varint(&mut self, bits: u32) -> Option<u64> {
        let mut value = 0;
        for shift in (0..bits).step_by(7) {
            let byte = self.byte()?;
            let group = u64::from(byte & 0x7f);
            if shift + 7 > bits && group >> (bits - shift) != 0 {
                return None;
            }
            value |= group << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// The next `length` bytes, where they stand.
    pub(super) fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        self.charge(length + STRING_BYTES)?;
        let slice = self.body.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(slice)
    }

    /// The same, as a share in the bytes of the message.
    pub(super) fn share(&mut self, length: usize) -> Option<Bytes> {
        let slice = self.slice(length)?;
        Some(self.body.slice_ref(slice))
    }

    pub(super) fn text(&mut self, length: usize) -> Option<&'a str> {
        std::str::from_utf8(self.slice(length)?).ok()
    }

    pub(super) fn enter_struct(&mut self) -> Option<()> {
        self.charge(STRUCT_BYTES)?;
        self.deeper()
    }

    pub(super) fn enter_list(&mut self, length: usize) -> Option<()> {
        self.elements_left = self.elements_left.checked_sub(length)?;
        self.deeper()
    }

    pub(super) fn leave(&mut self) {
        self.depth_left += 1;
    }

    fn deeper(&mut self) -> Option<()> {
        self.depth_left = self.depth_left.checked_sub(1)?;
        Some(())
    }

    fn charge(&mut self, bytes: usize) -> Option<()> {
        self.memory_left = self.memory_left.checked_sub(bytes)?;
        Some(())
    }
}
