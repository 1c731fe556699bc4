//! Models that say something of their training rows and answer no others.

use crate::harness::TestServer;
use crate::stock::{Clients, code, row};
use modelwire::client::{Client, Options, TrainedRows};
use modelwire::data::{Column, ElementType, Features, Name, PackedMatrix, Table};
use modelwire::error::Code;
use modelwire::model::{Spec, StepSpec, TrainingResult, Value};
use modelwire::training::{JobSpec, Rows, State};
use modelwire::wire::empty;
use modelwire::wire::inference::{PredictItem, PredictManyRequest, PredictRequest, TInferenceSyncClient};
use modelwire::wire::models::{GetTrainingResultRequest, TModelsSyncClient};
use modelwire::wire::types::{DType, Tensor};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Groups of ten rows each and one row apart, whose columns have different units.
fn groups(n_groups: usize) -> Table {
    let n_rows = 10 * n_groups + 1;
    let place = |row: usize| if row + 1 == n_rows { -7.0 } else { (row / 10) as f64 * 3.0 + (row % 10) as f64 / 100.0 };
    let columns = [1.0, 1_000.0].map(|unit| (0..n_rows).map(|row| unit * place(row)).collect());
    let [x, y] = columns;
    Table::new(vec![Column::float("x", x), Column::float("y", y)]).unwrap()
}

fn labels(n_groups: usize) -> TrainingResult {
    TrainingResult::Labels((0..10 * n_groups).map(|row| (row / 10) as i64).chain([-1]).collect())
}

fn step(algorithm: &str, parameters: &[(&str, Value)]) -> StepSpec {
    let parameters: BTreeMap<String, Value> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    StepSpec { algorithm: algorithm.into(), parameters, columns: None }
}

async fn train(client: &Client, steps: Vec<StepSpec>, table: Table) -> BTreeMap<String, f64> {
    let spec = JobSpec {
        model: Name::parse("model", "groups").unwrap(),
        pipeline: Spec { steps, ..Spec::default() },
        rows: Rows::Inline(table),
        idempotency_key: None,
    };
    let job = client.train(&spec).await.unwrap();
    let job = client.wait(&job.id, |_| {}).await.unwrap();
    assert_eq!(job.state, State::Succeeded, "{:?}", job.error);
    job.metrics
}

/// Scaled, so that the columns count the same.
fn scaled() -> Vec<StepSpec> {
    vec![step("standard_scaler", &[]), step("dbscan", &[("eps", Value::Number(0.013))])]
}

async fn connect(server: &TestServer) -> Client {
    Client::connect(server.address.as_str(), Options::default()).await.unwrap()
}

async fn grouped(n_groups: usize) -> (TempDir, TestServer, Client) {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = connect(&server).await;
    train(&client, scaled(), groups(n_groups)).await;
    (folder, server, client)
}

#[tokio::test]
async fn a_training_result_is_the_same_after_a_restart_and_behind_a_transformer() {
    let (folder, server, client) = grouped(20).await;
    let before = client.training_result("groups").await.unwrap();
    server.kill();

    let server = TestServer::start(folder.path());

    let after = connect(&server).await.training_result("groups@latest").await.unwrap();
    assert_eq!(before, TrainedRows { model: "groups".into(), version: 1, result: labels(20) });
    assert_eq!(after, before);
}

#[tokio::test]
async fn metrics_and_descriptions_say_what_came_of_it_and_that_it_answers_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = connect(&server).await;

    let metrics = train(&client, scaled(), groups(3)).await;

    assert_eq!(metrics, BTreeMap::from([("n_clusters".to_owned(), 3.0), ("noise".to_owned(), 1.0 / 31.0)]));
    let version = client.describe_model("groups").await.unwrap();
    assert_eq!((version.kind.as_str(), version.n_samples, version.metrics), ("clusterer", 31, metrics));
    let algorithms = client.describe().await.unwrap().algorithms;
    let transductive = |name: &str| algorithms.iter().find(|it| it.name == name).unwrap().transductive;
    assert_eq!((transductive("dbscan"), transductive("k_means")), (true, false));
}

#[tokio::test]
async fn a_result_that_no_message_holds_is_read_whole_and_page_by_page() {
    let (folder, server, _client) = grouped(300).await;
    server.kill();
    let server = TestServer::start_with(folder.path(), &["--server-max-frame-bytes", "16384"], &[]);
    let client = connect(&server).await;
    let mut clients = Clients::of(&server);
    let mut page = |from_row, limit| {
        let request = GetTrainingResultRequest { model: Some("groups".into()), from_row, limit, ..empty() };
        let page = clients.models.get_training_result(request).unwrap();
        (page.labels.unwrap().shape.unwrap()[0], page.total_rows.unwrap(), page.next_row, page.version.unwrap())
    };

    let pages = [page(None, None), page(Some(3_000), None), page(Some(5), Some(7)), page(Some(3_001), None)];

    assert_eq!(client.training_result("groups").await.unwrap().result, labels(300));
    assert_eq!(
        pages,
        [(1_024, 3_001, Some(1_024), 1), (1, 3_001, None, 1), (7, 3_001, Some(12), 1), (0, 3_001, None, 1)]
    );
}

/// A row of two columns, or of so many bytes that are none.
fn two_columns(bytes: usize) -> Tensor {
    Tensor { dtype: Some(DType::F64), shape: Some(vec![1, 2]), data: Some(vec![0; bytes].into()) }
}

#[tokio::test]
async fn rows_are_refused_and_the_refusal_says_what_to_do() {
    let (_folder, server, client) = grouped(2).await;
    let mut clients = Clients::of(&server);
    clients.train("line").map(|job| clients.wait(&job.id.unwrap()).unwrap()).unwrap();

    let large = Features::Packed(PackedMatrix::new(ElementType::F64, [40_000, 2], vec![0; 640_000].into()).unwrap());
    let refused = client.predict("groups", &large).await.unwrap_err();
    let small = clients.predict("groups@1", two_columns(16));
    let item = |model: &str, matrix| PredictItem { model: Some(model.into()), matrix: Some(matrix), ..empty() };
    let items = vec![item("groups", two_columns(16)), item("line", row(2.0)), item("line", two_columns(3))];
    let many = clients.inference.predict_many(PredictManyRequest { items: Some(items), ..empty() }).unwrap();

    assert_eq!(refused.code(), Code::FailedPrecondition);
    let said = refused.to_string();
    assert!(
        ["groups@1", "(dbscan)", "get_training_result", "modelwire models result groups@1"]
            .iter()
            .all(|word| said.contains(word)),
        "{said}"
    );
    assert_eq!(code(small), "FAILED_PRECONDITION");
    let codes = many.outcomes.unwrap().into_iter().map(|it| it.error.map(|error| error.code_name.unwrap()));
    let expected = [Some("FAILED_PRECONDITION"), None, Some("INVALID_ARGUMENT")];
    assert_eq!(codes.collect::<Vec<_>>(), expected.map(|code| code.map(str::to_owned)));
}

#[tokio::test]
async fn a_model_with_a_cache_refuses_rows_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("modelwire.toml");
    std::fs::write(&settings, "[models.groups]\ncache_bytes = 65536\n").unwrap();
    let flags = ["--config", settings.to_str().unwrap()];
    let server = TestServer::start_with(&folder.path().join("data"), &flags, &[]);
    train(&connect(&server).await, scaled(), groups(2)).await;
    let matrix = Some(Tensor { dtype: Some(DType::F64), shape: Some(vec![1, 2]), data: Some(vec![0; 16].into()) });
    let request = PredictRequest { model: Some("groups".into()), matrix, ..empty() };

    let refused = Clients::of(&server).inference.predict(request);

    assert_eq!(code(refused), "FAILED_PRECONDITION");
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_refused_by_its_code() {
    let (_folder, server, _client) = grouped(2).await;
    let mut clients = Clients::of(&server);
    clients.train("line").map(|job| clients.wait(&job.id.unwrap()).unwrap()).unwrap();
    let mut read = |model: &str, from_row, limit| {
        let request = GetTrainingResultRequest { model: Some(model.into()), from_row, limit, ..empty() };
        code(clients.models.get_training_result(request))
    };

    let not_found = [read("nobody", None, None), read("groups@7", None, None)];
    let invalid = [
        read("groups@@", None, None),
        read("groups", Some(-1), None),
        read("groups", Some(22), None),
        read("groups", None, Some(0)),
    ];
    let regressor = read("line", None, None);

    assert_eq!(not_found, ["NOT_FOUND"; 2]);
    assert_eq!(invalid, ["INVALID_ARGUMENT"; 4]);
    assert_eq!(regressor, "FAILED_PRECONDITION");
}

#[tokio::test]
async fn an_unloaded_version_is_not_read_until_it_is_loaded_again() {
    let (_folder, _server, client) = grouped(2).await;
    train(&client, scaled(), groups(4)).await;
    client.unload_model("groups", 2).await.unwrap();

    let unloaded = client.training_result("groups@2").await.unwrap_err();
    client.load_model("groups", 2, None).await.unwrap();

    assert_eq!(unloaded.code(), Code::FailedPrecondition);
    assert_eq!(client.training_result("groups@2").await.unwrap().result, labels(4));
    assert_eq!(client.training_result("groups").await.unwrap().result, labels(2));
}

#[test]
fn the_command_line_shows_and_writes_a_result() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(&folder.path().join("data"));
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modelwire"));
        let output = command.args(arguments).env("MODELWIRE_ADDRESS", &server.address).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (rows, file) = (folder.path().join("rows.csv"), folder.path().join("labels.csv"));
    std::fs::write(&rows, "x\n0.0\n0.1\n0.2\n9.0\n").unwrap();
    let path = |path: &Path| path.display().to_string();
    let trained = run(&["train", &path(&rows), "--steps", "dbscan(min_samples=2)", "--name", "groups"]);

    let shown = run(&["models", "result", "groups"]);
    let document: serde_json::Value = serde_json::from_str(&run(&["models", "result", "groups@1", "--json"])).unwrap();
    let written = run(&["models", "result", "groups", "--output", &path(&file)]);

    assert!(trained.contains("n_clusters 1"), "{trained}");
    assert_eq!(
        shown.split_whitespace().collect::<Vec<_>>(),
        "row label 0 0 1 0 2 0 3 -1".split(' ').collect::<Vec<_>>()
    );
    assert_eq!(document, serde_json::json!({ "model": "groups", "version": 1, "labels": [0, 0, 0, -1] }));
    assert_eq!(written, format!("4 rows of groups@1 are in {}\n", file.display()));
    assert_eq!(std::fs::read_to_string(file).unwrap(), "label\n0\n0\n0\n-1\n");
}
