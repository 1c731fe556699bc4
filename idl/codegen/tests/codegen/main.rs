//! The generator as it is run: what it writes, whether that works, and what it refuses.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod refusals;

/// The crate that a generated file expects around it.
mod hello {
    pub(crate) mod wire;
}

use std::path::PathBuf;
use std::process::{Command, Output};

/// Folder of a fixture.
fn fixture(name: &str) -> PathBuf {
    PathBuf::from("tests/fixtures").join(name)
}

/// Runs the generator over a fixture; it writes to the file that is returned.
fn generate(name: &str, out: &str) -> (Output, PathBuf) {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(out);
    let folder = fixture(name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_codegen"));
    command.arg("--idl").arg(&folder).arg("--xml").arg(folder.join("xml")).arg("--out").arg(&out);
    (command.output().expect("the generator runs"), out)
}
