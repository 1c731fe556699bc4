//! One connection of a load: sends what is due, counts what comes back, and is opened again when it is lost.

use super::alarm::Alarm;
use super::meter::Meter;
use super::places::{InFlight, Places};
use super::requests::Requests;
use super::schedule::Schedule;
use crate::client::endpoint::{Endpoint, Stream};
use crate::client::halves::{Input, Output};
use crate::error::Error;
use crate::wire::runtime::ChannelFault;
use crate::wire::{Format, Replies, Verdict, verdict};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Calls are gathered up to this size, so that a burst of them is sent by one write.
const BURST_BYTES: usize = 64 * 1024;
/// Calls that are due are still sent for so long after the end: a hiccup at the end is no lost call.
const GRACE: Duration = Duration::from_millis(100);
/// From a connection that was lost, or could not be opened, to the next try.
const PAUSE: Duration = Duration::from_millis(100);
/// Time to say that a connection is over.
const LINGER: Duration = Duration::from_secs(1);

/// What the connections of a load have in common.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) endpoint: Endpoint,
    pub(super) format: Format,
    pub(super) max_frame_bytes: usize,
    pub(super) connect_timeout: Duration,
    /// A call without a reply for so long is lost, and its connection with it.
    pub(super) patience: Duration,
    pub(super) requests: Arc<Requests>,
    pub(super) meter: Meter,
}

/// Why a connection is over.
enum End {
    /// Nothing is due any more and nothing is in flight.
    Done,
    /// The server is about to close it, and has answered what was sent.
    Announced,
    Lost(ChannelFault),
}

pub(super) struct Caller {
    terms: Arc<Terms>,
    schedule: Schedule,
    places: Places,
    alarm: Alarm,
    /// Number of the next batch.
    batch: usize,
    /// No further call is sent on this connection.
    closing: bool,
}

impl Caller {
    /// Its first batch is the one of its number.
    pub(super) fn new(terms: Arc<Terms>, schedule: Schedule, batch: usize) -> Self {
        let places = Places::new(terms.requests.places());
        Self { terms, schedule, places, alarm: Alarm::new(), batch, closing: false }
    }

    /// Calls over this connection, and over others after it, until the end.
    pub(super) async fn run(mut self, stream: Box<dyn Stream>) {
        let mut stream = Some(stream);
        while let Some(open) = stream.take() {
            self.closing = false;
            match self.converse(open).await {
                End::Done => return,
                End::Announced => {}
                End::Lost(fault) => {
                    self.lose(&fault);
                    sleep(PAUSE).await; // A server that has enough connections accepts one more only to close it.
                }
            }
            stream = self.reopen().await;
        }
    }

    async fn converse(&mut self, stream: Box<dyn Stream>) -> End {
        let (input, output) = tokio::io::split(stream);
        let mut input = Input::new(input, Replies::new(self.terms.format, self.terms.max_frame_bytes));
        let mut output = Output::new(output);
        let mut patience = std::pin::pin!(sleep_until(Instant::now() + self.terms.patience));
        loop {
            if !output.is_busy() {
                output.set(self.due(Instant::now()));
            }
            let next = self.next(Instant::now());
            if self.places.is_empty() && next.is_none() {
                let _ = timeout(LINGER, output.shut_down()).await; // Nothing depends on it.
                return if self.closing { End::Announced } else { End::Done };
            }
            let step = tokio::select! {
                biased; // What has come is looked at before more is sent.
                read = input.read() => read.and_then(|()| self.hand_out(&mut input)),
                written = output.write(), if output.is_busy() => written.map_err(|cause| ChannelFault::Lost(cause.to_string())),
                () = self.alarm.at(next.unwrap_or_else(Instant::now)), if next.is_some() && self.places.has_free() && !output.is_busy() => Ok(()),
                () = &mut patience => match self.places.expires(self.terms.patience, Instant::now()) {
                    expires if expires > Instant::now() => {
                        patience.as_mut().reset(expires);
                        Ok(())
                    }
                    _ => Err(ChannelFault::TimedOut),
                },
            };
            if let Err(fault) = step {
                return End::Lost(fault);
            }
        }
    }

    /// When the next call is to be sent here, if one is.
    fn next(&self, now: Instant) -> Option<Instant> {
        let may_send = !self.closing && now <= self.terms.meter.window.end + GRACE;
        self.schedule.next(now).filter(|_| may_send)
    }

    /// The calls that are due and have a place, up to the size of a burst.
    fn due(&mut self, now: Instant) -> Bytes {
        let (mut calls, mut bytes, terms) = (vec![], 0, Arc::clone(&self.terms));
        terms.meter.count(|counting| {
            while bytes < BURST_BYTES && self.places.has_free() && self.next(now).is_some() {
                let Some(due) = self.schedule.take(now) else { break };
                let Some(place) = self.places.take(InFlight { due, sent: now }) else { break };
                counting.sent(due, now);
                let call = terms.requests.call(self.batch, place);
                self.batch = self.batch.wrapping_add(1);
                bytes += call.len();
                calls.push(call);
            }
        });
        if calls.len() < 2 {
            return calls.pop().unwrap_or_default();
        }
        let mut burst = BytesMut::with_capacity(bytes);
        calls.iter().for_each(|call| burst.extend_from_slice(call));
        burst.freeze()
    }

    /// Counts the replies that have come.
    fn hand_out(&mut self, input: &mut Input) -> Result<(), ChannelFault> {
        let (now, terms) = (Instant::now(), Arc::clone(&self.terms));
        terms.meter.count(|counting| {
            while let Some(reply) = input.reply()? {
                self.closing |= reply.notice.draining || reply.notice.closing;
                let unasked = || ChannelFault::Unreadable("it sent a reply that nobody asked for".into());
                let call = self.places.free(reply.seqid).ok_or_else(unasked)?;
                counting.replied(&call, now);
                match verdict(terms.format, &reply.body) {
                    Ok(Verdict::Answered) => counting.answered(&call, now),
                    Ok(Verdict::Failed(error)) => counting.ended(call.due, now, Err(&error)),
                    Err(refusal) => counting.ended(call.due, now, Err(&Error::internal(refusal.message))),
                }
            }
            Ok(())
        })
    }

    /// The calls in flight bring no reply.
    fn lose(&mut self, fault: &ChannelFault) {
        let (now, error, calls) = (Instant::now(), lost(fault), self.places.clear());
        self.terms.meter.count(|counting| calls.iter().for_each(|call| counting.ended(call.due, now, Err(&error))));
    }

    /// A new connection; `None` if nothing is due any more. While there is none, each place tries in vain.
    async fn reopen(&mut self) -> Option<Box<dyn Stream>> {
        self.closing = false;
        while self.next(Instant::now()).is_some() {
            match self.terms.endpoint.open(Instant::now() + self.terms.connect_timeout).await {
                Ok(stream) => {
                    self.terms.meter.count(|counting| counting.reconnected());
                    return Some(stream);
                }
                Err(why) => self.try_in_vain(&why),
            }
            sleep(PAUSE).await;
        }
        None
    }

    fn try_in_vain(&mut self, why: &str) {
        let (now, error) = (Instant::now(), lost(&ChannelFault::NotSent(why.to_owned())));
        self.terms.meter.count(|counting| {
            let due = (0..self.terms.requests.places()).map_while(|_| self.schedule.take(now));
            due.for_each(|due| counting.ended(due, now, Err(&error)));
        });
    }
}

/// Why a call that was given up has no answer.
fn lost(fault: &ChannelFault) -> Error {
    match fault {
        ChannelFault::NotSent(why) | ChannelFault::Lost(why) => Error::Unavailable { what: why.clone() },
        ChannelFault::Unreadable(why) => Error::internal(why.clone()),
        ChannelFault::TimedOut => Error::TooLate,
    }
}

impl Drop for Caller {
    /// Also of a load that is stopped.
    fn drop(&mut self) {
        let untaken = self.schedule.untaken(self.terms.meter.window.start, Instant::now());
        self.terms.meter.count(|counting| counting.unsent(untaken));
    }
}
