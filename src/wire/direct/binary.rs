//! The binary protocol with a version word, see [`Protocol::Binary`](super::Protocol::Binary).

use super::cursor::Cursor;
use super::{Draft, Head, Kind, Place, RawHead, Sink, Source};
use bytes::Bytes;
use thrift::protocol::TMessageType;

const VERSION: u32 = 0x8001_0000;

/// Reads values in the binary protocol.
pub(super) struct BinarySource<'a>(Cursor<'a>);

impl<'a> BinarySource<'a> {
    pub(super) fn new(cursor: Cursor<'a>) -> Self {
        Self(cursor)
    }

    pub(super) fn head(&mut self) -> Option<RawHead<'a>> {
        let word = u32::from_be_bytes(self.0.array()?);
        let kind = u8::try_from(word ^ VERSION).ok()?;
        let length = self.length()?;
        let name = self.0.text(length)?;
        Some((TMessageType::try_from(kind).ok()?, name, self.i32()?))
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.i32()?).ok()
    }
}

fn kind(code: u8) -> Option<Kind> {
    match code {
        2 => Some(Kind::Bool),
        8 => Some(Kind::I32),
        10 => Some(Kind::I64),
        11 => Some(Kind::Text),
        12 => Some(Kind::Struct),
        15 => Some(Kind::List),
        _ => None,
    }
}

fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Bool => 2,
        Kind::I32 => 8,
        Kind::I64 => 10,
        Kind::Text => 11,
        Kind::Struct => 12,
        Kind::List => 15,
    }
}

impl Source for BinarySource<'_> {
    fn place(&self) -> Place {
        self.0.place
    }

    fn enter(&mut self) -> Option<i16> {
        self.0.enter_struct()?;
        Some(0) // A field says its number in full.
    }

    fn field(&mut self) -> Option<Option<(Kind, i16)>> {
        match self.0.byte()? {
            0 => Some(None),
            code => Some(Some((kind(code)?, i16::from_be_bytes(self.0.array()?)))),
        }
    }

    fn leave(&mut self, _outer: i16) {
        self.0.leave();
    }

    fn bool(&mut self) -> Option<bool> {
        Some(self.0.byte()? != 0)
    }

    fn i32(&mut self) -> Option<i32> {
        self.0.array().map(i32::from_be_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.0.array().map(i64::from_be_bytes)
    }

    fn bytes(&mut self) -> Option<Bytes> {
        let length = self.length()?;
        self.0.share(length)
    }

    fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        self.0.text(length).map(str::to_owned)
    }

    fn list<T>(&mut self, of: Kind, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        if kind(self.0.byte()?)? != of {
            return None;
        }
        let length = self.length()?;
        self.0.enter_list(length)?;
        let values = (0..length).map(|_| read(self)).collect::<Option<_>>()?;
        self.0.leave();
        Some(values)
    }
}

/// Writes values in the binary protocol.
pub(super) struct BinarySink<'a>(&'a mut Draft);

impl<'a> BinarySink<'a> {
    /// Behind what `draft` holds, and the head of a reply.
    pub(super) fn reply(draft: &'a mut Draft, head: &Head) -> Self {
        let mut sink = Self(draft);
        sink.i32((VERSION | u32::from(u8::from(TMessageType::Reply))).cast_signed());
        sink.text(&head.name);
        sink.i32(head.seqid);
        sink
    }

    /// A length; nothing as long as to pass i32 fits a message.
    fn length(&mut self, length: usize) {
        self.i32(i32::try_from(length).unwrap_or(i32::MAX));
    }
}

impl Sink for BinarySink<'_> {
    fn enter(&mut self) -> i16 {
        0
    }

    fn field(&mut self, kind: Kind, id: i16) {
        let [high, low] = id.to_be_bytes();
        self.0.written().extend_from_slice(&[code(kind), high, low]);
    }

    fn flag(&mut self, id: i16, value: bool) {
        self.field(Kind::Bool, id);
        self.0.written().push(value.into());
    }

    fn leave(&mut self, _outer: i16) {
        self.0.written().push(0);
    }

    fn i32(&mut self, value: i32) {
        self.0.written().extend_from_slice(&value.to_be_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.0.written().extend_from_slice(&value.to_be_bytes());
    }

    fn bytes(&mut self, value: &Bytes) {
        self.length(value.len());
        self.0.share(value);
    }

    fn text(&mut self, value: &str) {
        self.length(value.len());
        self.0.written().extend_from_slice(value.as_bytes());
    }

    fn list<T>(&mut self, kind: Kind, values: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.0.written().push(code(kind));
        self.length(values.len());
        values.iter().for_each(|value| write(self, value));
    }
}
