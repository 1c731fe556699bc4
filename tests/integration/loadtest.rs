//! `modelwire loadtest`: what it counts is what the server has seen, and no stall is left out.

use crate::harness::{Metrics, PATIENCE, TestServer, fixture};
use serde_json::Value;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What a load test calls before its load: `describe_model`, and `predict` once.
const CALLS_BEFORE: u64 = 2;

/// A server with a model of wine.
struct Cellar {
    server: TestServer,
    folder: TempDir,
}

impl Cellar {
    fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = TestServer::start_with(&folder.path().join("data"), flags, &[]);
        let (file, command) = (fixture("wine.csv"), env!("CARGO_BIN_EXE_modelwire"));
        let train = ["--target", "quality", "--steps", "linear_regression", "--name", "wine"];
        let trained =
            Command::new(command).args(["train", "--address", &server.address]).args(train).arg(file).output();
        let trained = trained.unwrap();
        assert!(trained.status.success(), "{}", text(&trained));
        Self { server, folder }
    }

    fn command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modelwire"));
        command.args(["loadtest", "wine"]).args(flags).env("MODELWIRE_ADDRESS", &self.server.address);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, flags: &[&str]) -> Output {
        let output = self.command(flags).output().unwrap();
        assert!(output.status.success(), "{flags:?}: {}", text(&output));
        output
    }

    fn calls(&self) -> u64 {
        Metrics::read(&self.server.address).calls()
    }

    /// Waits until the server has begun so many calls.
    fn wait_for_calls(&self, wanted: u64) {
        let started = Instant::now();
        while self.calls() < wanted {
            assert!(started.elapsed() < PATIENCE, "nobody calls");
        }
    }

    fn file(&self, name: &str) -> (PathBuf, String) {
        let path = self.folder.path().join(name);
        let text = path.display().to_string();
        (path, text)
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

fn number(document: &Value, name: &str) -> f64 {
    document[name].as_f64().unwrap_or_else(|| panic!("no {name} in {document}"))
}

fn count(document: &Value, name: &str) -> u64 {
    document[name].as_u64().unwrap_or_else(|| panic!("no {name} in {document}"))
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("there is a kill command").success());
}

/// The texts of a drawing.
fn drawn(path: &Path) -> Vec<String> {
    let svg = std::fs::read_to_string(path).unwrap();
    let xml = roxmltree::Document::parse(&svg).unwrap();
    let texts = xml.descendants().filter(|node| node.has_tag_name("text")).filter_map(|node| node.text());
    texts.map(str::to_owned).collect()
}

#[test]
fn a_closed_loop_counts_the_calls_that_the_server_has_seen() {
    let cellar = Cellar::start(&[]);
    let short = ["--duration", "0.2", "--warm-up", "0.05", "--json"];
    for format in
        [["header", "compact", "4"], ["framed", "binary", "4"], ["unframed", "json", "3"], ["http", "json", "1"]]
    {
        let [transport, protocol, pipelining] = format;
        let before = cellar.calls();

        let flags =
            ["--transport", transport, "--protocol", protocol, "--pipelining", pipelining, "--connections", "3"];
        let document = json(&cellar.run(&[&flags[..], &short].concat()));

        let answered = count(&document, "answered");
        assert_eq!((answered, 0), (count(&document, "calls"), count(&document, "late")), "{format:?}: {document}");
        let seen = cellar.calls() - before;
        assert_eq!(answered + count(&document, "warm_up_calls") + CALLS_BEFORE, seen, "{format:?}: {document}");
        let quantiles = ["min", "p50", "p90", "p99", "p999", "max"].map(|name| number(&document["answered_ms"], name));
        assert!(quantiles.is_sorted() && quantiles[0] > 0.0, "{document}");
        assert!(
            number(&document, "goodput_per_second") > 0.0 && document["offered_per_second"].is_null(),
            "{document}"
        );
    }
}

#[test]
fn an_open_loop_counts_from_when_a_call_was_due_so_that_a_stall_is_not_left_out() {
    const STALL: Duration = Duration::from_millis(300);
    let cellar = Cellar::start(&[]);
    let before = cellar.calls();
    let load =
        ["--rate", "200", "--connections", "1", "--pipelining", "1", "--duration", "600", "--warm-up", "0", "--json"];
    let child = cellar.command(&load).spawn().unwrap();
    cellar.wait_for_calls(before + CALLS_BEFORE + 5);

    cellar.server.signal("STOP");
    let stopped = Instant::now();
    while stopped.elapsed() < STALL {
        std::thread::yield_now();
    }
    cellar.server.signal("CONT");
    // More than the ones that became due meanwhile, so that they have been sent.
    cellar.wait_for_calls(before + CALLS_BEFORE + 5 + 70);
    interrupt(&child);
    let document = json(&child.wait_with_output().unwrap());

    // One call was under way. Had the others been made when it ended, none of them would have been slow.
    let late = STALL.as_secs_f64() * 1e3 - 100.0;
    assert!(number(&document["answered_ms"], "max") >= late, "{document}");
    assert!(number(&document["waited_ms"], "max") >= late, "{document}");
    assert!(document["errors"].as_object().unwrap().is_empty(), "{document}");
}

#[test]
fn errors_do_not_end_a_load_and_are_counted_by_code() {
    let cellar = Cellar::start(&["--batching-max-delay-ms", "60000"]); // Every call waits for company until its deadline.
    let (load, time) = (["--connections", "4", "--pipelining", "32", "--deadline", "0.5"], ["--duration", "0.2"]);
    let flags = [&load[..], &time, &["--warm-up", "0", "--timeout", "10"]].concat();

    let document = json(&cellar.run(&[&flags[..], &["--json"]].concat()));
    let told = text(&cellar.run(&flags));

    assert_eq!(document["answered"], 0);
    assert_eq!(document["errors"]["DEADLINE_EXCEEDED"], document["calls"]);
    assert!(count(&document, "calls") >= 128, "{document}");
    for part in ["DEADLINE_EXCEEDED; 0 reconnects", "last error  ", "0 of "] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
}

#[test]
fn a_server_that_goes_away_is_seen_as_errors_and_ctrl_c_ends_the_load_with_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("modelwire.sock");
    let cellar = Cellar::start(&["--listen-unix", &socket.display().to_string()]);
    let (before, address) = (cellar.calls(), format!("unix:{}", socket.display()));
    let load = ["--address", &address, "--connections", "1", "--duration", "600", "--warm-up", "0", "--json"];
    let child = cellar.command(&load).spawn().unwrap();
    cellar.wait_for_calls(before + CALLS_BEFORE + 100);

    cellar.server.kill();
    std::fs::remove_file(&socket).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let (_reconnected, _) = listener.accept().unwrap(); // It is opened again once the loss of the first has been counted.
    interrupt(&child);
    let output = child.wait_with_output().unwrap();

    let document = json(&output);
    assert!(output.status.success() && count(&document, "answered") > 0, "{document}");
    assert!(count(&document["errors"], "UNAVAILABLE") >= 1, "{document}");
}

#[test]
fn the_knee_of_a_server_is_the_highest_rate_that_it_sustained() {
    let cellar = Cellar::start(&["--batching-threads", "1"]);
    let (plot, path) = cellar.file("knee.svg");
    let flags =
        ["--find-knee", "--rate", "20", "--max-p99", "20", "--duration", "0.1", "--warm-up", "0", "--connections", "2"];

    let document = json(&cellar.run(&[&flags[..], &["--plot", &path, "--json"]].concat()));

    let steps = document["steps"].as_array().unwrap();
    let rates: Vec<f64> = steps.iter().map(|step| number(step, "rate")).collect();
    assert!(rates.is_sorted() && rates.contains(&20.0), "{document}");
    let knee = number(&document, "knee_per_second");
    let sustained = steps.iter().filter(|step| step["judgement"] == "sustained").map(|step| number(step, "rate"));
    assert_eq!(sustained.reduce(f64::max), Some(knee), "{document}");
    assert!(rates.iter().filter(|rate| **rate > knee).count() >= 2, "what is above it failed twice: {document}");
    let texts = drawn(&plot);
    for part in ["offered (calls/s)", "latency (ms)", "answered (calls/s)", "p50", "p99", "goodput"] {
        assert!(texts.iter().any(|text| text == part), "{part:?} is not in {texts:?}");
    }
}

#[test]
fn a_bound_that_no_server_keeps_ends_the_search_without_a_knee() {
    let cellar = Cellar::start(&[]);
    let flags = ["--find-knee", "--rate", "2", "--max-p99", "0.000001", "--duration", "0.05", "--warm-up", "0"];

    let told = text(&cellar.run(&flags));

    assert!(told.contains("No rate that was tried was sustained: 95 % answered"), "{told}");
    assert!(told.contains("too slow"), "{told}");
}

#[test]
fn rows_of_a_file_are_called_by_name_and_the_latency_is_drawn() {
    let cellar = Cellar::start(&[]);
    let (plot, path) = cellar.file("latency.svg");
    let rows = fixture("wine.csv").display().to_string();
    let flags = ["--rows", &rows, "--batch-rows", "10", "--rate", "100", "--duration", "0.2", "--warm-up", "0"];

    let output = cellar.run(&[&flags[..], &["--plot", &path, "--deadline", "5", "--threads", "2"]].concat());

    let told = text(&output);
    for part in [
        "left out what wine@1 does not take: quality",
        "deadline 5000 ms",
        "errors    none",
        "open loop of 100",
        "p99.9",
    ] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
    let texts = drawn(&plot);
    assert!(texts.iter().any(|text| text == "latency (ms)") && texts.iter().any(|text| text == "90 %"), "{texts:?}");
}

#[test]
fn a_drawing_that_cannot_be_written_is_said_before_the_load() {
    let cellar = Cellar::start(&[]);
    let before = cellar.calls();
    let (_, path) = cellar.file("nowhere/latency.svg");

    let refused = cellar.command(&["--plot", &path, "--duration", "60"]).output().unwrap();

    assert!(!refused.status.success());
    assert!(text(&refused).contains("nowhere/latency.svg cannot be written: "), "{}", text(&refused));
    assert_eq!(cellar.calls(), before + CALLS_BEFORE);
}

#[test]
fn what_is_wrong_with_every_call_is_said_before_the_load() {
    let cellar = Cellar::start(&[]);
    let (path, text_path) = cellar.file("rows.csv");
    std::fs::write(&path, "alcohol\n1\n").unwrap();

    let column = cellar.command(&["--rows", &text_path]).output().unwrap();
    let few = cellar
        .command(&["--rows", &fixture("wine.csv").display().to_string(), "--batch-rows", "100000"])
        .output()
        .unwrap();
    let http = cellar.command(&["--transport", "http", "--pipelining", "2"]).output().unwrap();

    assert_eq!([&column, &few, &http].map(|output| output.status.code()), [Some(1), Some(2), Some(1)]);
    assert!(text(&column).contains("is missing"), "{}", text(&column));
    assert!(text(&few).contains("lower --batch-rows"), "{}", text(&few));
    assert!(text(&http).contains("take 1"), "{}", text(&http));
}
