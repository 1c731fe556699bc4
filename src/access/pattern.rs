//! Patterns of names.

use crate::error::{Error, Result, quotable};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Longest pattern: as long as the longest name. Its states then fit into one machine word, see [`Pattern::matches`].
const MAX_LENGTH: usize = 64;

/// A pattern of names: `*` stands for any number of characters, `?` for one, everything else for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// Bit i: place i of the pattern is this byte.
    bytes: BTreeMap<u8, u128>,
    /// Bit i: place i is `?`.
    any: u128,
    /// Bit i: place i is `*`.
    stars: u128,
    /// The bit behind the last place.
    end: u128,
}

impl Pattern {
    /// Whether the pattern stands for the whole of `name`.
    ///
    /// All places of the pattern that the name so far can have led to are followed at once, a bit each, so that a byte of the
    /// name costs a few machine words whatever the pattern is (R. Baeza-Yates and G. Gonnet, "A new approach to text
    /// searching" (1992), doi:10.1145/135239.135243).
    pub fn matches(&self, name: &str) -> bool {
        if self.is_star() {
            return true;
        }
        let mut places = self.beyond_stars(1);
        for byte in name.bytes() {
            let taken = self.any | self.bytes.get(&byte).copied().unwrap_or_default();
            places = self.beyond_stars(((places & taken) << 1) | (places & self.stars));
        }
        places & self.end != 0
    }

    /// Whether it is one star and nothing else, as most are.
    fn is_star(&self) -> bool {
        (self.stars, self.end) == (0b1, 0b10)
    }

    /// A star may stand for nothing. No two stars are neighbours, so that one step is enough.
    fn beyond_stars(&self, places: u128) -> u128 {
        places | ((places & self.stars) << 1)
    }
}

impl FromStr for Pattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-*?".contains(&byte);
        if text.is_empty() || text.len() > MAX_LENGTH || !text.bytes().all(is_allowed) {
            return Err(Error::invalid(format!(
                "{:?} is not a pattern; it has from 1 to {MAX_LENGTH} of A-Z, a-z, 0-9, _, ., -, * (any number of characters) and ? (one)",
                quotable(text)
            )));
        }
        let (mut bytes, mut any, mut stars) = (BTreeMap::new(), 0, 0);
        let mut place: u128 = 1;
        for byte in text.bytes() {
            match byte {
                b'*' if stars & (place >> 1) != 0 => continue, // Two stars in a row are one.
                b'*' => stars |= place,
                b'?' => any |= place,
                _ => *bytes.entry(byte).or_default() |= place,
            }
            place <<= 1;
        }
        Ok(Self { text: text.to_owned(), bytes, any, stars, end: place })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, name: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().matches(name)
    }

    /// The definition, which is slow.
    fn means(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern, name) {
            ([], _) => name.is_empty(),
            ([b'*', rest @ ..], _) => means(rest, name) || (!name.is_empty() && means(pattern, &name[1..])),
            ([b'?', rest @ ..], [_, tail @ ..]) => means(rest, tail),
            ([first, rest @ ..], [head, tail @ ..]) => first == head && means(rest, tail),
            _ => false,
        }
    }

    #[test]
    fn a_pattern_stands_for_the_whole_name() {
        for (pattern, name) in
            [("team-a-*", "team-a-churn"), ("team-a-*", "team-a-"), ("v?", "v1"), ("*", ""), ("a**c", "abc")]
        {
            assert!(matches(pattern, name), "{pattern} for {name:?}");
        }
        for (pattern, name) in [
            ("team-a-*", "team-b-churn"),
            ("churn", "churn2"),
            ("churn", "achurn"),
            ("v?", "v"),
            ("?", ""),
            ("a.c", "abc"),
        ] {
            assert!(!matches(pattern, name), "{pattern} for {name:?}");
        }
    }

    #[test]
    fn what_no_name_can_hold_is_no_pattern() {
        for text in ["", "a b", "a/*", "[ab]", "ä", &"*".repeat(65)] {
            assert!(text.parse::<Pattern>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn the_longest_pattern_has_a_place_for_each_character() {
        let name = "a".repeat(64);

        assert!(matches(&name, &name) && matches(&"?".repeat(64), &name));
        assert!(!matches(&name, &name[1..]) && !matches(&"?".repeat(64), &name[1..]));
    }

    #[test]
    fn a_pattern_that_makes_others_backtrack_costs_one_pass() {
        let name = "a".repeat(1_000_000);

        assert!(!matches(&"*a".repeat(32).replace("*a*a*a", "*a?*a*"), &format!("{name}b")));
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_its_definition_says(pattern in "[ab*?]{1,8}", name in "[abc]{0,10}") {
            prop_assert_eq!(matches(&pattern, &name), means(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
