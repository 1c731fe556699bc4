//! Names of models, data sets and aliases, and references to their versions.

use crate::error::{Error, Result, quotable};
use serde::{Deserialize, Serialize};

/// A name that matches `[A-Za-z][A-Za-z0-9_.-]{0,63}`: safe in a path, a key, a log line and a metric.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Name(String);

impl Name {
    /// Checks a name; `what` says in an error what it should name.
    ///
    /// # Errors
    /// [`Error::Name`] if it breaks the rule.
    pub fn parse(what: &'static str, text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let starts = text.starts_with(|first: char| first.is_ascii_alphabetic());
        let continues = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if starts && continues && text.len() <= 64 {
            Ok(Self(text))
        } else {
            Err(Error::Name { what, name: quotable(&text), but: "" })
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse("a", text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// A name orders and hashes as its text does, so that a map of names can be asked for one without making it.
impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which version of a name is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// `wine`: what a bare name means is for the owner of the name to say.
    Bare,
    /// `wine@latest`: the newest version.
    Latest,
    /// `wine@3`
    Version(u64),
    /// `wine@canary`
    Alias(Name),
}

/// `wine`, `wine@3`, `wine@latest` or `wine@canary`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Before the `@`.
    pub name: Name,
    /// After it.
    pub selector: Selector,
}

impl Reference {
    /// Reads a reference; `what` says in an error what it should name.
    ///
    /// # Errors
    /// [`Error::Name`] if the name or alias breaks the rule of names, [`Error::InvalidArgument`] for version 0.
    pub fn parse(what: &'static str, text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let Some(at) = text.bytes().position(|byte| byte == b'@') else {
            return Ok(Self { name: Name::parse(what, text)?, selector: Selector::Bare });
        };
        let (name, rest) = (&text[..at], &text[at + 1..]);
        let selector = match rest {
            "latest" => Selector::Latest,
            digits if digits.starts_with(|first: char| first.is_ascii_digit()) => Selector::Version(version(digits)?),
            alias => Selector::Alias(Name::parse("alias", alias)?),
        };
        Ok(Self { name: Name::parse(what, name)?, selector })
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.selector {
            Selector::Bare => write!(f, "{}", self.name),
            Selector::Latest => write!(f, "{}@latest", self.name),
            Selector::Version(version) => write!(f, "{}@{version}", self.name),
            Selector::Alias(alias) => write!(f, "{}@{alias}", self.name),
        }
    }
}

fn version(digits: &str) -> Result<u64> {
    match digits.parse::<i64>() {
        Ok(version) if version > 0 => Ok(version.unsigned_abs()),
        _ => Err(Error::invalid(format!("{:?} is not a version; versions are 1, 2, 3, …", quotable(digits)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_version_an_alias_or_leaves_it_open() {
        let selector = |text| Reference::parse("model", text).unwrap().selector;

        assert_eq!(selector("wine"), Selector::Bare);
        assert_eq!(selector("wine@latest"), Selector::Latest);
        assert_eq!(selector("wine@3"), Selector::Version(3));
        assert_eq!(selector("wine@canary"), Selector::Alias(Name("canary".into())));
    }

    #[test]
    fn names_that_could_leave_their_folder_are_refused() {
        for text in ["", "..", "../x", "a/b", "a\\b", "1a", ".a", "a b", "ä", "a\0", &"a".repeat(65)] {
            assert!(Name::parse("model", text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn version_zero_and_versions_beyond_a_signed_integer_are_refused() {
        for text in ["wine@0", "wine@9223372036854775808", "wine@3x", "wine@-1", "wine@"] {
            assert!(Reference::parse("model", text).is_err(), "{text:?} was taken");
        }
    }
}
