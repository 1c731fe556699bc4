//! What a compute thread does for the queue: turn after turn, until nothing is ready.

use super::Options;
use super::compute::compute;
use super::entry::{Entry, Part};
use super::in_flight::InFlight;
use super::lane::Lane;
use super::policy::there_and_back;
use super::queue::Turn;
use super::request::Request;
use super::scheduler::{Call, Scheduler};
use crate::data::Name;
use crate::error::Error;
use crate::pool::{Full, Pool};
use crate::telemetry::EngineMetrics;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Requests of one key may share a batch: those to the same version of the same model, which never changes. Whatever else
/// will change an answer, and can differ between two requests, belongs here too: other outputs, other parameters.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) model: Name,
    pub(super) version: u64,
}

/// What callers and compute threads share.
pub(super) struct Shared {
    pub(super) pool: Arc<Pool>,
    pub(super) options: Options,
    pub(super) scheduler: Scheduler<Arc<Key>, Arc<Request>>,
    pub(super) rows_in_flight: Arc<InFlight>,
    pub(super) metrics: EngineMetrics,
}

type OwnTurn = Turn<Arc<Key>, Arc<Request>>;

impl Shared {
    /// Calls a thread to the queue, if one has to be called.
    pub(super) fn call(self: &Arc<Self>, call: Call) {
        if call == Call::Nobody {
            return;
        }
        let shared = Arc::clone(self);
        if let Err(Full { capacity }) = self.pool.submit(move || shared.work()) {
            for Entry { item, .. } in self.scheduler.give_up() {
                item.answer(0, Err(Error::TooMany { what: "batches", count: capacity, limit: capacity }));
            }
        }
    }

    /// Takes turns until there is none, or the pool has other jobs.
    fn work(self: Arc<Self>) {
        let duty = Duty(&self);
        while let Some((turn, call)) = self.take() {
            self.call(call);
            self.run(turn);
            std::thread::yield_now(); // Threads of sockets that wait for this processor have short work, and a caller each.
            if self.pool.has_jobs() {
                let shared = Arc::clone(&self);
                if self.pool.submit(move || shared.work()).is_ok() {
                    break;
                }
            }
        }
        drop(duty);
    }

    fn take(&self) -> Option<(OwnTurn, Call)> {
        let note = |turn: &OwnTurn, own, all| {
            let first = turn.parts.first().map(|part| &part.item).or(turn.expired.first().map(|entry| &entry.item));
            if let Some(Ok(lane)) = first.map(|request| Lane::of(&request.model, &self.options, &self.metrics)) {
                self.note_rows(lane, own, all);
            }
        };
        self.scheduler.take(Instant::now(), self.pool.hop(), self.pool.idle(), note)
    }

    /// Says how many rows wait, for one model and in all.
    pub(super) fn note_rows(&self, lane: &Lane, own: usize, all: usize) {
        lane.set_waiting_rows(own);
        self.metrics.waiting_rows.set(i64::try_from(all).unwrap_or(i64::MAX));
    }

    fn run(&self, Turn { key, mut parts, expired, begun, charged }: OwnTurn) {
        let mut settled = Settled { shared: self, key, begun, charged, took: Duration::ZERO };
        self.metrics.expired.inc_by(expired.len() as u64);
        let late = |entry: &Entry<_>| if entry.taken == 0 { Error::DeadlineExceeded } else { Error::TooLate };
        expired.iter().for_each(|entry| entry.item.answer(0, Err(late(entry))));
        parts.retain(|part| part.item.is_open());
        if let Some(model) = parts.first().map(|part| Arc::clone(&part.item.model))
            && let Ok(lane) = Lane::of(&model, &self.options, &self.metrics)
        {
            self.count(&parts, lane);
            let arrivals: Vec<_> = parts.iter().map(|part| part.arrived).collect();
            let alone = matches!(&parts[..], [part] if part.item.is_whole(part.rows));
            compute(&model, parts, &mut |run| {
                settled.took += run.took;
                run.predicted.filter(|_| lane.wants(run.rows)).inspect(|took| lane.learn(run.rows, *took));
            });
            self.review(&settled, alone);
            lane.observe(arrivals.into_iter(), Instant::now());
        }
    }

    fn count(&self, parts: &[Part<Arc<Request>>], lane: &Lane) {
        let now = Instant::now();
        let waited = |part: &Part<_>| now.saturating_duration_since(part.arrived);
        lane.slowness.learn(parts.iter().filter(|part| part.from == 0).map(|part| (part.foreseen, waited(part))), now);
        self.metrics.batch_rows.observe(parts.iter().map(|part| part.rows).sum::<usize>() as f64);
        for part in parts {
            self.metrics.queue_seconds.observe(now.saturating_duration_since(part.arrived).as_secs_f64());
        }
    }

    /// Compares what a batch was thought to cost with what it did, and what was sent away with the way.
    fn review(&self, &Settled { charged, took, .. }: &Settled<'_>, alone: bool) {
        if charged > Duration::ZERO {
            self.metrics.estimated_seconds.inc_by(charged.as_secs_f64());
            self.metrics.computed_seconds.inc_by(took.as_secs_f64());
        }
        if alone && took < there_and_back(self.pool.hop()) {
            self.metrics.regretted.pool.inc();
        }
    }
}

/// Settles a turn when it is over, also by a panic.
struct Settled<'a> {
    shared: &'a Shared,
    key: Arc<Key>,
    begun: Instant,
    charged: Duration,
    took: Duration,
}

impl Drop for Settled<'_> {
    fn drop(&mut self) {
        self.shared.scheduler.settle(&self.key, self.begun, self.charged, self.took);
    }
}

/// A thread at work. If a panic ends it, another one is called in its place.
struct Duty<'a>(&'a Arc<Shared>);

impl Drop for Duty<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.call(self.0.scheduler.replace(Instant::now()));
        }
    }
}
