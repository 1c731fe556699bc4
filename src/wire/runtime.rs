//! What the generated services stand on: a call, its arguments, its reply; and the other end, a channel to call through.

use super::aside::aside;
use super::convert;
use super::direct::{self, Direct, Place};
use super::draft::Draft;
use super::limits::Limits;
use super::message;
use super::message::{Head, Message, Refusal, encode, field_of_struct, guard, reply, write_single};
use super::protocol::Format;
use super::types::ServiceError;
use crate::access::{Caller, Trail};
use crate::error::Result as Checked;
use crate::telemetry::Reason;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;
use thrift::protocol::{TMessageIdentifier, TMessageType, TSerializable};
use thrift::{ApplicationError, ApplicationErrorKind};

pub use crate::access::{Resource, Role};

/// A method of the IDL.
#[derive(Debug, PartialEq, Eq)]
pub struct Method {
    /// Its place in the table of methods.
    pub id: usize,
    /// The service that has it.
    pub service: &'static str,
    /// Its bare name; names are unique across services.
    pub name: &'static str,
    /// It has no reply.
    pub oneway: bool,
    /// Calling it twice does what calling it once does.
    pub idempotent: bool,
    /// The least role that may call it.
    pub role: Role,
    /// It changes something, which stands in the audit log.
    pub audited: bool,
}

/// A request, by what it names.
pub trait Resources {
    /// What it names, as the IDL says.
    fn resources(&self) -> impl Iterator<Item = Resource<'_>>;
}

/// What names a call.
#[derive(Clone, PartialEq, Eq)]
pub enum RequestId {
    /// By the caller.
    Given(String),
    /// By the server, which counts.
    Own(u64),
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(id) => formatter.write_str(id),
            Self::Own(number) => write!(formatter, "r{number}"),
        }
    }
}

impl fmt::Debug for RequestId {
    /// As a text, because a caller may have given anything.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), formatter)
    }
}

/// What a handler knows of the call beside its request.
#[derive(Clone, Debug)]
pub struct Call {
    /// It stands in errors and in the log.
    pub request_id: RequestId,
    /// After this the caller waits no more.
    pub deadline: Instant,
    /// A repeated call carries the key of the first.
    pub idempotency_key: Option<String>,
    /// The generation of an alias that the caller has seen.
    pub min_generation: Option<u64>,
    /// Higher goes first where calls wait; 0 is usual.
    pub priority: i32,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// What it is about, for the audit log.
    pub trail: Trail,
}

impl Call {
    /// Holds what the call names against who calls.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`](crate::error::Error::PermissionDenied)
    pub fn check(&self, resource: Resource<'_>) -> Checked<()> {
        self.trail.note(resource);
        self.caller.identity.may_use(resource)
    }

    /// Holds what was found under an id that the call names against who calls.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`](crate::error::Error::PermissionDenied)
    pub fn check_found(&self, id: Resource<'_>, found: Resource<'_>) -> Checked<()> {
        self.trail.note(found);
        self.caller.identity.may_use_found(id, found)
    }
}

/// The arguments of a call, not decoded yet.
#[derive(Debug)]
pub struct Arguments {
    /// Who is called.
    pub head: Head,
    /// The whole message.
    pub message: Message,
    /// What is left of it behind the context of the request, for the readers of hot methods.
    pub rest: Option<Place>,
    /// What decoding may cost.
    pub limits: Limits,
}

/// What became of a call.
#[derive(Debug)]
pub enum Reply {
    /// These bytes go back, framed as the call was.
    Bytes(Draft),
    /// The method threw this, or the caller may not use what the request names.
    Thrown(ServiceError),
    /// The request could not be decoded.
    Refused(Refusal),
}

/// A call that has begun.
pub enum Begun<'a, T> {
    /// It has ended already, as most short ones do.
    Done(T),
    /// It waits for something.
    Waits(BoxFuture<'a, T>),
}

impl<'a, T: Send + 'a> Begun<'a, T> {
    /// Work that waits.
    pub fn waits(work: impl Future<Output = T> + Send + 'a) -> Self {
        Self::Waits(Box::pin(work))
    }

    /// What follows when it has ended.
    pub fn map<U>(self, then: impl FnOnce(T) -> U + Send + 'a) -> Begun<'a, U> {
        match self {
            Self::Done(done) => Begun::Done(then(done)),
            Self::Waits(work) => Begun::Waits(Box::pin(async move { then(work.await) })),
        }
    }

    /// Its end.
    pub async fn end(self) -> T {
        match self {
            Self::Done(done) => done,
            Self::Waits(work) => work.await,
        }
    }
}

/// Decodes the request, holds what it names against who calls, hands it to `handler`, encodes what that answers.
pub async fn answer<Q, A, F>(call: &Call, arguments: Arguments, handler: impl FnOnce(Q) -> F) -> Reply
where
    Q: TSerializable + Resources + Send + 'static,
    A: TSerializable,
    F: Future<Output = Result<A, ServiceError>>,
{
    let (format, head) = (arguments.message.format, arguments.head.clone());
    let request: Q = match decode(arguments).await {
        Ok(request) => request,
        Err(refusal) => return Reply::Refused(refusal),
    };
    if let Some(thrown) = denied(call, &request) {
        return thrown;
    }
    match handler(request).await {
        Ok(answer) => Reply::Bytes(reply(format, &head, ("success", 0), &answer).into()),
        Err(error) => Reply::Thrown(error),
    }
}

/// The same for a hot method: request and answer are read and written without the library where that can be, and a call
/// that is answered at once ends here.
pub fn begin<'a, Q, A, H>(call: &Call, arguments: Arguments, handler: H) -> Begun<'a, Reply>
where
    Q: TSerializable + Direct + Resources + Send + 'static,
    A: TSerializable + Direct + Send + 'a,
    H: FnOnce(&Call, Q) -> Begun<'a, Result<A, ServiceError>> + Send + 'a,
{
    match direct::decode(&arguments.message, arguments.rest) {
        Some(request) => begin_with(call, (arguments.message.format, arguments.head), request, handler),
        None => {
            let call = call.clone();
            Begun::waits(async move {
                let (format, head) = (arguments.message.format, arguments.head.clone());
                match decode(arguments).await {
                    Ok(request) => begin_with(&call, (format, head), request, handler).end().await,
                    Err(refusal) => Reply::Refused(refusal),
                }
            })
        }
    }
}

fn begin_with<'a, Q: Resources, A: TSerializable + Direct + Send + 'a>(
    call: &Call,
    (format, head): (Format, Head),
    request: Q,
    handler: impl FnOnce(&Call, Q) -> Begun<'a, Result<A, ServiceError>>,
) -> Begun<'a, Reply> {
    if let Some(thrown) = denied(call, &request) {
        return Begun::Done(thrown);
    }
    let written = move |answer: &A| {
        let draft = direct::reply(format, &head, answer);
        Reply::Bytes(draft.unwrap_or_else(|| reply(format, &head, ("success", 0), answer).into()))
    };
    match handler(call, request) {
        Begun::Done(Ok(ref answer)) => Begun::Done(written(answer)), // It is large to move.
        begun => begun.map(move |done| match done {
            Ok(answer) => written(&answer),
            Err(error) => Reply::Thrown(error),
        }),
    }
}

/// Holds what a request names against who calls, and answers what the caller is told if that may not be.
fn denied(call: &Call, request: &impl Resources) -> Option<Reply> {
    let mut resources = request.resources();
    let error = resources.try_for_each(|resource| call.check(resource)).err()?;
    Some(Reply::Thrown(convert::service_error(&error, &call.request_id)))
}

/// A large request would hold up every other connection of this thread.
async fn decode<Q: TSerializable + Send + 'static>(arguments: Arguments) -> Result<Q, Refusal> {
    let bytes = arguments.message.body.len();
    let decoded = aside(bytes, move || message::decode(&arguments.message, &arguments.limits)).await;
    decoded.unwrap_or_else(|stopping| Err(Refusal::beyond(Reason::Memory, stopping.to_string())))
}

/// Carries one message to a server and its reply back.
pub trait Channel: Sync {
    /// What calls are written in.
    fn format(&self) -> Format;

    /// A number for the next call.
    fn next_seqid(&self) -> i32;

    /// Sends a message, written behind its headroom, and answers the reply without what it is wrapped in.
    fn exchange(
        &self,
        method: &'static Method,
        message: Vec<u8>,
    ) -> impl Future<Output = Result<Bytes, ChannelFault>> + Send;
}

/// Why a channel brought no reply.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChannelFault {
    /// The call never left whole; sending it again is safe.
    #[error("{0}")]
    NotSent(String),
    /// The connection was lost while the call was under way.
    #[error("{0}")]
    Lost(String),
    /// What came back is no reply.
    #[error("{0}")]
    Unreadable(String),
    /// No reply came in time.
    #[error("no reply came within the time limit")]
    TimedOut,
}

/// Why a call has no answer.
#[derive(Debug)]
pub enum CallError<E> {
    /// The exception that the IDL declares.
    Declared(E),
    /// The server could not read the call, or does not know the method.
    Application(ApplicationError),
    /// The bytes that came back are not the reply to this call. The connection is not to be used again.
    Reply(String),
    /// The channel failed.
    Channel(ChannelFault),
}

/// Calls a method through a channel.
///
/// # Errors
/// See [`CallError`].
pub async fn call<C, Q, A, E>(channel: &C, method: &'static Method, request: Q) -> Result<A, CallError<E>>
where
    C: Channel,
    Q: TSerializable,
    A: TSerializable,
    E: TSerializable,
{
    let (format, seqid) = (channel.format(), channel.next_seqid());
    let identifier = TMessageIdentifier::new(method.name, TMessageType::Call, seqid);
    let message = encode(format, &identifier, |writer| write_single(writer, ("request", 1), &request))
        .map_err(|error| CallError::Reply(error.to_string()))?;
    drop(request);
    let body = channel.exchange(method, message).await.map_err(CallError::Channel)?;
    decode_reply(format, &body, &identifier)
}

fn decode_reply<A, E>(format: Format, body: &[u8], sent: &TMessageIdentifier) -> Result<A, CallError<E>>
where
    A: TSerializable,
    E: TSerializable,
{
    let limits = Limits { max_frame_bytes: body.len(), ..Limits::default() };
    let mut reader = format.protocol.reader(body, &limits, None);
    let outcome = guard(|| {
        let identifier = reader.read_message_begin()?;
        if (&identifier.name, identifier.sequence_number) != (&sent.name, sent.sequence_number) {
            let message = format!(
                "it answers {} {}, not {} {}",
                identifier.name, identifier.sequence_number, sent.name, sent.sequence_number
            );
            return Err(ApplicationError::new(ApplicationErrorKind::BadSequenceId, message).into());
        }
        if identifier.message_type == TMessageType::Exception {
            return thrift::Error::read_application_error_from_in_protocol(&mut *reader).map(Outcome::Application);
        }
        let result = field_of_struct(&mut *reader, &mut |id, reader| match id {
            0 => A::read_from_in_protocol(reader).map(|answer| Some(Outcome::Answer(answer))),
            1 => E::read_from_in_protocol(reader).map(|error| Some(Outcome::Declared(error))),
            _ => Ok(None),
        })?;
        result.ok_or_else(|| "it has neither a result nor an error".into())
    });
    match outcome {
        Ok(Outcome::Answer(answer)) => Ok(answer),
        Ok(Outcome::Declared(error)) => Err(CallError::Declared(error)),
        Ok(Outcome::Application(error)) => Err(CallError::Application(error)),
        Err(refusal) => Err(CallError::Reply(refusal.message)),
    }
}

enum Outcome<A, E> {
    Answer(A),
    Declared(E),
    Application(ApplicationError),
}
