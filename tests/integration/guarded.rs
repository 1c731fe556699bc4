//! A server that knows who calls, and calls of any method with any token over any protocol.

use crate::harness::{self, Carrier, PATIENCE, Reply, TestServer};
use crate::hostile::value::{Call as Request, record, text};
use crate::stock::{Clients, Input, Output, line, step};
use modelwire::wire::types::{RequestContext, ServiceError};
use modelwire::wire::{Protocol, convert, datasets, empty, training};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output as Printed};
use std::time::Instant;
use tempfile::TempDir;
use thrift::protocol::{
    TFieldIdentifier, TInputProtocol, TMessageIdentifier, TMessageType, TOutputProtocol, TSerializable,
    TStructIdentifier, TType,
};

/// Connects to an address.
pub type Open = fn(&str) -> (Input, Output);

/// A server with a file of tokens, its log, and the tokens by name.
pub struct Guarded {
    pub server: TestServer,
    pub folder: TempDir,
    pub tokens: BTreeMap<String, String>,
}

impl Guarded {
    /// Each token by its flags: `team --role trainer --models team-a-*`.
    pub fn start(tokens: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.toml");
        std::fs::write(&file, "").unwrap();
        let tokens = tokens.iter().map(|flags| create(&file, flags)).collect();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = harness::command(&folder.path().join("data"));
        command.arg("--tokens").arg(&file).env("RUST_LOG", "debug").stderr(log);
        Self { server: TestServer::of(&mut command), folder, tokens }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("tokens.toml")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub fn token(&self, name: &str) -> Option<&str> {
        self.tokens.get(name).map(String::as_str)
    }

    pub fn context(&self, name: &str) -> Option<RequestContext> {
        Some(RequestContext { token: self.token(name).map(str::to_owned), ..empty() })
    }

    /// One call over a fresh connection, in any transport and protocol.
    pub fn call_over(&self, (carrier, protocol): (Carrier, Protocol), method: &str, token: Option<&str>) -> Answer {
        let context = token.map(|token| (1, record([(4, text(token))])));
        let call = carrier.wrap(protocol, &Request::new(method, context).written(protocol));
        let reply = self.server.exchange(&call);
        match &carrier.replies(protocol, &reply).unwrap()[..] {
            [Reply::Answer(_)] => Answer { code: "OK".into(), executed: Some(true), message: String::new() },
            [Reply::Declared(fault)] => {
                Answer { code: fault.code.clone(), executed: fault.executed, message: fault.message.clone() }
            }
            other => panic!("{method} over {carrier:?} {protocol:?}: {other:?}"),
        }
    }

    /// One call over a fresh connection.
    pub fn call(&self, open: Open, method: &str, token: Option<&str>, fields: &[Field]) -> Answer {
        call(open(&self.server.address), method, token, fields)
    }

    /// Trains a line under each name; answers the ids of the jobs.
    pub fn train(&self, name: &str, models: &[&str]) -> Vec<String> {
        let mut clients = Clients::of(&self.server);
        let train = |model: &&str| {
            let request = training::TrainRequest {
                context: self.context(name),
                model: Some((*model).into()),
                steps: Some(vec![step("linear_regression")]),
                table: Some(convert::table_to(&line())),
                target: Some("y".into()),
                ..empty()
            };
            let job = training::TTrainingSyncClient::train(&mut clients.training, request).unwrap().job.unwrap();
            let id = job.id.unwrap();
            self.wait(&mut clients, name, &id);
            id
        };
        models.iter().map(train).collect()
    }

    fn wait(&self, clients: &mut Clients, name: &str, id: &str) {
        let (started, mut after_sequence) = (Instant::now(), 0);
        while started.elapsed() < PATIENCE {
            let (context, job_id) = (self.context(name), Some(id.to_owned()));
            let (after, wait_ms) = (Some(after_sequence), Some(5_000));
            let request = training::WatchJobRequest { context, job_id, after_sequence: after, wait_ms };
            let job = training::TTrainingSyncClient::watch_job(&mut clients.training, request).unwrap().job.unwrap();
            if job.state_name.as_deref() == Some("SUCCEEDED") {
                return;
            }
            after_sequence = job.sequence.unwrap();
        }
        panic!("job {id} has not succeeded in time");
    }

    /// Opens an upload for each data set; answers their ids.
    pub fn uploads(&self, name: &str, datasets: &[&str]) -> Vec<String> {
        let mut clients = Clients::of(&self.server);
        let create = |dataset: &&str| {
            let request = datasets::CreateDatasetRequest { context: self.context(name), name: Some((*dataset).into()) };
            datasets::TDatasetsSyncClient::create_dataset(&mut clients.datasets, request).unwrap().upload_id.unwrap()
        };
        datasets.iter().map(create).collect()
    }

    /// Looks again until it is so, within [`PATIENCE`].
    pub fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < PATIENCE, "not in time: {what}\n{}", self.log());
        }
    }
}

pub fn modelwire(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modelwire"));
    command.args(arguments).env_remove("MODELWIRE_TOKEN").env_remove("MODELWIRE_TOKENS");
    command
}

pub fn succeeded(command: &mut Command) -> String {
    let Printed { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Makes a token by the command line; answers its name and itself.
pub fn create(file: &Path, flags: &str) -> (String, String) {
    let mut command = modelwire(&["tokens", "create"]);
    let token = succeeded(command.args(flags.split(' ')).arg("--file").arg(file));
    (flags.split(' ').next().unwrap().to_owned(), token.trim().to_owned())
}

/// A field of a request.
#[derive(Clone, Copy)]
pub enum Field<'a> {
    Text(i16, &'a str),
    Number(i16, i64),
}

impl Field<'_> {
    fn write(self, output: &mut Output) -> thrift::Result<()> {
        let (id, kind) = match self {
            Self::Text(id, _) => (id, TType::String),
            Self::Number(id, _) => (id, TType::I64),
        };
        output.write_field_begin(&TFieldIdentifier::new("", kind, id))?;
        match self {
            Self::Text(_, text) => output.write_string(text),
            Self::Number(_, number) => output.write_i64(number),
        }
    }
}

/// What a call brought.
#[derive(Debug)]
pub struct Answer {
    /// "OK" or the name of an error code.
    pub code: String,
    pub executed: Option<bool>,
    pub message: String,
}

impl Answer {
    pub fn is_denied(&self) -> bool {
        ["UNAUTHENTICATED", "PERMISSION_DENIED"].contains(&self.code.as_str())
    }
}

/// Any method, with the token and these fields in its request.
pub fn call((mut input, mut output): (Input, Output), method: &str, token: Option<&str>, fields: &[Field]) -> Answer {
    let context = RequestContext { token: token.map(str::to_owned), ..empty() };
    let mut send = || {
        output.write_message_begin(&TMessageIdentifier::new(method, TMessageType::Call, 1))?;
        output.write_struct_begin(&TStructIdentifier::new(""))?;
        output.write_field_begin(&TFieldIdentifier::new("request", TType::Struct, 1))?;
        output.write_struct_begin(&TStructIdentifier::new(""))?;
        output.write_field_begin(&TFieldIdentifier::new("context", TType::Struct, 1))?;
        context.write_to_out_protocol(&mut output)?;
        fields.iter().try_for_each(|field| field.write(&mut output))?;
        output.write_field_stop()?;
        output.write_struct_end()?;
        output.write_field_stop()?;
        output.write_struct_end()?;
        output.write_message_end()?;
        output.flush()
    };
    send().unwrap();
    receive(&mut input).unwrap()
}

fn receive(input: &mut Input) -> thrift::Result<Answer> {
    let head = input.read_message_begin()?;
    assert_eq!(head.message_type, TMessageType::Reply, "{head:?}");
    input.read_struct_begin()?;
    let field = input.read_field_begin()?;
    if field.id == Some(0) {
        input.skip(field.field_type)?;
        return Ok(Answer { code: "OK".into(), executed: Some(true), message: String::new() });
    }
    let error = ServiceError::read_from_in_protocol(input)?;
    let message = format!("{} {}", error.message.unwrap_or_default(), error.hint.unwrap_or_default());
    Ok(Answer { code: error.code_name.unwrap(), executed: error.executed, message })
}
