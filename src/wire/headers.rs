//! What a transport says beside the message: pairs of a name and a value.

use super::message::Refusal;
use crate::telemetry::Reason;
use bytes::Bytes;

/// Most pairs that one message may bring.
pub(super) const MAX_HEADERS: usize = 256;
/// Most bytes of all names and values together, where no limit is given: of what we write ourselves.
const MAX_HEADER_BYTES: usize = 16 << 10;

/// Pairs in the order in which they came, as raw bytes with their case kept. Those of a frame are slices of it: while
/// one of them lives the frame does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    pairs: Vec<(Bytes, Bytes)>,
    /// Of all names and values.
    bytes: usize,
    max_bytes: usize,
}

impl Default for Headers {
    fn default() -> Self {
        Self::at_most(MAX_HEADER_BYTES)
    }
}

impl Headers {
    /// No pairs yet, and so many bytes of them at most.
    pub(super) fn at_most(max_bytes: usize) -> Self {
        Self { pairs: Vec::new(), bytes: 0, max_bytes }
    }

    /// The value under `key`, whatever the case of its ASCII letters. Of several the last counts, as it does in the
    /// maps of Apache's libraries. A value that is not UTF-8 is none.
    pub fn get(&self, key: &str) -> Option<&str> {
        let (_, value) = self.iter().rfind(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes()))?;
        std::str::from_utf8(value).ok()
    }

    /// Adds a pair behind the others.
    ///
    /// # Errors
    /// A type 7 [`Refusal`] beyond 256 pairs, or as many bytes as there may be.
    pub fn push(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Result<(), Refusal> {
        let (name, value) = (name.into(), value.into());
        let bytes = self.bytes.saturating_add(name.len()).saturating_add(value.len());
        if self.len() == MAX_HEADERS {
            return Err(too_large(&name, &format!("one more than the limit of {MAX_HEADERS}")));
        }
        if bytes > self.max_bytes {
            return Err(too_large(
                &name,
                &format!("taking all of them to {bytes} bytes, of {} allowed", self.max_bytes),
            ));
        }
        self.bytes = bytes;
        self.pairs.push((name, value));
        Ok(())
    }

    /// The pairs, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> {
        self.pairs.iter().map(|(name, value)| (&name[..], &value[..]))
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// There is no pair.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

fn too_large(name: &[u8], reason: &str) -> Refusal {
    let name = crate::error::quotable(&String::from_utf8_lossy(name));
    Refusal::beyond(Reason::Headers, format!("header {name:?} is {reason}; send less beside the message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in pairs {
            headers.push(*name, *value).unwrap();
        }
        headers
    }

    #[test]
    fn a_header_is_found_in_any_case_and_keeps_its_own() {
        let headers = headers(&[("X-Request-Id", "r-1"), ("authorization", "Bearer t")]);

        assert_eq!(headers.get("x-request-id"), Some("r-1"));
        assert_eq!(headers.get("Authorization"), Some("Bearer t"));
        assert_eq!(headers.get("x-request"), None);
        assert_eq!(headers.iter().next(), Some((&b"X-Request-Id"[..], &b"r-1"[..])));
    }

    #[test]
    fn the_last_of_equal_names_counts_even_if_it_is_not_text() {
        let mut headers = headers(&[("k", "1"), ("K", "2")]);
        assert_eq!(headers.get("k"), Some("2"));

        headers.push("k", &b"\xff"[..]).unwrap();

        assert_eq!(headers.get("k"), None);
    }

    #[test]
    fn as_many_headers_as_the_limit_are_held_and_the_next_is_refused_by_name() {
        let mut headers = Headers::default();
        for _ in 0..MAX_HEADERS {
            headers.push("", "").unwrap();
        }

        let refusal = headers.push("one-more", "").unwrap_err();

        assert_eq!(headers.len(), MAX_HEADERS);
        assert!(refusal.message.contains("\"one-more\"") && refusal.message.contains("256"), "{}", refusal.message);
    }

    #[test]
    fn as_many_bytes_as_the_limit_are_held_and_one_more_is_refused_with_its_size() {
        let mut headers = Headers::default();
        headers.push("name", vec![b'v'; MAX_HEADER_BYTES - 4]).unwrap();

        let refusal = headers.push("", "v").unwrap_err();

        assert_eq!(headers.len(), 1);
        assert!(refusal.message.contains("16385") && refusal.message.contains("16384"), "{}", refusal.message);
    }
}
