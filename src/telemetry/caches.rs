//! What is counted of caches, by model. Only models that the settings name have one, so that the labels are few.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfModel {
    model: String,
}

/// The counters of one cache. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct CacheCounters {
    hits: Counter,
    misses: Counter,
    evictions: Counter,
    bytes: Gauge,
    hit_ratio: Gauge<f64, AtomicU64>,
}

impl CacheCounters {
    /// A call was answered without computing.
    pub fn hit(&self) {
        self.hits.inc();
        self.set_ratio();
    }

    /// A call had to compute.
    pub fn missed(&self) {
        self.misses.inc();
        self.set_ratio();
    }

    /// An answer had to go.
    pub fn evicted(&self) {
        self.evictions.inc();
    }

    /// What is held now, in bytes.
    pub fn holds(&self, bytes: u64) {
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    fn set_ratio(&self) {
        let (hits, misses) = (self.hits.get() as f64, self.misses.get() as f64);
        self.hit_ratio.set(hits / (hits + misses));
    }
}

/// Of all caches.
#[derive(Debug, Default)]
pub(super) struct Caches {
    hits: Family<OfModel, Counter>,
    misses: Family<OfModel, Counter>,
    evictions: Family<OfModel, Counter>,
    bytes: Family<OfModel, Gauge>,
    hit_ratio: Family<OfModel, Gauge<f64, AtomicU64>>,
}

impl Caches {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let own = Self::default();
        registry.register("cache_hits", "Calls that were answered without computing", own.hits.clone());
        registry.register("cache_misses", "Calls that had to compute", own.misses.clone());
        registry.register("cache_evictions", "Answers that had to make room", own.evictions.clone());
        registry.register("cache_bytes", "Bytes of answers and their rows that are held", own.bytes.clone());
        registry.register("cache_hit_ratio", "Share of hits in all calls so far", own.hit_ratio.clone());
        own
    }

    pub(super) fn of(&self, model: &str) -> CacheCounters {
        let model = OfModel { model: model.to_owned() };
        CacheCounters {
            hits: self.hits.get_or_create_owned(&model),
            misses: self.misses.get_or_create_owned(&model),
            evictions: self.evictions.get_or_create_owned(&model),
            bytes: self.bytes.get_or_create_owned(&model),
            hit_ratio: self.hit_ratio.get_or_create_owned(&model),
        }
    }
}
