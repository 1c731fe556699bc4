//! How a client reaches its server.

use crate::access::Token;
use crate::tls::ClientTls;
use crate::wire::{Format, Limits, Protocol, Transport};
use std::time::Duration;

/// How a client treats its connections and its calls.
#[derive(Clone, Debug)]
pub struct Options {
    /// How messages become a stream.
    pub transport: Transport,
    /// How values become bytes.
    pub protocol: Protocol,
    /// Speaks TLS, and checks that the server is who it should be.
    pub tls: Option<ClientTls>,
    /// Says who calls, to a server that wants to know.
    pub token: Option<Token>,
    /// Time for a connection to open.
    pub connect_timeout: Duration,
    /// Time for a call, all tries included. The server hears of it and drops work that nobody waits for any more.
    pub call_timeout: Duration,
    /// Most tries of a call; what is tried again at all, see [`Client`](super::Client).
    pub max_tries: u32,
    /// Largest reply in bytes.
    pub max_frame_bytes: usize,
    /// What is kept open.
    pub pool: PoolLimits,
}

/// How many connections a client keeps, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Most connections that calls share. A call waits for none of them to be free: calls follow each other closely.
    pub max_connections: usize,
    /// Calls under way for each of these; further ones wait. A server works on so many of one connection. Over HTTP it is 1,
    /// whatever this says.
    pub max_calls_per_connection: usize,
    /// A connection that nobody has used for so long is closed. Shorter than the time after which servers do.
    pub idle: Duration,
    /// A connection of this age, give or take a fifth, is closed after its calls, so that a new server gets its share.
    pub age: Duration,
}

impl Options {
    pub(super) fn format(&self) -> Format {
        Format { transport: self.transport, protocol: self.protocol }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            transport: Transport::Header,
            protocol: Protocol::Compact,
            tls: None,
            token: None,
            connect_timeout: Duration::from_secs(1),
            call_timeout: Duration::from_secs(30),
            max_tries: 3,
            max_frame_bytes: Limits::default().max_frame_bytes,
            pool: PoolLimits::default(),
        }
    }
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            max_connections: 8,
            max_calls_per_connection: 32,
            idle: Duration::from_secs(60),
            age: Duration::from_secs(300),
        }
    }
}
