//! What a message is wrapped in on its connection, and so what its reply is wrapped in.

use super::draft::{self, Draft, Pieces};
use super::headed::Headed;
use super::http::{self, After, ContentType, Method, Page, Request, Status};
use super::memory::Held;
use super::message::{Head, Refusal, refusal_reply};
use super::protocol::{Format, Transport};
use bytes::Bytes;
use std::sync::Arc;

/// What the reply to a message has to be wrapped in.
#[derive(Clone, Debug)]
pub enum Envelope {
    /// Nothing: one message after the other.
    Unframed,
    /// Its length, u32 big-endian.
    Framed,
    /// A header of THeader or TTHeader.
    Headed(Headed),
    /// The head of an HTTP response.
    Http {
        /// That of the request.
        content_type: ContentType,
        /// Whether the client sends more.
        after: After,
    },
}

/// The flag of THeader by which a peer says that it tells replies by their numbers.
pub(super) const OUT_OF_ORDER: u16 = 0x01;
/// As much as stands before a message with headers: the fixed part, and the pairs that a server or a client sends.
const HEADED_ROOM: usize = 128;

/// What a reply tells its caller beside the answer, where the transport has room for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// The server is about to stop: the next call should go to another one.
    pub draining: bool,
    /// The connection is closed after this reply.
    pub closing: bool,
}

impl Transport {
    /// Each message comes after its length, so that the next can be of another kind.
    pub(super) fn has_frames(self) -> bool {
        matches!(self, Self::Framed | Self::Header | Self::TtHeader)
    }

    /// The most that stands before a message. Messages are written behind that much room, so that none is moved when its
    /// length is known.
    pub(super) fn headroom(self) -> usize {
        match self {
            Self::Unframed => 0,
            Self::Framed => size_of::<u32>(),
            Self::Header | Self::TtHeader => HEADED_ROOM,
            Self::Http => http::HEADROOM,
        }
    }
}

impl Format {
    /// The most that stands before a message; see [`Envelope::seal`].
    pub fn headroom(self) -> usize {
        self.transport.headroom()
    }

    /// The bytes that a limit of frames counts of a reply that was written behind its headroom: where a header stands in
    /// the frame, it counts.
    pub fn framed_bytes(self, reply: usize) -> usize {
        match self.transport {
            Transport::Header | Transport::TtHeader => reply,
            Transport::Unframed | Transport::Framed | Transport::Http => reply.saturating_sub(self.headroom()),
        }
    }
}

impl Envelope {
    /// Whether the reply may overtake those of earlier calls, because the caller said that it tells them by their numbers.
    pub fn out_of_order(&self) -> bool {
        match self {
            Self::Headed(headed) => headed.flags & OUT_OF_ORDER != 0,
            Self::Unframed | Self::Framed | Self::Http { .. } => false,
        }
    }

    /// Whether the connection ends with the reply: HTTP closes where others only say that they are about to.
    fn is_last(&self, draining: bool) -> bool {
        matches!(self, Self::Http { after, .. } if draining || *after == After::Close)
    }

    /// Appends a message that was written behind its headroom, wrapped, to others.
    pub fn seal_into(&self, message: Vec<u8>, notice: Notice, out: &mut Vec<u8>) {
        match self {
            Self::Framed => {
                let body = message.get(Transport::Framed.headroom()..).unwrap_or_default();
                out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
                out.extend_from_slice(body);
                draft::spare(message);
            }
            Self::Unframed => {
                out.extend_from_slice(&message);
                draft::spare(message);
            }
            Self::Headed(_) | Self::Http { .. } => out.extend_from_slice(&self.seal(message, notice)),
        }
    }

    /// Wraps a message that was written behind its headroom.
    pub fn seal(&self, mut message: Vec<u8>, notice: Notice) -> Bytes {
        match self {
            Self::Unframed => message.into(),
            Self::Framed => {
                let length = message.len();
                write_length(&mut message, length);
                message.into()
            }
            Self::Headed(headed) => headed.sealed(message, HEADED_ROOM, notice.draining),
            Self::Http { content_type, after } => {
                let after = if notice.closing { After::Close } else { *after };
                let start = http::head_before(&mut message, *content_type, after);
                Bytes::from(message).slice(start..)
            }
        }
    }
}

/// Writes into the headroom of a framed message, of which this is the start, how long it is behind that.
fn write_length(start: &mut [u8], with_room: usize) {
    let length = u32::try_from(with_room.saturating_sub(Transport::Framed.headroom())).unwrap_or(u32::MAX);
    if let Some(prefix) = start.first_chunk_mut() {
        *prefix = length.to_be_bytes();
    }
}

/// What goes back to the peer for one message.
#[derive(Debug)]
pub struct Answer {
    /// What the reply is wrapped in.
    pub envelope: Envelope,
    /// Behind its headroom; `None` for a message that wants no reply.
    pub reply: Option<Draft>,
    /// The connection is closed after it.
    pub close: bool,
    /// Memory that is held until the reply has been written.
    pub held: Option<Arc<Held>>,
}

impl Answer {
    /// The reply to a message that is not worked on, if its caller can be told and waits to be. Who posts waits for a
    /// response even to what says nowhere which call it is.
    pub fn refused(format: Format, envelope: Envelope, head: Option<&Head>, refusal: &Refusal, close: bool) -> Self {
        if head.is_none() && matches!(envelope, Envelope::Http { .. }) {
            let page = Page::text(Status::BadRequest, &refusal.message);
            return Self::bytes(http::page(&page, Method::Post, After::Close), true);
        }
        let reply = head.filter(|head| !head.oneway).map(|head| refusal_reply(format, head, refusal).into());
        Self { envelope, reply, close, held: None }
    }

    /// Bytes that are written as they are.
    pub(super) fn bytes(bytes: impl Into<Vec<u8>>, close: bool) -> Self {
        Self { envelope: Envelope::Unframed, reply: Some(bytes.into().into()), close, held: None }
    }

    /// The answer to a request of HTTP that carries no message.
    pub fn page(request: &Request, page: &Page<'_>) -> Self {
        let after = After::of(request);
        Self::bytes(http::page(page, request.method, after), after == After::Close)
    }

    /// Whether it may say that the server is about to stop, with so many `others` on the connection that are not answered
    /// yet: where saying so ends the connection, the last one does.
    pub fn may_tell(&self, others: usize) -> bool {
        others == 0 || !self.envelope.is_last(true)
    }

    /// Whether the connection is closed after it.
    pub fn closes(&self, draining: bool) -> bool {
        self.close || self.envelope.is_last(draining)
    }

    /// The size of the reply, about.
    pub fn reply_bytes(&self) -> usize {
        self.reply.as_ref().map_or(0, Draft::len)
    }

    /// Appends the bytes of the reply to others; see [`Answer::seal`].
    pub fn seal_into(mut self, draining: bool, out: &mut Vec<u8>) {
        let notice = Notice { draining, closing: self.closes(draining) };
        match self.reply.take() {
            Some(reply) => self.envelope.seal_into(reply.into_vec(), notice, out),
            None => out.extend_from_slice(&self.seal(draining)),
        }
    }

    /// The bytes of the reply in as many pieces as they stand in, where nothing has to be done to them; see [`Answer::seal`].
    pub fn seal_in_pieces(mut self, draining: bool) -> Pieces {
        match (&self.envelope, self.reply.take()) {
            (Envelope::Unframed, Some(reply)) => reply.into_pieces(),
            (Envelope::Framed, Some(mut reply)) => {
                let length = reply.len();
                write_length(reply.written(), length);
                reply.into_pieces()
            }
            (_, reply) => [Self { reply, ..self }.seal(draining)].into_iter().collect(),
        }
    }

    /// The bytes of the reply; none for a message that wants none, unless its transport wants some all the same.
    pub fn seal(self, draining: bool) -> Bytes {
        let notice = Notice { draining, closing: self.closes(draining) };
        match (self.reply, &self.envelope) {
            (Some(reply), envelope) => envelope.seal(reply.into_vec(), notice),
            (None, Envelope::Http { .. }) => self.envelope.seal(vec![0; http::HEADROOM], notice),
            (None, _) => Bytes::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Protocol;

    #[test]
    fn who_posts_what_says_nowhere_which_call_it_is_gets_words_and_not_an_empty_page() {
        let format = Format { transport: Transport::Http, protocol: Protocol::Binary };
        let envelope = Envelope::Http { content_type: ContentType::Thrift, after: After::Keep };

        let answer = Answer::refused(format, envelope, None, &Refusal::malformed("it is cut"), false);

        assert!(answer.closes(false));
        let page = answer.seal(false);
        assert!(page.starts_with(b"HTTP/1.1 400 ") && page.ends_with(b"it is cut"), "{page:?}");
    }
}
