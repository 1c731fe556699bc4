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

mod call;
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

use crate::access::Token;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::wire;
use crate::wire::runtime::CallError;
use connection::Connection;
use std::sync::atomic::AtomicI32;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How a client treats its connection and its calls.
#[derive(Clone, Debug)]
pub struct Options {
    /// Time for a connection to open.
    pub connect_timeout: Duration,
    /// Time for a call, all tries included. The server hears of it and drops work that nobody waits for any more.
    pub call_timeout: Duration,
    /// Largest reply in bytes.
    pub max_frame_bytes: usize,
    /// Says who calls, to a server that wants to know.
    pub token: Option<Token>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(1),
            call_timeout: Duration::from_secs(30),
            max_frame_bytes: wire::Limits::default().max_frame_bytes,
            token: None,
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

impl Client {
    /// Connects to `host:port`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if nobody answers there in time.
    pub async fn connect(address: impl Into<String>, options: Options) -> Result<Self> {
        let (address, seqid) = (address.into(), AtomicI32::new(0));
        let client = Self { address, options, seqid, idle: Mutex::new(None) };
        let opened = client.open(Instant::now() + client.options.connect_timeout).await;
        *client.idle.lock().await = Some(opened.map_err(|fault| client.error(CallError::Channel(fault)))?);
        Ok(client)
    }
}

#[cfg(test)]
mod tests;
