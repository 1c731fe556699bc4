//! Methods: one request, one response, one exception.

use super::Fault;
use crate::declaration::Kind;
use crate::idl::{Field, Idl, Method, Struct};

/// A rule and what to do about it.
type Broken = (&'static str, &'static str);

pub(super) fn check(idl: &Idl) -> Vec<Fault> {
    let methods = idl.methods().flat_map(|(file, service, method)| {
        let broken = request(idl, method).into_iter().chain(response(idl, method)).chain(thrown(idl, method));
        broken.map(move |(rule, remedy)| Fault::new(file, &service.declaration_of(method), rule, remedy))
    });
    methods.chain(contexts(idl)).collect()
}

fn request(idl: &Idl, method: &Method) -> Option<Broken> {
    let [argument] = method.arguments.as_slice() else {
        return Some(("a method takes one request", "put the arguments into one struct"));
    };
    let rule = "the argument of a method is \"1: <a struct> request\"";
    let is_it = argument.id == 1 && argument.name == "request" && !argument.has_default;
    let is_struct = idl.structure(&argument.type_, Kind::Struct).is_some();
    (!is_it || !is_struct).then_some((rule, "write it so, without a default"))
}

fn response(idl: &Idl, method: &Method) -> Option<Broken> {
    let is_struct = |answer| idl.structure(answer, Kind::Struct).is_some();
    match (&method.answer, method.oneway) {
        (Some(_), true) => Some(("a oneway method answers nothing", "return void")),
        (answer, false) if !answer.as_ref().is_some_and(is_struct) => {
            Some(("a method answers one struct", "put what it answers into a response of its own"))
        }
        _ => None,
    }
}

/// The compiler itself refuses a oneway method that throws.
fn thrown(idl: &Idl, method: &Method) -> Option<Broken> {
    let is_it = |thrown: &Field| thrown.id == 1 && idl.structure(&thrown.type_, Kind::Exception).is_some();
    let is_kept = method.oneway || matches!(method.throws.as_slice(), [thrown] if is_it(thrown));
    let rule = "a method throws one exception, as field 1; released clients cannot read a second";
    (!is_kept).then_some((rule, "write \"throws (1: <an exception> error)\" and tell cases apart by a field of it"))
}

/// Requests, each once, that do not start with their context.
fn contexts(idl: &Idl) -> Vec<Fault> {
    let wrong = idl.requests().filter(|(_, found)| !starts_with_context(idl, found));
    let rule = "field 1 of a request is its context, so that access and deadline are judged before the rest is read";
    let remedy = "write \"1: optional RequestContext context\"";
    wrong.map(|(file, found)| Fault::new(file, &found.declaration(), rule, remedy)).collect()
}

fn starts_with_context(idl: &Idl, request: &Struct) -> bool {
    let is_context = |field: &Field| {
        let context = idl.structure(&field.type_, Kind::Struct);
        field.id == 1 && field.name == "context" && context.is_some_and(|found| found.name == "RequestContext")
    };
    request.fields.iter().any(is_context)
}
