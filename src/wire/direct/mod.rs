//! Hot calls, read from the bytes of their message and written into those of the reply, with nothing between.
//!
//! The library's protocols cost an object a message, a call by pointer a value and, when they write, a name on the heap for
//! each field: more than a small prediction. So the generator writes a reader and a writer for each struct that a hot method
//! carries ([`Direct`]), which the compiler makes one function of for each of the two protocols that are fast by design
//! (binary, compact).
//!
//! They know no refusals: what is not exactly as a client of this IDL writes it (an unknown field, a type that is not the
//! announced one, a limit that would be passed) is `None`, and is left to the library's readers, which skip it or say what is
//! wrong. A property test holds both ways to the same values and the same bytes.

mod binary;
mod compact;
mod cursor;

#[cfg(test)]
mod tests;

use super::draft::Draft;
use super::limits::Limits;
use super::message::{Head, Message, Opened, with_headers};
use super::protocol::{Format, Protocol};
use super::runtime::Method;
use super::services::find;
use super::types::RequestContext;
use binary::{BinarySink, BinarySource};
use bytes::Bytes;
use compact::{CompactSink, CompactSource};
use cursor::Cursor;
pub use cursor::Place;
use std::borrow::Cow;
use thrift::protocol::TMessageType;

/// A struct that hot methods carry.
pub trait Direct: Sized {
    /// One without any field.
    fn empty() -> Self;

    /// Reads its fields, up to the end of the struct; `None` for what is left to the library.
    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()>;

    /// Reads it whole.
    fn read<S: Source>(&mut self, source: &mut S) -> Option<()> {
        let outer = source.enter()?;
        self.fields(source)?;
        source.leave(outer);
        Some(())
    }

    /// One that is read.
    #[inline(always)] // It is large to move.
    fn one<S: Source>(source: &mut S) -> Option<Self> {
        let mut one = Self::empty();
        one.read(source)?;
        Some(one)
    }

    /// Writes it.
    fn write<S: Sink>(&self, sink: &mut S);
}

/// A type on the wire, of those that hot methods carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// true or false
    Bool,
    /// 32 bits
    I32,
    /// 64 bits
    I64,
    /// A text or bytes.
    Text,
    /// Fields.
    Struct,
    /// Values of one type.
    List,
}

/// Where a struct is read from. Everything answers `None` for what is left to the library.
pub trait Source {
    /// Where it stands.
    fn place(&self) -> Place;

    /// A struct begins; the answer is for [`Source::leave`].
    fn enter(&mut self) -> Option<i16>;

    /// The type and the number of the next field; `Some(None)` at the end of the struct.
    fn field(&mut self) -> Option<Option<(Kind, i16)>>;

    /// A struct has ended.
    fn leave(&mut self, outer: i16);

    /// The value of a field.
    fn bool(&mut self) -> Option<bool>;

    /// A value.
    fn i32(&mut self) -> Option<i32>;

    /// A value.
    fn i64(&mut self) -> Option<i64>;

    /// A value that shares the bytes of the message.
    fn bytes(&mut self) -> Option<Bytes>;

    /// A value.
    fn text(&mut self) -> Option<String>;

    /// A list of this type, each value read by `read`.
    fn list<T>(&mut self, kind: Kind, read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>>;
}

/// Where a struct is written to.
pub trait Sink {
    /// A struct begins; the answer is for [`Sink::leave`].
    fn enter(&mut self) -> i16;

    /// A field of this type and number; its value follows.
    fn field(&mut self, kind: Kind, id: i16);

    /// A field that is true or false.
    fn flag(&mut self, id: i16, value: bool);

    /// The end of a struct.
    fn leave(&mut self, outer: i16);

    /// A value.
    fn i32(&mut self, value: i32);

    /// A value.
    fn i64(&mut self, value: i64);

    /// A value, which may stay where it stands.
    fn bytes(&mut self, value: &Bytes);

    /// A value.
    fn text(&mut self, value: &str);

    /// A list of this type, each value written by `write`.
    fn list<T>(&mut self, kind: Kind, values: &[T], write: impl FnMut(&mut Self, &T));
}

/// What is needed of a call to judge it, if its method is known and it is written as a client of this IDL writes it.
pub(super) fn open(message: &Message, limits: &Limits) -> Option<Opened> {
    let cursor = Cursor::new(message, limits);
    let (head, context, rest) = match message.format.protocol {
        Protocol::Binary => begin(&mut BinarySource::new(cursor), BinarySource::head),
        Protocol::Compact => begin(&mut CompactSource::new(cursor), CompactSource::head),
        Protocol::OldBinary | Protocol::Json => None,
    }?;
    Some(Opened { head, context: Ok(with_headers(context, &message.headers)), rest })
}

/// The request of a call, if it is written as a client of this IDL writes it. Only the `rest` is read: what [`open`] has read
/// is not in it.
pub(super) fn decode<Q: Direct>(message: &Message, rest: Option<Place>) -> Option<Q> {
    let cursor = Cursor::at(message, rest?);
    match message.format.protocol {
        Protocol::Binary => request(&mut BinarySource::new(cursor)),
        Protocol::Compact => request(&mut CompactSource::new(cursor)),
        Protocol::OldBinary | Protocol::Json => None,
    }
}

/// The reply with what a method answered, behind its headroom; `None` in a protocol that is left to the library.
pub(super) fn reply<A: Direct>(format: Format, head: &Head, answer: &A) -> Option<Draft> {
    let mut draft = Draft::small();
    draft.written().resize(format.transport.headroom(), 0);
    match format.protocol {
        Protocol::Binary => result(&mut BinarySink::reply(&mut draft, head), answer),
        Protocol::Compact => result(&mut CompactSink::reply(&mut draft, head), answer),
        Protocol::OldBinary | Protocol::Json => return None,
    }
    Some(draft)
}

/// A message head as it stands: type, name with its service, number.
type RawHead<'a> = (TMessageType, &'a str, i32);

/// The one argument of every method: its request.
const ARGUMENT: i16 = 1;
/// Field of every request that holds its context.
const CONTEXT: i16 = 1;

fn begin<'a, S: Source>(
    source: &mut S,
    head: impl FnOnce(&mut S) -> Option<RawHead<'a>>,
) -> Option<(Head, RequestContext, Option<Place>)> {
    let (kind, name, seqid) = head(source)?;
    let is_call = matches!(kind, TMessageType::Call | TMessageType::OneWay);
    let (method, is_bare) = called(name).filter(|_| is_call)?;
    let head = Head {
        service: (!is_bare).then_some(Cow::Borrowed(method.service)),
        name: Cow::Borrowed(method.name),
        seqid,
        oneway: kind == TMessageType::OneWay,
    };
    source.enter()?;
    if source.field()? != Some((Kind::Struct, ARGUMENT)) {
        return Some((head, RequestContext::empty(), None));
    }
    source.enter()?;
    let first = source.place();
    if source.field()? != Some((Kind::Struct, CONTEXT)) {
        return Some((head, RequestContext::empty(), Some(first)));
    }
    let context = RequestContext::one(source)?;
    Some((head, context, Some(source.place())))
}

/// The method of this name, and whether that is the bare one.
fn called(name: &str) -> Option<(&'static Method, bool)> {
    if let Some(method) = find(None, name) {
        return Some((method, true)); // No bare name has a colon.
    }
    let (service, name) = name.split_once(':')?;
    find(Some(service), name).map(|method| (method, false))
}

/// The request, of which no more than the context has been read.
fn request<Q: Direct>(source: &mut impl Source) -> Option<Q> {
    let mut request = Q::empty();
    request.fields(source)?;
    source.leave(ARGUMENT);
    source.field()?.is_none().then_some(request)
}

/// Field 0 of the struct that a reply is.
fn result(sink: &mut impl Sink, answer: &impl Direct) {
    let outer = sink.enter();
    sink.field(Kind::Struct, 0);
    answer.write(sink);
    sink.leave(outer);
}
