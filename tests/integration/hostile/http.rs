//! HTTP: requests that two readers could read differently, and bodies that are no message.

use super::rig::Expected::{Greeting, Page, Silence};
use super::rig::{Case, Expected, Then, case, hello, hold};
use crate::harness::{Carrier, HELLO, TestServer, contains, framed};
use modelwire::wire::Protocol::Binary;
use std::io::{Read, Write};

/// A request of these lines and this body.
fn request(lines: &[&str], body: &[u8]) -> Vec<u8> {
    [lines.join("\r\n").as_bytes(), b"\r\n\r\n", body].concat()
}

const POST: &str = "POST / HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-thrift";

fn post(lines: &[&str], body: &[u8]) -> Vec<u8> {
    request(&[&[POST], lines].concat(), body)
}

fn sized(body: &[u8]) -> Vec<u8> {
    post(&[&format!("Content-Length: {}", body.len())], body)
}

fn chunked(body: &[u8]) -> Vec<u8> {
    post(&["Transfer-Encoding: chunked"], body)
}

fn http(name: &str, bytes: Vec<u8>) -> Case {
    case(name, Carrier::Http, Binary, bytes)
}

fn page(name: &str, status: u16, reason: &'static str, bytes: Vec<u8>) -> Case {
    http(name, bytes).is(Page(status), reason)
}

#[test]
fn a_body_whose_end_is_in_doubt_is_refused() {
    let size = format!("Content-Length: {}", HELLO.len());
    let chunk = |size: &str| chunked(&[size.as_bytes(), b"\r\n", HELLO, b"\r\n0\r\n\r\n"].concat());
    hold(&[
        page("no length", 411, "http", post(&["Accept: a"], HELLO)),
        page("length and chunked", 400, "http", post(&[&size, "Transfer-Encoding: chunked"], HELLO)),
        page("two lengths", 400, "http", post(&[&size, "Content-Length: 1"], HELLO)),
        page("the same length twice", 400, "http", post(&[&size, &size], HELLO)),
        page("a list of lengths", 400, "http", post(&["Content-Length: 21, 21"], HELLO)),
        page("a length of +21", 400, "http", post(&["Content-Length: +21"], HELLO)),
        page("a length of -1", 400, "http", post(&["Content-Length: -1"], HELLO)),
        page("a length of 0x15", 400, "http", post(&["Content-Length: 0x15"], HELLO)),
        page("a length of 2^64", 413, "frame_bytes", post(&["Content-Length: 18446744073709551616"], HELLO)),
        page("a length of 16,384,001", 413, "frame_bytes", post(&["Content-Length: 16384001"], HELLO)),
        page("another coding", 501, "http", post(&["Transfer-Encoding: gzip, chunked"], HELLO)),
        page("a chunk of 2^63 bytes", 413, "frame_bytes", chunk("8000000000000000")),
        page("a chunk size of 17 digits", 400, "http", chunk("00000000000000015")),
        page("a chunk size with a sign", 400, "http", chunk("+15")),
        page("a chunk size with a space", 400, "http", chunk("15 ")),
        page("a chunk without an end", 400, "http", chunked(b"1\r\nabc")),
        page("a chunk size without a carriage return", 400, "http", chunked(b"1\na\r\n0\r\n\r\n")),
        page("a megabyte of chunk extensions", 431, "headers", chunk(&format!("15;{}", "a".repeat(1 << 20)))),
    ]);
}

#[test]
fn a_head_that_is_too_much_or_none_is_refused() {
    let size = format!("Content-Length: {}", HELLO.len());
    let with = |line: &str| post(&[&size, line], HELLO);
    let many = |count: usize| post(&[&size, &vec!["a: b"; count].join("\r\n")], HELLO);
    hold(&[
        page("a field of a megabyte", 431, "headers", with(&format!("a: {}", "b".repeat(1 << 20)))),
        page("a head without an end", 431, "headers", format!("{POST}\r\na: {}", "b".repeat(1 << 20)).into()),
        http("100 fields", many(97)).is(Greeting, "").then(Then::GoesOn),
        page("101 fields", 431, "headers", many(98)),
        page("a bare line feed", 400, "http", with("a: b\nX-Injected: c")),
        page("a bare carriage return", 400, "http", with("a: b\rX-Injected: c")),
        page("a zero in a value", 400, "http", with("a: b\0")),
        page("a space before the colon", 400, "http", with("a : b")),
        page("a folded line", 400, "http", with("a: b\r\n c")),
        page("no host", 400, "http", request(&["POST / HTTP/1.1", &size], HELLO)),
        page("two hosts", 400, "http", with("Host: other")),
        page("two authorizations", 400, "http", with("Authorization: a\r\nAuthorization: b")),
        page("version 2.0", 505, "http", request(&["POST / HTTP/2.0", "Host: test", &size], HELLO)),
        page("no version", 400, "http", request(&["POST /", "Host: test", &size], HELLO)),
        page("five empty lines", 400, "http", [&b"\r\n".repeat(5)[..], &sized(HELLO)].concat())
            .is(Silence, "unknown_bytes"),
        page("another expectation", 417, "http", with("Expect: 200-ok")),
        http("HTTP/2 with prior knowledge", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()).is(Silence, "unknown_bytes"),
    ]);
}

#[test]
fn a_body_that_is_no_bare_message_is_refused() {
    let typed = |content_type: &str| {
        let lines = ["POST / HTTP/1.1", "Host: test", content_type, &format!("Content-Length: {}", HELLO.len())];
        request(&lines, HELLO)
    };
    let theader = Carrier::THeader.wrap(Binary, HELLO);
    hold(&[
        page("a frame", 400, "http", sized(&framed(HELLO))),
        page("THeader", 400, "http", sized(&theader)),
        page("nothing", 400, "http", sized(b"")),
        page("nothing in chunks", 400, "http", chunked(b"0\r\n\r\n")),
        page("a request in a request", 400, "http", sized(&sized(HELLO))),
        page("noise", 400, "http", sized(&[0xff; 1000])),
        page(
            "a coded body",
            415,
            "http",
            post(&["Content-Encoding: gzip", &format!("Content-Length: {}", HELLO.len())], HELLO),
        ),
        // Not refused, but answered by what the port has for whoever speaks no Thrift; the connection is kept.
        http("another type", typed("Content-Type: text/plain")).is(Page(415), "").then(Then::GoesOn),
        http("no type", typed("Accept: a")).is(Page(415), "").then(Then::GoesOn),
    ]);
}

#[test]
fn what_is_no_post_gets_a_page_and_never_a_file() {
    let get = |method: &str, path: &str| request(&[&format!("{method} {path} HTTP/1.1"), "Host: test"], b"");
    let empty = |method: &str, path: &str| {
        request(&[&format!("{method} {path} HTTP/1.1"), "Host: test", "Content-Length: 0"], b"")
    };
    let kept = |name, expected: Expected, bytes| http(name, bytes).is(expected, "").then(Then::GoesOn);
    hold(&[
        kept("GET", Page(404), get("GET", "/")),
        kept("a path upwards", Page(404), get("GET", "/../../etc/passwd")),
        kept("PUT", Page(404), empty("PUT", "/")),
        kept("PUT of a page", Page(405), empty("PUT", "/metrics")),
        kept("DELETE of a page", Page(405), get("DELETE", "/healthz")),
        kept("OPTIONS", Page(404), get("OPTIONS", "*")),
        page("PUT without a length", 411, "http", get("PUT", "/")),
        http("TRACE", get("TRACE", "/")).is(Silence, "unknown_bytes"),
        http("a method in small letters", get("get", "/")).is(Silence, "unknown_bytes"),
    ]);
}

#[test]
fn requests_in_a_row_in_chunks_and_after_a_hundred_continue_are_answered_one_by_one() {
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let in_chunks: Vec<u8> = HELLO.chunks(1).flat_map(chunk).collect();
    let many = [sized(HELLO), chunked(&[&in_chunks, &b"0\r\nTrailer: x\r\n\r\n"[..]].concat())].concat().repeat(50);
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());

    let replies = Carrier::Http.replies(Binary, &server.converse(&many).unwrap()).unwrap();

    assert_eq!(replies.iter().filter(|reply| reply.greets()).count(), 100);

    let mut stream = server.connect();
    let size = format!("Content-Length: {}", HELLO.len());
    stream.write_all(&post(&[&size, "Expect: 100-continue"], b"")).unwrap();
    let mut first = [0; 25];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(hello(Binary)).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = vec![];
    stream.read_to_end(&mut rest).unwrap();
    assert!(Carrier::Http.replies(Binary, &rest).unwrap()[0].greets());
}

#[test]
fn what_a_client_says_never_comes_back_in_a_head() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let size = format!("Content-Length: {}", HELLO.len());
    let lines = ["X-Request-Id: echoed", "Origin: echoed", "Connection: keep-alive, echoed", &size];

    let replies = [post(&lines, HELLO), request(&["GET /echoed HTTP/1.1", "Host: echoed"], b"")]
        .map(|request| server.converse(&request).unwrap());

    assert!(!replies.iter().any(|reply| contains(reply, b"echoed")), "{replies:?}");
}

#[test]
fn a_page_in_a_browser_cannot_call_for_its_visitor() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let body = br#"[1,"hello",1,0,{"1":{"rec":{}}}]"#;
    let post = |fields: &str| {
        let length = body.len();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: rebound.example\r\nContent-Type: application/x-thrift\r\nContent-Length: {length}\r\n\
             Connection: close\r\n{fields}\r\n"
        );
        String::from_utf8(server.exchange(&[head.as_bytes(), body].concat())).unwrap()
    };

    assert!(post("").contains("Hello, World!"));
    assert!(post("Origin: http://rebound.example\r\n").starts_with("HTTP/1.1 403 "));
    assert!(post("Origin: http://rebound.example\r\nAuthorization: Bearer x\r\n").contains("Hello, World!"));
}
