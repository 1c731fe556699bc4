//! What calls of one row get while a neighbour sends all that a frame holds, or a million rows by the client: the neighbour is
//! to be slower than a small caller, not the other way round.
//!
//! `cargo bench --bench large_inputs` starts a server, takes the cases in turn, and prints for each the latency of one-row
//! calls, what the neighbour got, and the ratio of the p99 to that without a neighbour, all of one run. ROUNDS and SECONDS (of
//! a case in a round) are taken from the environment.
//!
//! Client and server share the processors. What the bytes of a neighbour cost, whatever is done with them, is the case in which
//! they are only echoed in part.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // A panic is how a benchmark fails.

use modelwire::client::{Client, Options};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::model::{Spec, StepSpec};
use modelwire::training::{JobSpec, Rows, State};
use modelwire::wire::health::EchoRequest;
use modelwire::wire::inference::PredictRequest;
use modelwire::wire::{convert, empty};
use ndarray::Array2;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use thrift::protocol::{
    TCompactOutputProtocol, TFieldIdentifier, TMessageIdentifier, TMessageType, TOutputProtocol, TSerializable,
    TStructIdentifier, TType,
};
use tokio::runtime::Runtime;

const N_FEATURES: usize = 16;
/// As many rows as a frame of 16,384,000 bytes holds beside what else is in a call.
const FRAME_ROWS: usize = 127_990;
const MANY_ROWS: usize = 1_000_000;
/// Between one-row calls.
const INTERVAL: Duration = Duration::from_millis(1);

/// What goes on beside the one-row calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Neighbour {
    Nobody,
    /// A full frame of bytes after the other, of which a few come back.
    Bytes,
    /// A full frame of rows after the other, over one connection.
    Frames,
    /// A million rows by one call of the client, again and again.
    Rows,
}

impl Neighbour {
    const ALL: [Self; 4] = [Self::Nobody, Self::Bytes, Self::Frames, Self::Rows];

    fn name(self) -> &'static str {
        match self {
            Self::Nobody => "alone",
            Self::Bytes => "beside full frames of bytes",
            Self::Frames => "beside full frames of rows",
            Self::Rows => "beside a million rows",
        }
    }
}

/// A server of its own process.
struct Server {
    process: Child,
    address: String,
    _data: TempDir,
}

impl Server {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_modelwire"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data.path()).env("RUST_LOG", "warn");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split(" on ").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned();
        Self { process, address, _data: data }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A framed call in compact, as every library writes it.
fn call(method: &str, request: &impl TSerializable) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    let mut writer = TCompactOutputProtocol::new(&mut bytes);
    writer.write_message_begin(&TMessageIdentifier::new(method, TMessageType::Call, 1)).unwrap();
    writer.write_struct_begin(&TStructIdentifier::new("")).unwrap();
    writer.write_field_begin(&TFieldIdentifier::new("", TType::Struct, 1)).unwrap();
    request.write_to_out_protocol(&mut writer).unwrap();
    writer.write_field_end().unwrap();
    writer.write_field_stop().unwrap();
    writer.write_struct_end().unwrap();
    writer.write_message_end().unwrap();
    let length = u32::try_from(bytes.len() - 4).unwrap();
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

fn rows(count: usize) -> Array2<f64> {
    Array2::from_shape_fn((count, N_FEATURES), |(row, column)| ((row * 31 + column * 17) % 1009) as f64 / 64.0)
}

fn predict(count: usize) -> Vec<u8> {
    let matrix = Some(convert::matrix_to(rows(count).view()));
    call("predict", &PredictRequest { model: Some("plane".into()), matrix, ..empty() })
}

/// Sends a call and reads the whole reply; its size.
fn exchange(stream: &mut TcpStream, call: &[u8], reply: &mut Vec<u8>) -> usize {
    stream.write_all(call).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    reply.resize(u32::from_be_bytes(length) as usize, 0);
    stream.read_exact(reply).unwrap();
    reply.len()
}

/// Trains `plane`, the sum of its features.
async fn train(client: &Client) {
    let taught = rows(500);
    let mut columns: Vec<Column> =
        taught.columns().into_iter().enumerate().map(|(at, it)| Column::float(format!("x{at}"), it.to_vec())).collect();
    columns.push(Column::float("y", taught.rows().into_iter().map(|row| row.sum()).collect()));
    let step = StepSpec { algorithm: "linear_regression".into(), ..StepSpec::default() };
    let spec = JobSpec {
        model: Name::parse("model", "plane").unwrap(),
        pipeline: Spec { steps: vec![step], target: Some("y".into()), ..Spec::default() },
        rows: Rows::Inline(Table::new(columns).unwrap()),
        idempotency_key: None,
    };
    let job = client.train(&spec).await.unwrap();
    let job = client.wait(&job.id, |_| {}).await.unwrap();
    assert_eq!(job.state, State::Succeeded, "{:?}", job.error);
}

/// Does what the neighbour does until it is stopped; counts the rows, or messages, that were answered.
fn disturb(neighbour: Neighbour, bench: &Bench, stop: &AtomicBool, answered: &AtomicUsize) {
    let (mut stream, mut reply) = (bench.server.connect(), Vec::new());
    let mut repeat = |call: &[u8], count: usize| {
        while !stop.load(Ordering::Relaxed) {
            assert!(exchange(&mut stream, call, &mut reply) < call.len());
            answered.fetch_add(count, Ordering::Relaxed);
        }
    };
    match neighbour {
        Neighbour::Nobody => {}
        Neighbour::Bytes => repeat(&bench.bytes, FRAME_ROWS),
        Neighbour::Frames => {
            repeat(&bench.frame, FRAME_ROWS);
            assert!(reply.len() > 8 * FRAME_ROWS, "the server refused a full frame");
        }
        Neighbour::Rows => {
            while !stop.load(Ordering::Relaxed) {
                let answer = bench.runtime.block_on(bench.client.predict("plane", &bench.many)).unwrap();
                answered.fetch_add(answer.predictions.n_rows(), Ordering::Relaxed);
            }
        }
    }
}

struct Bench {
    server: Server,
    runtime: Runtime,
    client: Client,
    one: Vec<u8>,
    bytes: Vec<u8>,
    frame: Vec<u8>,
    many: Features,
}

impl Bench {
    fn new() -> Self {
        let server = Server::start();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
            train(&client).await;
            client
        });
        let frame = predict(FRAME_ROWS);
        let payload = Some(vec![7; 8 * N_FEATURES * FRAME_ROWS]);
        let bytes = call("echo", &EchoRequest { payload: payload.map(Into::into), reply_bytes: Some(64), ..empty() });
        let many = Features::Matrix(rows(MANY_ROWS));
        Self { server, runtime, client, one: predict(1), bytes, frame, many }
    }

    /// Latencies of one-row calls while the neighbour is at work, and the rows that it had answered a second.
    ///
    /// One caller calls a millisecond after each reply. A reply that takes longer holds up the calls that others would have
    /// made meanwhile, one each millisecond: they are counted as waiting for it too (the correction of G. Tene's HdrHistogram for
    /// coordinated omission), or a stall of any length would be a single slow call among thousands.
    fn latencies(&self, neighbour: Neighbour, time: Duration) -> (Vec<Duration>, f64) {
        let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
        let (mut stream, mut reply, mut latencies) = (self.server.connect(), Vec::new(), Vec::new());
        thread::scope(|scope| {
            scope.spawn(|| disturb(neighbour, self, &stop, &answered));
            let started = Instant::now();
            while started.elapsed() < time {
                let sent = Instant::now();
                assert!(exchange(&mut stream, &self.one, &mut reply) > 8);
                let mut waited = Some(sent.elapsed());
                while let Some(latency) = waited {
                    latencies.push(latency);
                    waited = latency.checked_sub(INTERVAL).filter(|rest| !rest.is_zero());
                }
                thread::park_timeout(INTERVAL);
            }
            let rate = answered.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
            stop.store(true, Ordering::Relaxed);
            (latencies, rate)
        })
    }
}

fn quantile(sorted: &[Duration], q: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * q).round() as usize]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// What a case got in one round: calls, p50, p99 and longest of one-row calls in microseconds, rows of the neighbour a second.
type Round = [f64; 5];

fn round(bench: &Bench, neighbour: Neighbour, time: Duration) -> Round {
    let (mut latencies, rate) = bench.latencies(neighbour, time);
    latencies.sort_unstable();
    let micros = |q| quantile(&latencies, q).as_secs_f64() * 1e6;
    [latencies.len() as f64, micros(0.5), micros(0.99), micros(1.0), rate]
}

fn main() {
    let (rounds, time) = (setting("ROUNDS", 3), Duration::from_secs(setting("SECONDS", 5)));
    let bench = Bench::new();
    for neighbour in Neighbour::ALL {
        round(&bench, neighbour, time.min(Duration::from_secs(1))); // What is new takes longer once.
    }
    let mut got: Vec<Vec<Round>> = Neighbour::ALL.map(|_| vec![]).to_vec();
    for _ in 0..rounds.max(1) {
        for (neighbour, got) in Neighbour::ALL.into_iter().zip(&mut got) {
            got.push(round(&bench, neighbour, time));
        }
    }
    let middle = |case: usize, what: usize| median(got[case].iter().map(|round| round[what]).collect());
    println!("one-row calls, one a millisecond; medians of {rounds} interleaved rounds of {time:?} a case");
    println!(
        "{:<28} {:>8} {:>9} {:>9} {:>10} {:>7} {:>14}",
        "", "calls", "p50 us", "p99 us", "longest us", "p99 x", "its rows/s"
    );
    for (case, neighbour) in Neighbour::ALL.into_iter().enumerate() {
        let [calls, p50, p99, longest, rate] = [0, 1, 2, 3, 4].map(|what| middle(case, what));
        let ratio = median(got[case].iter().zip(&got[0]).map(|(case, alone)| case[2] / alone[2]).collect());
        println!(
            "{:<28} {calls:>8.0} {p50:>9.1} {p99:>9.1} {longest:>10.0} {ratio:>7.1} {rate:>14.0}",
            neighbour.name()
        );
    }
}
