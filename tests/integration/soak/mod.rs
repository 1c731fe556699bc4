//! A server under four fifths of what it bears, for SOAK_SECONDS: its memory stays what it is, and nobody waits for an answer
//! much longer than he said that he would.
//!
//! The load comes from `modelwire loadtest`, a process for each kind of [`Traffic`], all at once and in rounds, so that
//! connections come and go too. The server has a processor of its own: what its callers wait for is not each other. It takes
//! the machine for itself, hence is ignored but for `make test-soak`.

mod items;
mod processors;
mod record;
mod traffic;
mod witness;

use crate::harness::TestServer;
use crate::stock::{Clients, centres, of_rows, state, step};
use items::Items;
use modelwire::data::Column;
use modelwire::wire::training::TTrainingSyncClient;
use processors::{Processors, Ticks};
use record::{Record, Sample};
use std::time::{Duration, Instant};
use traffic::{ALL, LONELY, Offer, Running, Seen};
use witness::Witness;

/// Of what the server bears.
const SHARE: f64 = 0.8;
/// Of a load before connections are opened anew.
const ROUND: Duration = Duration::from_secs(5);
/// From one look at the process to the next.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A round does not count in which others had this share of the processors: the load was more than 80 % of the rest.
const OTHERS: f64 = 0.05;
/// Rounds that count have to be so large a part of those asked for, or nothing was measured; it goes on until they are, for at most
/// so many times as long.
const ENOUGH: (f64, u32) = (0.5, 3);
/// One kind of call may wait too long in one of so many rounds that count: witnesses see most of what the machine does meanwhile,
/// not all of it. A server that is late by itself is late in every round.
const ONCE_IN: usize = 4;
/// How much longer than until its deadline a call may wait for an answer.
const GRACE: Duration = Duration::from_millis(5);

/// Seconds of the load: SOAK_SECONDS, or a minute.
fn duration() -> Duration {
    let seconds = std::env::var("SOAK_SECONDS").map_or(60, |text| text.parse().expect("a number of seconds"));
    Duration::from_secs(seconds).max(4 * ROUND)
}

/// Rounds that have to count.
fn enough(asked: Duration) -> usize {
    (ENOUGH.0 * asked.as_secs_f64() / ROUND.as_secs_f64()).ceil() as usize
}

/// A server with `plane`, which answers where it stands, `centres`, which is worth the way to another thread, and [`LONELY`],
/// whose batches wait for company.
fn server(data: &std::path::Path, processors: &Processors) -> TestServer {
    let settings = data.join("modelwire.toml");
    std::fs::write(&settings, format!("[models.{LONELY}]\nmax_delay_ms = 300\n")).unwrap();
    // It sees one processor, and would take one thread of a kind.
    let threads = ["--server-threads", "2", "--batching-threads", "2"];
    let flags = [&["--config", settings.to_str().unwrap()], &threads[..]].concat();
    let server = processors.start(|| TestServer::start_with(data, &flags, &[]));
    let mut clients = Clients::of(&server);
    let columns = |count, rows: u32| -> Vec<Column> {
        let value = |column: u32, row: u32| f64::from((row * 7919 + column * 104_729) % 10_007) / 10_007.0;
        (0..count).map(|at| Column::float(format!("x{at}"), (0..rows).map(|row| value(at, row)).collect())).collect()
    };
    for request in [
        of_rows("plane", step("linear_regression"), Some("x16"), columns(17, 100)),
        of_rows("centres", centres(128, 3), None, columns(128, 500)),
        of_rows(LONELY, centres(128, 3), None, columns(128, 500)),
    ] {
        let job = clients.training.train(request).unwrap().job.unwrap();
        assert_eq!(state(&clients.wait(&job.id.unwrap()).unwrap()), "SUCCEEDED");
    }
    server
}

#[test]
#[ignore = "it takes a minute and the machine for itself: make test-soak"]
fn at_four_fifths_of_its_load_memory_is_flat_and_nobody_waits_much_longer_than_he_said() {
    let data = tempfile::tempdir().unwrap();
    let processors = Processors::apart();
    let server = server(data.path(), &processors);
    let offers = ALL.map(|traffic| traffic.offer(&server.address, SHARE));
    let (witness, mut record, begun) = (Witness::start(&processors), Record::default(), Instant::now());
    let enough = enough(duration());
    println!("offered: {offers:?}");

    let (mut rounds, mut counted, mut in_time, mut faults) = (0, 0_usize, 0, vec![]);
    while begun.elapsed() < duration() || (counted < enough && begun.elapsed() < ENOUGH.1 * duration()) {
        let (begun, before) = (Instant::now(), Ticks::now(&server));
        let seen = round(&server, &offers, &mut record);
        let others = Ticks::now(&server).others_since(&before);
        server.metrics(0);
        record.at_rest(Sample::of(&server));
        println!("{:.1} s, others had {:.0} % of the processors", record.seconds(), 100.0 * others);
        rounds += 1;
        counted += usize::from(others < OTHERS);
        in_time += usize::from(seen.iter().all(|seen| seen.waited <= seen.deadline + GRACE));
        for seen in seen {
            let limit = seen.deadline + GRACE;
            let kept = witness.longest(begun, limit);
            println!("    {seen}; {kept}");
            if others < OTHERS {
                faults.extend(seen.fault(limit + kept.callers)); // What kept the server is told, and excuses nothing.
            }
        }
    }

    println!("{counted} of {rounds} rounds count; {record}");
    println!(
        "In {in_time} of {rounds} nobody waited longer than his deadline and {GRACE:?}, whatever the machine did."
    );
    println!("{}", faults.join("\n"));
    record.assert_flat();
    assert!(
        counted >= enough,
        "not measured: others had the machine in all but {counted} of {rounds} rounds; {enough} are enough"
    );
    let may_be = (counted / ONCE_IN).max(1);
    assert!(faults.len() <= may_be, "{} waits in {counted} rounds were too long", faults.len());
}

/// All traffic at once, while the process is looked at.
fn round(server: &TestServer, offers: &[Offer], record: &mut Record) -> Vec<Seen> {
    let (mut items, end) = (Items::of(&server.address), Instant::now() + ROUND);
    let running: Vec<_> = offers.iter().map(|offer| offer.start(&server.address, ROUND)).collect();
    let asked = std::thread::scope(|scope| {
        scope.spawn(|| {
            while Instant::now() < end {
                record.under_load(Sample::of(server));
                std::thread::park_timeout(LOOK_EVERY);
            }
        });
        items.ask_until(end)
    });
    running.into_iter().map(Running::seen).chain([asked]).collect()
}
