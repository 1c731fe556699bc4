//! Where threads rest.

use crate::server::turn::{let_all_go, put_off_so_far};
use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

/// The first stretch of a rest, and the longest: between two of them a thread looks after what it may have left undone.
const STRETCHES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(1));
/// Each stretch is so many times as long as the one before.
const LONGER: u32 = 32;
/// A task that lets others go first, and has its turn again within this time, was alone: what would have gone first is shorter
/// only if it is a single small call.
const ALONE: Duration = Duration::from_micros(20);

/// Keeps threads of a runtime from running tasks.
pub(super) struct Gate {
    stretches: (Duration, Duration),
    counts: Mutex<Counts>,
    fewer: Condvar,
}

#[derive(Default)]
struct Counts {
    /// Threads that shall rest.
    wanted: usize,
    /// Tasks that make a thread rest, or will when their turn comes.
    tasks: usize,
    /// So many there have been.
    spawned: u64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { stretches: STRETCHES, counts: Mutex::default(), fewer: Condvar::new() }
    }
}

impl Gate {
    /// Lets so many threads of the runtime rest from now on, which have to be fewer than it has.
    pub(super) fn rest(self: &Arc<Self>, threads: usize, runtime: &Handle) {
        let mut counts = self.lock();
        if threads < std::mem::replace(&mut counts.wanted, threads) {
            self.fewer.notify_all();
        }
        for _ in counts.tasks..threads {
            counts.spawned += 1;
            let (gate, number) = (Arc::clone(self), counts.spawned);
            runtime.spawn(async move { gate.keep_thread(number).await });
        }
        counts.tasks = counts.tasks.max(threads);
    }

    /// Holds the thread that runs it for as long as it shall rest.
    ///
    /// Tasks in the queue of the thread, or put off by it until it has nothing else to do, would wait as long as it rests. So it
    /// rests only when there was none; and it wakes another thread, which takes over whatever comes too late for that.
    async fn keep_thread(&self, number: u64) {
        let (mut stretch, longest) = self.stretches;
        loop {
            let is_alone = was_alone().await;
            if is_second(number) {
                self.lock().tasks -= 1; // The next one is for another thread.
                return;
            }
            wake_another();
            if self.has_ended(if is_alone { stretch } else { Duration::ZERO }) {
                return;
            }
            if is_alone {
                stretch = (LONGER * stretch).min(longest);
            }
        }
    }

    /// Holds the thread for a stretch. Answers whether it shall work again.
    fn has_ended(&self, stretch: Duration) -> bool {
        let shall_rest = |counts: &mut Counts| counts.tasks <= counts.wanted;
        let waited = self.fewer.wait_timeout_while(self.lock(), stretch, shall_rest);
        let (mut counts, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if !waited.timed_out() {
            counts.tasks -= 1;
        }
        !waited.timed_out()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether another of these tasks keeps the thread already: it would go on doing so, and this one never find another thread.
fn is_second(number: u64) -> bool {
    thread_local! {
        static KEPT_BY: Cell<u64> = const { Cell::new(0) };
    }
    let kept_by = KEPT_BY.replace(number);
    let is_second = kept_by != 0 && kept_by != number;
    if is_second {
        KEPT_BY.set(0);
    }
    is_second
}

/// Lets all other tasks of the thread go first, and answers whether there was none, nor has one been put off meanwhile.
async fn was_alone() -> bool {
    let (thread, before) = (std::thread::current().id(), put_off_so_far());
    let took: Duration = let_all_go().await.iter().sum();
    // It is put off itself, once.
    took < ALONE && std::thread::current().id() == thread && put_off_so_far() == before + 1
}

/// Wakes a thread of the runtime that sleeps, which looks into all queues before it sleeps again. The first task of a thread stays
/// with it; for the second one, another is woken.
fn wake_another() {
    for _ in 0..2 {
        tokio::spawn(async {});
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::turn::{let_all_go, let_queue_go};
    use std::sync::mpsc;
    use tokio::runtime::{Builder, Runtime};

    /// Beyond every wait.
    const LONG: Duration = Duration::from_secs(30);

    /// Lets all threads work when a test ends, however it does, or the runtime would not end.
    struct Released<'a>(&'a Arc<Gate>, &'a Runtime);

    impl Drop for Released<'_> {
        fn drop(&mut self) {
            self.0.rest(0, self.1.handle());
        }
    }

    /// A task that answers what it is asked, after others have had their turn.
    struct Echo {
        ask: tokio::sync::mpsc::UnboundedSender<u32>,
        answers: mpsc::Receiver<u32>,
    }

    impl Echo {
        fn start(runtime: &Runtime, is_put_off: bool) -> Self {
            let (ask, mut asked) = tokio::sync::mpsc::unbounded_channel();
            let (answer, answers) = mpsc::channel();
            runtime.spawn(async move {
                while let Some(number) = asked.recv().await {
                    if is_put_off {
                        let_all_go().await;
                    }
                    let_queue_go().await;
                    let _ = answer.send(number);
                }
            });
            Self { ask, answers }
        }
    }

    #[test]
    fn no_task_is_left_behind_by_a_thread_that_goes_to_rest() {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let gate = Arc::new(Gate { stretches: (2 * LONG, 2 * LONG), ..Gate::default() });
        let _released = Released(&gate, &runtime);
        let echoes: Vec<Echo> = (0..4).map(|at| Echo::start(&runtime, at % 2 == 0)).collect();

        for number in 0..2000 {
            echoes.iter().for_each(|echo| echo.ask.send(number).unwrap());
            gate.rest(number as usize % 2, runtime.handle());
            for echo in &echoes {
                assert_eq!(echo.answers.recv_timeout(LONG), Ok(number));
            }
        }
    }
}
