//! The Rust quick start of the README.

use crate::harness::TestServer;
use modelwire::client::{Client, Options};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::error::Result;
use modelwire::model::{Predictions, Spec, StepSpec};
use modelwire::training::{JobSpec, Rows};
use ndarray::array;

async fn quickstart(address: &str) -> Result<f64> {
    let client = Client::connect(address, Options::default()).await?;
    println!("{}", client.hello(Some("World")).await?.greeting);

    let x = Column::float("x", vec![0.0, 1.0, 2.0, 3.0]);
    let y = Column::float("y", vec![1.0, 3.0, 5.0, 7.0]);
    let step = StepSpec { algorithm: "linear_regression".into(), ..StepSpec::default() };
    let spec = JobSpec {
        model: Name::parse("model", "line")?,
        pipeline: Spec { steps: vec![step], target: Some("y".into()), ..Spec::default() },
        rows: Rows::Inline(Table::new(vec![x, y])?),
        idempotency_key: None,
    };
    let job = client.train(&spec).await?;
    let job = client.wait(&job.id, |watched| println!("{:.0} %", 100.0 * watched.job.progress)).await?;
    println!("r2 {}, of rows that it has seen", job.metrics["training_r2"]);

    let prediction = client.predict("line", &Features::Matrix(array![[20.0]])).await?;
    println!("{:?} by version {}", prediction.predictions, prediction.version);
    // end of quick start
    match prediction.predictions {
        Predictions::Values(values) => Ok(values[0]),
        other => panic!("a regressor answered {other:?}"),
    }
}

#[tokio::test]
async fn a_line_is_trained_and_predicted_from_rust() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());

    let predicted = quickstart(&server.address).await.unwrap();

    assert!((predicted - 41.0).abs() < 1e-9, "{predicted}");
}
