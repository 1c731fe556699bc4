//! A call from the first try to the answer.

use super::connection::{Connection, Exchange};
use super::{Client, retry};
use crate::error::{Code, Error, Result};
use crate::wire::runtime::{CallError, ChannelFault};
use crate::wire::types::{RequestContext, ServiceError};
use crate::wire::{self, convert};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// What the generated clients answer.
pub(super) type Outcome<A> = std::result::Result<A, CallError<ServiceError>>;

/// Makes a call over what it is given; each try makes it anew.
pub(super) trait Request<F>: Fn(Arc<Exchange>, Option<RequestContext>) -> F + Send + Sync {}

impl<F, T: Fn(Arc<Exchange>, Option<RequestContext>) -> F + Send + Sync> Request<F> for T {}

/// Which connection carries a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// The one of the client.
    Shared,
    /// A new one for this call.
    Own,
}

impl Client {
    /// Calls over the shared connection, within the call time-out.
    pub(super) fn call<A: Send, F: Future<Output = Outcome<A>> + Send>(
        &self,
        request: impl Request<F>,
    ) -> impl Future<Output = Result<A>> + Send {
        self.tried(Line::Shared, self.options.call_timeout, request)
    }

    /// Calls over a connection of its own, so that a long wait keeps no other call waiting.
    pub(super) fn call_aside<A: Send, F: Future<Output = Outcome<A>> + Send>(
        &self,
        timeout: Duration,
        request: impl Request<F>,
    ) -> impl Future<Output = Result<A>> + Send {
        self.tried(Line::Own, timeout, request)
    }

    /// Tries until there is an answer or no reason to try again.
    async fn tried<A, F>(&self, line: Line, timeout: Duration, request: impl Request<F>) -> Result<A>
    where
        A: Send,
        F: Future<Output = Outcome<A>> + Send,
    {
        let deadline = Instant::now() + timeout;
        let mut tries = 0;
        loop {
            let fault = match self.attempt(line, deadline, &request).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            tries += 1;
            let left = deadline.saturating_duration_since(Instant::now());
            match retry::pause(&fault, tries, left, retry::draw()) {
                Some(pause) => sleep(pause).await,
                None => return Err(self.error(fault)),
            }
        }
    }

    async fn attempt<A, F>(&self, line: Line, deadline: Instant, request: &impl Request<F>) -> Outcome<A>
    where
        F: Future<Output = Outcome<A>> + Send,
    {
        if line == Line::Own {
            let connection = self.open(deadline).await.map_err(CallError::Channel)?;
            return self.converse(connection, deadline, request).await.0;
        }
        let mut idle =
            timeout_at(deadline, self.idle.lock()).await.map_err(|_| CallError::Channel(ChannelFault::TimedOut))?;
        let connection = match idle.take().filter(Connection::is_open) {
            Some(connection) => connection,
            None => self.open(deadline).await.map_err(CallError::Channel)?,
        };
        let (outcome, connection) = self.converse(connection, deadline, request).await;
        *idle = connection;
        outcome
    }

    /// One try, and the connection if it can be used again.
    async fn converse<A, F>(
        &self,
        connection: Connection,
        deadline: Instant,
        request: &impl Request<F>,
    ) -> (Outcome<A>, Option<Connection>)
    where
        F: Future<Output = Outcome<A>> + Send,
    {
        let seqid = self.seqid.fetch_add(1, Ordering::Relaxed);
        let exchange = Arc::new(Exchange::new(connection, deadline, seqid, self.options.max_frame_bytes));
        let left = deadline.saturating_duration_since(Instant::now());
        let deadline_ms = i64::try_from(left.as_millis().max(1)).ok();
        let token = self.options.token.as_ref().map(|token| token.as_str().to_owned());
        let context = Some(RequestContext { deadline_ms, token, ..wire::empty() });
        let outcome = request(Arc::clone(&exchange), context).await;
        let clean = matches!(outcome, Ok(_) | Err(CallError::Declared(_)));
        let connection = Arc::into_inner(exchange).and_then(Exchange::into_connection).filter(|_| clean);
        (outcome, connection)
    }

    pub(super) async fn open(&self, deadline: Instant) -> std::result::Result<Connection, ChannelFault> {
        let until = deadline.min(Instant::now() + self.options.connect_timeout);
        Connection::open(&self.address, until).await
    }

    /// Why a call has no answer, in words for the caller.
    pub(super) fn error(&self, fault: CallError<ServiceError>) -> Error {
        let address = &self.address;
        match fault {
            CallError::Declared(error) => convert::received_error(error),
            CallError::Application(error) => convert::application_error(error),
            CallError::Reply(why) => remote(Code::Internal, format!("the reply of {address} cannot be read: {why}")),
            CallError::Channel(ChannelFault::NotSent(why)) => {
                Error::Unavailable { what: format!("{address} cannot be reached: {why}") }
            }
            CallError::Channel(ChannelFault::Lost(why)) => {
                remote(Code::Unavailable, format!("{address} was lost in the middle of a call: {why}"))
            }
            CallError::Channel(ChannelFault::TimedOut) => {
                let seconds = self.options.call_timeout.as_secs_f64();
                remote(Code::DeadlineExceeded, format!("{address} did not answer within {seconds} seconds"))
            }
        }
    }

    /// Turns an answer into plain types; one that cannot be is a fault of the server, not of the caller.
    pub(super) fn plain<T>(&self, converted: Result<T>) -> Result<T> {
        let unusable = |error| format!("the answer of {} cannot be used: {error}", self.address);
        converted.map_err(|error| remote(Code::Internal, unusable(error)))
    }
}

/// An error of a call of which it is not known whether it was run.
fn remote(code: Code, what: String) -> Error {
    let hint = Some("the call may have been carried out all the same; look before you repeat it".into());
    Error::Remote { code, what, hint, executed: None, request_id: String::new() }
}
