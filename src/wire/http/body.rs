//! The body of a message: how long it says it is, and its bytes as they arrive.

use super::chunks::Chunks;
use super::head::{Version, values};
use super::status::{Refused, Status};
use bytes::{Bytes, BytesMut};

/// A body that is arriving.
#[derive(Debug)]
pub(super) enum Body {
    /// So many bytes; none where nothing was declared.
    Sized(usize),
    /// Until the last chunk.
    Chunked(Chunks),
}

impl Body {
    /// What the head declares (RFC 9112 section 6.3), but that whatever two readers could read differently is refused:
    /// that is how requests are smuggled past a proxy. `None` where it declares nothing.
    ///
    /// # Errors
    /// Length and coding together or repeated, a length that is no number, a body above `limit`, an unknown coding.
    pub(super) fn declared(
        version: Version,
        fields: &[httparse::Header<'_>],
        limit: usize,
    ) -> Result<Option<Self>, Refused> {
        let mut lengths = values(fields, "content-length");
        let mut codings = values(fields, "transfer-encoding");
        match (lengths.next(), codings.next()) {
            (None, None) => Ok(None),
            (Some(length), None) if lengths.next().is_none() => {
                declared_length(length, limit).map(Self::Sized).map(Some)
            }
            (None, Some(coding)) if codings.next().is_none() => {
                declared_coding(version, coding)?;
                Ok(Some(Self::Chunked(Chunks::new(limit))))
            }
            (Some(_), Some(_)) => {
                Err(Refused::malformed("content-length and transfer-encoding exclude each other; send one of them"))
            }
            (Some(_), None) => Err(Refused::malformed("content-length is there more than once; send it once")),
            (None, Some(_)) => Err(Refused::malformed("transfer-encoding is there more than once; send it once")),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Sized(0))
    }

    /// Takes the body out of `buffer`, once it is whole. Chunks are taken as they come.
    ///
    /// # Errors
    /// Chunks that are too large or no chunks.
    pub(super) fn cut(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, Refused> {
        match self {
            Self::Sized(length) if buffer.len() < *length => Ok(None),
            Self::Sized(length) => Ok(Some(buffer.split_to(*length).freeze())),
            Self::Chunked(chunks) => chunks.cut(buffer),
        }
    }

    /// How many bytes the buffer has to hold until the body is whole; 0 if that is not known.
    pub(super) fn wanted(&self) -> usize {
        match self {
            Self::Sized(length) => *length,
            Self::Chunked(_) => 0,
        }
    }

    /// Bytes that were taken out of the buffer and are kept.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Sized(_) => 0,
            Self::Chunked(chunks) => chunks.held(),
        }
    }
}

pub(super) fn too_large(size: u64, limit: usize) -> Refused {
    let message = format!(
        "body of {size} bytes or more exceeds the limit of {limit}; send fewer rows or raise server.max_frame_bytes"
    );
    Refused::new(Status::ContentTooLarge, message)
}

fn declared_length(value: &[u8], limit: usize) -> Result<usize, Refused> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refused::malformed(
            "content-length is not one decimal number; send the number of bytes of the body",
        ));
    }
    // More digits than a u64 has is a number too.
    let length = value.iter().fold(0u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    match usize::try_from(length) {
        Ok(length) if length <= limit => Ok(length),
        _ => Err(too_large(length, limit)),
    }
}

fn declared_coding(version: Version, value: &[u8]) -> Result<(), Refused> {
    if version == Version::Http10 {
        return Err(Refused::malformed("HTTP/1.0 has no transfer-encoding; send content-length"));
    }
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let message = "the only transfer-encoding here is \"chunked\"; send that alone, or content-length";
    Err(Refused::new(Status::NotImplemented, message))
}
