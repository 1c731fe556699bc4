//! Where connections come from.

use super::stream::Stream;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use tokio::net::{TcpListener, TcpSocket, UnixListener, lookup_host};

/// A place to listen on.
pub enum Listener {
    /// An address and a port.
    Tcp(TcpListener),
    /// A socket in the file system; the file is removed when this is dropped.
    Unix(UnixListener, SocketFile),
}

/// A connection that was accepted.
pub(super) struct Accepted {
    pub(super) stream: Stream,
    /// For the log.
    pub(super) peer: String,
    /// What the connections of one address are counted by; `None` where peers have none.
    pub(super) address: Option<IpAddr>,
}

/// Connections that wait to be accepted, as far as the system lets them (`net.core.somaxconn`): after a restart all clients come
/// at once, and one that finds the queue full tries again only after a second.
const BACKLOG: u32 = 4096;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?; // As a listener of the library does: connections of the last run may still be closing.
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Listener {
    /// Listens on `host:port`; port 0 takes a free one.
    ///
    /// # Errors
    /// As the system says.
    pub async fn tcp(address: &str) -> io::Result<Self> {
        let mut refused = io::Error::new(io::ErrorKind::InvalidInput, "the host has no address");
        for address in lookup_host(address).await? {
            match listen(address) {
                Ok(listener) => return Ok(Self::Tcp(listener)),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// Listens on a socket in the file system. One that a server left there which is gone is taken over.
    ///
    /// # Errors
    /// As the system says; [`io::ErrorKind::AddrInUse`] if a server still listens there, or the file is no socket.
    pub fn unix(path: &Path) -> io::Result<Self> {
        let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
        let gone = || {
            let refused = std::os::unix::net::UnixStream::connect(path);
            refused.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        };
        if is_socket && gone() {
            std::fs::remove_file(path)?;
        }
        Ok(Self::Unix(UnixListener::bind(path)?, SocketFile(path.to_owned())))
    }

    /// Where it listens, as a client names it.
    ///
    /// # Errors
    /// As the system says.
    pub fn address(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(|address| address.to_string()),
            Self::Unix(_, file) => Ok(format!("unix:{}", file.0.display())),
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // It fails for who has left already, which the first read tells, and concerns nobody else.
                let _ = stream.set_nodelay(true);
                Ok(Accepted { stream: Stream::Tcp(stream), peer: peer.to_string(), address: Some(peer.ip()) })
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok(Accepted { stream: Stream::Unix(stream), peer: "unix".into(), address: None })
            }
        }
    }
}

/// The file of a socket.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn what_is_written_to_an_accepted_connection_waits_for_nothing() {
        let listener = Listener::tcp("127.0.0.1:0").await.unwrap();
        let address = listener.address().unwrap();

        let (_caller, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());

        let Stream::Tcp(stream) = accepted.unwrap().stream else { panic!("it listens on TCP") };
        assert!(stream.nodelay().unwrap());
    }
}
