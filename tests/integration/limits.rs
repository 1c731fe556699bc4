//! Hostile bytes against a real process: it lives, its memory stays bounded, and the answer is the right one.

use crate::harness::{
    HELLO, HELLO_COMPACT, HELLO_JSON, Random, TestServer, binary_call, binary_field, contains, echo, framed, seed,
};
use std::io::Write;

/// What a hostile message may cost beside four times its bytes.
const ALLOWANCE: u64 = 64 << 20;

/// A compact call of `predict` whose arguments are these bytes.
fn compact_predict(arguments: &[u8]) -> Vec<u8> {
    [&b"\x82\x21\x00\x07predict"[..], arguments].concat()
}

/// A strict binary call of `predict` whose arguments are these bytes.
fn binary_predict(arguments: &[u8]) -> Vec<u8> {
    [&b"\x80\x01\x00\x01\x00\x00\x00\x07predict\x00\x00\x00\x00"[..], arguments].concat()
}

struct Row {
    name: &'static str,
    bytes: Vec<u8>,
    /// What the reply holds; `None`: a close without a word, or an answer of any kind.
    reply: Option<&'static [u8]>,
}

fn row(name: &'static str, bytes: impl Into<Vec<u8>>, reply: Option<&'static [u8]>) -> Row {
    Row { name, bytes: bytes.into(), reply }
}

/// A JSON call of `predict` whose request is this.
fn json_predict(request: &str) -> Vec<u8> {
    format!(r#"[1,"predict",1,0,{{"1":{{"rec":{request}}}}}]"#).into_bytes()
}

/// A JSON call of `predict` whose columns are this list.
fn json_columns(list: &str) -> Vec<u8> {
    json_predict(&format!(r#"{{"4":{{"rec":{{"1":{{"lst":{list}}}}}}}}}"#))
}

/// The type 7 of a TApplicationException, in binary, in compact and in JSON.
const BINARY_7: Option<&[u8]> = Some(b"\x08\x00\x02\x00\x00\x00\x07\x00");
const COMPACT_7: Option<&[u8]> = Some(b"\x15\x0e\x00");
const JSON_7: Option<&[u8]> = Some(br#""2":{"i32":7}"#);

/// Where `request` (1), `table` (4), `columns` (1) are lists of structs: the deepest list that a decoder would build.
const COMPACT_COLUMNS: &[u8] = b"\x1c\x4c\x19";
const BINARY_COLUMNS: &[u8] = b"\x0c\x00\x01\x0c\x00\x04\x0f\x00\x01";

fn hostile() -> Vec<Row> {
    let columns = |bytes: &[u8]| compact_predict(&[COMPACT_COLUMNS, bytes].concat());
    let binary_columns = |bytes: &[u8]| binary_predict(&[BINARY_COLUMNS, bytes].concat());
    let zeros = vec![0; 4_000_000];
    vec![
        row("100,000,000 structs, compact, framed", framed(&columns(b"\xfc\x80\xc2\xd7\x2f")), COMPACT_7),
        row("100,000,000 structs, compact, unframed", columns(b"\xfc\x80\xc2\xd7\x2f"), COMPACT_7),
        row("100,000,000 structs, binary", framed(&binary_columns(b"\x0c\x05\xf5\xe1\x00")), BINARY_7),
        row("2,147,483,647 structs, binary", framed(&binary_columns(b"\x0c\x7f\xff\xff\xff")), BINARY_7),
        row("a negative count", framed(&binary_columns(b"\x0c\xff\xff\xff\xff")), BINARY_7),
        row(
            "a count of 100,000,000 in an unknown field",
            framed(&binary_predict(b"\x0f\x00\x63\x0c\x05\xf5\xe1\x00")),
            BINARY_7,
        ),
        row(
            "the unknown field of a union",
            framed(&binary_predict(b"\x08\x00\x63\x00\x00\x00\x01\x00")),
            Some(b"INVALID_ARGUMENT"),
        ),
        row(
            "4 MB of zeros as empty structs",
            framed(&[&binary_columns(b"\x0c\x00\x0f\x42\x40")[..], &zeros].concat()),
            BINARY_7,
        ),
        row(
            "a million elements and one",
            framed(&[&binary_columns(b"\x0c\x00\x0f\x42\x41")[..], &zeros].concat()),
            BINARY_7,
        ),
        row("a string of 2 GB", framed(&binary_predict(b"\x0c\x00\x01\x0b\x00\x02\x7f\xff\xff\xff")), BINARY_7),
        row(
            "a string of 105 MB with nothing after it",
            framed(&binary_predict(b"\x0c\x00\x01\x0b\x00\x02\x06\x40\x00\x00")),
            BINARY_7,
        ),
        row(
            "a string of negative length",
            framed(&binary_predict(b"\x0c\x00\x01\x0b\x00\x02\xff\xff\xff\xff")),
            BINARY_7,
        ),
        row(
            "broken UTF-8",
            framed(&binary_predict(b"\x0c\x00\x01\x0b\x00\x02\x00\x00\x00\x02\xff\xfe\x00\x00")),
            BINARY_7,
        ),
        row("100,000 structs in each other", framed(&binary_predict(&b"\x0c\x00\x63".repeat(100_000))), BINARY_7),
        row("100,000 structs in each other, unframed", binary_predict(&b"\x0c\x00\x63".repeat(100_000)), BINARY_7),
        row(
            "100,000 compact lists in each other",
            framed(&compact_predict(&[&b"\x19"[..], &vec![0x19; 100_000]].concat())),
            COMPACT_7,
        ),
        row(
            "a varint of 11 bytes",
            framed(&compact_predict(b"\x16\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
            COMPACT_7,
        ),
        row(
            "an element type that does not exist",
            framed(&binary_predict(b"\x0f\x00\x63\x63\x00\x00\x00\x01\x00")),
            BINARY_7,
        ),
        row("a frame of 2 GB", b"\x7f\xff\xff\xff\x80\x01\x00\x01".to_vec(), Some(b"")),
        row("a frame of 1 GB", [&b"\x3f\xff\xff\xff"[..], HELLO].concat(), BINARY_7),
        row("a frame of -1", [&b"\xff\xff\xff\xff"[..], HELLO].concat(), Some(b"")),
        row("100,000 empty frames", vec![0; 400_000], Some(b"")),
        row("half a frame", framed(HELLO)[..12].to_vec(), Some(b"")),
        row("half an unframed message", HELLO[..12].to_vec(), Some(b"")),
        row("half a JSON message", HELLO_JSON[..20].to_vec(), Some(b"")),
        row("a frame that is shorter than its message", framed(&HELLO[..HELLO.len() - 3]), BINARY_7),
        row("version 2 of binary", framed(b"\x80\x02\x00\x01\x00\x00\x00\x05hello\x00\x00\x00\x00\x00"), Some(b"")),
        row("version 2 of compact", framed(b"\x82\x22\x00\x05hello\x00"), Some(b"")),
        row("HTTP for nobody", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), Some(b"404 Not Found")),
        row("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), Some(b"")),
    ]
}

fn hostile_json() -> Vec<Row> {
    let structs = ",{}".repeat(900_000);
    let texts = ",\"\"".repeat(1_000_001);
    let deep_lists = format!(r#"{{"99":{{"lst":{}}}}}"#, r#"["lst",1,"#.repeat(100_000));
    let number = format!(r#"{{"1":{{"rec":{{"1":{{"i64":{}}}}}}}}}"#, "9".repeat(1 << 20));
    vec![
        row("100,000,000 structs, JSON", json_columns(r#"["rec",100000000]"#), JSON_7),
        row("2,147,483,647 structs, JSON", json_columns(r#"["rec",2147483647]"#), JSON_7),
        row("4,294,967,295 structs, JSON", json_columns(r#"["rec",4294967295]"#), JSON_7),
        row("a negative count, JSON", json_columns(r#"["rec",-1]"#), JSON_7),
        row("a count that lies, JSON", json_columns(r#"["rec",2,{}]"#), JSON_7),
        row("100,000,000 in an unknown field, JSON", json_predict(r#"{"99":{"lst":["i8",100000000]}}"#), JSON_7),
        row("900,000 empty structs, JSON", json_columns(&format!(r#"["rec",900000{structs}]"#)), JSON_7),
        row(
            "a million empty texts and one, JSON",
            json_predict(&format!(r#"{{"99":{{"lst":["str",1000001{texts}]}}}}"#)),
            JSON_7,
        ),
        row("100,000 lists in each other, JSON", json_predict(&deep_lists), JSON_7),
        row("100,000 brackets, JSON", [&br#"[1,"predict",1,0,"#[..], &vec![b'['; 100_000]].concat(), JSON_7),
        row("a number of a megabyte, JSON", json_predict(&number), JSON_7),
        row("half a surrogate pair, JSON", json_predict(r#"{"2":{"str":"\ud83d"}}"#), JSON_7),
        row("bad base64, JSON", json_predict(r#"{"3":{"rec":{"3":{"str":"@@@@"}}}}"#), JSON_7),
        row("arguments that are a list, JSON", br#"[1,"predict",1,0,[]]"#.to_vec(), JSON_7),
        row("repeated fields, JSON", json_predict(r#"{"2":{"str":"a"},"2":{"str":"b"}}"#), Some(b"INVALID_ARGUMENT")),
    ]
}

#[test]
fn hostile_messages_are_answered_or_closed_and_cost_no_more_than_they_may() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let framed_json = hostile_json().into_iter().map(|it| Row { bytes: framed(&it.bytes), ..it });
    for row in hostile().into_iter().chain(hostile_json()).chain(framed_json) {
        let (reply, grown) = server.peak_memory(|| server.exchange(&row.bytes));

        server.assert_serving();
        assert!(grown <= 4 * row.bytes.len() as u64 + ALLOWANCE, "{}: memory grew by {grown} bytes", row.name);
        match row.reply {
            Some(b"") => assert!(reply.is_empty(), "{} was answered by {reply:?}", row.name),
            Some(expected) => assert!(contains(&reply, expected), "{} was answered by {reply:?}", row.name),
            None => {}
        }
    }
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
    for wrap in [FRAMED, UNFRAMED] {
        let largest = padded_echo(16_384_000);
        assert_eq!(largest.len(), 16_384_000);

        let answered = server.exchange(&wrap(&largest));
        let refused = server.exchange(&wrap(&padded_echo(16_384_001)));

        assert!(contains(&answered, b"\x00\x00\x00\x04here"), "the largest message was answered by {answered:?}");
        assert!(contains(&refused, BINARY_7.unwrap()), "one byte more was answered by {refused:?}");
        assert!(contains(&refused, b"16384001") && contains(&refused, b"16384000"), "{refused:?}");
    }
}

type Wrap = fn(&[u8]) -> Vec<u8>;
const FRAMED: Wrap = framed;
const UNFRAMED: Wrap = <[u8]>::to_vec;

/// A call of `hello` whose structs are this many deep, that of the arguments included.
fn nested_binary(n_structs: usize) -> Vec<u8> {
    let inner = [b"\x0c\x00\x63".repeat(n_structs - 2), vec![0; n_structs - 1]].concat();
    binary_call("hello", 1, &[b"\x0c\x00\x01", &inner[..]].concat())
}

/// The same in compact.
fn nested_compact(n_structs: usize) -> Vec<u8> {
    let inner = [b"\x0c\xc6\x01".repeat(n_structs - 2), vec![0; n_structs - 1]].concat();
    [b"\x82\x21\x00\x05hello\x1c", &inner[..], b"\x00"].concat()
}

#[test]
fn structs_may_be_64_deep_framed_or_not() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    for wrap in [FRAMED, UNFRAMED] {
        for depth in [63, 64] {
            for call in [nested_binary(depth), nested_compact(depth)] {
                let reply = server.exchange(&wrap(&call));
                assert!(contains(&reply, b"Hello, World!"), "{depth} structs were answered by {reply:?}");
            }
        }
        for (call, refusal) in [(nested_binary(65), BINARY_7), (nested_compact(65), COMPACT_7)] {
            let reply = server.exchange(&wrap(&call));
            assert!(contains(&reply, refusal.unwrap()), "65 structs were answered by {reply:?}");
        }
    }
}

/// A call of `hello` with an unknown field, this many structs deep, that holds this many lists in each other.
fn nested_lists(n_structs: usize, n_lists: usize) -> Vec<u8> {
    let lists = [b"\x0f\x00\x63", &b"\x0f\x00\x00\x00\x01".repeat(n_lists - 1)[..], b"\x03\x00\x00\x00\x00"].concat();
    binary_call("hello", 1, &[b"\x0c\x00\x01".repeat(n_structs - 1), lists, vec![0; n_structs - 1]].concat())
}

#[test]
fn lists_in_an_unknown_field_count_with_the_structs_around_them_framed_or_not() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    for (wrap, n_structs, deepest) in
        [(FRAMED, 1, 63), (FRAMED, 2, 62), (FRAMED, 3, 61), (UNFRAMED, 1, 63), (UNFRAMED, 2, 62), (UNFRAMED, 3, 61)]
    {
        let answered = server.exchange(&wrap(&nested_lists(n_structs, deepest)));
        let refused = server.exchange(&wrap(&nested_lists(n_structs, deepest + 1)));

        assert!(contains(&answered, b"Hello, World!"), "{deepest} lists in {n_structs} structs: {answered:?}");
        assert!(contains(&refused, BINARY_7.unwrap()), "more than {deepest} lists in {n_structs} structs: {refused:?}");
    }
}

#[test]
fn a_message_cut_at_every_byte_leaves_the_server_serving() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    for message in [framed(HELLO), HELLO.to_vec(), HELLO_COMPACT.to_vec(), HELLO_JSON.to_vec()] {
        for end in 0..message.len() {
            assert_eq!(server.exchange(&message[..end]), b"", "{end} bytes of {message:?}");
        }
    }
    server.assert_serving();
}

#[test]
fn after_a_framed_message_that_cannot_be_read_the_connection_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let bad = framed(&compact_predict(&[COMPACT_COLUMNS, b"\xfc\x80\xc2\xd7\x2f"].concat()));

    let reply = server.exchange(&[bad, framed(HELLO)].concat());

    assert!(contains(&reply, b"allowed size of 1000000"), "the limit is not named in {reply:?}");
    assert!(contains(&reply, b"Hello, World!"));
}

#[test]
fn random_bytes_leave_the_server_serving() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut random = Random(seed());
    for round in 0..300 {
        let length = (random.next() % 600) as usize;
        let noise: Vec<u8> = (0..length).map(|_| random.next().to_le_bytes()[0]).collect();
        let bytes = match round % 4 {
            0 => noise,
            1 => framed(&binary_predict(&noise)),
            2 => framed(&compact_predict(&noise)),
            _ => binary_predict(&noise),
        };
        server.exchange(&bytes);
    }
    server.assert_serving();
}

#[test]
fn clients_that_hang_up_in_mid_call_leave_the_server_serving() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    for length in [4, 20, 1000] {
        for _ in 0..20 {
            let mut stream = server.connect();
            let echo = echo(1, &vec![7; 1_000_000]);
            let end = if length == 1000 { echo.len() } else { length };
            stream.write_all(&echo[..end]).unwrap();
            drop(stream); // A whole call whose reply nobody reads, or a part of one.
        }
    }
    server.assert_serving();
}
