//! Messages that want no reply get none, and the others get theirs in order.

use super::busy::Busy;
use super::rig::hello;
use super::value::{Call, I64, Value, list, record, text};
use crate::harness::{Carrier, Reply, TestServer, contains, framed, read_frame};
use modelwire::wire::Protocol::{self, Binary, Compact, Json, OldBinary};
use modelwire::wire::types::DType;
use std::io::Write;

fn oneway(name: &str, request: Vec<(i16, Value)>) -> Call {
    Call { kind: 4, ..Call::new(name, request) }
}

/// One that would be answered, ones that fail in each way, one that nobody knows.
fn oneways() -> Vec<Call> {
    let broken =
        Call { arguments: vec![(1, Value::Raw(super::value::STRUCT, vec![0xff; 3]))], ..oneway("hello", vec![]) };
    vec![oneway("hello", vec![]), oneway("predict", vec![]), oneway("nope", vec![]), broken]
}

#[test]
fn a_oneway_message_gets_no_reply_of_any_kind_and_the_next_call_gets_its_own() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    for protocol in [Binary, OldBinary, Compact, Json] {
        for carrier in Carrier::ALL.into_iter().filter(|carrier| carrier.carries(protocol)) {
            for (at, call) in oneways().iter().enumerate() {
                let then = carrier.wrap(protocol, hello(protocol));
                let bytes = [carrier.wrap(protocol, &call.written(protocol)), then].concat();

                let reply = server.converse(&bytes).unwrap();

                let closes = at == 3 && carrier == Carrier::Unframed; // Nobody knows where what cannot be read ends.
                assert_only_greeting(carrier, protocol, &reply, closes, call);
            }
        }
    }
    server.metrics(0);
}

fn assert_only_greeting(carrier: Carrier, protocol: Protocol, reply: &[u8], closes: bool, call: &Call) {
    let mut rest = reply;
    if carrier == Carrier::Http {
        // Who posts waits for a response, which says nothing.
        assert_eq!(crate::harness::response(&mut rest), Some((200, &b""[..])), "{call:?} in {protocol:?}");
    }
    let replies = carrier.replies(protocol, rest).unwrap();
    assert_eq!(replies.len(), usize::from(!closes), "{call:?} in {carrier:?} {protocol:?}: {replies:?}");
    assert!(replies.iter().all(Reply::greets));
}

#[test]
fn ten_thousand_oneway_messages_in_a_row_disturb_nobody() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    for carrier in [Carrier::Framed, Carrier::Unframed, Carrier::THeader] {
        let one = carrier.wrap(Compact, &oneway("hello", vec![]).written(Compact));
        let bytes = [one.repeat(10_000), carrier.wrap(Compact, hello(Compact))].concat();

        let (reply, grown) = server.peak_memory(|| server.converse(&bytes).unwrap());

        assert!(matches!(&carrier.replies(Compact, &reply).unwrap()[..], [reply] if reply.greets()));
        assert!(grown < 16 << 20, "{carrier:?}: memory grew by {grown} bytes");
    }
}

/// THeader with these flags.
fn flagged(flags: u8, message: &[u8]) -> Vec<u8> {
    let mut bytes = Carrier::THeader.wrap(Binary, message);
    bytes[7] = flags;
    bytes
}

#[test]
fn a_quick_call_overtakes_a_slow_one_only_where_its_caller_said_that_it_may() {
    let busy = Busy::start(&[]);
    let slow = busy.watch(1, 300, None).written(Binary);
    let quick = Call { seqid: 2, ..Call::new("hello", []) }.written(Binary);

    for (flags, first) in [(0, 1), (1, 2)] {
        let mut stream = busy.server.connect();
        stream.write_all(&[flagged(flags, &slow), flagged(flags, &quick)].concat()).unwrap();
        let replies = [read_frame(&mut stream).unwrap(), read_frame(&mut stream).unwrap()];

        assert_eq!(replies[0][2..4], [0, flags], "the flags are echoed");
        assert_eq!(replies.each_ref().map(|reply| seqid(reply)), [first, 3 - first], "flags {flags}");
    }
}

/// A prediction of one row, whose caller waits for this long.
fn prediction(deadline_ms: i64) -> Call {
    large_prediction(deadline_ms, 0)
}

/// The same with so many bytes of a field that nobody knows.
fn large_prediction(deadline_ms: i64, bytes: usize) -> Call {
    let row =
        record([(1, Value::I32(DType::F64.into())), (2, list(I64, 1, Value::I64(1), 1)), (3, text(&"\0".repeat(8)))]);
    let context = record([(1, Value::I64(deadline_ms))]);
    Call::new("predict", [(1, context), (2, text("line")), (3, row), (99, text(&"x".repeat(bytes)))])
}

#[test]
fn a_call_that_waits_behind_others_of_its_connection_waits_in_its_own_time() {
    let busy = Busy::start(&["--server-max-calls-in-flight", "1"]);
    let slow = framed(&busy.watch(1, 300, None).written(Binary));
    let behind_it = |call: Call| {
        let bytes = [&slow[..], &framed(&call.written(Binary))].concat();
        Carrier::Framed.replies(Binary, &busy.server.converse(&bytes).unwrap()).unwrap().pop().unwrap()
    };
    let greeting = Call::new("hello", [(1, record([(1, Value::I64(100))]))]);

    let late = [prediction(100), greeting].map(behind_it);
    let in_time = behind_it(prediction(60_000));

    for late in late {
        assert!(matches!(&late, Reply::Declared(fault) if fault.code == "DEADLINE_EXCEEDED"), "{late:?}");
    }
    assert!(matches!(in_time, Reply::Answer(_)), "{in_time:?}");
}

#[test]
fn calls_that_wait_in_their_sockets_for_longer_than_they_can_are_refused_at_once() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-threads", "1"], &[]);
    let call = |deadline_ms| framed(&large_prediction(deadline_ms, 4_000).written(Binary)); // Few of them are read at once.
    let (connections, calls) = (200, 15);
    let burst = call(1).repeat(calls);
    let mut streams: Vec<_> = (0..connections).map(|_| server.connect()).collect();

    server.signal("STOP"); // All of it waits when the server looks again, and takes far longer than 1 ms.
    streams.iter_mut().for_each(|stream| stream.write_all(&burst).unwrap());
    server.signal("CONT");
    let replies: Vec<_> = streams
        .iter_mut()
        .flat_map(|stream| (0..calls).map(|_| read_frame(stream).unwrap()).collect::<Vec<_>>())
        .collect();
    let then = server.exchange(&call(60_000));

    let count = |text: &[u8]| replies.iter().filter(|reply| contains(reply, text)).count();
    let (answered, refused) = (count(b"NOT_FOUND"), count(b"the work that goes before takes about"));
    let metrics = server.metrics(connections);
    assert_eq!(
        answered + refused + metrics.refused("deadline") as usize,
        replies.len(),
        "each has an answer or a reason"
    );
    assert!(refused > 0, "{answered} answered, none refused");
    assert_eq!(metrics.refused("socket_time"), refused as u64);
    assert!(contains(&then, b"NOT_FOUND"), "{then:?}");
}

/// The number in the message behind a header, strict binary.
fn seqid(frame: &[u8]) -> i32 {
    let message = &frame[10 + 4 * usize::from(u16::from_be_bytes([frame[8], frame[9]]))..];
    let name = u32::from_be_bytes(message[4..8].try_into().unwrap()) as usize;
    i32::from_be_bytes(message[8 + name..12 + name].try_into().unwrap())
}

#[test]
fn frames_of_every_kind_may_follow_each_other_and_nothing_without_a_frame() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let kinds = [
        framed(hello(Binary)),
        Carrier::THeader.wrap(Compact, hello(Compact)),
        framed(hello(Json)),
        Carrier::TtHeader.wrap(Binary, hello(Binary)),
        framed(hello(OldBinary)),
        Carrier::Zlib.wrap(Binary, hello(Binary)),
    ];

    let reply = server.converse(&kinds.concat()).unwrap();
    let mixed = server.converse(&[&kinds[0], hello(Binary)].concat()).unwrap();

    let mut frames = std::io::Cursor::new(reply);
    let read = std::iter::from_fn(|| read_frame(&mut frames).ok()).count();
    assert_eq!(read, kinds.len());
    assert_eq!(Carrier::Framed.replies(Binary, &mixed).unwrap().len(), 1);
    assert!(contains(&mixed, b"Hello, World!"));
    assert_eq!(server.metrics(0).refused("unknown_bytes"), 1);
}
