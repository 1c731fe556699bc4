//! The client against servers that misbehave, each a few bytes over a socket.

use super::*;
use crate::error::{Code, Error};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// Reads one call and drops it.
async fn swallow(stream: &mut TcpStream) -> Vec<u8> {
    let length = stream.read_u32().await.unwrap() as usize;
    let mut call = vec![0; length];
    stream.read_exact(&mut call).await.unwrap();
    call
}

fn code(error: &Error) -> (Code, Option<bool>) {
    (error.code(), error.executed())
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (listener, address) = listener().await;
    drop(listener);

    let error = Client::connect(address.as_str(), Options::default()).await.unwrap_err();

    assert_eq!(code(&error), (Code::Unavailable, Some(false)));
    assert!(error.to_string().contains(&address), "{error}");
}

#[tokio::test]
async fn a_call_that_is_not_answered_ends_in_time_and_its_connection_is_not_used_again() {
    let (listener, address) = listener().await;
    let options = Options { call_timeout: Duration::from_millis(50), ..Options::default() };
    let client = Client::connect(address, options).await.unwrap();
    let (mut first, _) = listener.accept().await.unwrap();

    let error = client.hello(None).await.unwrap_err();

    assert_eq!(code(&error), (Code::DeadlineExceeded, None));
    assert!(client.idle.lock().await.is_none());
    swallow(&mut first).await;
    assert_eq!(first.read(&mut [0]).await.unwrap(), 0, "the connection is closed");
}

#[tokio::test]
async fn a_call_that_may_have_been_run_is_not_sent_again() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, Options::default()).await.unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        swallow(&mut stream).await;
        drop(stream);
    };

    let (error, ()) = tokio::join!(client.delete_version("wine", 1), server);

    assert_eq!(code(&error.unwrap_err()), (Code::Unavailable, None));
}

#[tokio::test]
async fn a_reply_to_another_call_is_refused_and_ends_the_connection() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, Options::default()).await.unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut reply = swallow(&mut stream).await;
        reply[2] = 77; // The seqid in the head of a compact message.
        stream.write_u32(u32::try_from(reply.len()).unwrap()).await.unwrap();
        stream.write_all(&reply).await.unwrap();
        stream
    };

    let (error, _stream) = tokio::join!(client.hello(None), server);

    assert_eq!(code(&error.unwrap_err()), (Code::Internal, None));
    assert!(client.idle.lock().await.is_none());
}

#[tokio::test]
async fn a_reply_above_the_limit_is_not_read() {
    let (listener, address) = listener().await;
    let options = Options { max_frame_bytes: 1000, ..Options::default() };
    let client = Client::connect(address, options).await.unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        swallow(&mut stream).await;
        stream.write_u32(1001).await.unwrap();
        stream
    };

    let (error, _stream) = tokio::join!(client.hello(None), server);

    assert!(error.unwrap_err().to_string().contains("1001 bytes and the limit of this client is 1000"));
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_replaced_before_the_call() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, Options::default()).await.unwrap();
    drop(listener.accept().await.unwrap());
    let idle = client.idle.lock().await;
    idle.as_ref().unwrap().ended().await;
    drop(idle);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        swallow(&mut stream).await
    };

    let call = tokio::select! {
        call = server => call,
        _ = client.hello(None) => unreachable!("nobody answers"),
    };

    assert!(call.windows(5).any(|it| it == b"hello"));
}

#[tokio::test]
async fn the_server_hears_how_long_the_caller_waits() {
    let (listener, address) = listener().await;
    let options = Options { call_timeout: Duration::from_secs(7), ..Options::default() };
    let client = Client::connect(address, options).await.unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        swallow(&mut stream).await
    };

    let body = tokio::select! {
        call = server => call.into(),
        _ = client.hello(None) => unreachable!("nobody answers"),
    };

    let format = wire::Format { transport: wire::Transport::Framed, protocol: wire::Protocol::Compact };
    let context =
        wire::context(&wire::Message::new(format, wire::Envelope::Framed, body), &wire::Limits::default()).unwrap();
    let deadline_ms = context.deadline_ms.unwrap();
    assert!((6_000..=7_000).contains(&deadline_ms), "{deadline_ms}");
}

#[tokio::test]
async fn tasks_may_share_a_client() {
    let (listener, address) = listener().await;
    let client = Arc::new(Client::connect(address, Options::default()).await.unwrap());
    drop(listener);

    let call = tokio::spawn(async move {
        let rows = crate::data::Features::Matrix(ndarray::array![[1.0]]);
        (client.predict("wine", &rows).await.is_err(), client.watch_job("j1", 0, Duration::ZERO).await.is_err())
    });

    assert_eq!(call.await.unwrap(), (true, true));
}
