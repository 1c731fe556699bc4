//! One connection: bytes in, messages out of them, replies back in the order of the calls.
//!
//! Calls run beside each other, in this one task. A peer that ends its output may still wait for replies, so its calls run
//! on; when a reply cannot be written or the connection fails, the task is dropped, and with it what still runs.

use super::Options;
use crate::service::{Answer, Service};
use crate::wire::{Cut, Cutter, Message};
use bytes::BytesMut;
use futures_util::FutureExt;
use futures_util::stream::{FuturesOrdered, StreamExt};
use log::debug;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// As much as is read at once: a peer that announces a large message has to send it before it takes memory here.
const READ_BYTES: usize = 64 * 1024;
/// How long the rest of a refused message is read and dropped, so that closing does not destroy the answer on its way.
const LINGER: Duration = Duration::from_secs(1);

/// Serves one connection until the peer ends it, it breaks a limit, or the server drains.
pub(super) async fn serve(
    stream: TcpStream,
    peer: &str,
    service: &Service,
    options: Options,
    mut draining: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut connection = Connection::new(stream, peer, service, options)?;
    let mut calls = FuturesOrdered::new();
    loop {
        while let Some(taken) = connection.take(calls.len()) {
            calls.push_back(taken.answer(service, peer));
        }
        let drains = *draining.borrow();
        if calls.is_empty() && (connection.input != Input::Open || drains) {
            break;
        }
        let reading = !drains && connection.has_room(calls.len());
        let read_until = connection.read_until;
        tokio::select! {
            Some(first) = calls.next(), if !calls.is_empty() => {
                let (replies, close) = burst(first, || calls.next().now_or_never().flatten());
                connection.write(&replies).await?;
                if close {
                    connection.input = Input::Refused;
                    break;
                }
            }
            read = connection.read(), if reading => read?,
            () = sleep_until(read_until), if reading && calls.is_empty() => {
                debug!(peer; "Nothing came in time.");
                break;
            }
            _ = draining.changed() => {}
        }
    }
    connection.close().await
}

/// Whether more is read from a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    /// The peer has said all that it will say; it may still wait for replies.
    Ended,
    /// Nothing more is read: a message was refused, or the bytes mean nothing.
    Refused,
}

struct Connection<'a> {
    stream: TcpStream,
    peer: &'a str,
    service: &'a Service,
    options: Options,
    cutter: Cutter,
    buffer: BytesMut,
    input: Input,
    /// What the peer has to send next has to be here by then.
    read_until: Instant,
}

/// What was taken out of the input.
enum Taken {
    Call(Message),
    /// Answered without a call.
    Refused(Answer),
}

impl Taken {
    async fn answer(self, service: &Service, peer: &str) -> Answer {
        match self {
            Self::Call(message) => service.call(message, peer).await,
            Self::Refused(answer) => answer,
        }
    }
}

impl<'a> Connection<'a> {
    fn new(stream: TcpStream, peer: &'a str, service: &'a Service, options: Options) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let cutter = Cutter::new(service.wire_limits());
        let read_until = Instant::now() + options.first_byte;
        Ok(Self { stream, peer, service, options, cutter, buffer: BytesMut::new(), input: Input::Open, read_until })
    }

    fn has_room(&self, calls_in_flight: usize) -> bool {
        self.input == Input::Open && calls_in_flight < self.options.max_calls_in_flight
    }

    /// The next message of the input, if it is there and there is room for it.
    fn take(&mut self, calls_in_flight: usize) -> Option<Taken> {
        if !self.has_room(calls_in_flight) {
            return None;
        }
        match self.cutter.cut(&mut self.buffer) {
            Cut::More => None,
            Cut::Message(message) => {
                self.await_next();
                Some(Taken::Call(message))
            }
            Cut::Refused { format, head, refusal } => {
                self.input = Input::Refused;
                let reply = head.and_then(|head| self.service.refuse(format, &head, &refusal));
                Some(Taken::Refused(Answer { reply, close: true }))
            }
            Cut::Unknown => {
                self.input = Input::Refused;
                let first_bytes = &self.buffer[..self.buffer.len().min(8)];
                debug!(peer = self.peer, first_bytes:?; "Bytes of no known protocol."); // Anyone can send them: no WARN each.
                None
            }
        }
    }

    /// Sets the time for the next message: one that has begun has less than one that may never come.
    fn await_next(&mut self) {
        let time = if self.buffer.is_empty() { self.options.idle } else { self.options.message };
        self.read_until = Instant::now() + time;
    }

    async fn read(&mut self) -> io::Result<()> {
        self.buffer.reserve(READ_BYTES);
        let begins = self.buffer.is_empty();
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            self.input = Input::Ended;
        } else if begins {
            self.await_next();
        }
        Ok(())
    }

    async fn write(&mut self, replies: &[u8]) -> io::Result<()> {
        timeout(self.options.message, self.stream.write_all(replies)).await??;
        self.await_next(); // The time in which calls ran, and nothing may have been read, was not the peer's.
        Ok(())
    }

    /// Closing over bytes that were not read resets the connection, and the reset can destroy a reply on its way.
    async fn close(mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        if self.input != Input::Ended {
            let mut rest = vec![0; READ_BYTES];
            let drain = async { while self.stream.read(&mut rest).await.is_ok_and(|count| count > 0) {} };
            let _ = timeout(LINGER, drain).await; // The peer may go on for longer; it has been answered.
        }
        Ok(())
    }
}

/// All replies that are ready, so that a burst of calls is answered by one write; and whether to close after them.
fn burst(first: Answer, mut next: impl FnMut() -> Option<Answer>) -> (Vec<u8>, bool) {
    let mut close = first.close;
    let mut replies = first.reply.unwrap_or_default();
    while !close && replies.len() < READ_BYTES {
        let Some(answer) = next() else { break };
        replies.extend(answer.reply.unwrap_or_default());
        close = answer.close;
    }
    (replies, close)
}
