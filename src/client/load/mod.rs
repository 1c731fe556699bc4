//! Load: many calls of `predict`, to see what a server bears.
//!
//! Calls are built once and sent again and again, and of a reply no more is read than how its call ended, so that this end
//! costs little beside the server. Every connection is driven by a task of its own, which counts in one [`Report`].
//!
//! ```no_run
//! use modelwire::client::load::{Calls, Load, Pace};
//! use modelwire::client::{Client, Options};
//! use modelwire::data::Features;
//! use ndarray::array;
//! use std::time::Duration;
//!
//! # async fn example() -> modelwire::error::Result<()> {
//! let client = Client::connect("127.0.0.1:9090", Options::default()).await?;
//! let rows = [Features::Matrix(array![[5.1, 3.5, 1.4, 0.2]])];
//! let calls = Calls { model: "iris", batches: &rows, in_flight: 16, deadline: Duration::from_secs(1) };
//! let prepared = client.prepare(&calls).await?;
//! let pace = Pace::Open { calls_per_second: 1000.0 };
//! let load = Load { connections: 8, pace, warm_up: Duration::from_secs(1), duration: Duration::from_secs(10) };
//! let mut run = client.start_load(&prepared, &load).await?;
//! run.ended().await;
//! println!("{:.0} answers a second", run.report().goodput_per_second);
//! # Ok(())
//! # }
//! ```

mod alarm;
mod caller;
mod knee;
mod meter;
mod places;
mod report;
mod requests;
mod schedule;

pub use knee::{Judgement, Search, judge};
pub use report::Report;
pub use schedule::Pace;

use super::Client;
use super::endpoint::Stream;
use super::retry::Failed;
use crate::data::Features;
use crate::error::{Error, Result};
use crate::wire::runtime::ChannelFault;
use caller::{Caller, Terms};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use meter::{Meter, Window};
use requests::{Requests, Template};
use schedule::Schedule;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Connections that are opened at once.
const OPENED_AT_ONCE: usize = 64;

/// What is called.
#[derive(Clone, Copy, Debug)]
pub struct Calls<'a> {
    /// As in [`Client::predict`].
    pub model: &'a str,
    /// The rows of a call each; calls take them by turns, as many as fit into 64 MiB.
    pub batches: &'a [Features],
    /// Most calls in flight on a connection; over HTTP only 1 will do.
    pub in_flight: usize,
    /// What the server hears: it drops work that is not done in this time. An answer after it is late.
    pub deadline: Duration,
}

/// Calls that are ready to be sent.
#[derive(Clone, Debug)]
pub struct Prepared {
    requests: Arc<Requests>,
    deadline: Duration,
}

impl Prepared {
    /// How many batches there was room for.
    pub fn batches(&self) -> usize {
        self.requests.batches()
    }

    /// Bytes of the first call, with what it is wrapped in.
    pub fn bytes_per_call(&self) -> usize {
        self.requests.bytes_per_call()
    }
}

/// How often, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Each takes its share of the calls.
    pub connections: usize,
    /// When the next call is made.
    pub pace: Pace,
    /// Time before the calls that count.
    pub warm_up: Duration,
    /// Time of the calls that count.
    pub duration: Duration,
}

impl Client {
    /// Builds the calls of a load.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] without rows, for calls in flight that the transport does not carry, or for calls that
    /// together take more than 1 GiB.
    pub async fn prepare(&self, calls: &Calls<'_>) -> Result<Prepared> {
        let Calls { model, batches, in_flight, deadline } = *calls;
        if in_flight == 0 || (in_flight > 1 && !self.options.format().pipelines()) {
            return Err(Error::invalid(format!("{in_flight} calls cannot be in flight on one connection; take 1")));
        }
        let template = Template { model, token: self.options.token.as_ref(), sealer: &self.sealer, deadline };
        let requests = Arc::new(Requests::new(&template, batches, in_flight).await?);
        Ok(Prepared { requests, deadline })
    }

    /// Opens connections of its own, and begins to call once all are open. A call without a reply within the call time-out,
    /// or the deadline if that is longer, is lost and its connection with it; a lost connection is opened again, and no
    /// error of a call ends the load.
    ///
    /// # Errors
    /// [`Error::Unavailable`] for a connection that does not open; [`Error::InvalidArgument`] for no connection or a rate
    /// that is none.
    pub async fn start_load(&self, prepared: &Prepared, load: &Load) -> Result<Run> {
        load.check()?;
        let endpoint = self.pool.endpoint();
        let timeout = self.options.connect_timeout;
        let opening = (0..load.connections).map(|_| endpoint.open(Instant::now() + timeout));
        let streams: Vec<_> = stream::iter(opening)
            .buffer_unordered(OPENED_AT_ONCE)
            .try_collect()
            .await
            .map_err(|why| self.error(Failed::before(ChannelFault::NotSent(why))))?;
        let start = Instant::now();
        let begin = start + load.warm_up;
        let window = Window { pace: load.pace, start: begin, end: begin + load.duration, deadline: prepared.deadline };
        let terms = Terms {
            endpoint: endpoint.clone(),
            format: self.options.format(),
            max_frame_bytes: self.options.max_frame_bytes,
            connect_timeout: timeout,
            patience: self.options.call_timeout.max(prepared.deadline),
            requests: Arc::clone(&prepared.requests),
            meter: Meter::new(window),
        };
        Ok(Run::start(terms, streams, start))
    }
}

impl Load {
    fn check(&self) -> Result<()> {
        let rate_is_one = match self.pace {
            Pace::Closed => true,
            Pace::Open { calls_per_second } => calls_per_second > 0.0 && calls_per_second.is_finite(),
        };
        if self.connections > 0 && rate_is_one {
            return Ok(());
        }
        Err(Error::invalid(format!("a load of {:?} over {} connections is none", self.pace, self.connections)))
    }
}

/// A load that is under way; dropping it ends it.
#[derive(Debug)]
pub struct Run {
    callers: JoinSet<()>,
    terms: Arc<Terms>,
}

impl Run {
    fn start(terms: Terms, streams: Vec<Box<dyn Stream>>, start: Instant) -> Self {
        let (terms, connections) = (Arc::new(terms), streams.len());
        let mut callers = JoinSet::new();
        for (index, stream) in streams.into_iter().enumerate() {
            let Window { pace, end, .. } = terms.meter.window;
            let schedule = Schedule::new(pace, (index, connections), (start, end));
            callers.spawn(Caller::new(Arc::clone(&terms), schedule, index).run(stream));
        }
        Self { callers, terms }
    }

    /// Waits until its time is over and every call has a reply or is lost. It may be dropped and called again.
    pub async fn ended(&mut self) {
        while self.callers.join_next().await.is_some() {}
        sleep_until(self.terms.meter.window.end).await; // The last call may be due well before.
    }

    /// Ends it now; calls in flight are not counted.
    pub async fn stop(&mut self) {
        self.callers.shutdown().await;
    }

    /// What it has come to so far.
    pub fn report(&self) -> Report {
        self.terms.meter.report(Instant::now())
    }
}

#[cfg(test)]
mod tests;
