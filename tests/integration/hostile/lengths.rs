//! Lengths of texts, frames and messages that are not what comes.

use super::rig::Expected::{Exception, Greeting, Silence};
use super::rig::{Case, Then, case, hello, hold, hold_rows, row};
use super::value::{Call, Value, record, text};
use crate::harness::{
    Carrier, HELLO, HELLO_COMPACT, HELLO_JSON, HELLO_OLD, Reply, TestServer, binary_call, binary_field, contains,
    framed, headed,
};
use modelwire::wire::Protocol::{self, Binary, Compact, Json, OldBinary};

#[test]
fn a_text_that_says_it_is_longer_than_the_message_is_refused() {
    let rows = |name, length, unframed_reason| {
        // A text, bytes, a field that is skipped, bytes deep down.
        let claimed = || Value::Claimed(length, b"abc".to_vec());
        let calls = [
            Call::new("hello", [(2, claimed())]),
            Call::new("echo", [(2, claimed())]),
            Call::new("hello", [(99, claimed())]),
            Call::new("predict", [(3, record([(3, claimed())]))]),
        ];
        calls.map(|call| {
            row(name, call, Exception(7), "malformed").but(Carrier::Unframed, Exception(7), unframed_reason)
        })
    };
    let all = [
        rows("2,147,483,647 bytes", 0x7fff_ffff, "frame_bytes"),
        rows("104,857,600 bytes", 0x0640_0000, "frame_bytes"),
        rows("-1 bytes", 0xffff_ffff, "malformed"),
    ];
    hold_rows(
        &all.as_flattened().iter().map(|row| row.clone().only(&[Binary, OldBinary, Compact])).collect::<Vec<_>>(),
    );

    let endless = row(
        "a text that does not end",
        Call::new("hello", [(2, Value::Claimed(0, b"abc".to_vec()))]),
        Exception(7),
        "malformed",
    );
    hold_rows(&[endless.only(&[Json]).but(Carrier::Unframed, Silence, "")]);
}

#[test]
fn a_message_cut_at_every_byte_is_closed_without_a_word() {
    let context = record([(1, Value::I64(60_000)), (2, text("cut"))]);
    let call = Call::new("hello", [(1, context), (99, record([(1, Value::Bool(true)), (2, Value::Double(1.0))]))]);
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let before = server.metrics(0);
    for protocol in [Binary, OldBinary, Compact, Json] {
        for carrier in Carrier::ALL.into_iter().filter(|carrier| carrier.carries(protocol)) {
            let whole = carrier.wrap(protocol, &call.written(protocol));
            for end in 0..whole.len() {
                let reply = server.converse(&whole[..end]).expect("the connection is closed and not reset");
                assert_eq!(reply, b"", "{carrier:?} {protocol:?} cut after {end} of {} bytes", whole.len());
            }
            assert!(carrier.replies(protocol, &server.converse(&whole).unwrap()).unwrap()[0].greets());
        }
    }
    server.assert_serving();
    assert_eq!(server.metrics(0).refused_since(&before), Vec::<&str>::new());
}

/// A frame of any stated length.
fn frame(stated: u32, body: &[u8]) -> Vec<u8> {
    [&stated.to_be_bytes(), body].concat()
}

fn framed_case(name: &str, bytes: impl Into<Vec<u8>>) -> Case {
    case(name, Carrier::Framed, Binary, bytes)
}

#[test]
fn a_frame_of_an_impossible_length_is_answered_or_closed_and_never_waited_for() {
    let short = HELLO.len() as u32;
    hold(&[
        framed_case("-1", frame(0xffff_ffff, HELLO)).is(Silence, "unknown_bytes"),
        framed_case("2,147,483,647", frame(0x7fff_ffff, HELLO)).is(Silence, "unknown_bytes"),
        framed_case("1,073,741,823", frame(0x3fff_ffff, HELLO)).is(Exception(7), "frame_bytes"),
        framed_case("369,098,751, one below TLS", frame(0x15ff_ffff, HELLO)).is(Exception(7), "frame_bytes"),
        framed_case("16,384,001", frame(16_384_001, HELLO)).is(Exception(7), "frame_bytes"),
        framed_case("1", frame(1, b"\x80")).is(Silence, "").then(Then::Alone),
        framed_case("1 and more behind it", frame(1, HELLO)).is(Silence, "malformed"),
        framed_case("100,000 of 0", vec![0; 400_000]).is(Silence, "empty_frames"),
        framed_case("16 of 0", vec![0; 64]).then(Then::GoesOn),
        framed_case("longer than its message", frame(short + 3, &[HELLO, b"abc"].concat()))
            .is(Greeting, "")
            .then(Then::GoesOn),
        framed_case("shorter than its message", frame(short - 3, &HELLO[..HELLO.len() - 3]))
            .is(Exception(7), "malformed")
            .then(Then::GoesOn),
        framed_case("shorter than its head", frame(6, &HELLO[..6])).is(Silence, "malformed"),
    ]);
}

#[test]
fn a_message_too_long_is_refused_by_its_head_before_it_has_come_in_every_kind_of_frame() {
    let cases = [Binary, OldBinary, Compact, Json].into_iter().flat_map(|protocol| {
        let carriers = [Carrier::Framed, Carrier::THeader, Carrier::TtHeader];
        carriers.into_iter().filter(move |carrier| carrier.carries(protocol)).map(move |carrier| {
            let mut bytes = carrier.wrap(protocol, hello(protocol));
            bytes[..4].copy_from_slice(&16_384_001u32.to_be_bytes());
            case("16,384,001 bytes", carrier, protocol, bytes).is(Exception(7), "frame_bytes").then(Then::Alone)
        })
    });
    hold(&cases.collect::<Vec<_>>());
}

#[test]
fn a_frame_too_long_whose_header_is_refused_too_is_answered_once_and_the_end() {
    let hello = [HELLO, &[0; 600]].concat();
    let too_long = |name, carrier, header: &[u8]| {
        let magic = if carrier == Carrier::THeader { b"\x0f\xff" } else { b"\x10\x00" };
        let mut bytes = headed(magic, header, &hello);
        bytes[..4].copy_from_slice(&16_384_001u32.to_be_bytes());
        case(name, carrier, Binary, bytes).is(Exception(7), "frame_bytes")
    };
    hold(&[
        too_long("zlib that cannot be undone", Carrier::THeader, b"\0\x01\x01\0"),
        too_long("an unknown transform", Carrier::THeader, b"\0\x01\x63\0"),
        too_long("an unknown protocol", Carrier::THeader, b"\x63\0\0\0"),
        too_long("a transform of TTHeader", Carrier::TtHeader, b"\0\x01\x01\0"),
        too_long("an unknown protocol of TTHeader", Carrier::TtHeader, b"\x63\0\0\0"),
    ]);
}

/// A call of `echo` in strict binary of exactly this many bytes, with a short payload and a field that nobody knows.
fn padded_echo(length: usize) -> Vec<u8> {
    let call = |padding: usize| {
        let request = [&b"\x0c\x00\x01"[..], &binary_field(2, b"here"), &binary_field(99, &vec![7; padding]), b"\x00"];
        binary_call("echo", 1, &request.concat())
    };
    call(length - call(0).len())
}

#[test]
fn a_message_of_exactly_the_limit_is_answered_and_one_byte_more_is_refused_by_both_numbers() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    for carrier in [Carrier::Framed, Carrier::Unframed, Carrier::Http] {
        let largest = padded_echo(16_384_000);
        assert_eq!(largest.len(), 16_384_000);

        let answered = server.converse(&carrier.wrap(Binary, &largest)).unwrap();
        let refused = server.converse(&carrier.wrap(Binary, &padded_echo(16_384_001))).unwrap();

        assert!(contains(&answered, b"\x00\x00\x00\x04here"), "{carrier:?} was answered by {answered:?}");
        let refusal = carrier.replies(Binary, &refused).unwrap();
        let expected = matches!(refusal[..], [Reply::Exception { kind: 7, .. } | Reply::Page(413)]);
        assert!(expected, "{carrier:?}: {refusal:?}");
        assert!(contains(&refused, b"16384001") && contains(&refused, b"16384000"), "{refused:?}");
    }
    assert_eq!(server.metrics(0).refused("frame_bytes"), 3);
}

#[test]
fn clients_that_hang_up_in_mid_call_leave_the_server_serving() {
    use std::io::Write;
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let echo = framed(&padded_echo(1_000_000));
    for length in [4, 20, echo.len()] {
        for _ in 0..20 {
            let mut stream = server.connect();
            stream.write_all(&echo[..length]).unwrap();
            drop(stream); // A whole call whose reply nobody reads, or a part of one.
        }
    }
    server.assert_serving();
    server.metrics(0);
}

#[test]
fn random_bytes_leave_the_server_serving() {
    use crate::harness::{Random, seed};
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut random = Random(seed());
    let heads: [(Protocol, &[u8]); 4] = [
        (Binary, &HELLO[..17]),
        (Compact, &HELLO_COMPACT[..9]),
        (OldBinary, &HELLO_OLD[..14]),
        (Json, &HELLO_JSON[..15]),
    ];
    for round in 0..1_200 {
        let length = (random.next() % 600) as usize;
        let noise: Vec<u8> = (0..length).map(|_| random.next().to_le_bytes()[0]).collect();
        let (protocol, head) = heads[round / 6 % 4];
        let carrier = Carrier::ALL[round % 6];
        let message = [head, &noise].concat();
        let bytes = if carrier.carries(protocol) { carrier.wrap(protocol, &message) } else { noise };
        server.converse(&bytes).unwrap_or_else(|error| panic!("{error} after {}", bytes.escape_ascii()));
    }
    server.assert_serving();
    server.metrics(0);
}
