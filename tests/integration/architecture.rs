//! Imports go only downward, and Thrift stays where it belongs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom; modules of one row never import each other.
const LAYERS: &[&[&str]] = &[
    &["error", "failpoint"],
    &["data", "storage", "coordination", "pool"],
    &["model"],
    &["registry", "batching", "datasets"],
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

/// The top-level modules that a text names after `crate::`.
fn imports(text: &str) -> BTreeSet<String> {
    let after = text.match_indices("crate::").map(|(at, found)| &text[at + found.len()..]);
    let names = after.flat_map(|rest| match rest.strip_prefix('{') {
        Some(group) => group.split('}').next().unwrap_or_default().split(',').map(first_word).collect::<Vec<_>>(),
        None => vec![first_word(rest)],
    });
    names.filter(|name| layer(name).is_some()).collect()
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|it| it.is_ascii_alphanumeric() || *it == '_').collect()
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
