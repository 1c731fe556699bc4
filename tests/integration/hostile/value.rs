//! Calls as a peer would write them who does not keep to the rules: values that lie about themselves, in every protocol.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use modelwire::wire::Protocol;

/// A type by its number or name in each protocol; one that does not exist can be stated too.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub binary: u8,
    pub compact: u8,
    pub json: &'static str,
}

const fn kind(binary: u8, compact: u8, json: &'static str) -> Kind {
    Kind { binary, compact, json }
}

pub const BOOL: Kind = kind(2, 1, "tf");
pub const I8: Kind = kind(3, 3, "i8");
pub const I16: Kind = kind(6, 4, "i16");
pub const I32: Kind = kind(8, 5, "i32");
pub const I64: Kind = kind(10, 6, "i64");
pub const DOUBLE: Kind = kind(4, 7, "dbl");
pub const TEXT: Kind = kind(11, 8, "str");
pub const STRUCT: Kind = kind(12, 12, "rec");
pub const MAP: Kind = kind(13, 11, "map");
pub const SET: Kind = kind(14, 10, "set");
pub const LIST: Kind = kind(15, 9, "lst");

/// A value; lists, sets and maps have one element or pair, so many times, whatever they state.
#[derive(Clone, Debug)]
pub enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Double(f64),
    Text(Vec<u8>),
    /// Base64 in JSON, else like a text.
    Binary(Vec<u8>),
    /// A text that states a length and has these bytes. In JSON it does not end.
    Claimed(u32, Vec<u8>),
    Struct(Vec<(i16, Value)>),
    /// A list, or by its kind a set: what it states of its elements, and one of them so many times.
    Elements(Kind, Kind, u32, Box<Value>, usize),
    Pairs((Kind, Kind), u32, Box<(Value, Value)>, usize),
    /// A field of this type with these bytes, whatever the protocol.
    Raw(Kind, Vec<u8>),
}

pub fn list(of: Kind, stated: u32, element: Value, times: usize) -> Value {
    Value::Elements(LIST, of, stated, Box::new(element), times)
}

pub fn set(of: Kind, stated: u32, element: Value, times: usize) -> Value {
    Value::Elements(SET, of, stated, Box::new(element), times)
}

pub fn map(of: (Kind, Kind), stated: u32, pair: (Value, Value), times: usize) -> Value {
    Value::Pairs(of, stated, Box::new(pair), times)
}

pub fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub fn record(fields: impl IntoIterator<Item = (i16, Value)>) -> Value {
    Value::Struct(fields.into_iter().collect())
}

/// A message of any kind.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: Vec<u8>,
    /// 1 is a call, 2 a reply, 3 an exception, 4 oneway.
    pub kind: u8,
    pub seqid: i32,
    /// The fields of the struct of arguments.
    pub arguments: Vec<(i16, Value)>,
}

impl Call {
    /// A call whose request has these fields.
    pub fn new(name: &str, request: impl IntoIterator<Item = (i16, Value)>) -> Self {
        Self { name: name.into(), kind: 1, seqid: 7, arguments: vec![(1, record(request))] }
    }

    /// The message in a protocol.
    pub fn written(&self, protocol: Protocol) -> Vec<u8> {
        let length = u32::try_from(self.name.len()).unwrap();
        let mut out = match protocol {
            Protocol::Binary => {
                [&[0x80, 1, 0, self.kind], &length.to_be_bytes()[..], &self.name, &self.seqid.to_be_bytes()].concat()
            }
            Protocol::OldBinary => {
                [&length.to_be_bytes()[..], &self.name, &[self.kind], &self.seqid.to_be_bytes()].concat()
            }
            Protocol::Compact => {
                let head = [0x82, (self.kind << 5) + 1];
                [&head[..], &varint(self.seqid.cast_unsigned().into()), &varint(length.into()), &self.name].concat()
            }
            Protocol::Json => {
                [b"[1,\"", &self.name[..], format!("\",{},{},", self.kind, self.seqid).as_bytes()].concat()
            }
        };
        write(&Value::Struct(self.arguments.clone()), protocol, &mut out);
        if protocol == Protocol::Json {
            out.push(b']');
        }
        out
    }
}

/// Unsigned LEB128.
pub fn varint(mut value: u64) -> Vec<u8> {
    let mut out = vec![];
    while value >= 0x80 {
        out.push(0x80 | (value & 0x7f) as u8);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn zigzag(value: i64) -> Vec<u8> {
    varint(((value << 1) ^ (value >> 63)).cast_unsigned())
}

impl Value {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Bool(_) => BOOL,
            Self::I8(_) => I8,
            Self::I16(_) => I16,
            Self::I32(_) => I32,
            Self::I64(_) => I64,
            Self::Double(_) => DOUBLE,
            Self::Text(_) | Self::Binary(_) | Self::Claimed(..) => TEXT,
            Self::Struct(_) => STRUCT,
            Self::Pairs(..) => MAP,
            Self::Elements(kind, ..) | Self::Raw(kind, _) => *kind,
        }
    }
}

fn write(value: &Value, protocol: Protocol, out: &mut Vec<u8>) {
    match protocol {
        Protocol::Binary | Protocol::OldBinary => binary(value, out),
        Protocol::Compact => compact(value, out),
        Protocol::Json => json(value, out),
    }
}

/// As often as it is there.
fn repeat(times: usize, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let mut one = vec![];
    write(&mut one);
    out.extend(one.repeat(times));
}

fn binary(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(it) => out.push(u8::from(*it)),
        Value::I8(it) => out.extend(it.to_be_bytes()),
        Value::I16(it) => out.extend(it.to_be_bytes()),
        Value::I32(it) => out.extend(it.to_be_bytes()),
        Value::I64(it) => out.extend(it.to_be_bytes()),
        Value::Double(it) => out.extend(it.to_be_bytes()),
        Value::Text(bytes) | Value::Binary(bytes) => {
            out.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
            out.extend(bytes);
        }
        Value::Claimed(length, bytes) => {
            out.extend(length.to_be_bytes());
            out.extend(bytes);
        }
        Value::Struct(fields) => {
            for (id, value) in fields {
                out.push(value.kind().binary);
                out.extend(id.to_be_bytes());
                binary(value, out);
            }
            out.push(0);
        }
        Value::Elements(_, of, stated, element, times) => {
            out.push(of.binary);
            out.extend(stated.to_be_bytes());
            repeat(*times, out, |out| binary(element, out));
        }
        Value::Pairs((key, value), stated, pair, times) => {
            out.extend([key.binary, value.binary]);
            out.extend(stated.to_be_bytes());
            repeat(*times, out, |out| {
                binary(&pair.0, out);
                binary(&pair.1, out);
            });
        }
        Value::Raw(_, bytes) => out.extend(bytes),
    }
}

fn compact(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(it) => out.push(if *it { 1 } else { 2 }),
        Value::I8(it) => out.extend(it.to_be_bytes()),
        Value::I16(it) => out.extend(zigzag((*it).into())),
        Value::I32(it) => out.extend(zigzag((*it).into())),
        Value::I64(it) => out.extend(zigzag(*it)),
        Value::Double(it) => out.extend(it.to_le_bytes()),
        Value::Text(bytes) | Value::Binary(bytes) => {
            out.extend(varint(bytes.len() as u64));
            out.extend(bytes);
        }
        Value::Claimed(length, bytes) => {
            out.extend(varint((*length).into()));
            out.extend(bytes);
        }
        Value::Struct(fields) => {
            let mut last = 0;
            for (id, value) in fields {
                compact_field(*id, i32::from(*id) - last, value, out);
                last = (*id).into();
            }
            out.push(0);
        }
        Value::Elements(_, of, stated, element, times) => {
            match u8::try_from(*stated) {
                Ok(stated @ 0..15) => out.push((stated << 4) | of.compact),
                _ => {
                    out.push(0xf0 | of.compact);
                    out.extend(varint((*stated).into()));
                }
            }
            repeat(*times, out, |out| compact(element, out));
        }
        Value::Pairs((key, value), stated, pair, times) => {
            out.extend(varint((*stated).into()));
            if *stated > 0 {
                out.push((key.compact << 4) | value.compact);
            }
            repeat(*times, out, |out| {
                compact(&pair.0, out);
                compact(&pair.1, out);
            });
        }
        Value::Raw(_, bytes) => out.extend(bytes),
    }
}

/// The distance to the field before it, or the whole id; a bool stands in its type.
fn compact_field(id: i16, delta: i32, value: &Value, out: &mut Vec<u8>) {
    let kind = if matches!(value, Value::Bool(false)) { 2 } else { value.kind().compact };
    match u8::try_from(delta) {
        Ok(delta @ 1..=15) => out.push((delta << 4) | kind),
        _ => {
            out.push(kind);
            out.extend(zigzag(id.into()));
        }
    }
    if !matches!(value, Value::Bool(_)) {
        compact(value, out);
    }
}

fn json(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(it) => out.push(b'0' + u8::from(*it)),
        Value::I8(it) => out.extend(it.to_string().bytes()),
        Value::I16(it) => out.extend(it.to_string().bytes()),
        Value::I32(it) => out.extend(it.to_string().bytes()),
        Value::I64(it) => out.extend(it.to_string().bytes()),
        Value::Double(it) => out.extend(it.to_string().bytes()),
        Value::Text(bytes) => out.extend([b"\"", &bytes[..], b"\""].concat()),
        Value::Binary(bytes) => out.extend(format!("\"{}\"", STANDARD.encode(bytes)).bytes()),
        Value::Claimed(_, bytes) => out.extend([b"\"", &bytes[..]].concat()),
        Value::Struct(fields) => {
            out.push(b'{');
            for (at, (id, value)) in fields.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                out.extend(format!("{comma}\"{id}\":{{\"{}\":", value.kind().json).bytes());
                json(value, out);
                out.push(b'}');
            }
            out.push(b'}');
        }
        Value::Elements(_, of, stated, element, times) => {
            out.extend(format!("[\"{}\",{stated}", of.json).bytes());
            repeat(*times, out, |out| {
                out.push(b',');
                json(element, out);
            });
            out.push(b']');
        }
        Value::Pairs((key, value), stated, pair, times) => {
            out.extend(format!("[\"{}\",\"{}\",{stated},{{", key.json, value.json).bytes());
            let start = out.len();
            repeat(*times, out, |out| {
                out.push(b',');
                json_key(&pair.0, out);
                out.push(b':');
                json(&pair.1, out);
            });
            if out.len() > start {
                out.remove(start); // The first pair has no comma before it.
            }
            out.extend(b"}]");
        }
        Value::Raw(_, bytes) => out.extend(bytes),
    }
}

/// A key is a text, whatever it is.
fn json_key(key: &Value, out: &mut Vec<u8>) {
    let mut text = vec![];
    json(key, &mut text);
    let quotes: &[u8] = if text.starts_with(b"\"") { b"" } else { b"\"" };
    out.extend([quotes, &text, quotes].concat());
}
