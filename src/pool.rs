//! Compute threads, apart from the threads that serve sockets: named, bounded, and not brought down by a panic.

use crossbeam::channel::{Receiver, Sender, bounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads over one bounded queue.
///
/// Once it is dropped the threads finish the jobs that it has taken and end. Nobody waits for them: a job may hold the
/// last handle of its own pool, and a long one must not hold up the end of the process.
pub struct Pool {
    jobs: Sender<Job>,
    panics: Arc<AtomicUsize>,
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
    pub fn start(name: &str, threads: usize, capacity: usize) -> std::io::Result<Self> {
        let (sender, receiver) = bounded::<Job>(capacity);
        let panics = Arc::new(AtomicUsize::new(0));
        for number in 0..threads.max(1) {
            let (receiver, panics) = (receiver.clone(), Arc::clone(&panics));
            std::thread::Builder::new().name(format!("{name}-{number}")).spawn(move || work(&receiver, &panics))?;
        }
        Ok(Self { jobs: sender, panics })
    }

    /// Puts a job into the queue; it never waits.
    ///
    /// # Errors
    /// [`Full`]; the job is dropped.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Full> {
        self.jobs.try_send(Box::new(job)).map_err(|_| Full { capacity: self.jobs.capacity().unwrap_or_default() })
    }

    /// Jobs that panicked; each cost its own result and nothing else.
    pub fn panics(&self) -> usize {
        self.panics.load(Ordering::Relaxed)
    }
}

fn work(jobs: &Receiver<Job>, panics: &AtomicUsize) {
    for job in jobs {
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            panics.fetch_add(1, Ordering::Relaxed);
        }
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

        assert_eq!(refused, Err(Full { capacity: 1 }));
        drop(release);
    }

    #[test]
    fn a_pool_that_is_dropped_finishes_what_it_took() {
        let pool = Pool::start("test", 2, 100).unwrap();
        let (done, is_done) = mpsc::channel();
        for number in 0..50 {
            let done = done.clone();
            pool.submit(move || done.send(number).unwrap()).unwrap();
        }
        drop((pool, done));

        assert_eq!(is_done.iter().sum::<i32>(), 1225);
    }

    #[test]
    fn dropping_a_pool_does_not_wait_for_a_job_that_runs() {
        let pool = Pool::start("test", 1, 1).unwrap();
        let (release, released) = mpsc::channel::<()>();
        let (ended, has_ended) = mpsc::channel();
        pool.submit(move || ended.send(released.recv()).unwrap()).unwrap();

        drop(pool);

        release.send(()).unwrap();
        assert_eq!(has_ended.recv().unwrap(), Ok(()));
    }

    #[test]
    fn a_job_may_hold_the_last_handle_of_its_own_pool() {
        let pool = Arc::new(Pool::start("test", 2, 1).unwrap());
        let panics = Arc::clone(&pool.panics);
        let (release, released) = mpsc::channel::<()>();
        let handle = Arc::clone(&pool);
        let (ended, has_ended) = mpsc::channel();
        let job = move || {
            released.recv().unwrap();
            drop(handle);
            ended.send(()).unwrap();
        };
        pool.submit(job).unwrap();
        drop(pool);

        release.send(()).unwrap();

        assert_eq!(has_ended.recv(), Ok(()));
        assert_eq!(panics.load(Ordering::Relaxed), 0);
    }
}
