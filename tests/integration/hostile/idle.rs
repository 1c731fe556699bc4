//! As many connections as a port has, which have nothing to say.

use crate::harness::{HELLO, TestServer, contains, framed, read_frame};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::Write;
use std::net::TcpStream;
use std::time::Instant;

const CONNECTIONS: u64 = 10_000;
/// What one may take in the server, beside what the kernel keeps for it.
const MOST_BYTES: u64 = 8 << 10;

/// Lets this process have that many files open, if it may.
fn raise_file_limit(files: u64) -> bool {
    let limit = getrlimit(Resource::Nofile);
    let enough = limit.maximum.is_none_or(|maximum| maximum >= files);
    enough && setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).is_ok()
}

/// A connection that has called once, or has said nothing yet.
fn idle(server: &TestServer, has_called: bool) -> TcpStream {
    let mut stream = server.connect();
    if has_called {
        stream.write_all(&framed(HELLO)).unwrap();
        assert!(contains(&read_frame(&mut stream).unwrap(), b"Hello, World!"));
    }
    stream
}

#[test]
fn ten_thousand_idle_connections_stay_open_take_little_and_stop_no_call() {
    if !raise_file_limit(CONNECTIONS + 1_000) {
        assert!(std::env::var("CI").as_deref() != Ok("1"), "a process may not have {CONNECTIONS} files open");
        eprintln!("skipped: {CONNECTIONS} idle connections (a process may not have as many files open)");
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let many = (CONNECTIONS + 100).to_string();
    let flags = [
        "--server-max-connections",
        &many,
        "--server-max-connections-per-address",
        &many,
        "--server-first-byte-ms",
        "60000",
    ];
    let server = TestServer::start_with(data.path(), &flags, &[]);
    server.assert_serving();
    let (started, before) = (Instant::now(), server.memory("VmRSS:"));

    let open: Vec<TcpStream> = (0..CONNECTIONS).map(|at| idle(&server, at % 2 == 0)).collect();
    let metrics = server.metrics(CONNECTIONS);
    let each = server.memory("VmRSS:").saturating_sub(before) / CONNECTIONS;
    for _ in 0..100 {
        server.assert_serving();
    }

    println!("{CONNECTIONS} connections in {:?}; {each} bytes for each that is idle", started.elapsed());
    assert_eq!(metrics.connections(), CONNECTIONS);
    assert!(each < MOST_BYTES, "{each} bytes for each that is idle");
    let mut answered = 0;
    for mut stream in open.into_iter().step_by(100) {
        stream.write_all(&framed(HELLO)).unwrap();
        answered += usize::from(contains(&read_frame(&mut stream).unwrap(), b"Hello, World!"));
    }
    assert_eq!(answered, 100);
}
