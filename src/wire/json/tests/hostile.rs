//! Bytes that mean harm, or are a mistake: each is refused for what it is, and none costs more than its size.

use super::super::JsonScanner;
use super::reader;
use crate::wire::types::{Column, Parameter, RequestContext, Table, Tensor};
use crate::wire::{Limits, models::ModelVersion};
use thrift::protocol::{TInputProtocol, TSerializable, TType};

/// A struct alone, without a message around it; or what the caller is told.
fn read<T: TSerializable>(json: impl AsRef<[u8]>) -> Result<T, String> {
    T::read_from_in_protocol(&mut reader(json.as_ref())).map_err(told)
}

fn told(error: thrift::Error) -> String {
    crate::wire::Refusal::from(error).message
}

fn assert_refused<T: TSerializable>(json: impl AsRef<[u8]>, because: &str) {
    let start = String::from_utf8_lossy(&json.as_ref()[..json.as_ref().len().min(100)]).into_owned();
    match read::<T>(json) {
        Ok(_) => panic!("{start} was read"),
        Err(message) => {
            assert!(message.contains(because), "{start} was refused with {message:?}");
            assert!(message.len() < 300, "{start} was refused with {} bytes", message.len());
        }
    }
}

#[test]
fn counts_that_cannot_be_are_refused_before_anything_is_allocated_for_them() {
    for (count, because) in [
        ("100000000", "100000000 elements are announced and only"),
        ("2147483647", "2147483647 elements are announced and only"),
        ("4294967295", "\"4294967295\" is not a value of type i32"),
        ("-1", "a count of -1 is not possible"),
        ("\"1\"", "where a number was expected"),
    ] {
        for kind in ["rec", "str", "i8", "lst", "map"] {
            assert_refused::<Table>(format!(r#"{{"1":{{"lst":["{kind}",{count}]}}}}"#), because);
            assert_refused::<Table>(format!(r#"{{"99":{{"lst":["{kind}",{count}]}}}}"#), because);
            assert_refused::<Table>(format!(r#"{{"99":{{"set":["{kind}",{count}]}}}}"#), because);
            assert_refused::<ModelVersion>(format!(r#"{{"6":{{"map":["str","{kind}",{count},{{}}]}}}}"#), because);
        }
    }
}

#[test]
fn a_count_below_the_limit_but_above_what_is_left_is_refused_too() {
    let elements = "{},".repeat(100);

    assert_refused::<Table>(format!(r#"{{"1":{{"lst":["rec",120,{elements}{{}}]}}}}"#), "120 elements are announced");
}

#[test]
fn more_elements_than_a_message_may_have_are_refused_although_they_are_there() {
    let million = ",1".repeat(1_000_001);

    assert_refused::<Tensor>(format!(r#"{{"2":{{"lst":["i64",1000001{million}]}}}}"#), "the limit is 1000000");
}

#[test]
fn a_count_that_lies_by_one_is_refused() {
    for (count, because) in [(0, "more elements"), (1, "more elements"), (3, "fewer elements")] {
        assert_refused::<Tensor>(format!(r#"{{"2":{{"lst":["i64",{count},5,6]}},"9":{{"str":"then"}}}}"#), because);
        let map = format!(r#"{{"6":{{"map":["str","dbl",{count},{{"a":1,"b":2}}]}},"99":{{"str":"then"}}}}"#);
        assert_refused::<ModelVersion>(map, if count == 0 { "where '}' was expected" } else { because });
    }
    assert_eq!(read::<Tensor>(r#"{"2":{"lst":["i64",2,5,6]}}"#).unwrap().shape, Some(vec![5, 6]));
}

#[test]
fn structs_lists_and_maps_may_be_64_deep_together() {
    // The struct around them is a level, too.
    let shapes: [fn(usize) -> String; 3] = [
        |n| format!("{}{}{}", r#"{"99":{"rec":"#.repeat(n - 1), "{}", "}}".repeat(n - 1)),
        |n| format!(r#"{{"99":{{"lst":{}["i8",0]{}}}}}"#, r#"["lst",1,"#.repeat(n - 2), "]".repeat(n - 2)),
        |n| {
            let (start, end) = (r#"["str","map",1,{"":"#.repeat(n - 2), "}]".repeat(n - 2));
            format!(r#"{{"99":{{"map":{start}["i8","i8",0,{{}}]{end}}}}}"#)
        },
    ];
    for shape in shapes {
        for depth in [2, 63, 64] {
            read::<Tensor>(shape(depth)).unwrap_or_else(|message| panic!("{depth} levels: {message}"));
        }
        for depth in [65, 66, 100_000] {
            assert_refused::<Tensor>(shape(depth), "nested deeper than 64 levels");
        }
    }
}

#[test]
fn brackets_without_end_are_refused_by_reader_and_scanner() {
    for bracket in ["[", "{", r#"{"1":{"rec":"#, r#"["lst",1,"#] {
        let brackets = format!(r#"[1,"hello",1,0,{}"#, bracket.repeat(100_000));
        let mut reader = reader(brackets.as_bytes());
        reader.read_message_begin().unwrap();

        assert!(reader.skip(TType::Struct).is_err());
        let refused = JsonScanner::new(Limits::default()).scan(brackets.as_bytes()).unwrap_err();
        assert!(refused.message.contains("deeper than 64 levels"), "{}", refused.message);
    }
}

#[test]
fn a_number_of_a_megabyte_is_refused_in_few_words() {
    let digits = "9".repeat(1 << 20);

    assert_refused::<RequestContext>(format!(r#"{{"1":{{"i64":{digits}}}}}"#), "is not a value of type i64");
    assert_refused::<Parameter>(format!(r#"{{"3":{{"dbl":{digits}}}}}"#), "is not a value of type dbl");
    assert_refused::<Parameter>(format!(r#"{{"{digits}":{{"dbl":1}}}}"#), "is not a value of type i16");
    assert_refused::<Parameter>(format!(r#"{{"3":{{"dbl":0.{digits}e999}}}}"#), "is not a value of type dbl");
}

#[test]
fn numbers_out_of_range_or_of_another_form_are_refused() {
    for number in ["2147483648", "-2147483649", "1.5", "1e3", "0x10", "true", "null", "\"1\"", "--1", "-", "", "NaN"] {
        assert_refused::<RequestContext>(format!(r#"{{"5":{{"i32":{number}}}}}"#), "");
    }
    for number in ["1e400", "-1e400", "inf", "NaN", "nan", "1..2", "e", "\"1.5\"", "\"inf\"", "\"nan\"", "\"\""] {
        assert_refused::<Parameter>(format!(r#"{{"3":{{"dbl":{number}}}}}"#), "");
    }
    for flag in ["true", "false", "2", "-1", "\"1\""] {
        assert_refused::<Parameter>(format!(r#"{{"4":{{"tf":{flag}}}}}"#), "");
    }
    for key in ["inf", "0x1", " 1", ""] {
        assert_refused::<Parameter>(format!(r#"{{"99":{{"map":["dbl","i8",1,{{"{key}":1}}]}}}}"#), "of type dbl");
    }
}

#[test]
fn doubles_that_json_has_no_numbers_for_are_read_from_texts() {
    let read = |text: &str| read::<Parameter>(format!(r#"{{"3":{{"dbl":{text}}}}}"#)).unwrap().number.unwrap().0;

    assert!(read("\"NaN\"").is_nan());
    assert_eq!(read("\"Infinity\""), f64::INFINITY);
    assert_eq!(read("\"-Infinity\""), f64::NEG_INFINITY);
    assert!(read("-0.0").is_sign_negative());
}

#[test]
fn half_a_surrogate_pair_is_refused_in_what_is_read() {
    for half in [r"\ud83d", r"\ude00", r"\ud83d\ud83d", r"\ud83dx", r"\ud83d\n", r"\ud83d\u0041", r"\ude00\ud83d"] {
        assert_refused::<Column>(format!(r#"{{"1":{{"str":"{half}"}}}}"#), "half of a surrogate pair");
    }
}

#[test]
fn texts_that_are_none_are_refused() {
    for (text, because) in [
        (&br"\x41"[..], "is not an escape"),
        (br"\u12", "four hexadecimal digits"),
        (br"\u+123", "four hexadecimal digits"),
        (br"\ud83d\u12", "four hexadecimal digits"),
        (b"\xff", "not UTF-8"),
        (b"\xed\xa0\xbd", "not UTF-8"),
        (b"\xc0\x80", "not UTF-8"),
        (b"a\\nb\xc3", "not UTF-8"),
        (b"\\", "it ends in the middle of a value"),
    ] {
        assert_refused::<Column>([br#"{"1":{"str":""#, text, br#""}}"#].concat(), because);
    }
}

#[test]
fn a_binary_value_that_is_not_base64_is_refused_where_it_is_read_and_nowhere_else() {
    for text in ["@@@@", "A", "AAAAA", "AA=A", "AAA==", "A===", "AB", "/w-_", "AAAA AAAA", "é"] {
        assert_refused::<Tensor>(format!(r#"{{"3":{{"str":"{text}"}}}}"#), "not base64");
        assert!(read::<Tensor>(format!(r#"{{"99":{{"str":"{text}"}}}}"#)).is_ok(), "{text}");
    }
    for text in ["/wD++w==", "/wD++w", r"\/wD++w=", r"\u002fwD++w"] {
        let tensor = read::<Tensor>(format!(r#"{{"3":{{"str":"{text}"}}}}"#)).unwrap();
        assert_eq!(tensor.data.unwrap(), &b"\xff\x00\xfe\xfb"[..], "{text}");
    }
}

#[test]
fn the_last_of_repeated_fields_and_keys_wins() {
    let context = read::<RequestContext>(r#"{"1":{"i64":5},"2":{"str":"a"},"1":{"i64":6}}"#).unwrap();
    let version = read::<ModelVersion>(r#"{"6":{"map":["str","dbl",2,{"a":1,"a":2}]}}"#).unwrap();

    assert_eq!((context.deadline_ms, context.request_id.as_deref()), (Some(6), Some("a")));
    assert_eq!(version.metrics.unwrap().into_values().map(|it| it.0).collect::<Vec<_>>(), [2.0]);
}

#[test]
fn a_field_of_another_type_is_refused() {
    let values = [
        ("tf", "1"),
        ("i64", "5"),
        ("dbl", "1.5"),
        ("str", r#""x""#),
        ("rec", "{}"),
        ("lst", r#"["i8",1,1]"#),
        ("set", r#"["str",0]"#),
        ("map", r#"["str","str",0,{}]"#),
        ("uid", r#""00112233-4455-6677-8899-aabbccddeeff""#),
    ];
    for (kind, value) in values {
        let text = read::<Column>(format!(r#"{{"1":{{"{kind}":{value}}}}}"#));
        let number = read::<RequestContext>(format!(r#"{{"1":{{"{kind}":{value}}}}}"#));

        assert_eq!(text.is_ok(), kind == "str", "{kind} read as a text: {text:?}");
        assert_eq!(number.is_ok(), kind == "i64", "{kind} read as an i64: {number:?}");
    }
}

#[test]
fn what_is_no_json_or_no_struct_is_refused() {
    for json in [
        "",
        " ",
        "{",
        "}",
        "[]",
        "null",
        r#"{"1"}"#,
        r#"{"1":5}"#,
        r#"{"1":{}}"#,
        r#"{1:{"i64":5}}"#,
        r#"{"x":{"i64":5}}"#,
        r#"{"40000":{"i64":5}}"#,
        r#"{"1":{"i64":5},}"#,
        r#"{"1":{"i64":5,}}"#,
        r#"{"1":{"i64":5}"2":{"str":""}}"#,
        r#"{"1":{"i64":5}]"#,
        r#"{"1":{"i64" 5}}"#,
        r#"{"1":{"i64":5,"i64":6}}"#,
        r#"{"1":{"int":5}}"#,
        r#"{"99":{"int":5}}"#,
        r#"{"99":{"uid":"0011"}}"#,
        r#"{"99":{"str":"}}"#,
        r#"{,"1":{"i64":5}}"#,
        "{'1':{'i64':5}}",
        "\u{feff}{}",
    ] {
        assert_refused::<RequestContext>(json, "the message cannot be read");
    }
}

#[test]
fn ids_that_no_idl_has_are_skipped() {
    for id in ["0", "-1", "-32768", "32767"] {
        let context = read::<RequestContext>(format!(r#"{{"{id}":{{"str":"\ud83d"}},"1":{{"i64":5}}}}"#)).unwrap();

        assert_eq!(context.deadline_ms, Some(5), "{id}");
    }
}

#[test]
fn heads_that_are_none_are_refused() {
    for (head, because) in [
        (r#"[2,"hello",1,0,{}]"#, "version 2 of the JSON protocol"),
        (r#"["hello",1,0,{}]"#, "a number was expected"),
        (r#"[1,"hello",0,0,{}]"#, "cannot convert 0"),
        (r#"[1,"hello",5,0,{}]"#, "cannot convert 5"),
        (r#"[1,"hello",255,0,{}]"#, "cannot convert 255"),
        (r#"[1,"hello",-1,0,{}]"#, "is not a value"),
        (r#"[1,"hello",1,2147483648,{}]"#, "is not a value of type i32"),
        (r#"[1,hello,1,0,{}]"#, "'\"' was expected"),
        (r#"[1,"\ud800",1,0,{}]"#, "half of a surrogate pair"),
        (r#"[1,"hello",1,0]"#, "byte 14 is ']' where ',' was expected"),
        (r#"[1,"hello",1,12"#, "it ends in the middle"),
        ("{}", "byte 0 is '{' where '[' was expected"),
    ] {
        let refused = told(reader(head.as_bytes()).read_message_begin().unwrap_err());

        assert!(refused.contains(because), "{head} was refused with {refused:?}");
    }
}

#[test]
fn a_message_cut_anywhere_is_refused_as_cut_and_its_scanner_waits() {
    let message =
        r#"[1,"hello",1,-7,{"1":{"rec":{"1":{"rec":{"1":{"i64":5},"2":{"str":"a\n\ud83d\ude00"}}},"2":{"str":"é"}}}}]"#;
    for end in 1..message.len() {
        let cut = &message.as_bytes()[..end];
        let mut reader = reader(cut);
        let read = reader.read_message_begin().and_then(|_| reader.skip(TType::Struct));
        let refused = read.and_then(|()| reader.read_message_end()).map_err(told).unwrap_err();

        assert!(refused.contains("it ends in the middle"), "{end} bytes were refused with {refused:?}");
        assert_eq!(JsonScanner::new(Limits::default()).scan(cut), Ok(None));
    }
    assert_eq!(JsonScanner::new(Limits::default()).scan(message.as_bytes()), Ok(Some(message.len())));
}
