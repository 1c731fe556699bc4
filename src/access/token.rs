//! Secrets, and what is kept of them.

use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};

/// What every token of ours begins with, so that people and secret scanners know one when they see it.
const PREFIX: &str = "mw_";

/// What a caller shows. It is never printed by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new token: 32 bytes that nobody can guess, as base64url behind `mw_`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the system has no random bytes.
    pub fn generate() -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|cause| Error::Unavailable { what: format!("the system gives no random bytes: {cause}") })?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The secret itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The token in the value of an `authorization` header, `Bearer TOKEN`: RFC 6750, section 2.1.
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

/// SHA-256 of a token, or of a certificate.
///
/// Neither salt nor a slow hash: they make guessing costly where people choose passwords. A token of ours has 256 random bits,
/// which nobody guesses from a hash that is leaked, however fast it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    pub(super) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Reads 64 hexadecimal digits, of either case, in pairs with or without colons between them as `openssl` prints them.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').take(65).collect();
        let pairs = digits.chunks_exact(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+'))?;
            u8::from_str_radix(pair, 16).ok()
        });
        let bytes: Vec<u8> = pairs.collect::<Option<_>>()?;
        bytes.try_into().ok().filter(|_| digits.len() == 64).map(Self)
    }

    pub(super) fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl ConstantTimeEq for Digest {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

/// Not even a hash goes into a log.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_different_and_safe_in_a_header() {
        let (first, second) = (Token::generate().unwrap(), Token::generate().unwrap());

        assert_ne!(first, second);
        assert_eq!(first.as_str().len(), 46);
        let random = first.as_str().strip_prefix("mw_").unwrap();
        assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{random}");
    }

    #[test]
    fn neither_a_token_nor_its_hash_is_printed() {
        let token = Token::from("secret".to_owned());

        assert_eq!(format!("{token:?} {:?}", token.digest()), "Token(..) Digest(..)");
    }

    #[test]
    fn the_hash_is_sha_256_of_the_whole_token() {
        // FIPS 180-2, appendix B.1
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

        assert_eq!(Digest::of("abc").to_hex(), expected);
        assert_eq!(Digest::from_hex(expected), Some(Digest::of("abc")));
    }

    #[test]
    fn a_fingerprint_is_read_as_openssl_prints_it_and_nothing_else_is_one() {
        let fingerprint = ["AB"; 32].join(":");

        assert_eq!(Digest::from_hex(&fingerprint).unwrap().to_hex(), "ab".repeat(32));
        for text in ["", "ab", &"ab".repeat(33), &"a".repeat(63), &"zz".repeat(32), &"+1".repeat(32), &"ä".repeat(32)]
        {
            assert_eq!(Digest::from_hex(text), None, "{text:?} was taken");
        }
    }

    #[test]
    fn a_bearer_token_is_taken_out_of_its_header() {
        assert_eq!(bearer("Bearer mw_a"), Some("mw_a"));
        assert_eq!(bearer("bearer  mw_a "), Some("mw_a"));
        for header in ["", "mw_a", "Basic dXNlcg==", "Bearermw_a"] {
            assert_eq!(bearer(header), None, "{header:?}");
        }
    }
}
