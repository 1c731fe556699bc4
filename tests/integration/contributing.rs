//! What CONTRIBUTING.md says of a new algorithm is all that it takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A step of the text: the file that it is about, and its code blocks with their languages.
struct Step {
    path: String,
    blocks: Vec<(String, String)>,
}

fn steps() -> Vec<Step> {
    let text = fs::read_to_string(Path::new(ROOT).join("CONTRIBUTING.md")).unwrap();
    let section = text.split("\n## Adding an algorithm").nth(1).unwrap().split("\n## ").next().unwrap();
    section.split("\n**").skip(1).map(step).collect()
}

fn step(text: &str) -> Step {
    let path = text.split('`').skip(1).step_by(2).find(|it| it.contains('/')).unwrap_or_default().to_owned();
    let fenced = text.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap());
    Step { path, blocks: fenced.map(|(language, code)| (language.to_owned(), code.to_owned())).collect() }
}

/// Puts a block into the copy: a whole file, or after a line that is there once those that begin with `+`.
fn apply(copy: &Path, path: &str, language: &str, code: &str) {
    let target = copy.join(path);
    if language == "rust" {
        return fs::write(target, code).unwrap();
    }
    let (kept, added) = code.trim_end().split_once('\n').unwrap();
    let kept = kept.strip_prefix(' ').unwrap();
    let added: Vec<&str> = added.lines().map(|line| line.strip_prefix('+').unwrap()).collect();
    let before = fs::read_to_string(&target).unwrap();
    assert_eq!(before.lines().filter(|line| *line == kept).count(), 1, "{kept:?} should be once in {path}");
    let after = before.replacen(&format!("\n{kept}\n"), &format!("\n{kept}\n{}\n", added.join("\n")), 1);
    fs::write(target, after).unwrap();
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy_folder(&path, &to),
            false => drop(fs::copy(&path, &to).unwrap()),
        }
    }
}

/// The copy has what a build of the library and of its tests reads.
fn copy_of_the_project(to: &Path) {
    for folder in ["src", "gen/rust", "idl", "benches", "tests", "docs"] {
        copy_folder(&Path::new(ROOT).join(folder), &to.join(folder));
    }
    for file in ["Cargo.toml", "Cargo.lock", "README.md"] {
        fs::copy(Path::new(ROOT).join(file), to.join(file)).unwrap();
    }
}

/// Where the libraries are that this build has compiled: the copy needs the same ones.
fn target() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_modelwire")).ancestors().nth(2).unwrap().to_owned()
}

#[test]
#[ignore = "it compiles a copy of the project, beside which nothing can be measured; make test-contributing runs it alone"]
fn an_algorithm_that_is_added_as_the_text_says_is_trained_and_keeps_the_laws_of_all() {
    let copy = tempfile::tempdir().unwrap();
    copy_of_the_project(copy.path());
    for Step { path, blocks } in steps() {
        blocks.iter().for_each(|(language, code)| apply(copy.path(), &path, language, code));
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(copy.path());
    cargo.args(["test", "--lib", "--all-features", "--locked", "--offline", "--"]);

    let run = cargo.args(["dummy_regressor", "every_algorithm"]).env("CARGO_TARGET_DIR", target()).output().unwrap();

    let (told, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{told}\n{errors}");
    let own = "dummy_regressor::tests::every_row_is_answered_with_the_mean_of_the_targets ... ok";
    let laws = "every_algorithm::any_number_of_threads_learns_the_same_bits ... ok";
    assert!(told.contains(own) && told.contains(laws), "{told}");
}
