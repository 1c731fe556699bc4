//! What a server counts about itself, as its `/metrics` tells it.

use super::connect;
use std::collections::BTreeMap;
use std::io::{Read, Write};

/// The whole numbers of one reading, by name and labels as they stand there.
#[derive(Debug)]
pub struct Metrics(BTreeMap<String, u64>);

impl Metrics {
    pub fn read(address: &str) -> Self {
        let mut stream = connect(address);
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("the metrics come in full");
        let (_, text) = response.split_once("\r\n\r\n").expect("a response has a head");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let values = lines.filter_map(|line| line.rsplit_once(' '));
        Self(values.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }

    /// Calls that were begun.
    pub fn calls(&self) -> u64 {
        self.0["modelwire_calls_total"]
    }

    /// Connections that are open, but for the one that asked.
    pub fn connections(&self) -> u64 {
        self.0["modelwire_connections"].saturating_sub(1)
    }

    pub fn held_bytes(&self) -> u64 {
        self.0["modelwire_held_bytes"]
    }

    /// Rows that wait to be computed.
    pub fn queue_rows(&self) -> u64 {
        self.0["modelwire_queue_rows"]
    }

    /// Requests that found the queue full.
    pub fn refused_full(&self) -> u64 {
        self.0["modelwire_predictions_refused_total{why=\"full\"}"]
    }

    /// Jobs of the compute threads that panicked.
    pub fn compute_panics(&self) -> u64 {
        self.0["modelwire_compute_panics_total"]
    }

    /// What a version of a model takes; `None` if nothing is told of it.
    pub fn model_bytes(&self, model: &str, version: i64) -> Option<u64> {
        self.0.get(&format!("modelwire_model_bytes{{model=\"{model}\",version=\"{version}\"}}")).copied()
    }

    /// How often this was refused.
    pub fn refused(&self, reason: &str) -> u64 {
        self.labelled("modelwire_refused_total", reason)
    }

    /// How many calls were given up for this.
    pub fn cancelled(&self, reason: &str) -> u64 {
        self.labelled("modelwire_cancelled_total", reason)
    }

    /// What is counted of the cache of a model.
    pub fn cache(&self, name: &str, model: &str) -> u64 {
        self.0[&format!("modelwire_cache_{name}{{model=\"{model}\"}}")]
    }

    fn labelled(&self, name: &str, reason: &str) -> u64 {
        self.0.get(&format!("{name}{{reason=\"{reason}\"}}")).copied().unwrap_or_default()
    }

    /// The reasons for which something was refused since an earlier reading, one for each time.
    pub fn refused_since(&self, earlier: &Self) -> Vec<&str> {
        let reasons = self.0.iter().filter_map(|(name, count)| Some((reason(name)?, *count)));
        reasons.flat_map(|(reason, count)| (earlier.refused(reason)..count).map(move |_| reason)).collect()
    }
}

fn reason(name: &str) -> Option<&str> {
    name.strip_prefix("modelwire_refused_total{reason=\"")?.strip_suffix("\"}")
}
