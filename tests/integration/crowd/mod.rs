//! A crowd at one server: callers that leave, lie, hurry, flood it, or send what makes a model panic, beside callers that do
//! nothing wrong and must not notice. Who does what when comes from a seed that is printed.

mod bad;
mod question;

use crate::harness::{Metrics, PATIENCE, Random, Reply, SOON, TestServer, seed};
use crate::stock::{Clients, centres, of_rows, state, step};
use bad::Bad;
use modelwire::data::Column;
use modelwire::wire::training::TTrainingSyncClient;
use question::{CENTRES, Questions, WAYS, rows};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::path::Path;
use std::time::{Duration, Instant};

/// Rows that the queue takes.
const QUEUE_ROWS: usize = 1000;
const QUEUE_FLAG: &str = "1000";
/// Most calls in flight on a connection: enough for one to ask for ten times what the queue takes.
const CALLS_FLAG: &str = "100";
/// The crowd comes for so long.
const DURATION: Duration = Duration::from_secs(8);
/// Callers that do everything wrong, each again and again.
const N_BAD: u64 = 6;

/// Who does nothing wrong finds no room once in so many calls at the most: where it asks for much itself, while the queue is full
/// of what others sent.
const SELDOM: u64 = 50;

/// What a caller that does nothing wrong was told.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    answered: u64,
    /// There was no room at that time.
    refused: u64,
}

/// A server with `plane` and `centres`, where rows with [`question::POISON`] panic.
fn server(data: &Path) -> TestServer {
    let flags = ["--batching-max-queue-rows", QUEUE_FLAG, "--server-max-calls-in-flight", CALLS_FLAG];
    let flags = [&flags[..], &["--server-max-calls", "600", "--batching-threads", "2"]].concat();
    // Every panic is told, in a few words.
    let environment = [("MODELWIRE_FAILPOINT", "compute:poison"), ("RUST_LOG", "off"), ("RUST_BACKTRACE", "0")];
    let server = TestServer::start_with(data, &flags, &environment);
    let mut clients = Clients::of(&server);
    let rows = rows(1, 200);
    let columns = rows.columns().into_iter().enumerate();
    let mut columns: Vec<_> = columns.map(|(at, column)| Column::float(format!("x{at}"), column.to_vec())).collect();
    let clustering = of_rows(CENTRES, centres(64, 2), None, columns.clone());
    columns.push(Column::float("y", rows.rows().into_iter().map(|row| row.sum()).collect()));
    for request in [clustering, of_rows("plane", step("linear_regression"), Some("y"), columns)] {
        let job = clients.training.train(request).unwrap().job.unwrap();
        assert_eq!(state(&clients.wait(&job.id.unwrap()).unwrap()), "SUCCEEDED");
    }
    server
}

#[test]
fn whatever_a_crowd_does_who_does_nothing_wrong_gets_the_right_answers_once_in_order_and_in_time() {
    let (data, seed) = (tempfile::tempdir().unwrap(), seed());
    let server = server(data.path());
    let questions = WAYS.map(|way| Questions::asked(&server, way));
    let (before, end) = (server.metrics(0), Instant::now() + DURATION);
    let (server, random) = (&server, |number| Random(Random(seed).next() ^ Random(number).next()));

    let told: Vec<Told> = std::thread::scope(|scope| {
        for number in 0..N_BAD {
            let questions = &questions;
            scope.spawn(move || println!("{:?}", misbehave(server, questions, random(number), end)));
        }
        let flood = scope.spawn(|| flood(server, &questions[0], end));
        let good = questions
            .iter()
            .zip(N_BAD..)
            .map(|(it, number)| scope.spawn(move || behave(server, it, random(number), end)));
        let good: Vec<_> = good.collect();
        println!("the flood: {:?}", flood.join().unwrap());
        good.into_iter().map(|caller| caller.join().unwrap()).collect()
    });

    println!("who did nothing wrong: {told:?}");
    assert!(told.iter().all(|told| told.answered > SELDOM * told.refused), "too many found no room: {told:?}");
    assert_recovered(server, &questions, &before);
}

/// Does one wrong thing after the other; how often each.
fn misbehave(server: &TestServer, questions: &[Questions], mut random: Random, end: Instant) -> BTreeMap<Bad, u32> {
    let mut done = BTreeMap::new();
    while Instant::now() < end {
        let bad = Bad::any(&mut random);
        bad.act(server, questions, &mut random);
        *done.entry(bad).or_default() += 1;
    }
    done
}

/// Asks several things at once over one connection, again and again.
fn behave(server: &TestServer, questions: &Questions, mut random: Random, end: Instant) -> Told {
    let (mut stream, mut told) = (server.connect(), Told::default());
    while Instant::now() < end {
        let asked = questions.some(&mut random);
        let begun = Instant::now();
        stream.write_all(&asked.iter().flat_map(|question| &question.sent).copied().collect::<Vec<_>>()).unwrap();
        let replies = questions.way.read(&mut stream, asked.len());
        let took = begun.elapsed();

        assert!(took < question::DEADLINE + SOON, "{:?} waited {took:?}", questions.way);
        asked.iter().zip(&replies).for_each(|(question, reply)| told.count(reply, &question.answer));
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let mut rest = vec![];
    stream.read_to_end(&mut rest).expect("the connection is closed and not reset");
    assert_eq!(rest, b"", "a reply that nobody asked for");
    told
}

impl Told {
    /// The answer to the bit, or that there was no room.
    fn count(&mut self, reply: &Reply, answer: &Reply) {
        match reply {
            reply if reply == answer => self.answered += 1,
            Reply::Declared(fault) if fault.code == "OVERLOADED" && fault.executed == Some(false) => self.refused += 1,
            other => panic!("answered {other:?}, expected {answer:?}"),
        }
    }
}

/// Asks for ten times as many rows as the queue takes, all at once, again and again.
fn flood(server: &TestServer, questions: &Questions, end: Instant) -> Told {
    let (mut stream, mut told) = (server.connect(), Told::default());
    let large = questions.large();
    let calls = 10 * QUEUE_ROWS / question::LARGE_ROWS;
    while Instant::now() < end {
        stream.write_all(&large.sent.repeat(calls)).unwrap();
        let replies = questions.way.read(&mut stream, calls);
        replies.iter().for_each(|reply| told.count(reply, &large.answer));
    }
    assert!(told.answered > 0 && told.refused > 0, "{told:?}");
    told
}

/// Nothing is held any more, no place is lost, and everything is answered as it was.
fn assert_recovered(server: &TestServer, questions: &[Questions], before: &Metrics) {
    let after = server.metrics(0);
    assert_eq!((after.held_bytes(), after.queue_rows()), (0, 0));
    assert_eq!(after.compute_panics(), 0, "what panics is contained");
    assert!(after.refused_full() > before.refused_full(), "the queue was never full");
    server.assert_serving();
    let (whole, begun) = (question::predict(CENTRES, &rows(3, QUEUE_ROWS)), Instant::now());
    // What was given up while it was computed holds its place until that is done.
    while !matches!(WAYS[0].ask(server, "predict", &whole), Reply::Answer(_)) {
        assert!(begun.elapsed() < PATIENCE, "the queue does not take as many rows as it did");
    }
    for questions in questions {
        let mut stream = server.connect();
        for question in &questions.all {
            stream.write_all(&question.sent).unwrap();
            assert_eq!(questions.way.read(&mut stream, 1), std::slice::from_ref(&question.answer));
        }
    }
}
