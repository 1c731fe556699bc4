//! JSON that ends with the SHA-256 of itself, so that a manifest vouches for itself as it vouches for its files.
//!
//! The last member is `"sha256"`: the hash of the text up to the comma before it, closed with a `}`. It is
//! checked byte by byte, before anything is parsed.

use super::sha256;
use crate::error::{Error, Result};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

const MEMBER: &str = ",\n  \"sha256\": \"";
const END: &str = "\"\n}\n";

/// Writes a struct as sealed JSON.
///
/// # Errors
/// [`Error::Internal`] if it is not something that JSON writes as an object with members.
pub fn seal(content: &impl Serialize) -> Result<Bytes> {
    let text = serde_json::to_string_pretty(content).map_err(|cause| Error::internal(cause.to_string()))?;
    let body = text.strip_suffix("\n}").ok_or_else(|| Error::internal("only an object with members can be sealed"))?;
    Ok(format!("{body}{MEMBER}{}{END}", hash_of(body)).into())
}

/// Reads sealed JSON; `path` is for the error.
///
/// # Errors
/// [`Error::Damaged`] if a single bit is not as it was sealed, or if it is not a `T`.
pub fn unseal<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T> {
    let damaged = |why: String| Error::Damaged { path: path.to_owned(), why };
    let body = intact(bytes).ok_or_else(|| damaged("its seal is broken".into()))?;
    serde_json::from_str(&format!("{body}}}")).map_err(|cause| damaged(cause.to_string()))
}

fn intact(bytes: &[u8]) -> Option<&str> {
    let sealed = std::str::from_utf8(bytes).ok()?.strip_suffix(END)?;
    let (body, hash) = sealed.rsplit_once(MEMBER)?;
    (hash == hash_of(body)).then_some(body)
}

fn hash_of(body: &str) -> String {
    sha256(format!("{body}}}").as_bytes())
}
