//! Containers that state more than there is, and few bytes that would become many.

use super::rig::Expected::{Declared, Exception, Greeting};
use super::rig::{Row, Then, case, hold_on, hold_rows, row};
use super::value::{Call, I32, I64, MAP, STRUCT, TEXT, Value, list, map, record, set, text};
use crate::harness::{Carrier, TestServer};
use bytes::Bytes;
use modelwire::wire::models::{ListModelsRequest, ListModelsResponse};
use modelwire::wire::runtime::{CallError, Channel, ChannelFault, Method, call};
use modelwire::wire::services::METHODS;
use modelwire::wire::types::ServiceError;
use modelwire::wire::{Format, Protocol, Transport, empty};

/// Field 4 of `predict`, a table, whose columns are this: a list of structs that a decoder would build.
fn columns(columns: Value) -> Call {
    Call::new("predict", [(4, record([(1, columns)]))])
}

/// Field 99, which nobody knows, of a request that is good without it.
fn unknown(value: Value) -> Call {
    Call::new("hello", [(99, value)])
}

fn no_struct() -> Value {
    record([])
}

/// The same in each place where a container can stand, the deepest first.
fn in_every_place(count: u32) -> [Call; 6] {
    let structs = list(STRUCT, count, no_struct(), 0);
    let beside_the_request = Call { arguments: vec![(99, structs.clone())], ..Call::new("hello", []) };
    [
        columns(structs.clone()),
        Call::new("predict", [(3, record([(2, list(I64, count, Value::I64(0), 0))]))]),
        unknown(structs),
        unknown(set(I32, count, Value::I32(0), 0)),
        unknown(map((TEXT, STRUCT), count, (text("a"), no_struct()), 0)),
        beside_the_request,
    ]
}

#[test]
fn a_count_beyond_what_has_come_is_refused_wherever_it_stands() {
    let rows = |name, count, reason| in_every_place(count).map(|call| row(name, call, Exception(7), reason));
    let all = [
        rows("100,000,000 elements", 100_000_000, "elements"),
        rows("2,147,483,647 elements", 0x7fff_ffff, "elements"),
        rows("-1 elements", 0xffff_ffff, "malformed"),
    ];
    hold_rows(all.as_flattened());
}

/// Its elements are all there, so that nothing but their number is wrong.
fn full(name: &'static str, call: Call, expected: super::rig::Expected, reason: &'static str) -> Row {
    row(name, call, expected, reason).but(Carrier::Zlib, Exception(8), "decompressed")
}

#[test]
fn few_bytes_do_not_become_many() {
    let strings = |count| Call::new("train", [(7, list(TEXT, count, text(""), count as usize))]);
    let sets = |count| unknown(set(TEXT, count, text(""), count as usize));
    let maps = |count| {
        let inner = map((I32, I32), 0, (Value::I32(0), Value::I32(0)), 0);
        unknown(map((I32, MAP), count, (Value::I32(7), inner), count as usize))
    };
    hold_rows(&[
        full(
            "a million empty structs",
            columns(list(STRUCT, 1_000_000, no_struct(), 1_000_000)),
            Exception(7),
            "decoded_bytes",
        ),
        full("a million empty texts", strings(1_000_000), Declared("INVALID_ARGUMENT"), ""),
        full("a million empty texts and one", strings(1_000_001), Exception(7), "elements"),
        full("a set of a million equal keys", sets(1_000_000), Greeting, ""),
        full("a set of a million equal keys and one", sets(1_000_001), Exception(7), "elements"),
        full("a map of 100,000 equal keys and empty maps", maps(100_000), Greeting, ""),
        full("a map of a million and one", maps(1_000_001), Exception(7), "elements")
            .only(&[Protocol::Binary, Protocol::Compact]),
    ]);
}

#[test]
fn a_frame_full_of_zeros_is_no_million_of_structs() {
    let mut message = columns(list(STRUCT, 1_000_000, no_struct(), 0)).written(Protocol::Binary);
    message.resize(16_384_000, 0);
    let data = tempfile::tempdir().unwrap();
    // Where a server may hold less, it is refused for that before its own limit is reached.
    let server = TestServer::start_with(data.path(), &["--server-max-memory-bytes", "268435456"], &[]);

    let bytes = Carrier::Framed.wrap(Protocol::Binary, &message);
    let zeros = case("zeros", Carrier::Framed, Protocol::Binary, bytes);
    hold_on(&server, &[zeros.is(Exception(7), "decoded_bytes").then(Then::GoesOn)]);
}

/// A server that answers these bytes.
struct Answering(Protocol, Vec<u8>);

impl Channel for Answering {
    fn format(&self) -> Format {
        Format { transport: Transport::Framed, protocol: self.0 }
    }

    fn next_seqid(&self) -> i32 {
        7
    }

    async fn exchange(&self, _: &'static Method, _: Vec<u8>) -> Result<Bytes, ChannelFault> {
        Ok(self.1.clone().into())
    }
}

#[tokio::test]
async fn a_client_refuses_the_same_in_a_reply() {
    let method = METHODS.iter().find(|method| method.name == "list_models").unwrap();
    for protocol in [Protocol::Binary, Protocol::OldBinary, Protocol::Compact, Protocol::Json] {
        for (count, times) in [(100_000_000, 0), (0x7fff_ffff, 0), (0xffff_ffff, 0), (1_000_000, 1_000_000)] {
            let models = record([(1, list(STRUCT, count, no_struct(), times))]);
            let reply = Call { kind: 2, arguments: vec![(0, models)], ..Call::new("list_models", []) };

            let answer: Result<ListModelsResponse, CallError<ServiceError>> =
                call(&Answering(protocol, reply.written(protocol)), method, empty::<ListModelsRequest>()).await;

            assert!(matches!(answer, Err(CallError::Reply(_))), "{count} in {protocol:?}: {answer:?}");
        }
    }
}
