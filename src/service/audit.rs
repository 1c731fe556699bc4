//! The audit log: a line of the target `audit` for each change that was made, may have been made, or was denied.
//!
//! Who asked, from where, for what, and what became of it. What certainly changed nothing, such as a name that is not there,
//! leaves no line. The table of methods says which calls are changes; one that lets a model out counts as one.

use crate::error::Code;
use crate::wire::runtime::{Call, Method, Reply, RequestId};
use crate::wire::types::ServiceError;
use log::info;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines a second for callers who could not say who they are: they cost nothing to make.
const MAX_STRANGERS: u64 = 10;
const SECOND: Duration = Duration::from_secs(1);

/// A change under way. Its line is written when it ends, also if it is dropped because its caller left.
pub(super) struct Change<'a> {
    method: &'static Method,
    call: &'a Call,
    ended: bool,
}

impl<'a> Change<'a> {
    /// `None` for a call that changes nothing.
    pub(super) fn begin(method: &'static Method, call: &'a Call) -> Option<Self> {
        method.audited.then(|| Self { method, call, ended: false }) // Lazily: what is dropped here would leave a line.
    }

    pub(super) fn end(mut self, done: &Result<Reply, ServiceError>) {
        self.ended = true;
        if let Some(outcome) = outcome(done) {
            self.write(outcome);
        }
    }

    fn write(&self, outcome: &str) {
        let Call { caller, request_id, trail, .. } = self.call;
        let (who, peer, method, about) = (caller.identity.name(), &caller.address, self.method.name, trail.text());
        info!(target: "audit", who, peer, method, about, outcome, request_id:?; "Change.");
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.write("UNKNOWN"); // What was begun may go on to its end.
        }
    }
}

/// What became of a change, unless it certainly changed nothing and was not denied.
fn outcome(done: &Result<Reply, ServiceError>) -> Option<&str> {
    let error = match done {
        Ok(Reply::Bytes(_)) => return Some("OK"),
        Ok(Reply::Refused(_)) => return None,
        Ok(Reply::Thrown(error)) | Err(error) => error,
    };
    let name = error.code_name.as_deref().unwrap_or_default();
    let is_denied = ["UNAUTHENTICATED", "PERMISSION_DENIED"].contains(&name);
    (is_denied || error.executed != Some(false)).then_some(name)
}

/// A call that was denied before it was known what it is about.
pub(super) struct Denied<'a> {
    pub(super) method: &'static Method,
    pub(super) who: &'a str,
    pub(super) peer: &'a str,
    pub(super) request_id: &'a RequestId,
    pub(super) code: Code,
}

/// Counts the denied calls of strangers, so that they cannot fill the disk with our log.
#[derive(Default)]
pub(super) struct Denials {
    strangers: Mutex<Window>,
}

#[derive(Default)]
struct Window {
    began: Option<Instant>,
    written: u64,
    left_out: u64,
}

impl Denials {
    pub(super) fn write(&self, denied: &Denied<'_>) {
        let outcome = match denied.code {
            Code::Unauthenticated => "UNAUTHENTICATED",
            Code::PermissionDenied => "PERMISSION_DENIED",
            _ => return,
        };
        let Denied { method, who, peer, request_id, .. } = *denied;
        if !method.audited {
            return;
        }
        let left_out = if denied.code == Code::Unauthenticated { self.take(Instant::now()) } else { Some(0) };
        if let Some(left_out) = left_out {
            let method = method.name;
            info!(target: "audit", who, peer, method, about = "", outcome, request_id:?, left_out; "Change.");
        }
    }

    /// Whether there is room for a line, and how many had none since the last one.
    fn take(&self, now: Instant) -> Option<u64> {
        let mut window = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.is_none_or(|began| now.saturating_duration_since(began) >= SECOND) {
            *window = Window { began: Some(now), written: 0, left_out: window.left_out };
        }
        if window.written == MAX_STRANGERS {
            window.left_out += 1;
            return None;
        }
        window.written += 1;
        Some(std::mem::take(&mut window.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::wire::{Draft, convert};

    fn thrown(error: &Error) -> Reply {
        Reply::Thrown(convert::service_error(error, "r1"))
    }

    #[test]
    fn what_changed_something_or_may_have_or_was_denied_leaves_a_line_and_the_rest_does_not() {
        let denied = Error::PermissionDenied { what: String::new(), wants: String::new() };

        assert_eq!(outcome(&Ok(Reply::Bytes(Draft::default()))), Some("OK"));
        assert_eq!(outcome(&Ok(thrown(&denied))), Some("PERMISSION_DENIED"));
        assert_eq!(outcome(&Ok(thrown(&Error::internal("disk")))), Some("INTERNAL"));
        assert_eq!(outcome(&Err(convert::service_error(&Error::TooLate, "r1"))), Some("DEADLINE_EXCEEDED"));
        assert_eq!(outcome(&Ok(thrown(&Error::invalid("name")))), None);
    }

    #[test]
    fn strangers_get_a_few_lines_a_second_and_the_rest_is_counted() {
        let (denials, start) = (Denials::default(), Instant::now());

        let written = (0..1000).filter(|_| denials.take(start).is_some()).count() as u64;

        assert_eq!(written, MAX_STRANGERS);
        assert_eq!(denials.take(start + SECOND), Some(1000 - MAX_STRANGERS));
        assert_eq!(denials.take(start + SECOND), Some(0));
    }
}
