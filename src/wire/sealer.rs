//! What a client wraps its calls in; [`Replies`](super::Replies) are what comes back.

use super::envelope::{Envelope, Notice, OUT_OF_ORDER};
use super::headed::{Headed, Layout, Payload, Transform};
use super::headers::Headers;
use super::http::{ContentType, Post};
use super::protocol::{Format, Protocol, Transport};
use super::ttheader;
use crate::access::Token;
use crate::error::{Error, Result};
use bytes::Bytes;
use std::time::Duration;

/// Wraps the calls of a client. Where there is room beside a message it says there, too, who calls and how long the
/// caller waits, for what stands between and does not read messages.
#[derive(Clone, Debug)]
pub struct Sealer {
    format: Format,
    /// As HTTP names the server.
    host: String,
    token: Option<Token>,
}

impl Format {
    /// Whether the replies to a client's calls may overtake each other, because it tells them by their numbers.
    pub fn out_of_order(self) -> bool {
        self.transport == Transport::Header
    }

    /// Whether a call may be sent before the reply to the one before it has come. RFC 9112, section 9.3.2: over HTTP only if
    /// repeating it does no harm, which is not known of calls.
    pub fn pipelines(self) -> bool {
        self.transport != Transport::Http
    }
}

impl Sealer {
    /// For calls in this format to a server at `host`, "name:port".
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a protocol that the transport does not carry, or a host or token that it cannot.
    pub fn new(format: Format, host: &str, token: Option<Token>) -> Result<Self> {
        let Format { transport, protocol } = format;
        let has_number = matches!(protocol, Protocol::Binary | Protocol::Compact);
        if matches!(transport, Transport::Header | Transport::TtHeader) && !has_number {
            let advice = "take binary or compact, or another transport";
            return Err(Error::invalid(format!("{transport:?} does not carry {protocol:?}; {advice}")));
        }
        let sealer = Self { format, host: host.to_owned(), token };
        sealer.seal(vec![0; format.headroom()], 0, Duration::ZERO).map(|_| sealer)
    }

    /// What calls are written in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Wraps a call that was written behind its headroom, and whose caller waits for `timeout`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a message that is longer than the transport can say.
    pub fn seal(&self, message: Vec<u8>, seqid: i32, timeout: Duration) -> Result<Bytes> {
        match self.format.transport {
            Transport::Unframed => Ok(Envelope::Unframed.seal(message, Notice::default())),
            Transport::Framed => Ok(Envelope::Framed.seal(message, Notice::default())),
            Transport::Header | Transport::TtHeader => self.headed(message, seqid, timeout),
            Transport::Http => self.post(message, timeout),
        }
    }

    fn headed(&self, message: Vec<u8>, seqid: i32, timeout: Duration) -> Result<Bytes> {
        let Format { transport, protocol } = self.format;
        let (layout, flags) = match transport {
            Transport::TtHeader => {
                let protocol_id = if protocol == Protocol::Compact { ttheader::COMPACT } else { ttheader::BINARY };
                (Layout::TTHeader { protocol_id, payload: Payload::Message }, 0)
            }
            _ => (Layout::THeader { transform: Transform::Nothing }, OUT_OF_ORDER),
        };
        let headed = Headed { layout, flags, sequence: seqid.cast_unsigned(), protocol };
        let sealed = headed.seal(message, self.format.headroom(), &self.headers(timeout)?);
        sealed
            .map(|(frame, start)| Bytes::from(frame).slice(start..))
            .map_err(|refusal| Error::invalid(refusal.message))
    }

    fn post(&self, mut message: Vec<u8>, timeout: Duration) -> Result<Bytes> {
        let room = self.format.headroom();
        let json = self.format.protocol == Protocol::Json;
        let content_type = if json { ContentType::Json } else { ContentType::Thrift };
        let post = Post { host: &self.host, path: "/", content_type, headers: &self.headers(timeout)? };
        let head = post.head(message.len().saturating_sub(room))?;
        let start = room.saturating_sub(head.len());
        message.splice(start..room, head);
        Ok(Bytes::from(message).slice(start..))
    }

    /// What stands beside a call.
    fn headers(&self, timeout: Duration) -> Result<Headers> {
        let mut headers = Headers::default();
        let timeout = ("client_timeout", timeout.as_millis().to_string());
        let token = self.token.as_ref().map(|token| ("authorization", format!("Bearer {}", token.as_str())));
        for (name, value) in [timeout].into_iter().chain(token) {
            headers.push(name, value).map_err(|refusal| Error::invalid(refusal.message))?;
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::{Opened, encode, open, write_single};
    use super::super::{Cut, Cutter, Limits, Message, empty, health::HelloRequest};
    use super::*;
    use bytes::BytesMut;
    use thrift::protocol::{TMessageIdentifier, TMessageType};

    const TRANSPORTS: [Transport; 5] =
        [Transport::Unframed, Transport::Framed, Transport::Header, Transport::TtHeader, Transport::Http];
    const PROTOCOLS: [Protocol; 3] = [Protocol::Binary, Protocol::Compact, Protocol::Json];

    fn formats() -> impl Iterator<Item = Format> {
        TRANSPORTS.into_iter().flat_map(|transport| PROTOCOLS.map(|protocol| Format { transport, protocol }))
    }

    fn hello(format: Format) -> Vec<u8> {
        let identifier = TMessageIdentifier::new("hello", TMessageType::Call, 7);
        encode(format, &identifier, |writer| write_single(writer, ("request", 1), &empty::<HelloRequest>())).unwrap()
    }

    fn received(bytes: &[u8]) -> Message {
        match Cutter::new(Limits::default()).cut(&mut BytesMut::from(bytes)) {
            Cut::Message(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_server_finds_each_call_in_what_it_was_wrapped_in() {
        let spoken: Vec<_> = formats()
            .filter_map(|format| Sealer::new(format, "localhost:9090", Some("mw_secret".to_owned().into())).ok())
            .collect();
        assert_eq!(spoken.len(), 13, "all but JSON with headers");
        for sealer in spoken {
            let sealed = sealer.seal(hello(sealer.format()), 7, Duration::from_secs(2)).unwrap();

            let message = received(&sealed);

            let Opened { head, context, .. } = open(&message, &Limits::default()).unwrap();
            assert_eq!((message.format, head.name.as_ref(), head.seqid), (sealer.format(), "hello", 7));
            let has_headers =
                matches!(message.format.transport, Transport::Header | Transport::TtHeader | Transport::Http);
            let context = context.unwrap();
            assert_eq!(context.deadline_ms, has_headers.then_some(2_000), "{:?}", message.format);
            assert_eq!(context.token.as_deref(), has_headers.then_some("mw_secret"), "{:?}", message.format);
            assert_eq!(message.envelope.out_of_order(), message.format.out_of_order());
        }
    }

    #[test]
    fn a_call_with_headers_is_sealed_where_it_stands() {
        let format = Format { transport: Transport::Header, protocol: Protocol::Compact };
        let message = hello(format);
        let address = message.as_ptr_range();

        let sealer = Sealer::new(format, "localhost:9090", Some(Token::generate().unwrap())).unwrap();
        let sealed = sealer.seal(message, 7, Duration::from_secs(30)).unwrap();

        assert!(address.contains(&sealed.as_ptr()));
    }

    #[test]
    fn what_cannot_be_sent_is_refused_before_the_first_call() {
        let http = Format { transport: Transport::Http, protocol: Protocol::Compact };
        let header = Format { transport: Transport::Header, protocol: Protocol::Json };

        assert!(Sealer::new(http, "a\r\nb: c", None).is_err());
        assert!(Sealer::new(header, "localhost:9090", None).unwrap_err().to_string().contains("does not carry Json"));
    }
}
