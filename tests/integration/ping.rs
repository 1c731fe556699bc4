//! `modelwire ping`: what it measures, and what it makes of a server that goes away.

use crate::harness::{Metrics, PATIENCE, TestServer};
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

fn ping(address: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modelwire"));
    command.args(["ping", address]).args(flags).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

/// A server that listens on a socket in the folder too, and the address of that.
fn on_a_socket(folder: &Path) -> (TestServer, String) {
    let socket = folder.join("modelwire.sock").display().to_string();
    let server = TestServer::start_with(&folder.join("data"), &["--listen-unix", &socket], &[]);
    (server, format!("unix:{socket}"))
}

/// Waits until a server has begun so many calls.
fn wait_for_calls(server: &TestServer, wanted: u64) {
    let started = Instant::now();
    while Metrics::read(&server.address).calls() < wanted {
        assert!(started.elapsed() < PATIENCE, "nobody calls");
    }
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("there is a kill command").success());
}

#[test]
fn round_trips_and_bandwidth_come_as_a_document() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());

    let output = ping(&server.address, &["--count", "20", "--interval", "0", "--size", "1000", "--json"]).output();

    let document = json(&output.unwrap());
    let number = |name: &str| document[name].as_u64().unwrap();
    assert_eq!(document["server"], server.address.as_str());
    assert_eq!(["calls", "size_bytes", "lost", "reconnects"].map(number), [20, 1000, 0, 0]);
    let times = ["min", "p50", "p90", "p99", "max"].map(|name| document["latency_ms"][name].as_f64().unwrap());
    assert!(times[0] > 0.0 && times.is_sorted(), "{document}");
    for way in ["up", "down"] {
        assert!(document["bandwidth_mb_per_second"][way].as_f64().unwrap() > 0.1, "{document}");
    }
}

#[test]
fn round_trips_and_bandwidth_come_as_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    for format in [["header", "compact"], ["http", "json"]] {
        let flags = ["--count", "5", "--transport", format[0], "--protocol", format[1]];

        let output = ping(&server.address, &flags).output().unwrap();

        let text = text(&output);
        assert!(output.status.success(), "{text}");
        for part in [
            &format!("server     {}\n", server.address)[..],
            "5 of 64 bytes, 0 lost (0.0 %), 0 reconnects\n",
            " MB/s up, ",
            " MB/s down\n",
            "latency  min",
            "\nms ",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }
}

/// Takes a connection where the server was, and drops it: the server may be back before anybody has called it in vain.
fn lose_a_call(folder: &Path) {
    let path = folder.join("modelwire.sock");
    std::fs::remove_file(&path).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    drop(listener.accept().unwrap());
    drop(listener);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_server_that_goes_away_and_comes_back_is_seen_as_losses_and_reconnects() {
    let folder = tempfile::tempdir().unwrap();
    let (server, address) = on_a_socket(folder.path());
    let child = ping(&address, &["--duration", "600", "--interval", "0.001", "--json"]).spawn().unwrap();
    wait_for_calls(&server, 10);

    server.kill();
    lose_a_call(folder.path());
    let (server, _) = on_a_socket(folder.path());
    wait_for_calls(&server, 10);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();

    let document = json(&output);
    assert!(output.status.success(), "{document}");
    assert!(document["lost"].as_u64().unwrap() >= 1, "{document}");
    assert!(document["reconnects"].as_u64().unwrap() >= 1, "{document}");
    assert!(document["calls"].as_u64().unwrap() >= 10 + document["lost"].as_u64().unwrap(), "{document}");
    assert_eq!(document["bandwidth_mb_per_second"]["up"], Value::Null, "it was ended before");
}

#[test]
fn a_time_ends_it_as_a_count_does() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());

    let started = Instant::now();
    let output = ping(&server.address, &["--duration", "0.05", "--interval", "0.02", "--json"]).output().unwrap();

    let calls = json(&output)["calls"].as_u64().unwrap();
    assert!((1..=3).contains(&calls), "{calls} calls");
    assert!(started.elapsed() < PATIENCE);
}

#[test]
fn no_answer_at_all_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();

    let silent = ping(&address, &["--count", "2", "--timeout", "0.05"]).output().unwrap();
    drop(listener);
    let gone = ping(&address, &[]).output().unwrap();

    assert_eq!((silent.status.code(), gone.status.code()), (Some(1), Some(1)));
    assert!(text(&silent).contains("none of 2 calls was answered; the last: "), "{}", text(&silent));
    assert!(text(&gone).contains("cannot be reached"), "{}", text(&gone));
}
