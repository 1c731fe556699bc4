//! Starting and stopping: one clear sentence where it cannot start, nothing lost where it stops.

use crate::harness::{HELLO, SOON, TestServer, command, contains, echo, framed, read_frame, wait, watch_job};
use crate::stock::{Clients, clustering};
use modelwire::wire::training::TTrainingSyncClient;
use std::io::{Cursor, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

/// An echo of 8 MB: its reply fills the socket's buffers, so that the call is in flight until it is read.
fn large_echo() -> Vec<u8> {
    echo(1, &vec![7; 8_000_000])
}

#[test]
fn told_to_stop_it_finishes_the_calls_that_have_begun_and_exits_with_zero() {
    for signal in ["TERM", "INT"] {
        let data = tempfile::tempdir().unwrap();
        let mut server = TestServer::start(data.path());
        let mut stream = server.connect();
        stream.write_all(&large_echo()).unwrap();
        let mut first = [0; 1000];
        stream.read_exact(&mut first).unwrap(); // The reply has begun and does not fit the socket's buffers.

        server.signal(signal);
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();

        assert!(first.len() + rest.len() > 8_000_000, "the reply was cut off after {} bytes", rest.len());
        assert_eq!(server.wait().code(), Some(0), "after SIG{signal}");
    }
}

#[test]
fn calls_that_were_sent_but_not_begun_do_not_destroy_the_reply_before_them() {
    let data = tempfile::tempdir().unwrap();
    let mut server = TestServer::start_with(data.path(), &["--server-max-calls-in-flight", "1"], &[]);
    let mut stream = server.connect();
    stream.write_all(&large_echo()).unwrap();
    let mut first = [0; 1000];
    stream.read_exact(&mut first).unwrap(); // Nothing more is read there until this reply has been taken.
    stream.write_all(&framed(HELLO).repeat(5_000)).unwrap();

    server.signal("TERM");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("the connection is closed and not reset");

    let mut replies = Cursor::new([&first[..], &rest].concat());
    assert_eq!(read_frame(&mut replies).unwrap().len(), large_echo().len() - 4);
    while replies.position() < replies.get_ref().len() as u64 {
        assert!(contains(&read_frame(&mut replies).expect("a whole reply"), b"Hello, World!"));
    }
    drop(stream);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn who_watches_a_job_is_answered_at_once_and_the_end_comes_as_soon_as_the_fit_is_left() {
    let data = tempfile::tempdir().unwrap();
    let mut server = TestServer::start_with(data.path(), &["--server-grace-ms", "60000"], &[]);
    let mut clients = Clients::of(&server);
    let running = clients.training.train(clustering(4_000, 8)).unwrap().job.unwrap().id.unwrap();
    let seen = clients.wait_for_fit(&running);
    let waiting = clients.train("line").unwrap().id.unwrap();
    let mut watchers = [watch(&server, &running, seen), watch(&server, &waiting, 0)];

    server.signal("TERM");
    let replies = watchers.each_mut().map(|stream| read_frame(stream).expect("a watcher is answered"));
    let code = server.wait().code(); // Within our patience, which is a third of the grace and shorter than the long poll.

    let no_events = b"\x0f\x00\x01\x0c\x00\x00\x00\x00";
    assert!(contains(&replies[0], b"RUNNING"), "{:?}", replies[0]);
    assert!(contains(&replies[1], b"QUEUED") && contains(&replies[1], no_events), "{:?}", replies[1]);
    assert_eq!(code, Some(0));
}

/// A connection that waits for the next event of a job. The greeting before it is there, so the server has the call.
fn watch(server: &TestServer, job_id: &str, after_sequence: i64) -> TcpStream {
    let watch = watch_job(2, job_id, after_sequence, 30_000);
    let mut stream = server.connect();
    stream.write_all(&[framed(HELLO), watch].concat()).unwrap();
    read_frame(&mut stream).unwrap();
    stream
}

#[test]
fn an_idle_connection_does_not_hold_up_the_end() {
    let data = tempfile::tempdir().unwrap();
    let mut server = TestServer::start(data.path());
    let mut idle = server.connect();
    idle.write_all(&framed(HELLO)).unwrap();
    read_frame(&mut idle).unwrap();

    server.signal("TERM");

    assert_eq!(idle.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_fit_that_runs_does_not_hold_up_the_end_and_is_run_again_at_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let mut server = TestServer::start_with(data.path(), &["--server-grace-ms", "1"], &[]);
    let mut clients = Clients::of(&server);
    let hours = clustering(20_000, 1_000);
    let job_id = clients.training.train(hours).unwrap().job.unwrap().id.unwrap();
    clients.wait_for_fit(&job_id);

    server.signal("TERM");

    assert_eq!(server.wait().code(), Some(0));
    let job = Clients::of(&TestServer::start(data.path())).job(&job_id).unwrap();
    assert!(matches!(job.state_name.as_deref(), Some("QUEUED" | "RUNNING")), "{job:?}");
}

/// Exit code and standard error of a server that should not start.
fn refused(command: &mut std::process::Command) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let code = wait(&mut child).code();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    (code, text)
}

#[test]
fn a_port_in_use_is_one_sentence_and_exit_code_one() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_modelwire"));
    let (code, text) = refused(command.args(["serve", "--listen", &address, "--data"]).arg(data.path()));

    assert_eq!(code, Some(1));
    assert!(text.starts_with(&format!("modelwire: cannot listen on {address}")) && text.lines().count() == 1, "{text}");
}

#[test]
fn a_data_folder_that_is_a_file_is_one_sentence_and_exit_code_one() {
    let file = tempfile::NamedTempFile::new().unwrap();

    let (code, text) = refused(&mut command(file.path()));

    assert_eq!(code, Some(1));
    assert!(text.contains(&*file.path().to_string_lossy()) && text.lines().count() == 1, "{text}");
}

#[test]
fn a_file_of_tokens_that_is_missing_is_one_sentence_and_exit_code_one() {
    let data = tempfile::tempdir().unwrap();
    let missing = data.path().join("tokens.toml");

    let (code, text) = refused(command(data.path()).arg("--tokens").arg(&missing));

    assert_eq!(code, Some(1));
    assert!(text.contains(&*missing.to_string_lossy()) && text.lines().count() == 1, "{text}");
}

#[test]
fn a_second_server_on_the_same_data_folder_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let _first = TestServer::start(data.path());

    let (code, text) = refused(&mut command(data.path()));

    assert_eq!(code, Some(1));
    assert!(contains(text.as_bytes(), b"in use"), "{text}");
}

#[test]
fn wrong_flags_and_settings_are_exit_code_two() {
    let data = tempfile::tempdir().unwrap();
    let settings = data.path().join("modelwire.toml");
    std::fs::write(&settings, "[server]\nmax_frame_byte = 1\n").unwrap();

    let (code, text) = refused(command(data.path()).arg("--no-such-flag"));
    assert_eq!(code, Some(2));
    assert!(text.contains("--no-such-flag"), "{text}");

    let (code, text) = refused(command(data.path()).arg("--config").arg(&settings));
    assert_eq!(code, Some(2));
    assert!(text.contains("max_frame_byte"), "{text}");

    let (code, text) = refused(command(data.path()).env("MODELWIRE_TRAINING_THREADS", "0"));
    assert_eq!(code, Some(2));
    assert!(text.contains("training.threads is 0"), "{text}");
}

/// A process that is stopped accepts nobody: those whom the system's queue does not take find no way in.
#[test]
fn clients_that_come_all_at_once_are_let_in_while_the_server_is_busy() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let address = server.address.parse().unwrap();
    server.signal("STOP");

    let connected: Vec<_> = (0..400).map(|_| TcpStream::connect_timeout(&address, SOON)).collect();

    server.signal("CONT");
    let refused = connected.iter().filter(|connected| connected.is_err()).count();
    assert_eq!(refused, 0, "of 400 connections");
    server.metrics(400);
}
