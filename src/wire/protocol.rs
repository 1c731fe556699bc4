//! The protocols as values: which one a message is in, and readers and writers for it.

use super::budget::Budget;
use super::json::{JsonReader, JsonWriter};
use super::limits::Limits;
use super::memory::Held;
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
    /// JSON; what browsers speak.
    Json,
}

/// How messages become a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// One message after the other.
    Unframed,
    /// Each message after its length, u32 big-endian.
    Framed,
    /// THeader: length, flags, number, headers, then the message, compressed if the peer likes.
    Header,
    /// TTHeader of Kitex and volo: the same idea in other bytes.
    TtHeader,
    /// The body of an HTTP/1.1 request or response.
    Http,
}

/// What a peer speaks, told by its first bytes; it is answered in the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// How messages become a stream.
    pub transport: Transport,
    /// How values become bytes.
    pub protocol: Protocol,
}

impl Protocol {
    /// A reader over the whole of `bytes` that keeps within `limits`. One reader a message: after an error it is dead.
    ///
    /// What decoding takes beyond what is `held` for the message is added there. Every length is held against `bytes`
    /// itself, because libraries allocate what a message claims before they read it.
    pub(super) fn reader<'a>(
        self,
        bytes: &'a [u8],
        limits: &Limits,
        held: Option<&'a Held>,
    ) -> Box<dyn TInputProtocol + 'a> {
        let config = TConfiguration::builder()
            .max_message_size(Some(bytes.len()))
            .max_frame_size(Some(bytes.len()))
            .max_string_size(Some(bytes.len()))
            .max_container_size(Some(limits.max_elements))
            .max_recursion_depth(Some(limits.max_depth))
            .build()
            .expect("a frame of the size of its message is consistent");
        let budget = Budget::new(bytes.len(), limits, held);
        match self {
            Self::Binary => budget.over(TBinaryInputProtocol::with_config(bytes, true, config)),
            Self::OldBinary => budget.over(TBinaryInputProtocol::with_config(bytes, false, config)),
            Self::Compact => budget.over(TCompactInputProtocol::with_config(bytes, config)),
            Self::Json => budget.over(JsonReader::new(bytes, limits)),
        }
    }

    /// A writer that appends to `out`.
    pub(super) fn writer<'a>(self, out: &'a mut Vec<u8>) -> Box<dyn TOutputProtocol + 'a> {
        match self {
            Self::Binary => Box::new(TBinaryOutputProtocol::new(out, true)),
            Self::OldBinary => Box::new(TBinaryOutputProtocol::new(out, false)),
            Self::Compact => Box::new(TCompactOutputProtocol::new(out)),
            Self::Json => Box::new(JsonWriter::new(out)),
        }
    }
}
