//! Names that are declared once in all files.

use super::Fault;
use crate::declaration::{Declaration, Kind};
use crate::idl::{File, Idl};
use std::collections::HashMap;

pub(super) fn check(idl: &Idl) -> Vec<Fault> {
    let mut first: HashMap<(&str, String), (&File, Declaration)> = HashMap::new();
    let mut faults = Vec::new();
    for file in &idl.files {
        for declaration in file.declarations() {
            let Some(rule) = rule(declaration.kind) else { continue };
            match first.get(&(rule, declaration.name.clone())) {
                Some((other_file, other)) => {
                    let remedy = format!("rename it or {other} of {}", other_file.path);
                    faults.push(Fault::new(file, &declaration, rule, &remedy));
                }
                None => drop(first.insert((rule, declaration.name.clone()), (file, declaration))),
            }
        }
    }
    faults
}

/// Why a name of this kind is unique; `None` where it need not be.
fn rule(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Method => Some("method names are unique across services, so that a call works without its service"),
        Kind::File | Kind::Namespace | Kind::Const | Kind::Value | Kind::Field => None,
        _ => Some("type and service names are unique across files, since all files are one package in Java and Go"),
    }
}
