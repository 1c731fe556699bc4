//! Numbers that are given out once each.

use super::{Compare, Coordination, Entry, Transaction, Write};
use crate::error::{Error, Result};

impl Coordination {
    /// Gives out the next number under a key, from 1 and not below `at_least`. None is ever given twice; one whose
    /// taker crashes is left out.
    ///
    /// # Errors
    /// [`Error::Damaged`] if something else is stored there, [`Error::Storage`] as for a transaction.
    pub async fn next_number(&self, key: &str, at_least: u64) -> Result<u64> {
        loop {
            let seen = self.get(key).await?;
            let number = seen.as_ref().map_or(Ok(1), |entry| parse(key, entry))?.max(at_least);
            let unchanged = Compare::unchanged(key, seen.as_ref());
            let next = Write::put(key, (number + 1).to_string());
            if self.transact(vec![unchanged], vec![next]).await? != Transaction::Refused {
                return Ok(number);
            }
        }
    }
}

fn parse(key: &str, entry: &Entry) -> Result<u64> {
    let parsed = std::str::from_utf8(&entry.value).ok().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| Error::Damaged { path: format!("state.redb, {key}"), why: "it is not a number".into() })
}
