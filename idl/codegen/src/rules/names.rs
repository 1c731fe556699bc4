//! How things are called, and how they cannot be called in one of the languages.

use super::Fault;
use crate::declaration::{Declaration, Kind};
use crate::idl::{File, Idl};

/// Modules that stand beside the generated ones.
const MODULES: [&str; 2] = ["runtime", "services"];
/// Words of Rust that the compiler neither refuses nor escapes in the names of methods and files.
const WORDS: [&str; 27] = [
    "await", "become", "box", "crate", "dyn", "extern", "final", "fn", "gen", "impl", "let", "loop", "macro", "match",
    "mod", "move", "mut", "override", "priv", "pub", "ref", "trait", "type", "typeof", "unsafe", "unsized", "where",
];
/// Words of Rust that it does not escape in the names of fields, and what hides a method of a struct in Python or Go.
const FIELDS: [&str; 6] = ["await", "dyn", "gen", "read", "validate", "write"];
/// Types that the Rust of the Apache compiler names without a path.
const TYPES: [&str; 6] = ["Box", "Error", "Option", "Result", "String", "Vec"];
/// What `services.rs` imports, declares or names without a path.
const SERVICES: [&str; 18] = [
    "Arguments",
    "Call",
    "CallError",
    "Channel",
    "Future",
    "Infallible",
    "Iterator",
    "Method",
    "Option",
    "Reply",
    "Resource",
    "Resources",
    "Result",
    "Role",
    "Send",
    "Services",
    "Some",
    "Sync",
];

pub(super) fn check(idl: &Idl) -> Vec<Fault> {
    let named = idl.files.iter().flat_map(|file| file.declarations().into_iter().map(move |found| (file, found)));
    named.filter_map(|(file, declaration)| style(file, &declaration).or_else(|| taken(file, &declaration))).collect()
}

fn style(file: &File, declaration: &Declaration) -> Option<Fault> {
    let (style, keeps_it): (_, fn(&str) -> bool) = match declaration.kind {
        Kind::File | Kind::Namespace | Kind::Field | Kind::Method => ("lower_snake", is_lower_snake),
        Kind::Const | Kind::Value => ("UPPER_SNAKE", is_upper_snake),
        _ => ("UpperCamel", is_upper_camel),
    };
    let rule = format!("{} names are {style}", declaration.kind.word());
    (!keeps_it(&declaration.name)).then(|| Fault::new(file, declaration, &rule, "rename it"))
}

fn taken(file: &File, declaration: &Declaration) -> Option<Fault> {
    let name = declaration.name.as_str();
    let is_taken = match declaration.kind {
        Kind::File => MODULES.contains(&name) || WORDS.contains(&name),
        Kind::Method => WORDS.contains(&name),
        Kind::Field => FIELDS.contains(&name),
        Kind::Service => SERVICES.contains(&name) || name.ends_with("Client"),
        Kind::Namespace | Kind::Const | Kind::Value => false,
        Kind::Typedef | Kind::Enum | Kind::Struct | Kind::Union | Kind::Exception => TYPES.contains(&name),
    };
    let rule = "a name is free in every language, and generated code needs this one for itself";
    is_taken.then(|| Fault::new(file, declaration, rule, "rename it"))
}

fn is_lower_snake(name: &str) -> bool {
    is_snake(name, |c| c.is_ascii_lowercase())
}

fn is_upper_snake(name: &str) -> bool {
    is_snake(name, |c| c.is_ascii_uppercase())
}

/// Words of letters and digits with one `_` between them; the first starts with a letter.
fn is_snake(name: &str, is_letter: fn(char) -> bool) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| is_letter(c) || c.is_ascii_digit());
    name.starts_with(is_letter) && name.split('_').all(is_word)
}

fn is_upper_camel(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
}
