//! What happens around every call, once: the head is read, the method found, access, deadline and panic are judged.

use super::Service;
use super::audit::Change;
use super::judge::{Peer, judge};
use crate::error::{Error, Result};
use crate::telemetry::{Cancelled, Reason};
use crate::wire::runtime::{Arguments, Call, Method, Reply, RequestId, Role};
use crate::wire::services::{dispatch, find};
use crate::wire::types::{RequestContext, ServiceError};
use crate::wire::{
    Answer, Format, Head, Held, Message, Opened, Refusal, Transport, convert, error_reply, open, refusal_reply,
};
use futures_util::{FutureExt, poll};
use log::{debug, error};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::task::Poll;
use tokio::sync::SemaphorePermit;

impl Service {
    /// Answers one message. Dropping the future cancels the call.
    pub async fn call(&self, message: Message, peer: &Peer) -> Answer {
        let (format, envelope, held) = (message.format, message.envelope.clone(), message.held.clone());
        let answer = match open(&message, &self.parts.wire_limits) {
            Ok(Opened { head, context }) => {
                let (reply, close) = self.answer(&head, context, message, peer).await;
                Answer { envelope, reply: Some(reply).filter(|_| !head.oneway), close, held: None }
            }
            Err((head, refusal)) => {
                self.count(&refusal);
                debug!(peer:% = peer.address, refusal = refusal.message; "Message refused.");
                Answer::refused(format, envelope, head.as_ref(), &refusal, true)
            }
        };
        Answer { held, ..answer }
    }

    /// The reply behind its headroom, and whether the connection is closed after it.
    async fn answer(
        &self,
        head: &Head,
        context: std::result::Result<RequestContext, Refusal>,
        message: Message,
        peer: &Peer,
    ) -> (Vec<u8>, bool) {
        let (format, limits, held) = (message.format, self.parts.wire_limits, message.held.clone());
        let Some(method) = find(head.service.as_deref(), &head.name) else {
            return (self.refusal(format, head, &Refusal::unknown_method(&head.name)), false);
        };
        let context = match context {
            Ok(context) => context,
            Err(refusal) => return self.unreadable(format, head, &refusal),
        };
        let (received, access) = (message.received, &self.parts.access);
        let call = match judge(method, context, received, peer, access, self.parts.max_deadline) {
            Ok(call) => call,
            Err(refused) => {
                self.denials.write(&refused.denied(method, peer));
                return (self.refused(format, head, &refused.error, &refused.request_id), false);
            }
        };
        if !held.as_ref().is_none_or(|held| held.try_cover(message.body.len())) {
            return (self.refused(format, head, &Error::Full, &call.request_id), false); // It was compressed.
        }
        let Some(_place) = self.place(method) else {
            let limit = self.parts.max_calls;
            let error = Error::TooMany { what: "calls", count: limit, limit };
            return (self.refused(format, head, &error, &call.request_id), false);
        };
        debug!(method = method.name, who = call.identity.name(), request_id:? = call.request_id, peer:% = call.peer; "Call.");
        self.parts.telemetry.calls.inc();
        let arguments = Arguments { head: head.clone(), message, limits };
        let change = Change::begin(method, &call);
        let work = pin!(dispatch(self, method, &call, arguments)); // In place: what a call holds is moved as seldom as can be.
        let done = guarded(&call, work).await;
        if let Some(change) = change {
            change.end(&done);
        }
        match done {
            Ok(Reply::Bytes(bytes)) => (self.fitting(bytes, format, head, &call, held.as_deref()), false),
            Ok(Reply::Refused(refusal)) if refusal.reason == Reason::Memory => {
                (self.refused(format, head, &Error::Full, &call.request_id), false)
            }
            Ok(Reply::Refused(refusal)) => self.unreadable(format, head, &refusal),
            Ok(Reply::Thrown(error)) => {
                if error.code_name.as_deref() == Some("PERMISSION_DENIED") {
                    self.parts.telemetry.refused(Reason::PermissionDenied);
                }
                (error_reply(format, head, &error), false)
            }
            Err(error) => {
                if error.code_name.as_deref() == Some("DEADLINE_EXCEEDED") {
                    self.parts.telemetry.cancelled(Cancelled::Deadline, 1);
                }
                (error_reply(format, head, &error), false)
            }
        }
    }

    /// The reply, unless it is larger than a message may be or than the memory that is left.
    fn fitting(&self, reply: Vec<u8>, format: Format, head: &Head, call: &Call, held: Option<&Held>) -> Vec<u8> {
        let (size, limit) = (reply.len(), self.parts.wire_limits.max_frame_bytes);
        if format.framed_bytes(size) > limit {
            return error_reply(format, head, &reply_too_large(call, size, limit));
        }
        if !held.is_none_or(|held| held.try_cover(size)) {
            self.parts.telemetry.refused(Reason::Memory);
            let error = ServiceError { executed: Some(true), ..declared(call, &Error::Full) };
            return error_reply(format, head, &error);
        }
        reply
    }

    /// A place among the calls that are worked on at once; `None` if all are taken. Who asks how the server is, or
    /// administers it, always has one.
    fn place(&self, method: &Method) -> Option<Option<SemaphorePermit<'_>>> {
        if method.service == "Health" || method.role == Role::Admin {
            return Some(None);
        }
        self.calls.try_acquire().ok().map(Some)
    }

    fn refusal(&self, format: Format, head: &Head, refusal: &Refusal) -> Vec<u8> {
        self.count(refusal);
        refusal_reply(format, head, refusal)
    }

    /// A frame says where the next message begins; without one, a message that cannot be read leaves that in doubt.
    fn unreadable(&self, format: Format, head: &Head, refusal: &Refusal) -> (Vec<u8>, bool) {
        (self.refusal(format, head, refusal), format.transport == Transport::Unframed)
    }

    /// The reply to a call that was not begun.
    fn refused(&self, format: Format, head: &Head, error: &Error, request_id: &RequestId) -> Vec<u8> {
        if let Some(reason) = reason(error) {
            self.parts.telemetry.refused(reason);
        }
        error_reply(format, head, &convert::service_error(error, request_id))
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
        Error::TooMany { .. } => Some(Reason::Calls),
        Error::Full => Some(Reason::Memory),
        Error::Unauthenticated { .. } => Some(Reason::Unauthenticated),
        Error::PermissionDenied { .. } => Some(Reason::PermissionDenied),
        _ => None,
    }
}

/// Runs the work of a call within its deadline; a panic is an error of this call and of nothing else.
async fn guarded<T>(call: &Call, work: Pin<&mut impl Future<Output = T>>) -> Declared<T> {
    let mut work = AssertUnwindSafe(work).catch_unwind();
    let ended = match poll!(&mut work) {
        Poll::Ready(ended) => Ok(ended), // Most calls are answered at once and need no timer.
        Poll::Pending => tokio::time::timeout_at(call.deadline.into(), work).await,
    };
    match ended {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(declared(call, &Error::internal("a handler panicked"))),
        Err(_) => Err(ServiceError { executed: None, ..convert::service_error(&Error::TooLate, &call.request_id) }),
    }
}

/// What a handler answers: the response of the IDL, or its exception.
pub(super) type Declared<T> = std::result::Result<T, ServiceError>;

/// Runs the body of a handler; its error becomes the exception of the IDL.
pub(super) fn declare<T>(call: &Call, body: impl Future<Output = Result<T>>) -> impl Future<Output = Declared<T>> {
    body.map(|done| done.map_err(|error| declared(call, &error)))
}

/// The exception for an error. What is our fault is logged here, once, under the id that the caller gets.
fn declared(call: &Call, error: &Error) -> ServiceError {
    if error.code() == crate::error::Code::Internal {
        error!(request_id:? = call.request_id, peer:% = call.peer, error:%; "A call went wrong.");
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

    fn call() -> Call {
        let (method, access) = (find(None, "hello").unwrap(), Access::open());
        let context = crate::wire::empty();
        judge(method, context, Instant::now(), &Peer::default(), &access, Duration::from_secs(1)).unwrap()
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_that_tells_the_caller_an_id_and_not_the_reason() {
        let error = guarded(&call(), pin!(async { panic!("secret detail") })).await.map(|(): ()| ()).unwrap_err();

        assert_eq!(error.code_name.as_deref(), Some("INTERNAL"));
        assert_eq!(error.executed, None);
        assert!(!error.message.unwrap().contains("secret"));
        assert!(error.request_id.unwrap().starts_with('r'));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_outlasts_its_deadline_is_dropped() {
        let error = guarded(&call(), pin!(std::future::pending::<()>())).await.unwrap_err();

        assert_eq!(error.code_name.as_deref(), Some("DEADLINE_EXCEEDED"));
    }
}
