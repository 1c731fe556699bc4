//! What holds for all values and all bytes.

use super::super::{JsonScanner, JsonWriter};
use super::invented::Invented;
use super::{json, read_message, reader, write_message};
use crate::wire::{Limits, Protocol, datasets, health, inference, models, training, types};
use proptest::prelude::*;
use std::fmt::Debug;
use thrift::protocol::{TInputProtocol, TMapIdentifier, TOutputProtocol, TSerializable, TType};

fn invent<T: TSerializable>(source: &[u8]) -> T {
    T::read_from_in_protocol(&mut Invented(source)).unwrap()
}

fn through<T: TSerializable>(protocol: Protocol, value: &T) -> T {
    let mut bytes = Vec::new();
    write_message(&mut *protocol.writer(&mut bytes), value).unwrap();
    read_message(&mut *protocol.reader(&bytes, &Limits::default(), None)).unwrap()
}

fn assert_survives<T: TSerializable + PartialEq + Debug>(source: &[u8]) {
    let value: T = invent(source);
    let bytes = json(&value);

    let read: T = read_message(&mut reader(&bytes)).unwrap_or_else(|error| panic!("{error:?} in {bytes:?}"));

    assert_eq!(read, value, "in {}", String::from_utf8_lossy(&bytes));
    assert_eq!(read, through(Protocol::Binary, &value));
    assert_eq!(read, through(Protocol::Compact, &value));
    serde_json::from_slice::<serde_json::Value>(&bytes).expect("what is written is JSON");
    assert_eq!(JsonScanner::new(Limits::default()).scan(&bytes), Ok(Some(bytes.len())));
}

/// Does this for the structs with the most, and the most nested, fields.
macro_rules! for_each_struct {
    ($does:ident, $source:expr) => {
        $does::<types::ServiceError>($source);
        $does::<types::Column>($source);
        $does::<types::Parameter>($source);
        $does::<types::Step>($source);
        $does::<health::DescribeResponse>($source);
        $does::<health::EchoRequest>($source);
        $does::<inference::PredictRequest>($source);
        $does::<inference::PredictResponse>($source);
        $does::<models::ModelVersion>($source);
        $does::<training::TrainRequest>($source);
        $does::<training::Job>($source);
        $does::<datasets::AppendRowsRequest>($source);
    };
}

/// Every way to read these bytes; whether they can be is not asked.
fn attempt<T: TSerializable>(bytes: &[u8]) {
    let _ = read_message::<T>(&mut reader(bytes));
    let _ = T::read_from_in_protocol(&mut reader(bytes));
}

fn attempt_all(bytes: &[u8]) {
    for_each_struct!(attempt, bytes);
    let _ = reader(bytes).skip(TType::Struct);
    let _ = reader(bytes).skip(TType::Map);
    let _ = JsonScanner::new(Limits::default()).scan(bytes);
}

/// A byte of JSON more often than any other.
fn json_byte() -> impl Strategy<Value = u8> {
    prop_oneof![prop::sample::select(&br#"[]{}",:\u0d8-1.e "rectflsi"#[..]), any::<u8>()]
}

proptest! {
    #[test]
    fn a_value_of_any_struct_survives_and_equals_what_binary_and_compact_give(source in prop::collection::vec(any::<u8>(), 0..1500)) {
        for_each_struct!(assert_survives, &source);
    }

    #[test]
    fn no_bytes_make_the_reader_or_the_scanner_panic(bytes in prop::collection::vec(json_byte(), 0..200)) {
        for start in [&b""[..], b"[1,\"\",1,0,", b"[1,\"\",1,0,{\"4\":{\"rec\":{\"1\":{\"lst\":[", b"{\"1\":{\"map\":[\"str\","] {
            attempt_all(&[start, &bytes].concat());
        }
    }

    #[test]
    fn no_change_of_a_message_makes_the_reader_or_the_scanner_panic(
        source in prop::collection::vec(any::<u8>(), 0..300),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, prop::collection::vec(json_byte(), 0..4)), 1..6),
    ) {
        let mut bytes = json(&invent::<inference::PredictRequest>(&source));
        for (place, removed, added) in changes {
            let start = place.index(bytes.len());
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, added);
        }
        attempt_all(&bytes);
    }

    #[test]
    fn the_end_of_a_message_is_found_however_the_bytes_arrive(
        source in prop::collection::vec(any::<u8>(), 0..500),
        after in prop::collection::vec(any::<u8>(), 0..50),
        piece in 1usize..60,
    ) {
        let message = json(&invent::<inference::PredictRequest>(&source));
        let stream = [&message[..], &after].concat();
        let mut scanner = JsonScanner::new(Limits::default());

        let ends = (0..=stream.len()).step_by(piece).chain([stream.len()]);
        let found = ends.map(|end| scanner.scan(&stream[..end]).unwrap()).find_map(|found| found);

        prop_assert_eq!(found, Some(message.len()));
    }

    #[test]
    fn a_double_reads_back_to_the_same_bits_as_a_value_and_as_a_key(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        let bytes = doubles(number);

        let mut reader = reader(&bytes);
        reader.read_map_begin().unwrap();
        let read = [reader.read_double().unwrap(), reader.read_double().unwrap()];
        reader.read_map_end().unwrap();

        prop_assert!(read.iter().all(|it| it.to_bits() == bits || (it.is_nan() && number.is_nan())), "{:?}", read);
    }
}

/// A map from a number to itself.
fn doubles(number: f64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = JsonWriter::new(&mut bytes);
    writer.write_map_begin(&TMapIdentifier::new(TType::Double, TType::Double, 1)).unwrap();
    writer.write_double(number).unwrap();
    writer.write_double(number).unwrap();
    writer.write_map_end().unwrap();
    bytes
}
