//! Small values that change: compared and swapped in transactions, with the semantics of etcd v3.
//!
//! The store has one revision, which each transaction that changes something raises by one. An entry knows the revision
//! that created it and the one that changed it last; a transaction compares those and writes all or nothing:
//!
//! ```
//! # async fn example(coordination: &modelwire::coordination::Coordination) -> modelwire::error::Result<()> {
//! use modelwire::coordination::{Compare, Transaction, Write};
//!
//! let seen = coordination.get("counter").await?;
//! let unchanged = Compare::unchanged("counter", seen.as_ref());
//! let next = Write::put("counter", "1");
//! match coordination.transact(vec![unchanged], vec![next]).await? {
//!     Transaction::Committed(revision) => println!("committed as revision {revision}"),
//!     Transaction::Refused => println!("somebody was faster: read again"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What is here is metadata: a key or value beyond a few kilobytes belongs into [`storage`](crate::storage).

mod counter;
mod local;

#[cfg(test)]
pub(crate) mod testing;

pub use local::Coordination;

use crate::error::{Error, Result};

/// Most compares and most writes of a transaction, as in etcd.
pub const MAX_OPERATIONS: usize = 128;

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it was put.
    pub value: Vec<u8>,
    /// The revision that put the key when it was not there.
    pub create_revision: u64,
    /// The revision that put it last.
    pub mod_revision: u64,
}

/// What has to hold for a transaction to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compare {
    /// The key was put last by this revision; 0: it is not there.
    ModRevision {
        /// The key.
        key: String,
        /// Of [`Entry::mod_revision`], or 0.
        revision: u64,
    },
    /// The key is there with this value.
    Value {
        /// The key.
        key: String,
        /// The whole value.
        value: Vec<u8>,
    },
}

impl Compare {
    /// The key is as it was when it was read: this entry, or nothing.
    pub fn unchanged(key: impl Into<String>, seen: Option<&Entry>) -> Self {
        Self::ModRevision { key: key.into(), revision: seen.map_or(0, |entry| entry.mod_revision) }
    }

    /// The key is there with this value.
    pub fn value(key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self::Value { key: key.into(), value: value.into() }
    }

    fn key(&self) -> &str {
        match self {
            Self::ModRevision { key, .. } | Self::Value { key, .. } => key,
        }
    }

    fn holds(&self, entry: Option<&Entry>) -> bool {
        match self {
            Self::ModRevision { revision, .. } => entry.map_or(0, |entry| entry.mod_revision) == *revision,
            Self::Value { value, .. } => entry.is_some_and(|entry| entry.value == *value),
        }
    }
}

/// A change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Creates or replaces.
    Put {
        /// The key.
        key: String,
        /// The new value.
        value: Vec<u8>,
    },
    /// Removes; a key that is not there stays so.
    Delete {
        /// The key.
        key: String,
    },
}

impl Write {
    /// Creates or replaces.
    pub fn put(key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self::Put { key: key.into(), value: value.into() }
    }

    /// Removes.
    pub fn delete(key: impl Into<String>) -> Self {
        Self::Delete { key: key.into() }
    }

    fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// All compares held and all writes are durable; the revision of the store.
    Committed(u64),
    /// A compare did not hold and nothing was written.
    Refused,
}

/// Runs a change to its end even if the one who asked for it goes away: what comes between a commit and the snapshot
/// that shows it must not be left out. The caller joins it.
///
/// # Errors
/// Those of the change, and [`Error::Internal`] if it panics.
pub async fn uninterrupted<T: Send + 'static>(change: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(change).await.map_err(|cause| Error::internal(format!("a change ended early: {cause}")))?
}

#[cfg(test)]
mod tests;
