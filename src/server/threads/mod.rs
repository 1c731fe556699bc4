//! The threads that serve sockets: as many are used as there is work for, the others rest.
//!
//! Threads that share few calls are woken for nearly each of them, and put to sleep again, which costs about as much as the
//! call; one thread that is busy finds the next call waiting. So a further thread is used where one more has a core to run on and
//! those in use have no time left, or where a task waits because another one holds the thread.
//! The runtime is tokio's as it stands: a thread rests by running a task that waits (`Gate`), so that nothing else runs there.
//!
//! Where the system does not tell what its threads do (`/proc`), all of them are used.

mod cores;
mod gate;
mod little;
mod pace;
mod policy;
mod readings;
#[cfg(test)]
mod settling;
#[cfg(test)]
mod tests;

use crate::telemetry::Telemetry;
use pace::Pace;
use readings::Readings;
use std::future::Future;
use std::io;
use std::sync::mpsc;
use tokio::runtime::{Builder, Runtime};

/// A runtime whose threads rest while there is no work for them.
pub struct Threads {
    /// Dropped first: the runtime waits for its threads to end, and resting ones take their time.
    _pace: Option<Pace>,
    runtime: Runtime,
}

impl Threads {
    /// Starts up to `most` threads, one a core if it is `None`; `telemetry` shows how many do not rest.
    ///
    /// # Errors
    /// As the system says, which gives no thread.
    pub fn start(most: Option<usize>, telemetry: &Telemetry) -> io::Result<Self> {
        let (started, threads) = mpsc::channel();
        let mut builder = Builder::new_multi_thread();
        if let Some(most) = most {
            builder.worker_threads(most);
        }
        let runtime = builder
            .enable_all()
            .on_thread_start(move || {
                let _ = started.send(readings::own_id()); // Nobody listens to the later ones, which wait for files and the like.
            })
            .build()?;
        let most = runtime.metrics().num_workers();
        let threads: Vec<_> = threads.iter().take(most).collect();
        let in_use = telemetry.socket_threads.clone();
        in_use.set(i64::try_from(most).unwrap_or(i64::MAX));
        let readings = if most > 1 { Readings::open(&threads, telemetry.calls.clone()) } else { None };
        let pace = readings.map(|readings| Pace::start(runtime.handle().clone(), readings, in_use)).transpose()?;
        Ok(Self { _pace: pace, runtime })
    }

    /// Runs it to its end, beside what it spawns on these threads.
    pub fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }
}
