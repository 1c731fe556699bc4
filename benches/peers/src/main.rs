//! `peers run`: every server under every load, and the report. `peers overload`: Modelwire's overload alone. `peers load`: one
//! load on one server that runs already.

use clap::{Parser, ValueEnum};
use modelwire_peers::call::{Call, Terms, Work};
use modelwire_peers::load::{self, Measured, Pace, Plan, quantile_us};
use modelwire_peers::model;
use modelwire_peers::modelwire::Modelwire;
use modelwire_peers::peer::Setup;
use modelwire_peers::{report, run, server};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Parser)]
#[command(about = "Measures Modelwire beside the servers that people use today")]
enum Arguments {
    Run(Run),
    Overload(Overload),
    Load(Load),
}

/// Start every server, measure all of them, and report
#[derive(clap::Args)]
struct Run {
    /// The server that is measured, as it is shipped
    #[arg(long, env, value_name = "FILE")]
    modelwire: PathBuf,
    /// Where environments of Python, models and `peers.json` are kept
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// Document that has the markers of the report; without one it is only printed
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    #[command(flatten)]
    rounds: Rounds,
    /// One round of 0.3 s, which shows that everything runs; the document is left as it is
    #[arg(long, env = "PEERS_SMOKE", value_parser = clap::builder::FalseyValueParser::new())]
    smoke: bool,
    /// The command that the report names
    #[arg(long, default_value = "make bench-peers")]
    command: String,
}

/// Load Modelwire alone with more than it can bear, and print what came of it
#[derive(clap::Args)]
struct Overload {
    /// The server that is measured, as it is shipped
    #[arg(long, env, value_name = "FILE")]
    modelwire: PathBuf,
    /// Where models and `overload.json` are kept
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    rounds: Rounds,
}

/// How much is measured
#[derive(clap::Args)]
struct Rounds {
    #[arg(long, env = "PEERS_ROUNDS", default_value_t = 5)]
    rounds: usize,
    /// How long each load is measured
    #[arg(long, env = "PEERS_SECONDS", default_value_t = 3.0)]
    seconds: f64,
    /// Milliseconds that a call may take under overload [default: twice what 99 % take at 80 % load]
    #[arg(long, env = "PEERS_DEADLINE_MS")]
    deadline_ms: Option<i64>,
}

impl Rounds {
    fn options(&self) -> run::Options {
        let (rounds, time) = (self.rounds.max(1), Duration::from_secs_f64(self.seconds));
        run::Options { rounds, time, deadline_ms: self.deadline_ms }
    }
}

/// Load one server that runs already, and print what came of it
#[derive(clap::Args)]
struct Load {
    /// Host and port of the server
    address: SocketAddr,
    /// What it speaks
    #[arg(long, value_enum, default_value = "thrift")]
    speaks: Speaks,
    /// Rows of a prediction
    #[arg(long, default_value_t = 1, conflicts_with = "echo")]
    rows: usize,
    /// Send so many bytes and have them back, in place of a prediction
    #[arg(long, value_name = "BYTES")]
    echo: Option<usize>,
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Requests on their way on each connection
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// An open loop of so many requests a second, in place of a closed one
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<f64>,
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Seconds before anything counts
    #[arg(long, default_value_t = 0.5)]
    warm_up: f64,
    /// Process whose processor time is the server's
    #[arg(long)]
    pid: Option<u32>,
    /// Modelwire: a predictor's token
    #[arg(long, env = "MODELWIRE_TOKEN", default_value = "", hide_env_values = true)]
    token: String,
    /// Modelwire: milliseconds that a call may take
    #[arg(long, default_value_t = 5_000)]
    deadline_ms: i64,
    /// Modelwire: the model that predicts
    #[arg(long, default_value = "line")]
    model: String,
    /// Modelwire: its features, a multiple of 16; with others than 16, an answer is right if it is the same as the first one
    #[arg(long, default_value_t = 16, value_parser = multiple_of_16, conflicts_with = "echo")]
    features: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Speaks {
    /// Frames that come back as they are
    Frames,
    /// peer.thrift, framed, binary
    Thrift,
    /// peer.proto
    Grpc,
    /// JSON of the FastAPI program
    Fastapi,
    /// JSON of the Open Inference Protocol
    Mlserver,
    /// Modelwire's own Thrift, framed, binary
    Modelwire,
}

fn main() -> io::Result<()> {
    match Arguments::parse() {
        Arguments::Run(run) => run.run(),
        Arguments::Overload(overload) => overload.run(),
        Arguments::Load(load) => load.run(),
    }
}

impl Run {
    fn run(self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let folder = fs::canonicalize(&self.folder)?;
        let modelwire = Modelwire::prepare(&fs::canonicalize(&self.modelwire)?, &folder.join("modelwire"))?;
        let (setup, skipped) = Setup::new(modelwire, &folder)?;
        let rounds = if self.smoke { Rounds { rounds: 1, seconds: 0.3, ..self.rounds } } else { self.rounds };
        let options = rounds.options();
        let results = run::run(&setup, skipped, &options)?;
        fs::write(folder.join("peers.json"), serde_json::to_vec_pretty(&results)?)?;
        let report = report::markdown(&results, &options, &self.command);
        println!("{report}");
        let Some(document) = self.document.filter(|_| !self.smoke) else { return Ok(()) };
        let replaced = report::replaced(&fs::read_to_string(&document)?, &report).map_err(io::Error::other)?;
        fs::write(document, replaced)
    }
}

impl Overload {
    fn run(self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let folder = fs::canonicalize(&self.folder)?;
        let modelwire = Modelwire::prepare(&fs::canonicalize(&self.modelwire)?, &folder.join("modelwire"))?;
        let overloads = run::overload(&modelwire, &self.rounds.options())?;
        fs::write(folder.join("overload.json"), serde_json::to_vec_pretty(&overloads)?)?;
        println!("{}", report::overload(&overloads));
        Ok(())
    }
}

impl Load {
    fn run(self) -> io::Result<()> {
        let call = self.call()?;
        let pace = match self.rate {
            Some(per_second) => Pace::Open { per_second },
            None => Pace::Closed { in_flight: self.in_flight },
        };
        let plan = Plan {
            connections: self.connections,
            pace,
            warm_up: Duration::from_secs_f64(self.warm_up),
            time: Duration::from_secs_f64(self.seconds),
        };
        let expected = load::probe(self.address, &call)?;
        let cpu = || self.pid.map(server::cpu).unwrap_or_default();
        print(&load::run(self.address, &call, &expected, &plan, &cpu)?);
        Ok(())
    }

    fn call(&self) -> io::Result<Call> {
        let work = match self.echo {
            Some(bytes) => Work::Echo { bytes },
            None => Work::Predict { rows: self.rows },
        };
        let terms = Terms { token: self.token.clone(), deadline_ms: self.deadline_ms, model: self.model.clone() };
        match self.speaks {
            Speaks::Frames => Some(Call::to_echo(work)),
            Speaks::Thrift => Some(Call::to_thrift(work)),
            Speaks::Grpc => Some(Call::to_grpc(work)),
            Speaks::Fastapi => Call::to_fastapi(work),
            Speaks::Mlserver => Call::to_mlserver(work),
            Speaks::Modelwire if self.features != model::FEATURES => {
                let rows = model::rows(self.rows * self.features / model::FEATURES);
                Some(Call::to_modelwire_model(&rows, self.features, &terms))
            }
            Speaks::Modelwire => Some(Call::to_modelwire(work, &terms)),
        }
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it has no echo"))
    }
}

fn multiple_of_16(text: &str) -> Result<usize, String> {
    let number: usize = text.parse().map_err(|error| format!("{error}"))?;
    if number > 0 && number.is_multiple_of(model::FEATURES) { Ok(number) } else { Err("no multiple of 16".to_owned()) }
}

fn print(measured: &Measured) {
    println!(
        "{:.0}/s, p50 {:.1} µs, p99 {:.1} µs, p99.9 {:.1} µs, server CPU {:.2} µs an answer",
        measured.per_second(),
        quantile_us(&measured.latency, 0.5),
        quantile_us(&measured.latency, 0.99),
        quantile_us(&measured.latency, 0.999),
        measured.cpu_us(),
    );
    println!(
        "{} right, {} refused (p99 {:.1} µs), {} expired, {} wrong; the generator was late by p99 {:.1} µs",
        measured.right,
        measured.refused,
        quantile_us(&measured.refusal, 0.99),
        measured.expired,
        measured.wrong,
        quantile_us(&measured.lag, 0.99),
    );
}
