//! Answers that are kept, for models whose settings ask for it: the same rows are computed once.
//!
//! A stale or foreign answer cannot come out. An entry is found by everything that its answer depends on, compared in full and
//! not by a hash: the SHA-256 of the model's stored bytes, and the bits of all rows as the model takes them. Names, versions
//! and aliases are no part of it: they are resolved before, by each call for itself, so that nothing has to be dropped when
//! one of them changes; what no name leads to any more is never asked for and goes when there is no room. An answer holds all
//! that its model has to say, as a request cannot choose among its outputs.
//!
//! Rows are compared as row-major f64 bits after the schema has judged them, so that a table and a matrix of the same rows, of
//! whatever types, are one entry. 0.0 and -0.0 are different rows: a model may tell them apart, and a miss only costs time.
//! NaN does not get here, because no schema takes it; where one will, only equal bits are equal.
//!
//! Who asks for rows that are being computed waits for that answer until its own deadline. If the one who computes fails or
//! leaves, the next who waits computes in its place: an error reaches only the call that it befell, and is never kept.
//!
//! ```
//! use modelwire::cache::Caches;
//! use modelwire::data::Name;
//! use modelwire::telemetry::Telemetry;
//!
//! # fn main() -> modelwire::error::Result<()> {
//! let (churn, fraud) = (Name::parse("model", "churn")?, Name::parse("model", "fraud")?);
//! let caches = Caches::new([(churn.clone(), 16 << 20)], &Telemetry::default());
//!
//! assert!(caches.of(&churn).is_some() && caches.of(&fraud).is_none());
//! # Ok(())
//! # }
//! ```

mod answers;
mod key;

#[cfg(test)]
mod tests;

pub use answers::AnswerCache;

use crate::data::Name;
use crate::telemetry::Telemetry;
use std::collections::HashMap;

/// The caches of those models that have one.
#[derive(Debug, Default)]
pub struct Caches {
    /// `None` if no model has one: then a call pays for one look at this.
    by_model: Option<HashMap<Name, AnswerCache>>,
}

impl Caches {
    /// A cache for each of these models, with the bytes that it may hold.
    pub fn new(max_bytes: impl IntoIterator<Item = (Name, usize)>, telemetry: &Telemetry) -> Self {
        let cache = |(name, max_bytes): (Name, usize)| {
            let counters = telemetry.cache(name.as_str());
            (name, AnswerCache::new(max_bytes, counters))
        };
        let by_model: HashMap<_, _> = max_bytes.into_iter().map(cache).collect();
        Self { by_model: (!by_model.is_empty()).then_some(by_model) }
    }

    /// The cache of a model, if it has one.
    pub fn of(&self, model: &Name) -> Option<&AnswerCache> {
        self.by_model.as_ref()?.get(model)
    }
}
