//! Answers that are kept, through a server.

use crate::harness::TestServer;
use modelwire::client::{Client, Options, Prediction};
use modelwire::data::{Column, ElementType, Features, Name, PackedMatrix, Table};
use modelwire::model::{Predictions, Spec, StepSpec};
use modelwire::training::{JobSpec, Rows, State};
use ndarray::array;
use std::path::Path;
use tempfile::TempDir;

/// A server whose models `one` and `two` keep answers, and `three` does not.
async fn keeping() -> (TempDir, TestServer, Client) {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("modelwire.toml");
    std::fs::write(&settings, "[models.one]\ncache_bytes = 65536\n[models.two]\ncache_bytes = 65536\n").unwrap();
    let server = start(&folder.path().join("data"), &settings);
    let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
    (folder, server, client)
}

fn start(data: &Path, settings: &Path) -> TestServer {
    TestServer::start_with(data, &["--config", settings.to_str().unwrap()], &[])
}

/// Publishes a version that answers `slope` times x.
async fn publish(client: &Client, model: &str, slope: f64) -> u64 {
    let x: Vec<f64> = (0..10).map(f64::from).collect();
    let y = x.iter().map(|x| slope * x).collect();
    let spec = JobSpec {
        model: Name::parse("model", model).unwrap(),
        pipeline: Spec {
            steps: vec![StepSpec { algorithm: "linear_regression".into(), ..StepSpec::default() }],
            target: Some("y".into()),
            ..Spec::default()
        },
        rows: Rows::Inline(Table::new(vec![Column::float("x", x), Column::float("y", y)]).unwrap()),
        idempotency_key: None,
    };
    let job = client.train(&spec).await.unwrap();
    let job = client.wait(&job.id, |_| {}).await.unwrap();
    assert_eq!(job.state, State::Succeeded, "{:?}", job.error);
    job.version.unwrap()
}

async fn ask(client: &Client, model: &str) -> Prediction {
    client.predict(model, &Features::Matrix(array![[2.0]])).await.unwrap()
}

/// Name, version and generation of an answer, and what it says.
fn told(answer: &Prediction) -> (&str, u64, Option<u64>, f64) {
    let Predictions::Values(values) = &answer.predictions else { panic!("a regressor answers values") };
    (&answer.model, answer.version, answer.generation, values[0].round())
}

#[tokio::test]
async fn the_second_who_asks_the_same_is_answered_from_the_cache_and_models_without_one_are_not() {
    let (_folder, server, client) = keeping().await;
    for model in ["one", "three"] {
        publish(&client, model, 3.0).await;
        assert_eq!(ask(&client, model).await, ask(&client, model).await);
    }

    let metrics = server.metrics(1);

    assert_eq!((metrics.cache("hits_total", "one"), metrics.cache("misses_total", "one")), (1, 1));
    assert!(metrics.cache("bytes", "one") > 0);
    assert_eq!((metrics.cache("hits_total", "two"), metrics.cache("misses_total", "two")), (0, 0));
}

#[tokio::test]
async fn packed_rows_of_any_type_share_an_answer_and_wrong_ones_are_refused_and_not_kept() {
    let (_folder, server, client) = keeping().await;
    publish(&client, "one", 3.0).await;
    publish(&client, "three", 3.0).await;
    let packed =
        |element, bytes: &[u8]| Features::Packed(PackedMatrix::new(element, [1, 1], bytes.to_vec().into()).unwrap());
    let two = [packed(ElementType::I32, &2_i32.to_le_bytes()), packed(ElementType::F32, &2_f32.to_le_bytes())];

    for model in ["one", "three"] {
        let answer = ask(&client, model).await;
        for rows in &two {
            assert_eq!(client.predict(model, rows).await.unwrap(), answer);
        }
        for rows in [packed(ElementType::F64, &f64::NAN.to_le_bytes()), Features::Matrix(array![[f64::NAN]])] {
            let refused = client.predict(model, &rows).await.unwrap_err();
            assert!(refused.to_string().contains("column \"x\" row 0 is NaN"), "{refused}");
        }
    }

    let metrics = server.metrics(1);
    assert_eq!((metrics.cache("hits_total", "one"), metrics.cache("misses_total", "one")), (2, 1));
}

#[tokio::test]
async fn a_reply_names_the_model_version_and_generation_of_its_call_whoever_computed_it() {
    let (_folder, server, client) = keeping().await;
    for model in ["one", "two", "one"] {
        publish(&client, model, 3.0).await;
    }

    let answers = [ask(&client, "one").await, ask(&client, "two").await, ask(&client, "one@2").await];

    assert_eq!(told(&answers[0]), ("one", 1, Some(1), 6.0));
    assert_eq!(told(&answers[1]), ("two", 1, Some(1), 6.0));
    assert_eq!(told(&answers[2]), ("one", 2, None, 6.0));
    assert_eq!(server.metrics(1).cache("hits_total", "one"), 1, "the versions are the same bytes");
}

#[tokio::test]
async fn an_alias_that_moves_and_a_version_that_is_deleted_take_their_answers_along() {
    let (_folder, _server, client) = keeping().await;
    for slope in [3.0, 5.0] {
        publish(&client, "one", slope).await;
    }
    let before = ask(&client, "one").await;

    client.set_alias("one", "stable", Some(2), None).await.unwrap();
    let moved = ask(&client, "one").await;
    client.delete_version("one", 1).await.unwrap();
    let deleted = client.predict("one@1", &Features::Matrix(array![[2.0]])).await;
    let anew = publish(&client, "one", 7.0).await;

    assert_eq!((told(&before), told(&moved)), (("one", 1, Some(1), 6.0), ("one", 2, Some(2), 10.0)));
    assert!(deleted.is_err());
    assert_eq!(told(&ask(&client, &format!("one@{anew}")).await), ("one", anew, None, 14.0));
    assert_eq!(told(&ask(&client, "one").await), ("one", 2, Some(2), 10.0));
}
