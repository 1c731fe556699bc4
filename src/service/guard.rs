//! What happens around every call, once: the head is read, the method found, deadline and panic are judged.

use super::Service;
use crate::error::{Error, Result};
use crate::wire::runtime::{Arguments, Call, Reply};
use crate::wire::services::{dispatch, find};
use crate::wire::types::{RequestContext, ServiceError};
use crate::wire::{Format, Framing, Head, Message, Refusal, context, convert, error_reply, open, refusal_reply};
use futures_util::FutureExt;
use log::{debug, error};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What goes back to the peer.
#[derive(Debug)]
pub struct Answer {
    /// The reply, framed as the call was; `None` for a call that wants none.
    pub reply: Option<Vec<u8>>,
    /// The connection is closed after it.
    pub close: bool,
}

impl Service {
    /// Answers one message. Dropping the future cancels the call.
    pub async fn call(&self, message: Message, peer: &str) -> Answer {
        let format = message.format;
        match open(&message, &self.parts.wire_limits) {
            Ok(head) => {
                let answered = !head.oneway;
                let Answer { reply, close } = self.answer(head, message, peer).await;
                Answer { reply: reply.filter(|_| answered), close }
            }
            Err((head, refusal)) => {
                debug!(peer, refusal = refusal.message; "Message refused.");
                Answer { reply: head.and_then(|head| self.refuse(format, &head, &refusal)), close: true }
            }
        }
    }

    /// The reply to a message that was not read further than its head, if its caller waits for one.
    pub fn refuse(&self, format: Format, head: &Head, refusal: &Refusal) -> Option<Vec<u8>> {
        (!head.oneway).then(|| refusal_reply(format, head, refusal))
    }

    async fn answer(&self, head: Head, message: Message, peer: &str) -> Answer {
        let (format, limits) = (message.format, self.parts.wire_limits);
        let Some(method) = find(head.service.as_deref(), &head.name) else {
            return kept(refusal_reply(format, &head, &Refusal::unknown_method(&head.name)));
        };
        let context = match context(&message, &limits) {
            Ok(context) => context,
            Err(refusal) => return unreadable(format, &head, &refusal),
        };
        let call = match judge(context, peer, self.parts.max_deadline) {
            Ok(call) => call,
            Err((id, error)) => return kept(error_reply(format, &head, &convert::service_error(&error, &id))),
        };
        debug!(method = method.name, request_id = call.request_id, peer; "Call.");
        let arguments = Arguments { head: head.clone(), message, limits };
        match guarded(&call, dispatch(self, method, &call, arguments)).await {
            Ok(Reply::Bytes(bytes)) if bytes.len().saturating_sub(format.prefix_bytes()) <= limits.max_frame_bytes => {
                kept(bytes)
            }
            Ok(Reply::Bytes(bytes)) => {
                kept(error_reply(format, &head, &reply_too_large(&call, bytes.len(), limits.max_frame_bytes)))
            }
            Ok(Reply::Refused(refusal)) => unreadable(format, &head, &refusal),
            Err(error) => kept(error_reply(format, &head, &error)),
        }
    }
}

fn kept(reply: Vec<u8>) -> Answer {
    Answer { reply: Some(reply), close: false }
}

/// A frame says where the next message begins; without one, a message that cannot be read leaves that in doubt.
fn unreadable(format: Format, head: &Head, refusal: &Refusal) -> Answer {
    Answer { reply: Some(refusal_reply(format, head, refusal)), close: format.framing == Framing::Unframed }
}

/// Judges what the caller said about the call, before its arguments are decoded.
fn judge(
    context: Option<RequestContext>,
    peer: &str,
    max_deadline: Duration,
) -> std::result::Result<Call, (String, Error)> {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let context = context.unwrap_or_else(crate::wire::empty);
    let own_id = || format!("r{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let request_id = match context.request_id {
        Some(id) if id.chars().count() > 128 => {
            return Err((own_id(), Error::invalid("the request_id has more than 128 characters")));
        }
        Some(id) if !id.is_empty() => id,
        _ => own_id(),
    };
    let asked = match context.deadline_ms {
        Some(ms) if ms <= 0 => return Err((request_id, Error::DeadlineExceeded)),
        Some(ms) => Duration::from_millis(ms.unsigned_abs()).min(max_deadline),
        None => max_deadline,
    };
    let idempotency_key = context.idempotency_key.filter(|key| !key.is_empty());
    if idempotency_key.as_ref().is_some_and(|key| key.chars().count() > 128) {
        return Err((request_id, Error::invalid("the idempotency_key has more than 128 characters")));
    }
    let min_generation = match context.min_generation.map(u64::try_from) {
        Some(Err(_)) => {
            return Err((request_id, Error::invalid("min_generation is negative; generations are 1, 2, 3, …")));
        }
        generation => generation.and_then(std::result::Result::ok),
    };
    Ok(Call { request_id, deadline: Instant::now() + asked, idempotency_key, min_generation, peer: peer.to_owned() })
}

/// Runs the work of a call within its deadline; a panic is an error of this call and of nothing else.
async fn guarded<T>(call: &Call, work: impl Future<Output = T>) -> Declared<T> {
    match tokio::time::timeout_at(call.deadline.into(), AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(declared(call, &Error::internal("a handler panicked"))),
        Err(_) => Err(ServiceError { executed: None, ..convert::service_error(&Error::TooLate, &call.request_id) }),
    }
}

/// What a handler answers: the response of the IDL, or its exception.
pub(super) type Declared<T> = std::result::Result<T, ServiceError>;

/// Runs the body of a handler; its error becomes the exception of the IDL.
pub(super) async fn declare<T>(call: &Call, body: impl Future<Output = Result<T>>) -> Declared<T> {
    body.await.map_err(|error| declared(call, &error))
}

/// The exception for an error. What is our fault is logged here, once, under the id that the caller gets.
fn declared(call: &Call, error: &Error) -> ServiceError {
    if error.code() == crate::error::Code::Internal {
        error!(request_id = call.request_id, peer = call.peer, error:%; "A call went wrong.");
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

    fn call() -> Call {
        judge(None, "test", Duration::from_secs(1)).unwrap()
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_that_tells_the_caller_an_id_and_not_the_reason() {
        let error = guarded(&call(), async { panic!("secret detail") }).await.map(|(): ()| ()).unwrap_err();

        assert_eq!(error.code_name.as_deref(), Some("INTERNAL"));
        assert_eq!(error.executed, None);
        assert!(!error.message.unwrap().contains("secret"));
        assert!(error.request_id.unwrap().starts_with('r'));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_outlasts_its_deadline_is_dropped() {
        let error = guarded(&call(), std::future::pending::<()>()).await.unwrap_err();

        assert_eq!(error.code_name.as_deref(), Some("DEADLINE_EXCEEDED"));
    }

    #[test]
    fn a_deadline_that_has_passed_is_refused_before_anything_is_decoded() {
        let context = RequestContext { deadline_ms: Some(0), ..crate::wire::empty() };

        let (_, error) = judge(Some(context), "test", Duration::from_secs(1)).unwrap_err();

        assert_eq!(error.code(), crate::error::Code::DeadlineExceeded);
        assert_eq!(error.executed(), Some(false));
    }
}
