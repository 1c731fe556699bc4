//! Modelwire as it is shipped, with who may call it and what it serves.

use crate::call::Terms;
use crate::model;
use crate::server::{self, Server};
use serde::Serialize;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Milliseconds that a call may take where time is not what is measured.
pub const DEADLINE_MS: i64 = 5_000;

/// A model that answers how far a row is from so many centres: the nearest one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Clustering {
    pub name: &'static str,
    pub centres: usize,
    pub features: usize,
}

/// Its prediction costs far more than the call: it is computed on a thread of its own.
pub const COSTLY: Clustering = Clustering { name: "costly", centres: 450, features: 1_024 };
/// Its prediction costs a few times what the call does: it is computed where the call is read.
pub const CHEAP: Clustering = Clustering { name: "cheap", centres: 200, features: 128 };

const REGRESSION: &str = "line";

/// A data folder with trained models, and a file of tokens.
pub struct Modelwire {
    binary: PathBuf,
    folder: PathBuf,
    predictor: String,
}

impl Modelwire {
    /// Makes tokens, starts a server in `folder`, trains its models by the command line, and stops it.
    ///
    /// # Errors
    /// If any of that fails.
    pub fn prepare(binary: &Path, folder: &Path) -> io::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let token = |role| {
            let tokens = folder.join("tokens.toml");
            run(Command::new(binary).args(["tokens", "create", role, "--role", role, "--file"]).arg(tokens))
        };
        let (admin, predictor) = (token("admin")?, token("predictor")?);
        let modelwire = Self { binary: binary.to_owned(), folder: folder.to_owned(), predictor };
        let address = server::free_address()?;
        let _server = Server::start(&mut modelwire.command(address)?, address)?;
        let train = |name: &str, csv: String, steps: &[&str]| -> io::Result<()> {
            let file = format!("{name}.csv");
            fs::write(folder.join(&file), csv)?;
            let mut train = Command::new(binary);
            train.current_dir(folder).args(["train", &file, "--name", name, "--timeout", "300", "--steps"]).args(steps);
            run(train.args(["--address", &address.to_string()]).env("MODELWIRE_TOKEN", &admin)).map(drop)
        };
        train(REGRESSION, regression(), &["linear_regression", "--target", "y"])?;
        for clustering in [COSTLY, CHEAP] {
            let k_means = format!("k_means(n_clusters={},n_init=1,max_iter=2)", clustering.centres);
            train(clustering.name, clustering.rows_to_learn(), &[&k_means])?;
        }
        Ok(modelwire)
    }

    /// `modelwire serve` with access check; everything else is as it comes. What it logs goes into a file.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn command(&self, address: SocketAddr) -> io::Result<Command> {
        let log = fs::File::options().create(true).append(true).open(self.folder.join("log"))?;
        let mut command = Command::new(&self.binary);
        command.arg("serve").args(["--listen", &address.to_string()]).current_dir(&self.folder);
        command.args(["--data", "data", "--tokens", "tokens.toml"]).stdout(Stdio::null()).stderr(log);
        Ok(command)
    }

    /// The same models once more, for a second server: two cannot share a folder.
    ///
    /// # Errors
    /// If the folder cannot be copied.
    pub fn copy(&self, name: &str) -> io::Result<Self> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder)?;
        let from = [self.folder.join("data"), self.folder.join("tokens.toml")];
        run(Command::new("cp").arg("-r").args(from).arg(&folder))?;
        Ok(Self { binary: self.binary.clone(), folder, predictor: self.predictor.clone() })
    }

    /// How the regression is asked.
    pub fn terms(&self) -> Terms {
        Terms { token: self.predictor.clone(), deadline_ms: DEADLINE_MS, model: REGRESSION.to_owned() }
    }

    /// How a clustering is asked.
    pub fn terms_of(&self, clustering: &Clustering, deadline_ms: i64) -> Terms {
        Terms { deadline_ms, model: clustering.name.to_owned(), ..self.terms() }
    }
}

impl Clustering {
    /// One row to ask for.
    pub fn row(&self) -> Vec<f64> {
        model::rows(self.features / model::FEATURES)
    }

    /// Two rows for each centre.
    fn rows_to_learn(&self) -> String {
        let rows = model::rows(2 * self.centres * self.features / model::FEATURES);
        let mut csv = heading(self.features) + "\n";
        for row in rows.chunks(self.features) {
            let _ = writeln!(csv, "{}", joined(row));
        }
        csv
    }
}

/// Rows whose targets are their products with the weights.
fn regression() -> String {
    let rows = model::rows(200);
    let targets = model::predict(rows.iter().copied());
    let mut csv = heading(model::FEATURES) + ",y\n";
    for (row, target) in rows.chunks(model::FEATURES).zip(targets) {
        let _ = writeln!(csv, "{},{target}", joined(row));
    }
    csv
}

fn heading(features: usize) -> String {
    (0..features).map(|at| format!("x{at}")).collect::<Vec<_>>().join(",")
}

fn joined(row: &[f64]) -> String {
    row.iter().map(f64::to_string).collect::<Vec<_>>().join(",")
}

/// What the command prints, or why it failed.
fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(io::Error::other(format!("{command:?} ended with {}: {why}", output.status)))
}
