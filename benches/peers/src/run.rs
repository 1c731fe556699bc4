//! A run: rounds over all cases and all servers.

use crate::call::Call;
use crate::case::{CASES, Case, Key, Place};
use crate::load::{self, Measured, Plan, quantile_us};
use crate::modelwire::{CHEAP, COSTLY, Modelwire};
use crate::overload::{self, Overload};
use crate::peer::{ALL, Peer, Setup};
use crate::server::{Server, free_address};
use rustix::thread::CpuSet;
use serde::Serialize;
use std::io;
use std::time::Duration;

/// How long a fresh process is looked at, at most.
const FRESH: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Serialize)]
pub struct Options {
    pub rounds: usize,
    /// How long each load is measured.
    pub time: Duration,
    /// Milliseconds that a call may take under overload; else twice what 99 % took at 80 % load.
    pub deadline_ms: Option<i64>,
}

impl Options {
    /// Before anything counts.
    pub fn warm_up(&self) -> Duration {
        (self.time / 4).min(Duration::from_millis(500))
    }
}

/// One load on one server.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    pub case: Key,
    pub peer: Peer,
    pub round: usize,
    pub per_second: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub cpu_us: f64,
    /// Answers that were not right, refusals among them, and requests without one.
    pub not_right: u64,
    /// By how much the generator itself was late in an open loop, 99 % of all times.
    pub lag_p99_us: f64,
}

/// All that was measured.
#[derive(Debug, Serialize)]
pub struct Results {
    pub samples: Vec<Sample>,
    pub overloads: Vec<Overload>,
    /// Servers that did not run, and loads that broke off, with the reason.
    pub left_out: Vec<(Peer, String)>,
}

/// A server that runs from the start of the run to its end.
struct Running {
    peer: Peer,
    server: Server,
}

/// Starts every server and measures all of it, `options.rounds` times.
///
/// # Errors
/// If a server that needs no more than this workspace does not start or answers wrongly.
pub fn run(setup: &Setup, skipped: Vec<(Peer, String)>, options: &Options) -> io::Result<Results> {
    let mut results = Results { samples: Vec::new(), overloads: Vec::new(), left_out: skipped };
    let running = start(setup, &mut results.left_out)?;
    for round in 0..options.rounds {
        for case in CASES {
            // Each server comes first in turn: what a case leaves behind meets not always the same.
            let turn = (0..running.len()).map(|at| &running[(at + round) % running.len()]);
            for running in turn.filter(|running| case.peers.contains(&running.peer)) {
                let Some(call) = running.peer.call(case.work, &setup.modelwire) else { continue };
                match measure(setup, running, case, &call, options) {
                    Ok(measured) => results.samples.push(sample(case, running.peer, round, &measured)),
                    Err(error) => results.left_out.push((running.peer, format!("{}: {error}", case.title))),
                }
            }
            eprintln!("round {} of {}: {}", round + 1, options.rounds, case.title);
        }
        let modelwire = running.iter().find(|running| running.peer == Peer::Modelwire);
        if let Some(running) = modelwire {
            for clustering in [COSTLY, CHEAP] {
                match overload::measure(&running.server, &setup.modelwire, clustering, options) {
                    Ok(overload) => results.overloads.push(overload),
                    Err(error) => {
                        let what = format!("overload of {} calls: {error}", clustering.name);
                        results.left_out.push((running.peer, what));
                    }
                }
            }
            eprintln!("round {} of {}: overload", round + 1, options.rounds);
        }
    }
    Ok(results)
}

/// Loads Modelwire alone with more than it can bear, `options.rounds` times.
///
/// # Errors
/// If it does not start, or a connection breaks.
pub fn overload(modelwire: &Modelwire, options: &Options) -> io::Result<Vec<Overload>> {
    let address = free_address()?;
    let server = Server::start(&mut modelwire.command(address)?, address)?;
    let measure = |clustering| overload::measure(&server, modelwire, clustering, options);
    (0..options.rounds).flat_map(|_| [COSTLY, CHEAP]).map(measure).collect()
}

/// Starts all servers. One in Python that does not start is left out; any other ends the run.
fn start(setup: &Setup, left_out: &mut Vec<(Peer, String)>) -> io::Result<Vec<Running>> {
    let mut all_running = Vec::new();
    for &peer in ALL.iter().filter(|peer| left_out.iter().all(|left_out| left_out.0 != **peer)).collect::<Vec<_>>() {
        let address = free_address()?;
        match setup.command(peer, address).and_then(|mut command| Server::start(&mut command, address)) {
            Ok(server) => all_running.push(Running { peer, server }),
            Err(error) if peer.packages().is_some() => left_out.push((peer, error.to_string())),
            Err(error) => return Err(error),
        }
    }
    Ok(all_running)
}

fn measure(setup: &Setup, running: &Running, case: &Case, call: &Call, options: &Options) -> io::Result<Measured> {
    let plan = Plan { connections: case.connections, pace: case.pace, warm_up: options.warm_up(), time: options.time };
    match case.place {
        Place::Warm => load(&running.server, call, &plan),
        Place::OneCore => on_one_core(&running.server, || load(&running.server, call, &plan)),
        Place::Fresh => {
            let plan = Plan { warm_up: Duration::ZERO, time: options.time.min(FRESH), ..plan };
            load(&fresh(setup, running.peer)?, call, &plan)
        }
    }
}

fn load(server: &Server, call: &Call, plan: &Plan) -> io::Result<Measured> {
    let expected = load::probe(server.address, call)?;
    load::run(server.address, call, &expected, plan, &|| server.cpu())
}

/// A second server of the same kind, just started.
fn fresh(setup: &Setup, peer: Peer) -> io::Result<Server> {
    let address = free_address()?;
    let mut command = match peer {
        Peer::Modelwire => setup.modelwire.copy("fresh")?.command(address)?,
        _ => setup.command(peer, address)?,
    };
    Server::start(&mut command, address)
}

/// Keeps the server and this thread on one processor meanwhile.
fn on_one_core<T>(server: &Server, measure: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let all = rustix::thread::sched_getaffinity(None)?;
    let mut one = CpuSet::new();
    one.set((0..CpuSet::MAX_CPU).rev().find(|cpu| all.is_set(*cpu)).unwrap_or_default());
    let place = |cpus: &CpuSet| {
        server.pin(cpus)?;
        rustix::thread::sched_setaffinity(None, cpus).map_err(io::Error::from)
    };
    let measured = place(&one).and_then(|()| measure());
    place(&all)?;
    measured
}

fn sample(case: &Case, peer: Peer, round: usize, measured: &Measured) -> Sample {
    Sample {
        case: case.key,
        peer,
        round,
        per_second: measured.per_second(),
        p50_us: quantile_us(&measured.latency, 0.5),
        p99_us: quantile_us(&measured.latency, 0.99),
        cpu_us: measured.cpu_us(),
        not_right: measured.refused + measured.expired + measured.wrong,
        lag_p99_us: quantile_us(&measured.lag, 0.99),
    }
}
