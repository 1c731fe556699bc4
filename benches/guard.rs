//! What detection, limits and budgets cost a small call: the same exchange by the library alone, with all of them, and with the
//! readers and writers that hot methods have; and a call of a server.
//!
//! `cargo bench --bench guard` prints them; docs/performance.md holds them.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // A panic is how a benchmark fails.

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use modelwire::access::{Access, Peer, Trail};
use modelwire::wire::inference::{PredictRequest, PredictResponse};
use modelwire::wire::runtime::{Arguments, Begun, Call, Reply, RequestId, answer, begin};
use modelwire::wire::types::{DType, RequestContext, ServiceError, Tensor};
use modelwire::wire::{Account, Answer, Cut, Cutter, FREE_BYTES, Limits, Memory, Opened, decode, empty, open};
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use thrift::protocol::{
    TCompactInputProtocol, TCompactOutputProtocol, TFieldIdentifier, TInputProtocol, TMessageIdentifier, TMessageType,
    TOutputProtocol, TSerializable, TStructIdentifier, TType,
};

fn main_tensor(values: usize) -> Tensor {
    let data = (0..values).flat_map(|value| (value as f64).to_le_bytes()).collect();
    Tensor { dtype: Some(DType::F64), shape: Some(vec![1, values as i64]), data: Some(data) }
}

fn request() -> PredictRequest {
    let context = RequestContext { deadline_ms: Some(1000), ..empty() };
    PredictRequest { context: Some(context), model: Some("churn".into()), matrix: Some(main_tensor(8)), ..empty() }
}

fn response() -> PredictResponse {
    PredictResponse { model: Some("churn".into()), version: Some(3), values: Some(main_tensor(1)), ..empty() }
}

/// A message of one struct, as every library writes it.
fn message(kind: TMessageType, field: i16, value: &impl TSerializable) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = TCompactOutputProtocol::new(&mut bytes);
    writer.write_message_begin(&TMessageIdentifier::new("predict", kind, 1)).unwrap();
    writer.write_struct_begin(&TStructIdentifier::new("")).unwrap();
    writer.write_field_begin(&TFieldIdentifier::new("", TType::Struct, field)).unwrap();
    value.write_to_out_protocol(&mut writer).unwrap();
    writer.write_field_end().unwrap();
    writer.write_field_stop().unwrap();
    writer.write_struct_end().unwrap();
    writer.write_message_end().unwrap();
    bytes
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

/// What the library alone does with a frame whose format it was told, out of a buffer as a server has one.
fn bare_decode(bytes: &[u8]) -> PredictRequest {
    let call = BytesMut::from(bytes).freeze();
    let mut reader = TCompactInputProtocol::new(&call[4..]);
    reader.read_message_begin().unwrap();
    reader.read_struct_begin().unwrap();
    reader.read_field_begin().unwrap();
    PredictRequest::read_from_in_protocol(&mut reader).unwrap()
}

/// The same, the format told by the bytes, and everything held within limits.
fn guarded_decode(cutter: &mut Cutter, bytes: &[u8], account: &Account, limits: Limits) -> PredictRequest {
    let mut buffer = BytesMut::from(bytes);
    let Cut::Message(mut message) = cutter.cut(&mut buffer) else { panic!("no message") };
    message.held = Some(Arc::new(account.nothing()));
    decode(&message, &limits).unwrap()
}

/// Decoding and a reply by the library alone.
fn bare(bytes: &[u8]) -> Vec<u8> {
    black_box(bare_decode(bytes));
    framed(&message(TMessageType::Reply, 0, &response()))
}

/// A caller that was judged.
fn caller() -> Call {
    Call {
        request_id: RequestId::Own(1),
        deadline: Instant::now() + Duration::from_secs(3600),
        idempotency_key: None,
        min_generation: None,
        priority: 0,
        caller: Access::open().identify(&mut Peer::default(), None).unwrap(),
        trail: Trail::default(),
    }
}

/// The whole way of a call but its handler: detection, limits, budgets, a look at the context before the rest is decoded,
/// what the request names held against the caller, the reply in its envelope.
fn on_its_way(cutter: &mut Cutter, bytes: &[u8], memory: &Memory, run: impl FnOnce(Arguments) -> Reply) -> Bytes {
    let mut buffer = BytesMut::from(bytes);
    let Cut::Message(mut message) = cutter.cut(&mut buffer) else { panic!("no message") };
    let held = memory.account().nothing();
    assert!(bytes.len() < FREE_BYTES || held.try_grow(2 * bytes.len())); // As much as a connection takes for it.
    message.held = Some(Arc::new(held));
    let limits = Limits::default();
    let (envelope, Opened { head, context, rest }) = (message.envelope.clone(), open(&message, &limits).unwrap());
    black_box(context.unwrap());
    let Reply::Bytes(reply) = run(Arguments { head, message, rest, limits }) else { panic!("no reply") };
    Answer { envelope, reply: Some(reply), close: false, held: None }.seal(false)
}

/// A method that reads and writes by the library.
fn by_library(call: &Call, arguments: Arguments) -> Reply {
    let handler = |request: PredictRequest| async move {
        black_box(request);
        Ok::<_, ServiceError>(response())
    };
    answer(call, arguments, handler).now_or_never().expect("nothing waits")
}

/// A hot method.
fn hot(call: &Call, arguments: Arguments) -> Reply {
    let handler = |_: &Call, request: PredictRequest| {
        black_box(request);
        Begun::Done(Ok::<_, ServiceError>(response()))
    };
    let Begun::Done(reply) = begin(call, arguments, handler) else { panic!("it waits") };
    reply
}

/// A server of its own process, and a connection to it.
struct Server {
    process: Child,
    _data: TempDir,
}

impl Server {
    fn start() -> (Self, TcpStream) {
        let data = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_modelwire"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data.path()).env("RUST_LOG", "warn");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split(" on ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        (Self { process, _data: data }, stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn small_call(criterion: &mut Criterion) {
    let call = framed(&message(TMessageType::Call, 1, &request()));
    let (limits, memory) = (Limits::default(), Memory::new(1 << 30));
    let mut group = criterion.benchmark_group("small call");
    group.bench_function("bare decode", |bencher| bencher.iter(|| bare_decode(black_box(&call))));
    let (mut cutter, account) = (Cutter::new(limits), memory.account());
    group.bench_function("guarded decode", |bencher| {
        bencher.iter(|| guarded_decode(&mut cutter, black_box(&call), &account, limits));
    });
    group.bench_function("bare", |bencher| bencher.iter(|| bare(black_box(&call))));
    let (mut cutter, known) = (Cutter::new(limits), caller());
    group.bench_function("guarded", |bencher| {
        bencher.iter(|| on_its_way(&mut cutter, black_box(&call), &memory, |arguments| by_library(&known, arguments)));
    });
    group.bench_function("hot", |bencher| {
        bencher.iter(|| on_its_way(&mut cutter, black_box(&call), &memory, |arguments| hot(&known, arguments)));
    });
    let (_server, mut stream) = Server::start();
    let mut reply = [0; 4096];
    group.bench_function("of a server", |bencher| {
        bencher.iter(|| {
            stream.write_all(&call).unwrap();
            let count = stream.read(&mut reply).unwrap();
            assert!(count > 0);
        });
    });
    group.finish();
}

fn tensor_of_a_mebibyte(criterion: &mut Criterion) {
    let large = PredictRequest { matrix: Some(main_tensor(128 * 1024)), ..request() };
    let call = framed(&message(TMessageType::Call, 1, &large));
    let mut group = criterion.benchmark_group("tensor of 1 MiB");
    group.bench_function("one copy", |bencher| bencher.iter(|| black_box(call.clone())));
    group.bench_function("bare", |bencher| bencher.iter(|| bare(black_box(&call))));
    let (mut cutter, known, memory) = (Cutter::new(Limits::default()), caller(), Memory::new(1 << 30));
    group.bench_function("hot", |bencher| {
        bencher.iter(|| on_its_way(&mut cutter, black_box(&call), &memory, |arguments| hot(&known, arguments)));
    });
    group.finish();
}

criterion_group!(benches, small_call, tensor_of_a_mebibyte);
criterion_main!(benches);
