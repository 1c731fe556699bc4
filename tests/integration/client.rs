//! The Rust client against a real server: what the command line does not show of it.

use crate::harness::TestServer;
use modelwire::client::{Client, Options};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::error::Code;
use modelwire::model::{Predictions, Spec, StepSpec, Value};
use modelwire::training::{JobSpec, Rows, State};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A server with the model `double`, which learned y = 2 x, and a client of it.
async fn doubling() -> (TempDir, TestServer, Client) {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
    let job = client.train(&doubling_job("first")).await.unwrap();
    let job = client.wait(&job.id, |_| {}).await.unwrap();
    assert_eq!(job.state, State::Succeeded, "{:?}", job.error);
    (folder, server, client)
}

fn doubling_job(key: &str) -> JobSpec {
    let x: Vec<f64> = (0..10).map(f64::from).collect();
    let y = x.iter().map(|x| 2.0 * x).collect();
    let table = Table::new(vec![Column::float("x", x), Column::float("y", y)]).unwrap();
    let step = StepSpec { algorithm: "linear_regression".into(), ..StepSpec::default() };
    JobSpec {
        model: Name::parse("model", "double").unwrap(),
        pipeline: Spec { steps: vec![step], target: Some("y".into()), ..Spec::default() },
        rows: Rows::Inline(table),
        idempotency_key: Some(key.into()),
    }
}

#[tokio::test]
async fn a_server_describes_itself_in_plain_types() {
    let (_folder, _server, client) = doubling().await;

    let (described, status) = (client.describe().await.unwrap(), client.status().await.unwrap());

    assert_eq!(described.limits.max_frame_bytes, 16_384_000);
    assert!(described.methods.iter().any(|method| method.name == "predict" && method.idempotent));
    let algorithm = described.algorithms.iter().find(|it| it.name == "logistic_regression").unwrap();
    let c = algorithm.parameters.iter().find(|parameter| parameter.name == "C").unwrap();
    assert_eq!((&algorithm.kind[..], &c.type_name[..], &c.default), ("classifier", "number", &Value::Number(1.0)));
    assert!(status.live && status.ready && status.models[0].is_ready());
    assert_eq!((status.models[0].name.as_str(), status.models[0].version), ("double", 1));
}

#[tokio::test]
async fn tasks_that_share_a_client_get_their_own_answers() {
    let (_folder, _server, client) = doubling().await;
    let client = Arc::new(client);

    let calls = (0..20).map(|x| {
        let client = Arc::clone(&client);
        tokio::spawn(async move {
            let rows = Features::Table(Table::new(vec![Column::integer("x", vec![x])]).unwrap());
            (x, client.predict("double@1", &rows).await.unwrap().predictions)
        })
    });

    for call in calls.collect::<Vec<_>>() {
        let (x, Predictions::Values(values)) = call.await.unwrap() else { panic!("a regressor answers values") };
        approx::assert_abs_diff_eq!(values[0], 2.0 * x as f64, epsilon = 1e-9);
    }
}

#[tokio::test]
async fn a_repeated_key_answers_the_job_of_the_first() {
    let (_folder, _server, client) = doubling().await;

    let again = client.train(&doubling_job("first")).await.unwrap();
    let other = client.train(&doubling_job("second")).await.unwrap();

    assert_eq!((again.id.as_str(), again.version), ("j1", Some(1)));
    assert_ne!(other.id, "j1");
}

#[tokio::test]
async fn watching_waits_for_nothing_once_a_job_has_ended_and_answers_only_what_is_new() {
    let (_folder, _server, client) = doubling().await;

    let all = client.watch_job("j1", 0, Duration::ZERO).await.unwrap();
    let last = all.job.sequence;
    let news = client.watch_job("j1", last, Duration::from_secs(20)).await.unwrap();

    assert_eq!(all.events.last().map(|event| (event.sequence, event.state)), Some((last, State::Succeeded)));
    assert_eq!(news.events, []);
}

#[tokio::test]
async fn an_error_of_one_call_leaves_the_next_one_alone() {
    let (_folder, _server, client) = doubling().await;

    let unknown = client.describe_model("nobody").await.unwrap_err();
    let model = client.describe_model("double").await.unwrap();

    assert_eq!((unknown.code(), unknown.executed()), (Code::NotFound, Some(false)));
    assert!(unknown.hint().unwrap().contains("models list"));
    assert_eq!((model.version, model.n_samples, model.aliases), (1, 10, vec!["stable".to_owned()]));
}

#[tokio::test]
async fn what_is_sent_comes_back_up_to_the_limit_of_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &["--server-max-frame-bytes", "100000"], &[]);
    let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();

    let payload: Vec<u8> = (0..90_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    let echoed = client.echo(&payload).await.unwrap();
    let refused = client.echo(&vec![0; 200_000]).await.unwrap_err();
    let after = client.echo(b"still there").await.unwrap();

    assert_eq!(echoed, payload);
    assert!(refused.to_string().contains("exceeds the limit of 100000"), "{refused}");
    assert_eq!(after, b"still there");
}
