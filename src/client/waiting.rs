//! The calls of a connection that wait for their replies.

use crate::wire::Reply;
use crate::wire::runtime::ChannelFault;
use bytes::Bytes;
use std::collections::VecDeque;
use tokio::sync::oneshot;

/// A call to be sent, and where its reply goes. Nobody may be there any more.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) seqid: i32,
    pub(super) bytes: Bytes,
    pub(super) reply: oneshot::Sender<Result<Bytes, ChannelFault>>,
}

impl Outgoing {
    /// Says why it is not sent.
    pub(super) fn refuse(self, why: &str) {
        let _ = self.reply.send(Err(ChannelFault::NotSent(why.to_owned())));
    }
}

/// Calls in the order in which they were sent, or are being sent. One that was given up keeps its place until its reply has
/// come and been dropped, so that no reply can be taken for another's.
pub(super) struct Waiting {
    calls: VecDeque<Call>,
    /// Replies may overtake each other.
    out_of_order: bool,
    /// Bytes of all calls so far.
    bytes: u64,
}

struct Call {
    seqid: i32,
    /// It has been sent whole once so many bytes of the connection have.
    end: u64,
    reply: oneshot::Sender<Result<Bytes, ChannelFault>>,
}

impl Waiting {
    pub(super) fn new(out_of_order: bool) -> Self {
        Self { calls: VecDeque::new(), out_of_order, bytes: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes a call that is sent behind the others, and answers its bytes; none if it has been given up already.
    pub(super) fn push(&mut self, call: Outgoing) -> Bytes {
        if call.reply.is_closed() {
            return Bytes::new();
        }
        self.bytes += call.bytes.len() as u64;
        self.calls.push_back(Call { seqid: call.seqid, end: self.bytes, reply: call.reply });
        call.bytes
    }

    /// Hands a reply to its call.
    ///
    /// # Errors
    /// In words, if it is the reply to none, or comes out of turn: then the next call has it, and tells so by its number.
    pub(super) fn hand_out(&mut self, reply: Reply) -> Result<(), String> {
        let place = self.calls.iter().position(|call| call.seqid == reply.seqid);
        let place = place.filter(|place| *place == 0 || self.out_of_order);
        let call = self.calls.remove(place.unwrap_or(0)).ok_or("it sent a reply that nobody asked for")?;
        let _ = call.reply.send(Ok(reply.body));
        place.map(drop).ok_or_else(|| format!("it answered call {}, not {}", reply.seqid, call.seqid))
    }

    /// Tells all why they get no reply, after so many bytes have been sent. What cannot be read is the reply to the first.
    pub(super) fn fail(&mut self, fault: ChannelFault, sent: u64) {
        let why = fault.to_string();
        let mut first = Some(fault);
        for call in self.calls.drain(..) {
            let fault = first.take().unwrap_or_else(|| ChannelFault::Lost(why.clone()));
            let fault = if call.end <= sent { fault } else { ChannelFault::NotSent(why.clone()) };
            let _ = call.reply.send(Err(fault));
        }
    }
}
