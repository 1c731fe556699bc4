//! One connection: bytes in, messages out of them, replies back in the order of the calls.
//!
//! Calls run beside each other, in this one task; dropping it, when the peer is gone, cancels them.

use super::Options;
use crate::service::{Answer, Service};
use crate::wire::{Cut, Cutter};
use bytes::BytesMut;
use futures_util::stream::{FuturesOrdered, StreamExt};
use futures_util::{FutureExt, future::Either};
use log::{debug, warn};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

/// As much as is read at once: a peer that announces a large message has to send it before it takes memory here.
const READ_BYTES: usize = 64 * 1024;
/// How long the rest of a refused message is read and dropped, so that closing does not destroy the answer on its way.
const LINGER: Duration = Duration::from_secs(1);

/// Whether more is read from a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    /// The peer has said all it will say; it may still wait for replies.
    Ended,
    /// We read no further: a refusal was sent, or the bytes mean nothing.
    Refused,
}

/// Serves one connection until the peer ends it, it breaks a limit, or the server drains.
pub(super) async fn serve(
    mut stream: TcpStream,
    peer: SocketAddr,
    service: &Service,
    options: Options,
    mut draining: watch::Receiver<bool>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let peer = peer.to_string();
    let (mut cutter, mut buffer) = (Cutter::new(service.wire_limits()), BytesMut::new());
    let (mut calls, mut input) = (FuturesOrdered::new(), Input::Open);
    let mut read_until = Instant::now() + options.first_byte;
    loop {
        while input == Input::Open && calls.len() < options.max_calls_in_flight {
            match cutter.cut(&mut buffer) {
                Cut::Message(message) => {
                    calls.push_back(Either::Left(service.call(message, &peer)));
                    read_until = Instant::now() + if buffer.is_empty() { options.idle } else { options.message };
                }
                Cut::More => break,
                Cut::Refused { format, head, refusal } => {
                    input = Input::Refused;
                    let reply = head.map(|head| service.refuse(format, &head, &refusal));
                    calls.push_back(Either::Right(std::future::ready(Answer { reply, close: true })));
                }
                Cut::Unknown => {
                    input = Input::Refused;
                    warn!(peer, first_bytes:? = &buffer[..buffer.len().min(8)]; "Bytes of no known protocol.");
                }
            }
        }
        if calls.is_empty() && (input != Input::Open || *draining.borrow()) {
            break;
        }
        let reading = input == Input::Open && calls.len() < options.max_calls_in_flight && !*draining.borrow();
        let had_bytes = !buffer.is_empty();
        tokio::select! {
            Some(answer) = calls.next(), if !calls.is_empty() => {
                let (replies, close) = burst(answer, || calls.next().now_or_never().flatten());
                tokio::time::timeout(options.message, stream.write_all(&replies)).await??;
                if close {
                    input = Input::Refused;
                    break;
                }
            }
            read = read_some(&mut stream, &mut buffer), if reading => match read? {
                0 => input = Input::Ended,
                _ if !had_bytes => read_until = Instant::now() + options.message,
                _ => {}
            },
            () = tokio::time::sleep_until(read_until), if reading && calls.is_empty() => {
                debug!(peer; "Nothing came in time.");
                return Ok(());
            }
            _ = draining.changed() => {}
        }
    }
    close(stream, input).await
}

async fn read_some(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<usize> {
    buffer.reserve(READ_BYTES);
    stream.read_buf(buffer).await
}

/// All replies that are ready, so that a burst of calls is answered by one write; and whether to close after them.
fn burst(first: Answer, mut next: impl FnMut() -> Option<Answer>) -> (Vec<u8>, bool) {
    let mut close = first.close;
    let mut replies = first.reply.unwrap_or_default();
    while !close && replies.len() < READ_BYTES {
        let Some(answer) = next() else { break };
        replies.extend(answer.reply.unwrap_or_default());
        close = answer.close;
    }
    (replies, close)
}

/// Closing over bytes that were not read resets the connection, and the reset can destroy a reply on its way.
async fn close(mut stream: TcpStream, input: Input) -> io::Result<()> {
    stream.shutdown().await?;
    if input == Input::Refused {
        let mut rest = vec![0; READ_BYTES];
        let drain = async { while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {} };
        let _ = tokio::time::timeout(LINGER, drain).await;
    }
    Ok(())
}
