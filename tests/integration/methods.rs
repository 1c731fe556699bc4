//! Every method through the stock client of the Apache compiler, so that our dispatcher and its cannot drift apart.

use crate::harness::TestServer;
use crate::stock::{Clients, clustering, code, line, row, state, step, value};
use modelwire::model::ALGORITHMS;
use modelwire::wire::datasets::{
    AppendRowsRequest, CommitDatasetRequest, CreateDatasetRequest, DeleteDatasetRequest, DescribeDatasetRequest,
    ListDatasetsRequest, TDatasetsSyncClient,
};
use modelwire::wire::health::{DescribeRequest, EchoRequest, HelloRequest, StatusRequest, THealthSyncClient};
use modelwire::wire::models::{
    DeleteVersionRequest, DescribeModelRequest, ListModelsRequest, SetAliasRequest, TModelsSyncClient,
};
use modelwire::wire::training::{ListJobsRequest, TTrainingSyncClient, TrainRequest};
use modelwire::wire::types::RequestContext;
use modelwire::wire::{convert, empty};

#[test]
fn hello_greets_and_says_who_and_since_when() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);

    let reply = clients.health.hello(HelloRequest { name: Some("World".into()), ..empty() }).unwrap();

    assert_eq!(reply.greeting.as_deref(), Some("Hello, World!"));
    assert_eq!(reply.server.as_deref(), Some("modelwire"));
    assert_eq!(reply.version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert!((0..60_000).contains(&reply.uptime_ms.unwrap()));
    assert!(reply.time.unwrap().ends_with('Z'));
}

#[test]
fn status_is_ready_once_a_model_is_there_and_describe_lists_what_the_idl_has() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    let empty_server = clients.health.status(StatusRequest { context: None }).unwrap();
    let job = clients.train("line").unwrap();
    clients.wait(&job.id.unwrap()).unwrap();

    let status = clients.health.status(StatusRequest { context: None }).unwrap();
    let description = clients.health.describe(DescribeRequest { context: None }).unwrap();
    let echo = clients.health.echo(EchoRequest { payload: Some(vec![1, 2, 3].into()), ..empty() }).unwrap();

    assert_eq!((empty_server.live, empty_server.ready), (Some(true), Some(false)));
    assert_eq!((status.ready, status.reason), (Some(true), None));
    assert_eq!(status.models.unwrap().len(), 1);
    assert_eq!(description.methods.unwrap().len(), 33);
    let algorithms: Vec<String> = description.algorithms.unwrap().into_iter().map(|it| it.name.unwrap()).collect();
    let catalogue: Vec<&str> = ALGORITHMS.iter().map(|algorithm| algorithm.name()).collect();
    assert_eq!(algorithms, catalogue);
    assert_eq!(echo.payload.unwrap(), &[1, 2, 3][..]);
}

#[test]
fn a_model_is_trained_described_named_predicted_and_deleted() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    for version in 1..=2 {
        let job = clients.train("line").unwrap();
        let job = clients.wait(&job.id.unwrap()).unwrap();
        assert_eq!((state(&job), job.version), ("SUCCEEDED", Some(version)));
    }

    let reply = clients.predict("line", row(20.0)).unwrap();
    assert!((value(&reply) - 41.0).abs() < 1e-9, "{}", value(&reply));
    assert_eq!((reply.version, reply.generation), (Some(1), Some(1)));
    assert_eq!(clients.predict("line@latest", row(0.0)).unwrap().version, Some(2));

    let alias = |version, expected| SetAliasRequest {
        context: None,
        model: Some("line".into()),
        alias_name: Some("stable".into()),
        version: Some(version),
        expected_generation: expected,
    };
    assert_eq!(code(clients.models.set_alias(alias(2, Some(7)))), "FAILED_PRECONDITION");
    let current = clients.models.set_alias(alias(2, Some(1))).unwrap().current.unwrap();
    assert_eq!((current.version, current.generation), (Some(2), Some(2)));

    let model = Some("line".to_owned());
    let described = clients.models.describe_model(DescribeModelRequest { context: None, model: model.clone() });
    let described = described.unwrap().model.unwrap();
    assert_eq!(described.version, Some(2));
    assert!(described.metrics.unwrap()["training_r2"].into_inner() > 0.999_999);

    let delete = |version| DeleteVersionRequest { context: None, model: model.clone(), version: Some(version) };
    assert_eq!(code(clients.models.delete_version(delete(2))), "FAILED_PRECONDITION");
    clients.models.delete_version(delete(1)).unwrap();
    let models = clients.models.list_models(ListModelsRequest { context: None, after: None, limit: None }).unwrap();
    assert_eq!(models.models.unwrap()[0].versions, Some(vec![2]));
}

#[test]
fn rows_are_appended_committed_described_trained_on_and_deleted() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    let create = CreateDatasetRequest { context: None, name: Some("rows".into()) };
    let upload_id = clients.datasets.create_dataset(create).unwrap().upload_id;
    for offset in [0, 5, 5] {
        let table = convert::table_to(&line().slice(offset, 5));
        let crc32 = Some(i64::from(convert::rows_crc32(&table)));
        let offset = i64::try_from(offset).unwrap();
        let append = AppendRowsRequest {
            context: None,
            upload_id: upload_id.clone(),
            offset: Some(offset),
            table: Some(table),
            crc32,
        };
        let appended = clients.datasets.append_rows(append.clone()).unwrap();
        assert_eq!(appended.n_rows, Some(offset + 5));
        let damaged = AppendRowsRequest { crc32: append.crc32.map(|crc32| crc32 ^ 1), ..append };
        assert_eq!(code(clients.datasets.append_rows(damaged)), "INVALID_ARGUMENT");
    }
    let commit = CommitDatasetRequest { context: None, upload_id, n_rows: Some(10) };
    let dataset = clients.datasets.commit_dataset(commit.clone()).unwrap().dataset.unwrap();
    let again = clients.datasets.commit_dataset(commit).unwrap().dataset.unwrap();
    assert_eq!(dataset, again);

    let describe = DescribeDatasetRequest { context: None, dataset: Some("rows".into()) };
    let statistics = clients.datasets.describe_dataset(describe).unwrap().statistics.unwrap();
    assert_eq!(statistics[0].mean.unwrap().into_inner(), 4.5);

    let request = TrainRequest {
        model: Some("line".into()),
        steps: Some(vec![step("linear_regression")]),
        dataset: Some("rows".into()),
        target: Some("y".into()),
        ..empty()
    };
    let job = clients.training.train(request).unwrap().job.unwrap();
    assert_eq!(state(&clients.wait(&job.id.unwrap()).unwrap()), "SUCCEEDED");

    let delete = DeleteDatasetRequest { context: None, name: Some("rows".into()), version: None };
    clients.datasets.delete_dataset(delete.clone()).unwrap();
    assert_eq!(code(clients.datasets.delete_dataset(delete)), "NOT_FOUND");
    let list = ListDatasetsRequest { context: None, after: None, limit: None };
    assert_eq!(clients.datasets.list_datasets(list).unwrap().datasets, Some(vec![]));
}

#[test]
fn a_repeated_idempotency_key_is_answered_with_the_first_job() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    let context = RequestContext { idempotency_key: Some("once".into()), ..empty() };
    let request = TrainRequest {
        context: Some(context),
        model: Some("line".into()),
        steps: Some(vec![step("linear_regression")]),
        table: Some(convert::table_to(&line())),
        target: Some("y".into()),
        ..empty()
    };

    let ids: Vec<_> = (0..3).map(|_| clients.training.train(request.clone()).unwrap().job.unwrap().id).collect();

    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let jobs = clients.training.list_jobs(ListJobsRequest { context: None, after: None, limit: None }).unwrap();
    assert_eq!(jobs.jobs.unwrap().len(), 1);
}

#[test]
fn a_job_that_waits_is_cancelled_at_once_one_that_runs_after_its_step_and_one_that_has_ended_not() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    let ended = clients.train("line").unwrap().id.unwrap();
    clients.wait(&ended).unwrap();
    let running = clients.training.train(clustering(4_000, 8)).unwrap().job.unwrap().id.unwrap();
    clients.wait_for_fit(&running); // It holds the one training thread.
    let queued: Vec<String> = (0..5).map(|_| clients.train("line").unwrap().id.unwrap()).collect();

    for id in queued.iter().rev() {
        assert_eq!(clients.cancel(id), ("CANCELLED".to_owned(), None), "{id} has waited");
    }
    assert_eq!(clients.cancel(&ended), ("SUCCEEDED".to_owned(), Some(1)));
    assert_eq!(clients.cancel(&running), ("RUNNING".to_owned(), None), "a fit is only left between its steps");

    let left = clients.wait(&running).unwrap();
    assert_eq!((state(&left), left.version), ("CANCELLED", None));
    let next = clients.train("line").unwrap().id.unwrap();
    assert_eq!(clients.wait(&next).unwrap().version, Some(2), "no job that was cancelled has published");
    for id in &queued {
        assert_eq!(state(&clients.job(id).unwrap()), "CANCELLED");
    }
}

#[test]
fn a_deadline_that_has_passed_is_refused_with_nothing_done() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    for deadline_ms in [0, -1, i64::MIN] {
        let context = RequestContext { deadline_ms: Some(deadline_ms), ..empty() };

        let refused = clients.health.hello(HelloRequest { context: Some(context), ..empty() });

        assert_eq!(code(refused), "DEADLINE_EXCEEDED");
    }
    let context = RequestContext { deadline_ms: Some(i64::MAX), ..empty() };
    assert!(clients.health.hello(HelloRequest { context: Some(context), ..empty() }).is_ok());
}

#[test]
fn a_reply_above_the_frame_limit_is_an_error_that_names_both_and_no_torn_frame() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-max-frame-bytes", "1024"], &[]);
    let mut clients = Clients::of(&server);

    let refused = clients.health.describe(DescribeRequest { context: None });

    assert_eq!(code(refused), "FAILED_PRECONDITION");
    assert!(clients.health.hello(empty()).is_ok());
}

#[test]
fn echo_answers_as_many_bytes_as_are_asked_for_up_to_the_limit_of_a_message() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(data.path(), &["--server-max-frame-bytes", "100000"], &[]);
    let mut clients = Clients::of(&server);
    let mut echo = |bytes| {
        let request = EchoRequest { reply_bytes: Some(bytes), payload: Some(b"sent"[..].into()), ..empty() };
        clients.health.echo(request).map(|reply| reply.payload.unwrap())
    };

    assert_eq!(echo(0).unwrap(), &b""[..]);
    assert_eq!(echo(90_000).unwrap(), &[0; 90_000][..]);
    for bytes in [100_001, -1, i64::MAX] {
        assert_eq!(code(echo(bytes)), "INVALID_ARGUMENT", "{bytes}");
    }
}
