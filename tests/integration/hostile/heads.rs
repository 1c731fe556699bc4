//! The heads of messages: types, versions and names.

use super::rig::Expected::{Exception, Page, Silence};
use super::rig::{Case, Expected, Row, Then, case, hold, hold_rows, row};
use super::value::{Call, Value, text};
use crate::harness::{Carrier, framed};
use modelwire::wire::Protocol::{self, Binary, Compact, Json, OldBinary};

fn of_type(kind: u8) -> Call {
    Call { kind, ..Call::new("hello", []) }
}

#[test]
fn what_is_no_call_is_refused_and_the_connection_closed() {
    let known = [2, 3].map(|kind| row("a reply", of_type(kind), Exception(2), "message_type"));
    hold_rows(&known);

    // A type that does not exist: nobody could say whom to answer.
    let unknown = [(Binary, 0), (Binary, 5), (Binary, 255), (OldBinary, 0), (OldBinary, 5), (OldBinary, 255)];
    let unknown =
        unknown.into_iter().chain([(Compact, 0), (Compact, 5), (Compact, 7), (Json, 0), (Json, 5), (Json, 255)]);
    let cases = unknown.flat_map(|(protocol, kind)| {
        let message = of_type(kind).written(protocol);
        let carriers = Carrier::ALL.into_iter().filter(move |carrier| carrier.carries(protocol));
        carriers.map(move |carrier| {
            let name = format!("type {kind}");
            let expected = if carrier == Carrier::Http { Page(400) } else { Silence };
            case(&name, carrier, protocol, carrier.wrap(protocol, &message)).is(expected, "malformed")
        })
    });
    hold(&cases.collect::<Vec<Case>>());
}

#[test]
fn another_version_is_not_spoken_here() {
    let strict_2 = b"\x80\x02\x00\x01\x00\x00\x00\x05hello\x00\x00\x00\x00\x00";
    let compact_2 = b"\x82\x22\x00\x05hello\x00";
    let raw = |name, protocol, bytes: &[u8]| {
        [case(name, Carrier::Framed, protocol, framed(bytes)), case(name, Carrier::Unframed, protocol, bytes)]
    };
    let both = [raw("binary 80 02", Binary, strict_2), raw("compact 2", Compact, compact_2)];
    let cases: Vec<Case> = both.into_iter().flatten().map(|case| case.is(Silence, "unknown_bytes")).collect();
    hold(&cases);

    let json_2 = br#"[2,"hello",1,0,{"1":{"rec":{}}}]"#;
    hold(&raw("JSON 2", Json, json_2).map(|case| case.is(Silence, "malformed")));
}

#[test]
fn a_name_that_nobody_has_is_an_unknown_method_however_it_looks() {
    let long: String =
        (0..64 << 10).map(|it: u32| char::from(b'a' + (it.wrapping_mul(2_654_435_761) >> 24) as u8 % 26)).collect();
    let names = [
        "nope",
        "Nope:hello",
        "Inference:hello",
        "a:b:c",
        "hello:",
        "Health:hello:",
        "hello\0",
        "HELLO",
        " hello",
        &long,
    ];
    let unknown = |name: &&str| row("an unknown name", Call::new(name, []), Exception(1), "unknown_method");
    let rows: Vec<Row> = names.iter().map(unknown).map(|row| row.only(&[Binary, Compact, Json])).collect();
    hold_rows(&rows);

    // Old binary without a version begins with its name, so that the port is told by that.
    let rows: Vec<Row> = names[..5].iter().map(unknown).map(|row| row.only(&[OldBinary])).collect();
    hold_rows(&rows);
    hold_rows(&["", ":", ":hello"].map(|name| unknown(&name).only(&[Binary, Compact, Json])));
}

#[test]
fn a_name_of_broken_utf_8_is_the_end() {
    let call = Call { name: b"hell\xff".to_vec(), ..Call::new("", []) };
    let cases = [Binary, Compact, Json].into_iter().flat_map(|protocol: Protocol| {
        let message = call.written(protocol);
        [Carrier::Framed, Carrier::Unframed]
            .map(|carrier| case("broken", carrier, protocol, carrier.wrap(protocol, &message)).is(Silence, "malformed"))
    });
    hold(&cases.collect::<Vec<_>>());
}

#[test]
fn ten_megabytes_for_an_unknown_method_are_passed_over() {
    let noise: Vec<u8> = (0..10_000_000u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let call = Call::new("nope", [(2, Value::Binary(noise)), (3, text("end"))]);
    let outcome: (Expected, _) = (Exception(1), "unknown_method");
    hold_rows(&[row("10 MB", call, outcome.0, outcome.1).only(&[Binary, Compact, Json])]);
}

#[test]
fn what_follows_a_head_that_is_cut_is_not_looked_for() {
    let cut = |bytes: &'static [u8]| case("a head that is cut", Carrier::Framed, Binary, framed(bytes));
    hold(&[
        cut(b"\x80\x01\x00\x01").is(Silence, "malformed"),
        cut(b"\x80\x01\x00\x01\x00\x00\x00\x05hel").is(Silence, "malformed"),
        cut(b"\x80\x01\x00\x01\x7f\xff\xff\xffhello").is(Silence, "malformed"),
        cut(b"\x80\x01\x00\x01\xff\xff\xff\xffhello").is(Silence, "malformed"),
        cut(b"\x80\x01\x00\x01\x00\x00\x00\x05hello\x00\x00\x00\x07").is(Exception(7), "malformed").then(Then::GoesOn),
    ]);
}
