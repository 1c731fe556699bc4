//! Reads the header of a frame within its bounds, and names what is wrong with it.
//!
//! THeader and TTHeader begin alike: magic, flags, sequence, and the header's length in words of four bytes. What a
//! header states of lengths and counts is held against its own end before anything is done about it.

use super::message::Refusal;
use crate::telemetry::Reason;
use bytes::{Buf, Bytes};
use thrift::ApplicationErrorKind;

/// Magic, flags, sequence and words, and the four bytes that the shortest header has.
const SMALLEST_FRAME: usize = 14;

/// A frame cut where its header ends.
pub(super) struct Parts {
    pub(super) flags: u16,
    pub(super) sequence: u32,
    pub(super) header: HeaderBytes,
    pub(super) payload: Bytes,
}

impl Parts {
    /// Cuts `frame`, which is all that comes after its length.
    pub(super) fn of(mut frame: Bytes, magic: [u8; 2]) -> Result<Self, Refusal> {
        let size = frame.len();
        if size < SMALLEST_FRAME || !frame.starts_with(&magic) {
            return Err(Refusal::malformed(format!(
                "a frame of {size} bytes is no message with headers; the shortest has {SMALLEST_FRAME}"
            )));
        }
        frame.advance(magic.len());
        let (flags, sequence, header) = (frame.get_u16(), frame.get_u32(), usize::from(frame.get_u16()) * 4);
        if header > frame.len() {
            let left = frame.len();
            return Err(Refusal::malformed(format!("the frame states a header of {header} bytes and has {left} left")));
        }
        Ok(Self { flags, sequence, header: HeaderBytes(frame.split_to(header)), payload: frame })
    }
}

/// The bytes of a header that are still to be read. Everything is bounded by its end, never by that of the frame.
pub(super) struct HeaderBytes(Bytes);

impl HeaderBytes {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `size` bytes.
    pub(super) fn take(&mut self, size: usize) -> Result<Bytes, Refusal> {
        self.holds(size, 1)?;
        Ok(self.0.split_to(size))
    }

    pub(super) fn byte(&mut self) -> Result<u8, Refusal> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn word(&mut self) -> Result<u16, Refusal> {
        Ok(self.take(2)?.get_u16())
    }

    /// An unsigned LEB128 of at most five bytes and 32 bits.
    pub(super) fn varint(&mut self) -> Result<u32, Refusal> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).map_err(|_| overlong());
            }
        }
        Err(overlong())
    }

    /// Refuses `count` things of `least` bytes or more that can no longer come. Asked before anything is done `count`
    /// times.
    pub(super) fn holds(&self, count: usize, least: usize) -> Result<(), Refusal> {
        let (stated, left) = (count.saturating_mul(least), self.0.len());
        if stated <= left {
            return Ok(());
        }
        Err(Refusal::malformed(format!("the header states {stated} more bytes or more and ends after {left}")))
    }
}

fn overlong() -> Refusal {
    Refusal::malformed("a variable-length integer of the header has more than 32 bits")
}

/// The transform is known, but it cannot be undone, or not within the limits.
pub(super) fn transform_failed(message: impl Into<String>) -> Refusal {
    Refusal { kind: ApplicationErrorKind::InvalidTransform, reason: Reason::Transform, message: message.into() }
}

pub(super) fn unknown_transform(id: u32, known: &str) -> Refusal {
    transform_failed(format!("transform {id} is not known here; send {known}"))
}

pub(super) fn unknown_protocol(id: u32) -> Refusal {
    let message = format!("protocol {id} is not known here; send 0 (binary) or 2 (compact)");
    Refusal { kind: ApplicationErrorKind::InvalidProtocol, reason: Reason::Protocol, message }
}
