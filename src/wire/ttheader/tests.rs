use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use thrift::ApplicationErrorKind::{InvalidProtocol, InvalidTransform, ProtocolError};

const MESSAGE: &[u8] = b"\x80\x01\x00\x01\0\0\0\x05hello\0\0\0\x07\x0c\0\x01\0\0";
const COMPACT_MESSAGE: &[u8] = b"\x82\x21\x07\x05hello\x1c\0\0";

/// Whole frames around [`MESSAGE`] that cloudwego's gopkg v0.1.4, the codec of Kitex, wrote. Without headers:
const KITEX_PLAIN: &[u8] =
    b"\0\0\0\x24\x10\0\0\0\0\0\0\x07\0\x01\0\0\0\0\x80\x01\0\x01\0\0\0\x05hello\0\0\0\x07\x0c\0\x01\0\0";
/// With a service name and the timeout of the call, the message framed:
const KITEX_FRAMED: &[u8] = b"\0\0\0\x44\x10\0\0\0\0\0\0\x07\0\x08\0\0\x01\0\x01\0\x03isn\0\x06Health\
    \x10\0\x01\0\x0c\0\x041500\0\0\0\0\0\0\x16\x80\x01\0\x01\0\0\0\x05hello\0\0\0\x07\x0c\0\x01\0\0";
/// With a token, a header of the user and the name of the method:
const KITEX_TOKEN: &[u8] = b"\0\0\0\x5c\x10\0\0\x01\0\0\0\x07\0\x0f\0\0\x11\0\x06secret\
    \x01\0\x01\0\x17RPC_TRANSIT_traceparent\0\x0400-1\x10\0\x01\0\x09\0\x05hello\0\0\0\
    \x80\x01\0\x01\0\0\0\x05hello\0\0\0\x07\x0c\0\x01\0\0";

const PLAIN: Headed = Headed {
    layout: Layout::TTHeader { protocol_id: BINARY, payload: Payload::Message },
    flags: 0,
    sequence: 7,
    protocol: Protocol::Binary,
};

const FRAMED: Layout = Layout::TTHeader { protocol_id: BINARY, payload: Payload::FramedMessage };

/// Opens a frame within the usual limits.
fn open(frame: Bytes) -> Result<Opened, Refused> {
    super::open(frame, &Limits::default())
}

fn frame(header: &[u8], payload: &[u8]) -> Bytes {
    let mut header = header.to_vec();
    header.resize(header.len().next_multiple_of(4), 0);
    let words = u16::try_from(header.len() / 4).unwrap().to_be_bytes();
    [&MAGIC[..], &[0, 0, 0, 0, 0, 7], &words, &header, payload].concat().into()
}

fn refused(header: &[u8], payload: &[u8]) -> Refused {
    open(frame(header, payload)).unwrap_err()
}

#[test]
fn what_kitex_writes_is_read() {
    let plain = open(Bytes::from_static(&KITEX_PLAIN[4..])).unwrap();
    assert_eq!((plain.envelope, &plain.message[..]), (PLAIN, MESSAGE));

    let framed = open(Bytes::from_static(&KITEX_FRAMED[4..])).unwrap();
    assert_eq!((framed.envelope, &framed.message[..]), (Headed { layout: FRAMED, ..PLAIN }, MESSAGE));
    assert_eq!((framed.headers.get("client_timeout"), framed.headers.get("isn")), (Some("1500"), Some("Health")));
}

#[test]
fn what_a_user_of_kitex_said_is_found_under_the_name_that_the_user_gave() {
    let opened = open(Bytes::from_static(&KITEX_TOKEN[4..])).unwrap();

    assert_eq!((opened.headers.get("traceparent"), opened.headers.get("gdpr-token")), (Some("00-1"), Some("secret")));
    assert_eq!((opened.headers.len(), opened.envelope.flags), (2, 1));
}

#[test]
fn what_is_written_is_to_the_byte_what_kitex_writes() {
    let mut headers = Headers::default();
    headers.push("isn", "Health").unwrap();
    headers.push("client_timeout", "1500").unwrap();

    let (frame, start) = Headed { layout: FRAMED, ..PLAIN }.seal(MESSAGE.to_vec(), 0, &headers).unwrap();

    assert_eq!(&frame[start..], KITEX_FRAMED);
}

#[test]
fn the_message_tells_its_protocol_and_the_number_of_the_header_is_echoed() {
    for protocol_id in [BINARY, COMPACT] {
        let opened = open(frame(&[protocol_id, 0], COMPACT_MESSAGE)).unwrap();

        let layout = Layout::TTHeader { protocol_id, payload: Payload::Message };
        assert_eq!(opened.envelope, Headed { layout, protocol: Protocol::Compact, ..PLAIN });
    }
}

#[test]
fn padding_is_skipped_and_not_the_end_of_the_header() {
    let opened = open(frame(b"\0\0\0\0\0\x01\0\x01\0\x01k\0\x01v", MESSAGE)).unwrap();

    assert_eq!(opened.headers.get("k"), Some("v"));
}

#[test]
fn a_header_that_cannot_be_read_up_to_its_protocol_closes_the_connection() {
    let whole = frame(&[0, 0], b"");
    for length in 0..14 {
        assert_eq!(open(whole.slice(..length)).unwrap_err().envelope, None, "{length}");
    }
    assert_eq!(refused(b"", MESSAGE).envelope, None, "no words");
    assert_eq!(open(Bytes::from_static(b"\x10\0\0\0\0\0\0\x07\0\x02\0\0\0\0")).unwrap_err().envelope, None, "words");
}

#[test]
fn a_transform_is_refused_by_its_number() {
    let refused = refused(&[0, 255, 1], MESSAGE);

    assert_eq!((refused.refusal.kind, refused.envelope), (InvalidTransform, Some(PLAIN)));
    assert!(refused.refusal.message.contains("transform 1 "), "{}", refused.refusal.message);
}

#[test]
fn an_unknown_protocol_is_answered_in_binary() {
    for id in [1, 3, 4, 16, 99] {
        let refused = refused(&[id, 0], MESSAGE);

        assert_eq!((refused.refusal.kind, refused.envelope), (InvalidProtocol, Some(PLAIN)), "{id}");
    }
}

#[test]
fn counts_and_lengths_are_held_against_the_end_of_the_header() {
    for header in
        [&b"\0\0\x01\xff\xff"[..], b"\0\0\x10\xff\xff", b"\0\0\x01\0\x01\0\x05ab", b"\0\0\x11\xff\xff", b"\0\0\x63"]
    {
        let refused = refused(header, MESSAGE);

        assert_eq!((refused.refusal.kind, &refused.start[..]), (ProtocolError, MESSAGE), "{header:?}");
        assert_eq!(refused.envelope, Some(PLAIN));
    }
}

#[test]
fn a_payload_that_is_no_message_or_a_torn_one_is_refused() {
    for payload in [
        &b""[..],
        b"\0\0\0\x04junk",
        b"\x80",
        &[b"\0\0\0\x17", MESSAGE].concat(),
        &[b"\xff\xff\xff\xff", MESSAGE].concat(),
    ] {
        let refused = refused(&[0, 0], payload);

        assert_eq!((refused.refusal.kind, refused.envelope), (ProtocolError, Some(PLAIN)), "{payload:?}");
    }
}

#[test]
fn what_follows_the_frame_within_is_no_part_of_the_message() {
    let opened = open(frame(&[0, 0], &[b"\0\0\0\x16", MESSAGE, b"more"].concat())).unwrap();

    assert_eq!(opened.message, MESSAGE);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200), words in 0u16..60) {
        let _ = open(bytes.clone().into());
        let _ = open([&MAGIC[..], &[0; 6], &words.to_be_bytes(), &bytes].concat().into());
        let _ = open(frame(&[&[0, 0], &bytes[..]].concat(), &[&bytes, MESSAGE].concat()));
    }

    #[test]
    fn no_damage_to_a_good_frame_panics(at in 4usize..96, value in any::<u8>(), cut in 4usize..96) {
        let mut damaged = KITEX_TOKEN.to_vec();
        damaged[at] = value;
        let _ = open(damaged[4..].to_vec().into());
        let _ = open(damaged[4..cut].to_vec().into());
    }

    #[test]
    fn what_is_written_is_read_back(
        pairs in vec((vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..40)), 0..20),
        rest in vec(any::<u8>(), 0..2000),
        (flags, sequence) in (any::<u16>(), any::<u32>()),
        (compact, framed, body) in (any::<bool>(), any::<bool>(), 0usize..2000),
    ) {
        let (protocol, first, protocol_id) = match compact {
            true => (Protocol::Compact, &b"\x82\x21"[..], COMPACT),
            false => (Protocol::Binary, &b"\x80\x01"[..], BINARY),
        };
        let payload = if framed { Payload::FramedMessage } else { Payload::Message };
        let envelope = Headed { layout: Layout::TTHeader { protocol_id, payload }, flags, sequence, protocol };
        let mut headers = Headers::default();
        for (name, value) in pairs {
            headers.push(name, value).unwrap();
        }

        let (frame, start) = envelope.seal([&vec![0; body], first, &rest].concat(), body, &headers).unwrap();
        let opened = open(frame[start + 4..].to_vec().into()).unwrap();

        prop_assert_eq!((opened.envelope, opened.headers), (envelope, headers));
        prop_assert_eq!(&opened.message[..], &[first, &rest].concat()[..]);
    }
}
