//! Bytes that the Apache libraries write. They were written by the Python library 0.25.0.

use super::super::JsonWriter;
use super::super::types::name_of;
use super::reader;
use thrift::Result;
use thrift::protocol::{
    TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TMessageIdentifier, TMessageType,
    TOutputProtocol, TSetIdentifier, TStructIdentifier, TType,
};

struct Golden {
    kind: TType,
    json: &'static str,
    write: fn(&mut dyn TOutputProtocol) -> Result<()>,
    /// Whether the same value is read.
    read: fn(&mut dyn TInputProtocol) -> Result<bool>,
}

const UUID: uuid::Uuid = uuid::Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
const TEXT: &str = "a\"\\/\u{8}\u{c}\n\r\t é 😀\u{7f}";

fn write_empty_struct(writer: &mut dyn TOutputProtocol) -> Result<()> {
    writer.write_struct_begin(&TStructIdentifier::new(""))?;
    writer.write_field_stop()?;
    writer.write_struct_end()
}

fn read_empty_struct(reader: &mut dyn TInputProtocol) -> Result<bool> {
    reader.read_struct_begin()?;
    let is_empty = reader.read_field_begin()?.field_type == TType::Stop;
    reader.read_struct_end()?;
    Ok(is_empty)
}

fn write_bools(writer: &mut dyn TOutputProtocol) -> Result<()> {
    writer.write_list_begin(&TListIdentifier::new(TType::Bool, 2))?;
    writer.write_bool(true)?;
    writer.write_bool(false)?;
    writer.write_list_end()
}

fn read_bools(reader: &mut dyn TInputProtocol) -> Result<bool> {
    let list = reader.read_list_begin()?;
    let is_same =
        (list, reader.read_bool()?, reader.read_bool()?) == (TListIdentifier::new(TType::Bool, 2), true, false);
    reader.read_list_end()?;
    Ok(is_same)
}

fn scalars() -> Vec<Golden> {
    macro_rules! row {
        ($kind:ident, $json:expr, $write:ident, $read:ident, $value:expr) => {
            Golden {
                kind: TType::$kind,
                json: $json,
                write: |it| it.$write($value),
                read: |it| Ok(it.$read()? == *$value),
            }
        };
        ($kind:ident, $json:expr, $write:ident, $read:ident = $value:expr) => {
            Golden {
                kind: TType::$kind,
                json: $json,
                write: |it| it.$write($value),
                read: |it| Ok(it.$read()? == $value),
            }
        };
    }
    vec![
        row!(Bool, "1", write_bool, read_bool = true),
        row!(I08, "-128", write_i8, read_i8 = -128),
        row!(I16, "32767", write_i16, read_i16 = 32767),
        row!(I32, "-1", write_i32, read_i32 = -1),
        row!(I64, "-9223372036854775808", write_i64, read_i64 = i64::MIN),
        row!(Double, "0.5", write_double, read_double = 0.5),
        row!(String, "\"a\\\"\\\\/\\b\\f\\n\\r\\t é 😀\u{7f}\"", write_string, read_string, TEXT),
        row!(String, "\"/wD++w==\"", write_bytes, read_bytes, b"\xff\x00\xfe\xfb"),
        row!(Uuid, "\"00112233-4455-6677-8899-aabbccddeeff\"", write_uuid, read_uuid, &UUID),
        Golden { kind: TType::Struct, json: "{}", write: write_empty_struct, read: read_empty_struct },
        Golden { kind: TType::List, json: r#"["tf",2,1,0]"#, write: write_bools, read: read_bools },
    ]
}

fn containers() -> Vec<Golden> {
    vec![
        Golden {
            kind: TType::Set,
            json: r#"["str",1,"s"]"#,
            write: |it| {
                it.write_set_begin(&TSetIdentifier::new(TType::String, 1))?;
                it.write_string("s")?;
                it.write_set_end()
            },
            read: |it| {
                let is_same = (it.read_set_begin()?.size, it.read_string()?) == (1, "s".into());
                it.read_set_end()?;
                Ok(is_same)
            },
        },
        Golden {
            kind: TType::List,
            json: r#"["rec",0]"#,
            write: |it| it.write_list_begin(&TListIdentifier::new(TType::Struct, 0)).and_then(|()| it.write_list_end()),
            read: |it| Ok(it.read_list_begin()?.size == 0 && it.read_list_end().is_ok()),
        },
        Golden {
            kind: TType::Map,
            json: r#"["str","dbl",2,{"a":1.5,"b":-0.25}]"#,
            write: |it| {
                it.write_map_begin(&TMapIdentifier::new(TType::String, TType::Double, 2))?;
                it.write_string("a").and_then(|()| it.write_double(1.5))?;
                it.write_string("b").and_then(|()| it.write_double(-0.25))?;
                it.write_map_end()
            },
            read: |it| {
                let is_same = it.read_map_begin()?.size == 2
                    && (it.read_string()?, it.read_double()?) == ("a".into(), 1.5)
                    && (it.read_string()?, it.read_double()?) == ("b".into(), -0.25);
                it.read_map_end()?;
                Ok(is_same)
            },
        },
        Golden {
            kind: TType::Map,
            json: r#"["i64","lst",2,{"5":["tf",2,1,0],"6":["tf",2,1,0]}]"#,
            write: |it| {
                it.write_map_begin(&TMapIdentifier::new(TType::I64, TType::List, 2))?;
                it.write_i64(5).and_then(|()| write_bools(it))?;
                it.write_i64(6).and_then(|()| write_bools(it))?;
                it.write_map_end()
            },
            read: |it| {
                let is_same = it.read_map_begin()?.size == 2
                    && (it.read_i64()?, read_bools(it)?) == (5, true)
                    && (it.read_i64()?, read_bools(it)?) == (6, true);
                it.read_map_end()?;
                Ok(is_same)
            },
        },
        Golden {
            kind: TType::Map,
            json: r#"["tf","rec",1,{"1":{}}]"#,
            write: |it| {
                it.write_map_begin(&TMapIdentifier::new(TType::Bool, TType::Struct, 1))?;
                it.write_bool(true).and_then(|()| write_empty_struct(it))?;
                it.write_map_end()
            },
            read: |it| {
                let is_same = it.read_map_begin()?.size == 1 && it.read_bool()? && read_empty_struct(it)?;
                it.read_map_end()?;
                Ok(is_same)
            },
        },
        Golden {
            kind: TType::Map,
            json: r#"["dbl","i8",1,{"0.5":1}]"#,
            write: |it| {
                it.write_map_begin(&TMapIdentifier::new(TType::Double, TType::I08, 1))?;
                it.write_double(0.5).and_then(|()| it.write_i8(1))?;
                it.write_map_end()
            },
            read: |it| {
                let is_same = (it.read_map_begin()?.size, it.read_double()?, it.read_i8()?) == (1, 0.5, 1);
                it.read_map_end()?;
                Ok(is_same)
            },
        },
    ]
}

fn golden() -> impl Iterator<Item = Golden> {
    scalars().into_iter().chain(containers())
}

impl Golden {
    /// The reply that has the value in field 4, as the Python library writes it.
    fn message(&self) -> String {
        format!(r#"[1,"all",2,-7,{{"4":{{"{}":{}}}}}]"#, name_of(self.kind).unwrap(), self.json)
    }

    fn write_message(&self, writer: &mut dyn TOutputProtocol) -> Result<()> {
        writer.write_message_begin(&TMessageIdentifier::new("all", TMessageType::Reply, -7))?;
        writer.write_struct_begin(&TStructIdentifier::new(""))?;
        writer.write_field_begin(&TFieldIdentifier::new("", self.kind, 4))?;
        (self.write)(writer)?;
        writer.write_field_end()?;
        writer.write_field_stop()?;
        writer.write_struct_end()?;
        writer.write_message_end()
    }

    /// Whether the message holds the value once `read` has taken it.
    fn read_message(&self, reader: &mut dyn TInputProtocol) -> Result<bool> {
        let head = reader.read_message_begin()?;
        reader.read_struct_begin()?;
        let field = reader.read_field_begin()?;
        let is_same = (self.read)(reader)?;
        reader.read_field_end()?;
        let is_last = reader.read_field_begin()?.field_type == TType::Stop;
        reader.read_struct_end()?;
        reader.read_message_end()?;
        assert_eq!(head, TMessageIdentifier::new("all", TMessageType::Reply, -7));
        assert_eq!((field.field_type, field.id), (self.kind, Some(4)));
        Ok(is_same && is_last)
    }
}

#[test]
fn every_type_is_written_as_the_python_library_writes_it() {
    for golden in golden() {
        let mut bytes = Vec::new();

        golden.write_message(&mut JsonWriter::new(&mut bytes)).unwrap();

        assert_eq!(String::from_utf8(bytes).unwrap(), golden.message());
    }
}

#[test]
fn every_type_of_the_python_library_is_read() {
    for golden in golden() {
        let message = golden.message();

        let is_same = golden.read_message(&mut reader(message.as_bytes())).unwrap();

        assert!(is_same, "{message}");
    }
}

#[test]
fn space_may_stand_between_all_tokens() {
    for golden in golden() {
        let space_around = |text: String, token: char| text.replace(token, &format!(" {token}\r\n\t"));
        let spaced = "[]{}:,".chars().fold(golden.message(), space_around);

        let is_same = golden.read_message(&mut reader(spaced.as_bytes())).unwrap();

        assert!(is_same, "{spaced}");
    }
}

#[test]
fn every_type_is_skipped() {
    for golden in golden() {
        let message = golden.message();
        let mut reader = reader(message.as_bytes());

        reader.read_message_begin().unwrap();
        reader.skip(TType::Struct).unwrap();

        reader.read_message_end().unwrap_or_else(|error| panic!("{error:?} in {message}"));
    }
}
