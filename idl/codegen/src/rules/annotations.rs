//! What a method may be annotated with.

use super::Fault;
use crate::idl::Idl;

const ROLES: [&str; 6] = ["public", "reader", "predictor", "trainer", "admin", "worker"];

pub(super) fn check(idl: &Idl) -> Vec<Fault> {
    of_methods(idl).chain(of_others(idl)).collect()
}

fn of_methods(idl: &Idl) -> impl Iterator<Item = Fault> {
    idl.methods().flat_map(|(file, service, method)| {
        let wrong = method.annotations.iter().filter_map(|(key, value)| remedy(key, value));
        wrong.map(move |(rule, remedy)| Fault::new(file, &service.declaration_of(method), rule, &remedy))
    })
}

/// Rule and remedy, if an annotation of a method breaks one.
fn remedy(key: &str, value: &str) -> Option<(&'static str, String)> {
    match key {
        "idempotent" if value == "true" => None,
        "idempotent" => {
            Some(("idempotent is \"true\" or absent", "write idempotent = \"true\" or remove it".to_owned()))
        }
        "role" if ROLES.contains(&value) => None,
        "role" => Some(("a role is one that the server knows", format!("{value:?} is none of {}", ROLES.join(", ")))),
        _ => Some(("a method is annotated with idempotent and role only", format!("remove {key:?}"))),
    }
}

fn of_others(idl: &Idl) -> impl Iterator<Item = Fault> {
    let annotations = idl.files.iter().flat_map(|file| file.annotations.iter().map(move |found| (file, found)));
    annotations.map(|(file, (declaration, key))| {
        Fault::new(file, declaration, "nothing but a method has annotations", &format!("remove {key:?}"))
    })
}
