//! What the machine keeps from whoever wants to run: it is neither the server's fault nor seen by looking at the server.
//!
//! Other processes, and other guests of a shared machine, stop server and callers alike. A thread on each processor that only
//! wants to be woken again and again says for how long. That on the server's processor goes before the server, where it may:
//! what keeps it is not the server's own work. On the callers' it takes its turn like a caller, who is kept by other callers, too.

use super::processors::{Processors, stay_on};
use rustix::process::setpriority_process;
use rustix::thread::CpuSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, park_timeout, spawn};
use std::time::{Duration, Instant};

/// From one waking to the next.
const NAP: Duration = Duration::from_millis(1);
/// A thread that is woken later than this has been kept from running.
const STALL: Duration = Duration::from_micros(500);
/// Before everybody whose niceness is not as low.
const FIRST: i32 = -20;

/// When a thread was to be woken, and how much later it was.
type Stall = (Instant, Duration);

/// Watches until it is dropped.
pub struct Witness {
    /// Those of each thread, in their order; the first thread is that on the server's processor.
    stalls: Vec<Arc<Mutex<Vec<Stall>>>>,
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// For how long the machine kept those who wanted to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    /// On the server's processor.
    pub server: Duration,
    /// On that of the callers' where it was longest.
    pub callers: Duration,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, callers } = self;
        write!(f, "the machine kept the server at most {server:.1?}, callers {callers:.1?}")
    }
}

impl Witness {
    pub fn start(processors: &Processors) -> Self {
        let done = Arc::<AtomicBool>::default();
        let mut watched = Self { stalls: vec![], done, threads: vec![] };
        watched.watch(processors.server, true);
        processors.of_callers().for_each(|own| watched.watch(own, false));
        watched
    }

    fn watch(&mut self, own: CpuSet, first: bool) {
        let (stalls, done) = (Arc::default(), Arc::clone(&self.done));
        self.stalls.push(Arc::clone(&stalls));
        self.threads.push(spawn(move || {
            stay_on(&own);
            if first && let Err(error) = setpriority_process(None, FIRST) {
                println!("The witness beside the server takes turns with it, for it may not go before: {error}");
            }
            watch(&stalls, &done);
        }));
    }

    /// The longest that threads were kept since then, all together in a time of this length.
    pub fn longest(&self, since: Instant, within: Duration) -> Kept {
        let mut each = self.stalls.iter().map(|stalls| longest(&stalls.lock().unwrap(), since, within));
        Kept { server: each.next().unwrap_or_default(), callers: each.max().unwrap_or_default() }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

fn watch(stalls: &Mutex<Vec<Stall>>, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        let due = Instant::now() + NAP;
        park_timeout(NAP);
        let kept = due.elapsed();
        if kept > STALL {
            stalls.lock().unwrap().push((due, kept));
        }
    }
}

fn longest(stalls: &[Stall], since: Instant, within: Duration) -> Duration {
    let stalls = &stalls[stalls.partition_point(|(due, _)| *due < since)..];
    let from = |first: usize| -> Duration {
        let end = stalls[first].0 + within;
        stalls[first..].iter().take_while(|(due, _)| *due < end).map(|(_, kept)| *kept).sum()
    };
    (0..stalls.len()).map(from).max().unwrap_or_default()
}
