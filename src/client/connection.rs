//! One connection, and one call over it.

use crate::wire::runtime::{Channel, ChannelFault, Method};
use crate::wire::{Envelope, Format, Notice, Protocol, Transport};
use bytes::Bytes;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

/// What a reply gets before its bytes are there; beyond that its buffer grows as they come.
const FIRST_BUFFER_BYTES: usize = 64 * 1024;

/// A connection to a server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
}

impl Connection {
    pub(super) async fn open(address: &str, until: Instant) -> Result<Self, ChannelFault> {
        let not_sent = |cause: io::Error| ChannelFault::NotSent(cause.to_string());
        let stream = timeout_at(until, TcpStream::connect(address))
            .await
            .map_err(|_| ChannelFault::NotSent("no connection was accepted in time".into()))?
            .map_err(not_sent)?;
        stream.set_nodelay(true).map_err(not_sent)?;
        Ok(Self { stream })
    }

    /// Nothing has come since the last reply: neither its end nor bytes that nobody asked for.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Waits until the server has closed it.
    #[cfg(test)]
    pub(super) async fn ended(&self) {
        self.stream.readable().await.expect("a socket can be waited for");
    }

    async fn exchange(&mut self, message: &[u8], max_frame_bytes: usize) -> Result<Bytes, ChannelFault> {
        self.stream.write_all(message).await.map_err(|cause| ChannelFault::NotSent(cause.to_string()))?;
        let lost = |cause: io::Error| ChannelFault::Lost(cause.to_string());
        let length = self.stream.read_u32().await.map_err(lost)? as usize;
        if length > max_frame_bytes {
            let message = format!("its reply has {length} bytes and the limit of this client is {max_frame_bytes}");
            return Err(ChannelFault::Lost(message));
        }
        let mut body = Vec::with_capacity(length.min(FIRST_BUFFER_BYTES));
        (&mut self.stream).take(length as u64).read_to_end(&mut body).await.map_err(lost)?;
        if body.len() < length {
            return Err(ChannelFault::Lost(format!("it closed after {} of {length} bytes", body.len())));
        }
        Ok(body.into())
    }
}

/// One call: it has the connection for itself until the reply is there.
#[derive(Debug)]
pub(super) struct Exchange {
    /// Taken by the call; absent after it unless a whole reply came.
    connection: Mutex<Option<Connection>>,
    deadline: Instant,
    seqid: i32,
    max_frame_bytes: usize,
}

impl Exchange {
    pub(super) fn new(connection: Connection, deadline: Instant, seqid: i32, max_frame_bytes: usize) -> Self {
        Self { connection: Mutex::new(Some(connection)), deadline, seqid, max_frame_bytes }
    }

    pub(super) fn into_connection(self) -> Option<Connection> {
        self.connection.into_inner()
    }
}

impl Channel for Exchange {
    fn format(&self) -> Format {
        Format { transport: Transport::Framed, protocol: Protocol::Compact }
    }

    fn next_seqid(&self) -> i32 {
        self.seqid
    }

    async fn exchange(&self, _method: &'static Method, message: Vec<u8>) -> Result<Bytes, ChannelFault> {
        let mut place = self.connection.lock().await;
        let mut connection = place.take().ok_or_else(|| ChannelFault::NotSent("the connection is used up".into()))?;
        let reply = timeout_at(
            self.deadline,
            connection.exchange(&Envelope::Framed.seal(message, Notice::default()), self.max_frame_bytes),
        )
        .await
        .map_err(|_| ChannelFault::TimedOut)??;
        *place = Some(connection);
        Ok(reply)
    }
}
