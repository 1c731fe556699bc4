//! The statuses that are answered, and the refusal of a message.

use super::super::message::Refusal;
use crate::telemetry::Reason;

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of RFC 9110")]
pub enum Status {
    Ok = 200,
    BadRequest = 400,
    Unauthorized = 401,
    Forbidden = 403,
    NotFound = 404,
    MethodNotAllowed = 405,
    RequestTimeout = 408,
    LengthRequired = 411,
    ContentTooLarge = 413,
    UnsupportedMediaType = 415,
    ExpectationFailed = 417,
    HeadersTooLarge = 431,
    InternalError = 500,
    NotImplemented = 501,
    Unavailable = 503,
    VersionNotSupported = 505,
}

impl Status {
    pub(crate) fn code(self) -> u16 {
        self as u16
    }

    /// Its words in the status line, from the registry of RFC 9110 section 15. Apache's C++ client wants some.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::BadRequest => "Bad Request",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::RequestTimeout => "Request Timeout",
            Self::LengthRequired => "Length Required",
            Self::ContentTooLarge => "Content Too Large",
            Self::UnsupportedMediaType => "Unsupported Media Type",
            Self::ExpectationFailed => "Expectation Failed",
            Self::HeadersTooLarge => "Request Header Fields Too Large",
            Self::InternalError => "Internal Server Error",
            Self::NotImplemented => "Not Implemented",
            Self::Unavailable => "Service Unavailable",
            Self::VersionNotSupported => "HTTP Version Not Supported",
        }
    }
}

/// Why a message is not read further. A request is answered with it, and the connection is closed in any case: where the
/// next message would begin is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// For the status line.
    pub(crate) status: Status,
    /// What happened, what is allowed, what to do.
    pub(crate) message: String,
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let reason = match refused.status {
            Status::ContentTooLarge => Reason::FrameBytes,
            Status::HeadersTooLarge => Reason::Headers,
            _ => Reason::Http,
        };
        Self::beyond(reason, refused.message)
    }
}

impl Refused {
    pub(super) fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::new(Status::BadRequest, message)
    }
}
