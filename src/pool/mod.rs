//! Compute threads, apart from the threads that serve sockets: named, bounded, and not brought down by a panic.
//!
//! Jobs come into one queue. A thread takes some of it to itself, and one that has nothing takes from the others, so that
//! they do not stand in line for one lock. A thread without work sleeps; what it takes to wake one is measured, because
//! work that is shorter than that is better done where it stands.

mod hop;
mod parking;

#[cfg(test)]
mod shuttled;
#[cfg(test)]
mod tests;

use crate::telemetry::PoolMetrics;
use crossbeam::deque::{Injector, Steal, Stealer, Worker};
use hop::Hop;
use parking::Parking;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What the concurrent parts stand on. A test puts another one in its place, which plays every order of events.
mod sync {
    pub(super) use std::sync::atomic::{AtomicUsize, Ordering, fence};
    pub(super) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
}

/// A fixed number of threads over one bounded queue.
///
/// Once it is dropped the threads finish the jobs that it has taken and end. Nobody waits for them: a job may hold the
/// last handle of its own pool, and a long one must not hold up the end of the process.
pub struct Pool {
    shared: Arc<Shared>,
    threads: usize,
}

struct Shared {
    jobs: Injector<Job>,
    /// The own queues of the threads, as the others see them.
    stealers: Vec<Stealer<Job>>,
    /// Jobs that no thread has begun, and how many there may be.
    waiting: AtomicUsize,
    capacity: usize,
    parking: Parking,
    closed: AtomicBool,
    hop: Hop,
    metrics: PoolMetrics,
}

struct Job {
    run: Box<dyn FnOnce() + Send>,
    /// When it was handed over, if a thread was woken for it.
    woke: Option<Instant>,
}

/// The queue of a pool is full.
#[derive(Debug, PartialEq, Eq)]
pub struct Full {
    /// Jobs that it holds.
    pub capacity: usize,
}

impl Pool {
    /// Starts `threads` threads named `name-0`, `name-1`, … over a queue of `capacity` jobs.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(name: &str, threads: usize, capacity: usize, metrics: PoolMetrics) -> std::io::Result<Self> {
        let own: Vec<Worker<Job>> = (0..threads.max(1)).map(|_| Worker::new_fifo()).collect();
        let shared = Arc::new(Shared {
            jobs: Injector::new(),
            stealers: own.iter().map(Worker::stealer).collect(),
            waiting: AtomicUsize::new(0),
            capacity,
            parking: Parking::default(),
            closed: AtomicBool::new(false),
            hop: Hop::default(),
            metrics,
        });
        let pool = Self { threads: own.len(), shared };
        for (number, own) in own.into_iter().enumerate() {
            let shared = Arc::clone(&pool.shared);
            std::thread::Builder::new().name(format!("{name}-{number}")).spawn(move || shared.work(&own))?;
        }
        Ok(pool)
    }

    /// Puts a job into the queue; it never waits.
    ///
    /// # Errors
    /// [`Full`]; the job is dropped.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Full> {
        let Shared { waiting, capacity, parking, jobs, .. } = &*self.shared;
        if waiting.fetch_add(1, Ordering::SeqCst) >= *capacity {
            waiting.fetch_sub(1, Ordering::SeqCst);
            return Err(Full { capacity: *capacity });
        }
        let woke = (parking.sleeping() > 0).then(Instant::now);
        jobs.push(Job { run: Box::new(job), woke });
        parking.wake_one();
        Ok(())
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Threads that sleep, and that no job is on the way to.
    pub fn idle(&self) -> usize {
        self.shared.parking.sleeping()
    }

    /// Whether jobs wait for a thread.
    pub fn has_jobs(&self) -> bool {
        self.shared.waiting.load(Ordering::Relaxed) > 0
    }

    /// What it takes a job to begin on a thread that was idle, as it was lately.
    pub fn hop(&self) -> Duration {
        self.shared.hop.estimate()
    }

    /// Jobs that panicked; each cost its own result and nothing else.
    pub fn panics(&self) -> u64 {
        self.shared.metrics.panics.get()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.shared.parking.wake_all();
    }
}

impl Shared {
    fn work(&self, own: &Worker<Job>) {
        loop {
            if let Some(job) = self.find(own) {
                self.run(job, own);
            } else if self.closed.load(Ordering::SeqCst) {
                return;
            } else {
                self.parking
                    .sleep_unless(|| self.waiting.load(Ordering::SeqCst) > 0 || self.closed.load(Ordering::SeqCst));
            }
        }
    }

    fn run(&self, Job { run, woke }: Job, own: &Worker<Job>) {
        if let Some(woke) = woke {
            self.hop.learn(woke.elapsed());
            self.metrics.hop_seconds.set(self.hop.estimate().as_secs_f64());
        }
        if !own.is_empty() {
            self.parking.wake_one(); // What was taken along is for whoever is free.
        }
        if catch_unwind(AssertUnwindSafe(run)).is_err() {
            self.metrics.panics.inc();
        }
    }

    /// The next job: of its own, of the common queue (and some more from there), of the others.
    fn find(&self, own: &Worker<Job>) -> Option<Job> {
        let job = own.pop().or_else(|| until_certain(|| self.jobs.steal_batch_and_pop(own))).or_else(|| {
            let others = self.stealers.iter();
            others.filter_map(|other| until_certain(|| other.steal())).next()
        })?;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        Some(job)
    }
}

/// Asks again as long as another thread was in the way.
fn until_certain(steal: impl Fn() -> Steal<Job>) -> Option<Job> {
    loop {
        match steal() {
            Steal::Success(job) => return Some(job),
            Steal::Empty => return None,
            Steal::Retry => std::hint::spin_loop(),
        }
    }
}
