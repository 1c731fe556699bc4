//! Errors as they travel, and as a client reads them.

use crate::error::{Code, Error};
use crate::training::Failure;
use crate::wire::types::{ErrorCode, ServiceError};
use std::fmt::Display;
use std::time::Duration;
use thrift::{ApplicationError, ApplicationErrorKind};

const CODES: [(Code, ErrorCode, &str); 11] = [
    (Code::InvalidArgument, ErrorCode::INVALID_ARGUMENT, "INVALID_ARGUMENT"),
    (Code::NotFound, ErrorCode::NOT_FOUND, "NOT_FOUND"),
    (Code::AlreadyExists, ErrorCode::ALREADY_EXISTS, "ALREADY_EXISTS"),
    (Code::FailedPrecondition, ErrorCode::FAILED_PRECONDITION, "FAILED_PRECONDITION"),
    (Code::Overloaded, ErrorCode::OVERLOADED, "OVERLOADED"),
    (Code::DeadlineExceeded, ErrorCode::DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
    (Code::Cancelled, ErrorCode::CANCELLED, "CANCELLED"),
    (Code::Unauthenticated, ErrorCode::UNAUTHENTICATED, "UNAUTHENTICATED"),
    (Code::PermissionDenied, ErrorCode::PERMISSION_DENIED, "PERMISSION_DENIED"),
    (Code::Unavailable, ErrorCode::UNAVAILABLE, "UNAVAILABLE"),
    (Code::Internal, ErrorCode::INTERNAL, "INTERNAL"),
];

/// What a caller waits before it asks an overloaded server again, if nothing better is known.
const RETRY_AFTER: Duration = Duration::from_millis(50);
/// The longest that it is told to wait: what is known of the queue does not hold for longer.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(10);

/// An error for a caller. The detail of an internal one stays here; the caller gets the id under which our log has it.
pub fn service_error(error: &Error, request_id: impl Display) -> ServiceError {
    let code = error.code();
    let (number, name) = wire_code(code);
    let message = match code {
        Code::Internal => format!("the server could not do this; its log has the reason under request {request_id}"),
        _ => error.to_string(),
    };
    ServiceError {
        code: Some(number.into()),
        code_name: Some(name.into()),
        message: Some(message),
        hint: error.hint(),
        executed: error.executed(),
        retry_after_ms: (code == Code::Overloaded).then(|| retry_after_ms(error)),
        request_id: Some(request_id.to_string()),
    }
}

fn retry_after_ms(error: &Error) -> i64 {
    let wait = error.retry_after().unwrap_or(RETRY_AFTER).min(LONGEST_RETRY_AFTER);
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).max(1)
}

/// An error as a client received it.
pub fn received_error(error: ServiceError) -> Error {
    Error::Remote {
        code: code_from(error.code),
        what: error.message.unwrap_or_default(),
        hint: error.hint,
        executed: error.executed,
        request_id: error.request_id.unwrap_or_default(),
    }
}

/// A TApplicationException as a client received it.
pub fn application_error(error: ApplicationError) -> Error {
    let code = match error.kind {
        ApplicationErrorKind::UnknownMethod | ApplicationErrorKind::ProtocolError => Code::InvalidArgument,
        _ => Code::Internal,
    };
    Error::Remote { code, what: error.message, hint: None, executed: Some(false), request_id: String::new() }
}

/// Why a job failed, as the error that a caller of its training would have got.
pub(super) fn failure(failure: &Failure, job: &str) -> ServiceError {
    let (code, name) = wire_code(failure.code);
    ServiceError {
        code: Some(code.into()),
        code_name: Some(name.into()),
        message: Some(failure.message.clone()),
        hint: failure.hint.clone(),
        executed: None,
        retry_after_ms: None,
        request_id: Some(job.into()),
    }
}

/// Why a job failed, as a client received it.
pub(super) fn failure_from(error: ServiceError) -> Failure {
    Failure { code: code_from(error.code), message: error.message.unwrap_or_default(), hint: error.hint }
}

/// Whether the call was not run and another try may find the server in a better state; `None` if not, else how many
/// milliseconds the server wants it to wait.
pub fn may_retry(error: &ServiceError) -> Option<u64> {
    let passing = matches!(code_from(error.code), Code::Overloaded | Code::Unavailable);
    let wait_ms = error.retry_after_ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or_default();
    (passing && error.executed == Some(false)).then_some(wait_ms)
}

fn code_from(number: Option<i32>) -> Code {
    CODES.iter().find(|it| Some(i32::from(it.1)) == number).map_or(Code::Internal, |it| it.0)
}

fn wire_code(code: Code) -> (ErrorCode, &'static str) {
    CODES.iter().find(|(it, ..)| *it == code).map_or((ErrorCode::INTERNAL, "INTERNAL"), |it| (it.1, it.2))
}
