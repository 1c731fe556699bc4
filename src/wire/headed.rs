//! What stands around a message that travels with headers, and how a reply gets the like of it.
//!
//! Here is what [`theader`] and [`ttheader`] share: what was read from a frame, why it could not be, and the frame that
//! goes back.

use super::headers::Headers;
use super::message::Refusal;
use super::protocol::{Format, Protocol, Transport};
use super::{theader, ttheader, zlib};
use bytes::Bytes;

/// How a message with headers was wrapped; a reply is wrapped in the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headed {
    pub(super) layout: Layout,
    /// Echoed as they came. 0x01: replies may come in any order.
    pub(super) flags: u16,
    /// The header's own number, echoed beside the message's.
    pub(super) sequence: u32,
    /// What the message is written in.
    pub(super) protocol: Protocol,
}

/// Whose header it is, and what only that one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Apache's and fbthrift's.
    THeader { transform: Transform },
    /// That of Kitex and volo. The number of the protocol is echoed: volo writes 0 for compact as well.
    TTHeader { protocol_id: u8, payload: Payload },
}

/// What was done to the message before it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transform {
    Nothing,
    Zlib,
}

/// What follows a TTHeader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Message,
    /// The message behind its own length, as volo writes it unless told otherwise.
    FramedMessage,
}

/// A frame that could be read.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) envelope: Headed,
    pub(super) headers: Headers,
    /// One message, unframed and with its transform undone.
    pub(super) message: Bytes,
}

/// A frame that could not.
#[derive(Debug)]
pub(super) struct Refused {
    /// What the answer goes back in; the connection is kept. `None` if the header could not be read that far: there is
    /// nothing to answer in, and the connection is closed.
    pub(super) envelope: Option<Headed>,
    /// At most [`START_BYTES`] of the message, for the name that the answer carries; empty if they cannot be had.
    pub(super) start: Bytes,
    pub(super) refusal: Refusal,
}

/// As much of a refused message as is kept.
pub(super) const START_BYTES: usize = 512;
/// The longest frame that either format allows.
const LARGEST_FRAME: usize = 0x3fff_ffff;

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { envelope: None, start: Bytes::new(), refusal }
    }
}

impl Headed {
    /// What the message is written in.
    pub(super) fn format(&self) -> Format {
        let transport = match self.layout {
            Layout::THeader { .. } => Transport::Header,
            Layout::TTHeader { .. } => Transport::TtHeader,
        };
        Format { transport, protocol: self.protocol }
    }

    /// Says no within this envelope.
    pub(super) fn refuse(self, refusal: Refusal) -> Refused {
        Refused { envelope: Some(self), start: Bytes::new(), refusal }
    }

    /// The pair by which a reply tells a client to go elsewhere with its next call, because the server is about to
    /// stop.
    pub(super) fn draining(&self) -> (&'static str, &'static str) {
        match self.layout {
            Layout::THeader { .. } => ("x-draining", "1"),
            Layout::TTHeader { .. } => ("crrst", "1"),
        }
    }

    /// The frame of a reply that was written behind `room` bytes.
    pub(super) fn sealed(&self, message: Vec<u8>, room: usize, draining: bool) -> Bytes {
        let mut headers = Headers::default();
        if draining {
            let (name, value) = self.draining();
            let _ = headers.push(name, value); // One pair always fits.
        }
        let sealed = self.seal(message, room, &headers);
        sealed.map_or_else(|_| Bytes::new(), |(frame, start)| Bytes::from(frame).slice(start..))
    }

    /// Wraps the message that starts at `body` in `buffer`. The frame, its length first, is what the returned buffer
    /// has from the returned position on.
    ///
    /// The header is written backwards from `body`. A message that is compressed, or has too little room in front,
    /// moves to a new buffer.
    ///
    /// # Errors
    /// A type 7 [`Refusal`] of a frame that neither format can express.
    pub(super) fn seal(
        &self,
        mut buffer: Vec<u8>,
        body: usize,
        headers: &Headers,
    ) -> Result<(Vec<u8>, usize), Refusal> {
        let mut head = self.head(headers, length_word(buffer.len() - body)?);
        let (mut frame, start) = match self.layout {
            Layout::THeader { transform: Transform::Zlib } => (zlib::deflate(&buffer[body..], head), 0),
            _ if head.len() <= body => {
                let start = body - head.len();
                buffer[start..body].copy_from_slice(&head);
                (buffer, start)
            }
            _ => {
                head.extend_from_slice(&buffer[body..]);
                (head, 0)
            }
        };
        let length = length_word(frame.len() - start - 4)?;
        frame[start..start + 4].copy_from_slice(&length);
        Ok((frame, start))
    }

    /// All that stands before the message, its first four bytes left open for the length of the frame.
    fn head(&self, headers: &Headers, message_length: [u8; 4]) -> Vec<u8> {
        let (magic, mut header) = match self.layout {
            Layout::THeader { transform } => (theader::MAGIC, theader::header(self.protocol, transform, headers)),
            Layout::TTHeader { protocol_id, .. } => (ttheader::MAGIC, ttheader::header(protocol_id, headers)),
        };
        header.resize(header.len().next_multiple_of(4), 0);
        let words = u16::try_from(header.len() / 4).expect("headers are held to 16 KiB");
        let mut head = [&[0; 4][..], &magic, &self.flags.to_be_bytes(), &self.sequence.to_be_bytes()].concat();
        head.extend(words.to_be_bytes());
        head.extend(header);
        if matches!(self.layout, Layout::TTHeader { payload: Payload::FramedMessage, .. }) {
            head.extend(message_length);
        }
        head
    }
}

fn length_word(bytes: usize) -> Result<[u8; 4], Refusal> {
    match u32::try_from(bytes) {
        Ok(length) if bytes <= LARGEST_FRAME => Ok(length.to_be_bytes()),
        _ => Err(Refusal::too_large(bytes, LARGEST_FRAME)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"\x80\x01\x00\x03\0\0\0\x05hello\0\0\0\x07\0";
    const REPLY: Headed = Headed {
        layout: Layout::THeader { transform: Transform::Nothing },
        flags: 1,
        sequence: 7,
        protocol: Protocol::Binary,
    };

    fn draining(envelope: &Headed) -> Headers {
        let mut headers = Headers::default();
        let (name, value) = envelope.draining();
        headers.push(name, value).unwrap();
        headers
    }

    fn buffer(headroom: usize) -> Vec<u8> {
        [&vec![0xee; headroom], MESSAGE].concat()
    }

    fn headroom() -> usize {
        REPLY.head(&draining(&REPLY), [0; 4]).len()
    }

    #[test]
    fn a_reply_with_room_in_front_is_sealed_where_it_stands() {
        let headroom = headroom();
        let buffer = buffer(headroom + 5);
        let (address, body) = (buffer.as_ptr(), headroom + 5);

        let (frame, start) = REPLY.seal(buffer, body, &draining(&REPLY)).unwrap();

        assert_eq!((frame.as_ptr(), start), (address, 5));
        assert_eq!(&frame[body..], MESSAGE);
        assert_eq!(frame[..5], [0xee; 5]);
    }

    #[test]
    fn a_reply_with_too_little_room_in_front_moves() {
        let headroom = headroom();
        let (expected, start) = REPLY.seal(buffer(headroom), headroom, &draining(&REPLY)).unwrap();
        assert_eq!(start, 0);

        for body in 0..headroom {
            let sealed = REPLY.seal(buffer(body), body, &draining(&REPLY)).unwrap();

            assert_eq!(sealed, (expected.clone(), 0));
        }
    }

    #[test]
    fn each_layout_has_its_own_word_for_draining() {
        let kitex = Layout::TTHeader { protocol_id: ttheader::BINARY, payload: Payload::FramedMessage };

        assert_eq!(REPLY.draining(), ("x-draining", "1"));
        assert_eq!(Headed { layout: kitex, ..REPLY }.draining(), ("crrst", "1"));
    }

    #[test]
    fn a_length_beyond_what_the_format_has_bits_for_is_refused() {
        assert_eq!(length_word(LARGEST_FRAME).unwrap(), [0x3f, 0xff, 0xff, 0xff]);
        assert!(length_word(LARGEST_FRAME + 1).is_err());
    }
}
