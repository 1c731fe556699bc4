//! What a client writes before its Thrift message.

use super::super::headers::Headers;
use super::content_type::ContentType;
use crate::error::{Error, quotable};
use std::fmt::Write;

/// Fields that say where a message ends or whom it is for; they are written from what is known, never from outside.
const OURS: &[&str] =
    &["host", "content-type", "content-length", "transfer-encoding", "connection", "expect", "te", "upgrade"];

/// A request that carries a Thrift message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Post<'a> {
    /// Name or address of the server, and its port.
    pub(crate) host: &'a str,
    /// Begins with a slash; may have a query.
    pub(crate) path: &'a str,
    pub(crate) content_type: ContentType,
    /// Beside those that every request has.
    pub(crate) headers: &'a Headers,
}

impl Post<'_> {
    /// The head of the request, for a message of `length` bytes that is sent right after it.
    ///
    /// # Errors
    /// Host, path or headers that have characters which would end a line or a word, or headers that are not the caller's.
    pub(crate) fn head(&self, length: usize) -> Result<Vec<u8>, Error> {
        let Self { host, path, content_type, headers } = self;
        if !is_word(host) {
            return Err(invalid("host", host, "a name or address with its port, without spaces"));
        }
        if !path.starts_with('/') || !is_word(path) {
            return Err(invalid("path", path, "a path that begins with a slash, with other characters as %20"));
        }
        let mut head = String::new();
        let content_type = content_type.header();
        write!(
            head,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\nAccept: {content_type}\r\n"
        )
        .and_then(|()| write!(head, "Content-Length: {length}\r\n"))
        .expect("a string takes what is written");
        let mut head = head.into_bytes();
        for (name, value) in headers.iter() {
            put(&mut head, name, value)?;
        }
        head.extend_from_slice(b"\r\n");
        Ok(head)
    }
}

fn put(head: &mut Vec<u8>, name: &[u8], value: &[u8]) -> Result<(), Error> {
    let is_ours = OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours.as_bytes()));
    if is_ours || name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
        let name = String::from_utf8_lossy(name);
        return Err(invalid(
            "header",
            &name,
            "a name of letters, digits and hyphens that the request does not have anyway",
        ));
    }
    if !value.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control()) {
        let name = String::from_utf8_lossy(name);
        return Err(invalid("value of header", &name, "text without line ends and other control characters"));
    }
    for part in [name, b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
    Ok(())
}

/// Visible ASCII, not empty.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn invalid(what: &str, got: &str, expected: &str) -> Error {
    Error::InvalidArgument { what: format!("{what} {:?} cannot be sent; give {expected}", quotable(got)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn headers(name: &'static str, value: &'static str) -> Headers {
        let mut headers = Headers::default();
        headers.push(Bytes::from_static(name.as_bytes()), Bytes::from_static(value.as_bytes())).unwrap();
        headers
    }

    fn post<'a>(host: &'a str, path: &'a str, headers: &'a Headers) -> Result<Vec<u8>, Error> {
        Post { host, path, content_type: ContentType::Thrift, headers }.head(3)
    }

    #[test]
    fn a_request_says_whom_it_is_for_and_how_long_its_body_is() {
        let head = post("localhost:9090", "/thrift?a=b", &headers("X-Request-Id", "7")).unwrap();

        let expected = "POST /thrift?a=b HTTP/1.1\r\nHost: localhost:9090\r\nContent-Type: application/x-thrift\r\nAccept: application/x-thrift\r\nContent-Length: 3\r\nX-Request-Id: 7\r\n\r\n";
        assert_eq!(String::from_utf8(head).unwrap(), expected);
    }

    #[test]
    fn nothing_that_is_put_in_can_end_a_line_and_begin_another() {
        let none = Headers::default();
        for (host, path, headers) in [
            ("a\r\nb: c", "/", &none),
            ("a b", "/", &none),
            ("", "/", &none),
            ("a", "/ HTTP/1.1\r\n", &none),
            ("a", "x", &none),
            ("a", "/", &headers("x", "1\r\ny: 2")),
            ("a", "/", &headers("x", "1\n")),
            ("a", "/", &headers("x", "1\0")),
            ("a", "/", &headers("x y", "1")),
            ("a", "/", &headers("x:", "1")),
            ("a", "/", &headers("", "1")),
            ("a", "/", &headers("Content-Length", "1")),
            ("a", "/", &headers("transfer-encoding", "chunked")),
        ] {
            assert!(post(host, path, headers).is_err(), "{host:?} {path:?} {headers:?}");
        }
    }
}
