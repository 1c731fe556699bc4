//! What a server answers.
//!
//! No header value that comes from outside is ever written, so that none can end its line and begin another.

use super::content_type::ContentType;
use super::head::Version;
use super::request::{Method, Request};
use super::status::{Refused, Status};
use std::io::Write;

/// What is written to a client that waits before it sends its body.
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// At most so many bytes are written before a Thrift message.
pub(crate) const HEADROOM: usize = 160;

/// What becomes of the connection after an answer, and what the answer says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It is closed; also while the server drains.
    Close,
    /// It is kept, as is the rule.
    Keep,
    /// It is kept, which an HTTP/1.0 client has to be told.
    KeepOld,
}

impl After {
    /// What the client asked for.
    pub(crate) fn of(request: &Request) -> Self {
        match (request.keep_alive, request.version) {
            (false, _) => Self::Close,
            (true, Version::Http11) => Self::Keep,
            (true, Version::Http10) => Self::KeepOld,
        }
    }

    fn line(self) -> &'static str {
        match self {
            Self::Close => "Connection: close\r\n",
            Self::Keep => "",
            Self::KeepOld => "Connection: keep-alive\r\n",
        }
    }
}

/// Writes the head of an answer of status 200 before the message that `reply` holds after its first [`HEADROOM`] bytes;
/// an exception is status 200 too, because Thrift clients read no other. Answers where the head begins: what is sent is
/// `reply[start..]`. The answer to a oneway call is the head alone: `reply` is only the headroom.
pub(crate) fn head_before(reply: &mut [u8], content_type: ContentType, after: After) -> usize {
    let mut head = [0; HEADROOM];
    let mut rest = &mut head[..];
    let length = reply.len().saturating_sub(HEADROOM);
    let (content_type, connection) = (content_type.header(), after.line());
    write!(rest, "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{connection}\r\n")
        .expect("the headroom is larger than the longest head");
    let written = HEADROOM - rest.len();
    let start = HEADROOM - written;
    reply[start..HEADROOM].copy_from_slice(&head[..written]);
    start
}

/// An answer that is not a Thrift message.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// For the status line.
    pub status: Status,
    /// Of the body.
    pub content_type: &'static str,
    /// The field that its status wants beside the usual ones: `Allow` of a 405, `WWW-Authenticate` of a 401.
    pub field: Option<(&'static str, &'static str)>,
    /// A HEAD request gets its length alone.
    pub body: &'a [u8],
}

impl<'a> Page<'a> {
    /// An answer in words: what happened, what to do.
    pub fn text(status: Status, text: &'a str) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", field: None, body: text.as_bytes() }
    }
}

impl<'a> From<&'a Refused> for Page<'a> {
    fn from(refused: &'a Refused) -> Self {
        Self::text(refused.status, &refused.message)
    }
}

/// Writes an answer. One to HEAD has the head that one to GET would have, and no body.
pub(crate) fn page(page: &Page<'_>, method: Method, after: After) -> Vec<u8> {
    let Page { status, content_type, field, body } = page;
    let field = field.map_or(String::new(), |(name, value)| format!("{name}: {value}\r\n"));
    let head = format!(
        "HTTP/1.1 {} {}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n{field}{}\r\n",
        status.code(),
        status.reason(),
        body.len(),
        after.line()
    );
    let mut bytes = head.into_bytes();
    if method != Method::Head {
        bytes.extend_from_slice(body);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_head_fits_the_headroom() {
        let longest = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n",
            ContentType::Json.header(),
            usize::MAX,
            After::KeepOld.line()
        );

        assert!(longest.len() <= HEADROOM, "{} bytes", longest.len());
    }

    #[test]
    fn the_head_of_a_message_stands_right_before_it() {
        let mut reply = [&[0; HEADROOM][..], b"message"].concat();

        let start = head_before(&mut reply, ContentType::Thrift, After::Keep);

        let expected = "HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\nContent-Length: 7\r\n\r\nmessage";
        assert_eq!(std::str::from_utf8(&reply[start..]).unwrap(), expected);
    }

    #[test]
    fn an_answer_to_head_has_the_length_of_the_body_that_it_leaves_out() {
        let bytes = page(&Page::text(Status::Ok, "ok\n"), Method::Head, After::KeepOld);

        let expected = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn a_method_that_a_path_does_not_have_is_answered_with_those_that_it_has() {
        let refusal =
            Page { field: Some(("Allow", "GET, HEAD")), ..Page::text(Status::MethodNotAllowed, "send GET\n") };

        let text = String::from_utf8(page(&refusal, Method::Put, After::Close)).unwrap();

        assert!(text.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{text}");
        assert!(text.contains("\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\nsend GET\n"), "{text}");
    }
}
