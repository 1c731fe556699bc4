//! What loading a large model costs the calls of a small one, in one run: seconds in which nothing else happens and seconds in
//! which the large one comes and goes all the time take turns.
//!
//! `cargo bench --bench loading` prints the percentiles of both, and how the large model answers its first call.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // A panic is how a benchmark fails.

use modelwire::coordination::Coordination;
use modelwire::data::{Column, Name, Table};
use modelwire::model::{Spec, StepSpec, Value, fit};
use modelwire::registry::{Options, Parts, Publication, Registry};
use modelwire::storage::Storage;
use modelwire::wire::inference::{InferenceSyncClient, PredictRequest, TInferenceSyncClient};
use modelwire::wire::models::{LoadModelRequest, ModelsSyncClient, TModelsSyncClient, UnloadModelRequest};
use modelwire::wire::types::Tensor;
use modelwire::wire::{convert, empty};
use ndarray::Array2;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use thrift::protocol::{TCompactInputProtocol, TCompactOutputProtocol, TInputProtocol, TOutputProtocol};
use thrift::transport::{TFramedReadTransport, TFramedWriteTransport, TIoChannel, TTcpChannel};

const SMALL: usize = 16;
/// Features and clusters of the large model: 9 MB of numbers, and about as much to read in its schema.
const LARGE: (usize, usize) = (24_000, 48);
const TURNS: usize = 5;
const TURN: Duration = Duration::from_secs(1);

type Input = Box<dyn TInputProtocol>;
type Output = Box<dyn TOutputProtocol>;

/// Rows of numbers without a pattern.
fn table(n_samples: usize, n_features: usize) -> Table {
    let value = |row: usize, column: usize| ((row * 7919 + column * 104_729) % 10_007) as f64;
    let column = |column: usize| (0..n_samples).map(|row| value(row, column)).collect();
    Table::new((0..n_features).map(|at| Column::float(format!("x{at}"), column(at))).collect()).unwrap()
}

/// Two versions of a clustering, so that the second has no alias and may go.
async fn publish(registry: &Registry, model: &str, n_features: usize, n_clusters: usize) {
    let whole = |name: &str, value: usize| (name.to_owned(), Value::Integer(i64::try_from(value).unwrap()));
    let parameters = [whole("n_clusters", n_clusters), whole("max_iter", 1), whole("n_init", 1)].into();
    let steps = vec![StepSpec { algorithm: "k_means".into(), parameters, columns: None }];
    let (name, table) = (Name::parse("model", model).unwrap(), table(n_clusters, n_features));
    for seed in 0..2 {
        let spec = Spec { steps: steps.clone(), seed, ..Spec::default() };
        let fitted = fit(&spec, &table, &|_: &str, _| Ok(())).unwrap();
        let publication = Publication {
            name: name.clone(),
            version: registry.reserve_version(&name).await.unwrap(),
            pipeline: fitted.pipeline,
            metrics: fitted.metrics,
            n_samples: n_clusters as u64,
            seed: seed.cast_signed(),
            job_id: "bench".into(),
            dataset: None,
            data_sha256: String::new(),
            golden_rows: fitted.first_rows,
            created_ms: 0,
        };
        registry.publish(publication).await.unwrap();
    }
}

fn fill(data: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let storage = Arc::new(Storage::open(data).unwrap());
        let coordination = Arc::new(Coordination::open(&data.join("state.redb")).unwrap());
        let parts = Parts { storage, coordination, options: Options::default(), telemetry: Arc::default() };
        let registry = Registry::open(parts).await.unwrap();
        publish(&registry, "small", SMALL, 4).await;
        publish(&registry, "large", LARGE.0, LARGE.1).await;
    });
}

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modelwire"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).env("RUST_LOG", "warn");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split(" on ").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned();
        Self { process, address }
    }

    fn connect(&self) -> (Input, Output) {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        let (read, write) = TTcpChannel::with_stream(stream).split().unwrap();
        let input = TCompactInputProtocol::new(TFramedReadTransport::new(read));
        (Box::new(input), Box::new(TCompactOutputProtocol::new(TFramedWriteTransport::new(write))))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Calls of one model over one connection.
struct Caller {
    client: InferenceSyncClient<Input, Output>,
    model: &'static str,
    row: Tensor,
}

impl Caller {
    fn new(server: &Server, model: &'static str, n_features: usize) -> Self {
        let (input, output) = server.connect();
        let row = convert::matrix_to(Array2::from_elem((1, n_features), 3.0).view());
        Self { client: InferenceSyncClient::new(input, output), model, row }
    }

    /// The time that one call takes.
    fn call(&mut self) -> Duration {
        let (model, matrix) = (Some(self.model.into()), Some(self.row.clone()));
        let request = PredictRequest { model, matrix, ..empty() };
        let started = Instant::now();
        self.client.predict(request).unwrap();
        started.elapsed()
    }

    /// One call after another for a turn.
    fn turn(&mut self, taken: &mut Vec<Duration>) {
        let started = Instant::now();
        while started.elapsed() < TURN {
            taken.push(self.call());
        }
    }
}

/// Loads and unloads the second version of the large model until it is told to stop; how long each load took.
fn come_and_go(server: &Server, stop: &AtomicBool) -> Vec<Duration> {
    let (input, output) = server.connect();
    let (mut client, mut loads) = (ModelsSyncClient::new(input, output), vec![]);
    let (context, model, version) = (None, Some("large".to_owned()), Some(2));
    while !stop.load(Ordering::Relaxed) {
        let unload = UnloadModelRequest { context: context.clone(), model: model.clone(), version };
        client.unload_model(unload).unwrap();
        let load = LoadModelRequest { context: context.clone(), model: model.clone(), version, replacement: None };
        let started = Instant::now();
        client.load_model(load).unwrap();
        loads.push(started.elapsed());
    }
    loads
}

fn percentile(sorted: &[Duration], share: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

fn print(name: &str, taken: &mut [Duration]) {
    taken.sort();
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| percentile(taken, share).as_secs_f64() * 1e6);
    println!("{name:<34} {:>8} calls  p50 {p50:>7.0} us  p99 {p99:>7.0} us  p99.9 {p999:>7.0} us", taken.len());
}

fn main() {
    let data = tempfile::tempdir().unwrap();
    fill(data.path());
    let server = Server::start(data.path());
    let mut small = Caller::new(&server, "small", SMALL);
    let (mut idle, mut loading, mut loads) = (vec![], vec![], vec![]);
    small.turn(&mut vec![]); // Nothing is warm before.
    for _ in 0..TURNS {
        small.turn(&mut idle);
        let stop = AtomicBool::new(false);
        loads.extend(std::thread::scope(|threads| {
            let coming = threads.spawn(|| come_and_go(&server, &stop));
            small.turn(&mut loading);
            stop.store(true, Ordering::Relaxed);
            coming.join().unwrap()
        }));
    }
    let mut large = Caller::new(&server, "large@2", LARGE.0);
    let first = large.call();
    let mut further: Vec<Duration> = (0..1000).map(|_| large.call()).collect();

    print("small model, nothing else", &mut idle);
    print("small model, large one loading", &mut loading);
    let ratio = percentile(&loading, 0.99).as_secs_f64() / percentile(&idle, 0.99).as_secs_f64();
    loads.sort();
    println!(
        "p99 while loading / p99 idle: {ratio:.2}, in {} loads of {:?} each",
        loads.len(),
        percentile(&loads, 0.5)
    );
    println!("large model, first call after its load: {} us", first.as_micros());
    print("large model, further calls", &mut further);
}
