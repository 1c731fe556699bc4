//! The documentation shows code that runs and commands that work, and names every setting.

use crate::harness::TestServer;
use std::path::Path;
use std::process::Command;

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The code blocks of the README in this language.
fn blocks(language: &str) -> Vec<String> {
    let (readme, fence) = (file("README.md"), format!("```{language}\n"));
    let after_fence = readme.split(&fence).skip(1);
    after_fence.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The lines without white space around them, so that code may stand deeper in its file.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn the_quick_starts_of_the_readme_are_those_that_run() {
    for (language, path) in [
        ("python", "docs/examples/quickstart.py"),
        ("java", "clients/java/src/test/java/io/modelwire/client/QuickstartTest.java"),
        ("go", "clients/go/example_test.go"),
        ("rust", "tests/integration/quickstart.rs"),
    ] {
        let (source, blocks) = (file(path), blocks(language));
        assert_eq!(blocks.len(), 1, "{language}");

        let (mut shown, run) = (lines(&blocks[0]), lines(&source));
        while shown.last() == Some(&"}") {
            shown.pop(); // The file may have checks of its own before the end of the block.
        }

        assert!(run.windows(shown.len()).any(|window| window == shown), "the README shows other code than {path}");
    }
}

/// Runs the commands of this program in a text, in their order, against one server.
fn assert_commands_work(shell: &str, at_least: usize) {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let binaries = Path::new(env!("CARGO_BIN_EXE_modelwire")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let commands: Vec<&str> = shell.lines().filter(|line| line.starts_with("modelwire ")).collect();
    assert!(commands.len() >= at_least, "the page has lost its commands");
    for line in commands {
        let line = line.replace(" target/", &format!(" {}/", data.path().display())); // Nothing is left behind.
        let mut command = Command::new("bash");
        command.args(["-c", &line]).current_dir(env!("CARGO_MANIFEST_DIR"));

        let output = command.env("PATH", &path).env("MODELWIRE_ADDRESS", &server.address).output().unwrap();

        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn every_command_line_of_the_readme_works() {
    assert_commands_work(&blocks("sh").concat(), 6);
}

#[test]
fn every_command_of_the_page_on_load_tests_works() {
    assert_commands_work(&file("docs/loadtest.md"), 4);
}

#[test]
fn every_command_of_the_page_on_serving_works() {
    assert_commands_work(&file("docs/serving.md"), 4);
}

#[test]
fn every_command_of_the_page_on_searches_works() {
    assert_commands_work(&file("docs/search.md"), 4);
}

#[test]
fn every_command_of_the_page_on_protocols_works() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let page = file("docs/protocols.md");
    let shell: String = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let mut told = String::new();
    for line in shell.lines() {
        let mut command = Command::new("bash");

        let output = command.args(["-c", line]).env("MODELWIRE_ADDRESS", &server.address).output().unwrap();

        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        told += &String::from_utf8(output.stdout).unwrap();
    }
    for expected in ["Hello, World!", "ok\n", "modelwire_calls_total 1"] {
        assert!(told.contains(expected), "{expected:?} is not in {told}");
    }
}

#[test]
fn every_setting_of_the_server_stands_in_the_documentation_with_its_default() {
    let help = Command::new(env!("CARGO_BIN_EXE_modelwire")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for (section, path, at_least) in [("server", "docs/protocols.md", 16), ("batching", "docs/batching.md", 6)] {
        let page = file(path);
        let mut settings = 0;
        for entry in help.split(&format!("      --{section}-")).skip(1) {
            let name = entry.split_whitespace().next().unwrap().replace('-', "_");
            let default = entry.split("[default: ").nth(1).and_then(|rest| rest.split(']').next()).unwrap();
            assert!(page.contains(&format!("| `{name}` | {default} |")), "{name} with {default} is not in {path}");
            settings += 1;
        }
        assert!(settings >= at_least, "the settings of {section} are not told from the help");
    }
}
