//! Who is at the other end of a connection, and what it has shown before.
//!
//! Most connections show one token with every call. To look it up is to hash it and to compare the hash with every entry of the
//! file; to see that it is the token of the call before is to compare it with that.

use super::{Identity, tokens};
use crate::error::Result;
use chrono::{DateTime, Utc};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use subtle::{Choice, ConstantTimeEq};

/// The other end of one connection. What it has shown last is in memory as long as the connection is.
#[derive(Default)]
pub struct Peer {
    /// Its address, for the log.
    pub address: Arc<str>,
    /// SHA-256 of its TLS certificate in hex, if it has shown one that was verified.
    pub certificate: Option<String>,
    /// Of the connection.
    number: u64,
    known: Option<Known>,
}

/// Who calls, and from where. It belongs to one connection, so that no other thread counts references to it.
#[derive(Debug)]
pub struct Caller {
    /// Who it is.
    pub identity: Identity,
    /// The address of the peer, for the log.
    pub address: Arc<str>,
    /// The same for all calls of one identity on one connection, and another one for others: who is to have a fair share.
    pub number: u64,
}

struct Known {
    /// How often the rules had changed when they knew it; others may not.
    rules: u64,
    token: Option<String>,
    expires: Option<DateTime<Utc>>,
    caller: Arc<Caller>,
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

impl Peer {
    /// One that has shown nothing but a certificate, if that.
    pub fn new(address: impl Into<Arc<str>>, certificate: Option<String>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { address: address.into(), certificate, number: NEXT.fetch_add(1, Ordering::Relaxed), known: None }
    }

    /// Who calls and shows this token, or none, under rules that have changed so often: as the call before, or as `find` says of
    /// the certificate.
    ///
    /// # Errors
    /// Of `find`, which nothing remembers.
    pub(super) fn again(
        &mut self,
        token: Option<&str>,
        rules: u64,
        find: impl FnOnce(Option<&str>) -> Result<Found>,
    ) -> Result<Arc<Caller>> {
        if let Some(known) = self.known.as_ref().filter(|known| known.holds(token, rules)) {
            return Ok(Arc::clone(&known.caller));
        }
        let Found { identity, expires } = find(self.certificate.as_deref())?;
        let caller = self.caller(&identity);
        self.known = Some(Known { rules, token: token.map(str::to_owned), expires, caller: Arc::clone(&caller) });
        Ok(caller)
    }

    /// Calls as this one.
    pub(super) fn caller(&self, identity: &Identity) -> Arc<Caller> {
        let mut number = DefaultHasher::new();
        (self.number, identity.name()).hash(&mut number);
        Arc::new(Caller { identity: identity.clone(), address: Arc::clone(&self.address), number: number.finish() })
    }
}

impl Known {
    fn holds(&self, token: Option<&str>, rules: u64) -> bool {
        let same_token = match (&self.token, token) {
            (Some(known), Some(token)) => is_same(known.as_bytes(), token.as_bytes()),
            (known, token) => known.is_none() && token.is_none(),
        };
        same_token && self.rules == rules && !self.expires.is_some_and(|expires| tokens::is_over(expires, Utc::now()))
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
impl fmt::Debug for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, certificate, number: _, known: _ } = self;
        formatter
            .debug_struct("Peer")
            .field("address", address)
            .field("certificate", certificate)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn a_caller_is_an_identity_on_a_connection_whatever_it_showed_in_between() {
        let (one, other) = (Peer::new("", None), Peer::new("", None));
        let (open, anonymous) = (Identity::open(), Identity::anonymous());

        assert_eq!(one.caller(&open).number, one.caller(&open).number);
        assert_ne!(one.caller(&open).number, other.caller(&open).number);
        assert_ne!(one.caller(&open).number, one.caller(&anonymous).number);
    }

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
