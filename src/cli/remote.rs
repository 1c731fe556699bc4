//! What the commands that call a server have in common: how to reach it, and how to print what it answers.

use super::Failure;
use super::tls::ClientFlags;
use super::wire_format::WireFormat;
use crate::access::Token;
use crate::client::{Client, Options, Transport};
use crate::error::{Code, Error};
use serde::Serialize;
use serde_json::json;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Builder;

/// Longest time that a call may be given: a day.
const MAX_TIMEOUT_SECONDS: f64 = 86_400.0;

/// How to reach the server and how to print its answer.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Server and output")]
pub(super) struct Remote {
    /// Host and port of the server, or unix:PATH.
    #[arg(
        long, global = true, env = "MODELWIRE_ADDRESS", default_value = "127.0.0.1:9090", value_name = "HOST:PORT",
        value_parser = address
    )]
    address: String,
    /// Seconds that a call may take.
    #[arg(long, global = true, default_value = "30", value_name = "SECONDS", value_parser = seconds)]
    timeout: Duration,
    /// Token that says who calls. Give it by the environment or by --token-file: other users of the machine see arguments.
    #[arg(long, global = true, env = "MODELWIRE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<Token>,
    /// File with the token in its first line; it goes before --token.
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Print one JSON document, for programs; an error is one too: {"error": {"code", "message", "hint", ...}}.
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(flatten)]
    format: WireFormat,
    #[command(flatten)]
    tls: ClientFlags,
}

impl Remote {
    /// The same for another server, if one is named.
    pub(super) fn at(self, address: Option<String>) -> Self {
        Self { address: address.unwrap_or(self.address), ..self }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Connects and runs the body of a command.
    pub(super) fn run(&self, body: impl AsyncFnOnce(&Client) -> Result<(), Failure>) -> Result<(), Failure> {
        self.run_with(|options| options, body)
    }

    /// The same with other options than those that the flags say.
    pub(super) fn run_with(
        &self,
        options: impl FnOnce(Options) -> Options,
        body: impl AsyncFnOnce(&Client) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.run_in(Builder::new_current_thread(), options, body)
    }

    /// The same in an event loop of its own kind.
    pub(super) fn run_in(
        &self,
        mut runtime: Builder,
        options: impl FnOnce(Options) -> Options,
        body: impl AsyncFnOnce(&Client) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let runtime = runtime
            .enable_all()
            .build()
            .map_err(|cause| Failure::Failed(format!("the system gives no event loop: {cause}")))?;
        let options = options(self.options()?);
        runtime.block_on(async {
            let client = Client::connect(self.address.as_str(), options).await?;
            body(&client).await
        })
    }

    fn options(&self) -> Result<Options, Failure> {
        let WireFormat { transport, protocol } = self.format;
        let (tls, token) = (self.tls.load()?, self.token()?);
        Ok(Options { transport, protocol, tls, token, call_timeout: self.timeout, ..Options::default() })
    }

    /// How messages become a stream.
    pub(super) fn transport(&self) -> Transport {
        self.format.transport
    }

    /// Time for a call.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Prints an answer: the document for programs, or the text for people.
    pub(super) fn print(&self, document: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        print_as(self.json, document, text)
    }

    fn token(&self) -> Result<Option<Token>, Failure> {
        match &self.token_file {
            Some(path) => token_in(path).map(Some),
            None => Ok(self.token.clone().filter(|token| !token.as_str().is_empty())),
        }
    }
}

fn token_in(path: &Path) -> Result<Token, Failure> {
    let unusable = |why: String| Failure::Failed(format!("the token file {} {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|cause| unusable(format!("cannot be read: {cause}")))?;
    let first = text.lines().next().unwrap_or_default().trim();
    if first.is_empty() { Err(unusable("has no token in its first line".into())) } else { Ok(first.to_owned().into()) }
}

/// Prints an answer: the document for programs, or the text for people.
pub(super) fn print_as(json: bool, document: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
    let text = if json { to_json(document)? } else { text() };
    print(&text)
}

fn address(text: &str) -> Result<String, String> {
    let has_port = || text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if text.starts_with("unix:") || has_port() {
        return Ok(text.to_owned());
    }
    Err("it is a host and a port, as in 127.0.0.1:9090, or unix: and the path of a socket".into())
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= MAX_TIMEOUT_SECONDS => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!("it is a number of seconds above 0 and up to {MAX_TIMEOUT_SECONDS}")),
    }
}

/// The same, or 0.
pub(super) fn seconds_or_none(text: &str) -> Result<Duration, String> {
    if text == "0" { Ok(Duration::ZERO) } else { seconds(text) }
}

/// A document for programs, with lines and indents so that people can read it too.
fn to_json(document: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(document)
        .map_err(|cause| Failure::Failed(format!("the answer cannot be written as JSON: {cause}")))
}

/// Prints text to standard output. Whoever closed it, as `head` does, has seen enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("standard output cannot be written: {cause}")))
        }
        _ => Ok(()),
    }
}

/// What to do about an error, where we know.
pub(super) fn hint(error: &Error) -> Option<String> {
    let unreachable = matches!(error, Error::Unavailable { .. });
    let start = "\"modelwire serve\" starts a server; --address or MODELWIRE_ADDRESS names another one";
    error.hint().or_else(|| unreachable.then(|| start.into()))
}

/// Prints an error for programs: the one document of a command that went wrong.
pub(super) fn print_error(failure: &Failure) -> Result<(), Failure> {
    let error = match failure {
        Failure::Error(error) => {
            let request_id = match error {
                Error::Remote { request_id, .. } if !request_id.is_empty() => Some(request_id),
                _ => None,
            };
            json!({
                "code": error.code(),
                "message": error.to_string(),
                "hint": hint(error),
                "executed": error.executed(),
                "request_id": request_id,
            })
        }
        Failure::Usage(message) | Failure::Failed(message) => {
            json!({ "code": Code::InvalidArgument, "message": message, "hint": null, "executed": false, "request_id": null })
        }
    };
    print(&to_json(&json!({ "error": error }))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_or_is_a_socket() {
        for text in ["127.0.0.1:9090", "[::1]:80", "models.example.com:9090", "unix:/run/modelwire.sock"] {
            assert_eq!(address(text).unwrap(), text);
        }
        for text in ["", "localhost", "localhost:", ":9090", "localhost:http", "localhost:70000"] {
            assert!(address(text).unwrap_err().contains("as in 127.0.0.1:9090"), "{text:?}");
        }
    }

    #[test]
    fn a_time_limit_is_a_positive_number_of_seconds() {
        assert_eq!(seconds("0.5").unwrap(), Duration::from_millis(500));
        for text in ["0", "-1", "nan", "inf", "1e9", "soon", ""] {
            assert!(seconds(text).is_err(), "{text:?} was taken");
        }
    }
}
