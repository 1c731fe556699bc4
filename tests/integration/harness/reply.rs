//! Replies, read with the readers of the Apache library and not with ours.

use modelwire::wire::Protocol;
use modelwire::wire::types::ServiceError;
use serde_json::Value;
use thrift::protocol::{
    TBinaryInputProtocol, TCompactInputProtocol, TInputProtocol, TMessageType, TSerializable, TType,
};

/// What a server says to one message.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The result of the method; its bytes.
    Answer(Vec<u8>),
    /// The exception of the IDL.
    Declared(ServiceFault),
    /// A TApplicationException.
    Exception { kind: i32, message: String },
    /// A response of HTTP that carries no message; its status.
    Page(u16),
}

/// What tests look at in a `ServiceError`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceFault {
    pub code: String,
    pub message: String,
    pub executed: Option<bool>,
    pub retry_after_ms: Option<i64>,
}

impl From<ServiceError> for ServiceFault {
    fn from(error: ServiceError) -> Self {
        Self {
            code: error.code_name.unwrap_or_default(),
            message: error.message.unwrap_or_default(),
            executed: error.executed,
            retry_after_ms: error.retry_after_ms,
        }
    }
}

impl Reply {
    /// The reply that all of these bytes are.
    pub fn whole(protocol: Protocol, mut bytes: &[u8]) -> Option<Self> {
        Self::take(protocol, &mut bytes).filter(|_| bytes.is_empty())
    }

    /// Takes a reply off the front.
    pub fn take(protocol: Protocol, bytes: &mut &[u8]) -> Option<Self> {
        let all = *bytes;
        let read = match protocol {
            Protocol::Json => return json(bytes),
            Protocol::Compact => read(&mut TCompactInputProtocol::new(&mut *bytes)),
            Protocol::Binary | Protocol::OldBinary => read(&mut TBinaryInputProtocol::new(&mut *bytes, false)),
        };
        Some(match read.ok()?? {
            Self::Answer(_) => Self::Answer(all[..all.len() - bytes.len()].to_vec()),
            other => other,
        })
    }

    /// Whether it is the answer to `hello`.
    pub fn greets(&self) -> bool {
        matches!(self, Self::Answer(bytes) if super::contains(bytes, b"Hello, World!"))
    }
}

fn read(reader: &mut dyn TInputProtocol) -> thrift::Result<Option<Reply>> {
    if reader.read_message_begin()?.message_type == TMessageType::Exception {
        let error = thrift::Error::read_application_error_from_in_protocol(reader)?;
        return Ok(Some(Reply::Exception { kind: error.kind as i32, message: error.message }));
    }
    let mut reply = None;
    reader.read_struct_begin()?;
    loop {
        let field = reader.read_field_begin()?;
        match (field.field_type, field.id) {
            (TType::Stop, _) => break,
            (TType::Struct, Some(1)) => {
                reply = Some(Reply::Declared(ServiceError::read_from_in_protocol(reader)?.into()));
            }
            (other, _) => {
                reader.skip(other)?;
                reply = Some(Reply::Answer(vec![]));
            }
        }
        reader.read_field_end()?;
    }
    reader.read_struct_end()?;
    Ok(reply)
}

/// `[1, name, type, seqid, body]`.
fn json(bytes: &mut &[u8]) -> Option<Reply> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    let value = values.next()?.ok()?;
    let (message, rest) = bytes.split_at(values.byte_offset());
    *bytes = rest;
    let text = |pointer| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |pointer| value.pointer(pointer).and_then(Value::as_i64);
    if value.get(2)?.as_i64()? == 3 {
        let kind = i32::try_from(number("/4/2/i32")?).ok()?;
        return Some(Reply::Exception { kind, message: text("/4/1/str") });
    }
    if value.pointer("/4/0").is_some() {
        return Some(Reply::Answer(message.to_vec()));
    }
    value.pointer("/4/1/rec")?;
    Some(Reply::Declared(ServiceFault {
        code: text("/4/1/rec/2/str"),
        message: text("/4/1/rec/3/str"),
        executed: number("/4/1/rec/5/tf").map(|it| it == 1),
        retry_after_ms: number("/4/1/rec/6/i64").or_else(|| number("/4/1/rec/6/i32")),
    }))
}
