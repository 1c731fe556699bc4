//! THeader and TTHeader: what a header says of itself and of what follows it.

use super::rig::Expected::{Exception, Greeting, Silence};
use super::rig::{Case, Then, case, hold, hold_on};
use super::value::{Call, Value, varint};
use crate::harness::{Carrier, HELLO, HELLO_COMPACT, Random, Reply, TestServer, deflated, framed, headed, seed};
use modelwire::wire::Protocol::{Binary, Compact};

const THEADER: &[u8; 2] = b"\x0f\xff";
const TTHEADER: &[u8; 2] = b"\x10\x00";

/// `hello` in strict binary behind this THeader, which is filled up to whole words.
fn theader(header: &[u8]) -> Vec<u8> {
    with_payload(header, HELLO)
}

fn with_payload(header: &[u8], payload: &[u8]) -> Vec<u8> {
    headed(THEADER, &padded(header), payload)
}

fn padded(header: &[u8]) -> Vec<u8> {
    let mut header = header.to_vec();
    header.resize(header.len().next_multiple_of(4), 0);
    header
}

fn of_theader(name: &str, bytes: Vec<u8>) -> Case {
    case(name, Carrier::THeader, Binary, bytes).then(Then::GoesOn)
}

/// Its frame with this number of header words.
fn words(words: u16, mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[12..14].copy_from_slice(&words.to_be_bytes());
    bytes
}

/// A block of keys and values that states its count, and these bytes of it.
fn pairs(stated: u32, bytes: &[u8]) -> Vec<u8> {
    [&b"\x00\x00\x01"[..], &varint(stated.into()), bytes].concat()
}

fn pair(key: &[u8], value: &[u8]) -> Vec<u8> {
    [&varint(key.len() as u64)[..], key, &varint(value.len() as u64), value].concat()
}

#[test]
fn a_theader_that_lies_about_its_length_is_closed_or_answered_and_never_read_past_its_end() {
    let malformed = |name, bytes| of_theader(name, bytes).is(Exception(7), "malformed");
    let closed = |name, bytes| of_theader(name, bytes).is(Silence, "malformed").then(Then::Closes);
    let long_key = [&varint(0x7fff_ffff)[..], b"key"].concat();
    hold(&[
        closed("more words than the frame has", words(0x4000, theader(b"\0\0"))),
        closed("one word more than the frame has", words(7, theader(b"\0\0"))),
        closed("no words", words(0, theader(b"\0\0"))),
        closed("no header", framed(b"\x0f\xff\0\0\0\0\0\x07\0\0")),
        closed("13 bytes", framed(b"\x0f\xff\0\0\0\0\0\x07\0\x01\0\0\0")),
        closed("a protocol of 6 bytes", theader(b"\xff\xff\xff\xff\xff\x01\0\0")),
        malformed("2,147,483,648 transforms", theader(&[&b"\0"[..], &varint(1 << 31)].concat())),
        malformed("a count of transforms without them", headed(THEADER, b"\0\x03\x01\x01", HELLO)),
        malformed("2,147,483,648 keys", theader(&pairs(1 << 31, b""))),
        malformed("a key beyond the header", theader(&pairs(1, &long_key))),
        malformed("a value beyond the header", theader(&pairs(1, b"\x01k\x7fv"))),
        malformed("a key without its value", headed(THEADER, b"\0\0\x01\x01\x03key", HELLO)),
        malformed("no message", headed(THEADER, b"\0\0\0\0", b"")).is(Silence, "malformed").then(Then::Closes),
    ]);
}

#[test]
fn what_a_theader_says_beside_the_message_is_taken_or_passed_over() {
    let greeted = |name, bytes| of_theader(name, bytes).is(Greeting, "");
    let mut other_sequence = theader(b"\0\0");
    other_sequence[8..12].copy_from_slice(b"\xff\xff\xff\xff");
    hold(&[
        greeted("keys", theader(&pairs(1, &pair(b"x-request-id", b"r")))),
        greeted("sticky keys", theader(b"\0\0\x02\x01\x01k\x01v")),
        greeted("a block that nobody knows", theader(b"\0\0\x63\xff\xff\xff")),
        greeted("four bytes of padding", headed(THEADER, &[0; 8], HELLO)),
        greeted("a sequence unlike the message's", other_sequence),
        greeted("a deadline that is no number", theader(&pairs(1, &pair(b"client_timeout", b"soon")))),
        of_theader("another protocol", theader(b"\x01\0")).is(Exception(9), "protocol"),
        of_theader("protocol 3", theader(b"\x03\0")).is(Exception(9), "protocol"),
        of_theader("protocol 99", theader(b"\x63\0")).is(Exception(9), "protocol"),
        of_theader("HMAC", theader(b"\0\x01\x02")).is(Exception(8), "transform"),
        of_theader("snappy", theader(b"\0\x01\x03")).is(Exception(8), "transform"),
        of_theader("transform 2,147,483,647", theader(&[b"\0\x01", &varint(0x7fff_ffff)[..]].concat()))
            .is(Exception(8), "transform"),
        of_theader("compact said to be binary", with_payload(b"\0\0", HELLO_COMPACT))
            .is(Silence, "malformed")
            .then(Then::Closes),
        case("binary said to be compact", Carrier::THeader, Compact, with_payload(b"\x02\0", HELLO))
            .is(Silence, "malformed")
            .then(Then::Closes),
    ]);
}

#[test]
fn as_many_headers_as_there_may_be_are_taken_and_one_more_is_refused() {
    let many = |count: u32| theader(&pairs(count, &pair(b"k", b"v").repeat(count as usize)));
    let long = |length: usize| theader(&pairs(1, &pair(b"k", &vec![b'v'; length])));
    hold(&[
        of_theader("256 pairs", many(256)).is(Greeting, ""),
        of_theader("257 pairs", many(257)).is(Exception(7), "headers"),
        of_theader("16,384 bytes", long(16_383)).is(Greeting, ""),
        of_theader("16,385 bytes", long(16_384)).is(Exception(7), "headers"),
    ]);
}

/// 17 MB that zlib makes some thirty times smaller, which is below the ratio of a bomb.
fn larger_than_a_message() -> Vec<u8> {
    let mut random = Random(seed());
    let mut message = Call::new("echo", [(2, Value::Binary(vec![0; 17_000_000]))]).written(Binary);
    for at in (100..message.len() - 100).step_by(400) {
        message[at..at + 8].copy_from_slice(&random.next().to_le_bytes());
    }
    message
}

#[test]
fn a_payload_that_cannot_be_inflated_within_bounds_is_refused_and_the_connection_goes_on() {
    const ZLIB: &[u8] = b"\0\x01\x01";
    let bomb = deflated(&vec![0; 16 << 20]);
    assert!(bomb.len() < 17_000, "{} bytes are no bomb", bomb.len());
    let (message, larger) = (deflated(HELLO), deflated(&larger_than_a_message()));
    assert!(larger.len() * 200 > 17_000_000, "{} bytes are a bomb", larger.len());
    let of = |name, header: &[u8], payload: &[u8]| of_theader(name, with_payload(header, payload));
    let twice = of("zlib in zlib", b"\0\x02\x01\x01", &deflated(&message));
    hold(&[
        of("zlib", ZLIB, &message).is(Greeting, ""),
        of("16 KB that are 16 MB", ZLIB, &bomb).is(Exception(8), "decompressed"),
        of("16 KB in zlib again", ZLIB, &deflated(&bomb)).is(Silence, "malformed").then(Then::Closes),
        of("a message of 17 MB", ZLIB, &larger).is(Exception(8), "decompressed"),
        twice.is(Exception(8), "transform"),
        of("zlib fifty times", &[&b"\0\x32"[..], &[1; 50]].concat(), &message).is(Exception(8), "transform"),
        of("cut short", ZLIB, &message[..message.len() - 5]).is(Exception(8), "transform"),
        of("cut to its first byte", ZLIB, &message[..1]).is(Exception(8), "transform"),
        of("nothing", ZLIB, b"").is(Exception(8), "transform"),
        of("trailed by data", ZLIB, &[&message[..], b"data"].concat()).is(Exception(8), "transform"),
        of("trailed by itself", ZLIB, &message.repeat(2)).is(Exception(8), "transform"),
        of("no zlib", ZLIB, HELLO).is(Exception(8), "transform"),
    ]);
}

#[test]
fn a_refusal_to_inflate_says_how_far_it_goes() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let bomb = deflated(&vec![0; 16 << 20]);

    for (payload, bound, advice) in [
        (bomb.clone(), (bomb.len() * 200).to_string(), "without zlib"),
        (deflated(&larger_than_a_message()), "16384000".into(), "server.max_frame_bytes"),
    ] {
        let reply = server.converse(&with_payload(b"\0\x01\x01", &payload)).unwrap();
        let replies = Carrier::THeader.replies(Binary, &reply).unwrap();

        let [Reply::Exception { kind: 8, message }] = &replies[..] else { panic!("answered by {replies:?}") };
        assert!(message.contains(&bound) && message.contains(advice), "{message}");
    }
}

fn of_ttheader(name: &str, header: &[u8]) -> Case {
    case(name, Carrier::TtHeader, Binary, headed(TTHEADER, &padded(header), HELLO)).then(Then::GoesOn)
}

#[test]
fn a_ttheader_that_lies_is_closed_or_answered_and_never_read_past_its_end() {
    let malformed = |name, header: &[u8]| of_ttheader(name, header).is(Exception(7), "malformed");
    let closed = |name, bytes: Vec<u8>| case(name, Carrier::TtHeader, Binary, bytes).is(Silence, "malformed");
    let hello = headed(TTHEADER, b"\0\0\0\0", HELLO);
    let many = |count: u16| [&b"\0\0\x01"[..], &count.to_be_bytes(), &b"\0\x01k\0\x01v".repeat(count.into())].concat();
    hold(&[
        closed("more words than the frame has", words(0x4000, hello.clone())),
        closed("no words", words(0, hello)),
        of_ttheader("padding", b"\0\0\0\0\0\0\0").is(Greeting, ""),
        of_ttheader("a token", b"\0\0\x11\0\x01t").is(Greeting, ""),
        of_ttheader("a key", b"\0\0\x01\0\x01\0\x01k\0\x01v").is(Greeting, ""),
        of_ttheader("an integer key", b"\0\0\x10\0\x01\0\x0c\0\x0260000").is(Exception(7), "malformed"),
        of_ttheader("protobuf", b"\x04\0").is(Exception(9), "protocol"),
        of_ttheader("a transform", b"\0\x01\x01").is(Exception(8), "transform"),
        malformed("65,535 keys", b"\0\0\x01\xff\xff"),
        malformed("a key beyond the header", b"\0\0\x01\0\x01\xff\xffk"),
        malformed("a token beyond the header", b"\0\0\x11\xff\xfft"),
        malformed("a block that nobody knows", b"\0\0\x63\0"),
        of_ttheader("256 pairs", &many(256)).is(Greeting, ""),
        of_ttheader("257 pairs", &many(257)).is(Exception(7), "headers"),
    ]);
}

#[test]
fn a_header_that_is_refused_on_a_small_server_is_refused_for_its_own_length() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-max-frame-bytes", "1024"], &[]);
    let fits = with_payload(b"\0\x01\x01", &deflated(&padded_hello(1024)));
    let one_more = with_payload(b"\0\x01\x01", &deflated(&padded_hello(1025)));
    hold_on(
        &server,
        &[
            of_theader("1,024 bytes inflated", fits).is(Greeting, ""),
            of_theader("1,025 bytes inflated", one_more).is(Exception(8), "decompressed"),
        ],
    );
}

/// `hello` of exactly this many bytes.
fn padded_hello(length: usize) -> Vec<u8> {
    let call = |padding| Call::new("hello", [(99, Value::Binary(vec![b'x'; padding]))]).written(Binary);
    call(length - call(0).len())
}
