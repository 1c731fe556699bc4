//! The servers that are measured.

use crate::call::{Call, Work};
use crate::modelwire::Modelwire;
use crate::python::Environment;
use serde::Serialize;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    BareEcho,
    ApacheThrift,
    Volo,
    Tonic,
    GrpcPython,
    Fastapi,
    Mlserver,
    Modelwire,
}

/// Servers that are compiled, which bear every kind of load.
pub const COMPILED: &[Peer] = &[Peer::BareEcho, Peer::ApacheThrift, Peer::Volo, Peer::Tonic, Peer::Modelwire];

/// Compiled servers that compute.
pub const COMPILED_PREDICTORS: &[Peer] = &[Peer::ApacheThrift, Peer::Volo, Peer::Tonic, Peer::Modelwire];

pub const PREDICTORS: &[Peer] =
    &[Peer::ApacheThrift, Peer::Volo, Peer::Tonic, Peer::GrpcPython, Peer::Fastapi, Peer::Mlserver, Peer::Modelwire];

pub const ALL: &[Peer] = &[
    Peer::BareEcho,
    Peer::ApacheThrift,
    Peer::Volo,
    Peer::Tonic,
    Peer::GrpcPython,
    Peer::Fastapi,
    Peer::Mlserver,
    Peer::Modelwire,
];

/// What the servers are started from.
pub struct Setup {
    /// Folder of the compiled peers.
    pub binaries: PathBuf,
    pub modelwire: Modelwire,
    /// Those that could be made, by the server that runs in each.
    pub environments: Vec<(Peer, Environment)>,
}

impl Peer {
    pub fn name(self) -> &'static str {
        match self {
            Self::BareEcho => "bare tokio frame echo",
            Self::ApacheThrift => "Apache Rust crate 0.25, TServer",
            Self::Volo => "volo-thrift 0.12",
            Self::Tonic => "tonic 0.14 (gRPC)",
            Self::GrpcPython => "grpc-python 1.85, 10 threads",
            Self::Fastapi => "FastAPI 0.165 + scikit-learn",
            Self::Mlserver => "MLServer 1.7 + scikit-learn",
            Self::Modelwire => "Modelwire",
        }
    }

    /// The list of packages that it runs on, if it is in Python.
    pub fn packages(self) -> Option<&'static str> {
        match self {
            Self::GrpcPython => Some("grpc"),
            Self::Fastapi => Some("fastapi"),
            Self::Mlserver => Some("mlserver"),
            _ => None,
        }
    }

    /// What it is asked to do `work`; nothing if it cannot.
    pub fn call(self, work: Work, modelwire: &Modelwire) -> Option<Call> {
        match self {
            Self::BareEcho => Some(Call::to_echo(work)),
            Self::ApacheThrift | Self::Volo => Some(Call::to_thrift(work)),
            Self::Tonic | Self::GrpcPython => Some(Call::to_grpc(work)),
            Self::Fastapi => Call::to_fastapi(work),
            Self::Mlserver => Call::to_mlserver(work),
            Self::Modelwire => Some(Call::to_modelwire(work, &modelwire.terms())),
        }
    }
}

impl Setup {
    /// Makes the environments that can be made. Answers, beside the setup, the servers that cannot run and why.
    pub fn new(modelwire: Modelwire, folder: &Path) -> io::Result<(Self, Vec<(Peer, String)>)> {
        let binaries = std::env::current_exe()?.parent().map(Path::to_owned).unwrap_or_default();
        let (mut environments, mut skipped) = (Vec::new(), Vec::new());
        for &peer in ALL {
            let Some(packages) = peer.packages() else { continue };
            match Environment::make(folder, packages) {
                Ok(environment) => environments.push((peer, environment)),
                Err(error) => skipped.push((peer, error.to_string())),
            }
        }
        Ok((Self { binaries, modelwire, environments }, skipped))
    }

    /// What starts the server.
    ///
    /// # Errors
    /// If something that it needs is missing.
    pub fn command(&self, peer: Peer, address: SocketAddr) -> io::Result<Command> {
        let compiled = |name| {
            let mut command = Command::new(self.binaries.join(name));
            command.arg(address.to_string());
            command
        };
        let mut command = match peer {
            Peer::BareEcho => compiled("echo-server"),
            Peer::ApacheThrift => compiled("thrift-server"),
            Peer::Volo => compiled("volo-server"),
            Peer::Tonic => compiled("tonic-server"),
            Peer::Modelwire => self.modelwire.command(address)?,
            Peer::GrpcPython => self.grpc_python(address)?,
            Peer::Fastapi => {
                let mut command = self.environment(peer)?.script("fastapi_server.py");
                command.arg(address.to_string());
                command
            }
            Peer::Mlserver => self.mlserver(address)?,
        };
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(command)
    }

    fn grpc_python(&self, address: SocketAddr) -> io::Result<Command> {
        let environment = self.environment(Peer::GrpcPython)?;
        let stubs = environment.grpc_stubs()?;
        let mut command = environment.script("grpc_server.py");
        command.arg(address.to_string()).env("PYTHONPATH", stubs);
        Ok(command)
    }

    /// In one process: with workers, every call goes through a queue to another one and back.
    fn mlserver(&self, address: SocketAddr) -> io::Result<Command> {
        let environment = self.environment(Peer::Mlserver)?;
        let port = |at: SocketAddr| at.port().to_string();
        let mut command = environment.program("mlserver");
        command.arg("start").arg(environment.mlserver_models()?).env("MLSERVER_HOST", address.ip().to_string());
        command.env("MLSERVER_HTTP_PORT", port(address)).env("MLSERVER_PARALLEL_WORKERS", "0");
        for other in ["MLSERVER_GRPC_PORT", "MLSERVER_METRICS_PORT"] {
            command.env(other, port(crate::server::free_address()?));
        }
        command.stderr(Stdio::null()); // it reports each start at length
        Ok(command)
    }

    fn environment(&self, peer: Peer) -> io::Result<&Environment> {
        let found = self.environments.iter().find(|environment| environment.0 == peer);
        found.map(|environment| &environment.1).ok_or_else(|| io::Error::other("its packages are not installed"))
    }
}
