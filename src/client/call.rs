//! A call from the first try to the answer.

use super::Client;
use super::exchange::Exchange;
use super::retry::{self, Failed};
use crate::error::{Code, Error, Result};
use crate::wire::runtime::{CallError, ChannelFault};
use crate::wire::types::{RequestContext, ServiceError};
use crate::wire::{self, convert};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What the generated clients answer.
pub(super) type Outcome<A> = std::result::Result<A, CallError<ServiceError>>;

/// Makes a call over what it is given; each try makes it anew.
pub(super) trait Request<F>: Fn(Arc<Exchange>, Option<RequestContext>) -> F + Send + Sync {}

impl<F, T: Fn(Arc<Exchange>, Option<RequestContext>) -> F + Send + Sync> Request<F> for T {}

/// Which connection carries a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// One of the pool.
    Shared,
    /// A new one for this call.
    Own,
}

impl Client {
    /// Calls over a connection of the pool, within the call time-out.
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
        self.budget.earn(Instant::now());
        let mut tries = 0;
        loop {
            let failed = match self.attempt(line, deadline, &request).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            tries += 1;
            let now = Instant::now();
            let pause = retry::pause(&failed, tries, deadline.saturating_duration_since(now), retry::draw());
            match pause.filter(|_| tries < self.options.max_tries && self.budget.spend(now)) {
                Some(pause) => sleep(pause).await,
                None => return Err(self.error(failed)),
            }
        }
    }

    /// One try.
    async fn attempt<A, F>(
        &self,
        line: Line,
        deadline: Instant,
        request: &impl Request<F>,
    ) -> std::result::Result<A, Failed>
    where
        F: Future<Output = Outcome<A>> + Send,
    {
        let mut lease = match line {
            Line::Shared => self.pool.lease(deadline).await.map_err(Failed::before)?,
            Line::Own => self.pool.lease_own(),
        };
        let seqid = self.seqid.fetch_add(1, Ordering::Relaxed);
        let exchange = Arc::new(Exchange::new(lease.connection(), self.sealer.clone(), deadline, seqid));
        let outcome = request(Arc::clone(&exchange), Some(self.context(deadline))).await;
        if matches!(outcome, Ok(_) | Err(CallError::Declared(_))) {
            lease.is_clean();
        }
        outcome.map_err(|fault| Failed { fault, idempotent: exchange.is_idempotent() })
    }

    /// What the server hears of the call beside its request.
    fn context(&self, deadline: Instant) -> RequestContext {
        let left = deadline.saturating_duration_since(Instant::now());
        let token = self.options.token.as_ref().map(|token| token.as_str().to_owned());
        RequestContext { deadline_ms: i64::try_from(left.as_millis().max(1)).ok(), token, ..wire::empty() }
    }

    /// Why a call has no answer, in words for the caller.
    pub(super) fn error(&self, Failed { fault, idempotent }: Failed) -> Error {
        let address = &self.address;
        let remote = |code, what| {
            let hint = if idempotent { ASK_AGAIN } else { LOOK_FIRST };
            Error::Remote { code, what, hint: Some(hint.into()), executed: None, request_id: String::new() }
        };
        match fault {
            CallError::Declared(error) => convert::received_error(error),
            CallError::Application(error) => convert::application_error(error),
            CallError::Reply(why) | CallError::Channel(ChannelFault::Unreadable(why)) => {
                remote(Code::Internal, format!("the reply of {address} cannot be read: {why}"))
            }
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
        converted.map_err(|error| Error::Remote {
            code: Code::Internal,
            what: format!("the answer of {} cannot be used: {error}", self.address),
            hint: Some("the call was carried out; \"modelwire hello\" says of which release the server is".into()),
            executed: Some(true),
            request_id: String::new(),
        })
    }
}

/// To who does not know whether a call was run, and may run it twice.
const ASK_AGAIN: &str = "asking again is safe: twice does what once does";
/// And may not.
const LOOK_FIRST: &str = "the call may have been carried out all the same; look before you repeat it";
