//! Texts and bytes as JSON strings.

use super::invalid;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT};
use std::borrow::Cow;
use thrift::Result;

/// Characters with an escape of one letter, and that letter. A reader knows `\/` beside them.
const LETTERS: [(u8, u8); 7] =
    [(b'"', b'"'), (b'\\', b'\\'), (0x08, b'b'), (0x0c, b'f'), (b'\n', b'n'), (b'\r', b'r'), (b'\t', b't')];

/// Appends `text` in quotes, escaped as the Java library does. (The Python library leaves most control characters as they
/// are, which is no JSON.)
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for run in text.as_bytes().split_inclusive(|byte| is_escaped(*byte)) {
        match run.split_last() {
            Some((last, plain)) if is_escaped(*last) => {
                out.extend_from_slice(plain);
                write_escape(out, *last);
            }
            _ => out.extend_from_slice(run),
        }
    }
    out.push(b'"');
}

fn is_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    match LETTERS.iter().find(|(it, _)| *it == byte) {
        Some((_, letter)) => out.extend_from_slice(&[b'\\', *letter]),
        None => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
    }
}

/// What a string between its quotes says. Control characters may stand there as they are, because the Apache libraries
/// take them so and the Python library writes them.
///
/// # Errors
/// Escapes that do not exist, half a surrogate pair, bytes that are not UTF-8.
pub(super) fn unescape(raw: &[u8]) -> Result<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        let (plain, escape) = rest.split_at(rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len()));
        text.push_str(utf8(plain)?);
        let Some(escape) = escape.strip_prefix(b"\\") else { return Ok(text) };
        let (character, length) = read_escape(escape)?;
        text.push(character);
        rest = &escape[length..];
    }
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| invalid("a text is not UTF-8"))
}

/// The character of the escape that starts after a backslash, and how many bytes it takes there.
fn read_escape(escape: &[u8]) -> Result<(char, usize)> {
    let letter = *escape.first().ok_or_else(|| invalid("a text ends in a backslash"))?;
    match LETTERS.iter().find(|(_, it)| *it == letter) {
        Some((character, _)) => Ok((char::from(*character), 1)),
        None if letter == b'/' => Ok(('/', 1)),
        None if letter == b'u' => read_unicode(&escape[1..]).map(|(character, length)| (character, 1 + length)),
        None => Err(invalid(format!("\"\\{}\" is not an escape of JSON", letter.escape_ascii()))),
    }
}

/// A character of UTF-16: four digits, or twice that with `\u` between where it takes a surrogate pair.
fn read_unicode(digits: &[u8]) -> Result<(char, usize)> {
    let unit = code_unit(digits)?;
    if let Some(character) = char::from_u32(u32::from(unit)) {
        return Ok((character, 4));
    }
    let low = digits[4..].strip_prefix(b"\\u").map(code_unit).transpose()?;
    match char::decode_utf16([Some(unit), low].into_iter().flatten()).next() {
        Some(Ok(character)) => Ok((character, 10)),
        _ => Err(invalid(format!("\"\\u{unit:04x}\" is half of a surrogate pair without the other"))),
    }
}

fn code_unit(digits: &[u8]) -> Result<u16> {
    let digits = digits.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
    digits
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .ok_or_else(|| invalid("\"\\u\" is not followed by four hexadecimal digits"))
}

/// Appends `bytes` as base64 in quotes, with padding.
pub(super) fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    // In pieces of whole groups, so that the text of a large tensor is not held twice.
    for piece in bytes.chunks(3 << 10) {
        out.extend_from_slice(STANDARD.encode(piece).as_bytes());
    }
    out.push(b'"');
}

/// The bytes of a string in base64, with padding or without (the Java library writes none).
///
/// # Errors
/// What is not base64.
pub(super) fn read_base64(raw: &[u8]) -> Result<Vec<u8>> {
    // Some writers of JSON escape the slash, which is a letter of base64.
    let text = if raw.contains(&b'\\') { Cow::Owned(unescape(raw)?.into_bytes()) } else { Cow::Borrowed(raw) };
    STANDARD_PAD_INDIFFERENT.decode(text).map_err(|_| invalid("a binary value is not base64"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write_text(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_json_that_says_it(text in any::<String>()) {
            let json = written(&text);

            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text.as_str());
            prop_assert_eq!(unescape(&json.as_bytes()[1..json.len() - 1]).unwrap(), text);
        }

        #[test]
        fn any_text_is_read_with_every_character_escaped(text in any::<String>()) {
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();

            prop_assert_eq!(unescape(escaped.as_bytes()).unwrap(), text);
        }

        #[test]
        fn any_bytes_survive_base64_with_and_without_padding(bytes in prop::collection::vec(any::<u8>(), 0..10_000)) {
            let mut out = Vec::new();
            write_base64(&mut out, &bytes);
            let text = std::str::from_utf8(&out).unwrap().trim_matches('"');

            prop_assert_eq!(text.len() % 4, 0);
            prop_assert_eq!(read_base64(text.as_bytes()).unwrap(), &bytes[..]);
            prop_assert_eq!(read_base64(text.trim_end_matches('=').as_bytes()).unwrap(), bytes);
        }
    }

    #[test]
    fn control_characters_are_escaped_as_the_java_library_does() {
        assert_eq!(written("\0\u{1}\u{1f}\u{7f}/\u{2028}"), "\"\\u0000\\u0001\\u001f\u{7f}/\u{2028}\"");
    }

    #[test]
    fn control_characters_are_read_as_the_python_library_writes_them() {
        assert_eq!(unescape(b"a\x01\x1f\n\0").unwrap(), "a\u{1}\u{1f}\n\0");
    }
}
