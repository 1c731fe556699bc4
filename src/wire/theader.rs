//! THeader, the header of Apache's C++, Go and Python libraries and of fbthrift.
//!
//! `u16 0fff, u16 flags, u32 sequence, u16 words`, then a header of so many words: varint protocol, varint count of
//! transforms and their varint numbers, info blocks, zeros up to a whole word. Then one message. Source: Apache Thrift,
//! doc/specs/HeaderFormat.md, where "header size /32" should read "/4".

use super::frame_header::{HeaderBytes, Parts, transform_failed, unknown_protocol, unknown_transform};
use super::headed::{Headed, Layout, Opened, Refused, START_BYTES, Transform};
use super::headers::Headers;
use super::limits::Limits;
use super::message::Refusal;
use super::protocol::Protocol;
use super::zlib;
use bytes::Bytes;

/// The first two bytes behind the length of a frame.
pub(super) const MAGIC: [u8; 2] = [0x0f, 0xff];

const PROTOCOLS: [(u8, Protocol); 2] = [(0, Protocol::Binary), (2, Protocol::Compact)];
const ZLIB: u8 = 1;
const KEY_VALUES: u8 = 1;
/// fbthrift's, for the rest of a connection there. Here it is read like the other: it comes with each message anyway.
const STICKY_KEY_VALUES: u8 = 2;

/// Opens `frame`, which is all that comes after its length.
///
/// # Errors
/// Type 9 for a protocol and type 8 for a transform that is unknown or cannot be undone within `limits`, else type 7.
/// There is an envelope to answer in once the protocol has been read; of an unknown one it is binary.
pub(super) fn open(frame: Bytes, limits: &Limits) -> Result<Opened, Refused> {
    let Parts { flags, sequence, mut header, payload } = Parts::of(frame, MAGIC)?;
    let id = header.varint()?;
    let known = protocol_of(id);
    let layout = Layout::THeader { transform: Transform::Nothing };
    let mut envelope = Headed { layout, flags, sequence, protocol: known.unwrap_or(Protocol::Binary) };
    if known.is_none() {
        return Err(envelope.refuse(unknown_protocol(id)));
    }
    let transform = transform(&mut header).map_err(|refusal| envelope.refuse(refusal))?;
    envelope.layout = Layout::THeader { transform };
    let unread = |refusal| Refused { start: start(transform, &payload), ..envelope.refuse(refusal) };
    let headers = headers(header, limits).map_err(unread)?;
    let message = undo(transform, &payload, limits).map_err(unread)?;
    Ok(Opened { envelope, headers, message })
}

/// The header of a frame, not yet filled up to whole words.
pub(super) fn header(protocol: Protocol, transform: Transform, headers: &Headers) -> Vec<u8> {
    let mut out = vec![id_of(protocol)];
    match transform {
        Transform::Nothing => out.push(0),
        Transform::Zlib => out.extend([1, ZLIB]),
    }
    if !headers.is_empty() {
        out.push(KEY_VALUES);
        write_varint(&mut out, headers.len());
    }
    for (name, value) in headers.iter() {
        write_text(&mut out, name);
        write_text(&mut out, value);
    }
    out
}

fn protocol_of(id: u32) -> Option<Protocol> {
    PROTOCOLS.iter().find(|row| u32::from(row.0) == id).map(|row| row.1)
}

/// Old binary shares the number of binary.
fn id_of(protocol: Protocol) -> u8 {
    PROTOCOLS.iter().find(|row| row.1 == protocol).map_or(0, |row| row.0)
}

/// zlib, once, is all that is taken: twice would square what a bomb can reach.
fn transform(header: &mut HeaderBytes) -> Result<Transform, Refusal> {
    let count = header.varint()?;
    header.holds(usize::try_from(count).unwrap_or(usize::MAX), 1)?;
    let mut found = Transform::Nothing;
    for _ in 0..count {
        let id = header.varint()?;
        if id != u32::from(ZLIB) {
            return Err(unknown_transform(id, "the message as it is or with transform 1 (zlib)"));
        }
        if found == Transform::Zlib {
            return Err(transform_failed(format!("{count} transforms are listed; zlib once is the limit")));
        }
        found = Transform::Zlib;
    }
    Ok(found)
}

fn headers(mut header: HeaderBytes, limits: &Limits) -> Result<Headers, Refusal> {
    let mut headers = Headers::at_most(limits.max_header_bytes);
    while !header.is_empty() {
        let block = header.varint()?;
        if block != u32::from(KEY_VALUES) && block != u32::from(STICKY_KEY_VALUES) {
            break; // Padding, or a block that only its inventor knows the length of.
        }
        let count = length(&mut header)?;
        header.holds(count, 2)?;
        for _ in 0..count {
            let name = text(&mut header)?;
            headers.push(name, text(&mut header)?)?;
        }
    }
    Ok(headers)
}

fn length(header: &mut HeaderBytes) -> Result<usize, Refusal> {
    Ok(usize::try_from(header.varint()?).unwrap_or(usize::MAX))
}

fn text(header: &mut HeaderBytes) -> Result<Bytes, Refusal> {
    let size = length(header)?;
    header.take(size)
}

fn undo(transform: Transform, payload: &Bytes, limits: &Limits) -> Result<Bytes, Refusal> {
    match transform {
        Transform::Nothing => Ok(payload.clone()),
        Transform::Zlib => zlib::inflate(payload, limits).map(Bytes::from),
    }
}

fn start(transform: Transform, payload: &Bytes) -> Bytes {
    match transform {
        Transform::Nothing => payload.slice(..payload.len().min(START_BYTES)),
        Transform::Zlib => zlib::start(payload, START_BYTES).into(),
    }
}

fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    write_varint(out, text.len());
    out.extend_from_slice(text);
}

/// The low seven bits of each byte count; the eighth says that another follows.
fn write_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(0x80 | value.to_le_bytes()[0]);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests;
