//! What a client may be sent, and both halves together.

use super::super::post::Post;
use super::super::response::{ResponseCut, ResponseCutter};
use super::super::*;
use super::{cut, limits, one_request, post};
use bytes::BytesMut;
use proptest::prelude::*;

const CHUNKS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nreply\r\n0\r\n\r\n";

#[test]
fn a_response_is_cut_by_length_or_chunks_and_interim_ones_are_passed_over() {
    let stream = [
        CONTINUE,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nreply",
        b"HTTP/1.1 503\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nreply\r\n0\r\n\r\n",
        b"HTTP/1.0 204 No Content\r\n\r\n",
    ]
    .concat();
    for size in [1, 7, stream.len()] {
        let (mut cutter, mut buffer, mut found) = (ResponseCutter::new(limits()), BytesMut::new(), vec![]);
        for piece in stream.chunks(size) {
            buffer.extend_from_slice(piece);
            while let ResponseCut::Response(it) = cutter.cut(&mut buffer) {
                found.push((it.status, it.body.to_vec(), it.keep_alive));
            }
        }
        let reply = b"reply".to_vec();
        assert_eq!(found, [(200, reply.clone(), true), (503, reply, false), (204, vec![], false)]);
    }
}

#[test]
fn a_response_whose_end_cannot_be_known_is_refused() {
    for stream in [
        "HTTP/1.1 200 OK\r\n\r\nbody until the end",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 1\n\n",
        "HTTP/2 200\r\nContent-Length: 1\r\n\r\n",
        "\r\n",
        &"HTTP/1.1 100 Continue\r\n\r\n".repeat(9),
    ] {
        let mut buffer = BytesMut::from(stream);

        assert!(matches!(ResponseCutter::new(limits()).cut(&mut buffer), ResponseCut::Refused(_)), "{stream:?}");
    }
}

#[test]
fn what_a_client_posts_is_what_the_server_cuts_and_back() {
    let post = Post { host: "a:1", path: "/", content_type: ContentType::Json, headers: &Default::default() };
    let request = one_request(&[&post.head(4).unwrap()[..], b"call"].concat());
    let content_type = ContentType::of(request.headers.get("content-type")).unwrap();
    let mut reply = [&[0; HEADROOM][..], b"reply"].concat();

    let start = head_before(&mut reply, content_type, After::of(&request));
    let cut = ResponseCutter::new(limits()).cut(&mut BytesMut::from(&reply[start..]));

    let ResponseCut::Response(response) = cut else { panic!("{cut:?}") };
    assert_eq!((response.status, &response.body[..], response.keep_alive), (200, &b"reply"[..], true));
    assert_eq!(response.headers.get("content-type"), Some(ContentType::Json.header()));
}

#[test]
fn a_refusal_is_answered_in_words_and_with_a_close() {
    let HttpCut::Refused(refused) = &cut(&post("", ""))[0] else { panic!("a request without a length is refused") };
    let bytes = page(&Page::from(refused), Method::Post, After::Close);

    let cut = ResponseCutter::new(limits()).cut(&mut BytesMut::from(&bytes[..]));

    let ResponseCut::Response(response) = cut else { panic!("{cut:?}") };
    assert_eq!((response.status, response.keep_alive), (411, false));
    assert!(response.body.ends_with(refused.message.as_bytes()));
}

proptest! {
    #[test]
    fn no_bytes_make_the_cutter_of_responses_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        head in proptest::sample::select(&["", "HTTP/1.1 200 OK\r\n", CHUNKS][..]),
    ) {
        let mut buffer = BytesMut::from(&[head.as_bytes(), &bytes, CHUNKS.as_bytes()].concat()[..]);
        let mut cutter = ResponseCutter::new(limits());
        while let ResponseCut::Response(_) = cutter.cut(&mut buffer) {}
    }
}
