//! Everything that can go wrong, in words for the user.
//!
//! One catalogue, so that tone and advice stay even. A message says what happened and what was expected, with the values;
//! [`Error::hint`] says what to do. [`Error::code`] is what travels to clients.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, Error>;

/// The kind of an error, for programs. The names are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The request is wrong and stays wrong.
    InvalidArgument,
    /// What was asked for is not there.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// Right request, wrong state; also a compare-and-swap that lost.
    FailedPrecondition,
    /// A bound is reached; nothing was run.
    Overloaded,
    /// The deadline passed.
    DeadlineExceeded,
    /// Somebody cancelled it.
    Cancelled,
    /// The call needs a token.
    Unauthenticated,
    /// The token does not allow this.
    PermissionDenied,
    /// The server cannot answer now.
    Unavailable,
    /// A fault of ours.
    Internal,
}

/// What went wrong.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is wrong. `what` says which, with its value and what was expected.
    #[error("{what}")]
    InvalidArgument {
        /// For example `column "age" is text and standard_scaler takes numbers`.
        what: String,
    },
    /// What is wrong with a column of rows, said by who knows it by its position only. Who knows its name puts that in its place.
    #[error("column {position} (from 0) {what}")]
    Column {
        /// Among those that were given.
        position: usize,
        /// What follows its name, for example `has values up to 1e300 and their squares overflow`.
        what: String,
    },
    /// Sums over rows leave the range of floats, said by who does not know the names of columns and targets. Who knows them puts
    /// that of the largest number in between.
    #[error("{what}; {advice}")]
    Overflow {
        /// What came of it, for example `ridge found no finite coefficients because its sums overflow`.
        what: String,
        /// What helps where a column is the largest.
        advice: String,
    },
    /// A name breaks the rule of all names.
    #[error("{what} name {name:?} is not allowed; a name matches [A-Za-z][A-Za-z0-9_.-]{{0,63}}{but}")]
    Name {
        /// "model", "data set", "alias".
        what: &'static str,
        /// As it came, cut to 80 characters.
        name: String,
        /// A further rule, for example ` and is not "latest"`.
        but: &'static str,
    },
    /// No such model, version or alias.
    #[error("model {reference:?} is not in the registry")]
    ModelNotFound {
        /// As it was asked for.
        reference: String,
    },
    /// No such data set or version of it.
    #[error("data set {reference:?} is not there")]
    DatasetNotFound {
        /// As it was asked for.
        reference: String,
    },
    /// No such upload, or it is over.
    #[error("upload {id:?} is not open")]
    UploadNotFound {
        /// As it was asked for.
        id: String,
    },
    /// No such job.
    #[error("job {id:?} is not known")]
    JobNotFound {
        /// As it was asked for.
        id: String,
    },
    /// No learner of this name.
    #[error("model {model:?} has no learner")]
    LearnerNotFound {
        /// The name of the model.
        model: String,
        /// What was to be done with it: "learn", "show" or "delete".
        to: &'static str,
    },
    /// A row has another number of features than the model takes.
    #[error("model \"{model}\" takes {expected} features per row, got {got}")]
    FeatureCount {
        /// Name and version.
        model: String,
        /// What the model was fitted on.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// The state does not allow it. `what` says why.
    #[error("{what}")]
    FailedPrecondition {
        /// For example `version 3 is named by the alias "canary"`.
        what: String,
    },
    /// More rows would be in flight than `batching.max_queue_rows` allows, or more of one caller than it leaves free for others.
    /// Nothing was run.
    #[error(
        "{in_flight} rows are in flight, {own} of them of this caller, {asked} more were asked for and the limit is {limit}"
    )]
    TooManyRows {
        /// Rows that wait or are computed.
        in_flight: usize,
        /// Those of this caller.
        own: usize,
        /// Rows of this request.
        asked: usize,
        /// `batching.max_queue_rows`
        limit: usize,
    },
    /// What waits takes longer than the call can wait. Nothing was run.
    #[error("the work that goes before takes about {wait:.1?} and {what} {limit:.1?}")]
    TooBusy {
        /// Until its turn, or of what is queued before it.
        wait: Duration,
        /// "the call can wait for", "target_p99_ms allows".
        what: &'static str,
        /// So much.
        limit: Duration,
    },
    /// Another bound is reached. Nothing was run.
    #[error("{count} {what} are open and the limit is {limit}")]
    TooMany {
        /// For example "jobs", "uploads".
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The server holds as many bytes as it may. Nothing was run.
    #[error("the server holds as many bytes of messages as it may")]
    Full,
    /// The deadline passed before anything was run.
    #[error("the deadline passed before the work began")]
    DeadlineExceeded,
    /// The deadline passed while the work was under way, which can be repeated: twice does what once does.
    #[error("the deadline passed while the work was under way")]
    TooLate,
    /// The deadline passed while something was being changed, which twice is not what it is once.
    #[error("the deadline passed while the work was under way, and it is not known whether it was carried out")]
    TooLateToKnow,
    /// Somebody cancelled it.
    #[error("{what} was cancelled")]
    Cancelled {
        /// For example "the job".
        what: &'static str,
    },
    /// The call wants to know who calls, and does not say or is not believed. Nothing was run.
    #[error("{what}")]
    Unauthenticated {
        /// For example "the token that the call shows is not known here".
        what: String,
    },
    /// Who calls may not do this. Nothing was run.
    #[error("{what}")]
    PermissionDenied {
        /// For example `the token "ci" has the role reader and predict wants predictor`.
        what: String,
        /// What a token has to be made with that may: `--role predictor`.
        wants: String,
    },
    /// The server cannot answer now.
    #[error("{what}")]
    Unavailable {
        /// For example "the server is draining".
        what: String,
    },
    /// A stored file is not what was written.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// Path below the data folder.
        path: String,
        /// What does not fit.
        why: String,
    },
    /// Reading or writing the data folder went wrong.
    #[error("{doing}: {cause}")]
    Storage {
        /// For example "writing models/wine/1/model.bin".
        doing: String,
        /// What the storage said.
        #[source]
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// A server answered with an error.
    #[error("{what}")]
    Remote {
        /// As the server sent it.
        code: Code,
        /// The server's message.
        what: String,
        /// The server's advice.
        hint: Option<String>,
        /// Whether the server did any work.
        executed: Option<bool>,
        /// The id under which the server's log has the call.
        request_id: String,
    },
    /// A fault of ours. `what` is for the log, never for a caller.
    #[error("{what}")]
    Internal {
        /// The detail.
        what: String,
    },
}

impl Error {
    /// An argument is wrong; `what` says which, with its value and what was expected.
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::InvalidArgument { what: what.into() }
    }

    /// A column is wrong; `what` follows its name.
    pub fn column(position: usize, what: impl Into<String>) -> Self {
        Self::Column { position, what: what.into() }
    }

    /// Sums over rows overflow; `what` says whose, and `advice` what helps where a column is too large for them.
    pub fn overflow(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Overflow { what: what.into(), advice: advice.into() }
    }

    /// The state does not allow it; `what` says why.
    pub fn precondition(what: impl Into<String>) -> Self {
        Self::FailedPrecondition { what: what.into() }
    }

    /// A fault of ours; `what` is for the log.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::Internal { what: what.into() }
    }

    /// Reading or writing went wrong while `doing` this.
    pub fn storage(doing: impl Into<String>, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Storage { doing: doing.into(), cause: Arc::new(cause) }
    }

    /// What travels to clients. No wildcard arm: a new variant has to choose its code.
    pub fn code(&self) -> Code {
        match self {
            Self::InvalidArgument { .. }
            | Self::Column { .. }
            | Self::Overflow { .. }
            | Self::Name { .. }
            | Self::FeatureCount { .. } => Code::InvalidArgument,
            Self::ModelNotFound { .. }
            | Self::DatasetNotFound { .. }
            | Self::UploadNotFound { .. }
            | Self::JobNotFound { .. }
            | Self::LearnerNotFound { .. } => Code::NotFound,
            Self::FailedPrecondition { .. } => Code::FailedPrecondition,
            Self::TooManyRows { .. } | Self::TooBusy { .. } | Self::TooMany { .. } | Self::Full => Code::Overloaded,
            Self::DeadlineExceeded | Self::TooLate | Self::TooLateToKnow => Code::DeadlineExceeded,
            Self::Cancelled { .. } => Code::Cancelled,
            Self::Unauthenticated { .. } => Code::Unauthenticated,
            Self::PermissionDenied { .. } => Code::PermissionDenied,
            Self::Unavailable { .. } => Code::Unavailable,
            Self::Remote { code, .. } => *code,
            Self::Damaged { .. } | Self::Storage { .. } | Self::Internal { .. } => Code::Internal,
        }
    }

    /// Whether work was done before this happened: `Some(false)` makes a retry safe, `None` is not known. No wildcard arm,
    /// because a wrong promise repeats work.
    pub fn executed(&self) -> Option<bool> {
        match self {
            Self::InvalidArgument { .. }
            | Self::Column { .. }
            | Self::Overflow { .. }
            | Self::Name { .. }
            | Self::ModelNotFound { .. }
            | Self::DatasetNotFound { .. }
            | Self::UploadNotFound { .. }
            | Self::JobNotFound { .. }
            | Self::LearnerNotFound { .. }
            | Self::FeatureCount { .. }
            | Self::TooManyRows { .. }
            | Self::TooBusy { .. }
            | Self::TooMany { .. }
            | Self::Full
            | Self::DeadlineExceeded
            | Self::Unauthenticated { .. }
            | Self::PermissionDenied { .. }
            | Self::Unavailable { .. } => Some(false),
            Self::TooLate => Some(true),
            Self::Remote { executed, .. } => *executed,
            Self::FailedPrecondition { .. }
            | Self::TooLateToKnow
            | Self::Cancelled { .. }
            | Self::Damaged { .. }
            | Self::Storage { .. }
            | Self::Internal { .. } => None,
        }
    }

    /// How long a caller should wait before it asks again, where we know: what an overloaded server had too much to do.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooBusy { wait, limit, .. } => Some(wait.saturating_sub(*limit).max(Duration::from_millis(1))),
            _ => None,
        }
    }

    /// What the caller can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::ModelNotFound { .. } => "\"modelwire models list\" shows what is there".into(),
            Self::DatasetNotFound { .. } => "\"modelwire datasets list\" shows what is there".into(),
            Self::UploadNotFound { .. } => "start again with create_dataset; an upload is good for a day".into(),
            Self::LearnerNotFound { to: "learn", .. } => {
                "send its first batch with steps and target, for example --steps mlp_regressor --target y".into()
            }
            Self::LearnerNotFound { to: "delete", .. } => {
                "nothing was deleted; a learner has the name of its model, and \"modelwire models delete\" deletes versions".into()
            }
            Self::LearnerNotFound { .. } => {
                "a learner has the name of its model and begins with the first batch of \"modelwire partial-fit\"; \"modelwire models \
                 show\" shows models that were trained at once"
                    .into()
            }
            Self::TooMany { what: "learners", .. } => {
                "delete one that is not needed; training.max_learners raises the limit".into()
            }
            Self::TooMany { what: "batches", .. } => {
                "wait for the answer to one batch before the next; training.max_waiting_batches raises the limit".into()
            }
            Self::JobNotFound { .. } => "\"modelwire jobs list\" shows what is there".into(),
            Self::FeatureCount { model, .. } => format!("\"modelwire models show {model}\" lists them"),
            Self::TooManyRows { .. } => "retry later or raise batching.max_queue_rows; who has calls in flight may hold as many rows as it leaves free".into(),
            Self::TooBusy { .. } => "retry later, or with a longer deadline; a higher priority goes first in the queue of a model".into(),
            Self::TooMany { what: "uploads", .. } => {
                "commit or wait; datasets.max_open_uploads raises the limit".into()
            }
            Self::TooMany { what: "jobs", .. } => {
                "retry when some have ended; training.max_queued_jobs raises the limit".into()
            }
            Self::TooMany { what: "calls", .. } => "retry later; server.max_calls raises the limit".into(),
            Self::TooMany { .. } => "retry when some have ended".into(),
            Self::Full => "retry later, or with fewer values in one call; server.max_memory_bytes raises the limit".into(),
            Self::DeadlineExceeded => "retry with a longer deadline, or when the server is less busy".into(),
            Self::TooLate => "asking again is safe; give it a longer deadline, or ask when the server is less busy".into(),
            Self::TooLateToKnow => "it may have been carried out all the same: look before you repeat it, or repeat it with the \
                                    idempotency key that it had; give it a longer deadline"
                .into(),
            Self::Unauthenticated { .. } => {
                "\"modelwire tokens create NAME --role ROLE\" makes a token; send it in the context of the request, or as the \
                 header \"authorization: Bearer TOKEN\"; commands take it from MODELWIRE_TOKEN"
                    .into()
            }
            Self::PermissionDenied { wants, .. } => {
                format!("ask for a token by \"modelwire tokens create NAME {wants}\"")
            }
            Self::Remote { hint, .. } => return hint.clone(),
            _ => return None,
        })
    }
}

/// Cuts text that a caller sent to what an error may repeat: 80 characters.
pub fn quotable(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_is_reached_names_the_setting_that_raises_it() {
        for (what, setting) in [("uploads", "datasets.max_open_uploads"), ("jobs", "training.max_queued_jobs")] {
            let hint = Error::TooMany { what, count: 1, limit: 1 }.hint().unwrap();

            assert!(hint.contains(setting), "{hint}");
        }
    }
}
