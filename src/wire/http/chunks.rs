//! A body in chunks (RFC 9112 section 7.1).
//!
//! It keeps its place between reads. Extensions and trailers mean nothing here; they are bounded and left out.

use super::body::too_large;
use super::head::{HeadEnd, MAX_HEAD_BYTES, NO_FIELDS, bare_line_feed, whole};
use super::status::{Refused, Status};
use bytes::{Buf, Bytes, BytesMut};

/// Digits of the largest size; beyond it could overflow.
const MAX_SIZE_DIGITS: usize = 16;
/// Bytes of all extensions of a body; without a bound, chunks of one byte could cost anything.
const MAX_EXTENSION_BYTES: usize = MAX_HEAD_BYTES;
const LINE_END: &[u8] = b"\r\n";

/// What comes next.
#[derive(Debug)]
enum Next {
    /// The line with the size of a chunk.
    Size {
        /// Bytes of it that are known to have no end of the line.
        searched: usize,
    },
    /// So many bytes of a chunk.
    Data(usize),
    /// The end of the line after a chunk.
    DataEnd,
    /// Fields until an empty line.
    Trailers(HeadEnd),
}

/// A body whose chunks are arriving.
#[derive(Debug)]
pub(super) struct Chunks {
    next: Next,
    /// What has really arrived.
    body: BytesMut,
    limit: usize,
    extension_bytes_left: usize,
}

impl Chunks {
    /// A body of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        let next = Next::Size { searched: 0 };
        Self { next, body: BytesMut::new(), limit, extension_bytes_left: MAX_EXTENSION_BYTES }
    }

    /// Bytes of the chunks so far.
    pub(super) fn held(&self) -> usize {
        self.body.len()
    }

    /// Takes what has arrived out of `buffer`. Answers the body once it is whole.
    ///
    /// # Errors
    /// Sizes that are no hexadecimal numbers or beyond the limits, bytes that are no chunks.
    pub(super) fn cut(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, Refused> {
        loop {
            let next = match &mut self.next {
                Next::Size { .. } => self.size(buffer)?,
                Next::Data(left) => {
                    let taken = buffer.len().min(*left);
                    self.body.extend_from_slice(&buffer[..taken]);
                    buffer.advance(taken);
                    *left -= taken;
                    (*left == 0).then_some(Next::DataEnd)
                }
                Next::DataEnd => data_end(buffer)?,
                Next::Trailers(end) => {
                    let Some(length) = end.find(buffer)? else { return Ok(None) };
                    trailers(&buffer.split_to(length))?;
                    return Ok(Some(std::mem::take(&mut self.body).freeze()));
                }
            };
            match next {
                Some(next) => self.next = next,
                None => return Ok(None),
            }
        }
    }

    fn size(&mut self, buffer: &mut BytesMut) -> Result<Option<Next>, Refused> {
        let Next::Size { searched } = &mut self.next else { return Ok(None) };
        let longest = MAX_SIZE_DIGITS + self.extension_bytes_left + LINE_END.len();
        let window = &buffer[..buffer.len().min(longest)];
        let Some(offset) = window[*searched..].iter().position(|byte| *byte == b'\n') else {
            *searched = window.len();
            return if window.len() == longest { Err(extensions_too_long()) } else { Ok(None) };
        };
        let line = window[..*searched + offset].strip_suffix(b"\r").ok_or_else(bare_line_feed)?;
        let (size, extensions) = parse_size(line)?;
        self.extension_bytes_left =
            self.extension_bytes_left.checked_sub(extensions.len()).ok_or_else(extensions_too_long)?;
        let length = self.within_limit(size)?;
        buffer.advance(line.len() + LINE_END.len());
        Ok(Some(if length == 0 { Next::Trailers(HeadEnd::default()) } else { Next::Data(length) }))
    }

    fn within_limit(&self, size: u64) -> Result<usize, Refused> {
        match usize::try_from(size) {
            Ok(size) if size <= self.limit - self.body.len() => Ok(size),
            _ => Err(too_large(size.saturating_add(self.body.len() as u64), self.limit)),
        }
    }
}

/// The size at the start of a line, and the extensions after it. No spaces, sign or prefix: what one reader takes for a
/// number and another does not is how requests are smuggled.
fn parse_size(line: &[u8]) -> Result<(u64, &[u8]), Refused> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (size, extensions) = line.split_at(digits);
    let is_text = extensions.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control());
    if !matches!(digits, 1..=MAX_SIZE_DIGITS) || !matches!(extensions.first(), None | Some(b';')) || !is_text {
        return Err(Refused::malformed(format!(
            "the size of a chunk is not 1 to {MAX_SIZE_DIGITS} hexadecimal digits; send them alone on their line"
        )));
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map_or(0, u64::from);
    Ok((size.iter().fold(0, |sum, byte| (sum << 4) | digit(byte)), extensions))
}

fn extensions_too_long() -> Refused {
    let message = format!("the chunk extensions have more than {MAX_EXTENSION_BYTES} bytes; send none");
    Refused::new(Status::HeadersTooLarge, message)
}

fn data_end(buffer: &mut BytesMut) -> Result<Option<Next>, Refused> {
    if buffer.starts_with(LINE_END) {
        buffer.advance(LINE_END.len());
        return Ok(Some(Next::Size { searched: 0 }));
    }
    if LINE_END.starts_with(&buffer[..]) {
        return Ok(None);
    }
    Err(Refused::malformed("a chunk is longer than its size says; end it with carriage return and line feed"))
}

/// They are judged as fields of a head, and left.
fn trailers(bytes: &[u8]) -> Result<(), Refused> {
    let mut fields = NO_FIELDS;
    match httparse::parse_headers(bytes, &mut fields)? {
        httparse::Status::Complete((length, _)) => whole(httparse::Status::Complete(length), bytes),
        httparse::Status::Partial => whole(httparse::Status::Partial, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_size_that_arrives_byte_by_byte_is_looked_at_once() {
        let (mut chunks, mut buffer) = (Chunks::new(10), BytesMut::new());

        for (at, byte) in b"5;extension\r".iter().enumerate() {
            buffer.extend_from_slice(&[*byte]);

            assert_eq!(chunks.cut(&mut buffer).unwrap(), None);
            assert!(matches!(chunks.next, Next::Size { searched } if searched == at + 1));
        }
    }
}
