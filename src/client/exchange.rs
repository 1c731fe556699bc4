//! One try of a call, as the generated clients see it.

use super::connection::Connection;
use crate::wire::runtime::{Channel, ChannelFault, Method};
use crate::wire::{Format, Sealer};
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use tokio::time::{Instant, timeout_at};

/// A connection, and what is known of the call that is made over it.
#[derive(Debug)]
pub(super) struct Exchange {
    connection: Arc<Connection>,
    sealer: Arc<Sealer>,
    deadline: Instant,
    seqid: i32,
    method: OnceLock<&'static Method>,
}

impl Exchange {
    pub(super) fn new(connection: Arc<Connection>, sealer: Arc<Sealer>, deadline: Instant, seqid: i32) -> Self {
        Self { connection, sealer, deadline, seqid, method: OnceLock::new() }
    }

    /// Whether the method that was called may be called twice.
    pub(super) fn is_idempotent(&self) -> bool {
        self.method.get().is_some_and(|method| method.idempotent)
    }
}

impl Channel for Exchange {
    fn format(&self) -> Format {
        self.sealer.format()
    }

    fn next_seqid(&self) -> i32 {
        self.seqid
    }

    async fn exchange(&self, method: &'static Method, message: Vec<u8>) -> Result<Bytes, ChannelFault> {
        self.method.get_or_init(|| method);
        let left = self.deadline.saturating_duration_since(Instant::now());
        let sealed = self.sealer.seal(message, self.seqid, left);
        let call = self.connection.call(self.seqid, sealed.map_err(|error| ChannelFault::NotSent(error.to_string()))?);
        timeout_at(self.deadline, call).await.unwrap_or(Err(ChannelFault::TimedOut))
    }
}
