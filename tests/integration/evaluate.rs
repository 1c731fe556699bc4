//! Models measured on rows whose targets are known, against a real server.

use crate::harness::{self, TestServer};
use modelwire::client::{Client, Evaluated, Options};
use modelwire::data::{Column, Labels, Name, Table};
use modelwire::error::{Code, Result};
use modelwire::model::{Spec, StepSpec, Value};
use modelwire::training::{JobSpec, Rows, State};
use ndarray::array;
use serde_json::Value as Json;

use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;

struct Rig {
    folder: TempDir,
    server: TestServer,
    client: Client,
}

impl Rig {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = TestServer::start(&folder.path().join("data"));
        let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
        Self { folder, server, client }
    }

    async fn train(&self, name: &str, step: StepSpec, target: Option<&str>, table: Table) {
        let spec = JobSpec {
            model: Name::parse("model", name).unwrap(),
            pipeline: Spec { steps: vec![step], target: target.map(Into::into), ..Spec::default() },
            rows: Rows::Inline(table),
            idempotency_key: None,
        };
        let job = self.client.train(&spec).await.unwrap();
        let job = self.client.wait(&job.id, |_| {}).await.unwrap();
        assert_eq!(job.state, State::Succeeded, "{:?}", job.error);
    }

    async fn evaluate(&self, model: &str, table: &Table) -> Result<Evaluated> {
        self.client.evaluate(model, &Rows::Inline(table.clone()), None, None).await
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(harness::binary());
        command.args(arguments).env("MODELWIRE_ADDRESS", &self.server.address).output().unwrap()
    }
}

fn step(algorithm: &str) -> StepSpec {
    StepSpec { algorithm: algorithm.into(), ..StepSpec::default() }
}

fn groups(n_clusters: i64) -> StepSpec {
    let few = [("n_clusters", n_clusters), ("n_init", 1), ("max_iter", 2)];
    StepSpec { parameters: few.map(|(name, value)| (name.to_owned(), Value::Integer(value))).into(), ..step("k_means") }
}

/// y = 2 x and, of every other row, 1 more.
fn line(n_rows: u32) -> Table {
    let x: Vec<f64> = (0..n_rows).map(|row| f64::from(row) / 8.0).collect();
    let y = x.iter().enumerate().map(|(row, x)| 2.0 * x + (row % 2) as f64).collect();
    Table::new(vec![Column::float("x", x), Column::float("y", y)]).unwrap()
}

/// Learned from rows without the 1: it is met by half of the others.
fn exact() -> Table {
    Table::new(vec![Column::float("x", vec![0.0, 1.0, 2.0]), Column::float("y", vec![0.0, 2.0, 4.0])]).unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn rows_beyond_a_chunk_are_measured_from_the_call_and_from_a_data_set_alike() {
    let rig = Rig::start().await;
    rig.train("line", step("linear_regression"), Some("y"), exact()).await;
    let rows = line(10_000);
    let csv: String = ["x,y\n".to_owned()]
        .into_iter()
        .chain(
            (0..10_000).map(|row| format!("{},{}\n", f64::from(row) / 8.0, f64::from(row) / 4.0 + f64::from(row % 2))),
        )
        .collect();
    let path = rig.folder.path().join("rows.csv");
    std::fs::write(&path, csv).unwrap();
    let stored = rig.run(&["datasets", "upload", &path.display().to_string(), "--name", "rows"]);
    assert!(stored.status.success(), "{}", text(&stored.stderr));

    let sent = rig.evaluate("line", &rows).await.unwrap();
    let stored = rig.client.evaluate("line@1", &Rows::Dataset("rows".into()), Some("y"), None).await.unwrap();

    assert_eq!((sent.model.as_str(), sent.version, sent.generation), ("line", 1, Some(1)));
    assert_eq!((stored.generation, stored.evaluation.n_samples), (None, 10_000));
    assert!((sent.evaluation.metrics["mae"] - 0.5).abs() < 1e-9, "{:?}", sent.evaluation.metrics);
    assert!((sent.evaluation.metrics["rmse"] - 0.5f64.sqrt()).abs() < 1e-9, "{:?}", sent.evaluation.metrics);
    assert_eq!(sent.evaluation, stored.evaluation);
}

#[tokio::test]
async fn classes_come_with_their_own_metrics_and_what_was_taken_for_what() {
    let rig = Rig::start().await;
    let x = Column::float("x", vec![-2.0, -1.0, 1.0, 2.0]);
    let sign = Column::text("sign", &["minus", "minus", "plus", "plus"]);
    let table = Table::new(vec![x, sign.clone()]).unwrap();
    rig.train("sign", step("logistic_regression"), Some("sign"), table).await;
    let weighted =
        [Column::float("x", vec![-3.0, -1.5, -0.5, 2.5]), sign, Column::float("w", vec![1.0, 2.0, 3.0, 0.0])];
    let rows = Rows::Inline(Table::new(weighted.to_vec()).unwrap());

    let found = rig.client.evaluate("sign", &rows, Some("sign"), Some("w")).await.unwrap().evaluation;

    let report = found.classes.unwrap();
    assert_eq!(found.n_samples, 3);
    assert_eq!(report.labels, Labels::Text(vec!["minus".into(), "plus".into()]));
    assert_eq!(report.confusion, array![[3.0, 0.0], [3.0, 0.0]]);
    assert_eq!((report.classes[0].precision, report.classes[0].recall), (Some(0.5), Some(1.0)));
    assert_eq!((report.classes[1].precision, report.classes[1].recall), (None, Some(0.0)));
    assert_eq!(found.metrics["balanced_accuracy"], 0.5);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let rig = Rig::start().await;
    rig.train("line", step("linear_regression"), Some("y"), exact()).await;
    let too_large = Column::float("x", (0..5_000).map(|row| if row == 4_500 { 1e308 } else { 0.0 }).collect());
    let overflowing = Table::new(vec![too_large, Column::float("y", vec![0.0; 5_000])]).unwrap();
    let nothing = Table::new(vec![Column::float("x", vec![1.0])]).unwrap();

    let row = rig.evaluate("line", &overflowing).await.unwrap_err();
    let target = rig.evaluate("line", &nothing).await.unwrap_err();
    let model = rig.evaluate("curve", &exact()).await.unwrap_err();
    let dataset = rig.client.evaluate("line", &Rows::Dataset("none".into()), None, None).await.unwrap_err();

    assert_eq!(
        [&row, &target, &model, &dataset].map(|it| it.code()),
        [Code::InvalidArgument, Code::InvalidArgument, Code::NotFound, Code::NotFound]
    );
    assert!(row.to_string().contains("row 404 is not finite"), "{row}");
    assert!(row.to_string().contains("counted from row 4096"), "{row}");
    assert!(target.to_string().contains("target \"y\" is not a column; there are x"), "{target}");
}

/// Each looks at 50,000,000 pairs of rows, or would; were they not given up, the last one had no place or no time.
#[tokio::test]
async fn what_nobody_waits_for_any_more_is_given_up() {
    let rig = Rig::start().await;
    let column =
        |name: &str, factor: f64| Column::float(name, (0..10_000).map(|row| f64::from(row) * factor % 7.0).collect());
    let rows = Table::new(vec![column("x", 0.37), column("y", 1.91)]).unwrap();
    rig.train("groups", groups(3), None, rows.slice(0, 100)).await;
    let hasty = Options { call_timeout: Duration::from_millis(300), ..Options::default() };
    let hasty = Client::connect(rig.server.address.as_str(), hasty).await.unwrap();

    for _ in 0..3 {
        let late = hasty.evaluate("groups", &Rows::Inline(rows.clone()), None, None).await.unwrap_err();

        assert_eq!(late.code(), Code::DeadlineExceeded, "{late}");
    }
    let found = rig.evaluate("groups", &rows.slice(0, 200)).await.unwrap().evaluation;

    assert_eq!(found.silhouette_samples, Some(200));
    assert_eq!(found.metrics.keys().collect::<Vec<_>>(), ["davies_bouldin", "inertia", "silhouette"]);
}

#[tokio::test]
async fn people_and_programs_read_what_a_model_is_worth() {
    let rig = Rig::start().await;
    let file = harness::fixture("iris.csv").display().to_string();
    let train = ["train", &file, "--target", "species", "--steps", "gaussian_nb", "--name", "iris"];
    assert!(rig.run(&train).status.success());

    let table = rig.run(&["evaluate", "iris", "--data", &file]);
    let json = rig.run(&["evaluate", "iris@1", "--data", &file, "--target", "species", "--json"]);
    let refused = rig.run(&["evaluate", "iris", "--data", &file, "--target", "petal_width"]);
    let neither = rig.run(&["evaluate", "iris"]);

    assert!(table.status.success(), "{}", text(&table.stderr));
    let lines = text(&table.stdout);
    assert!(lines.starts_with("iris@1 on 150 rows\n\naccuracy "), "{lines}");
    assert!(lines.contains("\nclass       precision") && lines.contains("\nsetosa      1.0000"), "{lines}");
    let json: Json = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["metrics"]["accuracy"], 0.96);
    assert_eq!((json["classes"][0]["label"].as_str(), json["confusion"][0][0].as_f64()), (Some("setosa"), Some(50.0)));
    assert_eq!((refused.status.code(), neither.status.code()), (Some(1), Some(2)));
    assert!(text(&refused.stderr).contains("the classes of the model are text"), "{}", text(&refused.stderr));
}
