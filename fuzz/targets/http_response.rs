#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| modelwire::wire::fuzzing::http_response(bytes));
