//! What a connection brings: bytes, and the messages in them, within time and memory.

use super::lateness::Lateness;
use super::spares::Spares;
use super::stream::Stream;
use super::{Options, Shared};
use crate::service::Received;
use crate::telemetry::Reason;
use crate::wire::{Account, Cut, Cutter, FREE_BYTES, Held, Message};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

/// Who has been given memory for a large message has to go on with it: others wait for that memory.
const STALL: Duration = Duration::from_secs(5);

/// Whether more is read from a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// The peer has said all that it will say; it may still wait for replies.
    Ended,
    /// Nothing more is read: a message was refused, or the bytes mean nothing.
    Refused,
}

/// The input of a connection.
pub(super) struct Input {
    pub(super) stream: Stream,
    pub(super) state: State,
    /// What the peer has to send next has to be here by then.
    pub(super) until: Instant,
    options: Options,
    cutter: Cutter,
    buffer: BytesMut,
    account: Account,
    spares: Arc<Spares>,
    lateness: Arc<Lateness>,
    /// The bytes of the message that is arriving, once that is known to be large.
    wanted: usize,
    held: Option<Held>,
    /// What an answered message held, which was nothing: the next one can have it.
    pub(super) unused: Option<Arc<Held>>,
    waiting: Option<BoxFuture<'static, Held>>,
    /// When bytes were read last.
    pub(super) read: Instant,
    /// How long they may have waited for that.
    waited: Duration,
    /// When the first byte of the message came that is arriving.
    begun: Option<Instant>,
    /// Whether a byte has come on this connection.
    said_anything: bool,
}

impl Input {
    /// The input of a connection that has said `first`.
    pub(super) fn new(stream: Stream, first: BytesMut, shared: &Shared) -> Self {
        let options = shared.options;
        let now = Instant::now();
        let mut input = Self {
            stream,
            state: State::Open,
            until: now + options.first_byte,
            options,
            cutter: Cutter::new(shared.service.wire_limits()),
            buffer: first,
            account: shared.memory.account(),
            spares: Arc::clone(&shared.spares),
            lateness: Arc::clone(&shared.lateness),
            wanted: 0,
            held: None,
            unused: None,
            waiting: None,
            read: now,
            waited: Duration::ZERO,
            begun: None,
            said_anything: false,
        };
        if !input.buffer.is_empty() {
            input.arrived();
        }
        input
    }

    /// Whether a further call may be taken, or read for.
    pub(super) fn has_room(&self, calls_in_flight: usize) -> bool {
        self.state == State::Open
            && calls_in_flight < self.options.max_calls_in_flight
            && (calls_in_flight == 0 || self.account.used() + self.due() <= self.options.max_connection_bytes)
    }

    /// What the message that is arriving has still to pay.
    fn due(&self) -> usize {
        if self.held.is_none() { price(self.wanted) } else { 0 }
    }

    /// The next message, if it is there.
    pub(super) fn cut(&mut self) -> Cut {
        if self.buffer.is_empty() {
            return Cut::More { wanted: 0 };
        }
        let (read_into, capacity) = (self.buffer.as_ptr_range(), self.buffer.capacity());
        match self.cutter.cut(&mut self.buffer) {
            Cut::Message(message) => {
                if self.wanted > FREE_BYTES && read_into.contains(&message.body.as_ptr()) {
                    self.spares.keep(&message.body, capacity);
                }
                let held = self.taken(self.read).map_or_else(|| self.nothing(), Arc::new);
                Cut::Message(Message { held: Some(held), ..message })
            }
            Cut::More { wanted } => {
                // What does not say how long it is may become as long as a message may be.
                let so_far = self.buffer.len() + self.cutter.held_bytes();
                let unknown = if so_far < FREE_BYTES { 0 } else { self.options.max_frame_bytes };
                self.wanted = if wanted > 0 { wanted } else { unknown };
                if self.buffer.is_empty() && self.cutter.is_between_messages() {
                    self.await_next(); // What came was a frame that keeps the connection alive.
                }
                Cut::More { wanted }
            }
            Cut::Answer(answer) => Cut::Answer(answer), // Its message is still to come.
            other => {
                drop(self.taken(Instant::now()));
                other
            }
        }
    }

    /// Whether the message that is arriving has to be paid for before it is read further. What it says of its length is worth
    /// nothing yet: it has to bring what is free of charge first.
    fn owes(&self) -> bool {
        let so_far = self.buffer.len() + self.cutter.held_bytes();
        self.wanted > FREE_BYTES && so_far >= FREE_BYTES && self.held.is_none() && self.waiting.is_none()
    }

    /// Takes the memory for the message that is arriving, or begins to wait for it.
    fn pay(&mut self) {
        let price = price(self.wanted);
        match self.account.clone().take(price).now_or_never() {
            Some(held) => self.paid(held),
            None => self.waiting = Some(Box::pin(self.account.clone().take(price))),
        }
    }

    fn paid(&mut self, held: Held) {
        self.held = Some(held);
        self.waiting = None;
        self.await_next(); // Waiting for memory was not the peer's time.
        self.until = self.until.min(Instant::now() + STALL);
    }

    /// The message that was arriving is taken out of the buffer, or will not be: what it held.
    fn taken(&mut self, now: Instant) -> Option<Held> {
        self.wanted = 0;
        self.begun = None;
        self.waiting = None;
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new(); // An idle connection keeps no buffer.
        }
        self.await_from(now);
        self.held.take()
    }

    /// For a message that holds nothing yet.
    fn nothing(&mut self) -> Arc<Held> {
        self.unused.take().unwrap_or_else(|| Arc::new(self.account.nothing()))
    }

    /// Sets the time for the next message: one that has begun has less than one that may never come. Where none can come
    /// any more, it is the time for the calls that still run.
    pub(super) fn await_next(&mut self) {
        self.await_from(Instant::now());
    }

    pub(super) fn await_from(&mut self, now: Instant) {
        self.until = if self.state == State::Ended {
            now + self.options.half_close
        } else if self.buffer.is_empty() {
            self.begun = None;
            now + self.options.idle
        } else {
            *self.begun.insert(now) + self.options.message
        };
    }

    /// Waits for memory if the message that is arriving needs it, else for bytes.
    pub(super) async fn progress(&mut self) -> io::Result<()> {
        if self.owes() {
            self.pay(); // Not earlier: only who has room for the message comes here.
        }
        if let Some(waiting) = &mut self.waiting {
            let held = waiting.await;
            self.paid(held);
            return Ok(());
        }
        let missing = self.wanted.saturating_sub(self.buffer.len() + self.cutter.held_bytes());
        let count = if self.held.is_some() && missing > 0 {
            self.make_room(missing);
            self.stream.read_buf(&mut (&mut self.buffer).limit(missing)).await?
        } else {
            self.stream.read_some(&mut self.buffer).await?
        };
        if count == 0 {
            self.state = State::Ended;
            self.await_next();
        } else {
            self.arrived();
        }
        Ok(())
    }

    /// Room for the rest of a message. It is paid for; pages that nothing is written to take no memory.
    fn make_room(&mut self, missing: usize) {
        if self.buffer.capacity() - self.buffer.len() < missing {
            let mut roomy = self.spares.take(self.buffer.len() + missing);
            roomy.extend_from_slice(&self.buffer);
            self.buffer = roomy;
        }
    }

    /// A message has to come in its time. A large one has more of it, but not for a byte now and then.
    fn arrived(&mut self) {
        self.said_anything = true;
        self.read = Instant::now();
        self.waited = self.lateness.at(self.read);
        let begun = *self.begun.get_or_insert(self.read);
        let so_far = self.buffer.len() + self.cutter.held_bytes();
        self.until = begun + self.options.message + self.options.time_for(so_far);
        if self.held.is_some() {
            self.until = self.until.min(self.read + STALL);
        }
    }

    /// When what was read last was there.
    pub(super) fn received(&self) -> Received {
        Received { at: self.read.into(), waited: self.waited }
    }

    /// No message comes any more: what the one that was arriving holds is free for others.
    pub(super) fn give_up(&mut self) {
        self.buffer = BytesMut::new();
        (self.held, self.waiting) = (None, None);
    }

    /// What the peer was too late for.
    pub(super) fn late_for(&self) -> Reason {
        match (self.said_anything, self.buffer.is_empty()) {
            _ if self.waiting.is_some() => Reason::Memory,
            (false, _) => Reason::FirstByteTime,
            (_, false) => Reason::MessageTime,
            (_, true) => Reason::IdleTime,
        }
    }

    /// What the peer is told that was too late, where its transport has words for it.
    pub(super) fn last_words(&self) -> Option<Bytes> {
        self.cutter.late()
    }

    pub(super) fn first_bytes(&self) -> &[u8] {
        &self.buffer[..self.buffer.len().min(8)]
    }
}

/// What a message is charged: its own bytes, and as many again for what they are decoded into.
fn price(wanted: usize) -> usize {
    if wanted > FREE_BYTES { wanted.saturating_mul(2) } else { 0 }
}
