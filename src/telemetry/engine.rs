//! What the engine that computes predictions counts about itself. All of it are handles: counting looks nothing up.

use super::BusyCounter;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A number that is not whole.
pub(super) type Real = Gauge<f64, AtomicU64>;
/// A sum of seconds.
pub(super) type Seconds = Counter<f64, AtomicU64>;

/// Counters of the compute threads.
#[derive(Clone, Debug, Default)]
pub struct PoolMetrics {
    /// Jobs that panicked.
    pub panics: Counter,
    /// What it takes a job to begin on a thread that is idle.
    pub hop_seconds: Real,
}

/// Requests by where they ran.
#[derive(Clone, Debug, Default)]
pub struct ByPlace {
    /// Where they stood.
    pub here: BusyCounter,
    /// On the compute threads.
    pub pool: BusyCounter,
}

impl ByPlace {
    fn register(registry: &mut Registry, name: &str, help: &str) -> Self {
        let family = Family::<[(&'static str, &'static str); 1], BusyCounter>::default();
        let of = |place| family.get_or_create_owned(&[("place", place)]);
        let by_place = Self { here: of("here"), pool: of("pool") };
        registry.register(name, help, family);
        by_place
    }
}

/// Counters of the queue and of what is computed.
#[derive(Clone, Debug)]
pub struct EngineMetrics {
    /// The compute threads.
    pub pool: PoolMetrics,
    /// Requests by where they ran.
    pub placed: ByPlace,
    /// Those that would have been better off at the other place.
    pub regretted: ByPlace,
    /// What batches were expected to take, where the model had been measured.
    pub estimated_seconds: Seconds,
    /// What the same batches took.
    pub computed_seconds: Seconds,
    /// Rows of a batch.
    pub batch_rows: Histogram,
    /// Time between a request and the batch that it is in.
    pub queue_seconds: Histogram,
    /// Rows that wait.
    pub waiting_rows: Gauge,
    /// Requests whose time was over before they were computed.
    pub expired: Counter,
    /// Requests whose caller left before they were computed.
    pub abandoned: Counter,
    /// Requests that found the queue full.
    pub refused_full: Counter,
    /// Requests that would have waited too long.
    pub refused_late: Counter,
    models: Models,
}

impl EngineMetrics {
    /// Registers all of it.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let refused = Family::<[(&'static str, &'static str); 1], Counter>::default();
        let metrics = Self {
            pool: PoolMetrics::default(),
            placed: ByPlace::register(registry, "predictions_placed", "Requests by where they ran"),
            regretted: ByPlace::register(
                registry,
                "predictions_regretted",
                "Requests that ran at the slower place, of those that were timed",
            ),
            estimated_seconds: Counter::default(),
            computed_seconds: Counter::default(),
            batch_rows: Histogram::new(exponential_buckets(1.0, 4.0, 9)),
            queue_seconds: Histogram::new(exponential_buckets(0.000_01, 4.0, 10)),
            waiting_rows: Gauge::default(),
            expired: Counter::default(),
            abandoned: Counter::default(),
            refused_full: refused.get_or_create_owned(&[("why", "full")]),
            refused_late: refused.get_or_create_owned(&[("why", "late")]),
            models: Models::default(),
        };
        metrics.list(registry);
        registry.register("predictions_refused", "Requests that the queue did not take", refused);
        registry.register_collector(Box::new(metrics.models.clone()));
        metrics
    }

    fn list(&self, registry: &mut Registry) {
        let it = self.clone();
        registry.register("compute_panics", "Jobs of the compute threads that panicked", it.pool.panics);
        registry.register("compute_hop_seconds", "Time until a job begins on an idle thread", it.pool.hop_seconds);
        registry.register("batch_estimated_seconds", "What batches were expected to take", it.estimated_seconds);
        registry.register("batch_computed_seconds", "What the same batches took", it.computed_seconds);
        registry.register("batch_rows", "Rows of a batch", it.batch_rows);
        registry.register("queue_seconds", "Time between a request and its batch", it.queue_seconds);
        registry.register("queue_rows", "Rows that wait", it.waiting_rows);
        registry.register("predictions_expired", "Requests whose time was over in the queue", it.expired);
        registry.register("predictions_abandoned", "Requests whose caller left the queue", it.abandoned);
    }

    /// Shows the figures of a model for as long as they are held.
    pub fn model(&self, name: &str, version: u64) -> Arc<ModelMetrics> {
        let figures = Arc::<ModelMetrics>::default();
        self.models
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((name.into(), version), Arc::downgrade(&figures));
        figures
    }
}

/// The figures of one version of a model.
#[derive(Debug, Default)]
pub struct ModelMetrics {
    /// Estimated cost of a run, whatever its rows.
    pub fixed_seconds: Real,
    /// Estimated cost of a row.
    pub row_seconds: Real,
    /// Rows that its batches have at the most.
    pub max_batch_rows: Gauge,
    /// Batches were made smaller, to keep the latency that was asked for.
    pub batches_shrunk: Counter,
    /// Batches were made larger, because there was time left.
    pub batches_grown: Counter,
}

/// The models that are loaded. One that is gone is not shown any more.
#[derive(Clone, Default)]
struct Models(Arc<Mutex<Figures>>);

/// By name and version.
type Figures = BTreeMap<(String, u64), Weak<ModelMetrics>>;

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Models")
    }
}

impl Collector for Models {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let live = self.live();
        let mut write = |name, help, pick: fn(&ModelMetrics) -> &dyn EncodeMetric| {
            let Some(first) = live.first() else { return Ok(()) };
            let kind = pick(&first.2).metric_type();
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            live.iter().try_for_each(|(model, version, figures)| {
                pick(figures).encode(family.encode_family(&[("model", model.as_str()), ("version", version.as_str())])?)
            })
        };
        write("model_fixed_seconds", "Estimated cost of a run, whatever its rows", |it| &it.fixed_seconds)?;
        write("model_row_seconds", "Estimated cost of a row", |it| &it.row_seconds)?;
        write("model_max_batch_rows", "Rows that a batch has at the most", |it| &it.max_batch_rows)?;
        write("model_batches_shrunk", "Batches were made smaller for target_p99_ms", |it| &it.batches_shrunk)?;
        write("model_batches_grown", "Batches were made larger within target_p99_ms", |it| &it.batches_grown)
    }
}

impl Models {
    /// Those that are held, and forgets the others.
    fn live(&self) -> Vec<(String, String, Arc<ModelMetrics>)> {
        let mut models = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        models.retain(|_, figures| figures.strong_count() > 0);
        let held = models.iter().filter_map(|((name, version), figures)| Some((name, version, figures.upgrade()?)));
        held.map(|(name, version, figures)| (name.clone(), version.to_string(), figures)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::Telemetry;

    #[test]
    fn a_model_is_shown_as_long_as_it_is_held() {
        let telemetry = Telemetry::default();
        let held = telemetry.engine.model("churn", 3);
        drop(telemetry.engine.model("wine", 1));

        held.row_seconds.set(0.25);

        let text = telemetry.text();
        assert!(text.contains("modelwire_model_row_seconds{model=\"churn\",version=\"3\"} 0.25"), "{text}");
        assert!(!text.contains("wine"), "{text}");
    }

    #[test]
    fn places_are_counted_apart() {
        let telemetry = Telemetry::default();

        telemetry.engine.placed.here.inc();

        let text = telemetry.text();
        assert!(text.contains("modelwire_predictions_placed_total{place=\"here\"} 1"), "{text}");
        assert!(text.contains("modelwire_predictions_placed_total{place=\"pool\"} 0"), "{text}");
    }
}
