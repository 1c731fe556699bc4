//! Finds the end of an unframed message in binary or compact, which says nowhere how long it is.
//!
//! The scanner skips values without building them. It keeps its place between reads, so that a message that arrives byte
//! by byte is walked once, and its stack is its own, so that nesting cannot exhaust the thread's.

use super::limits::Limits;
use super::message::Refusal;
use super::protocol::Protocol;
use crate::telemetry::Reason;

/// What a value is made of, whatever the protocol.
#[derive(Clone, Copy)]
enum Shape {
    Fixed(usize),
    Varint,
    Text,
    Struct,
    List,
    Map,
}

/// What the scanner is in the middle of; the innermost is on top.
enum Open {
    Head,
    Value(Shape),
    Struct,
    Elements { shape: Shape, left: usize },
    Pairs { key: Shape, value: Shape, left: usize, at_key: bool },
}

/// Not enough bytes for the next step; nothing was moved.
struct Short;

enum Stop {
    Short,
    Refused(Refusal),
}

impl From<Short> for Stop {
    fn from(_: Short) -> Self {
        Self::Short
    }
}

type Step<T> = Result<T, Stop>;

/// The place in a message that is still arriving.
pub(super) struct Scanner {
    protocol: Protocol,
    limits: Limits,
    /// The next byte to look at; it may lie beyond what has arrived.
    at: usize,
    open: Vec<Open>,
    elements: usize,
    /// Once it is refused it stays refused, whatever comes after it.
    refused: Option<Refusal>,
}

impl Scanner {
    pub(super) fn new(protocol: Protocol, limits: Limits) -> Self {
        Self { protocol, limits, at: 0, open: vec![Open::Struct, Open::Head], elements: 0, refused: None }
    }

    /// Goes on as far as `bytes`, the message so far, reaches. Answers its length once its end is there.
    ///
    /// # Errors
    /// A message that is too large, too deep, has too many elements or is no message.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        if let Some(refusal) = &self.refused {
            return Err(refusal.clone());
        }
        self.go_on(bytes).inspect_err(|refusal| self.refused = Some(refusal.clone()))
    }

    fn go_on(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        loop {
            if self.at > self.limits.max_frame_bytes {
                return Err(Refusal::too_large(self.at, self.limits.max_frame_bytes));
            }
            if self.at > bytes.len() {
                return Ok(None);
            }
            if self.open.is_empty() {
                return Ok(Some(self.at));
            }
            match self.step(&mut Reader { bytes, at: self.at }) {
                Ok(()) => {}
                Err(Stop::Short) if bytes.len() > self.limits.max_frame_bytes => {
                    return Err(Refusal::too_large(bytes.len(), self.limits.max_frame_bytes));
                }
                Err(Stop::Short) => return Ok(None),
                Err(Stop::Refused(refusal)) => return Err(refusal),
            }
        }
    }

    /// One step: it moves on, or changes nothing for want of bytes.
    fn step(&mut self, reader: &mut Reader<'_>) -> Step<()> {
        match self.open.last_mut() {
            None => return Ok(()),
            Some(Open::Head) => {
                reader.head(self.protocol)?;
                self.open.pop();
            }
            Some(Open::Struct) => match reader.field(self.protocol)? {
                Some(shape) => self.open.push(Open::Value(shape)),
                None => drop(self.open.pop()),
            },
            Some(Open::Elements { left: 0, .. } | Open::Pairs { left: 0, .. }) => drop(self.open.pop()),
            Some(Open::Elements { shape, left }) => {
                *left -= 1;
                let shape = *shape;
                self.open.push(Open::Value(shape));
            }
            Some(Open::Pairs { key, value, left, at_key }) => {
                let shape = if *at_key { *key } else { *value };
                *left -= usize::from(!*at_key);
                *at_key = !*at_key;
                self.open.push(Open::Value(shape));
            }
            Some(Open::Value(shape)) => {
                let shape = *shape;
                self.value(shape, reader)?;
            }
        }
        self.at = reader.at;
        Ok(())
    }

    fn value(&mut self, shape: Shape, reader: &mut Reader<'_>) -> Step<()> {
        let next = match shape {
            Shape::Fixed(size) => {
                reader.at += size;
                None
            }
            Shape::Varint => {
                reader.varint()?;
                None
            }
            Shape::Text => {
                let length = reader.length(self.protocol)?;
                reader.at += length;
                None
            }
            Shape::Struct => Some(Open::Struct),
            Shape::List => {
                let (shape, left) = reader.list(self.protocol)?;
                self.count(left)?;
                Some(Open::Elements { shape, left })
            }
            Shape::Map => {
                let (key, value, left) = reader.map(self.protocol)?;
                self.count(left)?;
                Some(Open::Pairs { key, value, left, at_key: true })
            }
        };
        self.open.pop();
        self.open.extend(next);
        if self.open.len() > self.limits.max_depth {
            let message = format!("the message is nested deeper than {} levels", self.limits.max_depth);
            return Err(Stop::Refused(Refusal::beyond(Reason::Depth, message)));
        }
        Ok(())
    }

    fn count(&mut self, elements: usize) -> Step<()> {
        self.elements = self.elements.saturating_add(elements);
        if self.elements <= self.limits.max_elements {
            return Ok(());
        }
        let (elements, limit) = (self.elements, self.limits.max_elements);
        let message =
            format!("the containers of the message have {elements} elements or more and the limit is {limit}");
        Err(Stop::Refused(Refusal::beyond(Reason::Elements, message)))
    }
}

fn malformed(message: String) -> Stop {
    Stop::Refused(Refusal::malformed(message))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, size: usize) -> Result<&[u8], Short> {
        let end = self.at.checked_add(size).ok_or(Short)?;
        let taken = self.bytes.get(self.at..end).ok_or(Short)?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Short> {
        Ok(self.take(1)?[0])
    }

    fn varint(&mut self) -> Step<u64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(malformed("a variable-length integer is longer than 10 bytes".into()))
    }

    /// A length or count that is not negative and not absurd.
    fn length(&mut self, protocol: Protocol) -> Step<usize> {
        let length = match protocol {
            Protocol::Compact => i64::try_from(self.varint()?).unwrap_or(-1),
            Protocol::Binary | Protocol::OldBinary | Protocol::Json => {
                let word = self.take(4)?;
                i64::from(i32::from_be_bytes([word[0], word[1], word[2], word[3]]))
            }
        };
        match usize::try_from(length) {
            Ok(length) if i32::try_from(length).is_ok() => Ok(length),
            _ => Err(malformed(format!("a length of {length} is not possible"))),
        }
    }

    fn head(&mut self, protocol: Protocol) -> Step<()> {
        let before_name = if protocol == Protocol::Binary { 4 } else { 0 };
        if protocol == Protocol::Compact {
            self.take(2)?;
            self.varint()?;
        } else {
            self.take(before_name)?;
        }
        let name = self.length(protocol)?;
        self.at += name;
        self.at += match protocol {
            Protocol::Binary => 4,
            Protocol::OldBinary => 5,
            Protocol::Compact | Protocol::Json => 0,
        };
        Ok(())
    }

    /// The shape of the next field, `None` at the end of the struct.
    fn field(&mut self, protocol: Protocol) -> Step<Option<Shape>> {
        let header = self.byte()?;
        if protocol != Protocol::Compact {
            if header == 0 {
                return Ok(None);
            }
            self.take(2)?;
            return shape_of(protocol, header).map(Some);
        }
        if header & 0x0f == 0 {
            return Ok(None);
        }
        if header & 0xf0 == 0 {
            self.varint()?;
        }
        match header & 0x0f {
            1 | 2 => Ok(Some(Shape::Fixed(0))), // A compact boolean field has its value in its header.
            code => shape_of(protocol, code).map(Some),
        }
    }

    fn list(&mut self, protocol: Protocol) -> Step<(Shape, usize)> {
        let header = self.byte()?;
        if protocol != Protocol::Compact {
            let count = self.length(protocol)?;
            return Ok((element(protocol, header, count)?, count));
        }
        let count = match header >> 4 {
            15 => self.length(protocol)?,
            short => usize::from(short),
        };
        Ok((element(protocol, header & 0x0f, count)?, count))
    }

    fn map(&mut self, protocol: Protocol) -> Step<(Shape, Shape, usize)> {
        if protocol != Protocol::Compact {
            let types = self.take(2)?;
            let (key, value) = (types[0], types[1]);
            let count = self.length(protocol)?;
            return Ok((element(protocol, key, count)?, element(protocol, value, count)?, count));
        }
        let count = self.length(protocol)?;
        let types = if count == 0 { 0 } else { self.byte()? };
        Ok((element(protocol, types >> 4, count)?, element(protocol, types & 0x0f, count)?, count))
    }
}

/// The shape of an element; an empty container may name any type.
fn element(protocol: Protocol, code: u8, count: usize) -> Step<Shape> {
    if count == 0 { Ok(Shape::Fixed(0)) } else { shape_of(protocol, code) }
}

fn shape_of(protocol: Protocol, code: u8) -> Step<Shape> {
    let shape = match (protocol, code) {
        (Protocol::Compact, 1..=3) => Shape::Fixed(1),
        (Protocol::Compact, 4..=6) => Shape::Varint,
        (Protocol::Compact, 7) => Shape::Fixed(8),
        (Protocol::Compact, 8) => Shape::Text,
        (Protocol::Compact, 9 | 10) => Shape::List,
        (Protocol::Compact, 11) => Shape::Map,
        (Protocol::Compact, 12) => Shape::Struct,
        (Protocol::Compact, 13) => Shape::Fixed(16),
        (Protocol::Compact, _) => return Err(unknown_type(code)),
        (_, 2 | 3) => Shape::Fixed(1),
        (_, 6) => Shape::Fixed(2),
        (_, 8) => Shape::Fixed(4),
        (_, 4 | 10) => Shape::Fixed(8),
        (_, 11) => Shape::Text,
        (_, 12) => Shape::Struct,
        (_, 13) => Shape::Map,
        (_, 14 | 15) => Shape::List,
        (_, 16) => Shape::Fixed(16),
        _ => return Err(unknown_type(code)),
    };
    Ok(shape)
}

fn unknown_type(code: u8) -> Stop {
    malformed(format!("{code} is not a type of this protocol"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_stays_refused_when_more_arrives() {
        // Field 1 is a list of lists of maps; if its head was read once more, it would be that of a map.
        let message = [&b"\x82\x21\x00\x01a\x19\x19\x19\x1b"[..], &[0; 20]].concat();
        let mut scanner = Scanner::new(Protocol::Compact, Limits { max_depth: 3, ..Limits::default() });

        let reasons = (0..message.len()).filter_map(|end| scanner.scan(&message[..end]).err()).map(|it| it.reason);

        let reasons: Vec<Reason> = reasons.collect();
        assert!(reasons.len() == 20 && reasons.iter().all(|reason| *reason == Reason::Depth), "{reasons:?}");
    }
}
