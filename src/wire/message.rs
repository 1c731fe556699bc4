//! One message: its head, its arguments, its reply.

use super::direct::{self, Place};
use super::envelope::Envelope;
use super::headers::Headers;
use super::limits::Limits;
use super::memory::Held;
use super::protocol::Format;
use super::types::{RequestContext, ServiceError};
use crate::access::bearer;
use crate::telemetry::Reason;
use bytes::Bytes;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use thrift::protocol::{
    TFieldIdentifier, TInputProtocol, TMessageIdentifier, TMessageType, TOutputProtocol, TSerializable,
    TStructIdentifier, TType,
};
use thrift::{ApplicationError, ApplicationErrorKind, ProtocolErrorKind};

/// A whole message as it was cut out of the stream, without what it was wrapped in.
#[derive(Clone, Debug)]
pub struct Message {
    /// What it is written in.
    pub format: Format,
    /// What its reply is wrapped in.
    pub envelope: Envelope,
    /// What its transport says about it.
    pub headers: Headers,
    /// The memory that it holds until its reply has been written.
    pub held: Option<Arc<Held>>,
    /// Its bytes.
    pub body: Bytes,
}

impl Message {
    /// A message without headers, in an envelope that keeps nothing of it.
    pub fn new(format: Format, envelope: Envelope, body: Bytes) -> Self {
        Self { format, envelope, headers: Headers::default(), held: None, body }
    }

    fn reader<'a>(&'a self, limits: &Limits) -> Box<dyn TInputProtocol + 'a> {
        self.format.protocol.reader(&self.body, limits, self.held.as_deref())
    }
}

/// Who is called, and under which number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The service before the colon of a multiplexed name.
    pub service: Option<Cow<'static, str>>,
    /// The bare method name.
    pub name: Cow<'static, str>,
    /// The reply carries it, whatever it is.
    pub seqid: i32,
    /// The caller expects no reply of any kind.
    pub oneway: bool,
}

/// Why a message is answered with a TApplicationException.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Its type.
    pub kind: ApplicationErrorKind,
    /// What it is counted under.
    pub reason: Reason,
    /// What happened, what is allowed, what to do.
    pub message: String,
}

impl Refusal {
    /// The bytes are no message; `message` says why.
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::beyond(Reason::Malformed, message)
    }

    /// The message is beyond a limit; `message` says which.
    pub(super) fn beyond(reason: Reason, message: impl Into<String>) -> Self {
        Self { kind: ApplicationErrorKind::ProtocolError, reason, message: message.into() }
    }

    pub(super) fn too_large(size: usize, limit: usize) -> Self {
        let advice = "send fewer rows or raise server.max_frame_bytes";
        let message = format!("message of {size} bytes or more exceeds the limit of {limit}; {advice}");
        Self::beyond(Reason::FrameBytes, message)
    }

    /// No service of the server has this method.
    pub fn unknown_method(name: &str) -> Self {
        let name = crate::error::quotable(name);
        Self {
            kind: ApplicationErrorKind::UnknownMethod,
            reason: Reason::UnknownMethod,
            message: format!("method {name:?} is not known here; \"describe\" lists the methods"),
        }
    }
}

impl From<thrift::Error> for Refusal {
    fn from(error: thrift::Error) -> Self {
        let (reason, detail) = match error {
            thrift::Error::Protocol(error) => (reason(error.kind), error.message),
            thrift::Error::Transport(_) => (Reason::Malformed, "it ends in the middle of a value".into()),
            thrift::Error::User(error) => match error.downcast::<Self>() {
                Ok(refusal) => (refusal.reason, refusal.message),
                Err(other) => (Reason::Malformed, other.to_string()),
            },
            other => (Reason::Malformed, other.to_string()),
        };
        Self::beyond(reason, format!("the message cannot be read: {detail}"))
    }
}

/// What the library's own limits are counted under.
fn reason(kind: ProtocolErrorKind) -> Reason {
    match kind {
        ProtocolErrorKind::SizeLimit => Reason::Elements,
        ProtocolErrorKind::DepthLimit => Reason::Depth,
        _ => Reason::Malformed,
    }
}

/// What is known of a call before its arguments are decoded.
#[derive(Debug)]
pub struct Opened {
    /// Who is called.
    pub head: Head,
    /// What the caller says about the call: in the request's context if that comes first, which it does from every writer
    /// that keeps the order of the fields, and in the headers of the transport. Where both speak, the field wins.
    ///
    /// # Errors
    /// A type 7 [`Refusal`].
    pub context: Result<RequestContext, Refusal>,
    /// Where a hot method's reader goes on, behind the context; `None` where that begins again.
    pub rest: Option<Place>,
}

/// Reads of a call what is needed to judge it, before anything large is decoded.
///
/// # Errors
/// A type 7 [`Refusal`], or one of type 2 with the head of what is no call.
pub fn open(message: &Message, limits: &Limits) -> Result<Opened, (Option<Head>, Refusal)> {
    direct::open(message, limits).map_or_else(|| open_by_library(message, limits), Ok)
}

/// The same of any call, and why it is none.
pub(super) fn open_by_library(message: &Message, limits: &Limits) -> Result<Opened, (Option<Head>, Refusal)> {
    let mut reader = message.reader(limits);
    let identifier = guard(|| reader.read_message_begin()).map_err(|refusal| (None, refusal))?;
    let kind = identifier.message_type;
    let head = head(identifier);
    if !matches!(kind, TMessageType::Call | TMessageType::OneWay) {
        let message = format!("message type {kind:?} is not a call");
        let kind = ApplicationErrorKind::InvalidMessageType;
        return Err((Some(head), Refusal { kind, reason: Reason::MessageType, message }));
    }
    let context = guard(|| leading_context(&mut *reader));
    let context = context.map(|context| with_headers(context.unwrap_or_else(empty), &message.headers));
    Ok(Opened { head, context, rest: None })
}

/// The number of a message, whatever it is.
pub(super) fn seqid(format: Format, body: &Bytes, limits: &Limits) -> Result<i32, Refusal> {
    let mut reader = format.protocol.reader(body, limits, None);
    guard(|| reader.read_message_begin()).map(|identifier| identifier.sequence_number)
}

/// Fills in from the headers what the context leaves open.
#[inline(always)] // A context is large to move.
pub(super) fn with_headers(context: RequestContext, headers: &Headers) -> RequestContext {
    let no_token = context.token.as_ref().is_some_and(String::is_empty);
    if headers.is_empty() && !no_token {
        return context;
    }
    let text = |name| headers.get(name).map(str::to_owned);
    let number = |name| headers.get(name).and_then(|value| value.trim().parse().ok());
    RequestContext {
        deadline_ms: context.deadline_ms.or_else(|| number("client_timeout")),
        request_id: context.request_id.or_else(|| text("x-request-id")),
        traceparent: context.traceparent.or_else(|| text("traceparent")),
        token: context.token.filter(|token| !token.is_empty()).or_else(|| bearer_of(headers)),
        priority: context.priority.or_else(|| number("thrift_priority").and_then(|it: i64| it.try_into().ok())),
        ..context
    }
}

/// The token of the header `authorization`. One that is there and is no `Bearer TOKEN`, or is there twice, is a token that
/// nobody has: whoever judged the call on its way may have judged the other one.
fn bearer_of(headers: &Headers) -> Option<String> {
    let header = headers.get("authorization")?;
    let count = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"authorization")).count();
    Some(bearer(header).filter(|_| count == 1).unwrap_or_default().to_owned())
}

fn head(identifier: TMessageIdentifier) -> Head {
    let (oneway, seqid) = (identifier.message_type == TMessageType::OneWay, identifier.sequence_number);
    let (service, name) = match identifier.name.split_once(':') {
        Some((service, name)) => (Some(service.to_owned().into()), name.to_owned().into()),
        None => (None, identifier.name.into()),
    };
    Head { service, name, seqid, oneway }
}

/// Field 1 (the request) of the arguments, and field 1 (the context) of that.
fn leading_context(reader: &mut dyn TInputProtocol) -> thrift::Result<Option<RequestContext>> {
    for _ in 0..2 {
        reader.read_struct_begin()?;
        let field = reader.read_field_begin()?;
        if field.field_type != TType::Struct || field.id != Some(1) {
            return Ok(None);
        }
    }
    RequestContext::read_from_in_protocol(reader).map(Some)
}

/// Decodes the request of a call from its start. One that is absent is an empty one: all its fields are optional.
///
/// # Errors
/// A [`Refusal`] of type 7: what is no request, or beyond a limit.
pub fn decode<Q: TSerializable>(message: &Message, limits: &Limits) -> Result<Q, Refusal> {
    let mut reader = message.reader(limits);
    reader.read_message_begin()?;
    let request = field_of_struct(&mut *reader, &mut |id, reader| match id {
        1 => Q::read_from_in_protocol(reader).map(Some),
        _ => Ok(None),
    })?;
    Ok(request.unwrap_or_else(empty))
}

/// Takes the struct in the field of this id, or leaves it to be skipped.
type ReadField<'a, T> = dyn FnMut(i16, &mut dyn TInputProtocol) -> thrift::Result<Option<T>> + 'a;

/// Reads a struct; `read` takes the fields it knows, the rest is skipped. The last one taken wins.
pub(super) fn field_of_struct<T>(
    reader: &mut dyn TInputProtocol,
    read: &mut ReadField<'_, T>,
) -> thrift::Result<Option<T>> {
    let mut found = None;
    reader.read_struct_begin()?;
    loop {
        let field = reader.read_field_begin()?;
        match (field.field_type, field.id) {
            (TType::Stop, _) => break,
            (TType::Struct, Some(id)) => match read(id, reader)? {
                Some(value) => found = Some(value),
                None => reader.skip(field.field_type)?,
            },
            (other, _) => reader.skip(other)?,
        }
        reader.read_field_end()?;
    }
    reader.read_struct_end()?;
    Ok(found)
}

/// A struct of the IDL without any field. (Its `Default` is something else: empty texts and zeros.)
pub fn empty<T: TSerializable>() -> T {
    let mut reader = thrift::protocol::TBinaryInputProtocol::new(&[0u8][..], true);
    T::read_from_in_protocol(&mut reader).expect("a stop byte is an empty struct, and no field is required")
}

/// Library code below may panic on bytes that it did not foresee. Where there is no call yet, nor an id to log it under,
/// that is answered like any other bytes that cannot be read.
pub(super) fn guard<T>(read: impl FnOnce() -> thrift::Result<T>) -> Result<T, Refusal> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(Refusal::from),
        Err(_) => Err(Refusal::malformed("the message cannot be read")),
    }
}

/// Most messages that are no data fit.
const SMALL_MESSAGE: usize = 512;

/// Writes a message, behind room for what its envelope puts before it.
pub(super) fn encode(
    format: Format,
    identifier: &TMessageIdentifier,
    write: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> thrift::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(SMALL_MESSAGE);
    bytes.resize(format.transport.headroom(), 0);
    let mut writer = format.protocol.writer(&mut bytes);
    writer.write_message_begin(identifier)?;
    write(&mut *writer)?;
    writer.write_message_end()?;
    drop(writer);
    Ok(bytes)
}

/// Writes a struct that has this one field.
pub(super) fn write_single<T: TSerializable>(
    writer: &mut dyn TOutputProtocol,
    field: (&str, i16),
    value: &T,
) -> thrift::Result<()> {
    writer.write_struct_begin(&TStructIdentifier::new(""))?;
    writer.write_field_begin(&TFieldIdentifier::new(field.0, TType::Struct, field.1))?;
    value.write_to_out_protocol(writer)?;
    writer.write_field_end()?;
    writer.write_field_stop()?;
    writer.write_struct_end()
}

/// The reply that carries a [`ServiceError`].
pub fn error_reply(format: Format, head: &Head, error: &ServiceError) -> Vec<u8> {
    reply(format, head, ("error", 1), error)
}

/// The reply to a call: field 0 for a success, field 1 for the exception of the IDL.
pub(super) fn reply<T: TSerializable>(format: Format, head: &Head, field: (&str, i16), value: &T) -> Vec<u8> {
    let identifier = TMessageIdentifier::new(head.name.as_ref(), TMessageType::Reply, head.seqid);
    encode(format, &identifier, |writer| write_single(writer, field, value)).unwrap_or_else(|error| {
        refusal_reply(format, head, &Refusal::malformed(format!("the reply cannot be written: {error}")))
    })
}

/// The reply that carries a TApplicationException.
pub fn refusal_reply(format: Format, head: &Head, refusal: &Refusal) -> Vec<u8> {
    let identifier = TMessageIdentifier::new(head.name.as_ref(), TMessageType::Exception, head.seqid);
    let error = ApplicationError { kind: refusal.kind, message: refusal.message.clone() };
    encode(format, &identifier, |writer| thrift::Error::write_application_error_to_out_protocol(&error, writer))
        .unwrap_or_default()
}
