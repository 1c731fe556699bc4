//! What the first bytes of a connection mean.
//!
//! One table: each row is a test over the bytes so far and what they then are. Rows are tried from the top; the first
//! that is not ruled out decides, or asks for more bytes. A new transport is a new row.

use super::protocol::{Format, Framing, Protocol};

/// What the bytes so far say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detection {
    /// Not enough bytes to tell.
    More,
    /// This format, for the whole connection.
    Is(Format),
    /// Nothing that is spoken here.
    Unknown,
}

/// What one row says of the bytes so far.
enum Match {
    Yes,
    No,
    /// They could become it.
    Maybe,
}

type Row = (fn(&[u8]) -> Match, Framing, Protocol);

const TABLE: &[Row] = &[
    (|bytes| strict_binary(bytes, 0), Framing::Unframed, Protocol::Binary),
    (|bytes| compact(bytes, 0), Framing::Unframed, Protocol::Compact),
    (|bytes| framed(bytes, strict_binary), Framing::Framed, Protocol::Binary),
    (|bytes| framed(bytes, compact), Framing::Framed, Protocol::Compact),
    (|bytes| framed(bytes, old_binary), Framing::Framed, Protocol::OldBinary),
    (unframed_old_binary, Framing::Unframed, Protocol::OldBinary),
];

/// A frame length has these two bits clear; letters of HTTP methods and both magic bytes have not.
const LENGTH_BITS: u8 = 0xc0;
/// Longest method name of an unframed message in old binary, which starts with it.
const MAX_OLD_NAME: usize = 256;

/// Tells the format from the first bytes of a connection; nine are always enough.
pub fn detect(bytes: &[u8]) -> Detection {
    let mut undecided = false;
    for (test, framing, protocol) in TABLE {
        match test(bytes) {
            Match::Yes if !undecided => return Detection::Is(Format { framing: *framing, protocol: *protocol }),
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

fn strict_binary(bytes: &[u8], at: usize) -> Match {
    both(byte(bytes, at, |it| it == 0x80), || byte(bytes, at + 1, |it| it == 0x01))
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
    let (Some(frame), Some(name)) = (length(bytes, 0), length(bytes, at)) else {
        return byte(bytes, at, |it| it == 0);
    };
    if name == 0 || name.saturating_add(10) > frame {
        return Match::No;
    }
    byte(bytes, at + 4, identifier)
}

fn unframed_old_binary(bytes: &[u8]) -> Match {
    let Some(name) = length(bytes, 0) else {
        return byte(bytes, 0, |it| it == 0);
    };
    if name == 0 || name > MAX_OLD_NAME {
        return Match::No;
    }
    byte(bytes, 4, identifier)
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

    fn formats() -> Vec<(Vec<u8>, Framing, Protocol)> {
        vec![
            (bytes(STRICT), Framing::Unframed, Protocol::Binary),
            (bytes(OLD), Framing::Unframed, Protocol::OldBinary),
            (bytes(COMPACT), Framing::Unframed, Protocol::Compact),
            (frame(STRICT), Framing::Framed, Protocol::Binary),
            (frame(OLD), Framing::Framed, Protocol::OldBinary),
            (frame(COMPACT), Framing::Framed, Protocol::Compact),
        ]
    }

    #[test]
    fn every_format_is_told_by_at_most_nine_bytes_and_never_taken_for_another_before() {
        for (message, framing, protocol) in formats() {
            let expected = Detection::Is(Format { framing, protocol });

            let first = (0..=message.len()).map(|end| detect(&message[..end])).find(|it| *it != Detection::More);

            assert_eq!(first, Some(expected));
            assert_eq!(detect(&message[..9]), expected);
        }
    }

    #[test]
    fn what_is_not_spoken_here_is_known_to_be_unknown() {
        for hex in
            ["ffffffff", "474554202f", "8002", "7fffffff", "00000000 00000000 00", "0000001600000000ff", "00000001 31"]
        {
            assert_eq!(detect(&bytes(hex)), Detection::Unknown, "{hex}");
        }
    }

    #[test]
    fn a_long_frame_is_told_before_its_length_is_judged() {
        assert_eq!(
            detect(&bytes("3fffffff 8001")),
            Detection::Is(Format { framing: Framing::Framed, protocol: Protocol::Binary })
        );
    }
}
