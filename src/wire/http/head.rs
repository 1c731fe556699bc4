//! The head of a message: where it ends, and its fields.
//!
//! `httparse` judges every character; where lines end is stricter here, because it takes a bare line feed for a line end
//! and a proxy before this server may not.

use super::super::headers::Headers;
use super::status::{Refused, Status};
use bytes::Bytes;

/// Longest head, and longest trailers, in bytes.
/// where no limit is given: of trailers and responses.
pub(super) const MAX_HEAD_BYTES: usize = 16 << 10;
/// Most fields of a head.
pub(super) const MAX_FIELDS: usize = 100;
/// Room for the fields of a head.
pub(super) const NO_FIELDS: [httparse::Header<'static>; MAX_FIELDS] = [httparse::EMPTY_HEADER; MAX_FIELDS];

/// The version of a message, beside which nothing is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// Closes after each message unless it is asked not to.
    Http10,
    /// Stays open unless it is asked not to.
    Http11,
}

impl Version {
    /// By the digit that `httparse` answers.
    pub(super) fn of(minor: Option<u8>) -> Self {
        if minor == Some(0) { Self::Http10 } else { Self::Http11 }
    }
}

/// The search for the empty line at the end of a head. It looks at each byte once, however they arrive.
#[derive(Debug)]
pub(super) struct HeadEnd {
    /// Where the line begins that is searched for its end.
    line: usize,
    /// The next byte to look at.
    at: usize,
    max_bytes: usize,
}

impl Default for HeadEnd {
    fn default() -> Self {
        Self::at_most(MAX_HEAD_BYTES)
    }
}

impl HeadEnd {
    /// The search for the end of a head of so many bytes at most.
    pub(super) fn at_most(max_bytes: usize) -> Self {
        Self { line: 0, at: 0, max_bytes }
    }

    /// The length of the head that `bytes` begins with, its empty line included, once that is there.
    ///
    /// # Errors
    /// A head that is too large; a line that ends with a bare line feed.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refused> {
        let window = &bytes[..bytes.len().min(self.max_bytes)];
        while let Some(offset) = window[self.at..].iter().position(|byte| *byte == b'\n') {
            let newline = self.at + offset;
            let line = window[self.line..newline].strip_suffix(b"\r").ok_or_else(bare_line_feed)?;
            (self.line, self.at) = (newline + 1, newline + 1);
            if line.is_empty() {
                return Ok(Some(self.at));
            }
        }
        self.at = window.len();
        if window.len() == self.max_bytes { Err(head_too_large(self.max_bytes)) } else { Ok(None) }
    }
}

fn head_too_large(limit: usize) -> Refused {
    let advice = "send fewer or shorter header fields or raise server.max_header_bytes";
    let message = format!("the head has more than {limit} bytes; {advice}");
    Refused::new(Status::HeadersTooLarge, message)
}

pub(super) fn bare_line_feed() -> Refused {
    Refused::malformed("a line ends with a bare line feed; end lines with carriage return and line feed")
}

/// What `httparse` finds wrong, as it is answered.
impl From<httparse::Error> for Refused {
    fn from(error: httparse::Error) -> Self {
        use httparse::Error;
        match error {
            Error::Version => {
                Self::new(Status::VersionNotSupported, "the version is not spoken here; send HTTP/1.1 or HTTP/1.0")
            }
            Error::TooManyHeaders => Self::new(
                Status::HeadersTooLarge,
                format!("there are more than {MAX_FIELDS} header fields; send fewer"),
            ),
            Error::HeaderName => Self::malformed(
                "the name of a header field has a character that is not allowed; send no spaces before the colon and no folded lines",
            ),
            Error::HeaderValue => Self::malformed(
                "the value of a header field has a control character; send visible characters, spaces and tabs",
            ),
            Error::Token => Self::malformed("the first line is not method, target and version, one space between each"),
            Error::Status => Self::malformed("the first line is not version, status and reason"),
            Error::NewLine => Self::malformed("a carriage return stands without its line feed"),
        }
    }
}

/// The whole head has to be read: a rest would be taken for the body.
///
/// # Errors
/// A head of which not every byte was read.
pub(super) fn whole(parsed: httparse::Status<usize>, head: &[u8]) -> Result<(), Refused> {
    match parsed {
        httparse::Status::Complete(length) if length == head.len() => Ok(()),
        _ => Err(Refused::malformed("the head ends in the middle of a line")),
    }
}

/// The fields as slices of `head`, which they were parsed from.
///
/// # Errors
/// Two fields that say who calls: a proxy may have judged the other one.
pub(super) fn headers(head: &Bytes, fields: &[httparse::Header<'_>]) -> Result<Headers, Refused> {
    let who = values(fields, "authorization").count();
    if who > 1 {
        return Err(Refused::malformed(format!("the request has {who} authorization fields; send one")));
    }
    let mut headers = Headers::at_most(head.len());
    for field in fields {
        let pushed = headers.push(head.slice_ref(field.name.as_bytes()), head.slice_ref(field.value));
        pushed.map_err(|refusal| Refused::new(Status::HeadersTooLarge, refusal.message))?;
    }
    Ok(headers)
}

/// All values of a field, in order.
pub(super) fn values<'a>(fields: &'a [httparse::Header<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
}

/// Whether the connection outlives the message (RFC 9112 section 9.3).
pub(super) fn stays_open(version: Version, fields: &[httparse::Header<'_>]) -> bool {
    let says = |option: &str| {
        values(fields, "connection")
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|it| it.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
    };
    !says("close") && (version == Version::Http11 || says("keep-alive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_arrives_byte_by_byte_is_looked_at_once() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut search = HeadEnd::default();

        for length in 0..head.len() {
            assert_eq!(search.find(&head[..length]).unwrap(), None);
            assert_eq!(search.at, length, "the next search begins where this one ended");
        }
        assert_eq!(search.find(head).unwrap(), Some(head.len()));
    }

    #[test]
    fn a_head_of_the_largest_size_is_read_and_one_byte_more_is_not() {
        let head = |length: usize| [&b"a".repeat(length - 4)[..], b"\r\n\r\n"].concat();

        assert_eq!(HeadEnd::default().find(&head(MAX_HEAD_BYTES)).unwrap(), Some(MAX_HEAD_BYTES));
        let refused = HeadEnd::default().find(&head(MAX_HEAD_BYTES + 1)).unwrap_err();
        assert_eq!(refused.status, Status::HeadersTooLarge);
    }
}
