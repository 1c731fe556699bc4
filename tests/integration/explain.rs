//! `explain`: what columns add comes to what `predict` answers, over the wire and on the command line.

use crate::harness::{TestServer, fixture};
use modelwire::client::{Client, Options};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::error::Code;
use modelwire::model::{Predictions, Scale, Spec, StepSpec, Value};
use modelwire::training::{JobSpec, Rows, State};
use ndarray::{Array2, array};
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;

/// A server where an algorithm has learned under its own name whether `x0 + x1` is above 10.
async fn learned(algorithm: &str, parameters: &[(&str, Value)], n_rows: usize) -> (TempDir, TestServer, Client) {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
    let number = |row: usize, by: usize| (row * by % 101) as f64 / 10.0;
    let [x0, x1] = [37, 53].map(|by| (0..n_rows).map(|row| number(row, by)).collect::<Vec<_>>());
    let is_above = x0.iter().zip(&x1).map(|(x0, x1)| i64::from(x0 + x1 > 10.0)).collect();
    let table = [Column::float("x0", x0), Column::float("x1", x1), Column::integer("above", is_above)];
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let step = StepSpec { algorithm: algorithm.into(), parameters, ..StepSpec::default() };
    let pipeline = Spec { steps: vec![step], target: Some("above".into()), ..Spec::default() };
    let model = Name::parse("model", algorithm).unwrap();
    let rows = Rows::Inline(Table::new(table.to_vec()).unwrap());
    let job = client.train(&JobSpec { model, pipeline, rows, idempotency_key: None }).await.unwrap();
    let job = client.wait(&job.id, |_| {}).await.unwrap();
    assert_eq!(job.state, State::Succeeded, "{:?}", job.error);
    (folder, server, client)
}

#[tokio::test]
async fn what_the_columns_add_comes_to_the_probabilities_that_a_forest_answers() {
    let few = [("n_estimators", Value::Integer(5))];
    let (_folder, _server, client) = learned("random_forest_classifier", &few, 300).await;
    let rows = Features::Matrix(array![[9.0, 8.0], [1.0, 2.0], [5.0, 4.8]]);

    let explained = client.explain("random_forest_classifier", &rows).await.unwrap();

    let Predictions::Classes { probabilities, .. } = client.predict(&explained.model, &rows).await.unwrap().predictions
    else {
        panic!("a classifier answers classes");
    };
    let (explanation, sums) = (&explained.explanation, explained.explanation.sums());
    assert_eq!((explanation.scale, explanation.contributions.dim()), (Scale::Probability, (3, 2, 2)));
    assert_eq!((explained.version, explained.generation), (1, Some(1)));
    assert_eq!(explained.features, ["x0", "x1"]);
    assert!(sums.iter().zip(&probabilities).all(|(sum, it)| (sum - it).abs() < 1e-12), "{sums} and {probabilities}");
    assert!(explanation.contributions[[0, 1, 0]] > 0.1 && explanation.contributions[[1, 1, 0]] < -0.1);
}

#[tokio::test]
async fn a_model_that_cannot_be_explained_and_rows_that_do_not_fit_are_refused() {
    let (_folder, _server, client) = learned("k_neighbors_classifier", &[], 60).await;
    let ask = async |model: &str, rows: Array2<f64>| client.explain(model, &Features::Matrix(rows)).await.unwrap_err();

    let no_sum = ask("k_neighbors_classifier", array![[1.0, 2.0]]).await;
    let narrow = ask("k_neighbors_classifier", array![[1.0]]).await;
    let unknown = ask("nobody", array![[1.0, 2.0]]).await;
    let large = ask("k_neighbors_classifier", Array2::zeros((600_000, 2))).await;

    assert_eq!(no_sum.code(), Code::FailedPrecondition);
    assert!(no_sum.to_string().contains("k_neighbors_classifier does not answer with a sum over columns"), "{no_sum}");
    assert_eq!(
        (narrow.code(), unknown.code(), large.code()),
        (Code::InvalidArgument, Code::NotFound, Code::InvalidArgument)
    );
    assert!(large.to_string().contains("send at most 512000 rows in a call"), "{large}");
}

/// Each explanation of a deep forest takes longer than a second; one has one, the others wait for it.
#[tokio::test]
async fn explanations_that_nobody_waits_for_any_more_make_room_and_hold_up_no_prediction() {
    let (_folder, server, patient) = learned("random_forest_classifier", &[], 3_000).await;
    let options = Options { call_timeout: Duration::from_millis(300), max_tries: 1, ..Options::default() };
    let hasty = Client::connect(server.address.as_str(), options).await.unwrap();
    let many = Features::Matrix(Array2::from_shape_fn((60_000, 2), |(row, column)| (row * 7 + column) as f64 % 10.0));
    let one = Features::Matrix(array![[9.0, 8.0]]);

    let late = hasty.explain("random_forest_classifier", &many).await.unwrap_err();
    let predicted = hasty.predict("random_forest_classifier", &one).await;
    let explained = patient.explain("random_forest_classifier", &one).await;

    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(predicted.is_ok() && explained.is_ok(), "{predicted:?}, {explained:?}");
}

fn modelwire(server: &TestServer, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modelwire"));
    command.args(arguments).env("MODELWIRE_ADDRESS", &server.address).output().unwrap()
}

#[test]
fn the_command_line_prints_the_parts_of_each_prediction() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let wine = fixture("wine.csv").display().to_string();
    let steps = ["--target", "quality", "--steps", "standard_scaler,linear_regression", "--name", "wine"];
    assert!(modelwire(&server, &[&["train", &wine], &steps[..]].concat()).status.success());

    let explained = modelwire(&server, &["explain", "wine", &wine, "--csv"]);
    let predicted = modelwire(&server, &["predict", "wine", &wine, "--csv"]);

    let [explained, predicted] = [explained, predicted].map(|it| String::from_utf8(it.stdout).unwrap());
    assert!(explained.starts_with("row,value,base,fixed_acidity,volatile_acidity,"), "{explained:.100}");
    assert_eq!(explained.lines().count(), predicted.lines().count());
    for (parts, prediction) in explained.lines().zip(predicted.lines()).skip(1) {
        let parts: Vec<f64> = parts.split(',').map(|part| part.parse().unwrap()).collect();
        let (sum, prediction): (f64, f64) = (parts[2..].iter().sum(), prediction.parse().unwrap());
        assert!((sum - prediction).abs() < 1e-12 && (parts[1] - prediction).abs() < 1e-12, "{parts:?}, {prediction}");
    }
}
