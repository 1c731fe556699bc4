//! The two directions of a connection. Each step may be dropped before it is done; nothing is lost then.

use super::endpoint::Stream;
use crate::tls::in_words;
use crate::wire::runtime::ChannelFault;
use crate::wire::{Replies, Reply};
use bytes::{Buf, Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

/// What is read at once, at least.
const READ_BYTES: usize = 16 * 1024;
/// A larger buffer is not kept.
const KEPT_BYTES: usize = 64 * 1024;

/// Bytes in, replies out of them.
pub(super) struct Input {
    half: ReadHalf<Box<dyn Stream>>,
    buffer: BytesMut,
    replies: Replies,
}

impl Input {
    pub(super) fn new(half: ReadHalf<Box<dyn Stream>>, replies: Replies) -> Self {
        Self { half, buffer: BytesMut::new(), replies }
    }

    /// Reads what has come.
    ///
    /// # Errors
    /// [`ChannelFault::Lost`] if nothing will come any more.
    pub(super) async fn read(&mut self) -> Result<(), ChannelFault> {
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT_BYTES {
            self.buffer = BytesMut::new();
        }
        if self.buffer.capacity() - self.buffer.len() < READ_BYTES {
            self.buffer.reserve(READ_BYTES.max(self.buffer.len())); // As much as has come, whatever a length claims.
        }
        match self.half.read_buf(&mut self.buffer).await {
            Ok(0) if self.buffer.is_empty() => Err(ChannelFault::Lost("it closed the connection".into())),
            Ok(0) => {
                let bytes = self.buffer.len();
                Err(ChannelFault::Lost(format!("it closed the connection after {bytes} bytes of a reply")))
            }
            Ok(_) => Ok(()),
            Err(error) => Err(ChannelFault::Lost(in_words(error).to_string())),
        }
    }

    /// The next reply, if it is there.
    ///
    /// # Errors
    /// [`ChannelFault::Unreadable`]
    pub(super) fn reply(&mut self) -> Result<Option<Reply>, ChannelFault> {
        self.replies.cut(&mut self.buffer).map_err(ChannelFault::Unreadable)
    }
}

/// Bytes out.
pub(super) struct Output {
    half: WriteHalf<Box<dyn Stream>>,
    unsent: Bytes,
    unflushed: bool,
    sent: u64,
}

impl Output {
    pub(super) fn new(half: WriteHalf<Box<dyn Stream>>) -> Self {
        Self { half, unsent: Bytes::new(), unflushed: false, sent: 0 }
    }

    /// There is something to send.
    pub(super) fn is_busy(&self) -> bool {
        self.unflushed
    }

    /// Bytes that have been handed to the system.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// What is to be sent next; before it nothing is.
    pub(super) fn set(&mut self, bytes: Bytes) {
        self.unflushed = !bytes.is_empty();
        self.unsent = bytes;
    }

    /// Says that nothing more will be sent.
    pub(super) async fn shut_down(&mut self) -> io::Result<()> {
        self.half.shutdown().await
    }

    /// Sends some of it, or sees that all has left.
    ///
    /// # Errors
    /// As the system says; then there is nothing to send any more.
    pub(super) async fn write(&mut self) -> io::Result<()> {
        let written = if self.unsent.is_empty() {
            self.half.flush().await.map(|()| 0)
        } else {
            self.half.write(&self.unsent).await.and_then(|count| match count {
                0 => Err(io::ErrorKind::WriteZero.into()),
                count => Ok(count),
            })
        };
        match written {
            Ok(count) => {
                self.sent += count as u64;
                self.unsent.advance(count);
                if count == 0 {
                    self.set(Bytes::new());
                }
            }
            Err(_) => self.set(Bytes::new()),
        }
        written.map(drop)
    }
}
