//! Imports go only downward, and Thrift stays where it belongs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom; modules of one row never import each other.
const LAYERS: &[&[&str]] = &[
    &["error", "failpoint", "telemetry"],
    &["access", "data", "storage", "coordination", "tls", "pool"],
    &["model"],
    &["registry", "batching", "cache", "datasets"],
    &["training"],
    &["wire"],
    &["service", "client"],
    &["server"],
    &["cli"],
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let nested = entries.map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    nested.flatten().filter(|path| path.extension().is_some_and(|it| it == "rs")).collect()
}

/// The top-level module of a file below `src`, `None` for `lib.rs` and `main.rs`.
fn module_of(path: &Path) -> Option<String> {
    let relative = path.strip_prefix(source_folder()).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
    let module = first.trim_end_matches(".rs");
    (!["lib", "main"].contains(&module)).then(|| module.to_owned())
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// A file without its comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every path that a text names after `crate::`, without that, and with the groups of `use` written out.
fn paths(text: &str) -> BTreeSet<String> {
    let after = text.match_indices("crate::").map(|(at, found)| &text[at + found.len()..]);
    after.flat_map(written_out).collect()
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`; what comes after it is left.
fn written_out(path: &str) -> Vec<String> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || "_:*".contains(it);
    let (start, rest) = path.split_at(path.find(|it| !is_name(it)).unwrap_or(path.len()));
    if !rest.starts_with('{') {
        return vec![start.trim_end_matches(':').to_owned()];
    }
    let branches = branches(rest).into_iter().filter(|branch| !branch.is_empty());
    branches.flat_map(written_out).map(|branch| format!("{start}{branch}")).collect()
}

/// What stands between the commas of the group that a text starts with.
fn branches(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut branches) = (0, 1, vec![]);
    for (at, letter) in text.char_indices() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        if depth == 0 || (depth == 1 && letter == ',') {
            branches.push(text[start..at].trim());
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    branches
}

fn first_name(path: &str) -> String {
    path.split("::").next().unwrap_or_default().to_owned()
}

/// The top-level modules that a text names after `crate::`.
fn imports(text: &str) -> BTreeSet<String> {
    paths(text).iter().map(|path| first_name(path)).filter(|name| layer(name).is_some()).collect()
}

/// The modules of `wire` that the compilers write.
fn generated() -> BTreeSet<String> {
    let text = code(&source_folder().join("wire/mod.rs"));
    let group = text.split("pub use generated::").nth(1).expect("wire names what is generated");
    branches(group).into_iter().map(str::to_owned).collect()
}

#[test]
fn every_module_has_a_layer_and_imports_only_from_below() {
    let mut faults = Vec::new();
    for path in sources(&source_folder()) {
        let Some(module) = module_of(&path) else { continue };
        let Some(own) = layer(&module) else {
            faults.push(format!("{module} has no layer"));
            continue;
        };
        for import in imports(&code(&path)) {
            if import != module && layer(&import) >= Some(own) {
                faults.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nothing_below_wire_names_thrift_or_a_generated_type() {
    let below = |path: &PathBuf| module_of(path).and_then(|module| layer(&module)) < layer("wire");
    for path in sources(&source_folder()).iter().filter(|path| module_of(path).is_some() && below(path)) {
        assert!(!code(path).contains("thrift"), "{} names thrift", path.display());
    }
}

/// The names that a text takes from `wire`, by a path from the top or from an imported `wire`.
fn names_of_wire(text: &str) -> BTreeSet<String> {
    let imported = text.match_indices("wire::").flat_map(|(at, _)| written_out(&text[at..]));
    let paths = paths(text).into_iter().chain(imported);
    paths.filter_map(|path| path.strip_prefix("wire::").map(first_name)).collect()
}

#[test]
fn server_and_cli_name_no_generated_type_and_no_thrift() {
    let generated = generated();
    assert!(generated.contains("types") && generated.contains("health"), "{generated:?}");
    let above = |path: &PathBuf| module_of(path).is_some_and(|module| ["server", "cli"].contains(&module.as_str()));
    for path in sources(&source_folder()).iter().filter(|path| above(path)) {
        let text = code(path);
        assert!(!text.contains("thrift"), "{} names thrift", path.display());
        assert!(!text.contains("wire::*"), "{} imports what it does not name", path.display());
        let faults: Vec<String> = names_of_wire(&text).intersection(&generated).cloned().collect();
        assert!(faults.is_empty(), "{} names {faults:?} of wire", path.display());
    }
}

#[test]
fn groups_in_groups_are_read_to_their_end() {
    let text = "use crate::{\n    error::{Error, Result},\n    wire::{types::{self, Step}, Cut},\n    pool,\n};\nfn f() { crate::model::fit(x) }";

    let expected =
        ["error::Error", "error::Result", "model::fit", "pool", "wire::Cut", "wire::types::Step", "wire::types::self"];
    assert_eq!(paths(text), expected.map(str::to_owned).into());
    assert_eq!(imports(text), ["error", "model", "pool", "wire"].map(str::to_owned).into());
}
