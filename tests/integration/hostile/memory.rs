//! Memory that messages claim and do not fill, or wait for: others are answered in their time, or told that it is over.

use super::busy::Busy;
use super::value::{Call, Value, record};
use crate::harness::{Carrier, Metrics, PATIENCE, Reply, SOON, TestServer, contains, echo, framed, read_frame};
use modelwire::wire::Protocol::Binary;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Who holds memory and brings nothing has it no longer than this, beside what a busy machine takes.
const STALL: Duration = Duration::from_secs(5);

fn server(memory: &str) -> (TestServer, tempfile::TempDir) {
    let data = tempfile::tempdir().unwrap();
    (TestServer::start_with(data.path(), &["--server-max-memory-bytes", memory], &[]), data)
}

fn held(server: &TestServer) -> u64 {
    Metrics::read(&server.address).held_bytes()
}

/// An `echo` of so many bytes whose caller waits for as long.
fn within(deadline: Duration, bytes: usize) -> Vec<u8> {
    let context = record([(1, Value::I64(deadline.as_millis().try_into().unwrap()))]);
    framed(&Call::new("echo", [(1, context), (2, Value::Binary(vec![7; bytes]))]).written(Binary))
}

/// Sends a whole message, and waits for the reply.
fn converse(server: &TestServer, sent: &[u8]) -> Reply {
    let mut stream = server.connect();
    std::thread::scope(|scope| {
        let mut writing = stream.try_clone().unwrap();
        scope.spawn(move || writing.write_all(sent));
        Carrier::Framed.replies(Binary, &framed(&read_frame(&mut stream).expect("a reply"))).unwrap().remove(0)
    })
}

#[test]
fn forty_who_claim_much_and_bring_little_keep_a_large_message_of_another_no_longer_than_its_deadline() {
    let claim = &echo(1, &vec![7; 16_000_000])[..17_000];
    for memory in ["1073741824", "16777216"] {
        let (server, _data) = server(memory);
        let mut claims: Vec<TcpStream> = (0..40).map(|_| server.connect()).collect();
        claims.iter_mut().for_each(|stream| stream.write_all(claim).unwrap());
        let started = Instant::now();
        while held(&server) < 4_000_000 {
            assert!(started.elapsed() < SOON, "the claims hold {} bytes", held(&server));
        }
        let answered = AtomicBool::new(false);

        let (reply, elapsed) = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !answered.load(Ordering::Relaxed) {
                    for stream in &mut claims {
                        let _ = stream.write_all(&[7]); // It may have been closed.
                    }
                    let mut next = server.connect();
                    next.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
                    let _ = next.read(&mut [0]); // Until the next byte of each.
                }
            });
            let started = Instant::now();
            let reply = converse(&server, &within(Duration::from_secs(10), 128_000));
            answered.store(true, Ordering::Relaxed);
            (reply, started.elapsed())
        });

        assert!(matches!(reply, Reply::Answer(_)), "of {memory}: {reply:?} after {elapsed:?}");
        let most = held(&server);
        assert!(most <= 40 * 17_000 * 32, "{most} bytes are held for 17,000 of each");
        drop(claims);
        assert_eq!(server.metrics(0).held_bytes(), 0);
    }
}

/// A connection whose message of a megabyte has come to more than a half, and so has paid for all of it.
fn half(server: &TestServer, call: &[u8]) -> TcpStream {
    let (mut stream, before) = (server.connect(), held(server));
    stream.write_all(&call[..600_000]).unwrap();
    let started = Instant::now();
    while held(server) < before + 2_000_000 {
        assert!(started.elapsed() < SOON, "{} bytes are held", held(server));
    }
    stream
}

#[test]
fn a_message_that_waited_for_memory_longer_than_its_deadline_is_told_so_and_not_computed() {
    let (server, _data) = server("4194304");
    let call = echo(1, &vec![7; 1_000_000]);
    let mut open = [half(&server, &call), half(&server, &call)];
    let mut waiting = server.connect();
    let mut writing = waiting.try_clone().unwrap();
    let writer = std::thread::spawn(move || writing.write_all(&within(Duration::from_millis(200), 1_000_000)));
    waiting.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    let nothing = waiting.read(&mut [0]).expect_err("there is no room for it");
    assert!(matches!(nothing.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing}");

    for stream in &mut open {
        stream.write_all(&call[600_000..]).unwrap();
        assert!(read_frame(stream).unwrap().len() > 1_000_000, "nobody is late who had memory");
    }
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    let reply = framed(&read_frame(&mut waiting).unwrap());

    writer.join().unwrap().unwrap();
    let Reply::Declared(fault) = Carrier::Framed.replies(Binary, &reply).unwrap().remove(0) else { panic!("no error") };
    assert_eq!((fault.code.as_str(), fault.executed), ("DEADLINE_EXCEEDED", Some(false)));
    waiting.write_all(&within(PATIENCE, 1_000_000)).unwrap();
    assert!(read_frame(&mut waiting).unwrap().len() > 1_000_000, "its connection goes on");
    drop((open, waiting));
    let metrics = server.metrics(0);
    assert_eq!((metrics.held_bytes(), metrics.refused("deadline")), (0, 1));
}

/// A message of which little more than half has come, and holds memory, behind a call that lasts so many milliseconds; and
/// when it was sent.
fn half_there_behind(busy: &Busy, wait_ms: i64) -> (TcpStream, Instant) {
    let slow = framed(&busy.watch(1, wait_ms, None).written(Binary));
    let mut stream = busy.server.connect();
    stream.write_all(&[&slow, &echo(2, &vec![7; 1_000_000])[..600_000]].concat()).unwrap();
    let started = Instant::now();
    while held(&busy.server) < 2_000_000 {
        assert!(started.elapsed() < SOON, "nothing is held for it");
    }
    (stream, started)
}

#[test]
fn a_half_message_behind_a_slow_call_is_given_up_and_the_call_is_answered() {
    let busy = Busy::start(&[]);
    let (mut stream, started) = half_there_behind(&busy, 12_000);

    while held(&busy.server) > 0 {
        assert!(started.elapsed() < 2 * STALL, "it is held for {:?}", started.elapsed());
    }

    stream.set_nonblocking(true).unwrap();
    let unanswered = stream.peek(&mut [0]).expect_err("the call still runs");
    assert_eq!(unanswered.kind(), ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    assert!(contains(&read_frame(&mut stream).expect("the slow call is answered"), b"watch_job"));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "what comes behind a message that is given up is not read");
    drop(stream);
    assert_eq!(busy.server.metrics(0).refused("message_time"), 1);
}

#[test]
fn a_peer_that_ends_its_output_in_a_message_gives_back_what_that_held_at_once() {
    let busy = Busy::start(&["--server-half-close-ms", "60000"]);
    let (stream, _) = half_there_behind(&busy, 30_000);

    stream.shutdown(std::net::Shutdown::Write).unwrap();

    let started = Instant::now();
    while held(&busy.server) > 0 {
        assert!(started.elapsed() < STALL / 2, "it is held for {:?}", started.elapsed());
    }
}
