//! Compute threads, apart from the threads that serve sockets: named, bounded, and not brought down by a panic.

use crossbeam::channel::{Sender, TrySendError, bounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads over one bounded queue.
pub struct Pool {
    jobs: Mutex<Option<Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    panics: Arc<AtomicUsize>,
}

/// The queue of a pool is full, or the pool has stopped.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Pool {
    /// Starts `threads` threads named `name-0`, `name-1`, … over a queue of `capacity` jobs.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(name: &str, threads: usize, capacity: usize) -> std::io::Result<Self> {
        let (sender, receiver) = bounded::<Job>(capacity);
        let panics = Arc::new(AtomicUsize::new(0));
        let start = |number: usize| {
            let (receiver, panics) = (receiver.clone(), Arc::clone(&panics));
            std::thread::Builder::new().name(format!("{name}-{number}")).spawn(move || {
                for job in receiver {
                    if catch_unwind(AssertUnwindSafe(job)).is_err() {
                        panics.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        };
        let threads = (0..threads.max(1)).map(start).collect::<std::io::Result<Vec<_>>>()?;
        Ok(Self { jobs: Mutex::new(Some(sender)), threads: Mutex::new(threads), panics })
    }

    /// Puts a job into the queue; it never waits.
    ///
    /// # Errors
    /// [`Full`]; the job is dropped.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Full> {
        let jobs = self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match jobs.as_ref().map(|jobs| jobs.try_send(Box::new(job))) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => Err(Full),
        }
    }

    /// Jobs that panicked; each cost its own result and nothing else.
    pub fn panics(&self) -> usize {
        self.panics.load(Ordering::Relaxed)
    }

    /// Takes no more jobs, finishes those that it has, and joins the threads.
    pub fn stop(&self) {
        self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join(); // A thread that died has nothing left to say: its panics were caught and counted.
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_job_that_panics_leaves_its_thread_to_the_next() {
        let pool = Pool::start("test", 1, 4).unwrap();
        let (sender, receiver) = mpsc::channel();

        pool.submit(|| panic!("on purpose")).unwrap();
        pool.submit(move || sender.send("done").unwrap()).unwrap();

        assert_eq!(receiver.recv(), Ok("done"));
        assert_eq!(pool.panics(), 1);
    }

    #[test]
    fn a_full_queue_refuses_at_once() {
        let pool = Pool::start("test", 1, 1).unwrap();
        let (started, has_started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        pool.submit(move || {
            started.send(()).unwrap();
            let _ = released.recv();
        })
        .unwrap();
        has_started.recv().unwrap();
        pool.submit(|| {}).unwrap();

        let refused = pool.submit(|| {});

        assert_eq!(refused, Err(Full));
        drop(release);
    }

    #[test]
    fn stopping_finishes_what_was_taken() {
        let pool = Pool::start("test", 2, 100).unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..50 {
            let done = Arc::clone(&done);
            let count = move || {
                done.fetch_add(1, Ordering::SeqCst);
            };
            pool.submit(count).unwrap();
        }

        pool.stop();

        assert_eq!(done.load(Ordering::SeqCst), 50);
        assert_eq!(pool.submit(|| {}), Err(Full));
    }
}
