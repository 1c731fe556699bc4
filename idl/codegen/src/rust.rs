//! Writes `services.rs`. What it holds of other modules is `crate::<namespace rs>::runtime`, written by hand, and the
//! structs that the Apache compiler writes.

mod client;
mod direct;
mod dispatch;
mod layout;
mod resources;
mod service;
mod table;

use crate::idl::{Idl, Meaning, Method, Type};
use std::collections::BTreeSet;

/// What `runtime` has for the services.
const RUNTIME: [&str; 11] =
    ["self", "Arguments", "Begun", "Call", "CallError", "Channel", "Method", "Reply", "Resource", "Resources", "Role"];

/// The whole file for an IDL that keeps the rules.
pub(crate) fn services(idl: &Idl) -> String {
    let mut sections = vec![head(idl), table::sha256(idl), table::methods(idl)];
    sections.extend(idl.services().map(|(file, service)| service::service(idl, file, service)));
    sections.push(service::all(idl));
    sections.push(table::find(idl));
    sections.push(dispatch::dispatch(idl));
    sections.push(resources::resources(idl));
    sections.extend(direct::direct(idl));
    sections.extend(idl.services().map(|(_, service)| client::client(idl, service)));
    sections.join("\n")
}

/// Imports. The Apache compiler resolves includes as `crate::<namespace>::<file>`, and so do we.
fn head(idl: &Idl) -> String {
    let namespace = namespace(idl);
    let (oneway, two_way): (Vec<_>, Vec<_>) =
        idl.methods().map(|(_, _, method)| method).partition(|method| method.oneway);
    let mut standard = vec!["use std::future::Future;\n"];
    if !oneway.is_empty() {
        standard.insert(0, "use std::convert::Infallible;\n");
    }
    let methods = oneway.into_iter().chain(two_way);
    let modules: BTreeSet<_> = methods.flat_map(|method| modules(idl, method)).collect();
    let runtime = layout::filled(&format!("use crate::{namespace}::runtime::{{"), RUNTIME, "};");
    let modules = layout::filled(&format!("use crate::{namespace}::{{"), modules, "};");
    let direct = match idl.hot_structs().is_empty() {
        true => String::new(),
        false => format!("use crate::{namespace}::direct::{{Direct, Kind, Sink, Source}};\n"),
    };
    format!(
        "// Written by idl/codegen. Do not edit: change idl/ and run `make gen`.\n\
         #![cfg_attr(rustfmt, rustfmt_skip)]\n\n\
         {direct}{runtime}{modules}{}",
        standard.concat(),
    )
}

/// `a::b` for `namespace rs a.b`, which is the same in every file.
fn namespace(idl: &Idl) -> String {
    let namespace = idl.files.iter().find_map(|file| file.namespace("rs"));
    namespace.unwrap_or_default().replace('.', "::")
}

/// The modules that the signature of a method names.
fn modules<'a>(idl: &'a Idl, method: &'a Method) -> impl Iterator<Item = &'a str> {
    let fields = method.arguments.iter().chain(&method.throws).map(|field| &field.type_);
    fields.chain(&method.answer).filter_map(|type_| struct_of(idl, type_).map(|(module, _)| module))
}

/// Module and name of the struct that a type means.
fn struct_of<'a>(idl: &'a Idl, type_: &'a Type) -> Option<(&'a str, &'a str)> {
    match idl.meaning(type_) {
        Meaning::Struct(file, found) => Some((&file.name, &found.name)),
        _ => None,
    }
}

fn path(idl: &Idl, type_: Option<&Type>) -> String {
    let found = type_.and_then(|type_| struct_of(idl, type_));
    found.map_or_else(|| "()".to_owned(), |(module, name)| format!("{module}::{name}"))
}

/// Type of the one argument of a method: `inference::PredictRequest`.
fn request(idl: &Idl, method: &Method) -> String {
    path(idl, method.arguments.first().map(|argument| &argument.type_))
}

/// Type of what a method answers: `inference::PredictResponse`.
fn response(idl: &Idl, method: &Method) -> String {
    path(idl, method.answer.as_ref())
}

/// Type of what a method throws: `types::ServiceError`.
fn error(idl: &Idl, method: &Method) -> String {
    path(idl, method.throws.first().map(|thrown| &thrown.type_))
}
