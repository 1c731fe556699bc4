//! Fits that go on after kill -9: from their last state, to the bytes of one that nobody touched.

use crate::harness::{PATIENCE, TestServer};
use crate::stock::{Clients, state, step};
use modelwire::data::{Column, Table};
use modelwire::wire::training::{TTrainingSyncClient, TrainRequest, WatchJobRequest};
use modelwire::wire::types::{Parameter, Step};
use modelwire::wire::{convert, empty};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// As often as it pays, which is every few iterations of so small a network.
const OFTEN: [&str; 2] = ["--training-checkpoint-ms", "1"];

fn start(data: &Path) -> TestServer {
    TestServer::start_with(data, &OFTEN, &[])
}

/// Trains a network on rows that it never learns, so that it makes all its epochs.
fn train(clients: &mut Clients, model: &str) -> String {
    let noise =
        |step: u64| (0..300).map(move |row: u64| ((row * step * 7919 + row * row) % 97) as f64 / 97.0).collect();
    let columns = ["a", "b", "c", "y"].iter().zip([3, 5, 11, 13]).map(|(name, step)| Column::float(*name, noise(step)));
    let whole = |name: &str, it| Parameter { name: Some(name.into()), integer: Some(it), ..empty() };
    let parameters = Some(vec![whole("max_iter", 400), whole("n_iter_no_change", 1_000), whole("tol", 0)]);
    let request = TrainRequest {
        model: Some(model.into()),
        steps: Some(vec![step("standard_scaler"), Step { parameters, ..step("mlp_regressor") }]),
        table: Some(convert::table_to(&Table::new(columns.collect()).unwrap())),
        target: Some("y".into()),
        ..empty()
    };
    clients.training.train(request).unwrap().job.unwrap().id.unwrap()
}

/// What a job has said by the time that it has said this, or has ended.
fn said(clients: &mut Clients, id: &str, until: &str) -> Vec<String> {
    let (started, mut said, mut after_sequence) = (Instant::now(), vec![], None);
    loop {
        let watch = WatchJobRequest { job_id: Some(id.into()), after_sequence, wait_ms: Some(5_000), ..empty() };
        let response = clients.training.watch_job(watch).unwrap();
        for event in response.events.unwrap() {
            after_sequence = event.sequence;
            said.push(event.message.unwrap());
        }
        let ended = !["QUEUED", "RUNNING"].contains(&response.job.unwrap().state_name.as_deref().unwrap());
        if ended || said.iter().any(|it| it.contains(until)) {
            return said;
        }
        assert!(started.elapsed() < PATIENCE, "the job did not say {until:?}: {said:?}");
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
    let entries = entries.map(|it| it.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn model(data: &Path, name: &str) -> Vec<u8> {
    std::fs::read(data.join(format!("models/{name}/1/model.bin"))).unwrap()
}

/// Waits for the job of a server that was cut off, and holds its model against one that was not; what the job said.
#[track_caller]
fn assert_same_bytes(data: &Path, id: &str) -> Vec<String> {
    let server = start(data);
    let mut clients = Clients::of(&server);
    let said = said(&mut clients, id, "published");
    let straight = train(&mut clients, "straight");
    assert_eq!(state(&clients.wait(&straight).unwrap()), "SUCCEEDED");
    assert_eq!(state(&clients.job(id).unwrap()), "SUCCEEDED");
    assert!(model(data, "net") == model(data, "straight"), "other bytes after {said:?}");
    assert!(files(&data.join("jobs")).is_empty(), "states are left behind");
    said
}

/// A job that was cut off by kill -9 after it had kept a state.
fn cut_off(data: &Path) -> String {
    let server = start(data);
    let mut clients = Clients::of(&server);
    let id = train(&mut clients, "net");
    said(&mut clients, &id, "epoch 40,");
    server.kill();
    assert!(!files(&data.join(format!("jobs/{id}/checkpoints"))).is_empty(), "it has kept no state");
    id
}

#[test]
fn a_network_that_was_killed_while_it_learned_goes_on_and_learns_the_same_bytes() {
    let data = tempfile::tempdir().unwrap();
    let id = cut_off(data.path());

    let said = assert_same_bytes(data.path(), &id);

    assert!(said.iter().any(|it| it.starts_with("resumed from checkpoint of iteration ")), "{said:?}");
}

#[test]
fn a_state_that_was_damaged_is_not_used_and_the_job_says_so_and_begins_again() {
    let data = tempfile::tempdir().unwrap();
    let id = cut_off(data.path());
    for file in files(&data.path().join(format!("jobs/{id}/checkpoints"))) {
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
    }

    let said = assert_same_bytes(data.path(), &id);

    let refused = said.iter().find(|it| it.contains("its checkpoint could not be read")).expect("it says so");
    assert!(refused.contains("SHA-256 does not fit") && refused.contains("starts again"), "{refused}");
}

#[test]
#[cfg(feature = "failpoints")]
fn killed_between_any_two_steps_of_keeping_a_state_it_goes_on_from_the_last_one() {
    for step in modelwire::training::CHECKPOINT_STEPS {
        let data = tempfile::tempdir().unwrap();
        let mut server = TestServer::start_with(data.path(), &OFTEN, &[("MODELWIRE_FAILPOINT", step)]);
        let id = train(&mut Clients::of(&server), "net");
        assert_eq!(server.wait().code(), None, "{step} was not reached");

        let said = assert_same_bytes(data.path(), &id);

        assert!(said.iter().any(|it| it.starts_with("resumed from checkpoint of iteration ")), "{step}: {said:?}");
    }
}

#[test]
fn a_job_that_would_hold_more_than_it_may_fails_with_the_numbers_and_the_server_lives() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--training-max-job-bytes", "1048576"], &[]);
    let mut clients = Clients::of(&server);
    let places = (0..2_000).map(|row| f64::from(row * 7919 % 1009)).collect();
    let request = TrainRequest {
        model: Some("map".into()),
        steps: Some(vec![step("tsne")]),
        table: Some(convert::table_to(&Table::new(vec![Column::float("a", places)]).unwrap())),
        ..empty()
    };

    let id = clients.training.train(request).unwrap().job.unwrap().id.unwrap();
    let job = clients.wait(&id).unwrap();

    let error = job.error.unwrap();
    let message = error.message.unwrap();
    assert!(message.contains("tsne holds about 8320000 bytes") && message.contains("1048576"), "{message}");
    assert!(message.contains("training.max_job_bytes"), "{message}");
    let after = clients.train("line").unwrap().id.unwrap();
    assert_eq!(state(&clients.wait(&after).unwrap()), "SUCCEEDED");
}
