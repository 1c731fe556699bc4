//! Cuts messages out of the bytes of a connection, within limits and without copying.

use super::detect::{Detection, detect};
use super::limits::Limits;
use super::message::{Head, Message, Refusal, open};
use super::protocol::{Format, Framing};
use super::scan::Scanner;
use bytes::{Buf, BytesMut};

/// What the bytes so far hold.
#[derive(Debug)]
pub enum Cut {
    /// A whole message; its bytes are taken out of the buffer.
    Message(Message),
    /// Not a whole message yet.
    More,
    /// A message that is not read further. It is answered, if its head is there, and the connection is closed.
    Refused {
        /// What it is written in.
        format: Format,
        /// Whom to answer.
        head: Option<Head>,
        /// Why.
        refusal: Refusal,
    },
    /// Bytes that mean nothing here: the connection is closed without a word.
    Unknown,
}

/// Empty frames in a row that are taken for a keep-alive.
const MAX_EMPTY_FRAMES: usize = 16;
/// As much of a refused message as is looked at for its head.
const HEAD_BYTES: usize = 512;

/// The state of one connection's input.
pub struct Cutter {
    limits: Limits,
    /// Told by the first bytes; frames may then alternate between protocols.
    format: Option<Format>,
    scanner: Option<Scanner>,
    empty_frames: usize,
}

impl Cutter {
    /// A cutter for a new connection.
    pub fn new(limits: Limits) -> Self {
        Self { limits, format: None, scanner: None, empty_frames: 0 }
    }

    /// Takes the next message out of `buffer`.
    pub fn cut(&mut self, buffer: &mut BytesMut) -> Cut {
        while self.may_be_framed() && buffer.starts_with(&[0; 4]) {
            buffer.advance(4);
            self.empty_frames += 1;
            if self.empty_frames > MAX_EMPTY_FRAMES {
                return Cut::Unknown;
            }
        }
        match self.detect(buffer) {
            Detection::More => Cut::More,
            Detection::Unknown => Cut::Unknown,
            Detection::Is(format) => {
                self.format = Some(format);
                match format.framing {
                    Framing::Framed => self.cut_frame(format, buffer),
                    Framing::Unframed => self.cut_unframed(format, buffer),
                }
            }
        }
    }

    fn may_be_framed(&self) -> bool {
        self.format.is_none_or(|format| format.framing == Framing::Framed)
    }

    /// The framing is told once a connection; the protocol of a framed message by each frame.
    fn detect(&self, buffer: &[u8]) -> Detection {
        match (self.format, detect(buffer)) {
            (Some(format), _) if format.framing == Framing::Unframed => Detection::Is(format),
            (Some(_), Detection::Is(format)) if format.framing == Framing::Unframed => Detection::Unknown,
            (_, detection) => detection,
        }
    }

    fn cut_frame(&mut self, format: Format, buffer: &mut BytesMut) -> Cut {
        let Some(word) = buffer.first_chunk::<4>() else { return Cut::More };
        let length = usize::try_from(u32::from_be_bytes(*word)).unwrap_or(usize::MAX);
        let body = &buffer[4..];
        if length > self.limits.max_frame_bytes {
            return self.refuse(format, body, Refusal::too_large(length, self.limits.max_frame_bytes));
        }
        if body.len() < length {
            return Cut::More;
        }
        buffer.advance(4);
        self.empty_frames = 0;
        Cut::Message(Message { format, body: buffer.split_to(length).freeze() })
    }

    fn cut_unframed(&mut self, format: Format, buffer: &mut BytesMut) -> Cut {
        if buffer.is_empty() {
            return Cut::More;
        }
        let scanner = self.scanner.get_or_insert_with(|| Scanner::new(format.protocol, self.limits));
        match scanner.scan(buffer) {
            Ok(None) => Cut::More,
            Ok(Some(length)) => {
                self.scanner = None;
                Cut::Message(Message { format, body: buffer.split_to(length).freeze() })
            }
            Err(refusal) => self.refuse(format, buffer, refusal),
        }
    }

    /// Too large deserves words: it waits for the head of the message, which says whom to answer.
    fn refuse(&self, format: Format, body: &[u8], refusal: Refusal) -> Cut {
        let start = Message { format, body: bytes::Bytes::copy_from_slice(&body[..body.len().min(HEAD_BYTES)]) };
        let head = match open(&start, &self.limits) {
            Ok(head) | Err((Some(head), _)) => Some(head),
            Err((None, _)) => None,
        };
        if head.is_none() && body.len() < HEAD_BYTES { Cut::More } else { Cut::Refused { format, head, refusal } }
    }
}

#[cfg(test)]
mod tests {
    use super::super::protocol::Protocol;
    use super::*;
    use proptest::prelude::*;

    const STRICT: &[u8] = b"\x80\x01\x00\x01\x00\x00\x00\x05hello\x00\x00\x00\x00\x0c\x00\x01\x00\x00";
    const COMPACT: &[u8] = b"\x82\x21\x00\x05hello\x1c\x00\x00";
    const OLD: &[u8] = b"\x00\x00\x00\x05hello\x01\x00\x00\x00\x00\x0c\x00\x01\x00\x00";

    fn framed(message: &[u8]) -> Vec<u8> {
        [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
    }

    fn cut_all(stream: &[u8], piece: usize) -> Vec<(Format, Vec<u8>)> {
        let (mut cutter, mut buffer, mut messages) = (Cutter::new(Limits::default()), BytesMut::new(), vec![]);
        for bytes in stream.chunks(piece) {
            buffer.extend_from_slice(bytes);
            loop {
                match cutter.cut(&mut buffer) {
                    Cut::Message(message) => messages.push((message.format, message.body.to_vec())),
                    Cut::More => break,
                    other => panic!("{other:?}"),
                }
            }
        }
        messages
    }

    proptest! {
        #[test]
        fn the_same_messages_are_cut_however_the_bytes_arrive(count in 1usize..5, piece in 1usize..40, which in 0usize..6) {
            let message = [STRICT, COMPACT, OLD][which % 3];
            let one = if which < 3 { framed(message) } else { message.to_vec() };

            let messages = cut_all(&one.repeat(count), piece);

            prop_assert_eq!(messages.len(), count);
            prop_assert!(messages.iter().all(|(_, body)| body == message));
        }

        #[test]
        fn no_bytes_make_the_cutter_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for start in [&b""[..], STRICT, &b"\x82\x21\x00\x01a"[..]] {
                let mut buffer = BytesMut::from(&[start, &bytes[..]].concat()[..]);
                let mut cutter = Cutter::new(Limits::default());
                while let Cut::Message(_) = cutter.cut(&mut buffer) {}
            }
        }
    }

    #[test]
    fn frames_may_alternate_between_protocols() {
        let stream = [framed(STRICT), framed(COMPACT), framed(STRICT)].concat();

        let protocols: Vec<_> = cut_all(&stream, 7).iter().map(|(format, _)| format.protocol).collect();

        assert_eq!(protocols, [Protocol::Binary, Protocol::Compact, Protocol::Binary]);
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_by_name_before_its_bytes_arrive() {
        let mut buffer = BytesMut::from(&[b"\x01\x00\x00\x00", STRICT].concat()[..]);

        match Cutter::new(Limits::default()).cut(&mut buffer) {
            Cut::Refused { head: Some(head), refusal, .. } => {
                assert_eq!(head.name, "hello");
                assert!(
                    refusal.message.contains("16777216") && refusal.message.contains("16384000"),
                    "{}",
                    refusal.message
                );
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sixteen_empty_frames_in_a_row_are_ignored_and_one_more_is_not() {
        let mut buffer = BytesMut::from(&[&[0; 64][..], &framed(STRICT)].concat()[..]);
        assert!(matches!(Cutter::new(Limits::default()).cut(&mut buffer), Cut::Message(_)));

        let mut buffer = BytesMut::from(&[0; 68][..]);
        assert!(matches!(Cutter::new(Limits::default()).cut(&mut buffer), Cut::Unknown));
    }

    #[test]
    fn an_unframed_message_nested_too_deep_is_refused() {
        let mut buffer =
            BytesMut::from(&[STRICT.split_at(STRICT.len() - 2).0, &b"\x0c\x00\x01".repeat(100)].concat()[..]);

        assert!(matches!(Cutter::new(Limits::default()).cut(&mut buffer), Cut::Refused { head: Some(_), .. }));
    }
}
