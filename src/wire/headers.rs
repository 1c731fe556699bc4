//! Headers.

use bytes::Bytes;

/// Pairs.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(Bytes, Bytes)>);

impl Headers {
    /// Value.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes()))?;
        std::str::from_utf8(&found.1).ok()
    }
}
