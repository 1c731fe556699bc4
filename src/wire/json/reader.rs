//! Reads values out of JSON.

use super::cursor::{Cursor, is_numeric};
use super::place::{Due, Place};
use super::text::{read_base64, unescape};
use super::types::{min_bytes, name_of, type_of};
use super::{VERSION, invalid};
use crate::wire::Limits;
use std::str::FromStr;
use thrift::protocol::{
    TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TMessageIdentifier, TMessageType,
    TSetIdentifier, TStructIdentifier, TType,
};
use thrift::{ProtocolError, ProtocolErrorKind, Result};

/// Reads one message; after an error it is dead.
///
/// Nothing is allocated by what a message claims: a string is cut out of the bytes that are there, and a count is held
/// against what is left of them. Structs and containers may be `max_depth` deep together.
pub(in crate::wire) struct JsonReader<'a> {
    cursor: Cursor<'a>,
    open: Vec<Place>,
    /// Structs and containers among `open`.
    depth: usize,
    max_depth: usize,
}

impl<'a> JsonReader<'a> {
    /// A reader over the whole of `bytes`.
    pub(in crate::wire) fn new(bytes: &'a [u8], limits: &Limits) -> Self {
        Self { cursor: Cursor::new(bytes), open: Vec::new(), depth: 0, max_depth: limits.max_depth }
    }

    /// Goes to the next value; true if it is a key.
    fn next_value(&mut self) -> Result<bool> {
        let Some(slot) = self.open.last_mut().map(Place::next_slot) else { return Ok(false) };
        match slot.separator {
            Some(b',') if matches!(self.cursor.peek()?, b']' | b'}') => Err(self.miscounted("fewer")),
            Some(separator) => self.cursor.expect(separator).map(|()| slot.is_key),
            None => Ok(slot.is_key),
        }
    }

    /// Opens a struct or a container.
    fn enter(&mut self, bracket: u8) -> Result<()> {
        self.next_value()?;
        self.depth += 1;
        if self.depth > self.max_depth {
            let message = format!("the message is nested deeper than {} levels", self.max_depth);
            return Err(ProtocolError::new(ProtocolErrorKind::DepthLimit, message).into());
        }
        self.cursor.expect(bracket)
    }

    /// Closes a struct or a container.
    fn leave(&mut self, bracket: u8) -> Result<()> {
        if self.cursor.peek()? == b',' {
            return Err(self.miscounted("more"));
        }
        self.open.pop();
        self.depth = self.depth.saturating_sub(1);
        self.cursor.expect(bracket)
    }

    fn miscounted(&self, compared: &str) -> thrift::Error {
        invalid(format!("at byte {} a list, set or map has {compared} elements than its count says", self.cursor.at()))
    }

    /// The head of an array: a type and a comma.
    fn element_type(&mut self) -> Result<TType> {
        let kind = type_of(self.cursor.string()?)?;
        self.cursor.expect(b',')?;
        Ok(kind)
    }

    /// A count of elements that take this many bytes each, at least.
    fn count(&mut self, min_bytes: usize) -> Result<i32> {
        let count: i32 = parse(self.cursor.number()?, TType::I32)?;
        let Ok(elements) = usize::try_from(count) else {
            let message = format!("a count of {count} is not possible");
            return Err(ProtocolError::new(ProtocolErrorKind::NegativeSize, message).into());
        };
        let left = self.cursor.left();
        if elements.saturating_mul(min_bytes) <= left {
            return Ok(count);
        }
        let message = format!("{count} elements are announced and only {left} bytes are left");
        Err(ProtocolError::new(ProtocolErrorKind::SizeLimit, message).into())
    }

    /// Type and count of a list or a set, whose elements come next.
    fn enter_list(&mut self) -> Result<(TType, i32)> {
        self.enter(b'[')?;
        let kind = self.element_type()?;
        let count = self.count(COMMA + min_bytes(kind))?;
        self.open.push(Place::Elements);
        Ok((kind, count))
    }

    fn integer<T: FromStr>(&mut self, kind: TType) -> Result<T> {
        let is_key = self.next_value()?;
        parse(if is_key { self.cursor.string()? } else { self.cursor.number()? }, kind)
    }
}

/// What stands between two elements.
const COMMA: usize = 1;
const COLON: usize = 1;

/// A number of this type. Texts that are no numbers, such as "inf", are none here either.
fn parse<T: FromStr>(token: &[u8], kind: TType) -> Result<T> {
    let text = std::str::from_utf8(token).ok().filter(|_| token.iter().all(|byte| is_numeric(*byte)));
    text.and_then(|text| text.parse().ok()).ok_or_else(|| not_a(kind, token))
}

/// A finite number: what is too large for a double is not infinity.
fn parse_double(token: &[u8]) -> Result<f64> {
    let number: f64 = parse(token, TType::Double)?;
    if number.is_finite() { Ok(number) } else { Err(not_a(TType::Double, token)) }
}

fn not_a(kind: TType, token: &[u8]) -> thrift::Error {
    let token = &token[..token.len().min(LONGEST_QUOTE)];
    invalid(format!("\"{}\" is not a value of type {}", token.escape_ascii(), name_of(kind).unwrap_or_default()))
}

/// As much of a message as an error repeats.
const LONGEST_QUOTE: usize = 40;

impl TInputProtocol for JsonReader<'_> {
    fn read_message_begin(&mut self) -> Result<TMessageIdentifier> {
        self.cursor.expect(b'[')?;
        let version: i64 = parse(self.cursor.number()?, TType::I64)?;
        if version != VERSION {
            let message = format!("version {version} of the JSON protocol is not known, only {VERSION} is");
            return Err(ProtocolError::new(ProtocolErrorKind::BadVersion, message).into());
        }
        self.cursor.expect(b',')?;
        let name = unescape(self.cursor.string()?)?;
        self.cursor.expect(b',')?;
        let message_type = TMessageType::try_from(parse::<u8>(self.cursor.number()?, TType::I08)?)?;
        self.cursor.expect(b',')?;
        let sequence_number = parse(self.cursor.number()?, TType::I32)?;
        self.cursor.expect(b',')?;
        self.open.push(Place::Single);
        Ok(TMessageIdentifier { name, message_type, sequence_number })
    }

    fn read_message_end(&mut self) -> Result<()> {
        self.open.pop();
        self.cursor.expect(b']')
    }

    fn read_struct_begin(&mut self) -> Result<Option<TStructIdentifier>> {
        self.enter(b'{')?;
        self.open.push(Place::Fields { first: true });
        Ok(None)
    }

    fn read_struct_end(&mut self) -> Result<()> {
        self.leave(b'}')
    }

    fn read_field_begin(&mut self) -> Result<TFieldIdentifier> {
        // Who skips a struct does not end its fields: `TInputProtocol::skip` is made for protocols where nothing ends them.
        if matches!(self.open.last(), Some(Place::Single)) {
            self.read_field_end()?;
        }
        if self.cursor.peek()? == b'}' {
            return Ok(TFieldIdentifier { name: None, field_type: TType::Stop, id: None });
        }
        let id = self.integer(TType::I16)?;
        self.cursor.expect(b':')?;
        self.cursor.expect(b'{')?;
        let field_type = type_of(self.cursor.string()?)?;
        self.cursor.expect(b':')?;
        self.open.push(Place::Single);
        Ok(TFieldIdentifier { name: None, field_type, id: Some(id) })
    }

    fn read_field_end(&mut self) -> Result<()> {
        self.open.pop();
        self.cursor.expect(b'}')
    }

    fn read_bool(&mut self) -> Result<bool> {
        match self.integer::<u8>(TType::Bool)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(not_a(TType::Bool, other.to_string().as_bytes())),
        }
    }

    fn read_bytes(&mut self) -> Result<Vec<u8>> {
        self.next_value()?;
        read_base64(self.cursor.string()?)
    }

    fn read_i8(&mut self) -> Result<i8> {
        self.integer(TType::I08)
    }

    fn read_i16(&mut self) -> Result<i16> {
        self.integer(TType::I16)
    }

    fn read_i32(&mut self) -> Result<i32> {
        self.integer(TType::I32)
    }

    fn read_i64(&mut self) -> Result<i64> {
        self.integer(TType::I64)
    }

    fn read_double(&mut self) -> Result<f64> {
        let is_key = self.next_value()?;
        if self.cursor.peek()? != b'"' && !is_key {
            return parse_double(self.cursor.number()?);
        }
        match self.cursor.string()? {
            b"NaN" => Ok(f64::NAN),
            b"Infinity" => Ok(f64::INFINITY),
            b"-Infinity" => Ok(f64::NEG_INFINITY),
            number if is_key => parse_double(number),
            other => Err(not_a(TType::Double, other)),
        }
    }

    fn read_uuid(&mut self) -> Result<uuid::Uuid> {
        self.next_value()?;
        let text = self.cursor.string()?;
        uuid::Uuid::try_parse_ascii(text).map_err(|_| not_a(TType::Uuid, text))
    }

    fn read_string(&mut self) -> Result<String> {
        self.next_value()?;
        unescape(self.cursor.string()?)
    }

    fn read_list_begin(&mut self) -> Result<TListIdentifier> {
        let (element_type, size) = self.enter_list()?;
        Ok(TListIdentifier { element_type, size })
    }

    fn read_list_end(&mut self) -> Result<()> {
        self.leave(b']')
    }

    fn read_set_begin(&mut self) -> Result<TSetIdentifier> {
        let (element_type, size) = self.enter_list()?;
        Ok(TSetIdentifier { element_type, size })
    }

    fn read_set_end(&mut self) -> Result<()> {
        self.leave(b']')
    }

    fn read_map_begin(&mut self) -> Result<TMapIdentifier> {
        self.enter(b'[')?;
        let (key, value) = (self.element_type()?, self.element_type()?);
        let size = self.count(min_bytes(key) + COLON + min_bytes(value) + COMMA)?;
        self.cursor.expect(b',')?;
        self.cursor.expect(b'{')?;
        self.open.push(Place::Pairs(Due::FirstKey));
        Ok(TMapIdentifier { key_type: Some(key), value_type: Some(value), size })
    }

    fn read_map_end(&mut self) -> Result<()> {
        self.leave(b'}')?;
        self.cursor.expect(b']')
    }

    /// A text or bytes, nobody knows: only where it ends matters.
    fn skip_binary(&mut self) -> Result<()> {
        self.next_value()?;
        self.cursor.string().map(drop)
    }

    fn read_byte(&mut self) -> Result<u8> {
        self.integer(TType::I08)
    }

    fn min_serialized_size(&self, field_type: TType) -> usize {
        min_bytes(field_type)
    }
}
