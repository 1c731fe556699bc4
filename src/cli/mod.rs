//! The command line, and the composition root: the only place that knows every setting and hands every layer its parts.

mod serve;
mod settings;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Trains, versions and serves machine-learning models over Thrift.
#[derive(Parser)]
#[command(name = "modelwire", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server.
    Serve(serve::Arguments),
}

/// Why a command ended without success; its exit code tells the two apart.
enum Failure {
    /// It was asked for wrongly: exit code 2.
    Usage(String),
    /// It was tried and went wrong: exit code 1.
    Failed(String),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Serve(arguments) => serve::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(message)) => fail(1, &message),
        Err(Failure::Usage(message)) => fail(2, &message),
    }
}

fn fail(code: u8, message: &str) -> ExitCode {
    eprintln!("modelwire: {message}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_all_commands_and_flags_is_sound() {
        Arguments::command().debug_assert();
    }
}
