//! Calls a Modelwire server as a program of volo does, over TTHeader: `interop-volo HOST:PORT NAME framed|unframed`.
//!
//! volo's own default is a framed message inside TTHeader; unframed is what Kitex sends. NAME begins the name of the model
//! that is trained. It prints `ok WHAT` or `FAIL WHAT: why` for each call and, last, `N passed, M failed`; it exits with 1
//! if any failed.

mod generated {
    include!(concat!(env!("OUT_DIR"), "/volo_gen.rs"));
}

use generated::volo_gen::wire::*;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use volo_thrift::codec::default::DefaultMakeCodec;
use volo_thrift::codec::default::thrift::MakeThriftCodec;
use volo_thrift::codec::default::ttheader::MakeTTHeaderCodec;
use volo_thrift::{ClientError, MaybeException};

/// Why a call is not what it should be.
type Outcome = Result<(), String>;

/// Answers a client of a service: the builders of two codecs are two types, what they build is one.
macro_rules! client {
    ($builder:ident, $options:expr) => {{
        let builder = $builder::new("modelwire")
            .caller_name("interop-volo")
            .rpc_timeout(Some(Duration::from_secs(20)))
            .address($options.address);
        match $options.framed {
            true => builder.make_codec(DefaultMakeCodec::ttheader_framed()).build(),
            false => builder.make_codec(unframed()).build(),
        }
    }};
}

struct Options {
    address: SocketAddr,
    name: String,
    framed: bool,
}

struct Clients {
    health: HealthClient,
    training: TrainingClient,
    inference: InferenceClient,
    /// The model that is trained.
    model: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: interop-volo HOST:PORT NAME framed|unframed");
        return ExitCode::from(2);
    };
    let clients = Clients {
        health: client!(HealthClientBuilder, options),
        training: client!(TrainingClientBuilder, options),
        inference: client!(InferenceClientBuilder, options),
        model: format!("{}-line", options.name),
    };

    let outcomes = [
        ("hello greets by name", clients.hello().await),
        ("a megabyte comes back as it was sent", clients.echo().await),
        ("a line is learnt from four rows", clients.train().await),
        ("the line is predicted", clients.predict().await),
        ("an unknown version is not found", clients.predict_of_an_unknown_version().await),
    ];
    report(&outcomes)
}

fn options() -> Option<Options> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, name, framing] = &arguments[..] else { return None };
    let framed = match framing.as_str() {
        "framed" => true,
        "unframed" => false,
        _ => return None,
    };
    Some(Options { address: address.parse().ok()?, name: name.clone(), framed })
}

fn unframed() -> DefaultMakeCodec<MakeTTHeaderCodec<MakeThriftCodec>> {
    DefaultMakeCodec::new(MakeTTHeaderCodec::new(MakeThriftCodec::new()))
}

fn report(outcomes: &[(&str, Outcome)]) -> ExitCode {
    for (what, outcome) in outcomes {
        match outcome {
            Ok(()) => println!("ok {what}"),
            Err(why) => println!("FAIL {what}: {why}"),
        }
    }
    let failed = outcomes.iter().filter(|(_, outcome)| outcome.is_err()).count();
    println!("{} passed, {failed} failed", outcomes.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Clients {
    async fn hello(&self) -> Outcome {
        let request = HelloRequest { name: Some("Zoë".into()), ..Default::default() };
        let answer = answered(self.health.hello(request).await)?;
        expect("greeting", answer.greeting.as_deref(), Some("Hello, Zoë!"))
    }

    async fn echo(&self) -> Outcome {
        let payload = (0..1_000_000_u64).map(|at| (at * at % 65_521) as u8).collect::<Vec<_>>();
        let request = EchoRequest { payload: Some(payload.clone().into()), ..Default::default() };
        let answer = answered(self.health.echo(request).await)?;
        if answer.payload.as_deref() == Some(&payload[..]) { Ok(()) } else { Err("other bytes came back".into()) }
    }

    /// y = 2 x + 1 at 0.5, 1.5, 2.5 and 3.5.
    async fn train(&self) -> Outcome {
        let table =
            Table { columns: Some(vec![column("x", &[0.5, 1.5, 2.5, 3.5]), column("y", &[2.0, 4.0, 6.0, 8.0])]) };
        let step = Step { algorithm: Some("linear_regression".into()), ..Default::default() };
        let request = TrainRequest {
            model: Some(self.model.clone().into()),
            steps: Some(vec![step]),
            table: Some(table),
            target: Some("y".into()),
            ..Default::default()
        };
        let mut job = answered(self.training.train(request).await)?.job.ok_or("the answer has no job")?;
        while matches!(job.state_name.as_deref(), Some("QUEUED" | "RUNNING")) {
            let request = WatchJobRequest {
                job_id: job.id,
                after_sequence: job.sequence,
                wait_ms: Some(5_000),
                ..Default::default()
            };
            job = answered(self.training.watch_job(request).await)?.job.ok_or("the answer has no job")?;
        }
        expect("state_name", job.state_name.as_deref(), Some("SUCCEEDED"))
    }

    async fn predict(&self) -> Outcome {
        let answer = answered(self.inference.predict(rows(&self.model)).await)?;
        let data = answer.values.and_then(|values| values.data).ok_or("the answer has no values")?;
        let values: Vec<f64> = data
            .chunks_exact(8)
            .map(|chunk| f64::from_le_bytes(chunk.try_into().expect("a chunk has 8 bytes")))
            .collect();
        match values[..] {
            [first, second] if (first - 9.0).abs() < 1e-9 && (second - 1.0).abs() < 1e-9 => Ok(()),
            _ => Err(format!("the values are {values:?}, expected [9, 1]")),
        }
    }

    async fn predict_of_an_unknown_version(&self) -> Outcome {
        let model = format!("{}@7", self.model);
        match self.inference.predict(rows(&model)).await {
            Ok(MaybeException::Exception(InferencePredictException::Error(error))) => {
                expect("code_name", error.code_name.as_deref(), Some("NOT_FOUND"))?;
                let message = error.message.unwrap_or_default();
                if message.contains(&model) { Ok(()) } else { Err(format!("{message:?} does not name {model}")) }
            }
            Ok(MaybeException::Ok(answer)) => Err(format!("answered {answer:?}, expected a ServiceError")),
            Err(error) => Err(format!("{error}, expected a ServiceError")),
        }
    }
}

/// What was answered; anything else is why it was not.
fn answered<T, E: std::fmt::Debug>(result: Result<MaybeException<T, E>, ClientError>) -> Result<T, String> {
    match result {
        Ok(MaybeException::Ok(answer)) => Ok(answer),
        Ok(MaybeException::Exception(exception)) => Err(format!("refused with {exception:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn expect(what: &str, actual: Option<&str>, expected: Option<&str>) -> Outcome {
    if actual == expected { Ok(()) } else { Err(format!("{what} is {actual:?}, expected {expected:?}")) }
}

/// x = 4 and x = 0.
fn rows(model: &str) -> PredictRequest {
    PredictRequest {
        context: Some(RequestContext { deadline_ms: Some(10_000), ..Default::default() }),
        model: Some(model.to_owned().into()),
        matrix: Some(tensor(&[4.0, 0.0], vec![2, 1])),
        ..Default::default()
    }
}

fn column(name: &'static str, values: &[f64]) -> Column {
    let tensor = tensor(values, vec![values.len() as i64]);
    Column { name: Some(name.into()), type_name: Some("FLOAT".into()), tensor: Some(tensor), ..Default::default() }
}

fn tensor(values: &[f64], shape: Vec<i64>) -> Tensor {
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor { dtype: Some(DType::F64), shape: Some(shape), data: Some(data.into()) }
}
