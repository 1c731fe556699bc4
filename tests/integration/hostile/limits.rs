//! The bounds on what all peers together may take: reached, named, counted, and over again when they are left.

use super::busy::Busy;
use super::value::{Call, Value};
use crate::harness::{
    Carrier, HELLO, Metrics, PATIENCE, Reply, SOON, ServiceFault, TestServer, contains, echo, framed, read_frame,
};
use modelwire::wire::Protocol::Binary;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn answer(server: &TestServer, carrier: Carrier, call: &Call) -> Reply {
    let sent = carrier.wrap(Binary, &call.written(Binary));
    carrier.replies(Binary, &server.converse(&sent).unwrap()).unwrap().remove(0)
}

#[test]
fn a_call_too_many_is_refused_at_once_while_health_and_administration_get_through() {
    let busy = Busy::start(&["--server-max-calls", "1"]);
    let mut occupied = busy.server.connect();
    occupied.write_all(&framed(&busy.watch(1, 30_000, None).written(Binary))).unwrap();
    let predict = Call::new("predict", [(2, Value::Text(b"nobody".to_vec()))]);
    let is_refused = |reply: &Reply| matches!(reply, Reply::Declared(fault) if fault.code == "OVERLOADED");
    let started = Instant::now();
    while !is_refused(&answer(&busy.server, Carrier::Framed, &predict)) {
        assert!(started.elapsed() < SOON, "the first call does not begin");
    }
    let before = busy.server.metrics(1);

    for carrier in Carrier::ALL {
        let started = Instant::now();
        let Reply::Declared(fault) = answer(&busy.server, carrier, &predict) else { panic!("{carrier:?}: no error") };

        let expected = ServiceFault {
            code: "OVERLOADED".into(),
            message: "1 calls are open and the limit is 1".into(),
            executed: Some(false),
            retry_after_ms: Some(50),
        };
        assert_eq!(fault, expected);
        assert!(started.elapsed() < SOON, "it was refused after {:?}", started.elapsed());
    }

    for (method, code) in [
        ("status", ""),
        ("describe", ""),
        ("delete_version", "INVALID_ARGUMENT"),
        ("delete_dataset", "INVALID_ARGUMENT"),
    ] {
        match answer(&busy.server, Carrier::Framed, &Call::new(method, [])) {
            Reply::Answer(_) if code.is_empty() => {}
            Reply::Declared(fault) if fault.code == code => {}
            other => panic!("{method} was answered by {other:?}"),
        }
    }
    assert_eq!(busy.server.metrics(1).refused_since(&before), ["calls"; 6]);
}

/// Waits for the end of a connection that the server refuses.
fn assert_closed(mut stream: TcpStream) {
    stream.set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(stream.read(&mut [0]).expect("the connection is closed and not reset"), 0);
}

fn greet(stream: &mut TcpStream) {
    stream.write_all(&framed(HELLO)).unwrap();
    assert!(contains(&read_frame(stream).expect("a reply"), b"Hello, World!"));
}

/// Tries until there is a place again.
fn connect_again(connect: impl Fn() -> TcpStream) -> TcpStream {
    let started = Instant::now();
    loop {
        let mut stream = connect();
        let asked = stream.write_all(&framed(HELLO));
        if asked.is_ok() && read_frame(&mut stream).is_ok() {
            return stream;
        }
        assert!(started.elapsed() < SOON, "there is no place again");
    }
}

#[test]
fn a_connection_too_many_is_closed_at_once_and_there_is_a_place_again_when_one_has_gone() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-max-connections", "3"], &[]);
    let mut open = [server.connect(), server.connect(), server.connect()];
    open.iter_mut().for_each(greet);

    assert_closed(server.connect());
    open.iter_mut().for_each(greet);
    drop(open);

    connect_again(|| server.connect());
    assert!(Metrics::read(&server.address).refused("connections") >= 1);
}

/// A connection that comes from this address.
fn connect_from(source: [u8; 4], server: &TestServer) -> TcpStream {
    let address: SocketAddr = server.address.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((source, 0))).unwrap();
        socket.connect(address).await.expect("the server accepts").into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn one_address_cannot_take_every_place() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-max-connections-per-address", "2"], &[]);
    let first = || connect_from([127, 0, 0, 2], &server);
    let mut open = [first(), first()];
    open.iter_mut().for_each(greet);

    assert_closed(first());
    greet(&mut connect_from([127, 0, 0, 3], &server));
    open.iter_mut().for_each(greet);
    drop(open);

    connect_again(first);
    assert!(Metrics::read(&server.address).refused("connections_per_address") >= 1);
}

#[test]
fn a_connection_that_holds_as_much_as_it_may_is_read_no_further_and_loses_nothing() {
    const LIMIT: u64 = 2_000_000;
    let busy = Busy::start(&["--server-max-connection-bytes", "2000000"]);
    let first = framed(&busy.watch(0, 500, None).written(Binary));
    let calls: Vec<u8> = first.into_iter().chain((1..25).flat_map(|seqid| echo(seqid, &[7; 300_000]))).collect();
    let mut stream = busy.server.connect();
    let (mut writing, done, mut most) = (stream.try_clone().unwrap(), AtomicBool::new(false), 0);

    std::thread::scope(|scope| {
        scope.spawn(move || writing.write_all(&calls).unwrap());
        scope.spawn(|| {
            for seqid in 0..25i32 {
                let reply = read_frame(&mut stream).expect("a reply to each call");
                let at = 8 + u32::from_be_bytes(reply[4..8].try_into().unwrap()) as usize;
                assert_eq!(reply[at..at + 4], seqid.to_be_bytes());
                assert!(seqid == 0 || reply.len() > 300_000);
            }
            done.store(true, Ordering::Relaxed);
        });
        while !done.load(Ordering::Relaxed) {
            most = most.max(Metrics::read(&busy.server.address).held_bytes());
        }
    });

    drop(stream);
    // Two bytes are held for each that comes, so that three messages fit.
    assert!((1_200_000..=LIMIT).contains(&most), "{most} bytes were held");
    assert_eq!(busy.server.metrics(0).held_bytes(), 0);
}

/// A connection whose message of a megabyte has come to more than a half, and so holds twice that.
fn begun(server: &TestServer, call: &[u8]) -> TcpStream {
    let mut stream = server.connect();
    let held = Metrics::read(&server.address).held_bytes();
    stream.write_all(&call[..600_000]).unwrap();
    let started = Instant::now();
    while Metrics::read(&server.address).held_bytes() < held + 2_000_000 {
        assert!(started.elapsed() < SOON, "nothing is held for it");
    }
    stream
}

#[test]
fn a_server_that_holds_as_much_as_it_may_keeps_large_messages_waiting_and_loses_none() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-max-memory-bytes", "4194304"], &[]);
    let call = echo(1, &vec![7; 1_000_000]);
    let mut open = [begun(&server, &call), begun(&server, &call)];

    let mut waiting = server.connect();
    let mut writing = waiting.try_clone().unwrap();
    let whole = call.clone();
    let writer = std::thread::spawn(move || writing.write_all(&whole));
    waiting.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let nothing = waiting.read(&mut [0]).expect_err("there is no room for it");
    server.assert_serving(); // Small calls take nothing.
    let mut message = Call::new("echo", [(2, Value::Binary(vec![0; 1_000_000]))]).written(Binary);
    for (at, byte) in message.iter_mut().skip(100).step_by(600).enumerate() {
        *byte = at as u8;
    }
    let sent = Carrier::Zlib.wrap(Binary, &message);
    assert!(sent.len() < 16 << 10, "{} bytes are large before they are inflated", sent.len());
    let inflated = Carrier::Zlib.replies(Binary, &server.converse(&sent).unwrap()).unwrap().remove(0);
    let held = server.metrics(3).held_bytes();

    assert!(matches!(nothing.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing}");
    assert!((4_000_000..=4_194_304).contains(&held), "{held} bytes are held");
    let Reply::Declared(fault) = inflated else { panic!("what was compressed was answered by {inflated:?}") };
    assert_eq!((fault.code.as_str(), fault.executed, fault.retry_after_ms), ("OVERLOADED", Some(false), Some(50)));
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    for stream in &mut open {
        stream.write_all(&call[600_000..]).unwrap();
        assert!(read_frame(stream).unwrap().len() > 1_000_000);
    }
    let freed = Instant::now();
    assert!(read_frame(&mut waiting).unwrap().len() > 1_000_000);
    assert!(freed.elapsed() < SOON, "it came {:?} after there was room", freed.elapsed());
    writer.join().unwrap().unwrap();
    drop((open, waiting));
    let metrics = server.metrics(0);
    assert_eq!((metrics.held_bytes(), metrics.refused("memory")), (0, 1));
}

/// Sends in pieces, one each time that `pause` has passed without a reply.
fn send_slowly(stream: &mut TcpStream, bytes: &[u8], piece: usize, pause: Duration) -> std::io::Result<()> {
    stream.set_read_timeout(Some(pause)).unwrap();
    for piece in bytes.chunks(piece) {
        stream.write_all(piece)?;
        match stream.peek(&mut [0]) {
            Ok(0) => return Err(ErrorKind::ConnectionReset.into()),
            Ok(_) => break,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    stream.set_read_timeout(Some(PATIENCE))
}

#[test]
fn a_large_message_may_take_longer_as_long_as_it_comes_fast_enough() {
    let data = tempfile::tempdir().unwrap();
    let flags = ["--server-message-ms", "300", "--server-min-bytes-per-second", "200000"];
    let server = TestServer::start_with(data.path(), &flags, &[]);
    let call = echo(1, &vec![7; 1_000_000]);

    let (started, mut steady) = (Instant::now(), server.connect());
    send_slowly(&mut steady, &call, 100_000, Duration::from_millis(50)).unwrap();
    assert!(read_frame(&mut steady).unwrap().len() > 1_000_000);
    assert!(started.elapsed() > Duration::from_millis(400), "it was no slower than the limit");

    let (started, mut slow) = (Instant::now(), server.connect());
    slow.write_all(&call[..100_000]).unwrap();
    let closed = send_slowly(&mut slow, &call[100_000..], 100, Duration::from_millis(50));
    assert!(closed.is_err(), "a message at 2,000 bytes a second was taken");
    assert!(started.elapsed() < PATIENCE / 4, "it was closed after {:?}", started.elapsed());
    drop((steady, slow));
    assert_eq!(server.metrics(0).refused("message_time"), 1);
}

/// What a large message gets that is not worked on, over a connection that goes on.
fn refused_and_kept() -> [(&'static str, Vec<u8>); 2] {
    let body = vec![b'x'; 40_000];
    let post =
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
    let header = [&b"\x0f\xff\0\0\0\0\0\x07\0\x01\0\x01\x63\0"[..], &body].concat(); // Transform 99.
    [("a body of another type", [post.as_bytes(), &body].concat()), ("an unknown transform", framed(&header))]
}

#[test]
fn a_message_that_stops_gives_back_what_it_held_when_it_is_cut_off_whatever_its_peer_does_then() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut stopped = begun(&server, &echo(1, &vec![7; 1_000_000]));

    stopped.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(stopped.read(&mut [0; 64]).unwrap(), 0, "it is cut off without a word");

    assert_eq!(Metrics::read(&server.address).held_bytes(), 0, "its peer has not closed yet");
}

#[test]
fn a_message_that_is_refused_gives_back_what_it_held_while_its_connection_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    for (name, bytes) in refused_and_kept() {
        let mut stream = server.connect();

        stream.write_all(&bytes).unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0, "{name} has an answer");

        assert_eq!(server.metrics(1).held_bytes(), 0, "{name}: nothing is held for an idle connection");
        stream.write_all(&bytes).unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0, "{name}: the connection goes on");
    }
}

#[test]
fn a_length_that_is_only_stated_takes_no_memory_from_others() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-max-memory-bytes", "1048576"], &[]);
    let mut silent: Vec<TcpStream> = (0..20).map(|_| server.connect()).collect();
    for stream in &mut silent {
        stream.write_all(&[&16_000_000_u32.to_be_bytes()[..], HELLO].concat()).unwrap();
    }
    let metrics = server.metrics(20);

    let mut stream = server.connect();
    stream.write_all(&echo(1, &[7; 40_000])).unwrap();

    assert_eq!(metrics.held_bytes(), 0);
    assert!(read_frame(&mut stream).unwrap().len() > 40_000, "a large message of somebody else is answered");
}
