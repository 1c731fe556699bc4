//! One port, every format of this step: answered in kind, in order, bare and multiplexed.

use crate::harness::{HELLO, HELLO_COMPACT, HELLO_JSON, HELLO_OLD, TestServer, contains, framed};
use std::io::{Read, Write};

/// Strict binary: version and type, name, seqid, arguments with an empty request.
fn binary_call(name: &str, kind: u8, seqid: i32) -> Vec<u8> {
    let length = u32::try_from(name.len()).unwrap().to_be_bytes();
    [&[0x80, 1, 0, kind][..], &length, name.as_bytes(), &seqid.to_be_bytes(), b"\x0c\x00\x01\x00\x00"].concat()
}

/// The body of the one frame in `reply`.
fn unframed(reply: &[u8]) -> &[u8] {
    let length = u32::from_be_bytes(reply[..4].try_into().unwrap()) as usize;
    assert_eq!(reply.len(), length + 4, "the frame length does not fit {reply:?}");
    &reply[4..]
}

#[test]
fn each_format_is_answered_in_the_same_format() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let heads: [(&[u8], &[u8]); 4] = [
        (HELLO, b"\x80\x01\x00\x02\x00\x00\x00\x05hello\x00\x00\x00\x00\x0c\x00\x00"),
        (HELLO_COMPACT, b"\x82\x41\x00\x05hello"),
        (HELLO_JSON, br#"[1,"hello",2,0,{"0":{"rec":{"1":{"str":"Hello, World!"}"#),
        (HELLO_OLD, b"\x00\x00\x00\x05hello\x02\x00\x00\x00\x00\x0c\x00\x00"),
    ];

    for (message, head) in heads {
        let plain = server.exchange(message);
        assert!(plain.starts_with(head), "{message:?} was answered by {plain:?}");

        let reply = server.exchange(&framed(message));
        assert!(unframed(&reply).starts_with(head), "framed {message:?} was answered by {reply:?}");
    }
}

#[test]
fn a_multiplexed_name_is_answered_by_the_bare_name() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());

    let reply = server.exchange(&framed(&binary_call("Health:hello", 1, 7)));

    assert!(unframed(&reply).starts_with(b"\x80\x01\x00\x02\x00\x00\x00\x05hello\x00\x00\x00\x07"));
}

#[test]
fn a_message_that_arrives_byte_by_byte_is_answered() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    for message in [framed(HELLO), HELLO.to_vec(), HELLO_COMPACT.to_vec(), HELLO_JSON.to_vec(), HELLO_OLD.to_vec()] {
        let mut stream = server.connect();
        for byte in &message {
            stream.write_all(&[*byte]).unwrap();
        }
        stream.shutdown(std::net::Shutdown::Write).unwrap();

        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();

        assert!(contains(&reply, b"Hello, World!"));
    }
}

#[test]
fn a_burst_of_calls_is_answered_in_its_order() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let calls: Vec<u8> = (0..500).flat_map(|seqid| framed(&binary_call("hello", 1, seqid))).collect();

    let reply = server.exchange(&calls);

    let (mut rest, mut seqids) = (&reply[..], vec![]);
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        seqids.push(i32::from_be_bytes(rest[17..21].try_into().unwrap()));
        rest = &rest[4 + length..];
    }
    assert_eq!(seqids, (0..500).collect::<Vec<_>>());
}

#[test]
fn an_unknown_method_is_an_exception_of_type_one_and_the_connection_lives() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    for name in ["nope", "Nope:hello", "Inference:hello", ":hello", "a:b:c", ""] {
        let calls = [framed(&binary_call(name, 1, 3)), framed(HELLO)].concat();

        let reply = server.exchange(&calls);

        let bare = name.split_once(':').map_or(name, |(_, bare)| bare);
        let head =
            [b"\x80\x01\x00\x03", &u32::try_from(bare.len()).unwrap().to_be_bytes()[..], bare.as_bytes()].concat();
        assert!(reply[4..].starts_with(&head), "{name:?} was answered by {reply:?}");
        assert!(contains(&reply, b"\x08\x00\x02\x00\x00\x00\x01\x00"), "{name:?}: the type is not 1");
        assert!(contains(&reply, b"Hello, World!"), "{name:?} ended the connection");
    }
}

#[test]
fn a_oneway_message_is_never_answered_and_does_not_disturb_the_next_call() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let calls = [binary_call("hello", 4, 1), binary_call("nope", 4, 2), binary_call("hello", 1, 3)];

    let reply = server.exchange(&calls.map(|call| framed(&call)).concat());

    assert!(unframed(&reply).starts_with(b"\x80\x01\x00\x02\x00\x00\x00\x05hello\x00\x00\x00\x03"));
}

#[test]
fn a_reply_that_comes_from_a_client_is_refused_by_type_two() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());

    for kind in [2, 3] {
        let reply = server.exchange(&framed(&binary_call("hello", kind, 1)));

        assert!(contains(&reply, b"\x08\x00\x02\x00\x00\x00\x02\x00"), "type {kind} was answered by {reply:?}");
    }
}
