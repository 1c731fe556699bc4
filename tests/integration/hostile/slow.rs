//! Connections that are slow, greedy or silent: they are closed in time, and nobody else waits for them.

use super::busy::Busy;
use super::value::Call;
use crate::harness::{
    Carrier, HELLO, HELLO_COMPACT, PATIENCE, SOON, TestServer, contains, echo, framed, read_frame, watch_job,
};
use crate::stock::{Clients, clustering};
use modelwire::wire::training::TTrainingSyncClient;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The time limit under test; those beside it are ten seconds or more.
const LIMIT: Duration = Duration::from_millis(400);
/// As long as a close may take on a machine that is busy; less than any other limit.
const IN_TIME: Duration = Duration::from_secs(5);

/// A server with this limit at [`LIMIT`].
fn limited(data: &tempfile::TempDir, flag: &str) -> TestServer {
    TestServer::start_with(data.path(), &[flag, &LIMIT.as_millis().to_string()], &[])
}

/// Calls the server on fresh connections until `closing` has seen the end of its own; how long that took.
fn serve_others_until(server: &TestServer, closing: impl FnOnce() + Send) -> Duration {
    let started = Instant::now();
    std::thread::scope(|scope| {
        let closing = scope.spawn(closing);
        while !closing.is_finished() {
            server.assert_serving();
        }
        closing.join().unwrap();
    });
    started.elapsed()
}

fn assert_closed_in_time(flag: &str, reason: &str, first: &[u8], server: TestServer) {
    let mut stream = server.connect();
    stream.write_all(first).unwrap();
    let mut said = Vec::new();

    let elapsed = serve_others_until(&server, || {
        stream.read_to_end(&mut said).expect("the connection is closed and not reset");
    });
    drop(stream);

    let answered = contains(&said, b"Hello, World!");
    assert_eq!(answered, first == framed(HELLO), "{flag}: {said:?}");
    assert!((LIMIT..IN_TIME).contains(&elapsed), "{flag}: it was closed after {elapsed:?}");
    assert_eq!(server.metrics(0).refused(reason), 1, "{flag}");
}

#[test]
fn a_connection_that_says_nothing_is_closed_in_time_while_others_are_served() {
    let data = tempfile::tempdir().unwrap();
    let flag = "--server-first-byte-ms";
    assert_closed_in_time(flag, "first_byte_time", b"", limited(&data, flag));
}

#[test]
fn a_message_that_stops_half_way_is_given_up_in_time_while_others_are_served() {
    let flag = "--server-message-ms";
    let theader = Carrier::THeader.wrap(modelwire::wire::Protocol::Binary, HELLO);
    for half in [&framed(HELLO)[..12], &HELLO[..12], &HELLO_COMPACT[..1], &framed(HELLO)[..1], &theader[..16]] {
        let data = tempfile::tempdir().unwrap();
        assert_closed_in_time(flag, "message_time", half, limited(&data, flag));
    }
}

#[test]
fn a_connection_that_has_no_more_to_say_is_closed_in_time_while_others_are_served() {
    let data = tempfile::tempdir().unwrap();
    let flag = "--server-idle-ms";
    assert_closed_in_time(flag, "idle_time", &framed(HELLO), limited(&data, flag));
}

#[test]
fn a_byte_now_and_then_does_not_keep_a_message_alive() {
    let large = [7; 200];
    let posted = format!("POST / HTTP/1.1\r\nHost: test\r\nX: {}", "a".repeat(200));
    for (message, words) in [
        (echo(1, &large), ""),
        (echo(1, &large)[4..].to_vec(), ""),
        (posted.into_bytes(), "HTTP/1.1 408 Request Timeout"),
    ] {
        let data = tempfile::tempdir().unwrap();
        let server = limited(&data, "--server-message-ms");
        let mut stream = server.connect();
        stream.set_read_timeout(Some(LIMIT / 10)).unwrap();
        let mut said = vec![];

        let elapsed = serve_others_until(&server, || {
            let sent = message
                .iter()
                .position(|byte| stream.write_all(&[*byte]).is_err() || has_ended(&mut stream, &mut said));
            assert!(sent.is_some(), "the message was taken in full");
        });

        drop(stream);
        assert!((LIMIT..IN_TIME).contains(&elapsed), "it was closed after {elapsed:?}");
        assert!(String::from_utf8_lossy(&said).starts_with(words), "{said:?}");
        assert_eq!(server.metrics(0).refused("message_time"), 1);
    }
}

/// Whether the peer has closed; waits for as long as reads of the stream do.
fn has_ended(stream: &mut TcpStream, said: &mut Vec<u8>) -> bool {
    let mut bytes = [0; 1000];
    match stream.read(&mut bytes) {
        Ok(count) => {
            said.extend(&bytes[..count]);
            count == 0
        }
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn sixty_four_calls_where_four_may_be_in_flight_are_all_answered_in_order_though_the_first_is_the_slowest() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-max-calls-in-flight", "4"], &[]);
    let mut clients = Clients::of(&server);
    let job_id = clients.training.train(clustering(4_000, 8)).unwrap().job.unwrap().id.unwrap();
    let first = watch_job(0, &job_id, clients.wait_for_fit(&job_id), 300);
    let payload = |seqid: i32| vec![seqid.to_le_bytes()[0]; if seqid % 5 == 0 { 100_000 } else { 10 }];
    let echoes = (1..64).flat_map(|seqid| echo(seqid, &payload(seqid)));
    let calls: Vec<u8> = first.into_iter().chain(echoes).collect();
    let mut stream = server.connect();
    let mut writing = stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || writing.write_all(&calls));

    let replies: Vec<Vec<u8>> = (0..64).map(|_| read_frame(&mut stream).expect("a reply to each call")).collect();

    writer.join().unwrap().unwrap();
    assert!(contains(&replies[0], b"RUNNING"), "the first reply is {:?}", replies[0]);
    for (seqid, reply) in (0..).zip(replies).skip(1) {
        assert_eq!(reply[12..16], i32::to_be_bytes(seqid), "the numbers of the calls are in order");
        assert!(reply[26..].starts_with(&payload(seqid)), "call {seqid} has the reply of another");
    }
}

#[test]
fn a_client_that_never_reads_its_replies_stops_nobody_and_is_closed_before_it_takes_much_memory() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-write-ms", "1000"], &[]);
    let mut stream = server.connect();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let call = echo(1, &vec![7; 4_000_000]);

    let (elapsed, grown) = server.peak_memory(|| {
        serve_others_until(&server, || {
            let refused = (0..100).find_map(|_| stream.write_all(&call).err()).expect("400 MB are not taken");
            assert!(matches!(refused.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{refused}");
        })
    });

    drop(stream);
    assert!(elapsed < PATIENCE, "it was closed after {elapsed:?}");
    assert!(grown < 64 << 20, "16 calls of 4 MB would fit, and memory grew by {grown} bytes");
    assert_eq!(server.metrics(0).refused("write_time"), 1);
}

/// A connection whose call has begun and lasts for half a minute.
fn with_a_long_call(busy: &Busy) -> TcpStream {
    let call: Call = busy.watch(1, 30_000, None);
    let mut stream = busy.server.connect();
    let binary = modelwire::wire::Protocol::Binary;
    stream.write_all(&[framed(HELLO), framed(&call.written(binary))].concat()).unwrap();
    stream
}

#[test]
fn the_calls_of_a_peer_that_has_ended_its_output_go_on_for_a_while_and_are_cancelled_then() {
    let busy = Busy::start(&["--server-half-close-ms", "400"]);
    // Whether the end is seen before or after the first reply is written is up to the server's threads.
    let half_closed: Vec<TcpStream> = (0..16).map(|_| with_a_long_call(&busy)).collect();
    let started = Instant::now();
    half_closed.iter().for_each(|stream| stream.shutdown(std::net::Shutdown::Write).unwrap());

    for mut stream in half_closed {
        let mut said = vec![];
        stream.read_to_end(&mut said).expect("the connection is closed and not reset");

        assert!((LIMIT..IN_TIME).contains(&started.elapsed()), "it was closed after {:?}", started.elapsed());
        assert!(contains(&said, b"Hello, World!"), "the reply before it came");
    }
    assert_eq!(busy.server.metrics(0).cancelled("disconnect"), 16);
}

#[test]
fn the_calls_of_a_peer_that_is_gone_are_cancelled_at_once() {
    let busy = Busy::start(&[]);
    let gone = with_a_long_call(&busy);
    gone.peek(&mut [0]).unwrap();
    drop(gone); // Over a reply that was not read: the peer's system resets the connection.

    let started = Instant::now();
    while busy.server.metrics(0).cancelled("disconnect") == 0 {
        assert!(started.elapsed() < SOON, "the call goes on");
    }
}
