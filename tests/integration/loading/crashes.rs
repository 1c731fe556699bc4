//! kill -9 while versions come and go: a restart finds what was acknowledged, or what was under way.

use super::{load, train_lines, unload};
use crate::harness::{Random, TestServer, seed};
use crate::stock::{Clients, code, row};
use std::sync::mpsc;
use std::time::Duration;

/// Loads and unloads version 2 until the connection breaks; what was acknowledged last (loaded: true), and what not any more.
fn change_until_killed(address: &str, loaded: bool, changed: &mpsc::Sender<()>) -> (bool, bool) {
    let (mut clients, mut is) = (Clients::at(address), loaded);
    loop {
        let done = match is {
            true => unload(&mut clients, "line", 2).map(drop),
            false => load(&mut clients, "line", 2).map(drop),
        };
        if done.is_err() {
            return (is, !is);
        }
        is = !is;
        let _ = changed.send(());
    }
}

#[test]
fn killed_while_it_loads_and_unloads_it_comes_back_with_one_or_the_other() {
    let data = tempfile::tempdir().unwrap();
    let (mut random, mut loaded) = (Random(seed()), true);
    let server = TestServer::start(data.path());
    train_lines(&mut Clients::of(&server), 2);
    server.kill();

    for round in 0..20 {
        let server = TestServer::start(data.path());
        let (changed, has_changed) = mpsc::channel();
        let address = server.address.clone();
        let client = std::thread::spawn(move || change_until_killed(&address, loaded, &changed));
        has_changed.recv().unwrap();
        let instant = Duration::from_micros(random.next() % 20_000);
        while has_changed.recv_timeout(instant).is_ok() && random.next() % 4 > 0 {}
        server.kill();
        let (acknowledged, under_way) = client.join().unwrap();

        let server = TestServer::start(data.path());
        let mut clients = Clients::of(&server);
        assert_eq!(clients.predict("line", row(1.0)).unwrap().version, Some(1), "round {round}");
        loaded = match clients.predict("line@2", row(1.0)) {
            Ok(reply) => reply.version == Some(2),
            refused => code(refused) != "FAILED_PRECONDITION",
        };
        assert!(loaded == acknowledged || loaded == under_way, "round {round}");
    }
}
