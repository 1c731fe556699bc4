//! Requests that two readers could end in two places: what follows the first end is a request that a proxy never saw.

use super::super::Status;
use super::{post, refusal};

#[test]
fn length_and_chunked_together_are_refused() {
    assert_eq!(refusal(&post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")), Status::BadRequest);
}

#[test]
fn a_request_that_two_readers_could_end_in_two_places_is_refused() {
    let smuggled = "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    for (headers, status) in [
        // CL.TE, TE.CL and their mirrors.
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Status::BadRequest),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Status::BadRequest),
        ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", Status::BadRequest),
        ("Content-Length: 5\r\ntRANSFER-eNCODING: CHUNKED\r\n", Status::BadRequest),
        ("Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n", Status::BadRequest),
        // TE.TE: a coding that one of two does not recognise.
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", Status::BadRequest),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Status::BadRequest),
        ("Transfer-Encoding: xchunked\r\n", Status::NotImplemented),
        ("Transfer-Encoding: chunked, chunked\r\n", Status::NotImplemented),
        ("Transfer-Encoding: gzip, chunked\r\n", Status::NotImplemented),
        ("Transfer-Encoding: chunked, identity\r\n", Status::NotImplemented),
        ("Transfer-Encoding: \"chunked\"\r\n", Status::NotImplemented),
        ("Transfer-Encoding: chunked;q=1\r\n", Status::NotImplemented),
        ("Transfer-Encoding:\r\n", Status::NotImplemented),
        ("Transfer-Encoding: \x0bchunked\r\n", Status::BadRequest),
        ("Transfer-Encoding : chunked\r\n", Status::BadRequest),
        ("Transfer-Encoding\t: chunked\r\n", Status::BadRequest),
        (" Transfer-Encoding: chunked\r\n", Status::BadRequest),
        // Folded lines.
        ("Transfer-Encoding:\r\n chunked\r\n", Status::BadRequest),
        ("Content-Length: 5\r\n Transfer-Encoding: chunked\r\n", Status::BadRequest),
        ("X: y\r\n\tContent-Length: 5\r\n", Status::BadRequest),
        // Lines that one of two ends elsewhere.
        ("X: y\nTransfer-Encoding: chunked\r\n", Status::BadRequest),
        ("X: y\rTransfer-Encoding: chunked\r\n", Status::BadRequest),
        // Lengths that one of two reads otherwise.
        ("Content-Length: 5\r\nContent-Length: 6\r\n", Status::BadRequest),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", Status::BadRequest),
        ("Content-Length: 5, 5\r\n", Status::BadRequest),
        ("Content-Length: +5\r\n", Status::BadRequest),
        ("Content-Length: -5\r\n", Status::BadRequest),
        ("Content-Length: 0x5\r\n", Status::BadRequest),
        ("Content-Length: 5 5\r\n", Status::BadRequest),
        ("Content-Length: 5;\r\n", Status::BadRequest),
        ("Content-Length: \r\n", Status::BadRequest),
        ("Content-Length: five\r\n", Status::BadRequest),
        ("Content-Length : 5\r\n", Status::BadRequest),
        ("Content_Length: 5\r\n", Status::LengthRequired),
        // Whom it is for.
        ("Host: b\r\nContent-Length: 5\r\n", Status::BadRequest),
    ] {
        assert_eq!(refusal(&post(headers, smuggled)), status, "{headers:?}");
    }
    assert_eq!(refusal(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), Status::BadRequest);
    assert_eq!(refusal(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), Status::BadRequest);
}

#[test]
fn a_chunk_that_two_readers_could_end_in_two_places_is_refused() {
    for chunks in [
        " 5\r\nhello\r\n",
        "5 \r\nhello\r\n",
        "5 ;x\r\nhello\r\n",
        "+5\r\nhello\r\n",
        "-5\r\nhello\r\n",
        "0x5\r\nhello\r\n",
        "5_\r\nhello\r\n",
        "\r\nhello\r\n",
        ";x\r\nhello\r\n",
        "5\nhello\r\n",
        "5;x\nhello\r\n",
        "5;x\ry\r\nhello\r\n",
        "5;x\0\r\nhello\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\rx",
        "0\r\n folded: x\r\n\r\n",
        "0\r\nx: y\n\r\n",
        "0\r\nGET / HTTP/1.1\r\n\r\n",
    ] {
        assert_eq!(refusal(&post("Transfer-Encoding: chunked\r\n", chunks)), Status::BadRequest, "{chunks:?}");
    }
}
