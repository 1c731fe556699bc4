//! The virtual environments of the servers in Python: made once, kept in the target folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the programs and the lists of packages are.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// An environment with the packages of one list.
#[derive(Clone, Debug)]
pub struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The environment in `folder/python-NAME` with what `python/NAME.txt` lists, made if it is not there or the list has
    /// changed.
    ///
    /// # Errors
    /// If there is no Python or a package cannot be installed.
    pub fn make(folder: &Path, name: &str) -> io::Result<Self> {
        let environment = Self { folder: folder.join(format!("python-{name}")) };
        let list = sources().join(format!("{name}.txt"));
        let wanted = fs::read_to_string(&list)?;
        let stamp = environment.folder.join("installed");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(environment);
        }
        eprintln!("installing what {} lists into {}", list.display(), environment.folder.display());
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment.folder))?;
        succeed(environment.program("pip").args(["install", "--quiet", "--requirement"]).arg(&list))?;
        fs::write(stamp, wanted)?;
        Ok(environment)
    }

    /// The stubs of `peer.proto`, in a folder of the environment.
    ///
    /// # Errors
    /// If the compiler fails.
    pub fn grpc_stubs(&self) -> io::Result<PathBuf> {
        let stubs = self.folder.join("stubs");
        fs::create_dir_all(&stubs)?;
        let mut compiler = self.program("python");
        compiler.current_dir(env!("CARGO_MANIFEST_DIR")).args(["-m", "grpc_tools.protoc", "--proto_path=."]);
        for language in ["--python_out", "--grpc_python_out"] {
            compiler.arg(format!("{language}={}", stubs.display()));
        }
        succeed(compiler.arg("peer.proto"))?;
        Ok(stubs)
    }

    /// A folder from which MLServer serves the model.
    ///
    /// # Errors
    /// If the model cannot be fitted or written.
    pub fn mlserver_models(&self) -> io::Result<PathBuf> {
        let models = self.folder.join("models");
        let model = models.join("line");
        fs::create_dir_all(&model)?;
        fs::copy(sources().join("mlserver-model-settings.json"), model.join("model-settings.json"))?;
        succeed(self.script("model.py").arg(model.join("model.joblib")))?;
        Ok(models)
    }

    /// One of the programs in `python/`.
    pub fn script(&self, name: &str) -> Command {
        let mut command = self.program("python");
        command.arg(sources().join(name));
        command
    }

    /// A program that a package brings.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.folder.join("bin").join(name))
    }
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    Err(io::Error::other(format!("{:?} ended with {}: {last}", command.get_program(), output.status)))
}
