//! What methods and fields may be annotated with, and what they have to be.

use super::Fault;
use crate::idl::{Field, Idl, Meaning, Method, Type};

const ROLES: [&str; 6] = ["public", "reader", "predictor", "trainer", "admin", "worker"];
/// Roles whose methods change something.
const CHANGING: [&str; 2] = ["trainer", "admin"];
/// What a field of a request can name, and the type that it then has.
const RESOURCES: [(&str, &str); 6] = [
    ("model", "string"),
    ("dataset", "string"),
    ("job", "string"),
    ("upload", "string"),
    ("alias", "string"),
    ("version", "i64"),
];

/// A rule and what to do about it.
type Broken = (&'static str, String);

pub(super) fn check(idl: &Idl) -> Vec<Fault> {
    of_methods(idl).chain(of_fields(idl)).chain(of_hot_structs(idl)).chain(of_others(idl)).collect()
}

fn of_methods(idl: &Idl) -> impl Iterator<Item = Fault> {
    idl.methods().flat_map(|(file, service, method)| {
        let wrong = method.annotations.iter().filter_map(|(key, value)| remedy(key, value));
        let wrong = wrong.chain(without_role(method)).chain(undecided(method));
        wrong.map(move |(rule, remedy)| Fault::new(file, &service.declaration_of(method), rule, &remedy))
    })
}

/// Rule and remedy, if an annotation of a method breaks one.
fn remedy(key: &str, value: &str) -> Option<Broken> {
    match key {
        "idempotent" if value == "true" => None,
        "idempotent" => {
            Some(("idempotent is \"true\" or absent", "write idempotent = \"true\" or remove it".to_owned()))
        }
        "role" if ROLES.contains(&value) => None,
        "role" => Some(("a role is one that the server knows", format!("{value:?} is none of {}", ROLES.join(", ")))),
        "hot" if value == "true" => None,
        "hot" => Some(("hot is \"true\" or absent", "write hot = \"true\" or remove it".to_owned())),
        "audit" if ["true", "false"].contains(&value) => None,
        "audit" => Some(("audit is \"true\" or \"false\"", "write one of them".to_owned())),
        _ => Some(("a method is annotated with idempotent, role, audit and hot only", format!("remove {key:?}"))),
    }
}

fn without_role(method: &Method) -> Option<Broken> {
    let rule = "a method says which role may call it";
    method.annotation("role").is_none().then(|| (rule, format!("write role = one of {}", ROLES.join(", "))))
}

/// Nobody forgets to think about the audit log.
fn undecided(method: &Method) -> Option<Broken> {
    let changes = method.annotation("role").is_some_and(|role| CHANGING.contains(&role));
    let rule = "a method for trainers or admins, and no other, says whether its calls stand in the audit log";
    if changes && method.is_hot() {
        return Some(("a hot method changes nothing", "remove hot".to_owned()));
    }
    match (changes, method.annotation("audit")) {
        (true, None) => Some((rule, "write audit = \"true\", or \"false\" for what nobody else sees yet".to_owned())),
        (false, Some(_)) => Some((rule, "remove audit".to_owned())),
        _ => None,
    }
}

fn of_fields(idl: &Idl) -> impl Iterator<Item = Fault> {
    let structs = idl.files.iter().flat_map(|file| file.structs.iter().map(move |found| (file, found)));
    let judged: Vec<_> = idl.requests().chain(idl.items()).map(|(_, found)| found).collect();
    structs.flat_map(move |(file, found)| {
        let is_judged = judged.iter().any(|request| std::ptr::eq(*request, found));
        found.fields.iter().flat_map(move |field| {
            let wrong =
                field.annotations.iter().filter_map(move |(key, value)| misnamed(idl, field, key, value, is_judged));
            let wrong = wrong.chain(unnamed(field, is_judged));
            wrong.map(move |(rule, remedy)| Fault::new(file, &found.declaration_of(field), rule, &remedy))
        })
    })
}

/// Rule and remedy, if an annotation of a field breaks one.
fn misnamed(idl: &Idl, field: &Field, key: &str, value: &str, is_judged: bool) -> Option<Broken> {
    if key != "resource" {
        return Some(("a field is annotated with resource only", format!("remove {key:?}")));
    }
    if !is_judged {
        let rule = "what a call is about stands in its request or in an item of it, where access is judged";
        return Some((rule, "remove resource".to_owned()));
    }
    let Some((_, base)) = RESOURCES.iter().find(|(known, _)| *known == value) else {
        let known = RESOURCES.map(|(known, _)| known).join(", ");
        return Some(("a resource is one that the server knows", format!("{value:?} is none of {known}")));
    };
    let is_it = matches!(idl.meaning(&field.type_), Meaning::Plain(Type::Base(found)) if found == base);
    (!is_it).then(|| ("a resource has the type that names it", format!("a {value} is a {base}")))
}

/// A name that nobody holds against the caller's patterns is a hole.
fn unnamed(field: &Field, is_judged: bool) -> Option<Broken> {
    let is_name = ["model", "dataset"].contains(&field.name.as_str());
    let rule = "a request, or an item of it, says which of its fields name a model or data set, so that access to it is judged";
    let remedy = || format!("write (resource = {:?})", field.name);
    (is_judged && is_name && field.resource().is_none()).then(|| (rule, remedy()))
}

/// What a hot method carries is read and written by code of our own, which knows no more types than those need.
fn of_hot_structs(idl: &Idl) -> impl Iterator<Item = Fault> {
    idl.hot_structs().into_iter().flat_map(move |(file, found)| {
        found.fields.iter().filter(move |field| !is_direct(idl, &field.type_)).map(move |field| {
            let rule = "what a hot method carries is made of bool, i32, i64, string, binary, enums, structs and lists";
            Fault::new(file, &found.declaration_of(field), rule, "take one of them, or remove hot from the method")
        })
    })
}

fn is_direct(idl: &Idl, type_: &Type) -> bool {
    match idl.meaning(type_) {
        Meaning::Plain(Type::Base(base)) => ["bool", "i32", "i64", "string", "binary"].contains(&base.as_str()),
        Meaning::Plain(Type::List(element)) => {
            !matches!(idl.meaning(element), Meaning::Plain(Type::List(_)))
                && **element != Type::Base("bool".to_owned())
                && is_direct(idl, element)
        }
        Meaning::Enum | Meaning::Struct(..) => true,
        Meaning::Plain(_) | Meaning::Unknown => false,
    }
}

fn of_others(idl: &Idl) -> impl Iterator<Item = Fault> {
    let annotations = idl.files.iter().flat_map(|file| file.annotations.iter().map(move |found| (file, found)));
    annotations.map(|(file, (declaration, key))| {
        let rule = "nothing but a method or a field has annotations";
        Fault::new(file, declaration, rule, &format!("remove {key:?}"))
    })
}
