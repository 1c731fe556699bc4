//! Rows that take more than one call, sent by the Rust client.

use crate::harness::{Random, TestServer, seed};
use modelwire::client::{Client, Options};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::error::Code;
use modelwire::model::{Predictions, Spec, StepSpec};
use modelwire::training::{JobSpec, Rows, State};
use ndarray::{Array2, Axis};
use std::sync::Arc;
use tempfile::TempDir;

const N_FEATURES: usize = 4;
const N_ROWS: usize = 300_000;

/// A server with the model `plane`, which learned the sum of four features, and a client of it.
async fn plane() -> (TempDir, TestServer, Arc<Client>) {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
    publish(&client, 1.0).await;
    (folder, server, Arc::new(client))
}

/// Publishes a version that answers `factor` times the sum of the features.
async fn publish(client: &Client, factor: f64) {
    let rows = rows(50);
    let mut columns: Vec<Column> =
        rows.columns().into_iter().enumerate().map(|(at, column)| Column::float(name(at), column.to_vec())).collect();
    columns.push(Column::float("y", rows.rows().into_iter().map(|row| factor * row.sum()).collect()));
    let step = StepSpec { algorithm: "linear_regression".into(), ..StepSpec::default() };
    let spec = JobSpec {
        model: Name::parse("model", "plane").unwrap(),
        pipeline: Spec { steps: vec![step], target: Some("y".into()), ..Spec::default() },
        rows: Rows::Inline(Table::new(columns).unwrap()),
        idempotency_key: None,
    };
    let job = client.train(&spec).await.unwrap();
    let job = client.wait(&job.id, |_| {}).await.unwrap();
    assert_eq!(job.state, State::Succeeded, "{:?}", job.error);
}

fn name(at: usize) -> String {
    format!("x{at}")
}

fn rows(count: usize) -> Array2<f64> {
    let mut random = Random(seed());
    Array2::from_shape_simple_fn((count, N_FEATURES), || (random.next() >> 40) as f64 / 1024.0)
}

fn bits(predictions: &Predictions) -> Vec<u64> {
    let Predictions::Values(values) = predictions else { panic!("a regressor answers values") };
    values.iter().map(|value| value.to_bits()).collect()
}

#[tokio::test]
async fn rows_beyond_one_call_are_answered_whole_and_as_their_pieces_are() {
    let (_folder, _server, client) = plane().await;
    let rows = rows(N_ROWS);
    let by_name = rows.columns().into_iter().enumerate().map(|(at, it)| Column::float(name(at), it.to_vec()));
    let by_name = Features::Table(Table::new(by_name.collect()).unwrap());

    let whole = client.predict("plane", &Features::Matrix(rows.clone())).await.unwrap();
    let table = client.predict("plane", &by_name).await.unwrap();

    let mut pieces = vec![];
    for start in (0..N_ROWS).step_by(50_000) {
        let piece = Features::Matrix(rows.slice_axis(Axis(0), (start..start + 50_000).into()).to_owned());
        pieces.extend(bits(&client.predict("plane", &piece).await.unwrap().predictions));
    }
    assert!(bits(&whole.predictions) == pieces && bits(&table.predictions) == pieces);
    assert_eq!((whole.version, whole.generation), (1, Some(1)));
}

#[tokio::test]
async fn one_version_answers_all_rows_while_the_alias_moves() {
    let (_folder, _server, client) = plane().await;
    publish(&client, 2.0).await;
    let rows = Features::Matrix(rows(N_ROWS));
    let (one, two) = (client.predict("plane@1", &rows).await.unwrap(), client.predict("plane@2", &rows).await.unwrap());
    let mover = tokio::spawn({
        let client = Arc::clone(&client);
        async move {
            for version in [2, 1].into_iter().cycle() {
                client.set_alias("plane", "stable", Some(version), None).await.unwrap();
            }
        }
    });

    for _ in 0..4 {
        let answer = client.predict("plane", &rows).await.unwrap();
        let expected = if answer.version == 1 { &one } else { &two };
        assert!(bits(&answer.predictions) == bits(&expected.predictions), "rows of two versions in one answer");
    }
    mover.abort();
}

#[tokio::test]
async fn a_wrong_row_of_a_later_piece_is_named_with_what_it_is_counted_from() {
    let (_folder, _server, client) = plane().await;
    let mut rows = rows(N_ROWS);
    rows[[N_ROWS - 1, 2]] = f64::NAN;

    let refused = client.predict("plane", &Features::Matrix(rows)).await.unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    let most = 8 * 1024 * 1024 / (8 * N_FEATURES);
    let (start, row) = (1 + most, N_ROWS - 2 - most);
    let message = refused.to_string();
    assert!(message.contains(&format!("row {row} is NaN")), "{message}");
    assert!(message.contains(&format!("counted from row {start}")), "{message}");
}
