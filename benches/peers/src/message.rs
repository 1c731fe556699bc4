//! Messages of the protocols, as bytes: what is asked is built once, what is answered is read once.

use std::io;

/// A call in Thrift's binary protocol, framed, and where its sequence number stands. `arguments` is the struct of them.
pub fn thrift_call(method: &str, arguments: &Struct) -> (Vec<u8>, usize) {
    let mut message = vec![0; 4];
    message.extend_from_slice(&0x8001_0001_u32.to_be_bytes());
    message.extend_from_slice(&(method.len() as u32).to_be_bytes());
    message.extend_from_slice(method.as_bytes());
    let number_at = message.len();
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&arguments.0);
    message.push(0);
    let length = (message.len() - 4) as u32;
    message[..4].copy_from_slice(&length.to_be_bytes());
    (message, number_at)
}

/// The fields of a struct in Thrift's binary protocol, without the byte that ends it.
#[derive(Default)]
pub struct Struct(Vec<u8>);

impl Struct {
    pub fn i64(self, id: i16, value: i64) -> Self {
        self.field(10, id, &value.to_be_bytes())
    }

    pub fn i32(self, id: i16, value: i32) -> Self {
        self.field(8, id, &value.to_be_bytes())
    }

    pub fn binary(self, id: i16, value: &[u8]) -> Self {
        self.field(11, id, &(value.len() as u32).to_be_bytes()).bytes(value)
    }

    pub fn doubles(self, id: i16, values: &[f64]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        self.field(15, id, &[4]).bytes(&(values.len() as u32).to_be_bytes()).bytes(&bytes)
    }

    pub fn i64s(self, id: i16, values: &[i64]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        self.field(15, id, &[10]).bytes(&(values.len() as u32).to_be_bytes()).bytes(&bytes)
    }

    pub fn fields(self, id: i16, inner: &Struct) -> Self {
        self.field(12, id, &inner.0).bytes(&[0])
    }

    fn field(self, kind: u8, id: i16, value: &[u8]) -> Self {
        self.bytes(&[kind]).bytes(&id.to_be_bytes()).bytes(value)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

/// A value in Thrift's binary protocol, of the types that the answers have.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Integer(i64),
    Double(f64),
    Binary(Vec<u8>),
    List(Vec<Value>),
    Struct(Vec<(i16, Value)>),
}

impl Value {
    /// Reads a struct; what follows it is left.
    pub fn of_struct(bytes: &[u8]) -> io::Result<Self> {
        value(12, &mut &bytes[..])
    }

    /// Field `id` of a struct.
    pub fn field(&self, id: i16) -> io::Result<&Self> {
        match self {
            Self::Struct(fields) => fields.iter().find(|field| field.0 == id).map(|field| &field.1),
            _ => None,
        }
        .ok_or_else(|| invalid(format!("there is no field {id} in {self:.200?}")))
    }

    pub fn doubles(&self) -> io::Result<Vec<f64>> {
        let Self::List(values) = self else { return Err(invalid(format!("{self:.200?} is no list"))) };
        let double = |value: &Self| match value {
            Self::Double(value) => Ok(*value),
            other => Err(invalid(format!("{other:?} is no double"))),
        };
        values.iter().map(double).collect()
    }

    pub fn binary(&self) -> io::Result<&[u8]> {
        match self {
            Self::Binary(bytes) => Ok(bytes),
            _ => Err(invalid(format!("{self:.200?} is not binary"))),
        }
    }
}

fn value(kind: u8, input: &mut &[u8]) -> io::Result<Value> {
    Ok(match kind {
        2 | 3 => Value::Integer(i64::from(take::<1>(input)?[0])),
        4 => Value::Double(f64::from_be_bytes(take(input)?)),
        6 => Value::Integer(i64::from(i16::from_be_bytes(take(input)?))),
        8 => Value::Integer(i64::from(i32::from_be_bytes(take(input)?))),
        10 => Value::Integer(i64::from_be_bytes(take(input)?)),
        11 => {
            let length = u32::from_be_bytes(take(input)?) as usize;
            let (bytes, rest) = input.split_at_checked(length).ok_or_else(|| invalid("a text is cut off"))?;
            *input = rest;
            Value::Binary(bytes.to_vec())
        }
        12 => Value::Struct(fields(input)?),
        15 => {
            let [kind] = take(input)?;
            let length = u32::from_be_bytes(take(input)?);
            Value::List((0..length).map(|_| value(kind, input)).collect::<io::Result<_>>()?)
        }
        _ => return Err(invalid(format!("type {kind} is not one that an answer has"))),
    })
}

fn fields(input: &mut &[u8]) -> io::Result<Vec<(i16, Value)>> {
    let mut fields = Vec::new();
    loop {
        match take(input)? {
            [0] => return Ok(fields),
            [kind] => fields.push((i16::from_be_bytes(take(input)?), value(kind, input)?)),
        }
    }
}

fn take<const N: usize>(input: &mut &[u8]) -> io::Result<[u8; N]> {
    let (bytes, rest) = input.split_first_chunk().ok_or_else(|| invalid("an answer is cut off"))?;
    *input = rest;
    Ok(*bytes)
}

/// A message of Protocol Buffers whose field 1 has these bytes, behind the five bytes that gRPC puts before it.
pub fn grpc_message(field: &[u8]) -> Vec<u8> {
    let mut message = vec![0x0a];
    let mut rest = field.len();
    while rest >= 0x80 {
        message.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    message.push(rest as u8);
    message.extend_from_slice(field);
    let mut framed = vec![0];
    framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
    framed.extend_from_slice(&message);
    framed
}

/// Field 1 of such a message.
pub fn grpc_field(message: &[u8]) -> io::Result<&[u8]> {
    let field = message.get(5..).and_then(|message| message.strip_prefix(&[0x0a]));
    let field = field.ok_or_else(|| invalid("an answer has no field 1"))?;
    let digits = field.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    let length = field[..digits.min(field.len())].iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
    field.get(digits..).filter(|bytes| bytes.len() == length).ok_or_else(|| invalid("field 1 is cut off"))
}

/// Doubles from their little-endian bytes.
pub fn little_endian(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
}

pub fn to_little_endian(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A POST of JSON.
pub fn http_post(path: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_struct_is_read_as_it_was_written() {
        let inner = Struct::default().i64(1, -5).binary(2, b"xy").doubles(4, &[0.5, -2.0]);
        let (message, number_at) = thrift_call("predict", &Struct::default().fields(1, &inner));

        let read = Value::of_struct(&message[number_at + 4..]).expect("a struct");

        let inner = read.field(1).expect("field 1");
        assert_eq!(inner.field(1).expect("field 1 of it"), &Value::Integer(-5));
        assert_eq!(inner.field(2).and_then(Value::binary).expect("field 2 of it"), b"xy");
        assert_eq!(inner.field(4).and_then(Value::doubles).expect("field 4 of it"), [0.5, -2.0]);
        assert_eq!(message[..4], ((message.len() - 4) as u32).to_be_bytes());
    }

    #[test]
    fn a_field_of_any_length_comes_back_from_a_message_of_protocol_buffers() {
        for length in [0, 127, 128, 20_000] {
            let field = vec![7; length];

            assert_eq!(grpc_field(&grpc_message(&field)).expect("a field"), field);
        }
    }
}
