//! The command `modelwire`.

use std::process::ExitCode;

fn main() -> ExitCode {
    modelwire::cli::run()
}
