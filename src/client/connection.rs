//! A connection as its calls see it. What it does is in [`driver`](super::driver), in a task of its own.

use super::driver::{self, Lifetime};
use super::endpoint::Stream;
use super::waiting::Outgoing;
use crate::wire::Format;
use crate::wire::runtime::ChannelFault;
use bytes::Bytes;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

/// What connections of one client have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) format: Format,
    pub(super) max_frame_bytes: usize,
    /// Calls that may wait to be written.
    pub(super) max_queued: usize,
    pub(super) lifetime: Lifetime,
}

/// A connection that is open, or about to be. It is closed when this is dropped: the pool holds it, and so does each of
/// its calls.
#[derive(Debug)]
pub(super) struct Connection {
    calls: mpsc::Sender<Outgoing>,
    in_flight: AtomicUsize,
    driver: AbortHandle,
}

impl Connection {
    /// Calls may be made at once; they wait for it to open.
    pub(super) fn start(
        opening: impl Future<Output = Result<Box<dyn Stream>, String>> + Send + 'static,
        terms: &Terms,
    ) -> Self {
        let (calls, taken) = mpsc::channel(terms.max_queued.max(1));
        let terms = *terms;
        let driver = tokio::spawn(async move { driver::drive(opening, taken, &terms).await }).abort_handle();
        Self { calls, in_flight: AtomicUsize::new(0), driver }
    }

    /// Whether it may take another call; one that is closed, or about to be, does not.
    pub(super) fn takes_calls(&self) -> bool {
        !self.calls.is_closed()
    }

    /// Calls that hold it.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn hold(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn let_go(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Sends a sealed call and answers its reply. It has no deadline: who gives up drops it.
    pub(super) async fn call(&self, seqid: i32, bytes: Bytes) -> Result<Bytes, ChannelFault> {
        let (reply, answer) = oneshot::channel();
        let sent = self.calls.send(Outgoing { seqid, bytes, reply }).await;
        sent.map_err(|_| ChannelFault::NotSent("the connection has been closed".into()))?;
        answer.await.unwrap_or_else(|_| Err(ChannelFault::Lost("the connection has been closed".into())))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
