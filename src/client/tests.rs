//! The client against servers that misbehave, each a few bytes over a socket.

use super::*;
use crate::error::{Code, Error};
use crate::wire::{self, Message, Notice};
use bytes::BytesMut;
use std::sync::Arc;
use std::time::Duration;
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

async fn send(stream: &mut TcpStream, reply: &[u8]) {
    stream.write_u32(u32::try_from(reply.len()).unwrap()).await.unwrap();
    stream.write_all(reply).await.unwrap();
}

/// The reply to a compact call of `echo`: its head with another message type, `{0: {1: payload}}`.
fn echoed(call: &[u8], payload: &[u8]) -> Vec<u8> {
    let head = call.windows(4).position(|it| it == b"echo").unwrap() + 4;
    let length = u8::try_from(payload.len()).unwrap();
    let mut reply = [&call[..head], b"\x0c\x00\x18", &[length], payload, b"\x00\x00"].concat();
    reply[1] = 0x41;
    reply
}

/// A server that reads every format.
struct AnyFormat {
    stream: TcpStream,
    cutter: wire::Cutter,
    buffer: BytesMut,
}

impl AnyFormat {
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        Self { stream, cutter: wire::Cutter::new(wire::Limits::default()), buffer: BytesMut::new() }
    }

    async fn call(&mut self) -> Message {
        loop {
            match self.cutter.cut(&mut self.buffer) {
                wire::Cut::Message(message) => return message,
                wire::Cut::More { .. } => assert_ne!(self.stream.read_buf(&mut self.buffer).await.unwrap(), 0),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Answers a compact call of `echo`.
    async fn answer(&mut self, call: &Message, payload: &[u8], notice: Notice) {
        let reply = [vec![0; call.format.headroom()], echoed(&call.body, payload)].concat();
        self.stream.write_all(&call.envelope.seal(reply, notice)).await.unwrap();
    }
}

/// Waits until the client has broken the connection, which tells a server that nobody reads from it either.
async fn broken(stream: &mut TcpStream) {
    let end = stream.read(&mut [0]).await.unwrap_err();
    assert_eq!(end.kind(), std::io::ErrorKind::ConnectionReset);
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

fn framed() -> Options {
    Options { transport: Transport::Framed, ..Options::default() }
}

fn one_connection() -> Options {
    Options { pool: PoolLimits { max_connections: 1, ..PoolLimits::default() }, ..framed() }
}

fn code(error: &Error) -> (Code, Option<bool>) {
    (error.code(), error.executed())
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (listener, address) = listener().await;
    drop(listener);

    let error = Client::connect(address.as_str(), framed()).await.unwrap_err();

    assert_eq!(code(&error), (Code::Unavailable, Some(false)));
    assert!(error.to_string().contains(&address), "{error}");
}

#[tokio::test]
async fn a_call_that_is_not_answered_ends_in_time_and_its_connection_is_not_used_again() {
    let (listener, address) = listener().await;
    let options = Options { call_timeout: Duration::from_millis(50), ..framed() };
    let client = Client::connect(address, options).await.unwrap();
    let (mut first, _) = listener.accept().await.unwrap();

    let error = client.hello(None).await.unwrap_err();

    assert_eq!(code(&error), (Code::DeadlineExceeded, None));
    assert_eq!(error.hint().unwrap(), "asking again is safe: twice does what once does");
    assert_eq!(client.pool.len(), 0);
    swallow(&mut first).await;
    broken(&mut first).await;
}

#[tokio::test]
async fn a_call_that_may_have_been_run_is_not_sent_again() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, framed()).await.unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        swallow(&mut stream).await;
        drop(stream);
    };

    let (error, ()) = tokio::join!(client.delete_version("wine", 1), server);

    let error = error.unwrap_err();
    assert_eq!(code(&error), (Code::Unavailable, None));
    assert!(error.hint().unwrap().contains("look before you repeat it"), "{:?}", error.hint());
}

#[tokio::test]
async fn a_reply_to_another_call_is_refused_and_ends_the_connection() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, framed()).await.unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut reply = swallow(&mut stream).await;
        reply[2] = 77; // The seqid in the head of a compact message.
        send(&mut stream, &reply).await;
        stream
    };

    let (error, _stream) = tokio::join!(client.hello(None), server);

    assert_eq!(code(&error.unwrap_err()), (Code::Internal, None));
    assert_eq!(client.pool.len(), 0);
}

#[tokio::test]
async fn a_reply_above_the_limit_is_not_read() {
    let (listener, address) = listener().await;
    let options = Options { max_frame_bytes: 1000, max_tries: 1, ..framed() };
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
async fn a_call_that_cannot_be_run_twice_survives_the_loss_of_an_idle_connection() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, framed()).await.unwrap();
    drop(listener.accept().await.unwrap());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        swallow(&mut stream).await
    };

    let call = tokio::select! {
        call = server => call,
        _ = client.delete_version("wine", 1) => unreachable!("nobody answers"),
    };

    assert!(contains(&call, b"delete_version"));
}

#[tokio::test]
async fn a_call_that_may_be_run_twice_is_sent_again_when_its_connection_is_lost() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, framed()).await.unwrap();
    let server = async {
        let (mut first, _) = listener.accept().await.unwrap();
        swallow(&mut first).await;
        drop(first);
        let (mut second, _) = listener.accept().await.unwrap();
        let call = swallow(&mut second).await;
        send(&mut second, &echoed(&call, b"again")).await;
        second
    };

    let (echoed, _stream) = tokio::join!(client.echo(b"once"), server);

    assert_eq!(echoed.unwrap(), b"again");
}

#[tokio::test]
async fn calls_follow_each_other_on_a_connection_without_waiting_for_replies() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, one_connection()).await.unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let calls = [swallow(&mut stream).await, swallow(&mut stream).await, swallow(&mut stream).await];
        for (call, payload) in calls.iter().zip([b"1", b"2", b"3"]) {
            send(&mut stream, &echoed(call, payload)).await;
        }
        stream
    };

    let (a, b, c, _stream) = tokio::join!(client.echo(b"a"), client.echo(b"b"), client.echo(b"c"), server);

    assert_eq!([a, b, c].map(Result::unwrap), [b"1", b"2", b"3"]);
    assert_eq!(client.connections_opened(), 1);
}

#[tokio::test]
async fn replies_may_overtake_each_other_where_the_transport_says_so() {
    let (listener, address) = listener().await;
    let options = Options { transport: Transport::Header, ..one_connection() };
    let client = Client::connect(address, options).await.unwrap();
    let server = async {
        let mut server = AnyFormat::accept(&listener).await;
        let calls = [server.call().await, server.call().await, server.call().await];
        for (call, payload) in [(&calls[2], b"3"), (&calls[0], b"1"), (&calls[1], b"2")] {
            server.answer(call, payload, Notice::default()).await;
        }
        server
    };

    let (a, b, c, _server) = tokio::join!(client.echo(b"a"), client.echo(b"b"), client.echo(b"c"), server);

    assert_eq!([a, b, c].map(Result::unwrap), [b"1", b"2", b"3"]);
    assert_eq!(client.pool.len(), 1);
}

#[tokio::test]
async fn replies_in_another_order_are_refused_where_the_transport_keeps_it() {
    let (listener, address) = listener().await;
    let options = Options { transport: Transport::TtHeader, max_tries: 1, ..one_connection() };
    let client = Client::connect(address, options).await.unwrap();
    let server = async {
        let mut server = AnyFormat::accept(&listener).await;
        let calls = [server.call().await, server.call().await];
        server.answer(&calls[1], b"2", Notice::default()).await;
        server
    };

    let (first, second, _server) = tokio::join!(client.echo(b"a"), client.echo(b"b"), server);

    assert_eq!((first.unwrap_err().code(), second.unwrap_err().code()), (Code::Internal, Code::Unavailable));
}

#[tokio::test]
async fn a_server_that_says_it_will_go_gets_no_further_calls_on_that_connection() {
    for transport in [Transport::Header, Transport::TtHeader, Transport::Http] {
        let (listener, address) = listener().await;
        let client = Client::connect(address, Options { transport, ..framed() }).await.unwrap();
        let server = async {
            let mut server = AnyFormat::accept(&listener).await;
            let call = server.call().await;
            server.answer(&call, b"bye", Notice { draining: true, closing: true }).await;
            server
        };

        let (echoed, mut server) = tokio::join!(client.echo(b"x"), server);

        assert_eq!(echoed.unwrap(), b"bye");
        assert_eq!(server.stream.read(&mut [0]).await.unwrap(), 0, "{transport:?}");
        assert_eq!(client.pool.len(), 0, "{transport:?}");
    }
}

#[tokio::test]
async fn over_http_a_call_waits_for_the_reply_before_it() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, Options { transport: Transport::Http, ..one_connection() }).await.unwrap();
    let server = async {
        let mut server = AnyFormat::accept(&listener).await;
        for payload in [b"1", b"2"] {
            let call = server.call().await;
            assert!(server.buffer.is_empty(), "the second call has been sent already");
            server.answer(&call, payload, Notice::default()).await;
        }
        server
    };

    let (a, b, _server) = tokio::join!(client.echo(b"a"), client.echo(b"b"), server);

    assert_eq!([a, b].map(Result::unwrap), [b"1", b"2"]);
}

#[tokio::test]
async fn a_late_reply_goes_to_nobody_and_the_call_behind_it_gets_its_own() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, one_connection()).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut dropped = Box::pin(client.echo(b"dropped"));
    let mut kept = Box::pin(client.echo(b"kept"));
    let calls = tokio::select! {
        biased; // The one to be dropped is sent first.
        _ = &mut dropped => unreachable!("nobody answers"),
        _ = &mut kept => unreachable!("nobody answers"),
        calls = async { [swallow(&mut stream).await, swallow(&mut stream).await] } => calls,
    };

    drop(dropped);
    let in_the_pool = client.pool.len();
    send(&mut stream, &echoed(&calls[0], b"late")).await;
    send(&mut stream, &echoed(&calls[1], b"kept")).await;

    assert_eq!((kept.await.unwrap(), in_the_pool), (b"kept".to_vec(), 0));
    broken(&mut stream).await;
}

#[tokio::test]
async fn dropping_a_call_breaks_its_connection_if_no_other_call_uses_it() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, framed()).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();

    let call = tokio::select! {
        call = swallow(&mut stream) => call,
        _ = client.echo(b"x") => unreachable!("nobody answers"),
    };

    assert!(contains(&call, b"echo"));
    broken(&mut stream).await;
}

#[tokio::test]
async fn dropping_the_client_breaks_its_connections() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, framed()).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();

    drop(client);

    broken(&mut stream).await;
}

#[tokio::test]
async fn calls_at_once_share_as_many_connections_as_are_allowed_and_further_calls_wait() {
    let (listener, address) = listener().await;
    let pool = PoolLimits { max_connections: 2, max_calls_per_connection: 2, ..PoolLimits::default() };
    let client = Client::connect(address, Options { pool, ..framed() }).await.unwrap();
    let calls = futures_util::future::join_all((0..5).map(|_| client.echo(b"x")));
    let server = async {
        let mut streams = [listener.accept().await.unwrap().0, listener.accept().await.unwrap().0];
        for stream in &mut streams {
            for call in [swallow(stream).await, swallow(stream).await] {
                send(stream, &echoed(&call, b"y")).await;
            }
        }
        let [first, second] = &mut streams;
        let (call, stream) = tokio::select! {
            call = swallow(first) => (call, first),
            call = swallow(second) => (call, second),
        };
        send(stream, &echoed(&call, b"y")).await;
        streams
    };

    let (echoes, _streams) = tokio::join!(calls, server);

    assert!(echoes.into_iter().all(|echo| echo.unwrap() == b"y"));
    assert_eq!((client.connections_opened(), client.pool.len()), (2, 2));
}

#[tokio::test]
async fn a_call_that_finds_no_place_among_the_others_ends_in_time() {
    let (listener, address) = listener().await;
    let pool = PoolLimits { max_connections: 1, max_calls_per_connection: 1, ..PoolLimits::default() };
    let options = Options { pool, call_timeout: Duration::from_millis(50), ..framed() };
    let client = Client::connect(address, options).await.unwrap();

    let errors = tokio::join!(client.echo(b"first"), client.echo(b"second"));

    let (first, second) = (errors.0.unwrap_err(), errors.1.unwrap_err());
    assert_eq!((first.code(), second.code()), (Code::DeadlineExceeded, Code::DeadlineExceeded));
    drop(listener);
}

#[tokio::test]
async fn a_connection_that_was_idle_or_has_lived_for_long_is_closed() {
    let short = Duration::from_millis(20);
    let long = PoolLimits::default().age;
    for (idle, age) in [(short, long), (long, short)] {
        let (listener, address) = listener().await;
        let pool = PoolLimits { idle, age, ..PoolLimits::default() };
        let client = Client::connect(address, Options { pool, ..framed() }).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();

        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(client.pool.len(), 0);
    }
}

#[tokio::test]
async fn a_connection_is_not_closed_by_its_age_under_a_call() {
    let (listener, address) = listener().await;
    let pool = PoolLimits { age: Duration::from_millis(20), ..PoolLimits::default() };
    let client = Client::connect(address, Options { pool, ..framed() }).await.unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let call = swallow(&mut stream).await;
        while client.pool.len() > 0 {
            tokio::task::yield_now().await;
        }
        send(&mut stream, &echoed(&call, b"old")).await;
        stream
    };

    let (echoed, mut stream) = tokio::join!(client.echo(b"x"), server);

    assert_eq!(echoed.unwrap(), b"old");
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_reply_that_nobody_asked_for_ends_the_connection() {
    let (listener, address) = listener().await;
    let client = Client::connect(address, framed()).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();

    send(&mut stream, b"\x82\x41\x00\x04echo\x00").await;

    broken(&mut stream).await;
    assert_eq!(client.pool.len(), 0);
}

#[tokio::test]
async fn the_server_hears_how_long_the_caller_waits() {
    let (listener, address) = listener().await;
    let options = Options { call_timeout: Duration::from_secs(7), ..framed() };
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
    let message = wire::Message::new(format, wire::Envelope::Framed, body);
    let context = wire::open(&message, &wire::Limits::default()).unwrap().context.unwrap();
    let deadline_ms = context.deadline_ms.unwrap();
    assert!((6_000..=7_000).contains(&deadline_ms), "{deadline_ms}");
}

#[tokio::test]
async fn tasks_may_share_a_client() {
    let (listener, address) = listener().await;
    let client = Arc::new(Client::connect(address, framed()).await.unwrap());
    drop(listener);

    let call = tokio::spawn(async move {
        let rows = crate::data::Features::Matrix(ndarray::array![[1.0]]);
        (client.predict("wine", &rows).await.is_err(), client.watch_job("j1", 0, Duration::ZERO).await.is_err())
    });

    assert_eq!(call.await.unwrap(), (true, true));
}
