//! A place in the bytes of a message, and what reading on from it may still cost.

use super::super::budget::{STRING_BYTES, STRUCT_BYTES, covered};
use super::super::limits::Limits;
use super::super::message::Message;
use bytes::Bytes;

/// More elements than this take longer than a thread that serves connections has for one call: the library's reader takes
/// them elsewhere if their message is large.
const MOST_ELEMENTS: usize = 4096;

/// The next byte to read, and what reading on may still cost.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    at: usize,
    /// The number of the field before, where the next one counts from it.
    pub(super) last: i16,
    elements_left: usize,
    depth_left: usize,
    /// Memory that is paid for; whoever needs more asks the library's reader, which can get more.
    memory_left: usize,
}

/// A place in the bytes of a message.
pub(super) struct Cursor<'a> {
    body: &'a Bytes,
    pub(super) place: Place,
}

impl<'a> Cursor<'a> {
    /// At the start of a message, within its limits.
    pub(super) fn new(message: &'a Message, limits: &Limits) -> Self {
        let place = Place {
            at: 0,
            last: 0,
            elements_left: limits.max_elements.min(MOST_ELEMENTS),
            depth_left: limits.max_depth,
            memory_left: covered(message.body.len(), limits, message.held.as_deref()),
        };
        Self::at(message, place)
    }

    /// Where another one of this message stood.
    pub(super) fn at(message: &'a Message, place: Place) -> Self {
        Self { body: &message.body, place }
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let byte = self.body.get(self.place.at).copied();
        self.place.at += 1;
        byte
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = self.body.get(self.place.at..)?.first_chunk().copied();
        self.place.at += N;
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
        let slice = self.body.get(self.place.at..self.place.at.checked_add(length)?)?;
        self.place.at += length;
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
        self.place.elements_left = self.place.elements_left.checked_sub(length)?;
        self.deeper()
    }

    pub(super) fn leave(&mut self) {
        self.place.depth_left += 1;
    }

    fn deeper(&mut self) -> Option<()> {
        self.place.depth_left = self.place.depth_left.checked_sub(1)?;
        Some(())
    }

    fn charge(&mut self, bytes: usize) -> Option<()> {
        self.place.memory_left = self.place.memory_left.checked_sub(bytes)?;
        Some(())
    }
}
