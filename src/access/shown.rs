//! What a connection has shown before.
//!
//! Most connections show one token with every call. To look it up is to hash it and to compare the hash with every entry of the
//! file; to see that it is the token of the call before is to compare it with that.

use super::tokens::Tokens;
use super::{Identity, tokens};
use crate::error::Result;
use chrono::{DateTime, Utc};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use subtle::{Choice, ConstantTimeEq};

/// Who a connection has last shown itself to be. It belongs to one connection, and with it what it keeps: the token is in
/// memory as long as the connection is.
#[derive(Default)]
pub struct Shown(Mutex<Option<Known>>);

struct Known {
    /// Those that knew it; others may not.
    rules: Option<Weak<Tokens>>,
    token: Option<String>,
    expires: Option<DateTime<Utc>>,
    /// A copy of this connection alone, so that no other thread counts references to it.
    identity: Arc<Identity>,
}

/// Who was found, and until when that holds.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) identity: Arc<Identity>,
    pub(super) expires: Option<DateTime<Utc>>,
}

impl Found {
    pub(super) fn always(identity: &Arc<Identity>) -> Self {
        Self { identity: Arc::clone(identity), expires: None }
    }
}

impl Shown {
    /// Who shows this token, or none, under these rules, of which there are none where nothing is configured: as the call
    /// before, or as `find` says.
    ///
    /// # Errors
    /// Of `find`, which nothing remembers.
    pub(super) fn again(
        &self,
        token: Option<&str>,
        rules: Option<&Arc<Tokens>>,
        find: impl FnOnce() -> Result<Found>,
    ) -> Result<Arc<Identity>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|known| known.holds(token, rules)) {
            return Ok(Arc::clone(&known.identity));
        }
        let Found { identity, expires } = find()?;
        let identity = Arc::new(Identity::clone(&identity));
        let rules = rules.map(Arc::downgrade);
        *last = Some(Known { rules, token: token.map(str::to_owned), expires, identity: Arc::clone(&identity) });
        Ok(identity)
    }
}

impl Known {
    fn holds(&self, token: Option<&str>, rules: Option<&Arc<Tokens>>) -> bool {
        let same_token = match (&self.token, token) {
            (Some(known), Some(token)) => is_same(known.as_bytes(), token.as_bytes()),
            (known, token) => known.is_none() && token.is_none(),
        };
        let same_rules = self.rules.as_ref().map(Weak::as_ptr) == rules.map(Arc::as_ptr);
        same_token && same_rules && !self.expires.is_some_and(|expires| tokens::is_over(expires, Utc::now()))
    }
}

/// Compares secrets in a time that tells only how long they are. By the word: byte for byte takes longer than the rest of
/// judging a call.
fn is_same(known: &[u8], shown: &[u8]) -> bool {
    let (Some(known_end), Some(shown_end)) = (known.last_chunk(), shown.last_chunk()) else {
        return known.ct_eq(shown).into();
    };
    let words = known.as_chunks().0.iter().zip(shown.as_chunks().0);
    let same = words.fold(same_word(known_end, shown_end), |same, (known, shown)| same & same_word(known, shown));
    known.len() == shown.len() && same.into()
}

fn same_word(known: &[u8; 16], shown: &[u8; 16]) -> Choice {
    u128::from_le_bytes(*known).ct_eq(&u128::from_le_bytes(*shown))
}

/// It holds a secret.
impl fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shown")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn secrets_are_the_same_if_each_of_their_bytes_is(secret in vec(any::<u8>(), 1..70), at: prop::sample::Index, other: u8, cut: prop::sample::Index) {
            let mut changed = secret.clone();
            changed[at.index(secret.len())] = other;
            let cut = &secret[..cut.index(secret.len())];

            prop_assert!(is_same(&secret, &secret.clone()));
            prop_assert_eq!(is_same(&secret, &changed), secret == changed);
            prop_assert!(!is_same(&secret, cut) && !is_same(cut, &secret));
        }
    }
}
