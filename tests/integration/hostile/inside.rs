//! What goes wrong behind the wire: calls that are late, that last, that answer too much, that a stop overtakes.

use super::rig::Expected::{Declared, Greeting};
use super::rig::{Case, Row, Then, case, hold, hold_on, hold_rows, row};
use super::value::{Call, TEXT, Value, list, record, text};
use crate::harness::{
    Carrier, HELLO, PATIENCE, Reply, ServiceFault, TestServer, contains, headed, read_frame, response,
};
use modelwire::wire::Protocol::{self, Binary, Compact};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

fn within(deadline_ms: i64) -> Call {
    Call::new("hello", [(1, record([(1, Value::I64(deadline_ms))]))])
}

#[test]
fn a_deadline_that_has_passed_is_refused_and_a_distant_one_is_as_good_as_none() {
    let late = |name, deadline_ms| row(name, within(deadline_ms), Declared("DEADLINE_EXCEEDED"), "deadline");
    hold_rows(&[
        late("0 ms", 0),
        late("-1 ms", -1),
        late("the least of all", i64::MIN),
        row("the most of all", within(i64::MAX), Greeting, ""),
        row("a minute", within(60_000), Greeting, ""),
    ]);
}

/// `hello` with a deadline that its transport states.
fn stated(deadline_ms: &str) -> Vec<(Carrier, Vec<u8>)> {
    let length = deadline_ms.len() as u8;
    let pair = [&b"\0\0\x01\x01\x0eclient_timeout"[..], &[length], deadline_ms.as_bytes()].concat();
    let integer = [&b"\0\0\x10\0\x01\0\x0c\0"[..], &[length], deadline_ms.as_bytes()].concat();
    let padded = |header: Vec<u8>| {
        let mut header = header;
        header.resize(header.len().next_multiple_of(4), 0);
        header
    };
    let posted = format!(
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-thrift\r\nClient_Timeout: {deadline_ms}\r\nContent-Length: {}\r\n\r\n",
        HELLO.len()
    );
    vec![
        (Carrier::THeader, headed(b"\x0f\xff", &padded(pair), HELLO)),
        (Carrier::TtHeader, headed(b"\x10\x00", &padded(integer), HELLO)),
        (Carrier::Http, [posted.as_bytes(), HELLO].concat()),
    ]
}

#[test]
fn a_deadline_in_a_header_counts_like_one_in_the_request() {
    let cases = |deadline_ms: &'static str, late: bool| {
        let cases = stated(deadline_ms).into_iter().map(move |(carrier, bytes)| {
            let case = case(deadline_ms, carrier, Binary, bytes).then(Then::GoesOn);
            if late { case.is(Declared("DEADLINE_EXCEEDED"), "deadline") } else { case.is(Greeting, "") }
        });
        cases.collect::<Vec<Case>>()
    };
    hold(
        &[
            cases("0", true),
            cases("-5", true),
            cases("60000", false),
            cases("9223372036854775807", false),
            cases("soon", false),
        ]
        .concat(),
    );
}

/// The one reply to a call in strict binary, framed.
fn answer(server: &TestServer, call: &Call) -> Reply {
    let sent = Carrier::Framed.wrap(Binary, &call.written(Binary));
    Carrier::Framed.replies(Binary, &server.converse(&sent).unwrap()).unwrap().remove(0)
}

#[test]
fn a_call_refused_for_being_late_was_not_run_and_one_that_is_left_in_the_middle_may_have_been() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let within = |deadline_ms| (1, record([(1, Value::I64(deadline_ms))]));
    let names = list(TEXT, 900_000, text("0123456789"), 900_000); // It takes longer to read them than there is time.

    let refused = answer(&server, &Call::new("train", [within(0)]));
    let left = answer(&server, &Call::new("train", [within(15), (7, names)]));

    let executed = |reply| match reply {
        Reply::Declared(ServiceFault { code, executed, .. }) if code == "DEADLINE_EXCEEDED" => executed,
        other => panic!("{other:?}"),
    };
    assert_eq!((executed(refused), executed(left)), (Some(false), None));
    let metrics = server.metrics(0);
    assert_eq!((metrics.refused("deadline"), metrics.cancelled("deadline")), (1, 1));
}

#[test]
fn a_reply_that_is_too_large_becomes_an_error_that_says_so() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-max-frame-bytes", "1024"], &[]);
    let describe = Call::new("describe", []);

    let too_large: Row = row("describe", describe.clone(), Declared("FAILED_PRECONDITION"), "");
    hold_on(&server, &too_large.cases());

    let Reply::Declared(fault) = answer(&server, &describe) else { panic!("no error") };
    assert_eq!(fault.executed, Some(true));
    assert!(
        fault.message.contains("the limit is 1024") && fault.message.contains("server.max_frame_bytes"),
        "{fault:?}"
    );
}

/// Sends `hello` on an open connection and answers all of the reply.
fn hello_again(stream: &mut TcpStream, carrier: Carrier, protocol: Protocol) -> Vec<u8> {
    stream.write_all(&carrier.wrap(protocol, super::rig::hello(protocol))).unwrap();
    if carrier != Carrier::Http {
        let frame = read_frame(stream).unwrap();
        return [&u32::try_from(frame.len()).unwrap().to_be_bytes()[..], &frame].concat();
    }
    let mut reply = vec![];
    while response(&mut &reply[..]).is_none() {
        let mut bytes = [0; 1000];
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "no whole response: {}", reply.escape_ascii());
        reply.extend(&bytes[..count]);
    }
    reply
}

#[test]
fn a_server_that_is_about_to_stop_says_so_in_each_reply_that_has_room_for_it() {
    let data = tempfile::tempdir().unwrap();
    let flags = ["--server-lame-duck-ms", "60000", "--server-grace-ms", "500"];
    let server = TestServer::start_with(data.path(), &flags, &[]);
    let notices: [(Carrier, &[u8]); 4] = [
        (Carrier::THeader, b"\x0ax-draining\x011"),
        (Carrier::Zlib, b"\x0ax-draining\x011"),
        (Carrier::TtHeader, b"\x00\x05crrst\x00\x011"),
        (Carrier::Http, b"\r\nConnection: close\r\n"),
    ];
    let open = |(carrier, notice)| [Binary, Compact].map(|protocol| (carrier, notice, protocol, server.connect()));
    let mut connections: Vec<_> = notices.into_iter().flat_map(open).collect();
    for (carrier, notice, protocol, stream) in &mut connections {
        assert!(!contains(&hello_again(stream, *carrier, *protocol), notice), "{carrier:?} before");
    }

    server.signal("TERM");
    let started = Instant::now();
    while !contains(&server.exchange(b"GET /readyz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"), b"draining") {
        assert!(started.elapsed() < PATIENCE, "it is still ready");
    }

    for (carrier, notice, protocol, stream) in &mut connections {
        let reply = hello_again(stream, *carrier, *protocol);
        assert!(contains(&reply, notice), "{carrier:?} {protocol:?}: {}", reply.escape_ascii());
        assert!(carrier.replies(*protocol, &reply).unwrap()[0].greets());
        let closed = matches!(stream.set_nonblocking(true).and_then(|()| stream.read(&mut [0])), Ok(0));
        assert!(!closed || *carrier == Carrier::Http, "only HTTP says that it closes, and does");
    }
}
