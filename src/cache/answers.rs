//! The answers of one model that are kept.

use super::key::{Key, entry_bytes};
use crate::data::Features;
use crate::error::{Error, Result};
use crate::model::{LoadedModel, Predictions};
use crate::telemetry::CacheCounters;
use ndarray::Array2;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};
use std::sync::Arc;
use std::time::Instant;

/// An answer and its rows, as a guess that says how many entries there may be.
const TYPICAL_ENTRY_BYTES: usize = 1024;

type Answer = Arc<Predictions>;

/// The answers of one model, in all its versions, within a number of bytes. What is asked for again stays longest.
#[derive(Debug)]
pub struct AnswerCache {
    kept: Cache<Key, Answer, InBytes, DefaultHashBuilder, CountEvictions>,
    max_bytes: usize,
    counters: CacheCounters,
}

impl AnswerCache {
    /// An empty one, for answers and their rows of at most `max_bytes` together.
    pub(super) fn new(max_bytes: usize, counters: CacheCounters) -> Self {
        let options = OptionsBuilder::new()
            .shards(1) // Each would have a share of the bytes of its own, and refuse an entry that only all of them hold.
            .estimated_items_capacity((max_bytes / TYPICAL_ENTRY_BYTES).max(1))
            .weight_capacity(max_bytes as u64)
            .build()
            .expect("capacities are all that a cache needs");
        let evictions = CountEvictions(counters.clone());
        let kept = Cache::with_options(options, InBytes, DefaultHashBuilder::default(), evictions);
        Self { kept, max_bytes, counters }
    }

    /// The answer to `rows`, which are as the model takes them: kept, of a call that computes it now, or by `compute`.
    ///
    /// # Errors
    /// [`Error::DeadlineExceeded`] if another call computes them until then, and what `compute` answers.
    pub async fn answer<C: Future<Output = Result<Predictions>>>(
        &self,
        model: &LoadedModel,
        rows: Array2<f64>,
        deadline: Instant,
        compute: impl FnOnce(Features) -> C,
    ) -> Result<Arc<Predictions>> {
        if !self.has_room_for(model, &rows) {
            self.counters.missed();
            return compute(Features::Matrix(rows)).await.map(Arc::new);
        }
        let key = Key::new(model, rows);
        let found = tokio::time::timeout_at(deadline.into(), self.kept.get_value_or_guard_async(&key)).await;
        match found.map_err(|_| Error::DeadlineExceeded)? {
            Ok(answer) => {
                self.counters.hit();
                Ok(answer)
            }
            // Dropped without an answer, the place goes to the next one who waits for it.
            Err(place) => {
                self.counters.missed();
                let answer = Arc::new(compute(Features::Matrix(key.rows().clone())).await?);
                let _ = place.insert(Arc::clone(&answer)); // Refused if the place is no more; the answer is as good.
                self.counters.holds(self.held_bytes());
                Ok(answer)
            }
        }
    }

    /// What is held now, in bytes.
    pub fn held_bytes(&self) -> u64 {
        self.kept.weight()
    }

    /// Whether an entry of these rows could be kept at all.
    fn has_room_for(&self, model: &LoadedModel, rows: &Array2<f64>) -> bool {
        let answer_bytes = rows.nrows().saturating_mul(model.pipeline.answer_bytes());
        entry_bytes(rows, answer_bytes) <= self.max_bytes
    }
}

/// Weighs an entry by its bytes.
#[derive(Clone, Debug)]
struct InBytes;

impl Weighter<Key, Answer> for InBytes {
    fn weight(&self, key: &Key, answer: &Answer) -> u64 {
        key.bytes_with(answer) as u64
    }
}

#[derive(Clone, Debug)]
struct CountEvictions(CacheCounters);

impl Lifecycle<Key, Answer> for CountEvictions {
    /// Entries that are freed when the lock of the cache is.
    type RequestState = Vec<(Key, Answer)>;

    fn on_evict(&self, evicted: &mut Self::RequestState, key: Key, answer: Answer) {
        self.0.evicted();
        evicted.push((key, answer));
    }
}
