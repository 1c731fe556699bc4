use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use thrift::ApplicationErrorKind::{InvalidProtocol, InvalidTransform, ProtocolError};

/// A call of `hello` with an empty request, as the Apache Python library 0.25.0 writes it, with the seqid 7.
const MESSAGE: &[u8] = b"\x80\x01\x00\x01\0\0\0\x05hello\0\0\0\x07\x0c\0\x01\0\0";

/// Whole frames that its `THeaderTransport` wrote. Without headers, in binary and in compact:
const PYTHON_PLAIN: &[u8] =
    b"\0\0\0\x24\x0f\xff\0\0\0\0\0\0\0\x01\0\0\0\0\x80\x01\0\x01\0\0\0\x05hello\0\0\0\0\x0c\0\x01\0\0";
const PYTHON_COMPACT: &[u8] = b"\0\0\0\x1a\x0f\xff\0\0\0\0\0\0\0\x01\x02\0\0\0\x82\x21\0\x05hello\x1c\0\0";
/// Flag 1, sequence 7, two headers, [`MESSAGE`]:
const PYTHON_HEADERS: &[u8] = b"\0\0\0\x4c\x0f\xff\0\x01\0\0\0\x07\0\x0b\0\0\x01\x02\x0eclient_timeout\x041500\
    \x0cX-Request-Id\x03r-1\0\0\0\x80\x01\0\x01\0\0\0\x05hello\0\0\0\x07\x0c\0\x01\0\0";
/// Sequence -1, k = v, compact, zlib:
const PYTHON_ZLIB: &[u8] = b"\0\0\0\x2c\x0f\xff\0\0\xff\xff\xff\xff\0\x03\x02\x01\x01\x01\x01\x01k\x01v\0\0\0\
    \x78\x9c\x6b\x52\xfc\x0f\x04\xfc\xac\x19\xa9\x39\x39\xf9\x32\x0c\x0c\0\x49\x67\x06\xe4";

fn plain(protocol: Protocol) -> Headed {
    Headed { layout: Layout::THeader { transform: Transform::Nothing }, flags: 0, sequence: 0, protocol }
}

fn zipped(protocol: Protocol) -> Headed {
    Headed { layout: Layout::THeader { transform: Transform::Zlib }, ..plain(protocol) }
}

fn headers_of(pairs: &[(&'static str, &'static str)]) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in pairs {
        headers.push(*name, *value).unwrap();
    }
    headers
}

/// A frame without its length: flags 0, sequence 7, this header of whole words, this payload.
fn frame(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut header = header.to_vec();
    header.resize(header.len().next_multiple_of(4), 0);
    let words = u16::try_from(header.len() / 4).unwrap().to_be_bytes();
    [&MAGIC[..], &[0, 0, 0, 0, 0, 7], &words, &header, payload].concat()
}

fn opened(frame: impl AsRef<[u8]>) -> Result<Opened, Refused> {
    open(Bytes::copy_from_slice(frame.as_ref()), &Limits::default())
}

fn refused(header: &[u8], payload: &[u8]) -> Refused {
    opened(frame(header, payload)).unwrap_err()
}

#[test]
fn what_the_python_library_writes_is_read() {
    let plain_binary = opened(&PYTHON_PLAIN[4..]).unwrap();
    assert_eq!(plain_binary.envelope, plain(Protocol::Binary));
    assert_eq!(plain_binary.message, &PYTHON_PLAIN[18..]);
    assert!(plain_binary.headers.is_empty());

    let compact = opened(&PYTHON_COMPACT[4..]).unwrap();
    assert_eq!((compact.envelope, &compact.message[..2]), (plain(Protocol::Compact), &b"\x82\x21"[..]));

    let with_headers = opened(&PYTHON_HEADERS[4..]).unwrap();
    assert_eq!(with_headers.envelope, Headed { flags: 1, sequence: 7, ..plain(Protocol::Binary) });
    assert_eq!(with_headers.headers.get("client_timeout"), Some("1500"));
    assert_eq!(with_headers.headers.get("x-request-id"), Some("r-1"));
    assert_eq!(with_headers.message, MESSAGE);
}

#[test]
fn what_the_python_library_compressed_is_inflated() {
    let opened = opened(&PYTHON_ZLIB[4..]).unwrap();

    assert_eq!(opened.envelope, Headed { sequence: u32::MAX, ..zipped(Protocol::Compact) });
    assert_eq!(opened.headers.get("k"), Some("v"));
    assert_eq!(opened.message, &b"\x82\x21\xff\xff\xff\xff\x0f\x05hello\x1c\0\0"[..]);
}

#[test]
fn what_is_written_is_to_the_byte_what_the_python_library_writes() {
    let envelope = Headed { flags: 1, sequence: 7, ..plain(Protocol::Binary) };
    let headers = headers_of(&[("client_timeout", "1500"), ("X-Request-Id", "r-1")]);

    let (frame, start) = envelope.seal([&[0; 100], MESSAGE].concat(), 100, &headers).unwrap();

    assert_eq!(&frame[start..], PYTHON_HEADERS);
}

#[test]
fn words_past_the_frame_close_the_connection() {
    let refused = opened(b"\x0f\xff\0\0\0\0\0\x07\0\x02\0\0\0\0").unwrap_err();

    assert_eq!((refused.envelope, refused.refusal.kind), (None, ProtocolError));
    assert!(refused.refusal.message.contains("header of 8 bytes and has 4"), "{}", refused.refusal.message);
}

#[test]
fn a_header_of_no_words_closes_the_connection() {
    let refused = refused(b"", MESSAGE);

    assert_eq!((refused.envelope, refused.refusal.kind), (None, ProtocolError));
}

#[test]
fn a_frame_shorter_than_its_shortest_header_closes_the_connection() {
    for length in 0..14 {
        let refused = opened(&frame(b"\0\0\0\0", b"")[..length]).unwrap_err();

        assert_eq!((refused.envelope, refused.refusal.kind), (None, ProtocolError), "{length}");
    }
    assert!(opened(frame(b"\0\0\0\0", b"")).is_ok());
}

#[test]
fn a_count_of_2_to_the_31_transforms_is_refused_before_the_first_is_read() {
    let refused = refused(b"\0\x80\x80\x80\x80\x08\x01\x01", MESSAGE);

    assert_eq!((refused.envelope.unwrap().sequence, refused.refusal.kind), (7, ProtocolError));
    assert!(refused.refusal.message.contains("2147483648"), "{}", refused.refusal.message);
}

#[test]
fn an_unknown_transform_is_answered_by_its_number() {
    for id in [2, 3, 5, 99] {
        let refused = refused(&[0, 2, 1, id], MESSAGE);

        assert_eq!(refused.refusal.kind, InvalidTransform);
        assert_eq!(refused.envelope, Some(Headed { sequence: 7, ..plain(Protocol::Binary) }));
        assert!(refused.refusal.message.contains(&format!("transform {id}")), "{}", refused.refusal.message);
    }
}

#[test]
fn zlib_listed_more_than_once_is_refused() {
    for times in [2, 50] {
        let header = [&[2, times][..], &vec![1; times.into()]].concat();

        let refused = refused(&header, MESSAGE);

        assert_eq!(refused.refusal.kind, InvalidTransform);
        assert_eq!(refused.envelope.unwrap().protocol, Protocol::Compact);
    }
}

#[test]
fn a_bomb_is_refused_in_zlib_and_its_first_bytes_are_kept_for_the_answer() {
    let bomb = zlib::deflate(&[MESSAGE, &[0; 16 << 20]].concat(), vec![]);

    let refused = refused(&[0, 1, 1], &bomb);

    assert_eq!(refused.refusal.kind, InvalidTransform);
    assert_eq!(refused.envelope, Some(Headed { sequence: 7, ..zipped(Protocol::Binary) }));
    assert!(refused.start.starts_with(MESSAGE) && refused.start.len() == START_BYTES);
}

#[test]
fn zlib_cut_short_or_trailed_by_data_is_refused() {
    let zlib = zlib::deflate(MESSAGE, vec![]);

    for payload in [&zlib[..zlib.len() - 1], b"", &[&zlib[..], b"x"].concat()] {
        assert_eq!(refused(&[0, 1, 1], payload).refusal.kind, InvalidTransform);
    }
}

#[test]
fn a_count_of_2_to_the_31_keys_is_refused_before_the_first_is_read() {
    let refused = refused(b"\0\0\x01\x80\x80\x80\x80\x08\0\0\0", MESSAGE);

    assert_eq!(refused.refusal.kind, ProtocolError);
    assert_eq!((refused.envelope.unwrap().sequence, &refused.start[..]), (7, MESSAGE));
}

#[test]
fn a_key_is_held_against_the_end_of_the_header_and_not_of_the_frame() {
    let refused = refused(b"\0\0\x01\x01\x05ab", b"cdefgh");

    assert_eq!(refused.refusal.kind, ProtocolError);
    assert!(refused.refusal.message.contains("5 more bytes"), "{}", refused.refusal.message);
}

#[test]
fn a_number_of_more_than_five_bytes_or_32_bits_is_refused() {
    for number in [&b"\x80\x80\x80\x80\x80\0"[..], b"\x80\x80\x80\x80\x10", b"\xff\xff\xff\xff\xff"] {
        let refused = refused(&[b"\0\0\x01", number].concat(), MESSAGE);

        assert!(refused.refusal.message.contains("32 bits"), "{}", refused.refusal.message);
    }
}

#[test]
fn sticky_headers_are_read_like_others_and_a_block_that_is_not_known_ends_the_header() {
    let opened = opened(frame(b"\0\0\x02\x01\x01s\x011\x01\x01\x01k\x012\x63\xff\xff\xff", MESSAGE)).unwrap();

    assert_eq!((opened.headers.get("s"), opened.headers.get("k")), (Some("1"), Some("2")));
    assert_eq!((opened.headers.len(), &opened.message[..]), (2, MESSAGE));
}

#[test]
fn padding_ends_the_header_and_may_be_a_whole_word() {
    let opened = opened(frame(b"\0\0\0\0\0\x01\x01\x01k\x01v", MESSAGE)).unwrap();

    assert!(opened.headers.is_empty());
    assert_eq!(opened.message, MESSAGE);
}

#[test]
fn more_headers_than_the_limit_are_refused_and_not_held() {
    let pairs = [&b"\0\0\x01\x81\x02"[..], &[0; 2 * 257]].concat();

    let refused = refused(&pairs, MESSAGE);

    assert_eq!((refused.refusal.kind, &refused.start[..]), (ProtocolError, MESSAGE));
    assert!(refused.refusal.message.contains("256"), "{}", refused.refusal.message);
}

#[test]
fn an_unknown_protocol_is_answered_in_binary() {
    for id in [1, 3, 99] {
        let refused = refused(&[id, 0], MESSAGE);

        assert_eq!(refused.refusal.kind, InvalidProtocol);
        assert_eq!(refused.envelope, Some(Headed { sequence: 7, ..plain(Protocol::Binary) }));
    }
}

#[test]
fn a_sequence_unlike_the_seqid_of_the_message_is_echoed_as_it_is() {
    let mut other = frame(b"\0\0", MESSAGE);
    other[7] = 9;
    let opened = opened(other).unwrap();

    let (reply, start) = opened.envelope.seal(MESSAGE.to_vec(), 0, &Headers::default()).unwrap();

    assert_eq!(reply[start + 8..start + 12], [0, 0, 0, 9]);
    assert!(reply.ends_with(MESSAGE));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200), words in 0u16..60) {
        let _ = opened(&bytes);
        let _ = opened([&MAGIC[..], &[0; 6], &words.to_be_bytes(), &bytes].concat());
        let _ = opened(frame(&bytes, MESSAGE));
    }

    #[test]
    fn no_damage_to_a_good_frame_panics(at in 4usize..48, value in any::<u8>(), cut in 0usize..48) {
        let mut damaged = PYTHON_ZLIB.to_vec();
        damaged[at] = value;
        let _ = opened(&damaged[4..]);
        let _ = opened(&damaged[4..4 + cut.min(44)]);
    }

    #[test]
    fn what_is_written_is_read_back(
        pairs in vec((vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..40)), 0..20),
        message in vec(any::<u8>(), 0..2000),
        (flags, sequence) in (any::<u16>(), any::<u32>()),
        (compact, zlib, body) in (any::<bool>(), any::<bool>(), 0usize..2000),
    ) {
        let protocol = if compact { Protocol::Compact } else { Protocol::Binary };
        let envelope = Headed { flags, sequence, ..if zlib { zipped(protocol) } else { plain(protocol) } };
        let mut headers = Headers::default();
        for (name, value) in pairs {
            headers.push(name, value).unwrap();
        }

        let (frame, start) = envelope.seal([&vec![0; body], &message[..]].concat(), body, &headers).unwrap();
        let opened = opened(&frame[start + 4..]).unwrap();

        let length = u32::try_from(frame.len() - start - 4).unwrap();
        prop_assert_eq!(&frame[start..start + 4], &length.to_be_bytes()[..]);
        prop_assert_eq!((opened.envelope, opened.headers), (envelope, headers));
        prop_assert_eq!(&opened.message[..], &message[..]);
    }
}
