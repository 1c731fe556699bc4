//! Walks over the tokens of JSON; what they mean is not known here.

use super::invalid;
use thrift::{Result, TransportError, TransportErrorKind};

/// A place in the bytes of a message.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What a number is made of. Whether it is one is up to who parses it.
pub(super) fn is_numeric(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The place in `text` where a string that starts before it ends, or where an escape does start.
pub(super) fn quote_or_escape(text: &[u8]) -> Option<usize> {
    text.iter().position(|byte| matches!(byte, b'"' | b'\\'))
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes have been read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The byte that the next token starts with.
    pub(super) fn peek(&mut self) -> Result<u8> {
        let token = self.rest().iter().position(|byte| !is_space(*byte)).ok_or_else(end_of_message)?;
        self.at += token;
        Ok(self.bytes[self.at])
    }

    /// Takes a bracket, colon or comma.
    pub(super) fn expect(&mut self, wanted: u8) -> Result<()> {
        if self.peek()? != wanted {
            return Err(self.unexpected(&format!("'{}'", char::from(wanted))));
        }
        self.at += 1;
        Ok(())
    }

    /// Takes a string and answers what stands between its quotes, escapes as they are.
    pub(super) fn string(&mut self) -> Result<&'a [u8]> {
        self.expect(b'"')?;
        let text = self.rest();
        let mut end = 0;
        loop {
            end += text.get(end..).and_then(quote_or_escape).ok_or_else(end_of_message)?;
            if text[end] == b'"' {
                break;
            }
            end += 2;
        }
        self.at += end + 1;
        Ok(&text[..end])
    }

    /// Takes a number. One at the very end may be the start of a longer one: it is as good as missing.
    pub(super) fn number(&mut self) -> Result<&'a [u8]> {
        self.peek()?;
        let text = self.rest();
        let end = text.iter().position(|byte| !is_numeric(*byte)).ok_or_else(end_of_message)?;
        if end == 0 {
            return Err(self.unexpected("a number"));
        }
        self.at += end;
        Ok(&text[..end])
    }

    /// The error that names the byte here.
    pub(super) fn unexpected(&self, wanted: &str) -> thrift::Error {
        let found = self.rest().first().map(|byte| byte.escape_ascii().to_string()).unwrap_or_default();
        invalid(format!("byte {} is '{found}' where {wanted} was expected", self.at))
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }
}

fn end_of_message() -> thrift::Error {
    TransportError::new(TransportErrorKind::EndOfFile, "the message ends in the middle of a value").into()
}
