//! Writes the async Rust side of Thrift services: traits, a dispatcher, clients and a table of methods.
//!
//! The Apache compiler writes the structs and, with `--gen xml`, dumps what it read. `codegen` turns that dump into one
//! Rust file, or refuses an IDL that breaks the rules of this project, naming each declaration, its line and the rule:
//!
//! `.thrift` and `.xml` -> [`idl`] -> [`rules`] -> [`rust`] -> `services.rs`

mod arguments;
mod declaration;
mod idl;
mod rules;
mod rust;
mod source;
mod xml;

use arguments::Arguments;
use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => return fail(&message, 2),
    };
    match generate(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message, 1),
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(code)
}

/// Reads, checks, writes.
///
/// # Errors
/// What could not be read or written, or the report of every rule that the IDL breaks.
fn generate(arguments: &Arguments) -> Result<(), String> {
    let idl = xml::read(&arguments.idl, &arguments.xml)?;
    let faults = rules::check(&idl);
    if !faults.is_empty() {
        return Err(rules::report(&faults));
    }
    let out = &arguments.out;
    fs::write(out, rust::services(&idl)).map_err(|error| format!("{} cannot be written: {error}", out.display()))
}
