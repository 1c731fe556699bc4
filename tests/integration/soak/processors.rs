//! Who has the processors: the server its own and its callers theirs, and none of them what others take away.

use crate::harness::TestServer;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fs::read_to_string;

/// The first for the server and the others for its callers: how long a caller waits is then the server's doing, and not that of
/// callers who compute beside it. Where there is one processor they share it.
#[derive(Clone, Copy, Debug)]
pub struct Processors {
    pub server: CpuSet,
    callers: CpuSet,
}

impl Processors {
    pub fn apart() -> Self {
        let all = sched_getaffinity(None).expect("the system says which processors there are");
        let first = alone(each(&all).next().expect("a processor that this thread runs on"));
        let mut callers = all;
        each(&first).for_each(|cpu| callers.unset(cpu));
        Self { server: first, callers: if callers.count() == 0 { all } else { callers } }
    }

    /// Starts the server on its own and leaves the others to this thread and whatever it starts from now on.
    pub fn start(&self, start: impl FnOnce() -> TestServer) -> TestServer {
        stay_on(&self.server);
        let server = start();
        stay_on(&self.callers);
        server
    }

    /// Each of the callers' alone.
    pub fn of_callers(&self) -> impl Iterator<Item = CpuSet> {
        each(&self.callers).map(alone)
    }
}

/// This thread, and whatever it starts from now on.
pub fn stay_on(cpus: &CpuSet) {
    sched_setaffinity(None, cpus).expect("a thread may leave processors to others");
}

fn each(cpus: &CpuSet) -> impl Iterator<Item = usize> {
    (0..CpuSet::MAX_CPU).filter(|cpu| cpus.is_set(*cpu))
}

fn alone(cpu: usize) -> CpuSet {
    let mut own = CpuSet::new();
    own.set(cpu);
    own
}

/// Clock ticks since the machine has started.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    /// Of everybody, whether they worked or not, but for interrupts: these carry the bytes of everybody, and not every system
    /// counts them apart.
    all: u64,
    /// Of whoever worked, and of other guests of the machine.
    busy: u64,
    /// Of the server, of this process and of those that it has started and that have ended.
    own: u64,
}

impl Ticks {
    pub fn now(server: &TestServer) -> Self {
        let all = numbers(&read_to_string("/proc/stat").unwrap(), 1);
        let [user, nice, system, idle, waiting, steal] = [0, 1, 2, 3, 4, 7].map(|field| all[field]);
        let busy = user + nice + system + steal;
        let own = [(server.id(), 2), (std::process::id(), 4)].map(|(id, fields)| process(id, fields));
        Self { all: busy + idle + waiting, busy, own: own.iter().sum() }
    }

    /// The share (0 to 1) of the processors that others had since then.
    pub fn others_since(&self, earlier: &Self) -> f64 {
        let since = |now: u64, then: u64| now.saturating_sub(then); // What waits for a disk is known to run backwards.
        let (all, busy, own) =
            (since(self.all, earlier.all), since(self.busy, earlier.busy), since(self.own, earlier.own));
        busy.saturating_sub(own) as f64 / all.max(1) as f64
    }
}

/// User and system time of a process, and with four fields of its children that it has waited for.
fn process(id: u32, fields: usize) -> u64 {
    let stat = read_to_string(format!("/proc/{id}/stat")).unwrap();
    let (_, after_name) = stat.rsplit_once(") ").expect("a name stands in parentheses");
    numbers(after_name, 11)[..fields].iter().sum()
}

/// Those of the first line, after so many words.
fn numbers(text: &str, skipped: usize) -> Vec<u64> {
    let words = text.lines().next().unwrap_or_default().split_whitespace().skip(skipped);
    words.map_while(|word| word.parse().ok()).collect()
}
