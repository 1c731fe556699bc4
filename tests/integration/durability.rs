//! kill -9 at any instant: what was acknowledged is there and whole, and nothing is there by half.

use crate::harness::{Random, TestServer, seed};
use crate::stock::{Clients, code, line, row, state, value};
use modelwire::wire::datasets::{AppendRowsRequest, CommitDatasetRequest, CreateDatasetRequest, TDatasetsSyncClient};
use modelwire::wire::health::{StatusRequest, THealthSyncClient};
use modelwire::wire::models::{ListModelsRequest, TModelsSyncClient};
use modelwire::wire::training::{ListJobsRequest, TTrainingSyncClient};
use modelwire::wire::{convert, empty};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// What a client was told before the server died.
#[derive(Default)]
struct Acknowledged {
    jobs: BTreeSet<String>,
    versions: BTreeSet<i64>,
}

/// Trains until the connection breaks; `accepted` hears of the first job.
fn train_until_killed(server: &str, accepted: &mpsc::Sender<()>) -> Acknowledged {
    let mut clients = Clients::at(server);
    let mut seen = Acknowledged::default();
    while let Ok(job) = clients.train("line") {
        let id = job.id.unwrap();
        seen.jobs.insert(id.clone());
        let _ = accepted.send(());
        match clients.wait(&id) {
            Ok(job) => seen.versions.insert(job.version.expect("the job has succeeded")),
            Err(_) => break,
        };
    }
    seen
}

/// Every version that is listed is whole and answers; the versions.
fn assert_whole(clients: &mut Clients) -> BTreeSet<i64> {
    let status = clients.health.status(StatusRequest { context: None }).unwrap();
    assert!(status.models.iter().flatten().all(|model| model.ready == Some(true)), "{status:?}");
    let models = clients.models.list_models(ListModelsRequest { context: None, after: None, limit: None }).unwrap();
    let versions: BTreeSet<i64> =
        models.models.unwrap().into_iter().flat_map(|model| model.versions.unwrap()).collect();
    for version in &versions {
        let reply = clients.predict(&format!("line@{version}"), row(20.0)).unwrap();
        assert!((value(&reply) - 41.0).abs() < 1e-9, "version {version} answers {}", value(&reply));
    }
    if !versions.is_empty() {
        clients.predict("line", row(20.0)).expect("the first version is stable");
    }
    versions
}

fn all_jobs() -> ListJobsRequest {
    ListJobsRequest { context: None, after: None, limit: None }
}

#[test]
fn killed_fifty_times_at_random_instants_it_keeps_every_acknowledged_version_and_job() {
    let data = tempfile::tempdir().unwrap();
    let mut random = Random(seed());
    let mut acknowledged = Acknowledged::default();
    for round in 0..50 {
        let server = TestServer::start(data.path());
        let (accepted, is_accepted) = mpsc::channel();
        let address = server.address.clone();
        let client = std::thread::spawn(move || train_until_killed(&address, &accepted));
        is_accepted.recv().unwrap();
        let instant = Duration::from_micros(random.next() % 120_000);
        let successes = if round % 3 == 0 { 5 } else { 1 }; // In the middle of one job, or of one of several.
        let _ = (0..successes).all(|_| is_accepted.recv_timeout(instant).is_ok());
        server.kill();
        let seen = client.join().unwrap();
        acknowledged.jobs.extend(seen.jobs);
        acknowledged.versions.extend(seen.versions);
    }

    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    for id in &acknowledged.jobs {
        let job = clients.wait(id).unwrap();
        assert_eq!(state(&job), "SUCCEEDED", "{job:?}");
    }
    for job in clients.training.list_jobs(all_jobs()).unwrap().jobs.unwrap() {
        clients.wait(&job.id.unwrap()).unwrap(); // Also those whose acceptance nobody heard of.
    }
    let versions = assert_whole(&mut clients);
    assert!(!acknowledged.versions.is_empty(), "every server died before it had trained anything");
    assert!(acknowledged.versions.is_subset(&versions), "{:?} are not all in {versions:?}", acknowledged.versions);
    let jobs = clients.training.list_jobs(all_jobs()).unwrap();
    let published: Vec<i64> = jobs.jobs.unwrap().into_iter().rev().filter_map(|job| job.version).collect();
    assert_eq!(published.len(), versions.len(), "each job has a version of its own: {published:?} and {versions:?}");
    println!(
        "{} versions were acknowledged and {} jobs accepted",
        acknowledged.versions.len(),
        acknowledged.jobs.len()
    );
}

fn killed_at(data: &Path, step: &str) -> TestServer {
    TestServer::start_with(data, &[], &[("MODELWIRE_FAILPOINT", step)])
}

#[test]
#[cfg(feature = "failpoints")]
fn killed_between_any_two_steps_of_a_job_it_runs_the_job_again_and_publishes_once() {
    let steps = modelwire::training::STEPS.iter().chain(&modelwire::registry::PUBLICATION_STEPS);
    for step in steps {
        let data = tempfile::tempdir().unwrap();
        let mut server = killed_at(data.path(), step);
        let accepted = Clients::of(&server).train("line");
        assert_eq!(server.wait().code(), None, "{step} was not reached");

        let server = TestServer::start(data.path());
        let mut clients = Clients::of(&server);
        if let Ok(job) = accepted {
            assert_eq!(state(&clients.wait(&job.id.unwrap()).unwrap()), "SUCCEEDED", "after {step}");
        }
        let job = clients.train("line").unwrap();
        let job = clients.wait(&job.id.unwrap()).unwrap();

        let versions = assert_whole(&mut clients);
        assert!(versions.contains(&job.version.unwrap()), "after {step}");
        assert!(versions.len() <= 2, "after {step} one job published twice: {versions:?}");
    }
}

#[test]
#[cfg(feature = "failpoints")]
fn killed_between_any_two_steps_of_a_commit_it_has_the_whole_data_set_or_can_commit_it_again() {
    for step in modelwire::datasets::COMMIT_STEPS {
        let data = tempfile::tempdir().unwrap();
        let mut server = killed_at(data.path(), step);
        let mut clients = Clients::of(&server);
        let create = CreateDatasetRequest { context: None, name: Some("rows".into()) };
        let upload_id = clients.datasets.create_dataset(create).unwrap().upload_id;
        let table = Some(convert::table_to(&line()));
        clients.datasets.append_rows(AppendRowsRequest { upload_id: upload_id.clone(), table, ..empty() }).unwrap();
        let commit = CommitDatasetRequest { upload_id, n_rows: Some(10), ..empty() };
        assert!(clients.datasets.commit_dataset(commit.clone()).is_err());
        assert_eq!(server.wait().code(), None, "{step} was not reached");

        let server = TestServer::start(data.path());
        let dataset = Clients::of(&server).datasets.commit_dataset(commit).unwrap().dataset.unwrap();

        assert_eq!((dataset.version, dataset.n_rows), (Some(1), Some(10)), "after {step}");
    }
}

#[test]
fn a_model_file_that_was_cut_is_not_served_and_says_why() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    let job = clients.train("line").unwrap();
    clients.wait(&job.id.unwrap()).unwrap();
    server.kill();
    let file = data.path().join("models/line/1/model.bin");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();

    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);

    assert_eq!(code(clients.predict("line", row(1.0))), "UNAVAILABLE");
    let status = clients.health.status(StatusRequest { context: None }).unwrap();
    assert_eq!(status.ready, Some(false));
    assert!(status.models.unwrap()[0].reason.is_some());
}
