//! The connections that calls share.

use super::connection::{Connection, Terms};
use super::driver::Lifetime;
use super::endpoint::Endpoint;
use super::options::Options;
use crate::wire::runtime::ChannelFault;
use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

/// Up to so many connections, each with up to so many calls under way.
#[derive(Debug)]
pub(super) struct Pool {
    endpoint: Endpoint,
    terms: Terms,
    connect_timeout: Duration,
    max_connections: usize,
    /// Those that may take calls. One that is taken out lives on until its calls have ended.
    connections: Mutex<Vec<Arc<Connection>>>,
    /// Of calls, on all connections together.
    places: Semaphore,
    opened: Arc<AtomicU64>,
}

impl Pool {
    pub(super) fn new(endpoint: Endpoint, options: &Options) -> Self {
        let limits = options.pool;
        let pipelines = options.format().pipelines();
        let calls = if pipelines { limits.max_calls_per_connection.max(1) } else { 1 };
        let connections = limits.max_connections.max(1);
        let terms = Terms {
            format: options.format(),
            max_frame_bytes: options.max_frame_bytes,
            max_queued: calls,
            lifetime: Lifetime { idle: limits.idle, age: limits.age },
        };
        Self {
            endpoint,
            terms,
            connect_timeout: options.connect_timeout,
            max_connections: connections,
            connections: Mutex::default(),
            places: Semaphore::new(connections.saturating_mul(calls).min(Semaphore::MAX_PERMITS)),
            opened: Arc::default(),
        }
    }

    /// Opens the first connection.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn open(&self) -> Result<(), ChannelFault> {
        let stream = self.endpoint.open(Instant::now() + self.connect_timeout).await.map_err(ChannelFault::NotSent)?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        let connection = Connection::start(ready(Ok(stream)), &self.terms);
        self.connections().push(Arc::new(connection));
        Ok(())
    }

    /// Where its connections lead.
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Connections that have opened so far.
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// A connection for a call, one without calls if there is one or may be one.
    ///
    /// # Errors
    /// [`ChannelFault::TimedOut`] if too many calls are under way until the deadline.
    pub(super) async fn lease(&self, deadline: Instant) -> Result<Lease<'_>, ChannelFault> {
        let place = timeout_at(deadline, self.places.acquire()).await.map_err(|_| ChannelFault::TimedOut)?;
        let place = place.map_err(|_| ChannelFault::NotSent("the client is closed".into()))?;
        let connection = self.least_busy();
        Ok(Lease { pool: self, connection, clean: false, _place: Some(place) })
    }

    /// A connection of its own for a call that may take long.
    pub(super) fn lease_own(&self) -> Lease<'_> {
        let connection = Arc::new(self.start());
        connection.hold();
        Lease { pool: self, connection, clean: false, _place: None }
    }

    fn least_busy(&self) -> Arc<Connection> {
        let mut connections = self.connections();
        connections.retain(|connection| connection.takes_calls());
        let least = connections.iter().min_by_key(|connection| connection.in_flight());
        let fits = least.filter(|least| least.in_flight() == 0 || connections.len() >= self.max_connections);
        let connection = fits.cloned().unwrap_or_else(|| {
            let connection = Arc::new(self.start());
            connections.push(Arc::clone(&connection));
            connection
        });
        connection.hold();
        connection
    }

    fn start(&self) -> Connection {
        let (endpoint, timeout, opened) = (self.endpoint.clone(), self.connect_timeout, Arc::clone(&self.opened));
        let opening = async move {
            let stream = endpoint.open(Instant::now() + timeout).await?;
            opened.fetch_add(1, Ordering::Relaxed);
            Ok(stream)
        };
        Connection::start(opening, &self.terms)
    }

    /// Gives it no further calls.
    fn retire(&self, connection: &Arc<Connection>) {
        self.connections().retain(|it| !Arc::ptr_eq(it, connection));
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connections that may take calls.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.connections().iter().filter(|connection| connection.takes_calls()).count()
    }
}

/// A connection in the hands of one call.
///
/// Unless the call says that it is clean, it takes the connection out of the pool: the next reply on it may be the one to
/// the call that gave up. Others that are under way there end as they would; then it is closed, and the server learns that
/// nobody waits any more.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    connection: Arc<Connection>,
    clean: bool,
    _place: Option<SemaphorePermit<'a>>,
}

impl Lease<'_> {
    pub(super) fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    /// The whole reply to the call has come.
    pub(super) fn is_clean(&mut self) {
        self.clean = true;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if !self.clean {
            self.pool.retire(&self.connection); // First: nobody may lease it in between.
        }
        self.connection.let_go();
    }
}
