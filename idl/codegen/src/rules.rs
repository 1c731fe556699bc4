//! The rules that an IDL keeps, so that every method can grow in every language: which, why and what to do instead.

mod annotations;
mod fields;
mod files;
mod methods;
mod names;
mod types;
mod unique;

use crate::declaration::Declaration;
use crate::idl::{File, Idl};
use crate::source;
use std::fmt;

/// A rule that is broken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    path: String,
    line: usize,
    declaration: String,
    message: String,
}

impl Fault {
    /// `rule` says what holds for every IDL, `remedy` what to do.
    fn new(file: &File, declaration: &Declaration, rule: &str, remedy: &str) -> Self {
        let line = source::line(&file.text, declaration);
        let message = format!("{rule}; {remedy}");
        Self { path: file.path.clone(), line, declaration: declaration.to_string(), message }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.declaration, self.message)
    }
}

/// Every fault of an IDL, by file and line.
pub(crate) fn check(idl: &Idl) -> Vec<Fault> {
    let rules =
        [files::check, names::check, unique::check, annotations::check, types::check, fields::check, methods::check];
    let mut faults: Vec<_> = rules.into_iter().flat_map(|check| check(idl)).collect();
    faults.sort();
    faults
}

/// The faults, one a line, and their number.
pub(crate) fn report(faults: &[Fault]) -> String {
    let lines: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    let (count, ending) = (faults.len(), if faults.len() == 1 { "" } else { "s" });
    format!("{lines}{count} fault{ending} in the IDL; nothing was written")
}
