//! The protocols as values: which one a message is in, and readers and writers for it.

use super::budget::Budgeted;
use super::limits::Limits;
use thrift::TConfiguration;
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol, TInputProtocol,
    TOutputProtocol,
};

/// How values become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Binary with a version word in the message head; what every library writes by default.
    Binary,
    /// Binary without it, as it was before 2008; libraries still read and can still write it.
    OldBinary,
    /// Compact.
    Compact,
}

/// How messages become a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Each message after its length, u32 big-endian.
    Framed,
    /// One message after the other.
    Unframed,
}

/// What a peer speaks, told by its first bytes; it is answered in the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// How messages become a stream.
    pub framing: Framing,
    /// How values become bytes.
    pub protocol: Protocol,
}

impl Format {
    /// What stands before a message: its length, where there are frames.
    pub fn prefix_bytes(self) -> usize {
        match self.framing {
            Framing::Framed => size_of::<u32>(),
            Framing::Unframed => 0,
        }
    }
}

impl Protocol {
    /// A reader over the whole of `bytes` that keeps within `limits`. One reader a message: after an error it is dead.
    ///
    /// Every length is held against `bytes` itself, because libraries allocate what a message claims before they read it.
    pub(super) fn reader<'a>(self, bytes: &'a [u8], limits: &Limits) -> Box<dyn TInputProtocol + 'a> {
        let config = TConfiguration::builder()
            .max_message_size(Some(bytes.len()))
            .max_frame_size(Some(bytes.len()))
            .max_string_size(Some(bytes.len()))
            .max_container_size(Some(limits.max_elements))
            .max_recursion_depth(Some(limits.max_depth))
            .build()
            .expect("a frame of the size of its message is consistent");
        match self {
            Self::Binary => {
                Box::new(Budgeted::new(TBinaryInputProtocol::with_config(bytes, true, config), bytes, limits))
            }
            Self::OldBinary => {
                Box::new(Budgeted::new(TBinaryInputProtocol::with_config(bytes, false, config), bytes, limits))
            }
            Self::Compact => Box::new(Budgeted::new(TCompactInputProtocol::with_config(bytes, config), bytes, limits)),
        }
    }

    /// A writer that appends to `out`.
    pub(super) fn writer<'a>(self, out: &'a mut Vec<u8>) -> Box<dyn TOutputProtocol + 'a> {
        match self {
            Self::Binary => Box::new(TBinaryOutputProtocol::new(out, true)),
            Self::OldBinary => Box::new(TBinaryOutputProtocol::new(out, false)),
            Self::Compact => Box::new(TCompactOutputProtocol::new(out)),
        }
    }
}
