//! Values in values: the edge is where it should be, and beyond it nothing is walked into.

use super::rig::Expected::{Declared, Exception, Greeting};
use super::rig::{Expected, Row, case, hold, hold_rows, row};
use super::value::{BOOL, Call, I32, LIST, MAP, STRUCT, TEXT, Value, list, map, record, text};
use crate::harness::Carrier;
use modelwire::wire::Protocol::{self, Binary, Compact, Json, OldBinary};

fn structs(depth: usize) -> Value {
    (1..depth).fold(record([]), |inner, _| record([(99, inner)]))
}

fn lists(depth: usize) -> Value {
    (1..depth).fold(list(BOOL, 0, Value::Bool(true), 0), |inner, _| list(LIST, 1, inner, 1))
}

fn maps(depth: usize) -> Value {
    let innermost = map((I32, BOOL), 0, (Value::I32(1), Value::Bool(true)), 0);
    (1..depth).fold(innermost, |inner, _| map((I32, MAP), 1, (Value::I32(1), inner), 1))
}

/// `hello` whose arguments, request and field 99 are together this deep.
fn hello(depth: usize, value: fn(usize) -> Value) -> Call {
    Call::new("hello", [(99, value(depth - 2))])
}

#[test]
fn sixty_four_levels_are_taken_and_no_more() {
    let rows = [structs, lists, maps].into_iter().flat_map(|value| {
        let edge = |name, depth, expected: Expected, reason| row(name, hello(depth, value), expected, reason);
        [
            edge("63 levels", 63, Greeting, ""),
            edge("64 levels", 64, Greeting, ""),
            edge("65 levels", 65, Exception(7), "depth"),
            edge("200 levels", 200, Exception(7), "depth"),
        ]
    });
    hold_rows(&rows.collect::<Vec<Row>>());
}

/// The start of a call of `hello` up to the value of field 99, and what opens a level in it.
fn endless(protocol: Protocol, level: &[u8], start: &[u8]) -> Vec<u8> {
    let mut head = Call::new("hello", []).written(protocol);
    let end = match protocol {
        Json => br#"{}}}]"#.len(),
        _ => 2,
    };
    head.truncate(head.len() - end);
    [&head, start, &level.repeat(100_000)].concat()
}

#[test]
fn a_hundred_thousand_levels_do_not_exhaust_a_stack() {
    let struct_in_struct: [(Protocol, &[u8], &[u8]); 4] = [
        (Binary, b"\x0c\x00\x63", b""),
        (OldBinary, b"\x0c\x00\x63", b""),
        (Compact, b"\x0c\xc6\x01", b""),
        (Json, br#"{"99":{"rec":"#, b""),
    ];
    let list_in_list: [(Protocol, &[u8], &[u8]); 4] = [
        (Binary, b"\x0f\x00\x00\x00\x01", b"\x0f\x00\x63"),
        (OldBinary, b"\x0f\x00\x00\x00\x01", b"\x0f\x00\x63"),
        (Compact, b"\x19", b"\x09\xc6\x01"),
        (Json, br#"["lst",1,"#, br#"{"99":{"lst":"#),
    ];
    let map_in_map: [(Protocol, &[u8], &[u8]); 4] = [
        (Binary, b"\x08\x0d\x00\x00\x00\x01\x00\x00\x00\x01", b"\x0d\x00\x63"),
        (OldBinary, b"\x08\x0d\x00\x00\x00\x01\x00\x00\x00\x01", b"\x0d\x00\x63"),
        (Compact, b"\x01\x5b\x02", b"\x0b\xc6\x01"),
        (Json, br#"["i32","map",1,{"1":"#, br#"{"99":{"map":"#),
    ];
    let all = struct_in_struct.into_iter().chain(list_in_list).chain(map_in_map);
    let cases = all.flat_map(|(protocol, level, start)| {
        let message = endless(protocol, level, start);
        let carriers = Carrier::ALL.into_iter().filter(move |carrier| carrier.carries(protocol));
        carriers.map(move |carrier| {
            let (expected, reason) =
                if carrier == Carrier::Zlib { (Exception(8), "decompressed") } else { (Exception(7), "depth") };
            let case = case("100,000 levels", carrier, protocol, carrier.wrap(protocol, &message)).is(expected, reason);
            if carrier == Carrier::Unframed { case } else { case.then(super::rig::Then::GoesOn) }
        })
    });
    hold(&cases.collect::<Vec<_>>());
}

/// `hello` in JSON whose request is this text.
fn json(request: &str) -> Call {
    Call { arguments: vec![(1, Value::Raw(STRUCT, request.into()))], ..Call::new("hello", []) }
}

#[test]
fn json_that_is_not_what_it_seems_is_refused_or_means_one_thing() {
    let digits = format!(r#"{{"1":{{"rec":{{"1":{{"i64":{}}}}}}}}}"#, "9".repeat(1 << 20));
    let malformed = [
        ("a number of a megabyte", &*digits),
        ("half of a surrogate pair", r#"{"2":{"str":"\ud83d"}}"#),
        ("the other half", r#"{"2":{"str":"\ude00"}}"#),
        ("the halves in the wrong order", r#"{"2":{"str":"\ude00\ud83d"}}"#),
        ("an escape that does not exist", r#"{"2":{"str":"\q"}}"#),
        ("a count that is too small", r#"{"99":{"lst":["i32",1,1,2]}}"#),
        ("a count that is too large", r#"{"99":{"lst":["i32",3,1,2]}}"#),
        ("a count that is no number", r#"{"99":{"lst":["i32","2",1,2]}}"#),
        ("a type that does not exist", r#"{"99":{"nope":1}}"#),
        ("a field that is no number", r#"{"two":{"str":"a"}}"#),
        ("a field beyond 16 bits", r#"{"32768":{"str":"a"}}"#),
        ("a list where a struct should be", "[]"),
        ("a number where a text should be", r#"{"2":{"str":5}}"#),
        ("a text where a number should be", r#"{"1":{"rec":{"1":{"i64":"5"}}}}"#),
        ("a double that is none", r#"{"99":{"dbl":1e999}}"#),
    ];
    let rows = malformed.map(|(name, request)| {
        let row = row(name, json(request), Exception(7), "malformed").only(&[Json]);
        // A megabyte of one digit is more than a thousand times as small when it is compressed, but JSON is not.
        row
    });
    hold_rows(&rows);
    let base64 = |text: &str| Call { name: b"echo".to_vec(), ..json(&format!(r#"{{"2":{{"str":"{text}"}}}}"#)) };
    hold_rows(
        &[
            row("base64 of no letters", base64("@@@@"), Exception(7), "malformed"),
            row("base64 that is cut", base64("AAAAA"), Exception(7), "malformed"),
            row("base64 that is padded in the middle", base64("AA==AA=="), Exception(7), "malformed"),
            row("a zero character", json(r#"{"2":{"str":"a\u0000b"}}"#), Expected::Answer, ""),
            row("fields that come twice", json(r#"{"2":{"str":"Nobody"},"2":{"str":"World"}}"#), Greeting, ""),
            row("keys that come twice", json(r#"{"99":{"map":["str","i32",2,{"a":1,"a":2}]}}"#), Greeting, ""),
        ]
        .map(|row| row.only(&[Json])),
    );
    let brackets = [&br#"[1,"hello",1,7,"#[..], &vec![b'['; 100_000]].concat();
    hold(&[Carrier::Framed, Carrier::Unframed].map(|carrier| {
        let reason = if carrier == Carrier::Unframed { "depth" } else { "malformed" };
        let then = if carrier == Carrier::Unframed { super::rig::Then::Closes } else { super::rig::Then::GoesOn };
        case("brackets", carrier, Json, carrier.wrap(Json, &brackets)).is(Exception(7), reason).then(then)
    }));
}

#[test]
fn a_text_of_any_characters_is_a_value_like_others() {
    let unknown_model = |model: &str| Call::new("predict", [(2, text(model))]);
    hold_rows(&[
        row("a text with a zero", unknown_model("a\0b").clone(), Declared("INVALID_ARGUMENT"), "")
            .only(&[Binary, OldBinary, Compact]),
        row(
            "a text of broken UTF-8",
            Call::new("hello", [(2, Value::Text(b"\xff\xfe".to_vec()))]),
            Exception(7),
            "malformed",
        ),
        row(
            "half a character",
            Call::new("hello", [(2, Value::Text(b"\xf0\x9f".to_vec()))]),
            Exception(7),
            "malformed",
        ),
        row(
            "broken UTF-8 where it is skipped",
            Call::new("hello", [(99, Value::Text(b"\xff".to_vec()))]),
            Greeting,
            "",
        ),
        row(
            "a map of texts",
            Call::new("hello", [(99, map((TEXT, TEXT), 1, (text("a"), text("b")), 1))]),
            Greeting,
            "",
        ),
    ]);
}
