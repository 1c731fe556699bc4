//! Sockets: accepting, one task a connection, and a stop that loses nothing.

mod connection;

use crate::service::Service;
use log::{debug, info, warn};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How connections are treated; part of the `server` section of the settings.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Calls of one connection that are worked on at once; beyond that it is not read from.
    pub max_calls_in_flight: usize,
    /// Connections that are open at once; further ones wait to be accepted.
    pub max_connections: usize,
    /// Time for the first byte of a connection.
    pub first_byte: Duration,
    /// Time for a message to arrive whole, once it has begun, and for a reply to be taken.
    pub message: Duration,
    /// Time between messages.
    pub idle: Duration,
    /// Time for the calls that run when the server is told to stop.
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_calls_in_flight: 32,
            max_connections: 10_000,
            first_byte: Duration::from_secs(10),
            message: Duration::from_secs(30),
            idle: Duration::from_secs(300),
            grace: Duration::from_secs(10),
        }
    }
}

/// Serves connections of `listener` until `stop` is done. Then it accepts no more, lets the calls that have begun finish
/// within [`Options::grace`], and closes.
pub async fn run(listener: TcpListener, service: Arc<Service>, options: Options, stop: impl Future<Output = ()>) {
    let (drain, draining) = watch::channel(false);
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(options.max_connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = tokio::select! {
            () = &mut stop => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (service, draining) = (Arc::clone(&service), draining.clone());
                connections.spawn(async move {
                    let _place = place;
                    let peer = peer.to_string();
                    if let Err(error) = connection::serve(stream, &peer, &service, options, draining).await {
                        debug!(peer, error:%; "Connection ended.");
                    }
                });
            }
            Err(error) => {
                warn!(error:%; "Accepting a connection went wrong.");
                tokio::time::sleep(Duration::from_millis(10)).await; // Out of descriptors: give connections time to close.
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    service.drain();
    let _ = drain.send(true);
    info!(connections = connections.len(); "Draining.");
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(options.grace, finish).await.is_err() {
        warn!(connections = connections.len(); "Closing connections whose calls did not end in time.");
        connections.shutdown().await;
    }
}
