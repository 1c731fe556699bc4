//! What the server counts about itself, for whoever watches it.
//!
//! One [`Telemetry`] a server, handed down by the composition root; [`Telemetry::text`] is what a metrics scraper reads.

mod caches;
mod engine;
mod striped;

pub use caches::CacheCounters;
pub use engine::{ByPlace, EngineMetrics, ModelMetrics, PoolMetrics};
pub use striped::{BusyCounter, Striped};

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::fmt::Write;

/// Why something that arrived was refused: a fixed set, so that it can label a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Bytes that no protocol of the port begins with.
    UnknownBytes,
    /// More empty frames in a row than are taken for a keep-alive.
    EmptyFrames,
    /// The message is no message: a type, a length, a text, a number of the wrong kind.
    Malformed,
    /// A message, frame or body above `server.max_frame_bytes`.
    FrameBytes,
    /// More elements in containers than `server.max_elements`.
    Elements,
    /// Deeper than `server.max_depth`.
    Depth,
    /// More memory when decoded than `server.max_decoded_bytes` allows.
    DecodedBytes,
    /// A compressed message that grows beyond its bounds.
    Decompressed,
    /// Headers of a transport beyond their bounds.
    Headers,
    /// A transform of THeader or TTHeader that is not known here.
    Transform,
    /// A protocol of THeader or TTHeader that is not known here.
    Protocol,
    /// An HTTP request that is not served here.
    Http,
    /// A reply where a call was expected.
    MessageType,
    /// A method that no service has.
    UnknownMethod,
    /// More connections than `server.max_connections`.
    Connections,
    /// More connections of one address than `server.max_connections_per_address`.
    ConnectionsPerAddress,
    /// More calls than `server.max_calls`.
    Calls,
    /// No room in `server.max_memory_bytes`.
    Memory,
    /// Nothing came within `server.first_byte_ms`.
    FirstByteTime,
    /// The TLS handshake took longer than `server.handshake_ms`.
    HandshakeTime,
    /// A message took longer than `server.message_ms`, or came slower than the least rate.
    MessageTime,
    /// Nothing came within `server.idle_ms`.
    IdleTime,
    /// A reply was not taken within `server.write_ms`.
    WriteTime,
    /// The TLS handshake went wrong.
    Handshake,
    /// TLS where the server has no certificate.
    NoTls,
    /// A plain connection where only TLS is taken.
    TlsOnly,
    /// No token, or one that is not known.
    Unauthenticated,
    /// A token that does not allow the call.
    PermissionDenied,
    /// A call whose time was over before it began.
    Deadline,
    /// A call that may have waited in its socket for longer than it can.
    SocketTime,
}

/// Why a call that had begun was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cancelled {
    /// Its deadline passed.
    Deadline,
    /// Its caller went away.
    Disconnect,
    /// The server stopped before it ended.
    Drain,
}

impl EncodeLabelValue for Reason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        snake_case(&format!("{self:?}"), encoder)
    }
}

impl EncodeLabelValue for Cancelled {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        snake_case(&format!("{self:?}"), encoder)
    }
}

/// Writes `FrameBytes` as `frame_bytes`.
fn snake_case(name: &str, out: &mut impl Write) -> std::fmt::Result {
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            out.write_char('_')?;
        }
        out.write_char(letter.to_ascii_lowercase())?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReason {
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByCause {
    reason: Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByVersion {
    model: String,
    version: u64,
}

/// The counters of one server.
#[derive(Debug)]
pub struct Telemetry {
    registry: Registry,
    refused: Family<ByReason, Counter>,
    cancelled: Family<ByCause, Counter>,
    model_bytes: Family<ByVersion, Gauge>,
    caches: caches::Caches,
    /// Calls that were begun.
    pub calls: BusyCounter,
    /// Connections that are open.
    pub connections: Gauge,
    /// Threads for connections that are in use, and do not rest.
    pub socket_threads: Gauge,
    /// Bytes of messages and replies that are held.
    pub held_bytes: Gauge,
    /// The queue, the batches and the compute threads.
    pub engine: EngineMetrics,
}

impl Default for Telemetry {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("modelwire");
        let (refused, cancelled, calls) = (Family::default(), Family::default(), BusyCounter::default());
        let (connections, held_bytes, model_bytes) = (Gauge::default(), Gauge::default(), Family::default());
        let socket_threads = Gauge::default();
        registry.register("refused", "What arrived and was refused, by reason", Family::clone(&refused));
        registry.register("cancelled", "Calls that were given up after they had begun", Family::clone(&cancelled));
        registry.register("calls", "Calls that were begun", BusyCounter::clone(&calls));
        registry.register("connections", "Connections that are open", Gauge::clone(&connections));
        registry.register("socket_threads", "Threads for connections that are in use", Gauge::clone(&socket_threads));
        registry.register("held_bytes", "Bytes of messages and replies that are held", Gauge::clone(&held_bytes));
        registry.register(
            "model_bytes",
            "Bytes that a version of a model takes in memory",
            Family::clone(&model_bytes),
        );
        let caches = caches::Caches::registered(&mut registry);
        let engine = EngineMetrics::register(&mut registry);
        Self {
            registry,
            refused,
            cancelled,
            model_bytes,
            caches,
            calls,
            connections,
            socket_threads,
            held_bytes,
            engine,
        }
    }
}

impl Telemetry {
    /// Counts something that was refused.
    pub fn refused(&self, reason: Reason) {
        self.refused.get_or_create(&ByReason { reason }).inc();
    }

    /// How often this was refused.
    pub fn refusals(&self, reason: Reason) -> u64 {
        self.refused.get_or_create(&ByReason { reason }).get()
    }

    /// Counts calls that were given up.
    pub fn cancelled(&self, reason: Cancelled, calls: usize) {
        self.cancelled.get_or_create(&ByCause { reason }).inc_by(calls as u64);
    }

    /// A version of a model takes so many more bytes of memory, or fewer once it has left it: it may come again before it has.
    pub fn model_bytes(&self, model: &str, version: u64, change: i64) {
        self.model_bytes.get_or_create(&ByVersion { model: model.to_owned(), version }).inc_by(change);
    }

    /// A version of a model is deleted: there is nothing to tell of it any more.
    pub fn forget_model(&self, model: &str, version: u64) {
        self.model_bytes.remove(&ByVersion { model: model.to_owned(), version });
    }

    /// The counters of the cache of a model, which are those of this server's metrics.
    pub fn cache(&self, model: &str) -> CacheCounters {
        self.caches.of(model)
    }

    /// All of it, in the OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_under_its_labels() {
        let telemetry = Telemetry::default();

        telemetry.refused(Reason::FrameBytes);
        telemetry.refused(Reason::FrameBytes);
        telemetry.cancelled(Cancelled::Disconnect, 3);
        telemetry.model_bytes("wine", 1, 512);
        telemetry.model_bytes("wine", 2, 512);
        telemetry.model_bytes("wine", 1, 512);
        telemetry.model_bytes("wine", 1, -512);
        telemetry.forget_model("wine", 2);
        telemetry.model_bytes("wine", 3, 512);
        telemetry.model_bytes("wine", 3, -512);

        let text = telemetry.text();
        assert!(text.contains("modelwire_refused_total{reason=\"frame_bytes\"} 2"), "{text}");
        assert!(text.contains("modelwire_cancelled_total{reason=\"disconnect\"} 3"), "{text}");
        assert!(text.contains("modelwire_model_bytes{model=\"wine\",version=\"1\"} 512"), "{text}");
        assert!(text.contains("modelwire_model_bytes{model=\"wine\",version=\"3\"} 0\n"), "{text}");
        assert!(!text.contains("version=\"2\""), "{text}");
    }
}
