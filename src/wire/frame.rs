//! Cuts messages out of the bytes of a connection, within limits and without copying.

use super::detect::{Detection, detect};
use super::envelope::{Answer, Envelope};
use super::headed::{self, Refused};
use super::http::{self, After, Content, HttpCut, HttpCutter, Method, Page, Request, Status};
use super::json::JsonScanner;
use super::limits::Limits;
use super::message::{Head, Message, Opened, Refusal, open};
use super::protocol::{Format, Protocol, Transport};
use super::scan::Scanner;
use super::{theader, ttheader};
use crate::telemetry::Reason;
use bytes::{Buf, Bytes, BytesMut};
use std::borrow::Cow;

/// What the bytes so far hold.
#[derive(Debug)]
pub enum Cut {
    /// A whole message; its bytes are taken out of the buffer.
    Message(Message),
    /// Not a whole message yet.
    More {
        /// What the buffer comes to hold when the message is there; 0 where that cannot be told.
        wanted: usize,
    },
    /// Something that is answered without being a message.
    Answer(Answer),
    /// A request of HTTP that carries no message.
    Request(Request),
    /// A message that is not read further.
    Refused {
        /// What the peer is told, if it can be told anything.
        answer: Answer,
        /// Why.
        refusal: Refusal,
    },
    /// Bytes that mean nothing here: the connection is closed without a word.
    Unknown(Reason),
}

/// Empty frames in a row that are taken for a keep-alive.
const MAX_EMPTY_FRAMES: usize = 16;
/// As much of a refused message as is looked at for its head.
const HEAD_BYTES: usize = 512;

/// Finds the end of the unframed message that is arriving.
pub(super) enum EndOf {
    Values(Scanner),
    Json(JsonScanner),
}

impl EndOf {
    pub(super) fn message(protocol: Protocol, limits: Limits) -> Self {
        match protocol {
            Protocol::Json => Self::Json(JsonScanner::new(limits)),
            _ => Self::Values(Scanner::new(protocol, limits)),
        }
    }

    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        match self {
            Self::Values(scanner) => scanner.scan(bytes),
            Self::Json(scanner) => scanner.scan(bytes),
        }
    }
}

/// The state of one connection's input.
pub struct Cutter {
    limits: Limits,
    /// Told by the first bytes of the connection.
    transport: Option<Transport>,
    /// Told by the first bytes of the message that is arriving.
    detection: Detection,
    scanner: Option<EndOf>,
    http: Option<Box<HttpCutter>>,
    empty_frames: usize,
}

impl Cutter {
    /// A cutter for a new connection.
    pub fn new(limits: Limits) -> Self {
        Self { limits, transport: None, detection: Detection::More, scanner: None, http: None, empty_frames: 0 }
    }

    /// Takes the next message out of `buffer`.
    pub fn cut(&mut self, buffer: &mut BytesMut) -> Cut {
        if self.skip_empty_frames(buffer) > MAX_EMPTY_FRAMES {
            return Cut::Unknown(Reason::EmptyFrames);
        }
        self.detect(buffer);
        let cut = match self.detection {
            Detection::More => return Cut::More { wanted: 0 },
            Detection::Unknown => return Cut::Unknown(Reason::UnknownBytes),
            Detection::Message(format) if format.transport == Transport::Unframed => self.cut_unframed(format, buffer),
            Detection::Http => self.cut_http(buffer),
            framed => self.cut_frame(framed, buffer),
        };
        if !matches!(cut, Cut::More { .. }) {
            self.empty_frames = 0;
            if self.transport.is_some_and(Transport::has_frames) {
                self.detection = Detection::More;
            }
        }
        cut
    }

    /// Some peers keep a connection alive by frames of no bytes. Answers how many there were in a row.
    fn skip_empty_frames(&mut self, buffer: &mut BytesMut) -> usize {
        let between_frames = self.detection == Detection::More && self.transport.is_none_or(Transport::has_frames);
        while between_frames && self.empty_frames <= MAX_EMPTY_FRAMES && buffer.starts_with(&[0; 4]) {
            buffer.advance(4);
            self.empty_frames += 1;
        }
        self.empty_frames
    }

    /// The first bytes of a connection tell its transport. Where there are frames, each may be of another kind.
    fn detect(&mut self, buffer: &[u8]) {
        if self.detection != Detection::More {
            return;
        }
        let detection = detect(buffer);
        let Some(transport) = detection.transport() else {
            self.detection = detection;
            return;
        };
        let fits =
            self.transport.is_none_or(|first| first == transport || (first.has_frames() && transport.has_frames()));
        self.detection = if fits { detection } else { Detection::Unknown };
        self.transport.get_or_insert(transport);
    }

    fn cut_frame(&self, detection: Detection, buffer: &mut BytesMut) -> Cut {
        let Some(word) = buffer.first_chunk::<4>() else { return Cut::More { wanted: 0 } };
        let length = usize::try_from(u32::from_be_bytes(*word)).unwrap_or(usize::MAX);
        if length > self.limits.max_frame_bytes {
            let start = Bytes::copy_from_slice(&buffer[4..buffer.len().min(4 + HEAD_BYTES)]);
            let (whole, refusal) = (start.len() == HEAD_BYTES, Refusal::too_large(length, self.limits.max_frame_bytes));
            return match unwrap(detection, start, &self.limits) {
                Ok(start) => self.refuse(start, whole, refusal),
                Err(refused) if !whole && head_of_refused(&refused, &self.limits).is_none() => Cut::More { wanted: 0 },
                // The start of it cannot be inflated or understood, and there is nothing to go on with behind it.
                Err(refused) => refused_header(Refused { refusal, ..refused }, true, &self.limits),
            };
        }
        if buffer.len() - 4 < length {
            return Cut::More { wanted: 4 + length };
        }
        buffer.advance(4);
        match unwrap(detection, buffer.split_to(length).freeze(), &self.limits) {
            Ok(message) => Cut::Message(message),
            Err(refused) => refused_header(refused, false, &self.limits),
        }
    }

    fn cut_unframed(&mut self, format: Format, buffer: &mut BytesMut) -> Cut {
        if buffer.is_empty() {
            return Cut::More { wanted: 0 };
        }
        let scanner = self.scanner.get_or_insert_with(|| EndOf::message(format.protocol, self.limits));
        match scanner.scan(buffer) {
            Ok(None) => Cut::More { wanted: 0 },
            Ok(Some(length)) => {
                self.scanner = None;
                Cut::Message(Message::new(format, Envelope::Unframed, buffer.split_to(length).freeze()))
            }
            Err(refusal) => {
                let start = Bytes::copy_from_slice(&buffer[..buffer.len().min(HEAD_BYTES)]);
                let whole = start.len() == HEAD_BYTES;
                self.refuse(Message::new(format, Envelope::Unframed, start), whole, refusal)
            }
        }
    }

    fn cut_http(&mut self, buffer: &mut BytesMut) -> Cut {
        let limits = self.limits;
        let cutter = self.http.get_or_insert_with(|| Box::new(HttpCutter::new(limits)));
        let content = match cutter.cut(buffer) {
            HttpCut::More { wanted } => return Cut::More { wanted },
            HttpCut::Continue => return Cut::Answer(Answer::bytes(http::CONTINUE, false)),
            HttpCut::Request(request) => http::content(request),
            HttpCut::Refused(refused) => Err(refused),
        };
        match content {
            Ok(Content::Message(message)) => Cut::Message(message),
            Ok(Content::Other(request)) => Cut::Request(request),
            Err(refused) => {
                let answer = Answer::bytes(http::page(&Page::from(&refused), Method::Post, After::Close), true);
                Cut::Refused { answer, refusal: refused.into() }
            }
        }
    }

    /// Bytes of the message that is arriving which are no longer in the buffer.
    pub fn held_bytes(&self) -> usize {
        self.http.as_ref().map_or(0, |http| http.held_bytes())
    }

    /// Whether no message has begun, as far as the bytes tell that were taken out of the buffer.
    pub fn is_between_messages(&self) -> bool {
        self.http.as_ref().is_none_or(|http| !http.in_body())
    }

    /// What the peer is told when a message that has begun does not come in time; most transports have no words for it.
    pub fn late(&self) -> Option<Bytes> {
        let page = Page::text(Status::RequestTimeout, "the request did not arrive in time; send it at once");
        self.http.as_ref().map(|_| http::page(&page, Method::Post, After::Close).into())
    }

    /// Too large deserves words: it waits for the head of the message, which says whom to answer. `start` is as much of
    /// the message as is looked at; `whole`: no more of it is going to be.
    fn refuse(&self, start: Message, whole: bool, refusal: Refusal) -> Cut {
        let head = head_of(&start, &self.limits);
        if head.is_none() && !whole {
            return Cut::More { wanted: 0 };
        }
        let answer = Answer::refused(start.format, start.envelope, head.as_ref(), &refusal, true);
        Cut::Refused { answer, refusal }
    }
}

/// Takes a message out of its frame.
fn unwrap(detection: Detection, frame: Bytes, limits: &Limits) -> Result<Message, Refused> {
    let headed::Opened { envelope, headers, message } = match detection {
        Detection::Message(format) => return Ok(Message::new(format, Envelope::Framed, frame)),
        Detection::TtHeader => ttheader::open(frame, limits)?,
        _ => theader::open(frame, limits)?,
    };
    Ok(Message { headers, ..Message::new(envelope.format(), Envelope::Headed(envelope), message) })
}

/// A header that could be read far enough to answer in is answered. The connection is kept if its frame has come, because
/// that has an end.
fn refused_header(refused: Refused, close: bool, limits: &Limits) -> Cut {
    let Some(headed) = refused.envelope else { return Cut::Unknown(refused.refusal.reason) };
    let unnamed =
        || Head { service: None, name: Cow::Borrowed(""), seqid: headed.sequence.cast_signed(), oneway: false };
    let head = head_of_refused(&refused, limits).unwrap_or_else(unnamed);
    let (envelope, refusal) = (Envelope::Headed(headed), refused.refusal);
    Cut::Refused { answer: Answer::refused(headed.format(), envelope, Some(&head), &refusal, close), refusal }
}

fn head_of_refused(refused: &Refused, limits: &Limits) -> Option<Head> {
    let headed = refused.envelope?;
    head_of(&Message::new(headed.format(), Envelope::Headed(headed), refused.start.clone()), limits)
}

/// Whom to answer, as far as the start of a message says.
fn head_of(start: &Message, limits: &Limits) -> Option<Head> {
    match open(start, limits) {
        Ok(Opened { head, .. }) | Err((Some(head), _)) => Some(head),
        Err((None, _)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STRICT: &[u8] = b"\x80\x01\x00\x01\x00\x00\x00\x05hello\x00\x00\x00\x00\x0c\x00\x01\x00\x00";
    const COMPACT: &[u8] = b"\x82\x21\x00\x05hello\x1c\x00\x00";
    const OLD: &[u8] = b"\x00\x00\x00\x05hello\x01\x00\x00\x00\x00\x0c\x00\x01\x00\x00";

    const JSON: &[u8] = br#"[1,"hello",1,0,{"1":{"rec":{}}}]"#;

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
                    Cut::More { .. } => break,
                    other => panic!("{other:?}"),
                }
            }
        }
        messages
    }

    proptest! {
        #[test]
        fn the_same_messages_are_cut_however_the_bytes_arrive(count in 1usize..5, piece in 1usize..40, which in 0usize..8) {
            let message = [STRICT, COMPACT, OLD, JSON][which % 4];
            let one = if which < 4 { framed(message) } else { message.to_vec() };

            let messages = cut_all(&one.repeat(count), piece);

            prop_assert_eq!(messages.len(), count);
            prop_assert!(messages.iter().all(|(_, body)| body == message));
        }

        #[test]
        fn no_bytes_make_the_cutter_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for start in [&b""[..], STRICT, &b"\x82\x21\x00\x01a"[..], JSON] {
                let mut buffer = BytesMut::from(&[start, &bytes[..]].concat()[..]);
                let mut cutter = Cutter::new(Limits::default());
                while let Cut::Message(_) = cutter.cut(&mut buffer) {}
            }
        }
    }

    #[test]
    fn frames_may_alternate_between_protocols() {
        let stream = [framed(STRICT), framed(COMPACT), framed(JSON), framed(STRICT)].concat();

        let protocols: Vec<_> = cut_all(&stream, 7).iter().map(|(format, _)| format.protocol).collect();

        assert_eq!(protocols, [Protocol::Binary, Protocol::Compact, Protocol::Json, Protocol::Binary]);
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_by_name_before_its_bytes_arrive() {
        let mut buffer = BytesMut::from(&[b"\x01\x00\x00\x00", STRICT].concat()[..]);

        match Cutter::new(Limits::default()).cut(&mut buffer) {
            Cut::Refused { answer, refusal } => {
                assert!(answer.reply.unwrap().into_vec().windows(5).any(|it| it == b"hello"));
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
    fn a_frame_that_is_too_long_ends_the_connection_whatever_is_wrong_with_its_header() {
        for header in [b"\0\x01\x01\0", b"\0\x01\x63\0", b"\x63\0\0\0"] {
            let head = [&b"\x01\0\0\0\x0f\xff\0\0\0\0\0\x07\0\x01"[..], header].concat();
            let mut buffer = BytesMut::from(&[&head[..], &[7; HEAD_BYTES]].concat()[..]);

            match Cutter::new(Limits::default()).cut(&mut buffer) {
                Cut::Refused { answer, refusal } => assert!(answer.close && refusal.reason == Reason::FrameBytes),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn sixteen_empty_frames_in_a_row_are_ignored_and_one_more_is_not() {
        let mut buffer = BytesMut::from(&[&[0; 64][..], &framed(STRICT)].concat()[..]);
        assert!(matches!(Cutter::new(Limits::default()).cut(&mut buffer), Cut::Message(_)));

        let mut buffer = BytesMut::from(&[0; 68][..]);
        assert!(matches!(Cutter::new(Limits::default()).cut(&mut buffer), Cut::Unknown(_)));
    }

    #[test]
    fn an_unframed_message_nested_too_deep_is_refused() {
        let mut buffer =
            BytesMut::from(&[STRICT.split_at(STRICT.len() - 2).0, &b"\x0c\x00\x01".repeat(100)].concat()[..]);

        assert!(matches!(
            Cutter::new(Limits::default()).cut(&mut buffer),
            Cut::Refused { answer: Answer { reply: Some(_), .. }, .. }
        ));
    }
}
