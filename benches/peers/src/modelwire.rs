//! Modelwire as it is shipped, with who may call it and what it serves.

use crate::call::Terms;
use crate::model;
use crate::server::{self, Server};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Milliseconds that a call may take where time is not what is measured.
pub const DEADLINE_MS: i64 = 5_000;

/// A model whose prediction costs more than the call: distances to so many centres in so many dimensions.
pub const COSTLY_FEATURES: usize = 1_024;
pub const COSTLY_CLUSTERS: usize = 450;

const REGRESSION: &str = "line";
const CLUSTERING: &str = "clusters";

/// A data folder with trained models, and a file of tokens.
pub struct Modelwire {
    binary: PathBuf,
    folder: PathBuf,
    predictor: String,
}

impl Modelwire {
    /// Makes tokens, starts a server in `folder`, trains both models by the command line, and stops it.
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
        fs::write(folder.join("line.csv"), regression())?;
        fs::write(folder.join("clusters.csv"), clustering())?;
        let address = server::free_address()?;
        let _server = Server::start(&mut modelwire.command(address)?, address)?;
        let k_means = format!("k_means(n_clusters={COSTLY_CLUSTERS},n_init=1,max_iter=2)");
        let of_line = ["line.csv", "--target", "y", "--steps", "linear_regression", "--name", REGRESSION];
        let of_clusters = ["clusters.csv", "--steps", &k_means, "--name", CLUSTERING];
        for arguments in [&of_line[..], &of_clusters[..]] {
            let mut train = Command::new(binary);
            train.current_dir(folder).arg("train").args(arguments).args(["--timeout", "300"]);
            run(train.args(["--address", &address.to_string()]).env("MODELWIRE_TOKEN", &admin))?;
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

    /// How the clustering is asked.
    pub fn costly_terms(&self, deadline_ms: i64) -> Terms {
        Terms { deadline_ms, model: CLUSTERING.to_owned(), ..self.terms() }
    }
}

/// One row for the clustering.
pub fn costly_row() -> Vec<f64> {
    model::rows(COSTLY_FEATURES / model::FEATURES)
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

/// Two rows for each centre.
fn clustering() -> String {
    let rows = model::rows(2 * COSTLY_CLUSTERS * COSTLY_FEATURES / model::FEATURES);
    let mut csv = heading(COSTLY_FEATURES) + "\n";
    for row in rows.chunks(COSTLY_FEATURES) {
        let _ = writeln!(csv, "{}", joined(row));
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
