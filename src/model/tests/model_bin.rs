//! `model.bin` gives back what was written, or refuses.

use super::*;
use crate::error::{Code, Error};
use crate::model::artefact;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

fn small() -> Vec<u8> {
    let rows = Table::new(vec![
        Column::float("a", vec![0.1, 0.7, -3.0]),
        Column::integer("b", vec![1, 2, 2]),
        Column::boolean("c", vec![true, false, true]),
        Column::text("y", &["ja", "nein", "ja"]),
    ]);
    let mut scale = step("standard_scaler", &[]);
    scale.columns = Some(vec!["a".into()]);
    fitted(&spec(&[scale, step("logistic_regression", &[])], "y"), &rows.unwrap()).pipeline.to_bytes()
}

/// With the checksum that belongs to it.
fn sealed(mut content: Vec<u8>) -> Vec<u8> {
    let digest = Sha256::digest(&content);
    content.extend_from_slice(&digest);
    content
}

/// The content of `small()` with another head.
fn with_head(change: impl Fn(&str) -> String) -> Vec<u8> {
    let bytes = small();
    let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let head = change(std::str::from_utf8(&bytes[16..16 + length]).unwrap());
    let mut content = [&bytes[..12], &(head.len() as u32).to_le_bytes(), head.as_bytes()].concat();
    content.resize(content.len().next_multiple_of(64), 0);
    content.extend_from_slice(&bytes[(16 + length).next_multiple_of(64)..bytes.len() - 32]);
    sealed(content)
}

#[test]
fn a_round_trip_is_exact_to_the_bit() {
    for (pipeline, rows) in one_of_each_kind() {
        let bytes = pipeline.to_bytes();

        let read = Pipeline::from_bytes(&bytes).unwrap();

        assert_eq!(read.to_bytes(), bytes, "{:?}", pipeline.kind());
        assert_eq!(read.predict(rows.view()), pipeline.predict(rows.view()));
        assert_eq!((read.schema(), read.steps(), read.kind()), (pipeline.schema(), pipeline.steps(), pipeline.kind()));
    }
}

#[test]
fn the_same_fit_gives_the_same_bytes() {
    let bytes = || one_of_each_kind().iter().map(|(pipeline, _)| pipeline.to_bytes()).collect::<Vec<_>>();

    assert_eq!(bytes(), bytes());
}

#[test]
fn arrays_begin_at_multiples_of_64() {
    let bytes = small();
    let (_, arrays) = artefact::read(&bytes).unwrap();
    let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;

    let mut at = 16 + length;
    for (name, values) in arrays {
        at = at.next_multiple_of(64);
        assert_eq!(bytes[at..at + 8], values.first().unwrap().to_le_bytes(), "{name}");
        at += 8 * values.len();
    }
    assert_eq!(at + 32, bytes.len());
}

#[test]
fn every_flipped_bit_is_refused() {
    let bytes = small();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);

        assert!(Pipeline::from_bytes(&damaged).is_err(), "byte {position}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = small();
    for length in 0..bytes.len() {
        assert!(matches!(Pipeline::from_bytes(&bytes[..length]), Err(Error::Damaged { .. })), "{length} bytes");
    }
}

#[test]
fn a_head_that_promises_what_is_not_there_is_refused_before_it_costs_anything() {
    let shapes =
        ["[1152921504606846976]", "[9223372036854775807,9223372036854775807]", "[4294967296]", "[2]", "[]", "[0]"];
    for shape in shapes {
        let bytes = with_head(|head| head.replacen("\"shape\":[1]", &format!("\"shape\":{shape}"), 1));

        let refused = Pipeline::from_bytes(&bytes);

        assert!(matches!(refused, Err(Error::Damaged { .. })), "{shape}: {refused:?}");
    }
}

#[test]
fn a_head_that_no_fit_could_have_written_is_refused() {
    for (from, to) in [
        ("logistic_regression", "linear_regression"),
        ("logistic_regression", "standard_scaler"),
        ("standard_scaler", "eval"),
        ("\"max_iter\":100", "\"max_iter\":0"),
        ("\"max_iter\":100", "\"max_iter\":100,\"code\":1"),
        ("\"columns\":[\"a\"]", "\"columns\":[\"z\"]"),
        ("\"columns\":[\"a\"]", "\"columns\":null"),
        ("\"name\":\"b\"", "\"name\":\"a\""),
        ("\"type\":\"integer\"", "\"type\":\"text\""),
        ("[\"ja\",\"nein\"]", "[\"ja\"]"),
        ("[\"ja\",\"nein\"]", "[\"ja\",\"nein\",\"oui\"]"),
        ("[\"ja\",\"nein\"]", "[\"nein\",\"ja\"]"),
        ("{\"text\":[\"ja\",\"nein\"]}", "{\"integer\":[1,2]}"),
        ("{\"text\":[\"ja\",\"nein\"]}", "null"),
        ("0.mean", "1.mean"),
        ("0.mean", "99999999999999999999.mean"),
        ("0.mean", "0.scale"),
    ] {
        let bytes = with_head(|head| {
            assert!(head.contains(from), "{from} is not in {head}");
            head.replacen(from, to, 1)
        });

        let refused = Pipeline::from_bytes(&bytes);

        assert!(matches!(refused, Err(Error::Damaged { .. })), "{from} to {to}: {refused:?}");
    }
}

#[test]
fn a_number_that_is_not_finite_is_refused() {
    let bytes = small();
    let mut content = bytes[..bytes.len() - 32].to_vec();
    let end = content.len();
    content[end - 8..].copy_from_slice(&f64::NAN.to_le_bytes());

    let message = Pipeline::from_bytes(&sealed(content)).unwrap_err().to_string();

    assert!(message.contains("not finite"), "{message}");
}

#[test]
fn a_later_format_is_refused_with_both_versions() {
    let bytes = small();
    let mut content = bytes[..bytes.len() - 32].to_vec();
    content[8] = 2;

    let refused = Pipeline::from_bytes(&sealed(content)).unwrap_err();

    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.to_string().contains("version 2") && refused.to_string().contains("version 1"), "{refused}");
}

proptest! {
    #[test]
    fn no_bytes_panic(noise in prop::collection::vec(any::<u8>(), 0..400), signed in any::<bool>()) {
        let started = [b"MODELWIR\x01\0\0\0".as_slice(), &noise].concat();
        let started = if signed { sealed(started) } else { started };

        prop_assert!(Pipeline::from_bytes(&noise).is_err());
        prop_assert!(Pipeline::from_bytes(&started).is_err());
    }

    #[test]
    fn no_change_under_a_right_checksum_panics(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in 0usize..80) {
        let bytes = small();
        let mut content = bytes[..bytes.len() - 32 - cut].to_vec();
        *at.get_mut(&mut content) = byte;

        if let Ok(read) = Pipeline::from_bytes(&sealed(content)) {
            let rows = ndarray::Array2::zeros((2, read.schema().features.len()));
            prop_assert_eq!(read.predict(rows.view()).n_rows(), 2);
        }
    }
}
