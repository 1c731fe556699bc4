//! Models come into memory and leave it while calls are answered, and take nothing with them.

mod crashes;
mod states;

use crate::harness::{Metrics, PATIENCE, TestServer};
use crate::stock::{Clients, code, row, value};
use modelwire::coordination::Coordination;
use modelwire::data::{Column, Name, Table};
use modelwire::model::{Spec, StepSpec, Value, fit};
use modelwire::registry::{Options, Parts, Publication, Registry};
use modelwire::storage::Storage;
use modelwire::wire::models::{
    LoadModelRequest, LoadModelResponse, SetAliasRequest, SetAliasResponse, TModelsSyncClient, UnloadModelRequest,
    UnloadModelResponse,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

fn load(clients: &mut Clients, model: &str, version: i64) -> thrift::Result<LoadModelResponse> {
    let (model, version) = (Some(model.into()), Some(version));
    clients.models.load_model(LoadModelRequest { context: None, model, version, replacement: None })
}

fn unload(clients: &mut Clients, model: &str, version: i64) -> thrift::Result<UnloadModelResponse> {
    let (model, version) = (Some(model.into()), Some(version));
    clients.models.unload_model(UnloadModelRequest { context: None, model, version })
}

fn set_alias(clients: &mut Clients, model: &str, alias: &str, version: i64) -> thrift::Result<SetAliasResponse> {
    clients.models.set_alias(SetAliasRequest {
        context: None,
        model: Some(model.into()),
        alias_name: Some(alias.into()),
        version: Some(version),
        expected_generation: None,
    })
}

/// Versions of the line y = 2 x + 1.
fn train_lines(clients: &mut Clients, count: i64) {
    for version in 1..=count {
        let job = clients.train("line").unwrap();
        assert_eq!(clients.wait(&job.id.unwrap()).unwrap().version, Some(version));
    }
}

/// Puts versions of the model `wide` into a data folder: 16 clusters of 2,048 features, 256 KiB of numbers each.
fn publish_wide(data: &Path, count: u64) {
    let columns =
        (0..2048).map(|at| Column::float(format!("x{at}"), (0..16).map(|row| f64::from(row * 7 + at)).collect()));
    let table = Table::new(columns.collect()).unwrap();
    let parameters = [("n_clusters".to_owned(), Value::Integer(16))].into();
    let steps = vec![StepSpec { algorithm: "k_means".into(), parameters, columns: None }];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let storage = Arc::new(Storage::open(data).unwrap());
        let coordination = Arc::new(Coordination::open(&data.join("state.redb")).unwrap());
        let parts = Parts { storage, coordination, options: Options::default(), telemetry: Arc::default() };
        let registry = Registry::open(parts).await.unwrap();
        let name = Name::parse("model", "wide").unwrap();
        for seed in 0..count {
            let spec = Spec { steps: steps.clone(), seed, ..Spec::default() };
            let fitted = fit(&spec, &table, &|_: &str, _| Ok(())).unwrap();
            let first_row = fitted.first_rows.slice_axis(ndarray::Axis(0), (..1).into()).to_owned();
            let publication = Publication {
                name: name.clone(),
                version: registry.reserve_version(&name).await.unwrap(),
                pipeline: fitted.pipeline,
                metrics: fitted.metrics,
                n_samples: 16,
                seed: seed.cast_signed(),
                job_id: "j1".into(),
                dataset: None,
                data_sha256: String::new(),
                golden_rows: first_row,
                created_ms: 0,
            };
            registry.publish(publication).await.unwrap();
        }
    });
}

/// Waits until nothing of a version is in memory any more.
fn wait_until_freed(server: &TestServer, model: &str, version: i64) {
    let started = Instant::now();
    while Metrics::read(&server.address).model_bytes(model, version) != Some(0) {
        assert!(started.elapsed() < PATIENCE, "{model}@{version} was not freed");
    }
}

#[test]
fn a_thousand_loads_and_unloads_give_the_memory_back() {
    let data = tempfile::tempdir().unwrap();
    publish_wide(data.path(), 2);
    // One heap for all threads: whenever several wait for a core the server starts one more, with a heap of its own.
    let server = TestServer::start_with(data.path(), &[], &[("MALLOC_ARENA_MAX", "1")]);
    let mut clients = Clients::of(&server);
    let mut cycle = |count: usize| {
        for _ in 0..count {
            let bytes = load(&mut clients, "wide", 2).unwrap().model_bytes.unwrap();
            assert!(bytes > 256 * 1024, "{bytes}");
            unload(&mut clients, "wide", 2).unwrap();
        }
        wait_until_freed(&server, "wide", 2);
        server.memory("VmRSS:")
    };
    // What a heap keeps comes and goes; what is lost stays, and raises the least of many readings.
    let mut least_of_ten = |count: usize| (0..10).map(|_| cycle(count / 10)).min().unwrap();
    least_of_ten(500); // The allocator has what it wants by then.

    let (before, after) = (least_of_ten(100), least_of_ten(1000));

    println!("resident memory was {before} bytes and is {after} after a thousand loads and unloads more");
    assert!(after <= before + before / 50, "{before} bytes have become {after}");
}

/// Asks for a version until it is told to stop; how often it was answered.
fn ask(address: &str, version: i64, stop: &AtomicBool) -> usize {
    let (mut clients, mut answered) = (Clients::at(address), 0);
    while !stop.load(Ordering::Relaxed) {
        let reply = clients.predict(&format!("line@{version}"), row(20.0)).expect("every call is answered");
        assert_eq!(reply.version, Some(version));
        assert!((value(&reply) - 41.0).abs() < 1e-9, "{}", value(&reply));
        answered += 1;
    }
    answered
}

/// The same by name alone, while its alias goes from version 1 to 2 and back: generations count those.
fn ask_by_name(address: &str, stop: &AtomicBool) -> usize {
    let (mut clients, mut answered) = (Clients::at(address), 0);
    while !stop.load(Ordering::Relaxed) {
        let reply = clients.predict("line", row(20.0)).expect("every call is answered");
        assert_eq!(reply.version, Some(2 - reply.generation.unwrap() % 2));
        answered += 1;
    }
    answered
}

#[test]
fn loading_and_unloading_under_traffic_fails_no_call_and_each_is_answered_by_the_version_that_it_asks_for() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    train_lines(&mut clients, 3);
    let stop = AtomicBool::new(false);

    let answered = std::thread::scope(|threads| {
        let (address, stop) = (&server.address, &stop);
        let by_version = [1, 2].map(|version| threads.spawn(move || ask(address, version, stop)));
        let by_name = threads.spawn(move || ask_by_name(address, stop));
        for round in 0..50 {
            unload(&mut clients, "line", 3).unwrap();
            assert_eq!(code(clients.predict("line@3", row(1.0))), "FAILED_PRECONDITION");
            load(&mut clients, "line", 3).unwrap();
            assert_eq!(clients.predict("line@3", row(1.0)).unwrap().version, Some(3));
            set_alias(&mut clients, "line", "stable", 2 - round % 2).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        by_version.map(|it| it.join().unwrap()).into_iter().chain([by_name.join().unwrap()]).collect::<Vec<_>>()
    });

    assert!(answered.iter().all(|count| *count > 50), "{answered:?} calls in 50 rounds");
}

#[test]
fn a_server_with_a_budget_refuses_what_does_not_fit_or_drops_first_what_nobody_names() {
    let data = tempfile::tempdir().unwrap();
    publish_wide(data.path(), 3);
    let size = std::fs::metadata(data.path().join("models/wide/1/model.bin")).unwrap().len();
    let budget = format!("--registry-max-model-bytes={}", 2 * size.next_multiple_of(1024));
    let server = TestServer::start_with(data.path(), &[&budget], &[]);
    let mut clients = Clients::of(&server);

    assert_eq!(code(load(&mut clients, "wide", 2)), "FAILED_PRECONDITION");
    let dropping = |replacement: &str| LoadModelRequest {
        context: None,
        model: Some("wide".into()),
        version: Some(2),
        replacement: Some(replacement.into()),
    };
    assert_eq!(code(clients.models.load_model(dropping("whatever"))), "INVALID_ARGUMENT");
    clients.models.load_model(dropping("drop_first")).unwrap();

    wait_until_freed(&server, "wide", 3);
    let metrics = Metrics::read(&server.address);
    assert_eq!((metrics.model_bytes("wide", 1), metrics.model_bytes("wide", 2)), (Some(size), Some(size)));
}
