//! The command line, and the composition root: the only place that knows every setting and hands every layer its parts.

mod datasets;
mod evaluate;
mod explain;
mod export;
mod hello;
mod importance;
mod jobs;
mod learners;
mod loadtest;
mod memory_limit;
mod model_rows;
mod model_settings;
mod models;
mod partial_fit;
mod ping;
mod predict;
mod predictions;
mod progress;
mod remote;
mod report;
mod search;
mod serve;
mod settings;
mod steps;
mod table_file;
mod tls;
mod tokens;
mod train;
mod training_result;
mod wire_format;

use crate::error::Error;
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
    Serve(Box<serve::Arguments>), // Every setting is a flag of it: many times what the others hold.
    Train(train::Arguments),
    Search(Box<search::Arguments>),
    PartialFit(partial_fit::Arguments),
    Learners(learners::Arguments),
    Predict(predict::Arguments),
    Evaluate(evaluate::Arguments),
    Importance(importance::Arguments),
    Explain(explain::Arguments),
    Export(export::Arguments),
    Models(models::Arguments),
    Jobs(jobs::Arguments),
    Datasets(datasets::Arguments),
    Hello(hello::Arguments),
    Ping(ping::Arguments),
    Loadtest(loadtest::Arguments),
    Tokens(tokens::Arguments),
}

impl Command {
    /// Programs read what this command prints.
    fn is_for_programs(&self) -> bool {
        match self {
            Self::Serve(_) => false,
            Self::Train(arguments) => arguments.remote.json,
            Self::Search(arguments) => arguments.remote.json,
            Self::PartialFit(arguments) => arguments.remote.json,
            Self::Learners(arguments) => arguments.remote.json,
            Self::Predict(arguments) => arguments.asked.remote.json,
            Self::Evaluate(arguments) => arguments.remote.json,
            Self::Importance(arguments) => arguments.remote.json,
            Self::Explain(arguments) => arguments.asked.remote.json,
            Self::Export(arguments) => arguments.remote.json,
            Self::Models(arguments) => arguments.remote.json,
            Self::Jobs(arguments) => arguments.remote.json,
            Self::Datasets(arguments) => arguments.remote.json,
            Self::Hello(arguments) => arguments.remote.json,
            Self::Ping(arguments) => arguments.remote.json,
            Self::Loadtest(arguments) => arguments.remote.json,
            Self::Tokens(arguments) => arguments.json,
        }
    }

    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Serve(arguments) => serve::run(*arguments),
            Self::Train(arguments) => train::run(arguments),
            Self::Search(arguments) => search::run(*arguments),
            Self::PartialFit(arguments) => partial_fit::run(arguments),
            Self::Learners(arguments) => learners::run(arguments),
            Self::Predict(arguments) => predict::run(arguments),
            Self::Evaluate(arguments) => evaluate::run(arguments),
            Self::Importance(arguments) => importance::run(arguments),
            Self::Explain(arguments) => explain::run(arguments),
            Self::Export(arguments) => export::run(arguments),
            Self::Models(arguments) => models::run(arguments),
            Self::Jobs(arguments) => jobs::run(arguments),
            Self::Datasets(arguments) => datasets::run(arguments),
            Self::Hello(arguments) => hello::run(arguments),
            Self::Ping(arguments) => ping::run(arguments),
            Self::Loadtest(arguments) => loadtest::run(arguments),
            Self::Tokens(arguments) => tokens::run(arguments),
        }
    }
}

/// Why a command ended without success; its exit code tells wrong usage from the rest.
enum Failure {
    /// It was asked for wrongly: exit code 2.
    Usage(String),
    /// It was tried and went wrong: exit code 1.
    Failed(String),
    /// The same, with what the catalogue of errors knows of it.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let command = Arguments::parse().command;
    let for_programs = command.is_for_programs();
    match command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if for_programs {
                let _ = remote::print_error(&failure); // The exit code and standard error say it too.
            }
            tell(failure)
        }
    }
}

/// Says on standard error what went wrong and, on a line of its own, what to do about it.
fn tell(failure: Failure) -> ExitCode {
    let (code, message, hint) = match failure {
        Failure::Failed(message) => (1, message, None),
        Failure::Usage(message) => (2, message, None),
        Failure::Error(error) => (1, error.to_string(), remote::hint(&error)),
    };
    eprintln!("modelwire: {message}");
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
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

    #[test]
    fn every_command_of_a_client_helps_with_an_example() {
        fn check(command: &mut clap::Command) {
            let subcommands: Vec<String> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
            for name in subcommands.iter().filter(|name| *name != "help" && *name != "serve") {
                let command = command.find_subcommand_mut(name).unwrap();
                let help = command.render_long_help().to_string();
                assert!(help.contains("    modelwire "), "{name}: {help}");
                check(command);
            }
        }
        let mut command = Arguments::command();
        command.build();

        check(&mut command);
    }
}
