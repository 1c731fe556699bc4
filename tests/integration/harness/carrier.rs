//! What carries a message over a connection, and how its replies come back.

use super::framed;
use super::reply::Reply;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use modelwire::wire::Protocol;
use std::io::{Read, Write};

/// A transport as a client writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    Framed,
    Unframed,
    THeader,
    /// THeader with its payload compressed.
    Zlib,
    TtHeader,
    Http,
}

const HTTP_HEAD: &str = "POST / HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-thrift\r\n";

impl Carrier {
    pub const ALL: [Self; 6] = [Self::Framed, Self::Unframed, Self::THeader, Self::Zlib, Self::TtHeader, Self::Http];

    /// Whether it can carry messages of a protocol at all. Headers have no number for JSON, and none for old binary.
    pub fn carries(self, protocol: Protocol) -> bool {
        let has_header = matches!(self, Self::THeader | Self::Zlib | Self::TtHeader);
        !has_header || matches!(protocol, Protocol::Binary | Protocol::Compact)
    }

    /// The message as it is sent.
    pub fn wrap(self, protocol: Protocol, message: &[u8]) -> Vec<u8> {
        let id = if protocol == Protocol::Compact { 2 } else { 0 };
        match self {
            Self::Unframed => message.to_vec(),
            Self::Framed => framed(message),
            Self::THeader => headed(b"\x0f\xff", &[id, 0, 0, 0], message),
            Self::Zlib => headed(b"\x0f\xff", &[id, 1, 1, 0], &deflated(message)),
            Self::TtHeader => headed(b"\x10\x00", &[id, 0, 0, 0], message),
            Self::Http => {
                [format!("{HTTP_HEAD}Content-Length: {}\r\n\r\n", message.len()).as_bytes(), message].concat()
            }
        }
    }

    /// The replies in what came back.
    ///
    /// # Errors
    /// What came back is not made of whole replies in this transport.
    pub fn replies(self, protocol: Protocol, mut bytes: &[u8]) -> Result<Vec<Reply>, String> {
        let mut replies = vec![];
        while !bytes.is_empty() {
            let reply = self.next(protocol, &mut bytes).ok_or_else(|| format!("no whole reply: {}", shown(bytes)))?;
            replies.push(reply);
        }
        Ok(replies)
    }

    /// Takes a reply off the front.
    fn next(self, protocol: Protocol, bytes: &mut &[u8]) -> Option<Reply> {
        match self {
            Self::Unframed => Reply::take(protocol, bytes),
            Self::Framed => Reply::whole(protocol, frame(bytes)?),
            Self::THeader | Self::Zlib | Self::TtHeader => {
                let frame = frame(bytes)?;
                let (payload, transforms) = (payload(frame)?, *frame.get(11)?);
                if transforms == 0 {
                    Reply::whole(protocol, payload)
                } else {
                    Reply::whole(protocol, &inflated(payload)?)
                }
            }
            Self::Http => {
                let (status, body) = response(bytes)?;
                if status == 200 { Reply::whole(protocol, body) } else { Some(Reply::Page(status)) }
            }
        }
    }
}

/// A frame with flags 0, sequence 7 and a header of whole words.
pub fn headed(magic: &[u8], header: &[u8], payload: &[u8]) -> Vec<u8> {
    assert_eq!(header.len() % 4, 0);
    let words = u16::try_from(header.len() / 4).unwrap().to_be_bytes();
    framed(&[magic, b"\0\0\0\0\0\x07", &words, header, payload].concat())
}

fn frame<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (frame, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *bytes = rest;
    Some(frame)
}

/// What stands behind the header.
fn payload(frame: &[u8]) -> Option<&[u8]> {
    let words = u16::from_be_bytes([*frame.get(8)?, *frame.get(9)?]);
    frame.get(10 + 4 * usize::from(words)..)
}

/// Status and body of a response, taken off the front.
pub fn response<'a>(bytes: &mut &'a [u8]) -> Option<(u16, &'a [u8])> {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()?;
    let length: usize =
        head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0").parse().ok()?;
    let body = bytes.get(end + 4..end + 4 + length)?;
    *bytes = &bytes[end + 4 + length..];
    Some((status, body))
}

/// As compressed as zlib can make it.
pub fn deflated(message: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(vec![], Compression::best());
    encoder.write_all(message).unwrap();
    encoder.finish().unwrap()
}

fn inflated(payload: &[u8]) -> Option<Vec<u8>> {
    let mut message = vec![];
    ZlibDecoder::new(payload).read_to_end(&mut message).ok()?;
    Some(message)
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(200)].escape_ascii().to_string()
}
