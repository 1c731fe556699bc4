//! TTHeader, the header of Kitex (Go) and volo (Rust).
//!
//! `u16 1000, u16 flags, u32 sequence, u16 words`, then a header of so many words: u8 protocol, u8 count of transforms
//! and their u8 numbers, info blocks, zeros up to a whole word. Then one message, framed once more or not. Sources:
//! cloudwego's gopkg, protocol/ttheader, and volo-thrift, codec/default/ttheader.rs, which differ from THeader in more
//! than the sizes: a zero is skipped and an unknown block is an error. Both write the number 0 for any protocol and
//! look at the message.

use super::frame_header::{HeaderBytes, Parts, unknown_protocol, unknown_transform};
use super::headed::{Headed, Layout, Opened, Payload, Refused, START_BYTES};
use super::headers::Headers;
use super::limits::Limits;
use super::message::Refusal;
use super::protocol::Protocol;
use bytes::{Buf, Bytes};

/// The first two bytes behind the length of a frame.
pub(super) const MAGIC: [u8; 2] = [0x10, 0x00];

pub(super) const BINARY: u8 = 0;
pub(super) const COMPACT: u8 = 2;

const PADDING: u8 = 0x00;
const KEY_VALUES: u8 = 0x01;
const INTEGER_KEY_VALUES: u8 = 0x10;
const TOKEN: u8 = 0x11;

/// The integer key of the time that the caller waits for the call: milliseconds as decimal text.
const CALL_TIMEOUT: u16 = 12;
/// Its name among [`Headers`], which is that of THeader clients.
const CLIENT_TIMEOUT: &str = "client_timeout";
/// The name that Kitex gives to what stands in a token block.
const TOKEN_NAME: &str = "gdpr-token";
/// What Kitex and volo put before the names that a user gave: for this hop, and for all that follow.
const PREFIXES: [&[u8]; 2] = [b"RPC_TRANSIT_", b"RPC_PERSIST_"];

/// Opens `frame`, which is all that comes after its length. Names are freed of the prefixes of Kitex and volo; of the
/// integer keys only the timeout of the call is kept, as `client_timeout`.
///
/// # Errors
/// Type 9 for an unknown protocol, type 8 for any transform, which neither Kitex nor volo ever writes, else type 7.
/// There is an envelope to answer in once the protocol has been read; of an unknown one it is binary.
pub(super) fn open(frame: Bytes, limits: &Limits) -> Result<Opened, Refused> {
    let Parts { flags, sequence, mut header, payload } = Parts::of(frame, MAGIC)?;
    let protocol_id = header.byte()?;
    let protocol = if protocol_id == COMPACT { Protocol::Compact } else { Protocol::Binary };
    let layout = Layout::TTHeader { protocol_id: BINARY, payload: Payload::Message };
    let mut envelope = Headed { layout, flags, sequence, protocol };
    if protocol_id != BINARY && protocol_id != COMPACT {
        return Err(envelope.refuse(unknown_protocol(protocol_id.into())));
    }
    no_transform(&mut header).map_err(|refusal| envelope.refuse(refusal))?;
    let (wrapped, protocol, message) = unwrap(payload).map_err(|refusal| envelope.refuse(refusal))?;
    envelope.layout = Layout::TTHeader { protocol_id, payload: wrapped };
    envelope.protocol = protocol;
    let headers = headers(header, limits).map_err(|refusal| {
        let start = message.slice(..message.len().min(START_BYTES));
        Refused { start, ..envelope.refuse(refusal) }
    })?;
    Ok(Opened { envelope, headers, message })
}

/// The header of a frame, not yet filled up to whole words.
pub(super) fn header(protocol_id: u8, headers: &Headers) -> Vec<u8> {
    let mut out = vec![protocol_id, 0];
    let (timeouts, others): (Vec<_>, Vec<_>) = headers.iter().partition(|(name, _)| *name == CLIENT_TIMEOUT.as_bytes());
    write_block(&mut out, KEY_VALUES, &others, write_text);
    write_block(&mut out, INTEGER_KEY_VALUES, &timeouts, |out, _| out.extend(CALL_TIMEOUT.to_be_bytes()));
    out
}

fn no_transform(header: &mut HeaderBytes) -> Result<(), Refusal> {
    match header.byte()? {
        0 => Ok(()),
        _ => Err(unknown_transform(header.byte()?.into(), "the message as it is")),
    }
}

/// The message within `payload`, and what it is written in: its first bytes tell, the header need not.
fn unwrap(payload: Bytes) -> Result<(Payload, Protocol, Bytes), Refusal> {
    if let Some(protocol) = protocol_of(&payload) {
        return Ok((Payload::Message, protocol, payload));
    }
    let mut message = payload;
    let length = message.try_get_u32().map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(usize::MAX));
    let left = message.len();
    if protocol_of(&message).is_some() && length > left {
        return Err(Refusal::malformed(format!("the frame within states {length} bytes and has {left}")));
    }
    message.truncate(length);
    match protocol_of(&message) {
        Some(protocol) => Ok((Payload::FramedMessage, protocol, message)),
        None => Err(Refusal::malformed("what follows the header is no message in binary or compact")),
    }
}

fn protocol_of(message: &[u8]) -> Option<Protocol> {
    match message {
        [0x80, 0x01, ..] => Some(Protocol::Binary),
        [0x82, version, ..] if version & 0x1f == 1 => Some(Protocol::Compact),
        _ => None,
    }
}

fn headers(mut header: HeaderBytes, limits: &Limits) -> Result<Headers, Refusal> {
    let mut headers = Headers::at_most(limits.max_header_bytes);
    while !header.is_empty() {
        match header.byte()? {
            PADDING => {}
            KEY_VALUES => {
                for _ in 0..count(&mut header)? {
                    let name = user_name(text(&mut header)?);
                    headers.push(name, text(&mut header)?)?;
                }
            }
            INTEGER_KEY_VALUES => {
                for _ in 0..count(&mut header)? {
                    let (key, value) = (header.word()?, text(&mut header)?);
                    if key == CALL_TIMEOUT {
                        headers.push(CLIENT_TIMEOUT, value)?;
                    }
                }
            }
            TOKEN => headers.push(TOKEN_NAME, text(&mut header)?)?,
            other => {
                return Err(Refusal::malformed(format!("info block 0x{other:02x} of the header is not known here")));
            }
        }
    }
    Ok(headers)
}

/// A pair has four bytes at least: two lengths, or a key and a length.
fn count(header: &mut HeaderBytes) -> Result<u16, Refusal> {
    let count = header.word()?;
    header.holds(count.into(), 4)?;
    Ok(count)
}

fn text(header: &mut HeaderBytes) -> Result<Bytes, Refusal> {
    let size = header.word()?;
    header.take(size.into())
}

fn user_name(name: Bytes) -> Bytes {
    match PREFIXES.iter().find(|prefix| name.starts_with(prefix)) {
        Some(prefix) => name.slice(prefix.len()..),
        None => name,
    }
}

fn write_block(out: &mut Vec<u8>, block: u8, pairs: &[(&[u8], &[u8])], write_key: impl Fn(&mut Vec<u8>, &[u8])) {
    if pairs.is_empty() {
        return;
    }
    out.push(block);
    write_length(out, pairs.len());
    for (name, value) in pairs {
        write_key(out, name);
        write_text(out, value);
    }
}

fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    write_length(out, text.len());
    out.extend_from_slice(text);
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    out.extend(u16::try_from(length).expect("headers are held to 16 KiB").to_be_bytes());
}

#[cfg(test)]
mod tests;
