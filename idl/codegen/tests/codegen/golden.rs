//! What the generator writes, letter by letter, and how it fails.

use crate::{fixture, generate};
use std::fs;
use std::process::Command;

#[test]
fn the_services_of_the_greeter_are_the_committed_ones() {
    let (output, out) = generate("greeter", "greeter.rs");

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let committed = fs::read_to_string(fixture("greeter").join("services.rs")).unwrap();
    assert_eq!(fs::read_to_string(&out).unwrap(), committed, "if this is meant, commit {}", out.display());
}

#[test]
fn an_idl_without_methods_is_refused_by_its_first_file() {
    let (output, _) = generate("empty", "empty.rs");

    let report = String::from_utf8(output.stderr).unwrap();
    assert!(
        report.starts_with("tests/fixtures/empty/common.thrift:1: file common: an IDL has at least one"),
        "{report}"
    );
    assert!(report.ends_with("1 fault in the IDL; nothing was written\n"), "{report}");
}

#[test]
fn a_dump_that_is_missing_is_named() {
    let arguments = ["--idl", "tests/fixtures/greeter", "--xml", "tests/fixtures", "--out", "unused.rs"];

    let output = Command::new(env!("CARGO_BIN_EXE_codegen")).args(arguments).output().unwrap();

    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("tests/fixtures/archive.xml cannot be read: "), "{message}");
}

#[test]
fn wrong_usage_is_answered_with_the_right_one() {
    for arguments in [&["--idl", "idl"][..], &["--verbose"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_codegen")).args(arguments).output().unwrap();

        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains("usage: codegen --idl FOLDER"));
    }
}
