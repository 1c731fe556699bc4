//! One connection: bytes in, messages out of them, replies back in the order of the calls.
//!
//! Calls run beside each other, in this one task, also while a reply is being written. When a reply cannot be written or
//! the connection fails, the task is dropped, and with it what still runs. A peer that ends its output may still wait for
//! replies, or may be gone, which cannot be told apart; so its calls run on for a while.

use super::bell::Bell;
use super::burst::{BURST_BYTES, Burst};
use super::calls::Calls;
use super::input::{Input, State};
use super::pages;
use super::patience::STALL;
use super::stream::Stream;
use super::turn::Turn;
use super::{Phase, Shared};
use crate::service::{Peer, Received};
use crate::telemetry::{Cancelled, Reason};
use crate::wire::runtime::Begun;
use crate::wire::{Answer, Cut, Message};
use bytes::Buf;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use log::debug;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// How long the rest of a refused message is read and dropped, so that closing does not destroy the answer on its way.
const LINGER: Duration = Duration::from_secs(1);

/// Serves one connection until the peer ends it, it breaks a limit, or the server drains.
pub(super) async fn serve(
    input: Input,
    peer: &mut Peer,
    shared: &Shared,
    phase: watch::Receiver<Phase>,
) -> io::Result<()> {
    let mut connection = Connection { input, turn: Turn::new(), peer, shared };
    let mut calls = Calls::default();
    let mut latest = Latest::of(phase);
    let mut alarm = Bell::new(Box::pin(sleep_until(connection.input.patience.until())));
    loop {
        if let Some(mut burst) = connection.answers(&mut calls, &mut latest) {
            connection.write(&mut burst, &mut calls).await?;
            if burst.close {
                connection.input.state = State::Refused;
                break; // What came behind a message that ends the connection is not answered.
            }
            continue;
        }
        let open = connection.input.state == State::Open && latest.phase() != Phase::Draining;
        if calls.is_empty() && !open {
            break;
        }
        let reading = open && connection.input.has_room(calls.len());
        match reading {
            true => connection.input.patience.go_on(),
            false if open => connection.input.patience.pause(),
            false => {}
        }
        let is_due = calls.is_empty() || connection.input.is_half_there();
        let waits = (reading && is_due) || connection.input.state == State::Ended;
        let until = connection.input.patience.until();
        if until < alarm.get().deadline() {
            alarm.reset().reset(until); // Later is seen when it rings: most waits end before, at no cost.
        }
        tokio::select! {
            biased; // What is there goes first; who sends without end meets the alarm when its turn ends.
            () = calls.go_on(), if calls.are_running() => connection.turn.waited(),
            progress = connection.input.progress(), if reading => progress.inspect_err(|_| connection.gone(calls.len()))?,
            () = alarm.rings(), if waits => {
                let is_late = connection.input.is_late(Instant::now());
                if is_late && !connection.late(calls.len()).await? {
                    break;
                }
                alarm.reset().reset(connection.input.patience.until());
            }
            () = latest.changes() => {}
        }
    }
    drop(calls); // They hold places and memory that others wait for.
    connection.close().await
}

/// The phase as it is, looked up where it has changed.
struct Latest {
    phases: watch::Receiver<Phase>,
    phase: Phase,
    next: Bell<dyn Future<Output = ()> + Send>,
}

impl Latest {
    fn of(mut phases: watch::Receiver<Phase>) -> Self {
        let phase = *phases.borrow_and_update();
        Self { next: Bell::new(after(phases.clone())), phases, phase }
    }

    fn phase(&mut self) -> Phase {
        if self.phases.has_changed().is_ok_and(|has_changed| has_changed) {
            self.phase = *self.phases.borrow_and_update();
            self.next = Bell::new(after(self.phases.clone()));
        }
        self.phase
    }

    /// Waits until the phase is another one than was looked up last.
    async fn changes(&mut self) {
        self.next.rings().await;
    }
}

/// Waits for the phase after the one that was looked up last; it does not come if there is none.
fn after(mut phases: watch::Receiver<Phase>) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        if phases.changed().await.is_err() {
            std::future::pending().await
        }
    })
}

struct Connection<'a> {
    input: Input,
    turn: Turn,
    peer: &'a mut Peer,
    shared: &'a Shared,
}

/// What was taken out of the input.
enum Taken {
    Call(Message),
    /// Answered without a call.
    Answer(Answer),
}

impl Taken {
    fn out_of_order(&self) -> bool {
        matches!(self, Self::Call(message) if message.envelope.out_of_order())
    }

    fn begin<'a>(self, shared: &'a Shared, peer: &mut Peer, received: Received) -> Begun<'a, Answer> {
        match self {
            Self::Call(message) => shared.service.call(message, received, peer),
            Self::Answer(answer) => Begun::Done(answer),
        }
    }
}

impl<'a> Connection<'a> {
    /// Begins the calls that have come, and answers what is ready of all, as much as belongs into one write. What comes behind
    /// a full one begins once that has been written.
    ///
    /// An answer may tell of a phase; so do all replies behind it. Who may tell in the last one depends on how many others
    /// there are.
    fn answers(&mut self, calls: &mut Calls<'a>, latest: &mut Latest) -> Option<Burst> {
        let mut burst = Burst::default();
        while !burst.is_full
            && let Some(taken) = self.take(calls.len() + burst.len())
        {
            let out_of_order = taken.out_of_order();
            calls.push(taken.begin(self.shared, self.peer, self.input.received()), out_of_order);
            if latest.phase() == Phase::Serving {
                burst.gather(calls, Calls::answered, Phase::Serving);
                self.input.unused = burst.unused.take().or(self.input.unused.take());
            }
        }
        burst.gather(calls, Calls::ready, latest.phase());
        Some(burst).filter(|burst| !burst.is_empty())
    }

    /// The next message of the input, if it is there and there is room for it.
    fn take(&mut self, calls_in_flight: usize) -> Option<Taken> {
        if !self.input.has_room(calls_in_flight) {
            return None;
        }
        match self.input.cut() {
            Cut::More { .. } => None,
            Cut::Message(message) => Some(Taken::Call(message)),
            Cut::Answer(answer) => Some(Taken::Answer(answer)),
            Cut::Request(request) => Some(Taken::Answer(pages::answer(self.shared, self.peer, &request))),
            Cut::Refused { answer, refusal } => {
                if answer.close {
                    self.input.state = State::Refused;
                }
                self.shared.service.count(&refusal);
                debug!(peer:% = self.peer.address, refusal = refusal.message; "Message refused.");
                Some(Taken::Answer(answer))
            }
            Cut::Unknown(reason) => {
                self.input.state = State::Refused;
                self.shared.service.telemetry().refused(reason);
                let first_bytes = self.input.first_bytes();
                debug!(peer:% = self.peer.address, first_bytes:?; "Bytes of no known protocol."); // Anyone can send them: no WARN each.
                None
            }
        }
    }

    /// The peer is gone, and so many calls with it.
    fn gone(&self, calls: usize) {
        self.shared.service.telemetry().cancelled(Cancelled::Disconnect, calls);
    }

    /// Nothing came, or nothing was finished, in time. Answers whether calls go on: those that came before a message that does
    /// not come are answered.
    async fn late(&mut self, calls: usize) -> io::Result<bool> {
        debug!(peer:% = self.peer.address, calls; "Nothing came in time.");
        let telemetry = self.shared.service.telemetry();
        if self.input.state == State::Ended {
            self.gone(calls);
            return Ok(false);
        }
        let reason = self.input.late_for();
        telemetry.refused(reason);
        if calls > 0 {
            self.input.state = State::Refused;
            self.input.give_up();
            return Ok(true);
        }
        if let Some(mut words) = self.input.last_words().filter(|_| reason == Reason::MessageTime) {
            write_all(&mut self.input.stream, &mut words, self.shared.options.write).await?;
        }
        Ok(false)
    }

    /// Writes replies. Most go out at once, without a timer.
    async fn write(&mut self, replies: &mut Burst, calls: &mut Calls<'_>) -> io::Result<()> {
        let written = match write_at_once(&mut self.input.stream, replies) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let written = self.go_on_writing(replies, calls).await;
                self.turn.waited();
                written
            }
            Err(error) => Err(error),
        };
        let now = Instant::now();
        if !self.input.is_half_there() || self.input.state == State::Ended {
            self.input.await_from(now); // The time in which calls ran was not the peer's.
        }
        self.turn.worked(self.input.read, now).await;
        written.inspect_err(|_| self.gone(calls.len()))
    }

    /// Writes while the calls run on.
    async fn go_on_writing(&mut self, replies: &mut Burst, calls: &mut Calls<'_>) -> io::Result<()> {
        let options = &self.shared.options;
        self.input.stop_waiting(); // Who has its turn has to take it, and a write may last.
        self.input.patience.pause();
        let stall = if self.input.holds() { options.write.min(STALL) } else { options.write };
        let whole = options.write + options.time_for(replies.remaining());
        let mut write = pin!(timeout(whole, write_all(&mut self.input.stream, replies, stall)));
        let written = loop {
            tokio::select! {
                written = &mut write => break written.unwrap_or_else(|elapsed| Err(elapsed.into())),
                () = calls.go_on(), if calls.are_running() => {}
            }
        };
        written.inspect_err(|error| {
            if error.kind() == io::ErrorKind::TimedOut {
                self.shared.service.telemetry().refused(Reason::WriteTime);
            }
        })
    }

    /// Closing over bytes that were not read resets the connection, and the reset can destroy a reply on its way.
    async fn close(mut self) -> io::Result<()> {
        self.input.give_up();
        let stream = &mut self.input.stream;
        timeout(LINGER, stream.shutdown()).await??;
        if self.input.state != State::Ended {
            let mut rest = vec![0; BURST_BYTES];
            let drain = async { while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {} };
            let _ = timeout(LINGER, drain).await; // The peer may go on for longer; it has been answered.
        }
        Ok(())
    }
}

/// Writes what the peer takes now. Answers whether that was all: what is left may be only to flush what the stream has taken.
fn write_at_once(stream: &mut Stream, bytes: &mut impl Buf) -> io::Result<bool> {
    stream.write_some(bytes).now_or_never().transpose()?;
    Ok(!bytes.has_remaining() && stream.flush().now_or_never().transpose()?.is_some())
}

/// Writes all, as long as the peer takes some of it in each `stall`.
async fn write_all(stream: &mut Stream, bytes: &mut impl Buf, stall: Duration) -> io::Result<()> {
    while bytes.has_remaining() {
        timeout(stall, stream.write_some(bytes)).await??;
    }
    timeout(stall, stream.flush()).await?
}
