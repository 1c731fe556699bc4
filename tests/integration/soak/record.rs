//! What a process takes, over time.

use crate::harness::TestServer;
use std::fmt;
use std::time::{Duration, Instant};

/// Memory may grow by this share of it: what is in flight at an instant varies so much.
const SHARE: u64 = 20; // One in twenty.
/// And by so much more: pages that the allocator's arenas, a few for each thread, hold back from one burst to the next.
const ALLOWANCE: u64 = 16 << 20;

/// What a process takes at an instant.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    memory: u64,
    descriptors: u64,
    threads: u64,
}

impl Sample {
    pub fn of(server: &TestServer) -> Self {
        Self { memory: server.memory("VmRSS:"), descriptors: server.descriptors(), threads: server.threads() }
    }
}

/// All samples, in their order.
#[derive(Debug)]
pub struct Record {
    begun: Instant,
    under_load: Vec<Sample>,
    at_rest: Vec<Sample>,
}

impl Default for Record {
    fn default() -> Self {
        Self { begun: Instant::now(), under_load: vec![], at_rest: vec![] }
    }
}

impl Record {
    pub fn under_load(&mut self, sample: Sample) {
        self.under_load.push(sample);
    }

    /// When no connection is open.
    pub fn at_rest(&mut self, sample: Sample) {
        self.at_rest.push(sample);
    }

    pub fn seconds(&self) -> f64 {
        Duration::as_secs_f64(&self.begun.elapsed())
    }

    /// The last quarter takes what the second one took: the first one fills what is kept for later. A burst may leave more
    /// behind once, of which no more comes in the next quarter; a leak goes on.
    pub fn assert_flat(&self) {
        for samples in [&self.under_load, &self.at_rest] {
            let [second, third, last] = [1, 2, 3].map(|quarter| median(samples, quarter, |it| it.memory));
            let is_flat = last <= second + second / SHARE + ALLOWANCE || last <= third + third / (2 * SHARE);
            assert!(is_flat, "memory grows from {second} by {third} to {last} bytes");
            let [before, after] = [1, 3].map(|quarter| median(samples, quarter, |it| it.threads));
            assert!(after <= before + 2, "there were {before} threads and are {after}");
        }
        let [before, after] = [1, 3].map(|quarter| median(&self.at_rest, quarter, |it| it.descriptors));
        assert!(after <= before + 2, "{before} files were open and {after} are"); // One may still be closing; a leak opens more each round.
    }
}

/// That of a quarter, counted from 0.
fn median(samples: &[Sample], quarter: usize, of: fn(&Sample) -> u64) -> u64 {
    let bounds = [quarter, quarter + 1].map(|quarter| quarter * samples.len() / 4);
    let mut values: Vec<u64> = samples[bounds[0]..bounds[1]].iter().map(of).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |samples: &[Sample], of| [0, 1, 2, 3].map(|quarter| median(samples, quarter, of));
        let memory = |samples| of(samples, |it| it.memory).map(|bytes| format!("{:.1}", bytes as f64 / 1_048_576.0));
        let (load, rest) = (&self.under_load, &self.at_rest);
        write!(f, "by quarters: MiB under load {:?}, at rest {:?}", memory(load), memory(rest))?;
        write!(f, "; threads under load {:?}", of(load, |it| it.threads))?;
        write!(f, "; files open at rest {:?}", of(rest, |it| it.descriptors))
    }
}
