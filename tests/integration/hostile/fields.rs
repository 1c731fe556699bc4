//! Fields of the wrong type, twice, or unknown; and what only compact can get wrong.

use super::rig::Expected::{Answer, Declared, Exception, Greeting};
use super::rig::{Expected, hold_rows, row};
use super::value::{
    BOOL, Call, DOUBLE, I8, I16, I32, I64, Kind, LIST, STRUCT, TEXT, Value, list, map, record, set, text,
};
use modelwire::wire::Protocol::Compact;
use modelwire::wire::services::METHODS;

/// A type whose number exists in no protocol.
const NO_KIND: Kind = Kind { binary: 99, compact: 14, json: "nope" };

fn unknown(value: Value) -> Call {
    Call::new("hello", [(99, value)])
}

fn raw(kind: Kind, bytes: &[u8]) -> Value {
    Value::Raw(kind, bytes.to_vec())
}

#[test]
fn compact_that_is_no_compact_is_refused() {
    let context = |field| Call::new("hello", [(1, record([field]))]);
    let bools = |third| raw(LIST, &[0x31, 0, 1, third]);
    let refused = |name, call| row(name, call, Exception(7), "malformed").only(&[Compact]);
    hold_rows(&[
        refused("a number of 32 bits in 6 bytes", context((5, raw(I32, b"\xff\xff\xff\xff\xff\x01")))),
        refused(
            "a number of 64 bits in 11 bytes",
            context((1, raw(I64, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))),
        ),
        // Field 32,767, then one more than that.
        refused("a field beyond 32,767", unknown(raw(STRUCT, b"\x05\xfe\xff\x03\x00\x15\x00\x00"))),
        refused("a truth value where a text should be", Call::new("hello", [(2, Value::Bool(true))])),
        refused("elements of type 0", unknown(raw(LIST, b"\x20\x00\x00"))),
        refused("elements of type 15", unknown(raw(LIST, b"\x2f\x00\x00"))),
        refused("a field of type 14", unknown(raw(NO_KIND, b"\x00"))),
        refused("a field of type 15", unknown(raw(Kind { compact: 15, ..NO_KIND }, b"\x00"))),
        refused("a truth value of 3", unknown(bools(3))),
        row("truth values of 0, 1 and 2", unknown(bools(2)), Greeting, "").only(&[Compact]),
    ]);
}

#[test]
fn types_that_do_not_exist_are_refused_in_every_protocol() {
    let elements = list(NO_KIND, 1, Value::Bool(true), 1);
    let keys = map((NO_KIND, I32), 1, (Value::Bool(true), Value::I32(1)), 1);
    hold_rows(&[
        row("a field", unknown(raw(NO_KIND, b"0")), Exception(7), "malformed"),
        row("an element", unknown(elements), Exception(7), "malformed"),
        row("a key", unknown(keys), Exception(7), "malformed"),
    ]);
}

/// A value of each type.
fn values() -> Vec<Value> {
    vec![
        Value::Bool(true),
        Value::I8(1),
        Value::I16(1),
        Value::I32(1),
        Value::I64(1),
        Value::Double(1.0),
        text("a"),
        record([(1, Value::I64(1))]),
        list(I64, 1, Value::I64(1), 1),
        set(I8, 1, Value::I8(1), 1),
        map((TEXT, I16), 1, (text("a"), Value::I16(1)), 1),
    ]
}

/// Requests in which this value stands, and the type that belongs there.
fn requests_with(value: &Value) -> Vec<(Kind, Call)> {
    let in_struct = |id| record([(id, value.clone())]);
    let step = |id| list(STRUCT, 1, record([(2, list(STRUCT, 1, in_struct(id), 1))]), 1);
    vec![
        (STRUCT, Call { arguments: vec![(1, record([(1, value.clone())]))], ..Call::new("predict", []) }),
        (TEXT, Call::new("predict", [(2, value.clone())])),
        (STRUCT, Call::new("predict", [(3, value.clone())])),
        (I32, Call::new("predict", [(3, in_struct(1))])),
        (LIST, Call::new("predict", [(3, in_struct(2))])),
        (TEXT, Call::new("predict", [(3, in_struct(3))])),
        (LIST, Call::new("predict", [(4, in_struct(1))])),
        (I64, Call::new("predict", [(1, in_struct(1))])),
        (DOUBLE, Call::new("train", [(3, step(3))])),
        (BOOL, Call::new("train", [(3, step(4))])),
        (TEXT, Call::new("train", [(7, list(value.kind(), 1, value.clone(), 1))])),
    ]
}

#[test]
fn a_value_of_another_type_than_its_place_is_never_taken() {
    let mut rows = vec![];
    for value in values() {
        let misplaced = requests_with(&value).into_iter().filter(|(kind, _)| kind.binary != value.kind().binary);
        rows.extend(misplaced.map(|(_, call)| row("a value of another type", call, Exception(7), "malformed")));
    }
    assert!(rows.len() > 90, "{} places are too few to be all", rows.len());
    hold_rows(&rows);
}

#[test]
fn fields_that_nobody_knows_are_passed_over() {
    let name = || (2, text("World"));
    let mut rows = vec![
        row("field 0", Call::new("hello", [(0, text("a")), name()]), Greeting, ""),
        row("field -1", Call::new("hello", [(-1, text("a")), name()]), Greeting, ""),
        row("field -32,768", Call::new("hello", [(i16::MIN, text("a")), name()]), Greeting, ""),
        row("field 32,767", Call::new("hello", [name(), (i16::MAX, text("a"))]), Greeting, ""),
        row("a field twice", Call::new("hello", [(2, text("Nobody")), name()]), Greeting, ""),
        row("fields in the wrong order", Call::new("hello", [(99, Value::I32(1)), name()]), Greeting, ""),
    ];
    rows.extend(
        values().into_iter().map(|value| row("any type", Call::new("hello", [(99, value), name()]), Greeting, "")),
    );
    let arguments = |arguments| Call { arguments, ..Call::new("hello", []) };
    rows.push(row("no request", arguments(vec![]), Greeting, ""));
    rows.push(row("an argument too many", arguments(vec![(1, record([])), (2, text("a"))]), Greeting, ""));
    rows.push(row(
        "the request twice",
        arguments(vec![(1, record([(2, text("Nobody"))])), (1, record([]))]),
        Greeting,
        "",
    ));
    rows.push(row("a request of another type", arguments(vec![(1, Value::I64(1))]), Greeting, ""));
    hold_rows(&rows);
}

#[test]
fn a_value_of_an_enumeration_that_nobody_knows_is_an_argument_that_is_wrong() {
    let tensor =
        |dtype| record([(1, Value::I32(dtype)), (2, list(I64, 1, Value::I64(1), 1)), (3, Value::Binary(vec![0; 8]))]);
    let predict = |dtype| Call::new("predict", [(2, text("nobody")), (3, tensor(dtype))]);
    hold_rows(
        &[99, -1, 0, i32::MIN, i32::MAX].map(|dtype| row("a dtype", predict(dtype), Declared("INVALID_ARGUMENT"), "")),
    );
}

#[test]
fn a_method_called_with_nothing_answers_or_says_what_is_missing() {
    let rows = METHODS.iter().flat_map(|method| {
        let expected: Expected = match method.name {
            "hello" | "predict_many" | "status" | "describe" | "echo" | "list_models" | "list_datasets"
            | "list_jobs" => Answer,
            "append_rows" | "commit_dataset" | "get_job" | "get_search_result" | "watch_job" | "cancel_job" => {
                Declared("NOT_FOUND")
            }
            _ => Declared("INVALID_ARGUMENT"),
        };
        let no_request = Call { arguments: vec![], ..Call::new(method.name, []) };
        [row(method.name, Call::new(method.name, []), expected.clone(), ""), row(method.name, no_request, expected, "")]
    });
    hold_rows(&rows.collect::<Vec<_>>());
}
