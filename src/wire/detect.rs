//! What the first bytes of a connection mean.
//!
//! One table: each row is a test over the bytes so far and what they then are. Rows are tried from the top; the first
//! that is not ruled out decides, or asks for more bytes. A new transport is a new row.

use super::protocol::{Format, Protocol, Transport};

/// What the bytes so far say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detection {
    /// Not enough bytes to tell.
    More,
    /// A message in this format.
    Message(Format),
    /// A frame of THeader, which says itself what is in it.
    Header,
    /// A frame of TTHeader, likewise.
    TtHeader,
    /// A request of HTTP/1.1.
    Http,
    /// Nothing that is spoken here.
    Unknown,
}

impl Detection {
    /// How messages of the connection become a stream.
    pub(super) fn transport(self) -> Option<Transport> {
        match self {
            Self::Message(format) => Some(format.transport),
            Self::Header => Some(Transport::Header),
            Self::TtHeader => Some(Transport::TtHeader),
            Self::Http => Some(Transport::Http),
            Self::More | Self::Unknown => None,
        }
    }
}

/// What one row says of the bytes so far.
enum Match {
    Yes,
    No,
    /// They could become it.
    Maybe,
}

type Row = (fn(&[u8]) -> Match, Detection);

const fn message(transport: Transport, protocol: Protocol) -> Detection {
    Detection::Message(Format { transport, protocol })
}

const TABLE: &[Row] = &[
    (|bytes| strict_binary(bytes, 0), message(Transport::Unframed, Protocol::Binary)),
    (|bytes| compact(bytes, 0), message(Transport::Unframed, Protocol::Compact)),
    (|bytes| json(bytes, 0), message(Transport::Unframed, Protocol::Json)),
    (http, Detection::Http),
    (|bytes| framed(bytes, strict_binary), message(Transport::Framed, Protocol::Binary)),
    (|bytes| framed(bytes, compact), message(Transport::Framed, Protocol::Compact)),
    (|bytes| framed(bytes, |bytes, at| literal(bytes, at, b"\x0f\xff")), Detection::Header),
    (|bytes| framed(bytes, |bytes, at| literal(bytes, at, b"\x10\x00")), Detection::TtHeader),
    (|bytes| framed(bytes, json), message(Transport::Framed, Protocol::Json)),
    (|bytes| framed(bytes, old_binary), message(Transport::Framed, Protocol::OldBinary)),
    (unframed_old_binary, message(Transport::Unframed, Protocol::OldBinary)),
];

/// The first four letters of the methods of HTTP/1.1.
const HTTP_METHODS: [&[u8]; 7] = [b"POST", b"GET ", b"HEAD", b"OPTI", b"PUT ", b"DELE", b"PATC"];

/// A TLS handshake: record type 22, then the major version. `None`: too few bytes to tell.
pub fn is_tls(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [] | [0x16] => None,
        _ => Some(bytes.starts_with(&[0x16, 0x03])),
    }
}

/// A frame length has these two bits clear; letters of HTTP methods, both magic bytes and the bracket of
/// JSON have not.
const LENGTH_BITS: u8 = 0xc0;
/// Longest method name of an unframed message in old binary, which starts with it.
const MAX_OLD_NAME: usize = 256;

/// Tells the format from the first bytes of a connection; nine are always enough.
pub fn detect(bytes: &[u8]) -> Detection {
    usual(bytes).unwrap_or_else(|| by_table(bytes))
}

/// What most messages of most clients are, which the table says too, a row at a time.
fn usual(bytes: &[u8]) -> Option<Detection> {
    let [length, _, _, _, magic, version, ..] = *bytes else { return None };
    let framed = |protocol| (length & LENGTH_BITS == 0).then_some(message(Transport::Framed, protocol));
    match (magic, version) {
        (0x80, 0x01) => framed(Protocol::Binary),
        (0x82, version) if version & 0x1f == 0x01 => framed(Protocol::Compact),
        _ => None,
    }
}

fn by_table(bytes: &[u8]) -> Detection {
    let mut undecided = false;
    for (test, detection) in TABLE {
        match test(bytes) {
            Match::Yes if !undecided => return *detection,
            Match::Yes | Match::Maybe => undecided = true,
            Match::No => {}
        }
    }
    if undecided { Detection::More } else { Detection::Unknown }
}

/// Whether the byte at `at` passes `test`, if it is there.
fn byte(bytes: &[u8], at: usize, test: impl Fn(u8) -> bool) -> Match {
    match bytes.get(at) {
        Some(byte) if test(*byte) => Match::Yes,
        Some(_) => Match::No,
        None => Match::Maybe,
    }
}

fn both(first: Match, second: impl FnOnce() -> Match) -> Match {
    match first {
        Match::Yes => second(),
        other => other,
    }
}

/// Whether these bytes stand at `at`, as far as they are there.
fn literal(bytes: &[u8], at: usize, expected: &[u8]) -> Match {
    let there = bytes.get(at..).unwrap_or_default();
    match there.len() < expected.len() {
        true if expected.starts_with(there) => Match::Maybe,
        false if there.starts_with(expected) => Match::Yes,
        _ => Match::No,
    }
}

fn strict_binary(bytes: &[u8], at: usize) -> Match {
    literal(bytes, at, b"\x80\x01")
}

fn json(bytes: &[u8], at: usize) -> Match {
    literal(bytes, at, b"[")
}

fn http(bytes: &[u8]) -> Match {
    let matches = HTTP_METHODS.map(|method| literal(bytes, 0, method));
    let one = |wanted: fn(&Match) -> bool| matches.iter().any(wanted);
    match (one(|it| matches!(it, Match::Yes)), one(|it| matches!(it, Match::Maybe))) {
        (true, _) => Match::Yes,
        (_, true) => Match::Maybe,
        _ => Match::No,
    }
}

/// The message type is not judged here: a wrong one deserves an answer.
fn compact(bytes: &[u8], at: usize) -> Match {
    both(byte(bytes, at, |it| it == 0x82), || byte(bytes, at + 1, |it| it & 0x1f == 0x01))
}

/// A frame length, then a message that `inner` knows.
fn framed(bytes: &[u8], inner: fn(&[u8], usize) -> Match) -> Match {
    both(byte(bytes, 0, |it| it & LENGTH_BITS == 0), || inner(bytes, 4))
}

/// The length of a name that fits the frame, then its first letter. A name never starts with a zero byte, which tells
/// this from an unframed message, whose first four bytes are the length of its name.
fn old_binary(bytes: &[u8], at: usize) -> Match {
    both(byte(bytes, at, |it| it == 0), || {
        let (Some(frame), Some(name)) = (length(bytes, 0), length(bytes, at)) else { return Match::Maybe };
        if name == 0 || name.saturating_add(10) > frame {
            return Match::No;
        }
        byte(bytes, at + 4, identifier)
    })
}

fn unframed_old_binary(bytes: &[u8]) -> Match {
    both(byte(bytes, 0, |it| it == 0), || {
        let Some(name) = length(bytes, 0) else { return Match::Maybe };
        if name == 0 || name > MAX_OLD_NAME {
            return Match::No;
        }
        byte(bytes, 4, identifier)
    })
}

fn length(bytes: &[u8], at: usize) -> Option<usize> {
    let word: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(word)).ok()
}

fn identifier(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    /// `hello` with an empty request, as the Apache Python library writes it.
    const STRICT: &str = "80010001 00000005 68656c6c6f 00000000 0c0001 00 00";
    const OLD: &str = "00000005 68656c6c6f 01 00000000 0c0001 00 00";
    const COMPACT: &str = "8221 00 05 68656c6c6f 1c 00 00";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(|it| !it.is_ascii_whitespace()).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn frame(hex: &str) -> Vec<u8> {
        let message = bytes(hex);
        [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat()
    }

    const JSON: &str = "5b312c2268656c6c6f222c312c302c7b2231223a7b22726563223a7b7d7d7d5d";

    fn formats() -> Vec<(Vec<u8>, Detection)> {
        vec![
            (bytes(STRICT), message(Transport::Unframed, Protocol::Binary)),
            (bytes(OLD), message(Transport::Unframed, Protocol::OldBinary)),
            (bytes(COMPACT), message(Transport::Unframed, Protocol::Compact)),
            (bytes(JSON), message(Transport::Unframed, Protocol::Json)),
            (frame(JSON), message(Transport::Framed, Protocol::Json)),
            (frame(STRICT), message(Transport::Framed, Protocol::Binary)),
            (frame(OLD), message(Transport::Framed, Protocol::OldBinary)),
            (frame(COMPACT), message(Transport::Framed, Protocol::Compact)),
            (bytes("00000024 0fff 0000 00000000 0001 00000000"), Detection::Header),
            (bytes("00000024 1000 0000 00000000 0001 00000000"), Detection::TtHeader),
            (b"POST / HTTP/1.1".to_vec(), Detection::Http),
            (b"DELETE /x HTTP/1.1".to_vec(), Detection::Http),
        ]
    }

    #[test]
    fn every_format_is_told_by_at_most_nine_bytes_and_never_taken_for_another_before() {
        for (message, expected) in formats() {
            let first = (0..=message.len()).map(|end| detect(&message[..end])).find(|it| *it != Detection::More);

            assert_eq!(first, Some(expected));
            assert_eq!(detect(&message[..9]), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_usual_is_what_the_table_says(
            mut bytes in vec(any::<u8>(), 0..12),
            magic in select(vec![&[0x80, 0x01][..], &[0x82, 0x21], &[0x82], &[]]),
        ) {
            let end = bytes.len().min(4);
            bytes.splice(end..end, magic.iter().copied());

            prop_assert!(usual(&bytes).is_none_or(|usual| usual == by_table(&bytes)));
        }
    }

    #[test]
    fn what_is_not_spoken_here_is_known_to_be_unknown() {
        for hex in
            ["ffffffff", "50524920", "8002", "7fffffff", "00000000 00000000 00", "0000001600000000ff", "00000001 31"]
        {
            assert_eq!(detect(&bytes(hex)), Detection::Unknown, "{hex}");
        }
    }

    #[test]
    fn nothing_is_told_from_the_start_of_a_length() {
        let no_name = bytes("00008000 00004000 00");
        let long_name = bytes("21848688 08077072 65");

        assert!((0..9).all(|end| detect(&no_name[..end]) == Detection::More));
        assert_eq!(detect(&no_name), Detection::Unknown);
        assert!((5..=9).all(|end| detect(&long_name[..end]) == Detection::Unknown));
    }

    #[test]
    fn a_long_frame_is_told_before_its_length_is_judged() {
        assert_eq!(detect(&bytes("3fffffff 8001")), message(Transport::Framed, Protocol::Binary));
    }

    #[test]
    fn a_tls_handshake_is_told_by_two_bytes() {
        let told = [&b""[..], b"\x16", b"\x16\x03", b"\x16\x01", b"\x80"].map(is_tls);

        assert_eq!(told, [None, None, Some(true), Some(false), Some(false)]);
    }
}
