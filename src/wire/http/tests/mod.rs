//! What a stranger may send, and what comes out of it.

mod client;
mod smuggling;

use super::super::limits::Limits;
use super::*;
use bytes::BytesMut;
use proptest::prelude::*;

const LIMIT: usize = 100_000;
const CALL: &[u8] =
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-thrift\r\nContent-Length: 4\r\n\r\ncall";
const CHUNKED: &[u8] = b"POST /x?y HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: Chunked\r\n\r\n2;ext=\"a\"\r\nca\r\n002\r\nll\r\n0\r\nTrailer: b\r\n\r\n";
const PROBE: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

fn limits() -> Limits {
    Limits { max_frame_bytes: LIMIT, ..Limits::default() }
}

/// All that a connection cuts when `stream` arrives in pieces of these sizes, over and over, until it waits for more.
fn cut_in_pieces(stream: &[u8], sizes: &[usize]) -> Vec<HttpCut> {
    let (mut cutter, mut buffer, mut cuts) = (HttpCutter::new(limits()), BytesMut::new(), vec![]);
    let (mut rest, mut sizes) = (stream, sizes.iter().cycle());
    while !rest.is_empty() {
        let (piece, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        buffer.extend_from_slice(piece);
        rest = later;
        loop {
            match cutter.cut(&mut buffer) {
                HttpCut::More { .. } => break,
                HttpCut::Refused(refused) => {
                    cuts.push(HttpCut::Refused(refused));
                    return cuts;
                }
                HttpCut::Continue => {}
                request => cuts.push(request),
            }
        }
    }
    cuts
}

fn cut(stream: &[u8]) -> Vec<HttpCut> {
    cut_in_pieces(stream, &[stream.len()])
}

fn one_request(stream: &[u8]) -> Request {
    match &cut(stream)[..] {
        [HttpCut::Request(request)] => request.clone(),
        other => panic!("{other:?}"),
    }
}

/// The status of the refusal that `stream` ends in, however it arrives. No request may come out of it.
fn refusal(stream: &[u8]) -> Status {
    assert_eq!(cut(stream), cut_in_pieces(stream, &[1]), "{:?}", stream.escape_ascii().to_string());
    match &cut(stream)[..] {
        [HttpCut::Refused(refused)] => refused.status,
        other => panic!("{:?}: {other:?}", stream.escape_ascii().to_string()),
    }
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}").into_bytes()
}

#[test]
fn a_body_without_a_length_is_refused_with_411() {
    assert_eq!(refusal(&post("", "")), Status::LengthRequired);
    assert_eq!(refusal(b"PUT / HTTP/1.0\r\n\r\n"), Status::LengthRequired);
}

#[test]
fn a_chunk_of_2_to_the_63_bytes_is_refused_without_overflow() {
    for (size, status) in [
        ("8000000000000000", Status::ContentTooLarge),
        ("7fffffffffffffff", Status::ContentTooLarge),
        ("ffffffffffffffff", Status::ContentTooLarge),
        ("10000000000000000", Status::BadRequest),
        ("fffffffffffffffffffffffffffffffff", Status::BadRequest),
    ] {
        assert_eq!(
            refusal(&post("Transfer-Encoding: chunked\r\n", &format!("1\r\nx\r\n{size}\r\n"))),
            status,
            "{size}"
        );
    }
}

#[test]
fn a_header_of_1_mb_is_refused_with_431() {
    assert_eq!(refusal(&post(&format!("X: {}\r\n", "a".repeat(1 << 20)), "")), Status::HeadersTooLarge);
    assert_eq!(refusal(&[b"GET /", &b"a".repeat(1 << 20)[..]].concat()), Status::HeadersTooLarge);
}

#[test]
fn a_hundred_header_fields_are_read_and_one_more_is_refused_with_431() {
    let get = |fields: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "x: y\r\n".repeat(fields - 1));

    assert_eq!(one_request(get(100).as_bytes()).headers.iter().count(), 100);
    assert_eq!(refusal(get(101).as_bytes()), Status::HeadersTooLarge);
}

#[test]
fn how_much_of_a_body_is_missing_is_known_as_soon_as_its_head_is_there() {
    let (mut cutter, mut buffer) = (HttpCutter::new(limits()), BytesMut::new());
    let body_at = CALL.len() - 4;
    for (at, byte) in CALL[..CALL.len() - 1].iter().enumerate() {
        buffer.extend_from_slice(&[*byte]);

        let wanted = if at + 1 < body_at { 0 } else { 4 };
        assert_eq!(cutter.cut(&mut buffer), HttpCut::More { wanted });
    }
}

#[test]
fn carriage_returns_line_feeds_and_zeros_inside_a_line_are_refused() {
    for stream in [
        &b"GET / HTTP/1.1\nHost: a\n\n"[..],
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nx: 1\r2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nx: 1\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nx\0: 1\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        assert_eq!(refusal(stream), Status::BadRequest);
    }
}

#[test]
fn get_and_put_are_cut_and_http_2_is_refused() {
    let get = one_request(b"GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((get.method, get.path(), get.body.len()), (Method::Get, "/metrics", 0));
    let put = one_request(b"PUT http://a:1/b?c HTTP/1.1\r\nHost: a:1\r\nContent-Length: 0\r\n\r\n");
    assert_eq!((put.method, put.path(), &put.target[..]), (Method::Put, "/b", "http://a:1/b?c"));
    assert_eq!(one_request(b"get * HTTP/1.1\r\nHost: a\r\n\r\n").method, Method::Other);

    assert_eq!(refusal(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Status::VersionNotSupported);
    assert_eq!(refusal(b"GET / HTTP/1.2\r\nHost: a\r\n\r\n"), Status::VersionNotSupported);
    assert_eq!(refusal(b"GET /\r\n\r\n"), Status::BadRequest);
}

#[test]
fn a_client_that_expects_100_continue_is_told_once_and_then_sends_its_body() {
    for (coding, body) in
        [("Content-Length: 4", &b"call"[..]), ("Transfer-Encoding: chunked", b"4\r\ncall\r\n0\r\n\r\n")]
    {
        let head = post(&format!("Expect: 100-Continue\r\n{coding}\r\n"), "");
        let (mut cutter, mut buffer) = (HttpCutter::new(limits()), BytesMut::from(&head[..]));

        assert_eq!(cutter.cut(&mut buffer), HttpCut::Continue);
        assert!(matches!(cutter.cut(&mut buffer), HttpCut::More { .. }));
        buffer.extend_from_slice(body);
        assert!(matches!(cutter.cut(&mut buffer), HttpCut::Request(request) if request.body == "call"));
    }
}

#[test]
fn a_body_that_nobody_would_read_is_not_asked_for() {
    let too_long = post(&format!("Expect: 100-continue\r\nContent-Length: {}\r\n", LIMIT + 1), "");
    assert_eq!(refusal(&too_long), Status::ContentTooLarge);
    assert_eq!(refusal(&post("Expect: a miracle\r\nContent-Length: 4\r\n", "")), Status::ExpectationFailed);

    for (headers, body) in [("Content-Length: 0\r\n", ""), ("Content-Length: 4\r\n", "call")] {
        let mut buffer = BytesMut::from(&post(&format!("Expect: 100-continue\r\n{headers}"), body)[..]);
        assert!(matches!(HttpCutter::new(limits()).cut(&mut buffer), HttpCut::Request(_)), "{headers}");
    }
}

#[test]
fn pipelined_requests_are_cut_in_their_order() {
    let cuts = cut(&[CALL, PROBE, b"\r\n", CHUNKED, CALL].concat());

    let targets: Vec<_> = cuts
        .iter()
        .map(|it| match it {
            HttpCut::Request(request) => (&request.target[..], &request.body[..]),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(targets, [("/", &b"call"[..]), ("/healthz", b""), ("/x?y", b"call"), ("/", b"call")]);
}

#[test]
fn a_body_comes_out_as_it_is_whether_it_is_framed_theader_or_empty() {
    for body in [&b"\0\0\0\x04call"[..], b"\0\0\0\x24\x0f\xff\0\0\0\0\0\0", b"", b"GET / HTTP/1.1\r\n\r\n"] {
        let head = post(&format!("Content-Length: {}\r\n", body.len()), "");

        assert_eq!(one_request(&[&head, body].concat()).body, body);
    }
}

#[test]
fn what_follows_the_last_request_is_dropped_unread() {
    for last in [
        "HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n",
        "HTTP/1.0\r\n",
        "HTTP/1.0\r\nConnection: close, keep-alive\r\n",
    ] {
        let stream = [format!("GET /last {last}\r\n").as_bytes(), CALL].concat();

        let cuts = cut(&stream);

        assert!(matches!(&cuts[..], [HttpCut::Request(it)] if it.target == "/last" && !it.keep_alive), "{cuts:?}");
    }
}

#[test]
fn an_old_client_that_asks_for_it_is_kept_and_told_so() {
    let request = one_request(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");

    assert_eq!((request.keep_alive, After::of(&request)), (true, After::KeepOld));
}

#[test]
fn a_few_empty_lines_before_a_request_are_passed_over_and_many_are_not() {
    assert_eq!(one_request(&[&b"\r\n".repeat(4), PROBE].concat()).target, "/healthz");
    assert_eq!(refusal(&[&b"\r\n".repeat(5), PROBE].concat()), Status::BadRequest);
}

#[test]
fn a_body_of_the_largest_size_is_read_and_one_byte_more_is_refused_before_it_comes() {
    let body = "x".repeat(LIMIT);
    assert_eq!(one_request(&post(&format!("Content-Length: {LIMIT}\r\n"), &body)).body.len(), LIMIT);
    let chunked = |body: &str| post("Transfer-Encoding: chunked\r\n", &format!("{:x}\r\n{body}\r\n", body.len()));
    assert_eq!(one_request(&[&chunked(&body)[..], b"0\r\n\r\n"].concat()).body.len(), LIMIT);

    for length in [(LIMIT + 1).to_string(), "99999999999999999999999999".into()] {
        assert_eq!(refusal(&post(&format!("Content-Length: {length}\r\n"), "")), Status::ContentTooLarge);
    }
    assert_eq!(refusal(&[&chunked(&body)[..], b"1\r\n"].concat()), Status::ContentTooLarge);
}

#[test]
fn chunks_are_counted_as_held_only_when_they_have_come() {
    let (mut cutter, mut buffer) = (HttpCutter::new(limits()), BytesMut::new());
    buffer.extend_from_slice(&post("Transfer-Encoding: chunked\r\n", "ffff\r\nabc"));

    assert_eq!(cutter.cut(&mut buffer), HttpCut::More { wanted: 0 });

    assert_eq!((cutter.held_bytes(), buffer.len()), (3, 0));
}

#[test]
fn extensions_and_trailers_of_a_chunked_body_are_bounded() {
    let chunks = |body: String| post("Transfer-Encoding: chunked\r\n", &body);
    let extension = "e".repeat(1000);

    assert_eq!(refusal(&chunks(format!("1;{}", "e".repeat(1 << 20)))), Status::HeadersTooLarge);
    assert_eq!(refusal(&chunks(format!("1;{extension}\r\nx\r\n").repeat(17))), Status::HeadersTooLarge);
    assert_eq!(refusal(&chunks(format!("0\r\nx: {}", "e".repeat(1 << 20)))), Status::HeadersTooLarge);
    assert_eq!(refusal(&chunks(format!("0\r\n{}\r\n", "x: y\r\n".repeat(101)))), Status::HeadersTooLarge);
}

#[test]
fn after_a_refusal_nothing_more_is_read() {
    let (mut cutter, mut buffer) = (HttpCutter::new(limits()), BytesMut::from(&b"GET /\r\n\r\n"[..]));
    let refused = cutter.cut(&mut buffer);
    buffer.extend_from_slice(CALL);

    assert_eq!(cutter.cut(&mut buffer), refused);
}

fn streams() -> impl Strategy<Value = Vec<u8>> {
    let parts: &[&'static [u8]] = &[
        CALL,
        CHUNKED,
        PROBE,
        b"\r\n",
        b"POST /wait HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\ncall",
        b"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\ncall",
    ];
    // What is refused comes last in the list, and seldom, so that most streams are long ones.
    let part = prop_oneof![9 => proptest::sample::select(&parts[..6]), 1 => Just(parts[6])];
    proptest::collection::vec(part, 1..8).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn the_same_requests_are_cut_however_the_bytes_arrive(
        stream in streams(),
        sizes in proptest::collection::vec(1usize..60, 1..8),
    ) {
        prop_assert_eq!(cut_in_pieces(&stream, &sizes), cut(&stream));
    }

    #[test]
    fn no_bytes_make_a_cutter_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        at in 0usize..CHUNKED.len(),
        sizes in proptest::collection::vec(1usize..60, 1..4),
    ) {
        for start in [&b""[..], &CALL[..at.min(CALL.len())], &CHUNKED[..at]] {
            let stream = [start, &bytes, CHUNKED].concat();
            prop_assert_eq!(cut_in_pieces(&stream, &sizes), cut(&stream));
        }
    }
}
