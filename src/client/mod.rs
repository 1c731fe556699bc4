//! The Rust client.
//!
//! Dropping a [`Client`] closes it. Reuse it: it keeps its connections, and opens others when they are lost. Tasks may share
//! it behind an `Arc`: their calls do not wait for each other.
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
mod driver;
mod endpoint;
mod evaluation;
mod exchange;
mod export;
mod halves;
mod health;
mod importance;
mod inference;
mod large;
mod learners;
pub mod load;
mod models;
mod options;
mod pieces;
pub mod ping;
mod pool;
mod retry;
mod search;
mod times;
mod training;
mod waiting;

pub use crate::wire::answers::{
    AlgorithmDescription, Evaluated, Explained, ExportedModel, Greeting, Importance, ImportanceOptions, JobStatus,
    LearnerAnswer, MethodDescription, ModelVersion, ParameterDescription, Prediction, SearchTable, ServerDescription,
    ServerLimits, ServerStatus, TrainedRows, Watched,
};
pub use crate::wire::{Protocol, Transport};
pub use options::{Options, PoolLimits};
pub use pieces::{MAX_PIECE_BYTES, encoded_bytes, pieces};
pub use times::{Latency, Times};

#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::wire::Sealer;
use endpoint::Endpoint;
use pool::Pool;
use retry::{Budget, Failed};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use tokio::time::Instant;

/// Calls a server. See the [module](self) for who may share it.
///
/// Calls of many tasks go over a few connections, on each one behind the other without waiting for the replies. A call that
/// is dropped, or not answered in time, gives up its connection: no other call is made over it, those that are under way
/// there end as they would, and when the last has ended it is closed, so that the server cancels what nobody waits for.
///
/// A call is tried again, after a pause and within its time limit, if it did not leave whole, or the server says that it
/// was not run for a reason that passes. Methods that may be called twice are tried again after a lost connection too.
#[derive(Debug)]
pub struct Client {
    address: String,
    options: Options,
    sealer: Arc<Sealer>,
    pool: Pool,
    budget: Budget,
    seqid: AtomicI32,
}

impl Client {
    /// Connects to `host:port`, or to `unix:/path`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if nobody answers there in time; [`Error::InvalidArgument`] for options that do not fit each
    /// other.
    pub async fn connect(address: impl Into<String>, options: Options) -> Result<Self> {
        let endpoint = Endpoint { address: address.into(), tls: options.tls.clone() };
        if let Some(tls) = &endpoint.tls {
            tls.server_name(&endpoint.address)?;
        }
        let (address, sealer) =
            (endpoint.address.clone(), Sealer::new(options.format(), endpoint.host(), options.token.clone())?);
        let (sealer, pool) = (Arc::new(sealer), Pool::new(endpoint, &options));
        let (budget, seqid) = (Budget::new(Instant::now()), AtomicI32::new(0));
        let client = Self { address, options, sealer, pool, budget, seqid };
        client.pool.open().await.map_err(|fault| client.error(Failed::before(fault)))?;
        Ok(client)
    }

    /// Connections that have opened so far, those of long polls too.
    pub fn connections_opened(&self) -> u64 {
        self.pool.opened()
    }
}

#[cfg(test)]
mod tests;
