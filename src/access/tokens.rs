//! The entries of the file, and the one that a caller's secret belongs to.

use super::file;
use super::identity::Identity;
use super::peer::Found;
use super::token::Digest;
use crate::error::{Error, Result};
use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt;
use std::sync::Arc;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// What a caller shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A secret text.
    Token,
    /// A TLS client certificate.
    Certificate,
}

impl Kind {
    /// As the file writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Certificate => "certificate",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An entry of the file.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) sha256: Digest,
    pub(super) created: Option<DateTime<Utc>>,
    pub(super) expires: Option<DateTime<Utc>>,
    pub(super) identity: Arc<Identity>,
}

/// Everything that a file of tokens says.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub(super) entries: Vec<Entry>,
}

impl Tokens {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] with all faults, a line each, behind the number of their line. None repeats a hash.
    pub fn parse(text: &str) -> Result<Self> {
        file::parse(text).map(|entries| Self { entries })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none, so that only what is public can be called.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whom a secret belongs to.
    ///
    /// Every entry is compared, and each in full, so that the time that it takes says nothing about the hashes.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if there is no such entry or it has expired.
    pub(super) fn identify(&self, kind: Kind, secret: &Digest, now: DateTime<Utc>) -> Result<Found> {
        let mut found = u64::MAX;
        for (place, entry) in (0_u64..).zip(&self.entries) {
            let of_kind = Choice::from(u8::from(entry.kind == kind));
            found.conditional_assign(&place, of_kind & entry.sha256.ct_eq(secret));
        }
        let entry = usize::try_from(found).ok().and_then(|place| self.entries.get(place));
        let entry = entry.ok_or_else(|| unknown(kind))?;
        match entry.expires {
            Some(expires) if is_over(expires, now) => Err(expired(entry, expires)),
            expires => Ok(Found { identity: Arc::clone(&entry.identity), expires }),
        }
    }
}

/// Whether what holds until then holds no more.
pub(super) fn is_over(expires: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    expires <= now
}

pub(super) fn unknown(kind: Kind) -> Error {
    Error::Unauthenticated { what: format!("the {kind} that the call shows is not known here") }
}

fn expired(entry: &Entry, expires: DateTime<Utc>) -> Error {
    let when = expires.to_rfc3339_opts(SecondsFormat::Secs, true);
    Error::Unauthenticated { what: format!("the {} {:?} expired at {when}", entry.kind, entry.identity.name()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn tokens() -> Tokens {
        let entry = |kind: &str, name: &str, secret: &str, rest: &str| {
            let sha256 = Digest::of(secret).to_hex();
            format!("[[{kind}]]\nname = \"{name}\"\nrole = \"reader\"\nsha256 = \"{sha256}\"\n{rest}\n")
        };
        let entries = [
            entry("token", "first", "one", ""),
            entry("token", "second", "two", "expires = 2030-01-01T00:00:00Z"),
            entry("certificate", "edge", "three", ""),
        ];
        Tokens::parse(&entries.concat()).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn each_secret_is_found_and_only_as_what_it_is() {
        let (tokens, now) = (tokens(), at("2029-12-31T23:59:59Z"));
        let name =
            |kind, secret| tokens.identify(kind, &Digest::of(secret), now).map(|it| it.identity.name().to_owned()).ok();

        assert_eq!(name(Kind::Token, "one").as_deref(), Some("first"));
        assert_eq!(name(Kind::Token, "two").as_deref(), Some("second"));
        assert_eq!(name(Kind::Certificate, "three").as_deref(), Some("edge"));
        assert_eq!(
            (name(Kind::Token, "three"), name(Kind::Certificate, "one"), name(Kind::Token, "")),
            (None, None, None)
        );
    }

    #[test]
    fn a_token_that_has_expired_is_told_when() {
        let error = tokens().identify(Kind::Token, &Digest::of("two"), at("2030-01-01T00:00:00Z")).unwrap_err();

        assert_eq!(error.to_string(), "the token \"second\" expired at 2030-01-01T00:00:00Z");
        assert_eq!((error.code(), error.executed()), (Code::Unauthenticated, Some(false)));
    }
}
