//! What a connection brings: bytes, and the messages in them, within time and memory.

use super::lateness::Lateness;
use super::patience::Patience;
use super::spares::Spares;
use super::stream::Stream;
use super::{Options, Shared};
use crate::service::Received;
use crate::telemetry::Reason;
use crate::wire::{Account, Cut, Cutter, Deposit, FREE_BYTES, Held, Message, Payment, price};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::future::BoxFuture;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

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
    /// What the peer has to send next has to be here in time.
    pub(super) patience: Patience,
    options: Options,
    cutter: Cutter,
    buffer: BytesMut,
    account: Account,
    spares: Arc<Spares>,
    lateness: Arc<Lateness>,
    /// The bytes of the message that is arriving, once that is known to be large.
    wanted: usize,
    /// Whether the peer has said so; else it is the most that there may be.
    is_told: bool,
    /// What is paid for it.
    deposit: Option<Deposit>,
    /// What an answered message held, which was nothing: the next one can have it.
    pub(super) unused: Option<Arc<Held>>,
    waiting: Option<Waiting>,
    /// For how long the message that is arriving has waited for memory.
    held_up: Duration,
    /// The same of the message that was taken last.
    was_held_up: Duration,
    /// When bytes were read last.
    pub(super) read: Instant,
    /// How long they may have waited for that.
    waited: Duration,
    /// Whether a byte has come on this connection.
    said_anything: bool,
}

/// A message waits for the memory that it lacks.
struct Waiting {
    since: Instant,
    payment: BoxFuture<'static, Payment>,
}

impl Input {
    /// The input of a connection that has said `first`.
    pub(super) fn new(stream: Stream, first: BytesMut, account: Account, shared: &Shared) -> Self {
        let options = shared.options;
        let now = Instant::now();
        let mut input = Self {
            stream,
            state: State::Open,
            patience: Patience::new(now + options.first_byte),
            options,
            cutter: Cutter::new(shared.service.wire_limits()),
            buffer: first,
            account,
            spares: Arc::clone(&shared.spares),
            lateness: Arc::clone(&shared.lateness),
            wanted: 0,
            is_told: false,
            deposit: None,
            unused: None,
            waiting: None,
            held_up: Duration::ZERO,
            was_held_up: Duration::ZERO,
            read: now,
            waited: Duration::ZERO,
            said_anything: false,
        };
        if !input.buffer.is_empty() {
            input.arrived(0);
        }
        input
    }

    /// Whether a further call may be taken, or read for. Who waits for memory goes on to: others wait behind it.
    pub(super) fn has_room(&self, calls_in_flight: usize) -> bool {
        let fits = || self.account.used() + self.due() <= self.options.max_connection_bytes;
        self.state == State::Open
            && calls_in_flight < self.options.max_calls_in_flight
            && (calls_in_flight == 0 || self.waiting.is_some() || fits())
    }

    /// What the message that is arriving has still to pay.
    fn due(&self) -> usize {
        price(self.wanted).saturating_sub(price(self.covers()))
    }

    /// As many bytes of it are paid for.
    fn covers(&self) -> usize {
        self.deposit.as_ref().map_or(0, Deposit::covers)
    }

    /// How much the buffer takes.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// As many have come.
    fn so_far(&self) -> usize {
        self.buffer.len() + self.cutter.held_bytes()
    }

    /// Whether a message has begun to come and is not whole.
    pub(super) fn is_half_there(&self) -> bool {
        !(self.buffer.is_empty() && self.cutter.is_between_messages())
    }

    /// Whether memory is held for it.
    pub(super) fn holds(&self) -> bool {
        self.deposit.is_some()
    }

    /// The next message, if it is there.
    pub(super) fn cut(&mut self) -> Cut {
        if self.buffer.is_empty() {
            return Cut::More { wanted: 0 };
        }
        let (read_into, capacity) = (self.buffer.as_ptr_range(), self.buffer.capacity());
        let so_far = self.so_far();
        match self.cutter.cut(&mut self.buffer) {
            Cut::Message(message) => {
                if self.wanted > FREE_BYTES && read_into.contains(&message.body.as_ptr()) {
                    self.spares.keep(&message.body, capacity);
                }
                self.was_held_up = std::mem::take(&mut self.held_up);
                let held = match self.taken(self.read) {
                    Some(deposit) => Arc::new(deposit.into_held(so_far.saturating_sub(self.so_far()))),
                    None => self.nothing(),
                };
                Cut::Message(Message { held: Some(held), ..message })
            }
            Cut::More { wanted } => {
                // What does not say how long it is may become as long as a message may be.
                let unknown = if self.so_far() < FREE_BYTES { 0 } else { self.options.max_frame_bytes };
                self.is_told = wanted > 0;
                self.wanted = if self.is_told { wanted } else { unknown };
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

    /// Whether the message that is arriving has to pay before it is read further. What it says of its length is worth little:
    /// it has to bring what is free of charge first, and then what it has paid for.
    fn owes(&self) -> bool {
        let (so_far, covers) = (self.so_far(), self.covers());
        self.wanted > FREE_BYTES.max(covers) && so_far >= FREE_BYTES.max(covers) && self.waiting.is_none()
    }

    /// Takes memory for the message that is arriving, or begins to wait for it.
    fn pay(&mut self) {
        let (so_far, now) = (self.so_far(), Instant::now());
        let deposit = self.deposit.get_or_insert_with(|| Deposit::new(&self.account));
        if deposit.try_step(so_far, self.wanted) {
            self.patience.holds(now, Duration::ZERO);
        } else {
            self.waiting = Some(Waiting { since: now, payment: Box::pin(deposit.next(so_far, self.wanted)) });
            self.patience.waits();
        }
    }

    fn paid(&mut self, payment: Payment) {
        if let Some(deposit) = &mut self.deposit {
            deposit.add(payment);
        }
        self.stop_waiting();
    }

    /// Waits for no memory any more; what it has waited was not the peer's time, but the caller's.
    pub(super) fn stop_waiting(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            let now = Instant::now();
            self.held_up += now - waiting.since;
            self.patience.holds(now, now - waiting.since);
        }
    }

    /// The message that was arriving is taken out of the buffer, or will not be: what it has paid.
    fn taken(&mut self, now: Instant) -> Option<Deposit> {
        self.wanted = 0;
        self.held_up = Duration::ZERO;
        self.waiting = None;
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new(); // An idle connection keeps no buffer.
        }
        self.await_from(now);
        self.deposit.take()
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
        if self.state == State::Ended {
            self.patience.rests(now + self.options.half_close);
        } else if self.is_half_there() {
            self.patience.begins(now, self.options.message);
        } else {
            self.patience.rests(now + self.options.idle);
        }
    }

    /// Waits for memory if the message that is arriving needs it, else for bytes.
    pub(super) async fn progress(&mut self) -> io::Result<()> {
        if self.owes() {
            self.pay(); // Not earlier: only who has room for the message comes here.
        }
        if let Some(waiting) = &mut self.waiting {
            let payment = (&mut waiting.payment).await;
            self.paid(payment);
            return Ok(());
        }
        let so_far = self.so_far();
        let covered = self.covers().min(self.wanted).saturating_sub(so_far);
        let count = if covered > 0 {
            self.make_room(so_far);
            self.stream.read_buf(&mut (&mut self.buffer).limit(covered)).await?
        } else {
            self.stream.read_some(&mut self.buffer).await?
        };
        if count == 0 {
            self.state = State::Ended;
            self.give_up(); // The rest of a message that is half there cannot come.
            self.await_next();
        } else {
            self.arrived(count);
        }
        Ok(())
    }

    /// Room for what is paid for of a message, or for all of it if it is known how much that is: pages that nothing is written to
    /// take no memory.
    fn make_room(&mut self, so_far: usize) {
        let covers = self.covers().min(self.wanted);
        if self.buffer.capacity() - self.buffer.len() < covers.saturating_sub(so_far) {
            let told = self.deposit.as_mut().filter(|_| self.is_told);
            let room = told.map_or(covers, |deposit| deposit.room(self.wanted)).max(covers);
            let mut roomy = self.spares.take(self.buffer.len() + room.saturating_sub(so_far));
            roomy.extend_from_slice(&self.buffer);
            self.buffer = roomy;
        }
    }

    /// A message has to come in its time. A large one has more of it, but not for a byte now and then.
    fn arrived(&mut self, count: usize) {
        self.said_anything = true;
        self.read = Instant::now();
        self.waited = self.lateness.at(self.read);
        let time = self.options.message + self.options.time_for(self.so_far());
        self.patience.arrived(self.read, time, || self.options.time_for(count));
    }

    /// What was read last, and what became of the message that was taken last.
    pub(super) fn received(&self) -> Received {
        Received { at: self.read.into(), waited: self.waited, held_up: self.was_held_up }
    }

    /// Whether what has to come is too late, `now` that its time may be over.
    pub(super) fn is_late(&mut self, now: Instant) -> bool {
        let memory = self.account.memory();
        self.patience.is_over(now, || memory.is_wanted())
    }

    /// No message comes any more: what the one that was arriving holds is free for others.
    pub(super) fn give_up(&mut self) {
        self.buffer = BytesMut::new();
        (self.deposit, self.waiting) = (None, None);
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
