//! Sockets: accepting, one task a connection, and a stop that loses nothing.

mod bell;
mod burst;
mod calls;
mod connection;
mod input;
mod lateness;
mod listener;
mod opening;
mod pages;
mod patience;
mod places;
mod spares;
mod stream;
#[cfg(test)]
mod tests;
mod threads;
mod turn;

pub use listener::Listener;
pub use threads::Threads;

use crate::service::{Peer, Service};
use crate::telemetry::{Cancelled, Telemetry};
use crate::tls::ServerTls;
use crate::wire::Memory;
use input::Input;
use lateness::Lateness;
use listener::Accepted;
use log::{debug, info, warn};
use opening::{Closed, Opened};
use places::{Place, Places};
use spares::Spares;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How connections are treated; part of the `server` section of the settings.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Calls of one connection that are worked on at once; beyond that it is not read from.
    pub max_calls_in_flight: usize,
    /// Connections that are open at once; further ones are closed.
    pub max_connections: usize,
    /// Of these, connections of one address.
    pub max_connections_per_address: usize,
    /// Largest message, in bytes: what one that does not say how long it is may become.
    pub max_frame_bytes: usize,
    /// Bytes that one connection may hold; beyond that it is not read from.
    pub max_connection_bytes: usize,
    /// Time for the first byte of a connection.
    pub first_byte: Duration,
    /// Whether plain connections are closed, where there is a certificate.
    pub tls_only: bool,
    /// Time for a TLS handshake.
    pub handshake: Duration,
    /// Time for a message to arrive whole, once it has begun, beside what [`Options::min_rate`] grants it.
    pub message: Duration,
    /// Time in which a reply has to get on, beside what [`Options::min_rate`] grants it.
    pub write: Duration,
    /// Bytes in a second that a large message or reply has to make.
    pub min_rate: usize,
    /// Time between messages.
    pub idle: Duration,
    /// Time for the calls of a peer that has ended its output, and may be gone.
    pub half_close: Duration,
    /// Time to go on as before when told to stop, not being ready any more, so that others can notice.
    pub lame_duck: Duration,
    /// Time for the calls that run when the server stops.
    pub grace: Duration,
}

impl Options {
    /// The time that this many bytes may take.
    fn time_for(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.min_rate.max(1) as f64)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_calls_in_flight: 32,
            max_connections: 10_000,
            max_connections_per_address: 1_000,
            max_frame_bytes: crate::wire::Limits::default().max_frame_bytes,
            max_connection_bytes: 64 << 20,
            first_byte: Duration::from_secs(10),
            tls_only: false,
            handshake: Duration::from_secs(5),
            message: Duration::from_secs(30),
            write: Duration::from_secs(30),
            min_rate: 64 << 10,
            idle: Duration::from_secs(300),
            half_close: Duration::from_secs(5),
            lame_duck: Duration::ZERO,
            grace: Duration::from_secs(10),
        }
    }
}

/// Where a server is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Told to stop: it goes on, and says so in every reply that has room for it.
    LameDuck,
    /// No new message is read.
    Draining,
}

/// Beside the memory for messages, at most this part of it is kept in buffers that are not in use: 8 MiB of 1 GiB.
const SPARE_PART: usize = 128;

/// Who has no descriptors left to accept with gives connections this time to close.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// What all connections share.
struct Shared {
    service: Arc<Service>,
    options: Options,
    memory: Memory,
    spares: Arc<Spares>,
    lateness: Arc<Lateness>,
    tls: Option<Arc<ServerTls>>,
}

/// Serves connections of the listeners until `stop` is done. Then it goes on for [`Options::lame_duck`], accepts no more,
/// lets the calls that have begun finish within [`Options::grace`], and closes.
///
/// With `tls`, every listener takes TLS beside plain connections, or alone.
pub async fn run(
    listeners: Vec<Listener>,
    tls: Option<Arc<ServerTls>>,
    service: Arc<Service>,
    options: Options,
    stop: impl Future<Output = ()>,
) {
    let (phase, watched) = watch::channel(Phase::Serving);
    let memory = service.memory().clone();
    let spares = Arc::new(Spares::new(memory.bytes() / SPARE_PART));
    let shared = Arc::new(Shared { service, options, memory, spares, lateness: Arc::default(), tls });
    let places = Places::new(options.max_connections, options.max_connections_per_address);
    let mut connections = JoinSet::new();
    let stopped = async {
        stop.await;
        let _ = phase.send(Phase::LameDuck); // First: who is told that the server drains is told so by every reply from then on.
        shared.service.retire();
        sleep(options.lame_duck).await;
    };
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let accepted = tokio::select! {
            () = &mut stopped => break,
            accepted = accept(&listeners) => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        match places.take(accepted.address) {
            Ok(place) => {
                let (shared, watched) = (Arc::clone(&shared), watched.clone());
                connections.spawn(async move { serve(accepted, place, &shared, watched).await });
            }
            Err(reason) => {
                shared.service.telemetry().refused(reason);
                debug!(peer = accepted.peer, reason:?; "Connection refused.");
            }
        }
    }
    drop(listeners);
    shared.service.drain();
    let _ = phase.send(Phase::Draining);
    info!(connections = connections.len(); "Draining.");
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(options.grace, finish).await.is_err() {
        warn!(connections = connections.len(); "Closing connections whose calls did not end in time.");
        shared.service.telemetry().cancelled(Cancelled::Drain, connections.len());
        connections.shutdown().await;
    }
}

/// The next connection of any listener.
async fn accept(listeners: &[Listener]) -> Accepted {
    loop {
        let accepting: Vec<_> = listeners.iter().map(|listener| Box::pin(listener.accept())).collect();
        match futures_util::future::select_all(accepting).await.0 {
            Ok(accepted) => return accepted,
            Err(error) => {
                warn!(error:%; "Accepting a connection went wrong.");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(accepted: Accepted, place: Place, shared: &Shared, mut phase: watch::Receiver<Phase>) {
    let (telemetry, address) = (shared.service.telemetry(), accepted.peer);
    let _open = Open::count(telemetry);
    let opened = tokio::select! {
        opened = opening::open(accepted.stream, shared) => opened,
        _ = phase.wait_for(|phase| *phase == Phase::Draining) => return,
    };
    let Opened { stream, first, certificate } = match opened {
        Ok(opened) => opened,
        Err(Closed::Gone) => return,
        Err(Closed::Refused(reason)) => {
            telemetry.refused(reason);
            debug!(peer = address, reason:?; "Connection refused.");
            return;
        }
    };
    let mut peer = Peer::new(address, certificate);
    let input = Input::new(stream, first, shared.memory.account_of(place.address()), shared);
    if let Err(error) = connection::serve(input, &mut peer, shared, phase).await {
        debug!(peer:% = peer.address, error:%; "Connection ended.");
    }
}

/// Counts a connection while it is open.
struct Open<'a>(&'a Telemetry);

impl<'a> Open<'a> {
    fn count(telemetry: &'a Telemetry) -> Self {
        telemetry.connections.inc();
        Self(telemetry)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}
