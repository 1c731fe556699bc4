//! Watches the threads, and lets as many rest as have nothing to do.

use super::gate::Gate;
use super::policy::Policy;
use super::readings::Readings;
use log::warn;
use prometheus_client::metrics::gauge::Gauge;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle, park_timeout};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// How often it is looked whether tasks wait, while some do or threads are kept from their cores; and less and less often
/// otherwise, the shortest time and the longest: each look takes some time of a processor, and wakes it if it sleeps. A task that
/// holds the only thread is seen at the second look from then.
const TICKS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(10));
/// Threads that wait for a core for this part of the time are kept from it.
const KEPT: f64 = 0.05;
/// How long threads help after a task that had to wait: what holds the thread may hold it on.
const HELP: Duration = Duration::from_millis(10);
/// How often it is decided how many threads are used.
const WINDOW: Duration = Duration::from_millis(100);

/// The thread that watches; it ends, and every other thread works again, when this is dropped.
pub(super) struct Pace {
    stopped: Arc<AtomicBool>,
    watching: Option<JoinHandle<()>>,
}

impl Pace {
    pub(super) fn start(runtime: Handle, readings: Readings, in_use: Gauge) -> io::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let watch = Watch::new(runtime, readings, in_use);
        let until = Arc::clone(&stopped);
        let watching = Builder::new().name("modelwire-pace".into()).spawn(move || watch.run(&until))?;
        Ok(Self { stopped, watching: Some(watching) })
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(watching) = self.watching.take() {
            watching.thread().unpark();
            let _ = watching.join(); // Had it panicked, the panic hook has told so.
        }
    }
}

struct Watch {
    runtime: Handle,
    gate: Arc<Gate>,
    readings: Readings,
    policy: Policy,
    in_use: Gauge,
    threads: usize,
    probe: Probe,
    /// Threads that work beside those of the policy, because a task waits.
    helping: usize,
    /// When one was last seen to wait.
    waited: Instant,
    /// How often threads have gone to sleep or woken up.
    parks: u64,
    /// When the window began; `None` since the last one was silent.
    begun: Option<Instant>,
    /// Whether anything ran in it.
    ran: bool,
    /// Whether threads were kept from their cores in the one before.
    are_kept: bool,
}

/// What was seen of the threads since the last look; those that rest neither sleep nor wake up.
struct Look {
    /// One is awake, or has been.
    ran: bool,
    /// One sleeps, or has slept, which it does only when no task waits.
    slept: bool,
}

impl Watch {
    fn new(runtime: Handle, readings: Readings, in_use: Gauge) -> Self {
        let threads = runtime.metrics().num_workers();
        let (gate, policy) = (Arc::default(), Policy::new(threads));
        let watch = Self {
            runtime,
            gate,
            readings,
            policy,
            in_use,
            threads,
            probe: Probe::default(),
            helping: 0,
            waited: Instant::now(),
            parks: 0,
            begun: Some(Instant::now()),
            ran: true,
            are_kept: false,
        };
        watch.apply();
        watch
    }

    fn run(mut self, stopped: &AtomicBool) {
        let mut tick = TICKS.0;
        while !stopped.load(Ordering::Relaxed) {
            park_timeout(tick);
            let look = self.look();
            self.help(!look.slept);
            tick = if self.helping > 0 || self.are_kept { TICKS.0 } else { (2 * tick).min(TICKS.1) };
            if !self.decide(look.ran, Instant::now()) {
                warn!("What threads do is not told any more; all of them are used.");
                return;
            }
            self.apply();
        }
    }

    /// Decides at the end of each window how many threads are used. A silent one ends all, and the next begins when something runs
    /// again: one with hours of silence in it would tell nothing. Answers whether the system tells what threads do.
    fn decide(&mut self, ran: bool, now: Instant) -> bool {
        let Some(begun) = self.begun else {
            if ran {
                self.readings.begin_anew();
                (self.begun, self.ran) = (Some(now), true);
            }
            return true;
        };
        self.ran |= ran;
        if now.saturating_duration_since(begun) < WINDOW {
            return true;
        }
        self.are_kept = false;
        if !std::mem::replace(&mut self.ran, false) {
            self.policy = self.policy.after_silence();
            self.begun = None;
            return true;
        }
        self.begun = Some(now);
        let Some(window) = self.readings.window() else { return false };
        self.are_kept = window.waited >= KEPT;
        self.policy.decide(window);
        true
    }

    /// Lets one thread more help at each look at which the probe still waits, until none has waited for a while.
    fn help(&mut self, probes: bool) {
        if self.probe.waits() {
            self.helping += 1;
            self.waited = Instant::now();
            return;
        }
        if self.waited.elapsed() >= HELP {
            self.helping = 0;
        }
        if probes {
            self.probe.send(&self.runtime);
        }
    }

    fn apply(&self) {
        let in_use = self.in_use();
        self.gate.rest(self.threads - in_use, &self.runtime);
        self.in_use.set(i64::try_from(in_use).unwrap_or(i64::MAX));
    }

    fn look(&mut self) -> Look {
        let metrics = self.runtime.metrics();
        let parks = (0..self.threads).map(|thread| metrics.worker_park_unpark_count(thread));
        let (sum, asleep) = parks.fold((0, 0), |(sum, asleep), parks| (sum + parks, asleep + parks % 2)); // Odd while it sleeps.
        let before = std::mem::replace(&mut self.parks, sum);
        Look { ran: sum != before || asleep < self.in_use() as u64, slept: sum != before || asleep > 0 }
    }

    /// Those of the policy, and those that help.
    fn in_use(&self) -> usize {
        (self.policy.in_use() + self.helping).min(self.threads)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.gate.rest(0, &self.runtime);
        self.in_use.set(i64::try_from(self.threads).unwrap_or(i64::MAX));
    }
}

/// A task that does nothing but come to its turn.
#[derive(Default)]
struct Probe(Option<Arc<AtomicBool>>);

impl Probe {
    /// Whether one was sent that has not had its turn.
    fn waits(&self) -> bool {
        self.0.as_ref().is_some_and(|has_run| !has_run.load(Ordering::Relaxed))
    }

    fn send(&mut self, runtime: &Handle) {
        let has_run = Arc::new(AtomicBool::new(false));
        self.0 = Some(Arc::clone(&has_run));
        runtime.spawn(async move { has_run.store(true, Ordering::Relaxed) });
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::server::threads::policy::Window;
    use crate::server::threads::readings::own_id;
    use crate::telemetry::BusyCounter;
    use std::sync::Barrier;

    fn watch(runtime: &tokio::runtime::Runtime) -> Watch {
        let readings = Readings::open(&[own_id()], BusyCounter::default()).unwrap();
        Watch::new(runtime.handle().clone(), readings, Gauge::default())
    }

    #[test]
    fn a_silent_window_ends_what_was_needed_before_it_and_the_next_begins_when_something_runs() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(8).build().unwrap();
        let mut watch = watch(&runtime);
        let full = |threads| Window { worked: threads as f64, waited: 0.0, idle: 1.0, calls: 1000.0 };
        while watch.policy.in_use() < 8 {
            watch.policy.decide(full(watch.policy.in_use()));
        }
        let (begun, hours) = (watch.begun.unwrap(), Duration::from_secs(7200));
        watch.ran = false;

        assert!(watch.decide(false, begun + WINDOW));
        assert_eq!((watch.policy.in_use(), watch.begun), (2, None));
        assert!(watch.decide(false, begun + hours));
        assert_eq!((watch.policy.in_use(), watch.begun), (2, None));
        assert!(watch.decide(true, begun + 2 * hours));
        assert_eq!(watch.begun, Some(begun + 2 * hours));
    }

    #[test]
    fn a_thread_more_is_used_while_a_task_waits_for_its_turn() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let mut watch = watch(&runtime);
        watch.gate.rest(0, runtime.handle());
        let (held, released) = (Arc::new(Barrier::new(3)), Arc::new(Barrier::new(3)));
        for barriers in [(); 2].map(|()| [Arc::clone(&held), Arc::clone(&released)]) {
            runtime.spawn(async move { barriers.iter().for_each(|barrier| _ = barrier.wait()) });
        }
        held.wait();
        assert_eq!(watch.in_use(), 1);

        watch.help(true);
        watch.help(true);

        assert_eq!(watch.in_use(), 2);
        released.wait();
    }
}
