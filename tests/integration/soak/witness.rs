//! What the machine keeps from whoever wants to run: it is neither the server's fault nor seen by looking at the server.
//!
//! Other processes, and other guests of a shared machine, stop server and load generator alike. Threads that only want to be
//! woken again and again, one for each processor, say for how long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, available_parallelism, park_timeout, spawn};
use std::time::{Duration, Instant};

/// From one waking to the next.
const NAP: Duration = Duration::from_millis(1);
/// A thread that is woken later than this has been kept from running.
const STALL: Duration = Duration::from_micros(500);
type Stalls = Arc<Mutex<Vec<(Instant, Duration)>>>;

/// Watches until it is dropped.
pub struct Witness {
    /// Those of each thread, in their order.
    stalls: Vec<Stalls>,
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Witness {
    pub fn start() -> Self {
        let done = Arc::<AtomicBool>::default();
        let stalls: Vec<Stalls> = (0..available_parallelism().map_or(2, usize::from)).map(|_| Arc::default()).collect();
        let threads = stalls.iter().cloned().map(|stalls| {
            let done = Arc::clone(&done);
            spawn(move || watch(&stalls, &done))
        });
        let threads = threads.collect();
        Self { stalls, done, threads }
    }

    /// The longest that a thread was kept since then, all together in a time of this length.
    pub fn longest(&self, since: Instant, within: Duration) -> Duration {
        let longest = self.stalls.iter().map(|stalls| longest(&stalls.lock().unwrap(), since, within));
        longest.max().unwrap_or_default()
    }
}

fn watch(stalls: &Stalls, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        let begun = Instant::now();
        park_timeout(NAP);
        let kept = begun.elapsed().saturating_sub(NAP);
        if kept > STALL {
            stalls.lock().unwrap().push((begun, kept));
        }
    }
}

fn longest(stalls: &[(Instant, Duration)], since: Instant, within: Duration) -> Duration {
    let stalls = &stalls[stalls.partition_point(|(at, _)| *at < since)..];
    let from = |first: usize| -> Duration {
        let end = stalls[first].0 + within;
        stalls[first..].iter().take_while(|(at, _)| *at < end).map(|(_, kept)| *kept).sum()
    };
    (0..stalls.len()).map(from).max().unwrap_or_default()
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}
