//! What happens around every call, once: the head is read, the method found, access, deadline and panic are judged.

use super::Service;
use super::audit::Change;
use super::judge::{Received, is_load, judge};
use crate::access::Peer;
use crate::error::{Error, Result};
use crate::telemetry::{Cancelled, Reason};
use crate::wire::runtime::{Arguments, Begun, Call, Method, Reply, RequestId};
use crate::wire::services::{dispatch, find};
use crate::wire::types::{RequestContext, ServiceError};
use crate::wire::{
    Answer, Draft, Envelope, Format, Head, Held, Message, Opened, Refusal, Transport, convert, error_reply, open,
    refusal_reply,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use log::{debug, error};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use tokio::time::timeout_at;

/// What a reply is written by.
struct ReplyTo {
    format: Format,
    envelope: Envelope,
    head: Head,
    held: Option<Arc<Held>>,
}

impl ReplyTo {
    fn answer(self, Written { reply, close }: Written) -> Answer {
        let reply = Some(reply).filter(|_| !self.head.oneway);
        Answer { envelope: self.envelope, reply, close, held: self.held }
    }
}

/// A reply behind its headroom.
struct Written {
    reply: Draft,
    /// The connection is closed after it.
    close: bool,
}

impl Service {
    /// Begins one message, which was there when it was `received`. Dropping what waits cancels the call.
    pub fn call<'a>(&'a self, message: Message, received: Received, peer: &mut Peer) -> Begun<'a, Answer> {
        match open(&message, &self.parts.wire_limits) {
            Ok(opened) => self.begin(opened, message, received, peer),
            Err((head, refusal)) => {
                self.count(&refusal);
                debug!(peer:% = peer.address, refusal = refusal.message; "Message refused.");
                let Message { format, envelope, held, .. } = message;
                let refused = Answer::refused(format, envelope, head.as_ref(), &refusal, true);
                Begun::Done(Answer { held, ..refused })
            }
        }
    }

    fn begin<'a>(
        &'a self,
        Opened { head, context, rest }: Opened,
        message: Message,
        received: Received,
        peer: &mut Peer,
    ) -> Begun<'a, Answer> {
        let (format, envelope, held) = (message.format, message.envelope.clone(), message.held.clone());
        let to = ReplyTo { format, envelope, head, held };
        let (method, call) = match self.admitted(&to, context, (message.body.len(), received), peer) {
            Ok(admitted) => admitted,
            Err(written) => return Begun::Done(to.answer(written)),
        };
        let needs_place = is_load(method);
        if needs_place && !self.calls.are_left() {
            return Begun::Done(self.too_many(to, &call));
        }
        debug!(method = method.name, who = call.caller.identity.name(), request_id:? = call.request_id, peer:% = call.caller.address; "Call.");
        let arguments = Arguments { head: to.head.clone(), message, rest, limits: self.parts.wire_limits };
        let begun = catch_unwind(AssertUnwindSafe(|| dispatch(self, method, &call, arguments)));
        let place = self.calls.take_if(needs_place && matches!(begun, Ok(Begun::Waits(_))));
        let Some(place) = place else { return Begun::Done(self.too_many(to, &call)) };
        self.parts.telemetry.calls.inc();
        match begun {
            Ok(Begun::Done(done)) => Begun::Done(self.answer(to, &call, Ok(done))),
            Ok(Begun::Waits(work)) => Begun::waits(async move {
                let _place = place;
                if call.deadline <= Instant::now() {
                    let refused = self.refused(&to, &Error::DeadlineExceeded, &call.request_id); // It waited behind others.
                    return to.answer(refused);
                }
                let change = Change::begin(method, &call);
                let done = guarded(method, &call, work).await;
                if let Some(change) = change {
                    change.end(&done);
                }
                self.answer(to, &call, done)
            }),
            Err(_) => Begun::Done(self.answer(to, &call, Err(panicked(&call)))),
        }
    }

    /// What a caller is told who found no place. What waits takes one. What is answered where it stands takes none, but is
    /// refused too while none is free; who asks how the server is, or administers it, needs none.
    fn too_many(&self, to: ReplyTo, call: &Call) -> Answer {
        let limit = self.parts.max_calls;
        let refused = self.refused(&to, &Error::TooMany { what: "calls", count: limit, limit }, &call.request_id);
        to.answer(refused)
    }

    /// The method that is called and what is known of the call, if that is allowed.
    ///
    /// # Errors
    /// What the caller is told.
    fn admitted(
        &self,
        to: &ReplyTo,
        context: std::result::Result<RequestContext, Refusal>,
        (body_bytes, received): (usize, Received),
        peer: &mut Peer,
    ) -> std::result::Result<(&'static Method, Call), Written> {
        let Some(method) = find(to.head.service.as_deref(), &to.head.name) else {
            let refusal = Refusal::unknown_method(&to.head.name);
            return Err(Written { reply: self.refusal(to, &refusal), close: false });
        };
        let context = context.map_err(|refusal| self.unreadable(to, &refusal))?;
        let call =
            judge(method, context, received, peer, &self.parts.access, self.parts.max_deadline).map_err(|refused| {
                self.denials.write(&refused.denied(method, peer));
                self.refused(to, &refused.error, &refused.request_id)
            })?;
        if !to.held.as_ref().is_none_or(|held| held.try_cover(body_bytes)) {
            return Err(self.refused(to, &Error::Full, &call.request_id)); // It was compressed.
        }
        Ok((method, call))
    }

    /// What goes back for a call that has ended.
    fn answer(&self, to: ReplyTo, call: &Call, done: Declared<Reply>) -> Answer {
        let written = self.written(&to, call, done);
        to.answer(written)
    }

    fn written(&self, to: &ReplyTo, call: &Call, done: Declared<Reply>) -> Written {
        let (format, head) = (to.format, &to.head);
        let reply = match done {
            Ok(Reply::Bytes(bytes)) => self.fitting(bytes, to, call),
            Ok(Reply::Refused(refusal)) if refusal.reason == Reason::Memory => {
                return self.refused(to, &Error::Full, &call.request_id);
            }
            Ok(Reply::Refused(refusal)) => return self.unreadable(to, &refusal),
            Ok(Reply::Thrown(error)) => {
                if error.code_name.as_deref() == Some("PERMISSION_DENIED") {
                    self.parts.telemetry.refused(Reason::PermissionDenied);
                }
                error_reply(format, head, &error).into()
            }
            Err(error) => {
                if error.code_name.as_deref() == Some("DEADLINE_EXCEEDED") {
                    self.parts.telemetry.cancelled(Cancelled::Deadline, 1);
                }
                error_reply(format, head, &error).into()
            }
        };
        Written { reply, close: false }
    }

    /// The reply, unless it is larger than a message may be or than the memory that is left.
    fn fitting(&self, reply: Draft, to: &ReplyTo, call: &Call) -> Draft {
        let (format, head, held) = (to.format, &to.head, to.held.as_deref());
        let (size, limit) = (reply.len(), self.parts.wire_limits.max_frame_bytes);
        if format.framed_bytes(size) > limit {
            return error_reply(format, head, &reply_too_large(call, size, limit)).into();
        }
        if !held.is_none_or(|held| held.try_cover(size)) {
            self.parts.telemetry.refused(Reason::Memory);
            let error = ServiceError { executed: Some(true), ..declared(call, &Error::Full) };
            return error_reply(format, head, &error).into();
        }
        reply
    }

    fn refusal(&self, to: &ReplyTo, refusal: &Refusal) -> Draft {
        self.count(refusal);
        refusal_reply(to.format, &to.head, refusal).into()
    }

    /// A frame says where the next message begins; without one, a message that cannot be read leaves that in doubt.
    fn unreadable(&self, to: &ReplyTo, refusal: &Refusal) -> Written {
        let close = to.format.transport == Transport::Unframed;
        Written { reply: self.refusal(to, refusal), close }
    }

    /// The reply to a call that was not begun.
    fn refused(&self, to: &ReplyTo, error: &Error, request_id: &RequestId) -> Written {
        if let Some(reason) = reason(error) {
            self.parts.telemetry.refused(reason);
        }
        let reply = error_reply(to.format, &to.head, &convert::service_error(error, request_id));
        Written { reply: reply.into(), close: false }
    }

    /// Counts a message that was refused.
    pub fn count(&self, refusal: &Refusal) {
        self.parts.telemetry.refused(refusal.reason);
    }
}

/// What a call that was not begun is counted under.
fn reason(error: &Error) -> Option<Reason> {
    match error {
        Error::DeadlineExceeded => Some(Reason::Deadline),
        Error::TooBusy { .. } => Some(Reason::SocketTime),
        Error::TooMany { .. } => Some(Reason::Calls),
        Error::Full => Some(Reason::Memory),
        Error::Unauthenticated { .. } => Some(Reason::Unauthenticated),
        Error::PermissionDenied { .. } => Some(Reason::PermissionDenied),
        _ => None,
    }
}

/// Goes on with the work of a call within its deadline; a panic is an error of this call and of nothing else.
async fn guarded<T>(method: &Method, call: &Call, work: BoxFuture<'_, T>) -> Declared<T> {
    match timeout_at(call.deadline.into(), AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(panicked(call)),
        Err(_) => {
            let late = if method.idempotent { Error::TooLate } else { Error::TooLateToKnow };
            Err(ServiceError { executed: None, ..convert::service_error(&late, &call.request_id) })
        }
    }
}

fn panicked(call: &Call) -> ServiceError {
    declared(call, &Error::internal("a handler panicked"))
}

/// What a handler answers: the response of the IDL, or its exception.
pub(super) type Declared<T> = std::result::Result<T, ServiceError>;

/// Runs the body of a handler; its error becomes the exception of the IDL.
pub(super) async fn declare<T>(call: &Call, body: impl Future<Output = Result<T>>) -> Declared<T> {
    body.await.map_err(|error| declared(call, &error))
}

/// The exception for an error. What is our fault is logged here, once, under the id that the caller gets.
pub(super) fn declared(call: &Call, error: &Error) -> ServiceError {
    if error.code() == crate::error::Code::Internal {
        error!(request_id:? = call.request_id, peer:% = call.caller.address, error:%; "A call went wrong.");
    }
    convert::service_error(error, &call.request_id)
}

fn reply_too_large(call: &Call, size: usize, limit: usize) -> ServiceError {
    let what = format!(
        "the reply has {size} bytes and the limit is {limit}; ask for fewer rows or entries, or raise server.max_frame_bytes"
    );
    ServiceError { executed: Some(true), ..convert::service_error(&Error::precondition(what), &call.request_id) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Access;
    use std::time::{Duration, Instant};

    fn method(name: &str) -> &'static Method {
        find(None, name).unwrap()
    }

    fn call() -> Call {
        let (method, access) = (method("hello"), Access::open());
        let context = crate::wire::empty();
        let received = Received { at: Instant::now(), waited: Duration::ZERO, held_up: Duration::ZERO };
        judge(method, context, received, &mut Peer::default(), &access, Duration::from_secs(1)).unwrap()
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_that_tells_the_caller_an_id_and_not_the_reason() {
        let work = Box::pin(async { panic!("secret detail") });
        let error = guarded(method("hello"), &call(), work).await.map(|(): ()| ()).unwrap_err();

        assert_eq!(error.code_name.as_deref(), Some("INTERNAL"));
        assert_eq!(error.executed, None);
        assert!(!error.message.unwrap().contains("secret"));
        assert!(error.request_id.unwrap().starts_with('r'));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_outlasts_its_deadline_is_dropped() {
        let error = guarded(method("hello"), &call(), Box::pin(std::future::pending::<()>())).await.unwrap_err();

        assert_eq!(error.code_name.as_deref(), Some("DEADLINE_EXCEEDED"));
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_changes_something_is_told_that_it_may_have_been_carried_out() {
        let late = async |name: &'static str| {
            let error = guarded(method(name), &call(), Box::pin(std::future::pending::<()>())).await.unwrap_err();
            (error.executed, error.hint.unwrap())
        };

        let ([read, evaluation], train) = ([late("describe_model").await, late("evaluate").await], late("train").await);

        for (executed, hint) in [read, evaluation] {
            assert!(executed.is_none() && hint.starts_with("asking again is safe"), "{hint}");
        }
        assert!(train.0.is_none() && train.1.starts_with("it may have been carried out"), "{}", train.1);
    }
}
