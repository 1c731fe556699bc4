//! Connections: the same is cut out of the same bytes, however they arrive.

use super::LIMITS;
use crate::telemetry::Reason;
use crate::wire::http::{HttpCut, HttpCutter, Request, ResponseCut, ResponseCutter, content};
use crate::wire::{Cut, Cutter, Format, Message, Refusal, open, refusal_reply};
use bytes::{Bytes, BytesMut};
use thrift::protocol::TMessageType;

/// What was cut, as far as it is the same however the bytes arrive.
#[derive(Debug, PartialEq)]
enum Piece {
    Message(Format, Bytes),
    Request(Request),
    Refused(Reason),
    Unknown(Reason),
}

/// The input of a connection: detection, frames, headers, messages without frames, HTTP; then the head of each message.
///
/// Laws: a cut takes bytes or ends the connection; the pieces do not depend on how the bytes arrive; what is opened can be
/// answered, and the answer carries name and number.
pub fn connection(bytes: &[u8]) {
    let whole = cut(bytes, bytes.len().max(1));

    for piece in [1, 7] {
        assert_eq!(cut(bytes, piece), whole, "in pieces of {piece} bytes and whole");
    }
}

fn cut(bytes: &[u8], piece: usize) -> Vec<Piece> {
    let (mut cutter, mut buffer, mut pieces) = (Cutter::new(LIMITS), BytesMut::new(), vec![]);
    for arrived in bytes.chunks(piece) {
        buffer.extend_from_slice(arrived);
        while !buffer.is_empty() {
            let before = buffer.len();
            match cutter.cut(&mut buffer) {
                Cut::More { .. } => break,
                Cut::Answer(_) => continue, // Whether a body is asked for depends on whether it is there.
                Cut::Request(request) => pieces.push(Piece::Request(request)),
                Cut::Unknown(reason) => {
                    pieces.push(Piece::Unknown(reason));
                    return pieces;
                }
                Cut::Refused { answer, refusal } => {
                    pieces.push(Piece::Refused(refusal.reason));
                    if answer.close {
                        return pieces;
                    }
                }
                Cut::Message(message) => {
                    answer(&message);
                    pieces.push(Piece::Message(message.format, message.body));
                }
            }
            assert!(buffer.len() < before, "a cut took no bytes and did not end the connection");
        }
    }
    pieces
}

fn answer(message: &Message) {
    let (head, refusal) = match open(message, &LIMITS) {
        Ok(opened) => (opened.head, Refusal::unknown_method("nope")),
        Err((Some(head), refusal)) => (head, refusal),
        Err((None, _)) => return,
    };
    let reply = refusal_reply(message.format, &head, &refusal);
    let reply = &reply[message.format.headroom()..];
    let identifier = message.format.protocol.reader(reply, &LIMITS, None).read_message_begin().expect("it can be read");
    assert_eq!(identifier.message_type, TMessageType::Exception);
    assert_eq!((identifier.name, identifier.sequence_number), (head.name.into_owned(), head.seqid));
}

/// The requests of HTTP. Law: they do not depend on how the bytes arrive.
pub fn http_request(bytes: &[u8]) {
    let whole = requests(bytes, bytes.len().max(1));

    for piece in [1, 7] {
        assert_eq!(requests(bytes, piece), whole, "in pieces of {piece} bytes and whole");
    }
}

fn requests(bytes: &[u8], piece: usize) -> Vec<Option<Request>> {
    let (mut cutter, mut buffer, mut requests) = (HttpCutter::new(LIMITS), BytesMut::new(), vec![]);
    for arrived in bytes.chunks(piece) {
        buffer.extend_from_slice(arrived);
        loop {
            match cutter.cut(&mut buffer) {
                HttpCut::More { .. } => break,
                HttpCut::Continue => {}
                HttpCut::Request(request) => {
                    let _ = content(request.clone());
                    requests.push(Some(request));
                }
                HttpCut::Refused(_) => {
                    requests.push(None);
                    return requests;
                }
            }
        }
    }
    requests
}

/// The responses of HTTP, as a client reads them. Law: they do not depend on how the bytes arrive.
pub fn http_response(bytes: &[u8]) {
    let whole = responses(bytes, bytes.len().max(1));

    for piece in [1, 7] {
        assert_eq!(responses(bytes, piece), whole, "in pieces of {piece} bytes and whole");
    }
}

fn responses(bytes: &[u8], piece: usize) -> Vec<Option<(u16, Bytes)>> {
    let (mut cutter, mut buffer, mut responses) = (ResponseCutter::new(LIMITS), BytesMut::new(), vec![]);
    for arrived in bytes.chunks(piece) {
        buffer.extend_from_slice(arrived);
        loop {
            match cutter.cut(&mut buffer) {
                ResponseCut::More { .. } => break,
                ResponseCut::Response(response) => responses.push(Some((response.status, response.body))),
                ResponseCut::Refused(_) => {
                    responses.push(None);
                    return responses;
                }
            }
        }
    }
    responses
}
