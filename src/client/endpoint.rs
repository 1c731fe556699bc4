//! Where a server is, and a way to it.

use crate::tls::ClientTls;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout_at};

/// The bytes of a connection, both ways.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What the address of a socket in the file system begins with.
const UNIX: &str = "unix:";

/// A server.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// `host:port`, or `unix:/path` for a socket in the file system.
    pub(super) address: String,
    pub(super) tls: Option<ClientTls>,
}

impl Endpoint {
    /// What HTTP calls it.
    pub(super) fn host(&self) -> &str {
        if self.address.starts_with(UNIX) { "localhost" } else { &self.address }
    }

    /// Opens a connection within its time.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn open(&self, until: Instant) -> Result<Box<dyn Stream>, String> {
        let opened = timeout_at(until, self.connect()).await;
        opened.map_err(|_| "no connection was accepted in time".to_owned())?.map_err(|cause| cause.to_string())
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let stream: Box<dyn Stream> = match self.address.strip_prefix(UNIX) {
            Some(path) => Box::new(UnixStream::connect(path).await?),
            None => Box::new(tcp(&self.address).await?),
        };
        match &self.tls {
            Some(tls) => Ok(Box::new(tls.connect(&self.address, stream).await?)),
            None => Ok(stream),
        }
    }
}

/// To the first address of a name that accepts.
async fn tcp(address: &str) -> io::Result<TcpStream> {
    let mut refused = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host(address).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_keepalive(true)?; // A server that lost its power says nothing.
        socket.set_nodelay(true)?;
        socket.set_zero_linger()?; // Dropping it breaks it, so that the server does not go on for who may still read.
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}
