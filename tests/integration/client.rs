//! The Rust client against a real server: what the command line does not show of it.

use crate::certificates::Certificates;
use crate::harness::TestServer;
use crate::stock::{Clients, clustering};
use modelwire::client::{Client, Options, PoolLimits, Protocol, Transport};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::error::Code;
use modelwire::model::{Predictions, Spec, StepSpec, Value};
use modelwire::tls::{Authorities, ClientFiles, ClientTls, IdentityFiles};
use modelwire::training::{JobSpec, Rows, State};
use modelwire::wire::training::TTrainingSyncClient;
use ndarray::array;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;

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

/// Payloads that tell where they were sent from, of sizes that take one read or many.
fn payload(task: usize, call: usize) -> Vec<u8> {
    let word = format!("{task}/{call};");
    word.repeat(if call % 50 == 7 { 20_000 } else { 1 + call % 20 }).into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_gets_the_reply_to_another_even_if_calls_are_dropped_midway() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    for transport in [Transport::Unframed, Transport::Framed, Transport::Header, Transport::Http] {
        let options = Options { transport, ..Options::default() };
        let client = Arc::new(Client::connect(server.address.as_str(), options).await.unwrap());
        let tasks: Vec<_> = (0..50)
            .map(|task| {
                let client = Arc::clone(&client);
                tokio::spawn(async move {
                    for call in 0..200 {
                        let payload = payload(task, call);
                        let echo = client.echo(&payload);
                        if (task + call) % 37 == 0 {
                            tokio::select! {
                                biased;
                                () = async { for _ in 0..call % 9 { tokio::task::yield_now().await } } => {}
                                _ = echo => {}
                            }
                        } else {
                            assert_eq!(echo.await.unwrap(), payload, "{transport:?}, task {task}, call {call}");
                        }
                    }
                })
            })
            .collect();

        for task in tasks {
            task.await.unwrap();
        }
    }
}

#[tokio::test]
async fn every_transport_and_protocol_carries_the_same_answers() {
    let (_folder, server, _client) = doubling().await;
    let transports = [Transport::Unframed, Transport::Framed, Transport::Header, Transport::TtHeader, Transport::Http];
    for transport in transports {
        for protocol in [Protocol::Binary, Protocol::OldBinary, Protocol::Compact, Protocol::Json] {
            let options = Options { transport, protocol, ..Options::default() };
            let client = match Client::connect(server.address.as_str(), options).await {
                Ok(client) => client,
                Err(error) => {
                    assert!(matches!(transport, Transport::Header | Transport::TtHeader), "{error}");
                    continue;
                }
            };

            let prediction = client.predict("double", &Features::Matrix(array![[21.0]])).await.unwrap();
            let refused = client.describe_model("nobody").await.unwrap_err();

            let Predictions::Values(values) = prediction.predictions else { panic!("a regressor answers values") };
            approx::assert_abs_diff_eq!(values[0], 42.0, epsilon = 1e-9);
            assert_eq!(refused.code(), Code::NotFound, "{transport:?}, {protocol:?}");
            assert_eq!(client.connections_opened(), 1, "{transport:?}, {protocol:?}");
        }
    }
}

/// A server that listens on a socket in its folder too, and the address of that.
fn on_a_socket(folder: &Path) -> (TestServer, String) {
    let socket = folder.join("modelwire.sock").display().to_string();
    let server = TestServer::start_with(&folder.join("data"), &["--listen-unix", &socket], &[]);
    (server, format!("unix:{socket}"))
}

#[tokio::test]
async fn a_client_finds_its_server_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (server, address) = on_a_socket(folder.path());
    let client = Client::connect(address, Options::default()).await.unwrap();
    client.hello(None).await.unwrap();

    server.kill();
    let gone = client.hello(None).await.unwrap_err();
    let _server = on_a_socket(folder.path());
    let back = client.hello(None).await;

    assert_eq!(gone.code(), Code::Unavailable);
    assert!(back.is_ok(), "{back:?}");
}

#[tokio::test]
async fn who_waits_for_a_job_waits_for_a_server_that_restarts_too() {
    let folder = tempfile::tempdir().unwrap();
    let (server, address) = on_a_socket(folder.path());
    let client = Client::connect(address, Options::default()).await.unwrap();
    let id = Clients::of(&server).training.train(clustering(20_000, 1_000)).unwrap().job.unwrap().id.unwrap();
    let (seen, mut first) = unbounded_channel();

    let waiting = client.wait(&id, |watched| seen.send(watched.job.state).unwrap());
    let meanwhile = async {
        first.recv().await.unwrap();
        server.kill();
        for _ in 0..3 {
            assert_eq!(client.hello(None).await.unwrap_err().code(), Code::Unavailable);
        }
        let (server, _) = on_a_socket(folder.path());
        client.cancel_job(&id).await.unwrap();
        server
    };
    let (job, _server) = tokio::join!(waiting, meanwhile);

    assert_eq!(job.unwrap().state, State::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_call_that_is_given_up_is_cancelled_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_with(folder.path(), &["--server-half-close-ms", "600000"], &[]);
    let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
    let job = Clients::of(&server).training.train(clustering(20_000, 1_000)).unwrap().job.unwrap().id.unwrap();

    let last = client.get_job(&job).await.unwrap().sequence + 100; // There is no news behind that.
    let poll = client.watch_job(&job, last, Duration::from_secs(30));
    let late = tokio::time::timeout(Duration::from_millis(100), poll).await;

    assert!(late.is_err(), "{late:?}");
    assert_eq!(server.metrics(1).cancelled("disconnect"), 1);
}

#[tokio::test]
async fn a_dropped_call_gives_its_place_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let pool = PoolLimits { max_connections: 1, max_calls_per_connection: 1, ..PoolLimits::default() };
    let client = Client::connect(server.address.as_str(), Options { pool, ..Options::default() }).await.unwrap();
    let payload = vec![7; 8_000_000];

    for _ in 0..5 {
        let late = tokio::time::timeout(Duration::from_millis(1), client.echo(&payload)).await;
        assert!(late.is_err(), "8 MB came back in a millisecond");
    }

    assert_eq!(client.echo(b"next").await.unwrap(), b"next");
}

#[tokio::test]
async fn a_server_is_reached_by_a_socket_in_the_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, socket) = on_a_socket(folder.path());

    for transport in [Transport::Framed, Transport::Http] {
        let client = Client::connect(socket.as_str(), Options { transport, ..Options::default() }).await.unwrap();
        assert_eq!(client.hello(None).await.unwrap().greeting, "Hello, World!");
    }
}

/// A server of TLS only that asks clients for a certificate.
fn with_tls(folder: &Path) -> (TestServer, Certificates) {
    let files = Certificates::write(folder);
    let [certificate, key, ca] = [&files.certificate, &files.key, &files.authority].map(|path| path.to_str().unwrap());
    let tls = ["--tls-certificate", certificate, "--tls-key", key, "--tls-client-ca", ca, "--tls-only"];
    let flags = [&tls[..], &["--tls-client-certificates", "required"]].concat();
    (TestServer::start_with(&folder.join("data"), &flags, &[]), files)
}

#[tokio::test]
async fn every_transport_goes_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (server, files) = with_tls(folder.path());
    let identity = IdentityFiles { certificates: files.client_certificate, key: files.client_key };
    let authorities = Authorities::File(files.authority);
    let tls = ClientTls::load(&ClientFiles { authorities, identity: Some(identity), server_name: None }).unwrap();
    for transport in [Transport::Unframed, Transport::Framed, Transport::Header, Transport::Http] {
        let options = Options { transport, tls: Some(tls.clone()), ..Options::default() };
        let client = Client::connect(server.address.as_str(), options).await.unwrap();

        let payload = vec![7; 1_000_000];
        let (echoed, greeted) = tokio::join!(client.echo(&payload), client.hello(None));

        assert_eq!((echoed.unwrap(), greeted.unwrap().greeting.as_str()), (payload, "Hello, World!"), "{transport:?}");
    }
}

#[tokio::test]
async fn a_client_that_tls_refuses_learns_why() {
    let folder = tempfile::tempdir().unwrap();
    let (server, files) = with_tls(folder.path());
    let trusting = ClientFiles { authorities: Authorities::File(files.authority), ..ClientFiles::default() };
    let options = |files| Options { tls: Some(ClientTls::load(files).unwrap()), ..Options::default() };
    let other = ClientFiles { server_name: Some("example.org".into()), ..trusting.clone() };

    let plain = Client::connect(server.address.as_str(), Options::default()).await.unwrap().hello(None).await;
    let wrong_name = Client::connect(server.address.as_str(), options(&other)).await.map(drop);
    let unknown = Client::connect(server.address.as_str(), options(&trusting)).await.unwrap().hello(None).await;

    assert_eq!(plain.unwrap_err().code(), Code::Unavailable);
    let (wrong_name, unknown) = (wrong_name.unwrap_err().to_string(), unknown.unwrap_err().to_string());
    assert!(wrong_name.contains("not for \"example.org\""), "{wrong_name}");
    assert!(unknown.contains("certificate"), "{unknown}");
}

#[test]
fn a_command_takes_its_wire_format_and_its_tls_from_flags() {
    let folder = tempfile::tempdir().unwrap();
    let (server, files) = with_tls(folder.path());
    let [certificate, key, ca] = [&files.client_certificate, &files.client_key, &files.authority];
    for format in [["http", "json"], ["header", "binary"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_modelwire"));
        command.args(["hello", "Ada", "--address", &server.address, "--transport", format[0], "--protocol", format[1]]);
        command
            .arg("--tls")
            .arg("--tls-ca")
            .arg(ca)
            .arg("--tls-key")
            .arg(key)
            .arg("--tls-certificate")
            .arg(certificate);

        let output = command.output().unwrap();

        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.starts_with("Hello, Ada!"), "{text}{}", String::from_utf8_lossy(&output.stderr));
    }
}
