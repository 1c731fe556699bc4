//! Fields of structs and exceptions.

use super::Fault;
use crate::declaration::Kind;
use crate::idl::{Field, Idl, Meaning, Type};

/// A rule and what to do about it.
type Broken = (&'static str, &'static str);

pub(super) fn check(idl: &Idl) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in &idl.files {
        // A union is refused as such; its fields are what they must be.
        for found in file.structs.iter().filter(|found| found.kind != Kind::Union) {
            for field in &found.fields {
                let broken = of_field(field).into_iter().chain(of_type(idl, &field.type_));
                faults
                    .extend(broken.map(|(rule, remedy)| Fault::new(file, &found.declaration_of(field), rule, remedy)));
            }
        }
    }
    faults
}

fn of_field(field: &Field) -> Vec<Broken> {
    let rules = [
        (!field.optional, "every field is optional, so that it can go and others can come", "write \"optional\""),
        (
            field.has_default,
            "no field has a default, since Rust ignores it",
            "let the server give an absent field its meaning",
        ),
        (field.id <= 0, "every field has an id above 0, which never changes", "write an id that no field has had"),
    ];
    rules.into_iter().filter_map(|(is_broken, rule, remedy)| is_broken.then_some((rule, remedy))).collect()
}

/// What is wrong with a type or with one inside it.
fn of_type(idl: &Idl, type_: &Type) -> Vec<Broken> {
    match idl.meaning(type_) {
        Meaning::Plain(Type::List(element)) => of_type(idl, element),
        Meaning::Plain(Type::Set(element)) => {
            of_element(idl, element).into_iter().chain(of_type(idl, element)).collect()
        }
        Meaning::Plain(Type::Map(key, value)) => of_key(idl, key).into_iter().chain(of_type(idl, value)).collect(),
        Meaning::Unknown => vec![("a type is declared in one of the IDL's files", "move it there")],
        Meaning::Plain(_) | Meaning::Enum | Meaning::Struct(..) => Vec::new(),
    }
}

fn of_key(idl: &Idl, key: &Type) -> Option<Broken> {
    let rule = "a key of a map is text, a whole number, a bool or an enum, since others do not work in every language";
    (!is_comparable(idl, key)).then_some((rule, "make it a list of structs with a field for the key"))
}

fn of_element(idl: &Idl, element: &Type) -> Option<Broken> {
    let rule = "a set holds text, whole numbers, bools or enums, since others do not work in every language";
    (!is_comparable(idl, element)).then_some((rule, "make it a list"))
}

fn is_comparable(idl: &Idl, type_: &Type) -> bool {
    match idl.meaning(type_) {
        Meaning::Plain(Type::Base(base)) => !["binary", "double"].contains(&base.as_str()),
        Meaning::Enum => true,
        _ => false,
    }
}
