//! The headers of a call, whatever transport carried them.

use bytes::Bytes;

/// Names and values in the order in which they came. A name may be there more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Bytes, Bytes)>);

impl Headers {
    /// Appends one.
    pub fn push(&mut self, name: Bytes, value: Bytes) {
        self.0.push((name, value));
    }

    /// The first value of this name, in whatever case, if it is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))?;
        std::str::from_utf8(value).ok()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &Bytes)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case() {
        let mut headers = Headers::default();
        headers.push(Bytes::from_static(b"X-Request-Id"), Bytes::from_static(b"7"));

        assert_eq!(headers.get("x-request-id"), Some("7"));
    }
}
