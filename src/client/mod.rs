//! The Rust client.
//!
//! Dropping a [`Client`] closes it. Reuse it: it keeps its connection and opens another when that one is lost. Tasks may
//! share it behind an `Arc`; their calls then go one after the other.
//!
//! ```no_run
//! use modelwire::client::{Client, Options};
//! use modelwire::data::Features;
//! use ndarray::array;
//!
//! # async fn example() -> modelwire::error::Result<()> {
//! let client = Client::connect("127.0.0.1:9090", Options::default()).await?;
//! let rows = Features::Matrix(array![[5.1, 3.5, 1.4, 0.2]]);
//! let prediction = client.predict("iris", &rows).await?;
//! println!("{} of version {}", prediction.model, prediction.version);
//! # Ok(())
//! # }
//! ```

mod connection;
mod datasets;
mod health;
mod inference;
mod models;
mod pieces;
mod retry;
mod training;

pub use crate::wire::answers::{
    AlgorithmDescription, Greeting, JobStatus, MethodDescription, ModelVersion, ParameterDescription, Prediction,
    ServerDescription, ServerLimits, ServerStatus, Watched,
};
pub use pieces::{MAX_PIECE_BYTES, encoded_bytes, pieces};

use crate::error::{Code, Error, Result};
use crate::wire::runtime::{CallError, ChannelFault};
use crate::wire::types::{RequestContext, ServiceError};
use crate::wire::{self, convert};
use connection::{Connection, Exchange};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

/// How a client treats its connection and its calls.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Time for a connection to open.
    pub connect_timeout: Duration,
    /// Time for a call, all tries included. The server hears of it and drops work that nobody waits for any more.
    pub call_timeout: Duration,
    /// Largest reply in bytes.
    pub max_frame_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(1),
            call_timeout: Duration::from_secs(30),
            max_frame_bytes: wire::Limits::default().max_frame_bytes,
        }
    }
}

/// Calls a server. See the [module](self) for who may share it.
#[derive(Debug)]
pub struct Client {
    address: String,
    options: Options,
    seqid: AtomicI32,
    /// The connection while no call uses it. A call that ends well puts it back; any other end closes it, because the
    /// next reply would belong to the call that gave up.
    idle: Mutex<Option<Connection>>,
}

/// What the generated clients answer.
type Outcome<A> = std::result::Result<A, CallError<ServiceError>>;

/// Makes a call over what it is given; each try makes it anew.
trait Request<F>: Fn(Arc<Exchange>, Option<RequestContext>) -> F + Send + Sync {}

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
    /// Connects to `host:port`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if nobody answers there in time.
    pub async fn connect(address: impl Into<String>, options: Options) -> Result<Self> {
        let (address, seqid) = (address.into(), AtomicI32::new(0));
        let client = Self { address, options, seqid, idle: Mutex::new(None) };
        let opened = client.open(Instant::now() + options.connect_timeout).await;
        *client.idle.lock().await = Some(opened.map_err(|fault| client.error(CallError::Channel(fault)))?);
        Ok(client)
    }

    /// Calls over the shared connection, within the call time-out.
    fn call<A: Send, F: Future<Output = Outcome<A>> + Send>(
        &self,
        request: impl Request<F>,
    ) -> impl Future<Output = Result<A>> + Send {
        self.tried(Line::Shared, self.options.call_timeout, request)
    }

    /// Calls over a connection of its own, so that a long wait keeps no other call waiting.
    fn call_aside<A: Send, F: Future<Output = Outcome<A>> + Send>(
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
        let context = Some(RequestContext { deadline_ms, ..wire::empty() });
        let outcome = request(Arc::clone(&exchange), context).await;
        let clean = matches!(outcome, Ok(_) | Err(CallError::Declared(_)));
        let connection = Arc::into_inner(exchange).and_then(Exchange::into_connection).filter(|_| clean);
        (outcome, connection)
    }

    async fn open(&self, deadline: Instant) -> std::result::Result<Connection, ChannelFault> {
        let until = deadline.min(Instant::now() + self.options.connect_timeout);
        Connection::open(&self.address, until).await
    }

    /// Why a call has no answer, in words for the caller.
    fn error(&self, fault: CallError<ServiceError>) -> Error {
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
                remote(Code::DeadlineExceeded, format!("{address} did not answer in time"))
            }
        }
    }

    /// Turns an answer into plain types; one that cannot be is a fault of the server, not of the caller.
    fn plain<T>(&self, converted: Result<T>) -> Result<T> {
        let unusable = |error| format!("the answer of {} cannot be used: {error}", self.address);
        converted.map_err(|error| remote(Code::Internal, unusable(error)))
    }
}

/// An error of a call of which it is not known whether it was run.
fn remote(code: Code, what: String) -> Error {
    Error::Remote { code, what, hint: None, executed: None, request_id: String::new() }
}

#[cfg(test)]
mod tests;
