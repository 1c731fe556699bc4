//! The compact protocol, see [`Protocol::Compact`](super::Protocol::Compact).

use super::cursor::Cursor;
use super::{Draft, Head, Kind, Place, RawHead, Sink, Source};
use bytes::Bytes;
use thrift::protocol::TMessageType;

const PROTOCOL_ID: u8 = 0x82;
const VERSION: u8 = 1;
/// The type of a field that is true; one that is false has the next number.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
/// More elements than this stand in a number of their own.
const FEW: usize = 14;

/// Reads values in the compact protocol.
pub(super) struct CompactSource<'a> {
    cursor: Cursor<'a>,
    /// The value of a field that is true or false stands in its type.
    flag: bool,
}

impl<'a> CompactSource<'a> {
    pub(super) fn new(cursor: Cursor<'a>) -> Self {
        Self { cursor, flag: false }
    }

    pub(super) fn head(&mut self) -> Option<RawHead<'a>> {
        let [protocol, kind_and_version] = self.cursor.array()?;
        if protocol != PROTOCOL_ID || kind_and_version & 0x1f != VERSION {
            return None;
        }
        let seqid = u32::try_from(self.cursor.varint(32)?).ok()?.cast_signed();
        let length = self.length()?;
        let name = self.cursor.text(length)?;
        Some((TMessageType::try_from(kind_and_version >> 5).ok()?, name, seqid))
    }

    fn length(&mut self) -> Option<usize> {
        let length = self.cursor.varint(31)?;
        usize::try_from(length).ok()
    }

    /// The number of a field that does not count from the one before.
    fn id(&mut self) -> Option<i16> {
        i16::try_from(self.i32()?).ok()
    }

    fn elements(&mut self, header: u8) -> Option<usize> {
        match header >> 4 {
            15 => self.length(),
            few => Some(few.into()),
        }
    }
}

fn kind(code: u8) -> Option<Kind> {
    match code {
        TRUE | FALSE => Some(Kind::Bool),
        5 => Some(Kind::I32),
        6 => Some(Kind::I64),
        8 => Some(Kind::Text),
        9 => Some(Kind::List),
        12 => Some(Kind::Struct),
        _ => None,
    }
}

fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Bool => TRUE,
        Kind::I32 => 5,
        Kind::I64 => 6,
        Kind::Text => 8,
        Kind::List => 9,
        Kind::Struct => 12,
    }
}

/// Numbers near zero, of either sign, become small ones.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn from_zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

impl Source for CompactSource<'_> {
    fn place(&self) -> Place {
        self.cursor.place
    }

    fn enter(&mut self) -> Option<i16> {
        self.cursor.enter_struct()?;
        Some(std::mem::take(&mut self.cursor.place.last))
    }

    fn field(&mut self) -> Option<Option<(Kind, i16)>> {
        let byte = self.cursor.byte()?;
        if byte == 0 {
            return Some(None);
        }
        let kind = kind(byte & 0x0f)?;
        self.flag = byte & 0x0f == TRUE;
        self.cursor.place.last = match byte >> 4 {
            0 => self.id()?,
            further => self.cursor.place.last.checked_add(further.into())?,
        };
        Some(Some((kind, self.cursor.place.last)))
    }

    fn leave(&mut self, outer: i16) {
        self.cursor.place.last = outer;
        self.cursor.leave();
    }

    fn bool(&mut self) -> Option<bool> {
        Some(self.flag)
    }

    fn i32(&mut self) -> Option<i32> {
        i32::try_from(from_zigzag(self.cursor.varint(32)?)).ok()
    }

    fn i64(&mut self) -> Option<i64> {
        self.cursor.varint(64).map(from_zigzag)
    }

    fn bytes(&mut self) -> Option<Bytes> {
        let length = self.length()?;
        self.cursor.share(length)
    }

    fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        self.cursor.text(length).map(str::to_owned)
    }

    fn list<T>(&mut self, of: Kind, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let header = self.cursor.byte()?;
        if kind(header & 0x0f)? != of {
            return None;
        }
        let length = self.elements(header)?;
        self.cursor.enter_list(length)?;
        let values = (0..length).map(|_| read(self)).collect::<Option<_>>()?;
        self.cursor.leave();
        Some(values)
    }
}

/// Writes values in the compact protocol.
pub(super) struct CompactSink<'a> {
    draft: &'a mut Draft,
    last: i16,
}

impl<'a> CompactSink<'a> {
    /// Behind what `draft` holds, and the head of a reply.
    pub(super) fn reply(draft: &'a mut Draft, head: &Head) -> Self {
        let mut sink = Self { draft, last: 0 };
        sink.draft.written().extend_from_slice(&[PROTOCOL_ID, u8::from(TMessageType::Reply) << 5 | VERSION]);
        sink.varint(head.seqid.cast_unsigned().into());
        sink.text(&head.name);
        sink
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.draft.written().push(value as u8 | 0x80);
            value >>= 7;
        }
        self.draft.written().push(value as u8);
    }

    fn begin_field(&mut self, code: u8, id: i16) {
        match id.checked_sub(self.last) {
            Some(further @ 1..15) => self.draft.written().push((further as u8) << 4 | code),
            _ => {
                self.draft.written().push(code);
                self.i32(id.into());
            }
        }
        self.last = id;
    }
}

impl Sink for CompactSink<'_> {
    fn enter(&mut self) -> i16 {
        std::mem::take(&mut self.last)
    }

    fn field(&mut self, kind: Kind, id: i16) {
        self.begin_field(code(kind), id);
    }

    fn flag(&mut self, id: i16, value: bool) {
        self.begin_field(if value { TRUE } else { FALSE }, id);
    }

    fn leave(&mut self, outer: i16) {
        self.draft.written().push(0);
        self.last = outer;
    }

    fn i32(&mut self, value: i32) {
        self.varint(zigzag(value.into()));
    }

    fn i64(&mut self, value: i64) {
        self.varint(zigzag(value));
    }

    fn bytes(&mut self, value: &Bytes) {
        self.varint(value.len() as u64);
        self.draft.share(value);
    }

    fn text(&mut self, value: &str) {
        self.varint(value.len() as u64);
        self.draft.written().extend_from_slice(value.as_bytes());
    }

    fn list<T>(&mut self, kind: Kind, values: &[T], mut write: impl FnMut(&mut Self, &T)) {
        if values.len() <= FEW {
            self.draft.written().push((values.len() as u8) << 4 | code(kind));
        } else {
            self.draft.written().push(0xf0 | code(kind));
            self.varint(values.len() as u64);
        }
        values.iter().for_each(|value| write(self, value));
    }
}
