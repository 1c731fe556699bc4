//! How much models rest on their columns, asked of a real server.

use crate::harness::{self, TestServer};
use modelwire::client::{Client, Importance, ImportanceOptions, Options};
use modelwire::data::{Column, Name, Table};
use modelwire::error::{Code, Result};
use modelwire::model::{Spec, StepSpec};
use modelwire::training::{JobSpec, Rows, State};
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
    async fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = TestServer::start_with(&folder.path().join("data"), flags, &[]);
        let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
        Self { folder, server, client }
    }

    async fn train(&self, name: &str, algorithm: &str, target: Option<&str>, table: Table) {
        let step = StepSpec { algorithm: algorithm.into(), ..StepSpec::default() };
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

    async fn ask(&self, model: &str, table: &Table, options: &ImportanceOptions) -> Result<Importance> {
        self.client.permutation_importance(model, &Rows::Inline(table.clone()), options).await
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(harness::binary());
        command.args(arguments).env("MODELWIRE_ADDRESS", &self.server.address).output().unwrap()
    }
}

/// `x`, `z`, a column that is always the same, and `y = 4 x + z`.
fn row(number: u32) -> [f64; 4] {
    let (x, z) = (f64::from(number * 7 % 101) / 8.0, f64::from(number * 13 % 89) / 8.0);
    [x, z, 2.5, 4.0 * x + z]
}

fn plane(n_rows: u32) -> Table {
    let column = |(at, name)| Column::float(name, (0..n_rows).map(|number| row(number)[at]).collect());
    Table::new(["x", "z", "same", "y"].into_iter().enumerate().map(column).collect()).unwrap()
}

fn seeded(seed: i64, n_repeats: u32) -> ImportanceOptions {
    ImportanceOptions { seed: Some(seed), n_repeats: Some(n_repeats), ..ImportanceOptions::default() }
}

#[tokio::test]
async fn rows_beyond_a_chunk_are_shuffled_from_the_call_and_from_a_data_set_alike() {
    let rig = Rig::start(&["--batching-threads", "2"]).await;
    rig.train("plane", "linear_regression", Some("y"), plane(500)).await;
    let rows = plane(5_000);
    let path = rig.folder.path().join("rows.csv");
    let lines = (0..5_000).map(row).map(|[x, z, same, y]| format!("{x},{z},{same},{y}\n"));
    let csv: String = ["x,z,same,y\n".to_owned()].into_iter().chain(lines).collect();
    std::fs::write(&path, csv).unwrap();
    let stored = rig.run(&["datasets", "upload", &path.display().to_string(), "--name", "rows"]);
    assert!(stored.status.success(), "{}", String::from_utf8_lossy(&stored.stderr));

    let sent = rig.ask("plane", &rows, &seeded(7, 3)).await.unwrap();
    let again = rig.ask("plane@1", &rows, &seeded(7, 3)).await.unwrap();
    let other = rig.ask("plane", &rows, &seeded(8, 3)).await.unwrap();
    let rows = Rows::Dataset("rows".into());
    let stored = rig.client.permutation_importance("plane", &rows, &seeded(7, 3)).await.unwrap();

    let found = &sent.importances;
    assert_eq!((sent.model.as_str(), sent.version, sent.generation, found.n_samples), ("plane", 1, Some(1), 5_000));
    assert_eq!((found.scoring.as_str(), found.features.join(" ").as_str()), ("r2", "x z same"));
    assert!(found.importances.dim() == (3, 3) && (found.baseline - 1.0).abs() < 1e-12, "{found:?}");
    assert!(found.importances.row(2).iter().all(|it| *it == 0.0), "{found:?}");
    let (mean, deviation) = (found.mean(), found.deviation());
    assert!(mean[0] > 10.0 * mean[1] && mean[1] > 0.0 && deviation[0] > 0.0, "{found:?}");
    assert_eq!(found, &again.importances);
    assert_eq!(found, &stored.importances);
    assert_ne!(found.importances, other.importances.importances);
}

#[tokio::test]
async fn shuffles_are_the_same_on_any_number_of_threads() {
    let mut found = vec![];
    for threads in ["1", "3"] {
        let rig = Rig::start(&["--batching-threads", threads]).await;
        rig.train("plane", "random_forest_regressor", Some("y"), plane(200)).await;

        found.push(rig.ask("plane", &plane(200), &seeded(-3, 2)).await.unwrap());
    }

    assert_eq!(found[0], found[1]);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let rig = Rig::start(&[]).await;
    rig.train("plane", "linear_regression", Some("y"), plane(50)).await;
    rig.train("scaled", "standard_scaler", None, plane(50)).await;
    let by = |scoring: &str| ImportanceOptions { scoring: Some(scoring.into()), ..ImportanceOptions::default() };

    let metric = rig.ask("plane", &plane(50), &by("accuracy")).await.unwrap_err();
    let error = rig.ask("plane", &plane(50), &by("mae")).await.unwrap_err();
    let none = rig.ask("plane", &plane(50), &seeded(0, 0)).await.unwrap_err();
    let many = rig.ask("plane", &plane(50), &seeded(0, 1_001)).await.unwrap_err();
    let undefined = rig.ask("plane", &plane(1), &seeded(0, 1)).await.unwrap_err();
    let kind = rig.ask("scaled", &plane(50), &seeded(0, 1)).await.unwrap_err();
    let model = rig.ask("nobody", &plane(50), &seeded(0, 1)).await.unwrap_err();

    for (refused, named) in [
        (&metric, "scoring \"accuracy\" is not known for a regressor; there are r2, "),
        (&error, "a lower one is better, and its score is named \"neg_mean_absolute_error\""),
        (&none, "n_repeats is 0; each column is shuffled 1 to 1000 times"),
        (&many, "n_repeats is 1001"),
        (&undefined, "r2 is not defined for these rows"),
    ] {
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert!(refused.to_string().contains(named), "{refused}");
    }
    assert_eq!([kind.code(), model.code()], [Code::FailedPrecondition, Code::NotFound]);
    assert!(kind.to_string().contains("kind transformer are neither right nor wrong"), "{kind}");
}

/// Each of them has 3,000 times 20,000 rows to predict; were they not given up, the last one had no place or no time.
#[tokio::test]
async fn what_nobody_waits_for_any_more_is_given_up() {
    let rig = Rig::start(&[]).await;
    rig.train("plane", "linear_regression", Some("y"), plane(50)).await;
    let hasty = Options { call_timeout: Duration::from_millis(300), ..Options::default() };
    let hasty = Client::connect(rig.server.address.as_str(), hasty).await.unwrap();

    for _ in 0..3 {
        let rows = Rows::Inline(plane(20_000));
        let late = hasty.permutation_importance("plane", &rows, &seeded(0, 1_000)).await.unwrap_err();

        assert_eq!(late.code(), Code::DeadlineExceeded, "{late}");
    }
    let found = rig.ask("plane", &plane(50), &seeded(0, 1)).await.unwrap();

    assert_eq!(found.importances.n_samples, 50);
}

#[tokio::test]
async fn people_and_programs_read_what_a_model_rests_on() {
    let rig = Rig::start(&[]).await;
    let file = harness::fixture("iris.csv").display().to_string();
    let train = ["train", &file, "--target", "species", "--steps", "gaussian_nb", "--name", "iris"];
    assert!(rig.run(&train).status.success());

    let table = rig.run(&["importance", "iris", "--data", &file]);
    let asked = ["--scoring", "neg_log_loss", "--repeats", "3", "--seed", "7", "--json"];
    let json = rig.run(&[&["importance", "iris@1", "--data", &file], &asked[..]].concat());
    let wrong = rig.run(&["importance", "iris", "--data", &file, "--scoring", "beauty"]);
    let neither = rig.run(&["importance", "iris"]);

    let lines = String::from_utf8(table.stdout).unwrap();
    assert!(lines.starts_with("iris@1 on 150 rows: accuracy 0.9600, worse by\n\ncolumn "), "{lines}");
    let json: Json = serde_json::from_slice(&json.stdout).unwrap();
    let columns = json["columns"].as_array().unwrap();
    assert_eq!((columns.len(), columns[0]["importances"].as_array().unwrap().len()), (4, 3));
    assert_eq!((json["scoring"].as_str(), columns[3]["name"].as_str()), (Some("neg_log_loss"), Some("petal_width")));
    assert_eq!((wrong.status.code(), neither.status.code()), (Some(1), Some(2)));
}
