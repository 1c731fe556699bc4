//! Cuts replies out of the bytes of a client's connection.
//!
//! A server tells the format of a call by its first bytes; a client knows that of the replies, because it is its own.

use super::envelope::Notice;
use super::frame::EndOf;
use super::headed::Opened;
use super::http::{Response, ResponseCut, ResponseCutter};
use super::limits::Limits;
use super::message::seqid;
use super::protocol::{Format, Transport};
use super::{theader, ttheader};
use crate::error::quotable;
use crate::telemetry::Reason;
use bytes::{Buf, Bytes, BytesMut};

/// A whole reply as it was cut out of the stream, without what it was wrapped in.
#[derive(Debug)]
pub struct Reply {
    /// Number of the call that it answers.
    pub seqid: i32,
    /// What it says of its server and connection.
    pub notice: Notice,
    /// Its bytes.
    pub body: Bytes,
}

/// The state of one connection's replies.
pub struct Replies {
    format: Format,
    limits: Limits,
    end: Option<EndOf>,
    http: ResponseCutter,
}

/// What was cut out, and what was said beside it.
type Piece = Option<(Bytes, Notice)>;

impl Replies {
    /// Replies of up to this many bytes, on a new connection.
    pub fn new(format: Format, max_frame_bytes: usize) -> Self {
        let limits = Limits { max_frame_bytes, ..Limits::default() };
        Self { format, limits, end: None, http: ResponseCutter::new(limits) }
    }

    /// Takes the next reply out of `buffer`; `None` until it is whole.
    ///
    /// # Errors
    /// Why nothing can be read from this connection any more, in words that go on after the server's address.
    pub fn cut(&mut self, buffer: &mut BytesMut) -> Result<Option<Reply>, String> {
        let cut = match self.format.transport {
            Transport::Unframed => self.cut_unframed(buffer)?.map(|body| (body, Notice::default())),
            Transport::Framed => self.cut_frame(buffer)?.map(|body| (body, Notice::default())),
            Transport::Header | Transport::TtHeader => self.cut_headed(buffer)?,
            Transport::Http => self.cut_http(buffer)?,
        };
        let Some((body, notice)) = cut else { return Ok(None) };
        let seqid = seqid(self.format, &body, &self.limits).map_err(|refusal| refusal.message)?;
        Ok(Some(Reply { seqid, notice, body }))
    }

    fn cut_frame(&self, buffer: &mut BytesMut) -> Result<Option<Bytes>, String> {
        let Some(word) = buffer.first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*word)).unwrap_or(usize::MAX);
        if length > self.limits.max_frame_bytes {
            return Err(self.too_large(&length.to_string()));
        }
        if buffer.len() - 4 < length {
            return Ok(None);
        }
        buffer.advance(4);
        Ok(Some(buffer.split_to(length).freeze()))
    }

    fn cut_unframed(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, String> {
        if buffer.is_empty() {
            return Ok(None);
        }
        let end = self.end.get_or_insert_with(|| EndOf::message(self.format.protocol, self.limits));
        match end.scan(buffer) {
            Ok(None) => Ok(None),
            Ok(Some(length)) => {
                self.end = None;
                Ok(Some(buffer.split_to(length).freeze()))
            }
            Err(refusal) if refusal.reason == Reason::FrameBytes => {
                Err(self.too_large(&format!("{} or more", buffer.len())))
            }
            Err(refusal) => Err(refusal.message),
        }
    }

    fn cut_headed(&self, buffer: &mut BytesMut) -> Result<Piece, String> {
        let Some(frame) = self.cut_frame(buffer)? else { return Ok(None) };
        let opened = match self.format.transport {
            Transport::TtHeader => ttheader::open(frame, &self.limits),
            _ => theader::open(frame, &self.limits),
        };
        let Opened { envelope, headers, message } = opened.map_err(|refused| refused.refusal.message)?;
        if envelope.protocol != self.format.protocol {
            return Err(format!("it is in {:?}, not in {:?}", envelope.protocol, self.format.protocol));
        }
        let (name, value) = envelope.draining();
        let draining = headers.get(name) == Some(value);
        Ok(Some((message, Notice { draining, closing: false })))
    }

    fn cut_http(&mut self, buffer: &mut BytesMut) -> Result<Piece, String> {
        match self.http.cut(buffer) {
            ResponseCut::More { .. } => Ok(None),
            ResponseCut::Response(Response { status: 200, body, keep_alive, .. }) => {
                Ok(Some((body, Notice { draining: false, closing: !keep_alive })))
            }
            ResponseCut::Response(Response { status, body, .. }) => {
                let text = String::from_utf8_lossy(&body);
                Err(format!("it is HTTP status {status} and no Thrift message: {}", quotable(text.trim())))
            }
            ResponseCut::Refused(refused) => Err(refused.message),
        }
    }

    fn too_large(&self, bytes: &str) -> String {
        let limit = self.limits.max_frame_bytes;
        format!("it has {bytes} bytes and the limit of this client is {limit}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::envelope::Envelope;
    use super::super::headed::{Headed, Layout, Payload, Transform};
    use super::super::http::{After, ContentType};
    use super::super::message::{Head, Refusal, refusal_reply};
    use super::super::protocol::Protocol;
    use super::*;
    use proptest::prelude::*;

    fn format(transport: Transport, protocol: Protocol) -> Format {
        Format { transport, protocol }
    }

    /// All that a server may answer in.
    fn formats() -> Vec<(Format, Envelope)> {
        let headed = |layout| Envelope::Headed(Headed { layout, flags: 1, sequence: 7, protocol: Protocol::Compact });
        let http = Envelope::Http { content_type: ContentType::Thrift, after: After::Keep };
        let zlib = Layout::THeader { transform: Transform::Zlib };
        let kitex = Layout::TTHeader { protocol_id: ttheader::COMPACT, payload: Payload::FramedMessage };
        let mut formats = vec![
            (format(Transport::Header, Protocol::Compact), headed(zlib)),
            (format(Transport::TtHeader, Protocol::Compact), headed(kitex)),
        ];
        for protocol in [Protocol::Binary, Protocol::OldBinary, Protocol::Compact, Protocol::Json] {
            formats.push((format(Transport::Unframed, protocol), Envelope::Unframed));
            formats.push((format(Transport::Framed, protocol), Envelope::Framed));
            formats.push((format(Transport::Http, protocol), http.clone()));
        }
        formats
    }

    /// The reply of a server to the call of this number.
    fn reply(format: Format, envelope: &Envelope, seqid: i32, notice: Notice) -> Vec<u8> {
        let head = Head { service: None, name: "nope".into(), seqid, oneway: false };
        envelope.seal(refusal_reply(format, &head, &Refusal::unknown_method("nope")), notice).to_vec()
    }

    proptest! {
        #[test]
        fn each_reply_is_cut_with_its_number_however_the_bytes_arrive(
            seqids in proptest::collection::vec(any::<i32>(), 1..5),
            piece in 1usize..60,
        ) {
            for (format, envelope) in formats() {
                let one = |seqid: &i32| reply(format, &envelope, *seqid, Notice::default());
                let stream: Vec<u8> = seqids.iter().flat_map(one).collect();
                let (mut replies, mut buffer, mut cut) = (Replies::new(format, 1000), BytesMut::new(), vec![]);
                for bytes in stream.chunks(piece) {
                    buffer.extend_from_slice(bytes);
                    while let Some(reply) = replies.cut(&mut buffer).unwrap() {
                        cut.push(reply.seqid);
                    }
                }
                prop_assert_eq!(&cut, &seqids, "{:?}", format);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for (format, _) in formats() {
                let (mut replies, mut buffer) = (Replies::new(format, 100), BytesMut::from(&bytes[..]));
                while let Ok(Some(_)) = replies.cut(&mut buffer) {}
            }
        }
    }

    #[test]
    fn a_reply_says_that_its_server_is_about_to_go() {
        for (format, envelope) in formats() {
            let said = |notice| {
                let bytes = reply(format, &envelope, 1, notice);
                Replies::new(format, 1000).cut(&mut BytesMut::from(&bytes[..])).unwrap().unwrap().notice
            };

            assert_eq!(said(Notice::default()), Notice::default());
            let told = said(Notice { draining: true, closing: true });
            let has_room = !matches!(format.transport, Transport::Unframed | Transport::Framed);
            assert_eq!(told.draining || told.closing, has_room, "{format:?}");
        }
    }

    #[test]
    fn a_reply_above_the_limit_is_refused_before_it_has_arrived() {
        for (format, envelope) in formats().into_iter().filter(|(format, _)| format.transport != Transport::Http) {
            let whole = reply(format, &envelope, 1, Notice::default());
            let mut buffer = BytesMut::from(&whole[..whole.len() - 1]);

            let refused = Replies::new(format, 50).cut(&mut buffer).unwrap_err();

            assert!(refused.contains("the limit of this client is 50"), "{format:?}: {refused}");
        }
    }

    #[test]
    fn a_page_in_place_of_a_reply_is_told_by_its_status() {
        let page = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\ntoo busy\n";
        let mut replies = Replies::new(format(Transport::Http, Protocol::Compact), 1000);

        let refused = replies.cut(&mut BytesMut::from(&page[..])).unwrap_err();

        assert_eq!(refused, "it is HTTP status 503 and no Thrift message: too busy");
    }
}
