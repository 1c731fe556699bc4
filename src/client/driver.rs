//! The task of a connection: it sends calls one behind the other, reads replies, and hands each to its call.

use super::connection::Terms;
use super::endpoint::Stream;
use super::halves::{Input, Output};
use super::retry::draw;
use super::waiting::{Outgoing, Waiting};
use crate::wire::Replies;
use crate::wire::runtime::ChannelFault;
use bytes::{Bytes, BytesMut};
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};

/// Calls are gathered up to this size, so that a burst of them is sent by one write.
const BURST_BYTES: usize = 64 * 1024;

/// Time for a server to close a connection as well.
const LINGER: Duration = Duration::from_secs(1);

/// When a connection takes no more calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetime {
    /// After so much time without a call.
    pub(super) idle: Duration,
    /// At this age, give or take a fifth.
    pub(super) age: Duration,
}

pub(super) struct Driver {
    input: Input,
    output: Output,
    /// Closed from the moment from which the connection takes no more calls.
    calls: mpsc::Receiver<Outgoing>,
    /// There are no more of them.
    ending: bool,
    /// Why those that come all the same are not sent.
    refusing: Option<String>,
    waiting: Waiting,
    /// When the last reply came.
    used: Instant,
    idle: Duration,
    expires: Instant,
}

/// Opens a connection and drives it until nobody needs it any more, or it is lost.
pub(super) async fn drive(
    opening: impl Future<Output = Result<Box<dyn Stream>, String>>,
    calls: mpsc::Receiver<Outgoing>,
    terms: &Terms,
) {
    match opening.await {
        Ok(stream) => Driver::new(stream, calls, terms).drive().await,
        Err(why) => refuse(calls, &why).await,
    }
}

impl Driver {
    fn new(stream: Box<dyn Stream>, calls: mpsc::Receiver<Outgoing>, terms: &Terms) -> Self {
        let (input, output) = tokio::io::split(stream);
        let now = Instant::now();
        Self {
            input: Input::new(input, Replies::new(terms.format, terms.max_frame_bytes)),
            output: Output::new(output),
            calls,
            ending: false,
            refusing: None,
            waiting: Waiting::new(terms.format.out_of_order()),
            used: now,
            idle: terms.lifetime.idle,
            expires: now + terms.lifetime.age.mul_f64(0.8 + 0.4 * draw()),
        }
    }

    async fn drive(mut self) {
        let mut timer = std::pin::pin!(sleep_until(self.end()));
        while !self.ending || !self.waiting.is_empty() {
            let step = tokio::select! {
                biased; // What has come is looked at before more is sent.
                read = self.input.read() => read.and_then(|()| self.hand_out()),
                written = self.output.write(), if self.output.is_busy() => self.written(written),
                call = self.calls.recv(), if !self.output.is_busy() && !self.ending => self.take(call).await,
                () = &mut timer, if !self.calls.is_closed() => {
                    match self.end() {
                        end if end > Instant::now() => timer.as_mut().reset(end),
                        _ => self.calls.close(),
                    }
                    Ok(())
                }
            };
            if let Err(fault) = step {
                let why = fault.to_string();
                self.waiting.fail(fault, self.output.sent());
                return refuse(self.calls, &why).await;
            }
        }
        self.close().await;
    }

    /// Ends a connection that nobody needs in an orderly way: the server closes it too.
    async fn close(mut self) {
        let end = async {
            self.output.shut_down().await?;
            self.input.read().await.map_err(io::Error::other)
        };
        let _ = timeout(LINGER, end).await; // Nothing depends on it.
    }

    /// When it takes no more calls, if nothing happens.
    fn end(&self) -> Instant {
        let used = if self.waiting.is_empty() { self.used } else { Instant::now() };
        self.expires.min(used + self.idle)
    }

    fn hand_out(&mut self) -> Result<(), ChannelFault> {
        while let Some(reply) = self.input.reply()? {
            if reply.notice.draining || reply.notice.closing {
                self.stop("it is about to close the connection");
            }
            self.used = Instant::now();
            self.waiting.hand_out(reply).map_err(ChannelFault::Lost)?;
        }
        Ok(())
    }

    /// What has come back when nothing can be sent any more is still read: it may say why, and other calls wait for it.
    fn written(&mut self, written: io::Result<()>) -> Result<(), ChannelFault> {
        if let Err(error) = written {
            self.stop(&error.to_string());
        }
        Ok(())
    }

    /// Sends no further call.
    fn stop(&mut self, why: &str) {
        self.calls.close();
        self.refusing.get_or_insert_with(|| why.to_owned());
    }

    /// Takes all calls that are there, up to the size of a burst.
    async fn take(&mut self, first: Option<Outgoing>) -> Result<(), ChannelFault> {
        let Some(first) = first else {
            self.ending = true;
            return Ok(());
        };
        if self.waiting.is_empty() {
            yield_now().await; // What happened to an idle connection is known once the event loop has looked.
        }
        let mut bytes = self.expect(first);
        if bytes.len() < BURST_BYTES
            && let Ok(second) = self.calls.try_recv()
        {
            let mut burst = BytesMut::from(bytes);
            burst.extend_from_slice(&self.expect(second));
            while burst.len() < BURST_BYTES
                && let Ok(next) = self.calls.try_recv()
            {
                burst.extend_from_slice(&self.expect(next));
            }
            bytes = burst.freeze();
        }
        self.output.set(bytes);
        Ok(())
    }

    /// Waits for the reply to a call from now on, and answers its bytes; none if it is not to be sent.
    fn expect(&mut self, call: Outgoing) -> Bytes {
        match &self.refusing {
            Some(why) => {
                call.refuse(why);
                Bytes::new()
            }
            None => self.waiting.push(call),
        }
    }
}

/// Tells calls that no connection will carry why.
async fn refuse(mut calls: mpsc::Receiver<Outgoing>, why: &str) {
    calls.close();
    while let Some(call) = calls.recv().await {
        call.refuse(why);
    }
}
