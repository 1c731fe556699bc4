//! Models that end with a transformer, through a server.

use crate::harness::TestServer;
use modelwire::client::{Client, Options};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::error::Code;
use modelwire::model::{Predictions, Spec, StepSpec};
use modelwire::training::{JobSpec, Rows, State};
use ndarray::{Array2, array};
use tempfile::TempDir;

/// A server with the model `scaled`, whose columns have the means 1 and 5 and the deviations 1 and 2, and a client of it.
async fn scaled() -> (TempDir, TestServer, Client) {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("modelwire.toml");
    std::fs::write(&settings, "[models.scaled]\ncache_bytes = 65536\n").unwrap();
    let server = TestServer::start_with(&folder.path().join("data"), &["--config", settings.to_str().unwrap()], &[]);
    let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
    let job = client.train(&spec(None)).await.unwrap();
    let job = client.wait(&job.id, |_| {}).await.unwrap();
    assert_eq!(job.state, State::Succeeded, "{:?}", job.error);
    (folder, server, client)
}

fn spec(target: Option<&str>) -> JobSpec {
    let steps = vec![StepSpec { algorithm: "standard_scaler".into(), ..StepSpec::default() }];
    let columns = vec![Column::float("x", vec![0.0, 2.0]), Column::float("y", vec![3.0, 7.0])];
    JobSpec {
        model: Name::parse("model", "scaled").unwrap(),
        pipeline: Spec { steps, target: target.map(str::to_owned), ..Spec::default() },
        rows: Rows::Inline(Table::new(columns).unwrap()),
        idempotency_key: None,
    }
}

#[tokio::test]
async fn its_columns_are_answered_and_named_also_from_the_cache_and_among_many() {
    let (_folder, _server, client) = scaled().await;
    let rows = Features::Matrix(array![[1.0, 5.0], [3.0, 4.0]]);

    let first = client.predict("scaled", &rows).await.unwrap();
    let again = client.predict("scaled", &rows).await.unwrap();
    let many = client.predict_many(&[("scaled", &rows), ("scaled@1", &rows)]).await.unwrap();
    let described = client.describe_model("scaled").await.unwrap();

    let expected = Predictions::Columns(array![[0.0, 0.0], [2.0, -0.5]]);
    assert_eq!((&first.predictions, &again.predictions), (&expected, &expected));
    assert!(many.into_iter().all(|answer| answer.unwrap().predictions == expected));
    assert_eq!(described.kind, "transformer");
    assert_eq!(described.schema.outputs, Some(vec!["x".to_owned(), "y".into()]));
    assert!(described.schema.target.is_none() && described.metrics.is_empty());
}

#[tokio::test]
async fn rows_beyond_one_call_are_answered_in_their_order() {
    let (_folder, _server, client) = scaled().await;
    let rows = Array2::from_shape_fn((700_000, 2), |(row, column)| (row % 1000 + column) as f64);

    let answer = client.predict("scaled", &Features::Matrix(rows.clone())).await.unwrap();

    let Predictions::Columns(columns) = answer.predictions else { panic!("a transformer answers columns") };
    assert!(columns == (rows - array![1.0, 5.0]) / array![1.0, 2.0]);
}

#[tokio::test]
async fn a_target_is_refused_with_advice() {
    let (_folder, _server, client) = scaled().await;

    let refused = client.train(&spec(Some("y"))).await.unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.to_string().contains("leave it out, or end with an estimator"), "{refused}");
}
