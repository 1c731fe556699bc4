//! Models of several targets, through a server.

use crate::harness::TestServer;
use modelwire::client::{Client, Options};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::error::Code;
use modelwire::model::search::{Choices, Dimension, SearchSpec};
use modelwire::model::{Predictions, Scale, Spec, StepSpec, Value};
use modelwire::training::{JobSpec, Publish, Rows, SearchJob, State};
use ndarray::{Array2, array};
use std::process::Command;
use tempfile::TempDir;

/// y = 2 x + 1 and z = 3 - x on ten rows, and a weight.
fn lines() -> Table {
    let column = |name: &str, of: fn(f64) -> f64| Column::float(name, (0..10).map(|row| of(f64::from(row))).collect());
    Table::new(vec![
        column("x", |x| x),
        column("y", |x| 2.0 * x + 1.0),
        column("z", |x| 3.0 - x),
        Column::integer("w", vec![1; 10]),
    ])
    .unwrap()
}

fn spec(algorithm: &str, targets: &[&str]) -> JobSpec {
    let steps = vec![StepSpec { algorithm: algorithm.into(), ..StepSpec::default() }];
    let targets = targets.iter().map(|&name| name.to_owned()).collect();
    JobSpec {
        model: Name::parse("model", "lines").unwrap(),
        pipeline: Spec { steps, targets, sample_weight: Some("w".into()), ..Spec::default() },
        rows: Rows::Inline(lines()),
        idempotency_key: None,
    }
}

/// A server with the model `lines`, whose answers are kept, and a client of it.
async fn trained(spec: &JobSpec) -> (TempDir, TestServer, Client) {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("modelwire.toml");
    std::fs::write(&settings, "[models.lines]\ncache_bytes = 65536\n").unwrap();
    let server = TestServer::start_with(&folder.path().join("data"), &["--config", settings.to_str().unwrap()], &[]);
    let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
    let job = client.train(spec).await.unwrap();
    let job = client.wait(&job.id, |_| {}).await.unwrap();
    assert_eq!(job.state, State::Succeeded, "{:?}", job.error);
    (folder, server, client)
}

fn columns(predictions: Predictions) -> Array2<f64> {
    let Predictions::Columns(columns) = predictions else { panic!("several targets are columns: {predictions:?}") };
    columns
}

#[track_caller]
fn assert_near(ours: &Array2<f64>, expected: &Array2<f64>) {
    assert!(ours.dim() == expected.dim() && (ours - expected).iter().all(|it| it.abs() < 1e-9), "{ours}");
}

#[tokio::test]
async fn targets_are_answered_in_their_order_also_from_the_cache_and_among_many() {
    let (_folder, _server, client) = trained(&spec("linear_regression", &["z", "y"])).await;
    let rows = Features::Matrix(array![[1.0], [10.0]]);

    let first = client.predict("lines", &rows).await.unwrap().predictions;
    let again = client.predict("lines", &rows).await.unwrap().predictions;
    let many = client.predict_many(&[("lines", &rows), ("lines@1", &rows)]).await.unwrap();

    assert_near(&columns(first.clone()), &array![[2.0, 3.0], [-7.0, 21.0]]);
    assert_eq!(again, first);
    assert!(many.into_iter().all(|answer| answer.unwrap().predictions == first));
}

#[tokio::test]
async fn a_model_of_several_targets_says_what_it_answers() {
    let (_folder, _server, client) = trained(&spec("linear_regression", &["z", "y"])).await;

    let described = client.describe_model("lines").await.unwrap();

    let names: Vec<&str> = described.schema.targets.iter().map(|it| it.name.as_str()).collect();
    assert_eq!((described.kind.as_str(), names), ("regressor", vec!["z", "y"]));
    assert_eq!(described.schema.outputs, Some(vec!["z".to_owned(), "y".into()]));
    assert_eq!((described.schema.target, described.schema.features.len()), (None, 1));
    assert!(described.metrics["training_r2"] > 0.999_999, "{:?}", described.metrics);
}

#[tokio::test]
async fn several_targets_are_evaluated_and_explained() {
    let (_folder, _server, client) = trained(&spec("linear_regression", &["z", "y"])).await;

    let evaluated = client.evaluate("lines", &Rows::Inline(lines()), None, Some("w")).await.unwrap();
    let explained = client.explain("lines", &Features::Matrix(array![[2.0]])).await.unwrap();

    assert_eq!(evaluated.evaluation.n_samples, 10);
    assert!(evaluated.evaluation.metrics["rmse"] < 1e-9 && evaluated.evaluation.metrics["r2"] > 0.999_999);
    assert_eq!(explained.outputs, Some(vec!["z".to_owned(), "y".into()]));
    let explained = explained.explanation;
    assert_eq!((explained.scale, explained.contributions.dim()), (Scale::Value, (1, 2, 1)));
    assert_near(&explained.sums(), &array![[1.0, 5.0]]);
}

#[tokio::test]
async fn rows_beyond_one_call_are_answered_in_their_order() {
    let (_folder, _server, client) = trained(&spec("linear_regression", &["z", "y"])).await;
    let rows = Array2::from_shape_fn((700_000, 1), |(row, _)| (row % 1000) as f64);

    let answer = client.predict("lines", &Features::Matrix(rows.clone())).await.unwrap().predictions;

    assert_near(
        &columns(answer),
        &Array2::from_shape_fn((700_000, 2), |(row, target)| match target {
            0 => 3.0 - rows[[row, 0]],
            _ => 2.0 * rows[[row, 0]] + 1.0,
        }),
    );
}

#[tokio::test]
async fn one_name_is_the_target_and_both_ways_at_once_are_refused() {
    let (_folder, _server, client) = trained(&spec("linear_regression", &["y"])).await;
    let mut both = spec("linear_regression", &["y", "z"]);
    both.pipeline.target = Some("y".into());

    let described = client.describe_model("lines").await.unwrap();
    let refused = client.train(&both).await.unwrap_err();
    let unable = client.train(&spec("svr", &["y", "z"])).await.unwrap_err();

    assert_eq!(described.schema.target.map(|it| it.name).as_deref(), Some("y"));
    assert!(described.schema.targets.is_empty() && described.schema.outputs.is_none());
    assert_eq!((refused.code(), unable.code()), (Code::InvalidArgument, Code::InvalidArgument));
    assert!(refused.to_string().contains("send one of them"), "{refused}");
    assert!(
        unable.to_string().contains("svr learns one target, got 2: y, z; those that learn several are"),
        "{unable}"
    );
}

#[tokio::test]
async fn several_targets_are_searched_and_the_best_steps_published() {
    let (_folder, _server, client) = trained(&spec("linear_regression", &["y"])).await;
    let asked = |algorithm, name: &str| {
        let choices = Choices::Values([100.0, 1e-9].map(Value::Number).to_vec());
        let parameters = vec![Dimension { step: 0, name: name.into(), choices }];
        let search = SearchSpec { parameters, ..SearchSpec::default() };
        SearchJob { job: spec(algorithm, &["z", "y"]), search, publish: Publish::Best }
    };

    let job = client.search(&asked("ridge", "alpha")).await.unwrap();
    let job = client.wait(&job.id, |_| {}).await.unwrap();
    let found = client.search_result(&job.id).await.unwrap();
    let answer = client.predict("lines@2", &Features::Matrix(array![[1.0], [10.0]])).await.unwrap().predictions;
    let unable = client.search(&asked("svr", "C")).await.unwrap_err();

    assert_eq!((job.state, job.version, found.candidates[0].number), (State::Succeeded, Some(2), 2));
    assert!(found.candidates[0].mean_test_score.unwrap() > 0.999_999, "{:?}", found.candidates);
    assert!((columns(answer) - array![[2.0, 3.0], [-7.0, 21.0]]).iter().all(|it| it.abs() < 1e-6));
    assert!(unable.to_string().contains("svr learns one target, got 2: z, y"), "{unable}");
}

#[test]
fn the_command_line_trains_several_targets_and_prints_them_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/data/linnerud.csv");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modelwire"));
        let output = command.args(arguments).env("MODELWIRE_ADDRESS", &server.address).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let steps = ["--steps", "multi_task_lasso(alpha=0.5)", "--name", "body", "--validation-fraction", "0"];

    run(&[&["train", file, "--targets", "weight,waist,pulse"], &steps[..]].concat());
    let predicted = run(&["predict", "body", file, "--csv"]);
    let explained = run(&["explain", "body", file, "--csv"]);
    let shown = run(&["models", "show", "body"]);
    let evaluated = run(&["evaluate", "body", "--data", file]);
    let tries = ["--try", "alpha=0.5,5", "--folds", "4", "--publish"];
    let searched = run(&[&["search", file, "--targets", "weight,waist,pulse"], &steps[..4], &tries[..]].concat());

    assert_eq!((predicted.lines().next(), predicted.lines().count()), (Some("weight,waist,pulse"), 21));
    assert_eq!(explained.lines().next(), Some("row,target,value,base,chins,situps,jumps"));
    assert!(explained.lines().nth(2).unwrap().starts_with("0,waist,"), "{explained}");
    assert!(shown.contains("weight (integer), waist (integer), pulse (integer)"), "{shown}");
    assert!(evaluated.contains("explained_variance"), "{evaluated}");
    assert!(searched.contains("mean r2") && searched.contains("body@2 is trained"), "{searched}");
}
